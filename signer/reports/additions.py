"""What was added after a signature, by whom, in words: "số văn bản «4618» được đóng sau …".

1. Told are the signatures that others put after one that the document permits them to follow;
   those of one signer that stand together share a sentence. A time-stamp adds nothing to read.
2. What stamped number, date and seal followed is the competent person's signature, where there is
   one; otherwise the last one of somebody else.
3. It explains what is permitted; it never decides. After a change that is not, nothing is told
   here: the reasons say it.
"""

from collections.abc import Callable, Sequence

from signer.reports.words import Said
from signer.validation.report import (
    ChangesAfter,
    Integrity,
    SignatureKind,
    SignatureReport,
    SignatureRole,
    ValidationReport,
)

_PERMITTED = (ChangesAfter.NONE, ChangesAfter.LTA, ChangesAfter.PERMITTED)
_STAMPS = {
    SignatureRole.NUMBER: Said("số văn bản", "the document number"),
    SignatureRole.DAY: Said("ngày", "the day"),
    SignatureRole.MONTH: Said("tháng", "the month"),
    SignatureRole.DATE: Said("ngày tháng năm", "the date"),
    SignatureRole.SEAL: Said("con dấu", "the seal"),
    SignatureRole.COPY: Said("dấu sao", "the mark of a copy"),
    SignatureRole.ANNEX: Said("dấu văn bản kèm theo", "the mark of an annex"),
    SignatureRole.INCOMING: Said("dấu đến", "the stamp of arrival"),
}
_WITH_TEXT = (SignatureRole.NUMBER, SignatureRole.DAY, SignatureRole.MONTH, SignatureRole.DATE)
SHOWN = 40
"""Characters of a stamp's text that are told; a number has fewer than 30."""


Shown = Callable[[str], str]
"""Makes a document's own text harmless for display (rule 6 of `sentence.py`)."""


def additions(report: ValidationReport, shown: Shown) -> tuple[Said, ...]:
    """Return one sentence for each signer that added something after another's signature."""
    signed = [s for s in report.signatures if s.kind is SignatureKind.SIGNATURE]
    if any(
        s.changes_after not in _PERMITTED or s.integrity is not Integrity.INTACT for s in signed
    ):
        return ()
    groups: list[list[SignatureReport]] = []
    for s in signed:
        if groups and _together(groups[-1][-1], s):
            groups[-1].append(s)
        else:
            groups.append([s])
    said = [_sentence(group, signed[: signed.index(group[0])], shown) for group in groups]
    return tuple(s for s in said if s is not None)


def _together(a: SignatureReport, b: SignatureReport) -> bool:
    same = a.signer is not None and b.signer is not None
    return (
        same
        and a.signer.certificate == b.signer.certificate  # type: ignore[union-attr] # both are there
        and a.role in _STAMPS
        and b.role in _STAMPS
    )


def _sentence(
    group: Sequence[SignatureReport], earlier: Sequence[SignatureReport], shown: Shown
) -> Said | None:
    before = _followed(group[0], earlier)
    if before is None:
        return None
    by, after = _name(group[0], shown), _name(before, shown)
    if group[0].role in _STAMPS:
        stamps = [_stamp(s, shown) for s in group]
        vi = _listed([s.vi for s in stamps], "và")
        en = _listed([s.en for s in stamps], "and")
        verb = "were" if len(group) > 1 else "was"
        return Said(
            f"{_capital(vi)} được đóng sau chữ ký của {after.vi}, bởi chữ ký của {by.vi}.",
            f"{_capital(en)} {verb} stamped after the signature of {after.en}, "
            f"by the signature of {by.en}.",
        )
    initials = before.role is SignatureRole.INITIAL
    what = Said("chữ ký nháy", "initials") if initials else Said("chữ ký", "signature")
    return Said(
        f"{_capital(by.vi)} ký sau {what.vi} của {after.vi}.",
        f"{_capital(by.en)} signed after the {what.en} of {after.en}.",
    )


def _followed(s: SignatureReport, earlier: Sequence[SignatureReport]) -> SignatureReport | None:
    others = [e for e in earlier if _common_name(e) != _common_name(s)]
    leaders = [e for e in others if e.role is SignatureRole.LEADER]
    found = leaders if s.role in _STAMPS and leaders else others
    return found[-1] if found else None


def _stamp(s: SignatureReport, shown: Shown) -> Said:
    what = _STAMPS[s.role]
    if s.role not in _WITH_TEXT or not s.shown_text:
        return what
    text = shown(s.shown_text)[:SHOWN]
    return Said(f"{what.vi} «{text}»", f"{what.en} “{text}”")


def _common_name(s: SignatureReport) -> str:
    return (s.signer.common_name or "") if s.signer else ""


def _name(s: SignatureReport, shown: Shown) -> Said:
    name = shown(_common_name(s))
    return Said(name, name) if name else Said("người không rõ tên", "somebody unnamed")


def _listed(parts: Sequence[str], last: str) -> str:
    head = ", ".join(parts[:-1])
    return f"{head} {last} {parts[-1]}" if head else parts[-1]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
