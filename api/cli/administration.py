"""`doctor` and `trust add`: whether this installation is well, and whom it believes."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import common
from certs.model import TrustPurpose

if TYPE_CHECKING:
    from api.wiring import House

FREE_BYTES = 1 << 30
"""Below a gibibyte a busy day may fill the disk: four of the largest documents."""
EXPIRES_SOON = timedelta(days=30)
"""What a licensed CA needs to issue the next certificate, with its paperwork."""

trust_app = typer.Typer(
    help="Chứng thư được tin cậy. / Trust anchors.", no_args_is_help=True, rich_markup_mode=None
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool
    vi: str
    en: str


@trust_app.command("add")
def trust_add(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE_OR_DIR…", show_default=False)],
    *,
    purpose: Annotated[
        list[TrustPurpose] | None,
        typer.Option("--purpose", help="signer | tsa | ocsp; mặc định tất cả. / Default: all."),
    ] = None,
    data: common.DataOption = None,
) -> None:
    """Thêm chứng thư tin cậy vào thư mục dữ liệu. / Add trust anchors to the data directory."""
    from api.settings import load
    from api.wiring import build, trust_folder
    from certs.anchors import load_anchors

    found = load_anchors(files)
    purposes = frozenset(purpose or TrustPurpose)
    with build(load(common.chosen_data(ctx, data))) as house:
        for anchor in found.anchors:
            trust_folder(house).add(anchor.certificate, purposes, anchor.origin)
            common.say(
                f"Đã tin cậy {anchor.sha256} ({', '.join(sorted(purposes))}).",
                f"Trusted {anchor.sha256} ({', '.join(sorted(purposes))}).",
            )


def doctor(
    ctx: typer.Context,
    *,
    json: common.JsonOption = False,
    worm: Annotated[
        bool, typer.Option("--worm", help="Thử khóa ghi của kho. / Probe the store's object lock.")
    ] = False,
    data: common.DataOption = None,
) -> None:
    """Khám hệ thống xem mọi phần có làm việc được. / See whether every part works."""
    from api.settings import load
    from api.wiring import build

    if worm:
        raise common.UsageError(
            "Bản này chưa thử được khóa ghi (WORM) của kho tệp.",
            "This version cannot probe the store's object lock (WORM) yet.",
        )
    well = True
    with build(load(common.chosen_data(ctx, data))) as house:
        for finding in _examine(house):
            well &= finding.ok
            if json:
                common.out(
                    {"check": finding.name, "ok": finding.ok, "vi": finding.vi, "en": finding.en}
                )
            else:
                mark = "✓" if finding.ok else "✗"
                common.say(f"{mark} {finding.name}: {finding.vi}", f"  {finding.en}")
    common.done(common.OK if well else common.WRONG)


def _examine(house: "House") -> "Iterator[Finding]":
    for name, ready in house.readiness().items():
        yield Finding(
            name=name,
            ok=ready,
            vi="làm việc được" if ready else "KHÔNG làm việc được; xem nhật ký",
            en="works" if ready else "does NOT work; see the log",
        )
    for wall, by in house.sandbox.isolation().items():
        standing = by != "none"
        yield Finding(
            name=f"sandbox.{wall}",
            ok=standing,
            vi=by if standing else "máy này không ngăn được",
            en=by if standing else "this machine offers no such wall",
        )
    free = shutil.disk_usage(_existing(house.settings.data)).free
    yield Finding(
        name="disk",
        ok=free >= FREE_BYTES,
        vi=f"còn {free >> 20} MiB",
        en=f"{free >> 20} MiB left",
    )
    anchors = len(house.trust().anchors)
    yield Finding(
        name="trust",
        ok=anchors > 0,
        vi=f"{anchors} chứng thư tin cậy" if anchors else "chưa có; dùng: ./antin trust add",
        en=f"{anchors} trust anchors" if anchors else "none; add with ./antin trust add",
    )
    now = house.clock.now()
    for identity in house.identities.list():
        left = identity.not_after - now
        yield Finding(
            name=f"identity.{identity.id}",
            ok=left > EXPIRES_SOON,
            vi=f"hết hạn {identity.not_after:%d/%m/%Y}",
            en=f"expires {identity.not_after:%Y-%m-%d}",
        )


def _existing(path: Path) -> Path:
    path = path.absolute()
    return path if path.exists() else _existing(path.parent)
