"""Does the paper say what the signature says? (design.md §4 rule 9).

What is printed on the page is compared with the certificates and times of the signatures. A
difference is a warning with both texts for the clerk who receives the document; it never changes a
verdict, because a genuine signature is genuine whatever stands above it.

1. Compared is what both sides establish: the fields that were read (text documents only), and the
   signatures whose own bytes are intact. A document that was altered has graver news.
2. A portal's signature, a copy's, a receiving agency's and a time-stamp say nothing of who issued
   the document: where there are no others, nothing is compared.
3. Người ký: one of the personal signatures bears the printed name. Ranks and degrees count on
   neither side; marks count where both sides write them, the place of a tone mark never does.
4. Cơ quan ban hành: one of the agencies' certificates bears the printed name; where only persons
   signed, their agency or unit does, or the superior agency printed above it. Names are compared
   word by word without case and marks, abbreviations written out; one may go on where the other
   ends ("… xã Lam Mẫu, tỉnh …"). Councils, steering committees and inspections without a seal of
   their own use their host's (Nghị định 30/2020 Điều 33): they are not compared.
5. Ngày ban hành: not after the day, in Vietnam, on which the last signature is proven to have
   existed, else is claimed to have been made; the two have sentences of their own. Signing later
   than the printed date is how agencies work, and no warning.
6. An annex in a file of its own names the document that it belongs to; so does its page, often.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from office.extract import layout
from office.extract.fields import Extracted
from office.extract.vocabulary import fold, vocabulary
from signer.pagetext import DocumentText
from signer.reports.sentence import one_line
from signer.validation.report import (
    Integrity,
    Reason,
    SignatureReport,
    SignatureRole,
    ValidationReport,
)
from signer.validation.subjects import bare_name, is_agency, names_of
from signer.validation.wording import reason

VIETNAM = timezone(timedelta(hours=7))
PERSONAL = (SignatureRole.LEADER, SignatureRole.INITIAL)
OF_AGENCY = (
    SignatureRole.SEAL,
    SignatureRole.NUMBER,
    SignatureRole.DAY,
    SignatureRole.MONTH,
    SignatureRole.DATE,
    SignatureRole.ANNEX,
)
SHORTEST = 2
"""Words that a name must have to count as the beginning of another: "Sở Nội vụ" has three."""

# As certificates and letterheads write them; folded on both sides.
_ABBREVIATIONS = {
    "ubnd": "uy ban nhan dan",
    "hdnd": "hoi dong nhan dan",
    "ubmttq": "uy ban mat tran to quoc",
    "dhqg": "dai hoc quoc gia",
    "dh": "dai hoc",
    "cd": "cao dang",
    "thpt": "trung hoc pho thong",
    "thcs": "trung hoc co so",
    "th": "tieu hoc",
    "mn": "mam non",
    "tp": "thanh pho",
    "tx": "thi xa",
    "tt": "thi tran",
    "hcm": "ho chi minh",
    "vn": "viet nam",
    "cntt": "cong nghe thong tin",
    "gd&dt": "giao duc va dao tao",
    "gddt": "giao duc va dao tao",
    "&": "va",
}
_HOSTED = re.compile(
    r"(?:hoi dong(?! nhan dan| dan toc| bau cu)|ban chi dao|ban to chuc|ban soan thao|to cong tac"
    r"|to soan thao|to giup viec|doan (?:kiem tra|thanh tra|giam sat|kiem toan|cong tac))\b"
)


def compare(
    text: DocumentText, extracted: Extracted, report: ValidationReport
) -> tuple[Reason, ...]:
    """Return the warnings on a document whose pages say `text`; none where nothing is amiss."""
    if report.integrity not in (Integrity.INTACT, Integrity.UNDECIDED):
        return ()
    intact = [s for s in report.signatures if s.integrity is Integrity.INTACT and s.signer]
    people = [s for s in intact if s.role in PERSONAL]
    agencies = [s for s in intact if s.role in OF_AGENCY]
    found = (
        _signer(extracted, people),
        _agency(text, extracted, agencies, people),
        _date(extracted, [s for s in intact if s.role in (*PERSONAL, *OF_AGENCY)]),
        _parent(extracted, agencies),
    )
    return tuple(r for r in found if r is not None)


def _warning(code: str, signature: SignatureReport, printed: str, signed: str) -> Reason:
    page, other = one_line(printed), one_line(signed)
    worded = reason(
        code,
        signature.field_name,
        detail=f"văn bản ghi «{page}», chữ ký ghi «{other}»",
        detail_en=f"the page says “{page}”, the signature “{other}”",
    )
    return replace(worded, page_text=page, signature_text=other)


# -- the signer (rule 3) ---------------------------------------------------------------------------


def _signer(extracted: Extracted, people: Sequence[SignatureReport]) -> Reason | None:
    printed = extracted.nguoi_ky.value if extracted.nguoi_ky else None
    names = [(s, s.signer.common_name) for s in people if s.signer and s.signer.common_name]
    if not printed or not names or any(same_person(printed, name) for _, name in names):
        return None
    signed, name = next(
        (x for x in reversed(names) if x[0].role is SignatureRole.LEADER), names[-1]
    )
    return _warning("paper.signer_mismatch", signed, printed, name)


def same_person(a: str, b: str) -> bool:
    """Return whether two names may be one person's."""
    first, second = bare_name(a), bare_name(b)
    if fold(first) != fold(second):
        return False
    if first.isascii() or second.isascii():  # one side writes no marks at all
        return True
    return [_spelled(w) for w in first.split()] == [_spelled(w) for w in second.split()]


def _spelled(word: str) -> tuple[str, tuple[str, ...]]:
    """Return letters and marks apart: "hòa" and "hoà" are one word."""
    parts = unicodedata.normalize("NFD", word.casefold())
    marks = sorted(c for c in parts if unicodedata.combining(c))
    return "".join(c for c in parts if not unicodedata.combining(c)), tuple(marks)


# -- the agency (rule 4) ---------------------------------------------------------------------------


def _agency(
    text: DocumentText,
    extracted: Extracted,
    agencies: Sequence[SignatureReport],
    people: Sequence[SignatureReport],
) -> Reason | None:
    printed = extracted.co_quan_ban_hanh.value if extracted.co_quan_ban_hanh else None
    if not printed or _HOSTED.match(fold(printed)):
        return None
    by = agencies or people
    names = {s.field_name: _names(s) for s in by}
    if not any(names.values()):
        return None
    if any(same_agency(printed, n) for each in names.values() for n in each):
        return None
    if not agencies and any(_printed_above(text, n) for each in names.values() for n in each):
        return None
    last = next(s for s in reversed(by) if names[s.field_name])
    return _warning("paper.agency_mismatch", last, printed, ", ".join(names[last.field_name]))


def _names(s: SignatureReport) -> tuple[str, ...]:
    """Return the agencies that a certificate names as its holder's."""
    if s.signer is None:
        return ()
    every = names_of(s.signer.certificate)
    own = s.signer.common_name
    if s.role not in PERSONAL and own and is_agency(own):
        return (own,)
    return tuple(n for n in every if n != own and is_agency(n))


def same_agency(a: str, b: str) -> bool:
    """Return whether two names may be one agency's."""
    for first in _forms(a):
        for second in _forms(b):
            shorter, longer = sorted((first, second), key=len)
            if first == second or (len(shorter) >= SHORTEST and longer[: len(shorter)] == shorter):
                return True
    return False


def _forms(name: str) -> Iterable[tuple[str, ...]]:
    """Return the words of an agency's name: as it stands, and without a position before it."""
    words = _words(name)
    yield words
    found = vocabulary().position_at.match(" ".join(words))
    if found and (rest := words[len(found.group().split()) :]):
        yield rest


def _words(name: str) -> tuple[str, ...]:
    bare = re.sub(r"\([^()]*\)", " ", fold(name))
    tokens = re.findall(r"gd&dt|&|[a-z0-9]+", bare)
    return tuple(" ".join(_ABBREVIATIONS.get(t, t) for t in tokens).split())


def _printed_above(text: DocumentText, name: str) -> bool:
    """Return whether the left column of the header names an agency as the superior one."""
    top = layout.header([p for p in text.pages if p.kind == "text"][:3])
    wanted = " ".join(_words(name))
    if top is None or len(wanted.split()) < SHORTEST:
        return False
    return f" {wanted} " in f" {' '.join(_words(' '.join(line.text for line in top.left)))} "


# -- the date (rule 5) -----------------------------------------------------------------------------


def _date(extracted: Extracted, signatures: Sequence[SignatureReport]) -> Reason | None:
    if extracted.ngay_ban_hanh is None or not signatures:
        return None
    printed = extracted.ngay_ban_hanh.value
    last = signatures[-1]
    proven = last.best_signature_time is not None
    at = last.best_signature_time or last.claimed_signing_time
    if at is None:
        return None
    try:
        day = at.astimezone(VIETNAM).date()
    except OverflowError:  # a claim outside of the calendar
        return None
    if printed <= day:
        return None
    code = "paper.date_after" if proven else "paper.date_after_claimed"
    return _warning(code, last, f"{printed:%d/%m/%Y}", _moment(at))


def _moment(at: datetime) -> str:
    return f"{at.astimezone(VIETNAM):%d/%m/%Y %H:%M}"


# -- the parent of an annex (rule 6) ---------------------------------------------------------------


def _parent(extracted: Extracted, signatures: Sequence[SignatureReport]) -> Reason | None:
    printed = extracted.so_ky_hieu.value if extracted.so_ky_hieu else None
    annex = next((s for s in signatures if s.parent_number), None)
    if not printed or annex is None or annex.parent_number is None:
        return None
    if _number(printed) == _number(annex.parent_number):
        return None
    return _warning("paper.number_mismatch", annex, printed, annex.parent_number)


def _number(text: str) -> str:
    """Return a số, ký hiệu as it is compared: "07/QĐ-UBND" is "7/qd-ubnd"."""
    return re.sub(r"\s", "", fold(text)).lstrip("0")
