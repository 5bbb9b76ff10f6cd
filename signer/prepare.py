"""Prepares a PDF for a signature or a document time-stamp: what parent and child agree on.

The child (`signer.preparing`) writes the whole new revision with a gap for the signature's value
and tells where the gap is. The parent never parses the PDF: it checks that the result is the
source's bytes and one more update, hashes it itself, signs, and fills the gap.
"""

from dataclasses import dataclass
from datetime import datetime

from certs.model import RevocationMaterial
from signer import limits
from signer.appearance import AppearanceKind, Art
from signer.fields import FieldUse, NewField
from signer.jobs import JobSpec
from signer.validation.report import Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """A text field to be filled in this revision."""

    use: FieldUse
    value: str
    art: Art
    """The value as it is to be seen, on a page of the field's size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareRequest:
    """What the next revision is to hold."""

    field_name: str | None
    """An empty field to use, or a new one to add; `None` picks a free name."""
    appearance: AppearanceKind
    art: Art | None
    """What the signature looks like; `None` for an invisible one."""
    box: Box | None
    """Where; `None` takes the existing field's place, or proposes one."""
    signing_time: datetime
    """Goes into /M, with its offset."""
    digest_algorithm: str
    contents_size: int
    """Bytes of DER to leave room for."""
    name: str | None = None
    reason: str | None = None
    location: str | None = None
    contact: str | None = None
    security_store: RevocationMaterial | None = None
    """For the DSS, in this very revision (design.md D5); `None` adds none."""
    fields: tuple[NewField, ...] = ()
    """Fields to make in this revision; only where nobody has signed yet."""
    fillings: tuple[Filling, ...] = ()
    """Text fields to fill in this revision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampRequest:
    """A document time-stamp, with fresh validation data in the same revision."""

    digest_algorithm: str
    contents_size: int
    """Bytes of DER to leave room for."""
    security_store: RevocationMaterial | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningToken:
    """A prepared PDF: everything is there but the signature's value."""

    document_digest: bytes
    digest_algorithm: str
    gap_start: int
    """Offset of the `<` of /Contents."""
    gap_end: int
    """Offset behind its `>`."""
    total_size: int
    """Bytes of the prepared file."""
    field_name: str
    box: Box | None
    """Where the signature is displayed; `None` when it is invisible."""
    certifies: bool
    """The first signature: a certification with DocMDP P=2."""
    earlier: tuple[str, ...]
    """Names of the signature fields that were filled before."""


PREPARE_SIGNATURE = JobSpec(
    "signer.preparing:prepare_signature_job", PrepareRequest, SigningToken, limits.PREPARE
)
PREPARE_TIMESTAMP = JobSpec(
    "signer.preparing:prepare_timestamp_job", TimestampRequest, SigningToken, limits.PREPARE
)
