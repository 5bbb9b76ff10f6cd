"""`doctor`: whether this installation is well."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import terms

if TYPE_CHECKING:
    from api.wiring import House

FREE_BYTES = 1 << 30
"""Below a gibibyte a busy day may fill the disk: four of the largest documents."""
EXPIRES_SOON = timedelta(days=30)
"""What a licensed CA needs to issue the next certificate, with its paperwork."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool
    vi: str
    en: str


def doctor(
    ctx: typer.Context,
    *,
    json: terms.JsonOption = False,
    worm: Annotated[
        bool, typer.Option("--worm", help="Thử khóa ghi của kho. / Probe the store's object lock.")
    ] = False,
    data: terms.DataOption = None,
) -> None:
    """Khám hệ thống xem mọi phần có làm việc được. / See whether every part works."""
    from api.settings import load
    from api.wiring import build

    if worm:
        raise terms.UsageError(
            "Bản này chưa thử được khóa ghi (WORM) của kho tệp.",
            "This version cannot probe the store's object lock (WORM) yet.",
        )
    well = True
    with build(load(terms.chosen_data(ctx, data))) as house:
        for finding in _examine(house):
            well &= finding.ok
            if json:
                terms.out(
                    {"check": finding.name, "ok": finding.ok, "vi": finding.vi, "en": finding.en}
                )
            else:
                mark = "✓" if finding.ok else "✗"
                terms.say(f"{mark} {finding.name}: {finding.vi}", f"  {finding.en}")
    terms.done(terms.OK if well else terms.WRONG)


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
