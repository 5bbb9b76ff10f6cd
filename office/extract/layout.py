"""The frame of an official document: which words stand where (Nghị định 30, Phụ lục I, mục IV).

1. Quốc hiệu, top right, finds the first page and divides it: what stands left of it, above the
   number, is the agency; what stands under it is place and date. Party documents bear
   "ĐẢNG CỘNG SẢN VIỆT NAM" instead.
2. Stamped words count where they fill a blank (a number, a day). A stamped block that describes a
   signature ("Người ký", "Thời gian ký") is not part of the document.
3. Nơi nhận, bottom left, finds the page that is signed; the signer stands right of it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from office.extract.vocabulary import fold, vocabulary
from signer.pagetext import PageText, Word, lines_of
from signer.validation.report import Box

STATE = ("cong", "hoa", "xa", "hoi", "chu", "nghia", "viet", "nam")
PARTY = ("dang", "cong", "san", "viet", "nam")
TOP = 0.5  # of the page: the quốc hiệu stands above
HEADER_FOOT = 0.4  # of the page: a long subject of a công văn may hang down to here
OFF_CENTRE = 0.2  # of the width: how far a title may be off the middle
COLUMN_GAP = 2.0  # of the size: words further apart belong to different columns
BLOCK_GAP = 2.5  # of the size: lines of one stamp stand closer
_DATE_LINE = re.compile(r"ngay\s*\S{0,3}\s*thang\s*\S{0,3}\s*nam")
STAMPED_WORDS = 300  # on a page; more than that fills no blanks, and takes long to sort out
LEFT_SHARE = 0.45  # of the width: the signer stands right of it


@dataclass(frozen=True, slots=True)
class Line:
    """Words beside each other."""

    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        """Return the words with single spaces."""
        return " ".join(w.text for w in self.words)

    @property
    def folded(self) -> str:
        """Return the text folded."""
        return fold(self.text)

    @property
    def x1(self) -> float:
        """Return the left edge."""
        return min(w.x1 for w in self.words)

    @property
    def x2(self) -> float:
        """Return the right edge."""
        return max(w.x2 for w in self.words)

    @property
    def y1(self) -> float:
        """Return the lower edge."""
        return min(w.y1 for w in self.words)

    @property
    def y2(self) -> float:
        """Return the upper edge."""
        return max(w.y2 for w in self.words)

    @property
    def size(self) -> float:
        """Return the size of its largest word."""
        return max(w.size for w in self.words)

    @property
    def bold(self) -> bool:
        """Return whether most of it is bold."""
        return sum(w.bold for w in self.words) * 2 > len(self.words)

    @property
    def is_rule(self) -> bool:
        """Return whether it is a drawn rule: no letter, no digit."""
        return not any(c.isalnum() for c in self.text)

    @property
    def is_upper(self) -> bool:
        """Return whether its letters are capitals."""
        letters = [c for c in self.text if c.isalpha()]
        return bool(letters) and sum(c.isupper() for c in letters) >= 0.9 * len(letters)

    def box(self, page: int) -> Box:
        """Return where it stands."""
        return Box(page=page, x1=self.x1, y1=self.y1, x2=self.x2, y2=self.y2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The top of the first page, divided."""

    page: PageText
    left: tuple[Line, ...]
    """Lines left of the quốc hiệu, down to the body."""
    right: tuple[Line, ...]
    """Lines under the quốc hiệu, down to the body."""
    below: tuple[Line, ...]
    """Whole lines under number and date."""


def lines(words: Iterable[Word]) -> tuple[Line, ...]:
    """Return `words` as lines, from top to bottom."""
    return tuple(Line(tuple(line)) for line in lines_of(words))


def segments(line: Line) -> tuple[Line, ...]:
    """Return the parts of `line` that stand in different columns."""
    parts: list[list[Word]] = [[line.words[0]]]
    for before, word in zip(line.words, line.words[1:], strict=False):
        if word.x1 - before.x2 > COLUMN_GAP * max(before.size, word.size):
            parts.append([])
        parts[-1].append(word)
    return tuple(Line(tuple(p)) for p in parts)


def document_words(page: PageText) -> tuple[Word, ...]:
    """Return the words of `page` without those of signature stamps (rule 2)."""
    described = {id(w) for block in stamps(page) for line in block for w in line.words}
    return tuple(w for w in page.words if id(w) not in described)


def stamps(page: PageText) -> list[tuple[Line, ...]]:
    """Return the stamped blocks of `page` that describe a signature."""
    stamped = [w for w in page.words if w.stamp]
    if len(stamped) > STAMPED_WORDS:
        return [lines(stamped)]
    blocks: list[list[Word]] = []
    for word in stamped:
        touching = [b for b in blocks if any(_beside(word, other) for other in b)]
        merged = [word, *(w for b in touching for w in b)]
        blocks = [b for b in blocks if b not in touching] + [merged]
    return [
        lines(block)
        for block in blocks
        if vocabulary().stamp.search(fold(" ".join(w.text for w in block)))
        or vocabulary().stamp.search(" ".join(line.folded for line in lines(block)))
    ]


def _beside(a: Word, b: Word) -> bool:
    near = BLOCK_GAP * max(a.size, b.size, 6.0)
    return a.x1 - near < b.x2 and b.x1 - near < a.x2 and a.y1 - near < b.y2 and b.y1 - near < a.y2


def header(pages: Sequence[PageText]) -> Header | None:
    """Return the header of the first page that has one."""
    for page in pages:
        words = document_words(page)
        for motto in (STATE, PARTY):
            for line in lines(w for w in words if w.y1 > TOP * page.height):
                found = _sequence(line.words, motto)
                if found:
                    return _divided(page, words, found)
    return None


def _sequence(words: Sequence[Word], wanted: tuple[str, ...]) -> Sequence[Word]:
    folded = [fold(w.text) for w in words]
    for at in range(len(words) - len(wanted) + 1):
        if tuple(folded[at : at + len(wanted)]) == wanted:
            return words[at : at + len(wanted)]
    return ()


def title_words(line: Line, width: float) -> int:
    """Return how many words of `line` are the title of a type, in capitals and centred; 0: none."""
    found = vocabulary().type_at.match(line.folded)
    if found is None or abs((line.x1 + line.x2) / 2 - width / 2) > OFF_CENTRE * width:
        return 0
    count = len(found.group(1).split())
    return count if Line(line.words[:count]).is_upper else 0


def _divided(page: PageText, words: Sequence[Word], motto: Sequence[Word]) -> Header:
    divider = motto[0].x1
    whole = lines(words)
    title = next((w.y2 for w in whole if w.y2 < motto[0].y1 and title_words(w, page.width)), 0.0)
    near = [w for w in words if w.y1 > title and w.y1 > HEADER_FOOT * page.height]
    left = lines(w for w in near if (w.x1 + w.x2) / 2 < divider)
    right = lines(w for w in near if (w.x1 + w.x2) / 2 >= divider)
    floor = _floor(left, right, motto)
    return Header(
        page=page,
        left=left,
        right=tuple(r for r in right if r.y2 <= motto[0].y2 + 2 and r.y1 >= floor - 2),
        below=tuple(w for w in whole if w.y2 < floor + w.size / 2),
    )


def _floor(left: Sequence[Line], right: Sequence[Line], motto: Sequence[Word]) -> float:
    """Return how far down the header reaches: to its number or its date."""
    marks = [line.y1 for line in left if re.match(r"so\s*[:.]?\s*(?:\d|/|$|\W)", line.folded)][:1]
    marks += [line.y1 for line in right if _DATE_LINE.search(line.folded)][:1]
    under = [line.y1 for line in right if line.y2 < motto[0].y1 + 2][:1]  # tiêu ngữ
    return min([*marks, *under, motto[0].y1])


def signed_page(pages: Sequence[PageText]) -> tuple[PageText, tuple[Line, ...]] | None:
    """Return the first page with the place for a signature, and the lines of that column."""
    for page in pages:
        words = document_words(page)
        left = [w for w in words if w.x1 < LEFT_SHARE * page.width]
        at = next(
            (line.y2 for line in lines(left) if line.folded.startswith("noi nhan")),
            None,
        )
        right = lines(w for w in words if (w.x1 + w.x2) / 2 > LEFT_SHARE * page.width)
        if at is None:
            capacity = next(
                (r.y2 for r in right if r.is_upper and vocabulary().capacity_at.match(r.folded)),
                None,
            )
            if capacity is None:
                continue
            at = capacity
        # Positions may begin a little above the list of recipients.
        reach = at + 5 * max((r.size for r in right), default=12.0)
        return page, tuple(r for r in right if r.y1 <= reach)
    return None
