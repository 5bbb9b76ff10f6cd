"""A verdict as a person reads it in a terminal, and as a shell reads it: the exit status."""

from datetime import datetime
from functools import cache

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from api.cli.terms import NOT_PASSED, OK, VIETNAM, WRONG, printable
from archive.model import FIELDS
from office.model import Verification
from signer.validation.report import (
    ChangesAfter,
    Indication,
    Integrity,
    SignatureKind,
    SignatureReport,
    ValidationReport,
)

HEADLINE: dict[tuple[Integrity, Indication | None], tuple[str, str, str]] = {
    (Integrity.INTACT, Indication.TOTAL_PASSED): (
        "green",
        "HỢP LỆ – chữ ký đúng, văn bản nguyên vẹn, chứng thư được tin cậy",
        "VALID – signatures hold, the document is intact, the certificates are trusted",
    ),
    (Integrity.INTACT, Indication.INDETERMINATE): (
        "yellow",
        "CHƯA KẾT LUẬN – văn bản nguyên vẹn, nhưng chưa đủ căn cứ để tin chữ ký",
        "UNDETERMINED – the document is intact, but there is not enough to trust the signatures",
    ),
    (Integrity.INTACT, Indication.TOTAL_FAILED): (
        "red",
        "KHÔNG HỢP LỆ – văn bản nguyên vẹn, nhưng chữ ký không có giá trị",
        "NOT VALID – the document is intact, but a signature is not valid",
    ),
    (Integrity.ALTERED, Indication.TOTAL_FAILED): (
        "red",
        "KHÔNG HỢP LỆ – văn bản đã bị thay đổi sau khi ký",
        "NOT VALID – the document was altered after it was signed",
    ),
    (Integrity.UNDECIDED, Indication.INDETERMINATE): (
        "yellow",
        "CHƯA KẾT LUẬN – chưa xác định được văn bản có nguyên vẹn hay không",
        "UNDETERMINED – whether the document is intact could not be established",
    ),
    (Integrity.UNSIGNED, None): (
        "yellow",
        "KHÔNG CÓ CHỮ KÝ SỐ",
        "NO DIGITAL SIGNATURE",
    ),
    (Integrity.UNREADABLE, None): (
        "red",
        "KHÔNG ĐỌC ĐƯỢC TỆP",
        "THE FILE CANNOT BE READ",
    ),
}

CHANGES = {
    ChangesAfter.NONE: ("không", "none"),
    ChangesAfter.LTA: ("chỉ dữ liệu lưu trữ lâu dài", "long-term data only"),
    ChangesAfter.PERMITTED: ("có, được phép", "permitted ones"),
    ChangesAfter.FORBIDDEN: ("CÓ, KHÔNG ĐƯỢC PHÉP", "FORBIDDEN ones"),
    ChangesAfter.UNDECIDED: ("chưa xác định", "undecided"),
}

NAMES = {
    "so_ky_hieu": "Số, ký hiệu",
    "ngay_ban_hanh": "Ngày ban hành",
    "co_quan_ban_hanh": "Cơ quan ban hành",
    "loai_van_ban": "Loại văn bản",
    "trich_yeu": "Trích yếu",
    "nguoi_ky": "Người ký",
}


def exit_status(worst: int, report: ValidationReport) -> int:
    """Return the exit status after one more report; the contract's order: 1, then 2, then 0."""
    if (
        report.indication is Indication.TOTAL_FAILED
        or report.integrity in (Integrity.ALTERED, Integrity.UNREADABLE)
        or worst == WRONG
    ):
        return WRONG
    if report.indication is not Indication.TOTAL_PASSED or worst == NOT_PASSED:
        return NOT_PASSED
    return OK


@cache
def _console() -> Console:
    return Console(highlight=False, markup=False, emoji=False)


def show(name: str, verification: Verification) -> None:
    """Print one verdict for people."""
    console = _console()
    report = verification.report
    style, vi, en = HEADLINE[(report.integrity, report.indication)]
    console.print(Text(printable(name), style="bold"))
    console.print(Padding(Text(vi, style=f"bold {style}"), (0, 0, 0, 2), expand=False))
    console.print(Padding(Text(en, style=style), (0, 0, 0, 2), expand=False))
    for reason in report.reasons:
        where = f" [{reason.field_name}]" if reason.field_name else ""
        console.print(
            Padding(Text(f"• {printable(reason.vi)}{printable(where)}"), (0, 0, 0, 4), expand=False)
        )
        console.print(Padding(Text(f"→ {printable(reason.remedy_vi)}"), (0, 0, 0, 6), expand=False))
        console.print(Padding(Text(printable(reason.en), style="dim"), (0, 0, 0, 6), expand=False))
        console.print(
            Padding(
                Text(f"→ {printable(reason.remedy_en)}", style="dim"), (0, 0, 0, 6), expand=False
            )
        )
    if report.signatures:
        console.print(Padding(_signatures(report.signatures), (0, 0, 0, 4), expand=False))
    if verification.extracted is not None:
        table = Table.grid(padding=(0, 2))
        for field in FIELDS:
            value = getattr(verification.extracted, field)
            if value is not None:
                table.add_row(NAMES[field], printable(str(value.value)))
        if table.row_count:
            console.print(Padding(table, (0, 0, 0, 4), expand=False))
    console.print()


def _signatures(reports: tuple[SignatureReport, ...]) -> Table:
    table = Table(show_edge=False, pad_edge=False)
    for heading in (
        "Người ký / Signer",
        "Kết quả / Result",
        "Thời điểm / Time",
        "Thay đổi sau / Changes after",
    ):
        table.add_column(heading, overflow="fold")
    for s in reports:
        signer = s.signer
        who = (signer.common_name or signer.organization or signer.serial) if signer else "?"
        lines = [printable(who)]
        if signer and signer.organization and signer.organization != who:
            lines.append(printable(signer.organization))
        if s.kind is SignatureKind.DOCUMENT_TIMESTAMP:
            lines.append("dấu thời gian / document time-stamp")
        elif s.level:
            lines.append(s.level.value)
        result = s.indication.value + (f"\n{s.sub_indication}" if s.sub_indication else "")
        table.add_row("\n".join(lines), result, _when(s), "\n".join(CHANGES[s.changes_after]))
    return table


def _when(s: SignatureReport) -> str:
    if s.best_signature_time is not None:
        return f"{_local(s.best_signature_time)}\nđã chứng minh / proven"
    if s.claimed_signing_time is not None:
        return f"{_local(s.claimed_signing_time)}\ntheo lời người ký / claimed"
    return "–"


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(VIETNAM):%d/%m/%Y %H:%M:%S}"
