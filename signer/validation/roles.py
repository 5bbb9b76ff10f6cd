"""What each signature is for: initials, the leader's, number, date, seal, copy, annex, publisher.

Vietnamese tools make every step of a document a signature of its own (Nghị định 30/2020, Phụ lục I,
mục II.7 and II.8; the appearances of copies and annexes are those of mục II.9). Which step it was
is told by its causes, in this order; names of files and fields say nothing:

1. A document time-stamp is one. A portal's signature (`subjects.py`) publishes what others signed,
   whatever it shows: its holder is never the one who signed the document.
2. The stamp says "sao y", "sao lục" or "trích sao", or /Reason that a copy was signed: a copy.
3. /Reason says "kèm theo văn bản số …", or the stamp gives a number and a time of signing and no
   image: an annex in a file of its own; the number is its parent's.
4. The stamp says "đến": the stamp of a receiving agency.
5. A small stamp of digits: number, day, month and year stand in this order from left to right. One
   alone is a number on the left of the page; a day where a month stands close to it, otherwise not
   established. Digits that no calendar has are no day and no month. A stamp with the sign of a
   number (`45/QĐ-UBND`) or with a whole date says so itself.
6. A person's signature is that of the competent person; it is a ký nháy where a later person's
   signature stands at least twice as large, or where it has no appearance and a later one has.
7. Any other signature of an agency is its seal (its electronic signature).
8. What fits nothing is not established. A role is a label: it never changes a verdict, and nothing
   that a document does here keeps it from having one.
"""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from signer.validation.form import box, read_pages
from signer.validation.report import Box, SignatureKind, SignatureReport, SignatureRole
from signer.validation.reporting import Case
from signer.validation.stamps import Budget, Stamp, stamp_of
from signer.validation.structure import Document
from signer.validation.subjects import Holder, folded, holder_of

SMALL = (220.0, 45.0)
"""Points: number and date stand in lines of 13-14 pt; tools make boxes 24 to 38 by 20."""
SAME_HEAD = 45.0
"""Points: number and date stand in one line of the head, or nearly so on a scan."""
CLOSE = 90.0
"""Points from day to month ("ngày 07 tháng 10"); from the number to the day it is 130 and more."""
LEFT = 0.42
"""Of the width of the page: where the number's column ends (Phụ lục I, box 3)."""
INITIAL = 0.5
"""Of the area of the leader's; tools make a ký nháy 50 x 25 pt, a signature 150 x 100."""
DAYS, MONTHS = range(1, 32), range(1, 13)

_COPY = re.compile(r"^(?:hinh thuc sao )?(?:ban )?(?:sao y|sao luc|trich sao)\b", re.MULTILINE)
_COPIED = re.compile(r"\bky so ban sao\b|\b(?:sao y|sao luc|trich sao) (?:van ban|tu)\b")
_PARENT = re.compile(
    r"kèm\s+theo\b[^0-9]{0,60}?\bsố\s*:?\s*(\d[^\s,;()]{0,40}(?:\s?[-/]\s?[^\s,;()]{1,40}){0,3})",
    re.IGNORECASE,
)
_STAMPED = re.compile(r"^\s*số\s*:?\s*(\d\S{0,60})\s*$", re.IGNORECASE | re.MULTILINE)
_INCOMING = re.compile(r"^(?:van ban den\b|cong van den\b|den(?: so| ngay|$))", re.MULTILINE)
_RECEIVED = re.compile(r"\b(?:cong van|van ban) den\b")
_NUMERAL = re.compile(r"\d{1,6}[a-zđ]?", re.IGNORECASE)
_NUMBER = re.compile(r"(?:số:?)?\d{1,6}[a-zđ]?(?:/\d{4})?[/-](?=\S*[a-zđ])\S+", re.IGNORECASE)
_DATE = re.compile(
    r"(?:ngày)?\d{1,2}(?:tháng\d{1,2}(?:năm\d{4})?|([./-])\d{1,2}\1\d{4})", re.IGNORECASE
)

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Signature:
    """One signature with what its role is told by."""

    report: SignatureReport
    stamp: Stamp
    holder: Holder | None
    role: SignatureRole = SignatureRole.UNKNOWN
    parent: str | None = None

    @property
    def squeezed(self) -> str:
        """Its text without spaces: tools place digits one by one."""
        return "".join(self.stamp.text.split())

    @property
    def lines(self) -> str:
        return "\n".join(folded(line) for line in self.stamp.text.split("\n"))

    @property
    def small(self) -> bool:
        b = self.report.box
        return b is not None and b.x2 - b.x1 <= SMALL[0] and b.y2 - b.y1 <= SMALL[1]

    @property
    def area(self) -> float:
        b = self.report.box
        return 0.0 if b is None else (b.x2 - b.x1) * (b.y2 - b.y1)


def with_roles(
    doc: Document, cases: Sequence[Case], reports: Sequence[SignatureReport]
) -> list[SignatureReport]:
    """Return `reports` with role, shown text and parent number filled in; never raises."""
    try:
        return _with_roles(doc, cases, reports)
    except Exception as e:  # noqa: BLE001 - rule 8: a label must not cost a document its verdict
        _log.warning("the roles of the signatures could not be told", exc_info=e)
        return list(reports)


def _with_roles(
    doc: Document, cases: Sequence[Case], reports: Sequence[SignatureReport]
) -> list[SignatureReport]:
    budget = Budget()
    found = [
        _Signature(
            r,
            _stamp(doc, c, budget),
            holder_of(r.signer.certificate) if r.signer else None,
        )
        for c, r in zip(cases, reports, strict=True)
    ]
    for s in found:
        _alone(s)
    _numerals(doc, [s for s in found if s.role is SignatureRole.UNKNOWN and _is_numeral(s)])
    rest = [s for s in found if s.role is SignatureRole.UNKNOWN and not _is_numeral(s)]
    _people([s for s in rest if s.holder is Holder.PERSON])
    for s in rest:
        if s.holder is Holder.AGENCY:
            s.role = SignatureRole.SEAL
    return [
        replace(s.report, role=s.role, shown_text=s.stamp.text or None, parent_number=s.parent)
        for s in found
    ]


def _stamp(doc: Document, c: Case, budget: Budget) -> Stamp:
    if c.found.field is None:
        return Stamp("", drawn=False)
    at = c.revision if c.revision is not None else doc.last
    widgets = [ref if ref is not None else d for ref, d in c.found.field.widgets]
    return stamp_of(doc, widgets, at, budget)


def _alone(s: _Signature) -> None:
    """Tell what a signature says of itself: rules 1 to 4, and the second half of rule 5."""
    reason = s.report.reason_text or ""
    said = folded(reason)
    parent = _PARENT.search(reason)
    stamped = _STAMPED.search(s.stamp.text)
    if s.report.kind is SignatureKind.DOCUMENT_TIMESTAMP:
        s.role = SignatureRole.TIMESTAMP
    elif s.holder is Holder.PORTAL:
        s.role = SignatureRole.PUBLISHER
    elif _COPY.search(s.lines) or _COPIED.search(said):
        s.role = SignatureRole.COPY
    elif parent or (stamped and "thoi gian ky" in s.lines and not s.stamp.drawn):
        s.role = SignatureRole.ANNEX
        number = parent or stamped
        s.parent = None if number is None else re.sub(r"\s", "", number[1]).rstrip(".")
    elif _INCOMING.search(s.lines) or _RECEIVED.search(said):
        s.role = SignatureRole.INCOMING
    elif s.small and _NUMBER.fullmatch(s.squeezed):
        s.role = SignatureRole.NUMBER
    elif s.small and _DATE.fullmatch(s.squeezed):
        s.role = SignatureRole.DATE


def _is_numeral(s: _Signature) -> bool:
    return s.small and _NUMERAL.fullmatch(s.squeezed) is not None


def _numerals(doc: Document, stamps: Sequence[_Signature]) -> None:
    """Tell number, day, month and year apart: rule 5."""
    heads: list[list[_Signature]] = []
    for s in sorted(stamps, key=lambda s: (_box(s).page, -_box(s).y1)):
        last = _box(heads[-1][0]) if heads else None
        if last and last.page == _box(s).page and last.y1 - _box(s).y1 <= SAME_HEAD:
            heads[-1].append(s)
        else:
            heads.append([s])
    for head in heads:
        row = sorted(head, key=lambda s: _box(s).x1)
        for s, role in zip(row, _order(doc, row), strict=True):
            fits = {SignatureRole.DAY: DAYS, SignatureRole.MONTH: MONTHS}.get(role)
            plain = s.squeezed.isdecimal()
            if fits is None or (plain and int(s.squeezed) in fits):
                s.role = role


def _order(doc: Document, row: Sequence[_Signature]) -> Sequence[SignatureRole]:
    """Return the roles of digits that stand beside each other, from left to right."""
    number, day, month, year = (
        SignatureRole.NUMBER,
        SignatureRole.DAY,
        SignatureRole.MONTH,
        SignatureRole.DATE,
    )
    near = len(row) > 1 and _box(row[1]).x1 - _box(row[0]).x1 <= CLOSE
    match len(row):
        case 1:
            return [number if _on_the_left(doc, row[0]) else SignatureRole.UNKNOWN]
        case 2:
            return [day, month] if near else [number, day]
        case 3:
            return [day, month, year] if near else [number, day, month]
        case 4:
            return [number, day, month, year]
        case _:
            return [SignatureRole.UNKNOWN] * len(row)


def _on_the_left(doc: Document, s: _Signature) -> bool:
    for page in read_pages(doc, doc.last):
        if page.number == _box(s).page:
            whole = page.inherited.get("/CropBox") or page.inherited.get("/MediaBox")
            shown = box(doc, page, whole, doc.last)
            return shown is not None and (_box(s).x1 + _box(s).x2) / 2 <= LEFT * shown.x2
    return False


def _box(s: _Signature) -> Box:
    assert s.report.box is not None  # noqa: S101 - only small ones come here, and those have one
    return s.report.box


def _people(people: Sequence[_Signature]) -> None:
    """Tell the competent person's signature from the initials before it: rule 6."""
    for n, s in enumerate(people):
        larger = any(p.area > 0 and s.area <= INITIAL * p.area for p in people[n + 1 :])
        s.role = SignatureRole.INITIAL if larger else SignatureRole.LEADER
