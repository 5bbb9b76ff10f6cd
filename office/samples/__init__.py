"""A dozen sample documents in the form of Nghị định 30/2020/NĐ-CP.

1. Agencies and people are invented, and every page says so in its foot.
2. Paper and metadata come from one JSON file each, so they cannot differ. The six fields are those
   of the catalogue (`ingest --metadata` takes the same file).
3. Each sample knows where its signatures go, because the typesetter does: no text search.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from signer.typeset import Typesetter
from signer.validation.report import Box

FOLDER = Path(__file__).parent
SIX_FIELDS = (
    "so_ky_hieu",
    "ngay_ban_hanh",
    "co_quan_ban_hanh",
    "loai_van_ban",
    "trich_yeu",
    "nguoi_ky",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One sample document, typeset."""

    name: str
    """Safe as a file name, without extension."""
    pdf: bytes
    """Tagged PDF/A-2b."""
    metadata: dict[str, str]
    """The six fields; `ngay_ban_hanh` as YYYY-MM-DD."""
    signature: Box
    """Where the signature of the competent person goes (box 7b of the decree's scheme)."""


def names() -> tuple[str, ...]:
    """Return the names of all samples, in their order."""
    return tuple(sorted(path.stem for path in FOLDER.glob("[0-9]*.json")))


def sample(name: str, typesetter: Typesetter, *, at: datetime | None = None) -> Sample:
    """Typeset one sample; `at` is the creation time to write (`None`: the present)."""
    facts: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    fields = {key: facts[key] for key in SIX_FIELDS}
    data = {"fields": fields, "trinh_bay": facts["trinh_bay"]}
    template = FOLDER / f"{name}.typ"
    places: Any = typesetter.query(template, data, "<ky>")
    place = next(p for p in places if p["vai"] == "lanh-dao")
    return Sample(
        name=name,
        pdf=typesetter.typeset(template, data, archival=True, at=at),
        metadata=fields,
        signature=Box(**{key: place[key] for key in ("page", "x1", "y1", "x2", "y2")}),
    )


def samples(typesetter: Typesetter, *, at: datetime | None = None) -> Iterator[Sample]:
    """Typeset all samples, in their order."""
    for name in names():
        yield sample(name, typesetter, at=at)
