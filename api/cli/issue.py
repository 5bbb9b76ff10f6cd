"""`issue`: one finished file, signed, numbered, dated, sealed and archived.

1. A PIN comes from a file (`api.cli.terms.read_pin`): `F` for everybody who signs, `ID=F` for one
   of them. `ID` must be one that the command names; anything else before a `=` is a path.
2. Every option is looked at before anybody signs.
"""

import getpass
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import terms
from api.cli.sign import LEVELS

if TYPE_CHECKING:
    from office.flows.issue import Hand


def issue(  # noqa: PLR0913 - who does each step, and where it goes
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Tệp PDF hoàn chỉnh, để trống số. / The finished PDF, its number blank.",
            show_default=False,
        ),
    ],
    *,
    leader: Annotated[
        str,
        typer.Option("--leader", metavar="ID", help="Người có thẩm quyền ký. / Competent person."),
    ],
    seal: Annotated[
        str,
        typer.Option("--seal", metavar="ID", help="Con dấu của cơ quan. / The agency's seal."),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="OUT", help="Văn bản đã phát hành. / What is issued.")
    ],
    initials: Annotated[
        str | None,
        typer.Option("--initials", metavar="ID", help="Người ký nháy. / Who puts initials."),
    ] = None,
    book: Annotated[
        str, typer.Option("--book", metavar="NAME", help="Sổ đăng ký văn bản đi. / Register.")
    ] = "di",
    level: Annotated[
        str, typer.Option("--level", help="B-B | B-T | B-LT | B-LTA", metavar="LEVEL")
    ] = "B-LT",
    pin_files: Annotated[
        list[str] | None,
        typer.Option(
            "--pin-file",
            metavar="[ID=]F",
            help="Tệp mã PIN; lặp lại cho từng người. / File with the PIN; once for each.",
        ),
    ] = None,
    json: terms.JsonOption = False,
    data: terms.DataOption = None,
) -> None:
    """Phát hành văn bản: ký, cấp số, ngày, đóng dấu, lưu. / Issue a document: sign to archive.

    Chạy lại sau sự cố vẫn giữ đúng số và ngày đã cấp. / Run it again after a failure: the number
    and the date stay.
    """
    from api.settings import load
    from api.wiring import build

    started = time.monotonic()
    terms.existing_files([file])
    _look(file, out, level, book)
    everybody = [leader, seal] if initials is None else [leader, seal, initials]
    pins = _pins(pin_files or [], everybody)
    with build(load(terms.chosen_data(ctx, data))) as house:
        issued = house.whole_way.issue(
            file,
            out,
            leader=_hand(leader, pins, level),
            seal=_hand(seal, pins, level),
            initials=None if initials is None else _hand(initials, pins, level),
            book=book,
        )
        so_ky_hieu = house.archive.record(issued.record_id).metadata.so_ky_hieu
    entry, day = issued.number.entry, issued.number.issue_date
    if json:
        terms.out(
            {
                "file": str(file),
                "out": str(out),
                "sha256": issued.sha256,
                "number": entry.number,
                "so_ky_hieu": so_ky_hieu,
                "ngay_ban_hanh": day.isoformat(),
                "record_id": issued.record_id,
                "level": level,
                "seconds": round(time.monotonic() - started, 4),
            }
        )
        return
    number = terms.printable(so_ky_hieu or f"{entry.number:02d}")
    terms.say(
        f"Đã phát hành {file} → {out}: số {number}, ngày {day:%d/%m/%Y}, "
        f"mã hồ sơ {issued.record_id}, SHA-256 {issued.sha256}.",
        f"Issued {file} → {out}: number {number}, {day.isoformat()}, "
        f"record {issued.record_id}, SHA-256 {issued.sha256}.",
    )


def _look(file: Path, out: Path, level: str, book: str) -> None:
    if level not in LEVELS:
        raise terms.UsageError(f"Không có mức ký «{level}».", f"There is no level “{level}”.")
    folder = out.absolute().parent
    if not folder.is_dir():
        raise terms.UsageError(f"Không có thư mục «{folder}».", f"There is no folder “{folder}”.")
    if out.is_dir() or (out.exists() and out.samefile(file)):
        raise terms.UsageError(
            f"--out «{out}» phải là một tệp khác với tệp đưa vào.",
            f"--out “{out}” must be a file, and not the one that is issued.",
        )
    if book != book.strip() or not book.isprintable() or book in ("", "den"):
        raise terms.UsageError(
            f"«{book}» không phải sổ đăng ký văn bản đi.",
            f"“{book}” is no register of outgoing documents.",
        )


def _pins(given: list[str], everybody: list[str]) -> dict[str, str | None]:
    """Return the PIN of each (rule 1)."""
    common: str | None = None
    own: dict[str, str | None] = {}
    for text in given:
        who, is_own, path = text.partition("=")
        if is_own and who in everybody:
            own[who] = terms.read_pin(Path(path))
        else:
            common = terms.read_pin(Path(text))
    return dict.fromkeys(everybody, common) | own


def _hand(identity: str, pins: dict[str, str | None], level: str) -> "Hand":
    from office.flows.issue import Hand
    from signer.validation.report import Level

    return Hand(
        identity_id=identity,
        pin=pins[identity],
        actor=f"{getpass.getuser()} (CLI)",
        level=Level(LEVELS[level]),
    )
