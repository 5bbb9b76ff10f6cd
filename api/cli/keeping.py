"""The archive's commands: ingest, search, get, export, fixity, fsck, rebuild."""

import getpass
import time
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli import terms
from archive.model import (
    CheckReport,
    DocumentMetadata,
    RecordKind,
    RegisterEntry,
    SearchHit,
    SearchQuery,
)

RecordArgument = Annotated[str, typer.Argument(metavar="RECORD_ID", help="Mã hồ sơ. / Record id.")]
KindOption = Annotated[
    RecordKind | None, typer.Option("--kind", help="Văn bản đến/đi. / incoming | outgoing")
]


def ingest(
    ctx: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Tệp. / Files.", show_default=False)
    ],
    *,
    kind: Annotated[
        RecordKind, typer.Option("--kind", help="Văn bản đến/đi. / incoming | outgoing")
    ] = RecordKind.INCOMING,
    metadata: Annotated[
        Path | None,
        typer.Option("--metadata", metavar="FILE.json", help="Sáu trường mô tả. / Six fields."),
    ] = None,
    json: terms.JsonOption = False,
    data: terms.DataOption = None,
) -> None:
    """Đưa văn bản vào lưu trữ. / Take documents into the archive."""
    from api.problems import known
    from api.settings import load
    from api.wiring import build
    from office.flows.receive import metadata_from_json

    terms.existing_files(files)
    given: DocumentMetadata | None = None
    if metadata is not None:
        terms.existing_files([metadata])
        given = metadata_from_json(metadata.read_bytes())
    failed = False
    with build(load(terms.chosen_data(ctx, data))) as house:
        actor = f"{getpass.getuser()} (CLI)"
        for file in files:
            try:
                received = house.receiving.receive(
                    file, original_name=file.name, kind=kind, given=given, actor=actor
                )
            except Exception as e:
                error = known(e)
                if error is None:
                    raise
                failed = True
                terms.say_error(error)
                if json:
                    terms.out({"file": str(file), "error": terms.error_value(error)})
                continue
            receipt = received.receipt
            if json:
                terms.out(
                    {
                        "file": str(file),
                        "record_id": receipt.record_id,
                        "sha256": receipt.sha256,
                        "register": register_value(receipt.register),
                        "duplicate_of": receipt.duplicate_of,
                        "integrity": received.integrity,
                        "indication": received.indication,
                        "error": None,
                    }
                )
            elif receipt.duplicate:
                terms.say(
                    f"{file}: đã có trong lưu trữ, mã {receipt.record_id}.",
                    f"{file}: already in the archive as {receipt.record_id}.",
                )
            else:
                terms.say(
                    f"{file}: đã lưu, mã {receipt.record_id}.",
                    f"{file}: archived as {receipt.record_id}.",
                )
    terms.done(terms.WRONG if failed else terms.OK)


def search(  # noqa: PLR0913 - one parameter per option of the contract
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Từ cần tìm. / Words.")] = "",
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200)] = 20,
    cursor: Annotated[str | None, typer.Option("--cursor", help="Trang sau. / Next page.")] = None,
    from_date: Annotated[str | None, typer.Option("--from", metavar="DATE")] = None,
    to_date: Annotated[str | None, typer.Option("--to", metavar="DATE")] = None,
    agency: Annotated[
        str | None, typer.Option("--agency", help="Cơ quan ban hành. / Issuing agency.")
    ] = None,
    document_type: Annotated[
        str | None, typer.Option("--type", help="Loại văn bản. / Document type.")
    ] = None,
    kind: KindOption = None,
    json: terms.JsonOption = False,
    data: terms.DataOption = None,
) -> None:
    """Tra cứu văn bản; không cần gõ dấu. / Find documents; accents are optional."""
    from api.settings import load
    from api.wiring import build

    asked = SearchQuery(
        text=query,
        from_date=_day(from_date),
        to_date=_day(to_date),
        agency=agency,
        type=document_type,
        kind=kind,
        limit=limit,
        cursor=cursor,
    )
    with build(load(terms.chosen_data(ctx, data))) as house:
        archive = house.archive  # opening the database is not the search's time
        started = time.monotonic()
        page = archive.search(asked)
        seconds = time.monotonic() - started
    if json:
        for hit in page.hits:
            terms.out(hit_value(hit))
        terms.out(
            {
                "total": page.total,
                "total_exact": page.total_exact,
                "next": page.next,
                "seconds": round(seconds, 4),
            }
        )
        return
    _show(page.hits, page.total, page.next)


def get(
    ctx: typer.Context,
    record_id: RecordArgument,
    *,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Ghi vào đâu. / Where to.")],
    data: terms.DataOption = None,
) -> None:
    """Lấy đúng bản đã lưu, sau khi tính lại mã băm. / Get the bytes, hashed again on the way."""
    from api.settings import load
    from api.wiring import build
    from api.writing import whole_file

    with (
        build(load(terms.chosen_data(ctx, data))) as house,
        house.archive.open(record_id) as content,
        whole_file(out) as target,
    ):
        target.writelines(content.chunks())
    terms.say(f"Đã ghi {out}.", f"Wrote {out}.")


def export(
    ctx: typer.Context,
    records: Annotated[list[str], typer.Argument(metavar="RECORD_ID…", show_default=False)],
    *,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Thư mục mới. / New folder.")],
    data: terms.DataOption = None,
) -> None:
    """Xuất hồ sơ ra một thư mục. / Export records to a folder."""
    from api.settings import load
    from api.wiring import build

    with build(load(terms.chosen_data(ctx, data))) as house:
        house.archive.export(records, out)
    terms.say(f"Đã xuất {len(records)} hồ sơ vào {out}.", f"Exported {len(records)} to {out}.")


def fixity(
    ctx: typer.Context,
    *,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Tất cả, không chỉ phần đến hạn. / Not only due ones."),
    ] = False,
    json: terms.JsonOption = False,
    data: terms.DataOption = None,
) -> None:
    """Tính lại mã băm của các tệp đã lưu. / Hash the stored objects again."""
    from api.settings import load
    from api.wiring import build

    with build(load(terms.chosen_data(ctx, data))) as house:
        report = house.archive.fixity(everything=everything)
    _checked(report, json=json)


def fsck(
    ctx: typer.Context, *, json: terms.JsonOption = False, data: terms.DataOption = None
) -> None:
    """So cơ sở dữ liệu với kho tệp và sổ đăng ký. / Compare database, objects and registers."""
    from api.settings import load
    from api.wiring import build

    with build(load(terms.chosen_data(ctx, data))) as house:
        report = house.archive.fsck()
    _checked(report, json=json)


def rebuild(ctx: typer.Context, *, data: terms.DataOption = None) -> None:
    """Dựng lại danh mục chỉ từ kho tệp. / Rebuild the catalogue from the objects alone."""
    from api.settings import load
    from api.wiring import build

    with build(load(terms.chosen_data(ctx, data))) as house:
        count = house.archive.rebuild()
    terms.say(f"Đã dựng lại {count} hồ sơ.", f"Rebuilt {count} records.")


def register_value(entry: RegisterEntry | None) -> dict[str, Any] | None:
    """Return a register entry as JSON."""
    if entry is None:
        return None
    return {"agency": entry.agency, "book": entry.book, "year": entry.year, "number": entry.number}


def hit_value(hit: SearchHit) -> dict[str, Any]:
    """Return a hit as the contract's line."""
    m = hit.metadata
    return {
        "record_id": hit.record_id,
        "so_ky_hieu": m.so_ky_hieu,
        "ngay_ban_hanh": m.ngay_ban_hanh.isoformat() if m.ngay_ban_hanh else None,
        "co_quan_ban_hanh": m.co_quan_ban_hanh,
        "loai_van_ban": m.loai_van_ban,
        "trich_yeu": m.trich_yeu,
        "nguoi_ky": m.nguoi_ky,
        "kind": hit.kind.value,
        "received": hit.received.isoformat(),
        "integrity": hit.integrity,
        "indication": hit.indication,
        "page": hit.page,
        "snippet": "".join(s.text for s in hit.snippet),
        "score": hit.score,
    }


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as e:
        raise terms.UsageError(
            f"«{text}» không phải ngày dạng NĂM-THÁNG-NGÀY.", f"“{text}” is not a YYYY-MM-DD date."
        ) from e


def _show(hits: tuple[SearchHit, ...], total: int, following: str | None) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, markup=False, emoji=False)
    for hit in hits:
        m = hit.metadata
        head = "  ".join(
            part
            for part in (
                m.so_ky_hieu,
                f"{m.ngay_ban_hanh:%d/%m/%Y}" if m.ngay_ban_hanh else None,
                m.co_quan_ban_hanh,
            )
            if part
        )
        console.print(Text(terms.printable(f"{hit.record_id}  {head}"), style="bold"))
        if m.trich_yeu:
            console.print(
                Text("  " + terms.printable(f"{m.loai_van_ban or ''} {m.trich_yeu}".strip()))
            )
        line = Text("  … ")
        for segment in hit.snippet:
            line.append(terms.printable(segment.text), style="reverse" if segment.hit else "dim")
        if hit.snippet:
            console.print(line)
    terms.say(f"{total} kết quả.", f"{total} found.")
    if following:
        terms.say(f"Trang sau: --cursor {following}", f"Next page: --cursor {following}")


def _checked(report: CheckReport, *, json: bool) -> None:
    for finding in report.findings:
        if json:
            terms.out(
                {
                    "problem": finding.problem.value,
                    "where": finding.where,
                    "record_id": finding.record_id,
                    "expected": finding.expected,
                    "found": finding.found,
                }
            )
        else:
            terms.say(
                f"SAI {finding.problem.value}: {finding.where} "
                f"(phải là {finding.expected}, thấy {finding.found})",
                f"WRONG {finding.problem.value}: {finding.where} "
                f"(expected {finding.expected}, found {finding.found})",
            )
    if json:
        terms.out(
            {"checked": report.checked, "bytes": report.bytes, "findings": len(report.findings)}
        )
    else:
        terms.say(
            f"Đã kiểm tra {report.checked}, {len(report.findings)} chỗ sai.",
            f"Checked {report.checked}, {len(report.findings)} wrong.",
        )
    terms.done(terms.OK if report.clean else terms.WRONG)
