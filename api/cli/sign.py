"""`sign`: one file to `--out`, or many to `--out-dir`; a line per file."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import terms

if TYPE_CHECKING:
    from office.flows.sign import ToSign
    from signer.validation.report import Box

LEVELS = {"B-B": "PAdES-B-B", "B-T": "PAdES-B-T", "B-LT": "PAdES-B-LT", "B-LTA": "PAdES-B-LTA"}


def sign(  # noqa: PLR0913 - one parameter per option of the contract
    ctx: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE…", help="Tệp PDF. / PDF files.", show_default=False),
    ],
    *,
    identity: Annotated[
        str, typer.Option("--identity", metavar="ID", help="Danh tính ký. / Who signs.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="OUT", help="Tệp đã ký. / The signed file.")
    ] = None,
    out_dir: Annotated[
        Path | None,
        typer.Option("--out-dir", metavar="DIR", help="Thư mục cho các tệp đã ký. / For many."),
    ] = None,
    pin_file: Annotated[
        Path | None,
        typer.Option("--pin-file", metavar="F", help="Tệp chứa mã PIN. / File with the PIN."),
    ] = None,
    level: Annotated[
        str, typer.Option("--level", help="B-B | B-T | B-LT | B-LTA", metavar="LEVEL")
    ] = "B-LT",
    field: Annotated[
        str | None,
        typer.Option("--field", metavar="NAME", help="Ô ký có sẵn hoặc mới. / Signature field."),
    ] = None,
    appearance: Annotated[
        str, typer.Option("--appearance", metavar="KIND", help="leader | seal | none")
    ] = "none",
    page: Annotated[
        int | None, typer.Option("--page", metavar="N", min=1, help="Trang. / Page.")
    ] = None,
    box: Annotated[
        str | None,
        typer.Option("--box", metavar="X1,Y1,X2,Y2", help="Ô hiện chữ ký, đơn vị pt. / In points."),
    ] = None,
    json: terms.JsonOption = False,
    data: terms.DataOption = None,
) -> None:
    """Ký số tệp PDF. / Sign PDF files.

    Mỗi tệp một dòng; một tệp lỗi không dừng các tệp khác. / One line per file; one failure never
    stops the others.
    """
    from api.settings import load
    from api.wiring import build
    from signer.appearance import AppearanceKind
    from signer.creation import SignRequest
    from signer.validation.report import Level

    if level not in LEVELS:
        raise terms.UsageError(f"Không có mức ký «{level}».", f"There is no level “{level}”.")
    if appearance not in [kind.value for kind in AppearanceKind]:
        raise terms.UsageError(
            f"Không có hình thức «{appearance}»: leader, seal hoặc none.",
            f"There is no appearance “{appearance}”: leader, seal or none.",
        )
    terms.existing_files(files)
    request = SignRequest(
        level=Level(LEVELS[level]),
        field_name=field,
        appearance=AppearanceKind(appearance),
        box=None if box is None else _box(box, page),
    )
    items = _targets(files, out, out_dir)
    pin = terms.read_pin(pin_file)
    failed = False
    with build(load(terms.chosen_data(ctx, data))) as house:
        for outcome in house.signing.sign(
            items, request, identity_id=identity, pin=pin, actor=f"{getpass.getuser()} (CLI)"
        ):
            failed |= outcome.error is not None
            if json:
                terms.out(
                    {
                        "file": outcome.item.name,
                        "out": str(outcome.item.target) if outcome.error is None else None,
                        "sha256": outcome.sha256,
                        "level": outcome.level.value if outcome.level else None,
                        "seconds": round(outcome.seconds, 4),
                        "error": terms.error_value(outcome.error) if outcome.error else None,
                    }
                )
            if outcome.error is not None:
                terms.say_error(outcome.error)
            elif not json:
                terms.say(
                    f"Đã ký {outcome.item.name} → {outcome.item.target} ({level}).",
                    f"Signed {outcome.item.name} → {outcome.item.target} ({level}).",
                )
    terms.done(terms.WRONG if failed else terms.OK)


def _targets(files: list[Path], out: Path | None, out_dir: Path | None) -> "list[ToSign]":
    from office.flows.sign import ToSign

    if (out is None) == (out_dir is None):
        raise terms.UsageError(
            "Cần đúng một trong hai: --out hoặc --out-dir.", "Give either --out or --out-dir."
        )
    if out is not None:
        if len(files) != 1:
            raise terms.UsageError(
                "--out chỉ dùng cho một tệp; nhiều tệp dùng --out-dir.",
                "--out takes one file; for many use --out-dir.",
            )
        if not out.absolute().parent.is_dir():
            raise terms.UsageError(
                f"Không có thư mục «{out.absolute().parent}».",
                f"There is no folder “{out.absolute().parent}”.",
            )
        return [ToSign(source=files[0], target=out, name=str(files[0]))]
    assert out_dir is not None  # noqa: S101 - exactly one of the two is given
    names = [f.name for f in files]
    if len(set(names)) != len(names):
        raise terms.UsageError(
            "Có hai tệp trùng tên; trong --out-dir tệp này sẽ đè tệp kia.",
            "Two files have the same name; in --out-dir one would overwrite the other.",
        )
    out_dir.mkdir(parents=True, exist_ok=True)
    return [ToSign(source=f, target=out_dir / f.name, name=str(f)) for f in files]


def _box(text: str, page: int | None) -> "Box":
    from signer.validation.report import Box

    wrong = terms.UsageError(
        "--box cần bốn số X1,Y1,X2,Y2 (pt), kèm --page.",
        "--box needs four numbers X1,Y1,X2,Y2 (points), and --page.",
    )
    try:
        x1, y1, x2, y2 = (float(part) for part in text.split(","))
    except ValueError as e:
        raise wrong from e
    if page is None:
        raise wrong
    return Box(page=page, x1=x1, y1=y1, x2=x2, y2=y2)
