"""What goes out over REST, as types: they make the OpenAPI document and nothing else passes."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.cli.keeping import hit_value, register_value
from archive.model import FIELDS, Record, SearchHit

Day = Annotated[str, Field(examples=["2026-03-31"], description="YYYY-MM-DD")]


class Shape(BaseModel):
    """Fields may be added in later versions, never renamed."""

    model_config = ConfigDict(extra="allow")


class ReasonShape(Shape):
    """One finding, with what to do about it."""

    code: Annotated[str, Field(examples=["trust.no_path"])]
    vi: str
    en: str
    remedy_vi: str
    remedy_en: str


class SignerShape(Shape):
    """Who the certificate says signed."""

    common_name: str | None
    organization: str | None
    serial: str
    issuer: str


class SignatureShape(Shape):
    """The outcome for one signature, in signing order."""

    field: str
    kind: Literal["signature", "document-timestamp"]
    indication: Literal["TOTAL-PASSED", "INDETERMINATE", "TOTAL-FAILED"]
    sub_indication: str | None
    integrity: Literal["INTACT", "ALTERED", "UNDECIDED"]
    changes_after: Literal["NONE", "LTA", "PERMITTED", "FORBIDDEN", "UNDECIDED"]
    signer: SignerShape | None
    level: Annotated[str | None, Field(examples=["PAdES-B-LT"])]
    claimed_signing_time: str | None
    best_signature_time: str | None
    digest_algorithm: Annotated[str | None, Field(examples=["sha256"])]


class FieldsShape(Shape):
    """The six fields of a document (Nghị định 30/2020)."""

    so_ky_hieu: Annotated[str | None, Field(examples=["345/QĐ-UBND"])] = None
    ngay_ban_hanh: Day | None = None
    co_quan_ban_hanh: Annotated[str | None, Field(examples=["UBND xã Lam Mẫu"])] = None
    loai_van_ban: Annotated[str | None, Field(examples=["Quyết định"])] = None
    trich_yeu: str | None = None
    nguoi_ky: str | None = None


class VerificationShape(Shape):
    """The verdict on one file: the line of `./antin verify --json`."""

    file: Annotated[str, Field(examples=["cong-van.pdf"])]
    sha256: str | None
    bytes: int
    seconds: float
    integrity: Literal["INTACT", "ALTERED", "UNDECIDED", "UNSIGNED", "UNREADABLE"]
    indication: Literal["TOTAL-PASSED", "INDETERMINATE", "TOTAL-FAILED"] | None
    reasons: list[ReasonShape]
    signatures: list[SignatureShape]
    extracted: FieldsShape | None


class RegisterShape(Shape):
    """A number in a register."""

    agency: str
    book: str
    year: int
    number: int


class ReceiptShape(Shape):
    """What whoever hands a document in gets back."""

    record_id: str
    sha256: str
    register_entry: Annotated[RegisterShape | None, Field(alias="register")]
    duplicate_of: str | None
    integrity: str
    indication: str | None


class RecordShape(Shape):
    """One archived document."""

    record_id: str
    kind: Literal["incoming", "outgoing"]
    original_name: str
    sha256: str
    bytes: int
    received: str
    metadata: FieldsShape
    register_entry: Annotated[RegisterShape | None, Field(alias="register")]
    integrity: str | None
    indication: str | None
    pages: int


class HitShape(FieldsShape):
    """One record found."""

    record_id: str
    snippet: str
    score: int


class FoundShape(Shape):
    """A page of hits; `next` is the cursor of the following one."""

    hits: list[HitShape]
    total: int
    total_exact: bool
    next: str | None
    seconds: float


class IdentityShape(Shape):
    """A signing identity that the caller may use."""

    id: str
    usable: bool
    common_name: str
    organization: str | None
    purpose: str
    not_after: str
    development: bool


class SignedShape(Shape):
    """A signed document, archived."""

    record_id: str
    sha256: str
    level: Annotated[str, Field(examples=["PAdES-B-LT"])]
    seconds: float
    content: Annotated[str, Field(examples=["/api/v1/documents/20260331-…/content"])]


class ProblemShape(Shape):
    """RFC 9457 problem."""

    type: Annotated[str, Field(examples=["urn:antin:problem:pin.wrong"])]
    title: str
    status: int
    detail: str
    instance: str
    code: str
    title_vi: str
    title_en: str
    detail_vi: str
    detail_en: str
    retryable: bool
    request_id: str


def record_value(record: Record) -> dict[str, Any]:
    """Return a record as `RecordShape` describes it."""
    m = record.metadata
    fields = {name: getattr(m, name) for name in FIELDS}
    fields["ngay_ban_hanh"] = m.ngay_ban_hanh.isoformat() if m.ngay_ban_hanh else None
    return {
        "record_id": record.record_id,
        "kind": record.kind.value,
        "original_name": record.original_name,
        "sha256": record.sha256,
        "bytes": record.size,
        "received": record.received.isoformat(),
        "metadata": {**fields, "sources": dict(m.sources)},
        "register": register_value(record.register),
        "integrity": record.integrity,
        "indication": record.indication,
        "pages": record.page_count,
    }


def found_hit(hit: SearchHit) -> dict[str, Any]:
    """Return a hit as `HitShape` describes it."""
    return hit_value(hit)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route: these problems, and those that every route may have."""
    media = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemShape"}}}
    return {
        status: {"description": "Problem (RFC 9457)", "model": ProblemShape, "content": media}
        for status in sorted({*statuses, 422, 500})
    }
