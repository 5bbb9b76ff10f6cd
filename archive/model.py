"""Values of the archive, in the words of OAIS (ISO 14721) and of Nghị định 30/2020.

A `Sip` comes in, a `Receipt` goes out; what is kept is a `Record`. `None` always means "not
established". Times are timezone-aware and kept in UTC; the archive's calendar is Việt Nam's.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol

VIETNAM: Final = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""UTC+7 without daylight saving since 1975; a fixed offset needs no time zone database."""

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base32 in lower case: in order, and nobody reads l for 1 or o for 0."""


class Clock(Protocol):
    """What time it is."""

    def now(self) -> datetime:
        """Return the present moment, timezone-aware."""


def new_record_id(now: datetime) -> str:
    """Return `YYYYMMDD-` and sixteen characters: sortable by time, unguessable, safe in a path.

    Five characters are the time of day in hundredths of a second, eleven (55 bits) are random.
    The date is Việt Nam's, so that a person sees at a glance when a record came in.
    """
    local = now.astimezone(VIETNAM)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    ticks = int((local - midnight) / timedelta(milliseconds=10))
    return f"{local:%Y%m%d}-{_base32(ticks, 5)}{_base32(secrets.randbits(55), 11)}"


def _base32(number: int, length: int) -> str:
    return "".join(_ALPHABET[number >> (5 * i) & 31] for i in reversed(range(length)))


class RecordKind(StrEnum):
    """Which way the document travels."""

    INCOMING = "incoming"
    """Văn bản đến."""
    OUTGOING = "outgoing"
    """Văn bản đi."""


FIELDS: Final = (
    "so_ky_hieu",
    "ngay_ban_hanh",
    "co_quan_ban_hanh",
    "loai_van_ban",
    "trich_yeu",
    "nguoi_ky",
)
"""The six data fields, in the order of `extracted` in the outside contract."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentMetadata:
    """What a document says about itself, and how we know."""

    so_ky_hieu: str | None = None
    """Số, ký hiệu: `345/QĐ-UBND`."""
    ngay_ban_hanh: date | None = None
    co_quan_ban_hanh: str | None = None
    loai_van_ban: str | None = None
    trich_yeu: str | None = None
    nguoi_ky: str | None = None
    sources: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Field name → where its value came from: `page`, `given`, `signature`, …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sip:
    """Submission information package: what somebody hands in."""

    content: Path
    """The bytes as received or signed; read here, never parsed, never changed."""
    original_name: str
    kind: RecordKind = RecordKind.INCOMING
    metadata: DocumentMetadata = field(default_factory=DocumentMetadata)
    page_texts: tuple[str, ...] = ()
    """Text of page 1, 2, …, as read; searched and shown in snippets."""
    verdict_json: bytes | None = None
    """The validation report as made at intake; kept beside the document."""
    integrity: str | None = None
    """`integrity` of that report, for lists."""
    indication: str | None = None
    """`indication` of that report, for lists."""
    media_type: str = "application/pdf"
    actor: str | None = None
    """Who hands it in, as the history shall name them."""
    number: "RegisterEntry | None" = None
    """The number reserved for it (`archive.register`), which is issued by archiving it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterEntry:
    """A number in a register (sổ đăng ký văn bản)."""

    agency: str
    book: str
    """`den` for incoming documents."""
    year: int
    number: int


class NumberState(StrEnum):
    """What has become of a number of an outgoing document."""

    RESERVED = "reserved"
    """Bound to signed bytes; the seal is being put on."""
    ISSUED = "issued"
    VOID = "void"
    """Taken back, with a reason; never given out again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingNumber:
    """A number of an outgoing document as the ledger has it."""

    entry: RegisterEntry
    state: NumberState
    document_sha256: str
    """Of the document as the competent person signed it, before number and seal."""
    issue_date: date
    """What goes onto the paper: the day of the reservation, also when it is resumed later."""
    created: datetime
    record_id: str | None = None
    """The archived document, once issued."""
    reason: str | None = None
    """Why it is void."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What whoever hands something in gets back. Once it is returned, the record is not lost."""

    record_id: str
    sha256: str
    register: RegisterEntry | None
    duplicate_of: str | None = None
    """The record that these bytes already were before this call."""
    published: bool = True
    """`False`: the object store could not be finished just now, and will be by recovery."""

    @property
    def duplicate(self) -> bool:
        """Whether these bytes were in the archive already."""
        return self.duplicate_of is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """One file of a version of a record."""

    path: str
    """Logical path: `document.pdf`, `metadata.json`, `text.json`."""
    key: str
    """Where its bytes are in the object store."""
    sha256: str
    sha512: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivative:
    """Something made from a record and kept beside it: a report, a text layer."""

    role: str
    """`verdict`, `text`, …"""
    key: str
    sha256: str
    size: int
    media_type: str
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One archived document."""

    record_id: str
    kind: RecordKind
    original_name: str
    media_type: str
    sha256: str
    size: int
    received: datetime
    metadata: DocumentMetadata
    register: RegisterEntry | None
    integrity: str | None
    indication: str | None
    version: int
    """Newest version; 1 is the document as received or signed."""
    published: bool
    """The object store holds the whole object, inventory included."""
    page_count: int
    files: tuple[StoredFile, ...]
    derivatives: tuple[Derivative, ...]


class SearchOrder(StrEnum):
    """In which order hits come."""

    RELEVANCE = "relevance"
    """The number asked for, then hits in the metadata, then hits in the text; newest first."""
    NEWEST = "newest"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """What somebody looks for. An empty text with no filter lists everything, newest first."""

    text: str = ""
    """Words (all must occur), `"phrases"`, prefixes `quyet*`, numbers as typed."""
    from_date: date | None = None
    """Issue date, inclusive."""
    to_date: date | None = None
    agency: str | None = None
    """Words that stand together in the issuing agency's name; accents and case do not matter."""
    type: str | None = None
    """The whole document type; accents and case do not matter."""
    kind: RecordKind | None = None
    order: SearchOrder = SearchOrder.RELEVANCE
    limit: int = 20
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of text of a snippet."""

    text: str
    hit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHit:
    """One record found."""

    record_id: str
    kind: RecordKind
    metadata: DocumentMetadata
    received: datetime
    integrity: str | None
    indication: str | None
    page: int | None
    """Page of the snippet, from 1; `None` when it is of the metadata."""
    snippet: tuple[Segment, ...]
    score: int
    """4 the number asked for · 3 in the metadata, accents and all · 2 there · 1 text · 0 listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """A page of hits."""

    hits: tuple[SearchHit, ...]
    total: int
    total_exact: bool
    """`False`: there are more than `total`."""
    next: str | None
    """Cursor of the page after this one."""


class Problem(StrEnum):
    """What a check of the archive against itself can find. The part before the dot is where."""

    OBJECT_MISSING = "object.missing"
    OBJECT_CHANGED = "object.changed"
    OBJECT_UNREADABLE = "object.unreadable"
    OBJECT_UNKNOWN = "object.unknown"
    INVENTORY_MISSING = "inventory.missing"
    INVENTORY_CHANGED = "inventory.changed"
    RECORD_CHANGED = "record.changed"
    RECORD_UNPUBLISHED = "record.unpublished"
    SEARCH_MISSING = "search.missing"
    SEARCH_EXTRA = "search.extra"
    NUMBER_GAP = "number.gap"
    NUMBER_BEYOND = "number.beyond"
    NUMBER_MISSING = "number.missing"
    ROOT_DAMAGED = "root.damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class FixityFinding:
    """Something that is not as it was archived, and where exactly."""

    problem: Problem
    where: str
    """Key in the object store, record id, or `agency/book/year/number`."""
    record_id: str | None = None
    expected: str | None = None
    found: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What `fixity` or `fsck` looked at and found."""

    checked: int
    """Objects re-hashed, or records compared."""
    bytes: int
    findings: tuple[FixityFinding, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.findings
