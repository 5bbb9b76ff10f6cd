"""The places that a finished document leaves free: for number and date, and for three signatures.

Nghị định 30/2020, Phụ lục I (boxes of its scheme):

1. Số (box 3): between "Số:" and the notation ("/QĐ-UBND"), at the top of the first page. Dots that
   hold the place are part of it.
2. Ngày, tháng, năm (box 4): after each of the three words, in one line at the top of the first
   page. What is printed already needs no field.
3. The competent person's signature (7b): between title and name, centred over the name; the name
   stands under a capacity or position (TM., KT., TL., TUQ., Q., CHỦ TỊCH …), right of "Nơi nhận".
4. The agency's seal (8): over the left third of that signature.
5. Initials: beside the end of "Nơi nhận". The decree gives them no place of their own; they must
   not be in the way of anything.

A proposal is never applied by itself: it is shown, and what is signed is what was shown. What is
not found is `None`, and somebody says where.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from office.extract import layout
from office.extract.fields import extract
from office.extract.vocabulary import fold
from office.placing import ABOVE_NAME
from signer.appearance import LEADER_SIZE, SEAL_SIDE, AppearanceKind, Sheet, propose
from signer.fields import FieldUse, NewField
from signer.pagetext import DocumentText, PageText, Word
from signer.validation.report import Box

HEAD = 0.5
"""Of the page's height: number and date stand above."""
HIGH = 1.25
"""Of the size: the height of a field for one line, descent included."""
DIGIT = 0.5
"""Of the size: the width of a digit in Times."""
LEAST = 2 * DIGIT
"""Of the size: a blank for one digit is none; two digits may be squeezed a little."""
BETWEEN = 2.0
"""Points kept free between a field and the words beside it."""
INITIALS_SIZE = (50.0, 25.0)
"""Points; what Vietnamese tools use."""
LOWEST = 30.0
"""Points: a place for a signature between title and name that is lower is no such place."""

LABEL = 1.33
"""Of the size: the width of "Số:" in Times."""

_RUN_TOGETHER = re.compile(r"Số:(?P<dots>[.…_]+)[/-]\S")
_DOTS = re.compile(r"[.…_]*")
_NOTATION = re.compile(r"(?P<dots>[.…_]*)\s*[/-]\s*\S")
_PLACEHOLDER = re.compile(r"[.…_/-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blanks:
    """What was found; a proposal for `signer.creation.SignRequest.fields`."""

    fields: tuple[NewField, ...]
    printed_year: int | None
    """The year that the date line bears already."""

    def get(self, use: FieldUse) -> NewField | None:
        """Return the field proposed for `use`."""
        return next((f for f in self.fields if f.use is use), None)


def blanks(text: DocumentText, units: Sequence[float] = ()) -> Blanks:
    """Return the places that `text` leaves free; `units` are the pages' /UserUnit."""
    first = text.pages[0] if text.pages else None
    found: list[NewField] = []
    year = None
    if first is not None:
        found += _number(first)
        dates, year = _date(first)
        found += dates
    found += _signatures(text)
    if units:
        found = [_scaled(field, units[field.box.page - 1]) for field in found]
    order = list(FieldUse)
    found.sort(key=lambda field: order.index(field.use))
    return Blanks(fields=tuple(found), printed_year=year)


def _scaled(field: NewField, unit: float) -> NewField:
    """Count /UserUnit in: boxes of fields do, words of pages do not."""
    x1, y1, x2, y2 = (unit * v for v in (field.box.x1, field.box.y1, field.box.x2, field.box.y2))
    box = Box(page=field.box.page, x1=x1, y1=y1, x2=x2, y2=y2)
    return replace(field, box=box, size=unit * field.size)


def _head(page: PageText) -> Sequence[layout.Line]:
    return layout.lines(w for w in page.words if w.y1 > HEAD * page.height and not w.stamp)


def _number(page: PageText) -> list[NewField]:
    """Rule 1."""
    for line in _head(page):
        for word in line.words:
            whole = _RUN_TOGETHER.match(word.text)
            if whole:
                label = replace(word, x2=word.x1 + LABEL * word.size)
                field = _field(FieldUse.NUMBER, page, label, label.x2 + _width(whole["dots"], word))
                return [field] if field is not None else []
        for label, after in zip(line.words, line.words[1:], strict=False):
            if not re.fullmatch(r"so:?", fold(label.text)):
                continue
            following = [w for w in line.words if w.x1 >= after.x1]
            at = next((w for w in following if not _DOTS.fullmatch(w.text)), None)
            notation = _NOTATION.match(at.text) if at is not None else None
            if at is None or notation is None:
                continue
            end = at.x1 + _width(notation["dots"], at)
            field = _field(FieldUse.NUMBER, page, label, end)
            if field is not None:
                return [field]
    return []


def _width(dots: str, word: Word) -> float:
    """Return how wide leading dots are: a dot takes a quarter of the size, an ellipsis all."""
    wide = sum(word.size * (1.0 if c == "…" else 0.25 if c == "." else DIGIT) for c in dots)
    return min(wide, word.x2 - word.x1)


def _date(page: PageText) -> tuple[list[NewField], int | None]:
    """Rule 2."""
    for line in _head(page):
        folded = [fold(w.text) for w in line.words]
        try:
            day = folded.index("ngay")
            month = folded.index("thang", day)
            year = folded.index("nam", month)
        except ValueError:
            continue
        found = []
        for use, start, end in (
            (FieldUse.DAY, day, month),
            (FieldUse.MONTH, month, year),
        ):
            if all(_PLACEHOLDER.fullmatch(w.text) for w in line.words[start + 1 : end]):
                field = _field(use, page, line.words[start], line.words[end].x1)
                found += [field] if field is not None else []
        rest = [w for w in line.words[year + 1 :] if not _PLACEHOLDER.fullmatch(w.text)]
        printed = re.match(r"\d{4}(?!\d)", rest[0].text) if rest else None
        if not rest:
            last = line.words[year]
            free = last.x2 + 2 * BETWEEN + 4.4 * DIGIT * last.size
            field = _field(FieldUse.YEAR, page, last, min(free, page.width))
            found += [field] if field is not None else []
        return found, int(printed[0]) if printed else None
    return [], None


def _field(use: FieldUse, page: PageText, before: Word, end: float) -> NewField | None:
    """Return a field from the end of the word `before` to `end`, on that word's line."""
    x1, x2 = before.x2 + BETWEEN, end - BETWEEN
    if x2 - x1 < LEAST * before.size:
        return None
    # Where its letters stand is what a line has in common; boxes of words may be tight.
    y1 = before.y1
    box = Box(page=page.page, x1=x1, y1=y1, x2=x2, y2=y1 + HIGH * before.size)
    return NewField(use=use, box=box, size=round(before.size, 1), italic=before.italic)


def _signatures(text: DocumentText) -> list[NewField]:
    """Rules 3 to 5."""
    name = extract(text).nguoi_ky
    if name is None or name.box is None:
        return []
    page = next(p for p in text.pages if p.page == name.box.page)
    leader = _between(page, name.box)
    if leader is None:
        return []
    sheet = Sheet(page=page.page, width=page.width, height=page.height, signatures=(leader,))
    seal = propose(sheet, AppearanceKind.SEAL, (SEAL_SIDE, SEAL_SIDE))
    initials = _beside_recipients(page, seal)
    return [
        NewField(use=FieldUse.LEADER, box=leader),
        NewField(use=FieldUse.SEAL, box=seal),
        *([NewField(use=FieldUse.INITIALS, box=initials)] if initials is not None else []),
    ]


def _between(page: PageText, name: Box) -> Box | None:
    middle = (name.x1 + name.x2) / 2
    width, height = LEADER_SIZE
    column = [
        w
        for w in page.words
        if not w.stamp
        and w.y1 > name.y2
        and w.x1 < middle + width / 2
        and w.x2 > middle - width / 2
    ]
    ceiling = min((w.y1 for w in column), default=None)
    if ceiling is None:
        return None
    free = ceiling - name.y2 - 2 * ABOVE_NAME
    if free < LOWEST:
        return None
    high = min(height, free)
    wide = width * high / height
    y1 = name.y2 + ABOVE_NAME + (free - high) / 2
    x1 = max(0.0, min(middle - wide / 2, page.width - wide))
    return Box(page=page.page, x1=x1, y1=y1, x2=x1 + wide, y2=y1 + high)


def _beside_recipients(page: PageText, seal: Box) -> Box | None:
    width, height = INITIALS_SIZE
    left = layout.lines(
        w for w in page.words if w.x1 < layout.LEFT_SHARE * page.width and w.x2 < seal.x1
    )
    begin = next((n for n, line in enumerate(left) if line.folded.startswith("noi nhan")), None)
    if begin is None:
        return None
    last = left[begin]
    for line in left[begin + 1 :]:
        if last.y1 - line.y2 > line.size:
            break
        last = line
    x1 = last.x2 + 2 * BETWEEN
    y1 = last.y2 - height  # hanging from that line: what stands above is never in the way
    if x1 + width > seal.x1:
        # No room beside: under the list, where nothing of the page stands.
        x1, y1 = last.x1, last.y1 - height - 2 * BETWEEN
    box = Box(page=page.page, x1=x1, y1=y1, x2=x1 + width, y2=y1 + height)
    crossed = any(
        w.x1 < box.x2 and w.x2 > box.x1 and w.y1 < box.y2 and w.y2 > box.y1
        for w in page.words
        if w not in last.words
    )
    return None if crossed or y1 < 0 else box
