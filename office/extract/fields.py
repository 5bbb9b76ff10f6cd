"""The six fields of an official document, read from its layout (Nghị định 30, Phụ lục I).

1. số, ký hiệu: after "Số:" in the left column of the header. A blank number is no number.
2. ngày ban hành: the date under the quốc hiệu. Never a time of signing, never a date cited.
3. cơ quan ban hành: the left column above the number; of two agencies the lower one, which is the
   one in bold. Spelled as the document itself spells it in running text, where it does.
4. tên loại: the title under the header, one of the types known; a công văn has none, but has a
   "Kính gửi". trích yếu: the lines under the title, or "V/v …" under the number.
5. người ký: the name under the position, right of "Nơi nhận", on the page that is signed.
6. An annex or attached text (no number of its own) has those of the document that it says it is
   attached to: "(Kèm theo Quyết định số … ngày … của …)", or the stamp of Nghị định 30 for annexes
   in files of their own ("Số: … / Thời gian ký: …": the number, never the time).
7. What is not where it should be is not established: `None`. A wrong value is worse than none.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from office.extract import grammar, layout
from office.extract.layout import Header, Line
from office.extract.vocabulary import fold, vocabulary
from signer.pagetext import DocumentText, PageText, Word
from signer.validation.report import Box

T = TypeVar("T")

COVER_PAGES = 3  # the header is on the first page, or behind a cover
TITLE_LINES = 8  # between header and title: marks of urgency and secrecy, a stamp of arrival
SUBJECT_LINES = 9
SUBJECT_GAP = 2.3  # of the size, from line to line: a wider one ends the subject
AGENCY_LENGTH = 200  # characters; the data field of Nghị định 30, Phụ lục VI
SMALL = 0.75  # of the size: a footnote mark
SURE, LIKELY = 0.95, 0.8


@dataclass(frozen=True, slots=True)
class Field(Generic[T]):
    """A value, how sure we are (0 to 1), and where it stands."""

    value: T
    confidence: float
    box: Box | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """What the page says; `None` means not established."""

    so_ky_hieu: Field[str] | None = None
    ngay_ban_hanh: Field[date] | None = None
    co_quan_ban_hanh: Field[str] | None = None
    loai_van_ban: Field[str] | None = None
    trich_yeu: Field[str] | None = None
    nguoi_ky: Field[str] | None = None


def extract(text: DocumentText) -> Extracted:
    """Return the fields of a document; empty for one whose text cannot be believed."""
    pages = [p for p in text.pages if p.kind == "text"]
    if not pages:
        return Extracted()
    top = layout.header(pages[:COVER_PAGES])
    number = None if top is None else _number(top)
    attached = _attached(pages[0], top) if number is None else None
    if top is None:
        return _annex(pages[0], attached)
    kind, subject = _title(top)
    if kind is None:
        kind, subject = _letter(top)
    return Extracted(
        so_ky_hieu=number or (attached.number if attached else None),
        ngay_ban_hanh=(attached.date if attached else None) or _date(top),
        co_quan_ban_hanh=_agency(top, text),
        loai_van_ban=kind,
        trich_yeu=subject,
        nguoi_ky=None if attached else _signer([p for p in pages if p.page >= top.page.page]),
    )


# -- header


def _number(top: Header) -> Field[str] | None:
    for line in top.left:
        rest = grammar.labelled(line.text)
        if rest is None:
            continue
        value = grammar.number(rest)
        return None if value is None else Field(value, SURE, line.box(top.page.page))
    return None


def _date(top: Header) -> Field[date] | None:
    for line in top.right:
        value = grammar.issue_date(line.text)
        if value is not None:
            return Field(value, SURE, line.box(top.page.page))
    return None


def _agency(top: Header, text: DocumentText) -> Field[str] | None:
    above: list[Line] = []
    for line in top.left:
        if grammar.labelled(line.text) is not None or line.y2 < _lowest(top):
            break
        if line.is_rule:
            if above:
                break
            continue
        above.append(line)
    name = _lower_agency(above)
    if not name:
        return None
    printed = _joined(name)
    if not printed or len(printed) > AGENCY_LENGTH or printed[0].isdigit():
        return None
    sure = vocabulary().agency_at.match(fold(printed)) is not None
    block = Line(tuple(w for line in name for w in line.words))
    return Field(_as_spelled(printed, text), SURE if sure else LIKELY, block.box(top.page.page))


def _lowest(top: Header) -> float:
    """Return the lower edge of the header where there is no number to end the left column."""
    return min((line.y1 for line in top.right), default=0.0) - 1


def _lower_agency(above: Sequence[Line]) -> Sequence[Line]:
    """Return the lines of the issuing agency: the last in bold, or the last that begins a name."""
    if not above:
        return ()
    bold = [line.bold for line in above]
    if bold[-1] and not all(bold):
        start = len(bold) - next(i for i, b in enumerate([*reversed(bold), False]) if not b)
        return above[start:]
    starts = [i for i, line in enumerate(above) if vocabulary().agency_at.match(line.folded)]
    return above[starts[-1] :] if starts else above


def _as_spelled(printed: str, text: DocumentText) -> str:
    """Return a name printed in capitals as the running text writes it, most often so."""
    if not printed.isupper():
        return printed
    wanted = re.compile(r"\s+".join(map(re.escape, printed.split())), re.IGNORECASE)
    seen: dict[str, int] = {}
    for page in text.pages:
        for found in wanted.finditer(page.text):
            spelling = " ".join(found.group().split())
            if not spelling.isupper():
                spelling = spelling[:1].upper() + spelling[1:]
                seen[spelling] = seen.get(spelling, 0) + 1
    return max(seen, key=lambda s: seen[s]) if seen else printed


# -- title and subject


def _title(top: Header) -> tuple[Field[str] | None, Field[str] | None]:
    for at, line in enumerate(top.below[:TITLE_LINES]):
        if vocabulary().body_at.match(line.folded):
            break
        count = layout.title_words(line, top.page.width)
        if not count:
            continue
        title = Line(line.words[:count])
        name = vocabulary().titles_of_types[title.folded]
        kind = Field(name, SURE, title.box(top.page.page))
        return kind, _subject(line.words[count:], top.below[at + 1 :], top.page)
    return None, None


def _subject(rest: Sequence[Word], following: Sequence[Line], page: PageText) -> Field[str] | None:
    taken = [Line(tuple(rest))] if rest else []
    for line in following[:SUBJECT_LINES]:
        if _only_marks(line):
            continue
        if line.is_rule or _begins_body(line) or (taken and _breaks(taken[-1], line)):
            break
        taken.append(line)
    if not taken:
        return None
    block = Line(tuple(w for line in taken for w in line.words))
    value = _joined(taken)
    sure = LIKELY if len(taken) >= SUBJECT_LINES else SURE
    return Field(value, sure, block.box(page.page)) if value else None


def _begins_body(line: Line) -> bool:
    numbered = re.match(r"\(|(?:[ivx]+|\d+|[a-d])[.)/](?:\s|$)", line.folded)
    authority = line.is_upper and vocabulary().position_at.match(line.folded)
    # A line in the middle of a subject may begin with "ngày …"; a body begins with a capital.
    opening = line.text[:1].isupper() and vocabulary().body_at.match(line.folded)
    return bool(numbered or authority or opening)


def _breaks(last: Line, line: Line) -> bool:
    """Return whether `line` is set apart from the subject that ended, so far, with `last`."""
    return (
        last.y1 - line.y1 > SUBJECT_GAP * last.size
        or (last.bold and not line.bold)
        or (line.is_upper and not last.is_upper)
    )


def _only_marks(line: Line) -> bool:
    """Return whether a line holds nothing but a footnote mark, which stands a little higher."""
    return re.fullmatch(r"\(?[*\d]{1,3}\)?", line.folded) is not None


def _letter(top: Header) -> tuple[Field[str] | None, Field[str] | None]:
    """Return type and subject of a công văn: no title, but an addressee."""
    if not any(line.folded.startswith("kinh gui") for line in top.below):
        return None, None
    kind: Field[str] = Field("Công văn", LIKELY, None)
    taken: list[Line] = []
    for line in top.left:
        if not taken:
            if re.match(r"(?:v/\s*v|ve viec)\b", line.folded):
                taken.append(line)
        elif (
            line.is_rule
            or line.folded.startswith("kinh gui")
            or (taken[-1].y1 - line.y1 > SUBJECT_GAP * taken[-1].size)
        ):
            break
        else:
            taken.append(line)
    if not taken:
        return kind, None
    block = Line(tuple(w for line in taken for w in line.words))
    return (
        Field("Công văn", SURE, None),
        Field(_joined(taken), SURE, block.box(top.page.page)),
    )


def _joined(taken: Sequence[Line]) -> str:
    """Return lines as one text, without footnote marks."""
    size = max(line.size for line in taken)
    words = [w.text for line in taken for w in line.words if w.size >= SMALL * size]
    return re.sub(r"\s*\(\*+\)|\*+$", "", " ".join(words)).strip(" -–_.:;")


# -- attached texts


@dataclass(frozen=True, slots=True)
class _Attached:
    number: Field[str] | None
    date: Field[date] | None
    agency: str | None


_TO = re.compile(
    r"\(\s*(?:ban hành\s+)?kèm theo\s+[^()]*?\s*số\s*(?P<rest>[^()]*)\)", re.IGNORECASE
)


def _attached(page: PageText, top: Header | None) -> _Attached | None:
    """Return what an annex says about the document that it belongs to (rule 6)."""
    if top is not None and any(grammar.labelled(line.text) is not None for line in top.left):
        return None
    found = _TO.search(" ".join(page.text.split())[:3000])
    if found:
        rest = found["rest"]
        number, day = grammar.number(rest), grammar.issue_date(rest)
        by = rest.rpartition(" của ")[2].split(",")[0].strip() if " của " in rest else ""
        return _Attached(
            None if number is None else Field(number, SURE, None),
            None if day is None else Field(day, SURE, None),
            _without_position(by) or None,
        )
    for block in layout.stamps(page):
        for line in block:
            rest = grammar.labelled(line.text) or ""
            number = grammar.number(rest)
            if number is not None:
                return _Attached(Field(number, SURE, line.box(page.page)), None, None)
    return None


def _without_position(text: str) -> str:
    """Return the agency in "Hiệu trưởng Trường …"; some positions are agencies themselves."""
    if vocabulary().agency_at.match(fold(text)):
        return text
    found = vocabulary().position_at.match(fold(text))
    return " ".join(text.split()[len(found.group().split()) :]) if found else text


def _annex(page: PageText, attached: _Attached | None) -> Extracted:
    """Return the fields of a page that begins with "Phụ lục"."""
    body = layout.lines(layout.document_words(page))
    for at, line in enumerate(body[:6]):
        found = re.match(r"phu luc(?:\s+(?:so\s+)?(?:\d+|[ivx]+)\b)?\s*[.:]?\s*", line.folded)
        if not found:
            continue
        words = len(found.group().split())
        agency = attached.agency if attached else None
        return Extracted(
            so_ky_hieu=attached.number if attached else None,
            ngay_ban_hanh=attached.date if attached else None,
            co_quan_ban_hanh=None if agency is None else Field(agency, LIKELY, None),
            loai_van_ban=Field("Phụ lục", SURE, Line(line.words[:words]).box(page.page)),
            trich_yeu=_subject(line.words[words:], body[at + 1 :], page),
        )
    return Extracted()


# -- signer


def _signer(pages: Sequence[PageText]) -> Field[str] | None:
    place = layout.signed_page(pages)
    if place is None:
        return None
    page, column = place
    positioned = False
    for line in column:
        folded = line.folded
        if vocabulary().position_at.match(folded) or vocabulary().capacity_at.match(folded):
            positioned = True
            continue
        if not positioned:
            continue
        names = [n for n in (grammar.person(s.text) for s in layout.segments(line)) if n]
        if len(names) > 1:
            return None  # two sign beside each other: whose document it is, a person must say
        if names:
            return Field(names[0], SURE, line.box(page.page))
    return None
