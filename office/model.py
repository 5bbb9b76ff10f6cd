"""Values of the flows. Protocols here are what a flow needs of the rooms below it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from office.extract.fields import Extracted
from signer.validation.report import ValidationReport

FIELDS = (
    "so_ky_hieu",
    "ngay_ban_hanh",
    "co_quan_ban_hanh",
    "loai_van_ban",
    "trich_yeu",
    "nguoi_ky",
)
"""The six metadata of a document (Nghị định 30/2020, Phụ lục VI), in the order people read them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was found out about one file."""

    report: ValidationReport
    extracted: Extracted | None
    """What the first pages say; `None` when they were not read."""
    seconds: float
    """For the verdict; reading the page is not counted."""
    page_texts: tuple[str, ...] = ()
    """Text of the pages that were read, for the search index."""


class Kind(StrEnum):
    """Which way a document went."""

    INCOMING = "incoming"
    """Văn bản đến."""
    OUTGOING = "outgoing"
    """Văn bản đi."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """The six fields as somebody stated them; `None` = not stated."""

    so_ky_hieu: str | None = None
    ngay_ban_hanh: date | None = None
    co_quan_ban_hanh: str | None = None
    loai_van_ban: str | None = None
    trich_yeu: str | None = None
    nguoi_ky: str | None = None
