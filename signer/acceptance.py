"""What a signature that we have just made must be worth before anybody gets it.

1. B-LT and B-LTA promise that everything needed is inside: TOTAL-PASSED from the file alone, and
   the level asked for.
2. B-B and B-T carry no evidence about certificates, so INDETERMINATE is their nature where none
   can be had. They must be intact and not failed. B-T must have its time-stamp verified, unless
   evidence about the authority's certificate is all that is missing: the token itself was checked
   before it was used (`certs.tokens`).
3. An earlier signature may end no worse than it was: same integrity, no weaker indication, and
   nothing that came after it forbidden.
"""

from signer.errors import LevelNotReachedError, SelfCheckError, WouldBreakError
from signer.validation.report import (
    ChangesAfter,
    Indication,
    Integrity,
    Level,
    SignatureReport,
    ValidationReport,
)

LEVELS = (Level.B_B, Level.B_T, Level.B_LT, Level.B_LTA)
_RANK = {Indication.TOTAL_FAILED: 0, Indication.INDETERMINATE: 1, Indication.TOTAL_PASSED: 2}


def refuse_altered(before: ValidationReport) -> None:
    """Refuse to sign on top of a document whose signatures are already broken.

    Raises:
        WouldBreakError: which, in words.

    """
    if before.integrity is Integrity.ALTERED:
        raise WouldBreakError(
            f"Văn bản đã bị thay đổi sau khi ký ({_told(before, 'vi')}); không ký chồng lên.",
            f"The document was altered after it was signed ({_told(before, 'en')}); "
            "nothing is signed on top.",
        )


def accept_new(
    report: ValidationReport, field_name: str, level: Level, before: ValidationReport | None = None
) -> None:
    """Accept the signature in `field_name` at `level` (rules 1 and 2).

    `before` is the report on the document as it came, if it was signed: what could not be decided
    then (an earlier signature of an unsupported kind) cannot be decided now.

    Raises:
        SelfCheckError: it does not hold up.
        LevelNotReachedError: it holds up, but at a lower level.

    """
    made = _of(report, field_name)
    complete = level in (Level.B_LT, Level.B_LTA)
    expected = before.integrity if before is not None else Integrity.INTACT
    sound = (
        made is not None
        and made.integrity is Integrity.INTACT
        and report.integrity in (expected, Integrity.INTACT)
        and made.indication is not Indication.TOTAL_FAILED
        and made.changes_after in (ChangesAfter.NONE, ChangesAfter.LTA)
    )
    if made is None or not sound:
        raise SelfCheckError(
            f"Chữ ký vừa tạo không qua được bước tự kiểm tra ({_told(report, 'vi')}); đã hủy.",
            "The signature just made does not pass our own check "
            f"({_told(report, 'en')}); it was thrown away.",
        )
    unproven = level is Level.B_T and made.level is Level.B_B and bool(report.needs)
    if level is not Level.B_B and made.level is not level and not unproven:
        raise LevelNotReachedError(
            f"Chữ ký chỉ đạt mức {made.level or 'chưa xác định'}, không đạt {level} "
            f"({_told(report, 'vi')}); đã hủy.",
            f"The signature only reaches {made.level or 'no level'}, not {level} "
            f"({_told(report, 'en')}); it was thrown away.",
        )
    if complete and made.indication is not Indication.TOTAL_PASSED:
        raise LevelNotReachedError(
            f"Chữ ký mức {level} phải kiểm tra được ngay từ tệp, nhưng kết quả là "
            f"{made.indication} / {made.sub_indication} ({_told(report, 'vi')}); đã hủy.",
            f"A {level} signature must verify from the file alone, but the outcome is "
            f"{made.indication} / {made.sub_indication} ({_told(report, 'en')}); "
            "it was thrown away.",
        )


def accept_old(before: ValidationReport, after: ValidationReport) -> None:
    """Accept what became of the earlier signatures (rule 3).

    Raises:
        WouldBreakError: which one suffers.

    """
    for old in before.signatures:
        new = _of(after, old.field_name)
        if (
            new is None
            or new.integrity is not old.integrity
            or _RANK[new.indication] < _RANK[old.indication]
            or new.changes_after in (ChangesAfter.FORBIDDEN, ChangesAfter.UNDECIDED)
        ):
            raise WouldBreakError(
                f"Ký thêm sẽ làm chữ ký «{old.field_name}» mất giá trị "
                f"({_told(after, 'vi')}); kết quả đã bị hủy.",
                f"Signing would break signature “{old.field_name}” "
                f"({_told(after, 'en')}); the result was thrown away.",
            )


def _of(report: ValidationReport, field_name: str) -> SignatureReport | None:
    return next((s for s in report.signatures if s.field_name == field_name), None)


def _told(report: ValidationReport, language: str) -> str:
    """Return the report's reasons in words, or its outcome where it gives none."""
    sentences = [getattr(reason, language) for reason in report.reasons[:3]]
    return " ".join(sentences) or f"{report.integrity}, {report.indication}"
