"""What a validation found, in the words of ETSI EN 319 102-1 and of the outside contract.

A report is a value: it is produced for good and bad signatures alike and is archived as it is.
`None` always means "not established", never "fine".

1. Per signature the standard's Indication and SubIndication (EN 319 102-1 clause 5.1.3).
2. `Integrity` is about bytes alone; trust and revocation never change it.
3. `ChangesAfter` judges all later revisions by this signature's and every earlier one's rules.
4. The document's indication is the worst of its signatures; a document that is not INTACT never
   passes (design.md §4).
5. What a verdict was made with is cited in it by digest: anchors, evidence that did not come with
   the file, policy, software (design.md §4 rule 10). With the file and these the verdict can be
   made again. What the file itself carries is cited by the file's own digest.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from certs.model import RevocationMaterial, RevocationNeed, TrustPurpose, TrustStore


class Indication(StrEnum):
    """Main status indication, EN 319 102-1 clause 5.1.3."""

    TOTAL_PASSED = "TOTAL-PASSED"
    INDETERMINATE = "INDETERMINATE"
    TOTAL_FAILED = "TOTAL-FAILED"


class Integrity(StrEnum):
    """What the bytes say."""

    INTACT = "INTACT"
    ALTERED = "ALTERED"
    UNDECIDED = "UNDECIDED"
    UNSIGNED = "UNSIGNED"
    """Of documents only."""
    UNREADABLE = "UNREADABLE"
    """Of documents only."""


class ChangesAfter(StrEnum):
    """What happened to the document after a signature."""

    NONE = "NONE"
    LTA = "LTA"
    """Only validation data and document time-stamps."""
    PERMITTED = "PERMITTED"
    FORBIDDEN = "FORBIDDEN"
    UNDECIDED = "UNDECIDED"


class SignatureKind(StrEnum):
    """A person's or agency's signature, or a time-stamp over the document."""

    SIGNATURE = "signature"
    DOCUMENT_TIMESTAMP = "document-timestamp"


class SignatureRole(StrEnum):
    """What a signature is for in an official document: Nghị định 30/2020, Phụ lục I.

    A label for people, told by `signer.validation.roles`; no verdict depends on it.
    """

    INITIAL = "initial"
    """Ký nháy of whoever answers for the draft."""
    LEADER = "leader"
    """Chữ ký của người có thẩm quyền."""
    NUMBER = "number"
    """Đóng số."""
    DAY = "day"
    MONTH = "month"
    DATE = "date"
    """A whole date, or the year beside day and month."""
    SEAL = "seal"
    """Con dấu, chữ ký số của cơ quan."""
    COPY = "copy"
    """Sao y, sao lục, trích sao."""
    ANNEX = "annex"
    """Kèm theo văn bản số …."""
    PUBLISHER = "publisher"
    """The portal that publishes the document: never the one who signed it."""
    INCOMING = "incoming"
    """Dấu đến of a receiving agency."""
    TIMESTAMP = "timestamp"
    UNKNOWN = "unknown"


class Level(StrEnum):
    """PAdES baseline levels, EN 319 142-1 clause 6."""

    B_B = "PAdES-B-B"
    B_T = "PAdES-B-T"
    B_LT = "PAdES-B-LT"
    B_LTA = "PAdES-B-LTA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One finding, in plain words, with what to do about it.

    `code` is listed in `docs/reference/reasons.md`; the sentences come from
    `signer.validation.wording` and from nowhere else.
    """

    code: str
    vi: str
    en: str
    remedy_vi: str
    remedy_en: str
    field_name: str | None = None
    """The signature field it is about; `None` when about the document."""
    page_text: str | None = None
    """Where page and signature differ: what the page says."""
    signature_text: str | None = None
    """And what the signature says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerInfo:
    """Who the certificate says signed."""

    common_name: str | None
    organization: str | None
    serial: str
    """Lower-case hex, no leading zeros."""
    issuer: str
    certificate: bytes
    """DER."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle on a page as displayed (rotated, cropped): PDF points, origin lower left."""

    page: int
    """From 1."""
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedAnchor:
    """A certificate that was trusted, by its fingerprint."""

    sha256: str
    """Lower-case hex."""
    purposes: tuple[TrustPurpose, ...]
    """Sorted."""
    origin: str


class EvidenceKind(StrEnum):
    """What a piece of validation data is."""

    CERTIFICATE = "certificate"
    OCSP = "ocsp"
    CRL = "crl"


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedEvidence:
    """Validation data that was given beside the file, by digest."""

    kind: EvidenceKind
    sha256: str
    """Of the DER, lower-case hex."""


def cite_trust(trust: TrustStore) -> tuple[CitedAnchor, ...]:
    """Return the anchors of `trust`, in order of fingerprint."""
    return tuple(
        CitedAnchor(sha256=a.sha256, purposes=tuple(sorted(a.purposes)), origin=a.origin)
        for a in sorted(trust.anchors, key=lambda a: a.sha256)
    )


def cite_evidence(
    material: RevocationMaterial, helpers: Iterable[bytes] = ()
) -> tuple[CitedEvidence, ...]:
    """Return what was given, sorted, each once; `helpers` are the trust store's."""
    given = (
        *((EvidenceKind.CERTIFICATE, der) for der in (*material.certificates, *helpers)),
        *((EvidenceKind.OCSP, der) for der in material.ocsp_responses),
        *((EvidenceKind.CRL, der) for der in material.crls),
    )
    cited = sorted({(kind, hashlib.sha256(der).hexdigest()) for kind, der in given})
    return tuple(CitedEvidence(kind=kind, sha256=sha256) for kind, sha256 in cited)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureReport:
    """The outcome for one signature field. Reports stand in signing order."""

    field_name: str
    kind: SignatureKind
    indication: Indication
    sub_indication: str | None
    """Standard sub-indication name; `None` exactly when the indication is TOTAL-PASSED."""
    integrity: Integrity
    changes_after: ChangesAfter
    signer: SignerInfo | None
    level: Level | None
    """What is present and verified; `None` for time-stamps and for what is not PAdES."""
    claimed_signing_time: datetime | None
    """What the signer says. Never evidence."""
    best_signature_time: datetime | None
    """Earliest time the signature is proven to have existed (a proof of existence)."""
    digest_algorithm: str | None
    box: Box | None = None
    """Where its appearance stands, if it has one."""
    reason_text: str | None = None
    """The signature dictionary's /Reason."""
    sub_filter: str | None = None
    docmdp: int | None = None
    """P of its DocMDP transform, if any."""
    covers_whole_file: bool = False
    revision: int = 0
    """Which revision of the file it signed, from 0."""
    byte_range: tuple[int, ...] | None = None
    """/ByteRange as it stands in the file."""
    signed_digest: str | None = None
    """Digest of the signed bytes by `digest_algorithm`, lower-case hex."""
    signature_value: bytes | None = None
    """The value that the key made."""
    container_sha256: str | None = None
    """Of the CMS container or time-stamp token, without padding; lower-case hex."""
    path: tuple[str, ...] = ()
    """SHA-256 fingerprints of the certificates that were relied on: signer first, anchor last."""
    role: SignatureRole = SignatureRole.UNKNOWN
    shown_text: str | None = None
    """What its appearance says, as it was signed; lines divided by line feeds."""
    parent_number: str | None = None
    """Of an annex: số, ký hiệu of the document that it says it belongs to."""

    def __post_init__(self) -> None:
        passed = self.indication is Indication.TOTAL_PASSED
        if passed != (self.sub_indication is None):
            raise ValueError(f"{self.indication} with sub-indication {self.sub_indication!r}")
        if passed and self.integrity is not Integrity.INTACT:
            raise ValueError(f"TOTAL-PASSED with integrity {self.integrity}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationReport:
    """The outcome for one document."""

    sha256: str
    size: int
    """Bytes."""
    integrity: Integrity
    indication: Indication | None
    """`None` exactly when UNSIGNED or UNREADABLE."""
    reasons: tuple[Reason, ...]
    signatures: tuple[SignatureReport, ...]
    validation_time: datetime
    trust_digest: str
    policy_digest: str
    software: str
    """Name and version of what made this report."""
    pages: int | None = None
    active_content: tuple[str, ...] = ()
    """JavaScript, launch, attachments…: names of what was found (design.md §4 rule 8)."""
    anchors: tuple[CitedAnchor, ...] = ()
    """What was trusted; `trust_digest` is over these."""
    evidence: tuple[CitedEvidence, ...] = ()
    """What was given beside the file: gathered evidence and helping certificates."""
    known_since: datetime | None = None
    """Earliest proof from outside the file (the archive's log) that was relied on."""
    needs: tuple[RevocationNeed, ...] = field(default=(), compare=False)
    """What evidence would have helped; consumed by the rounds of design.md D3, not archived."""

    def __post_init__(self) -> None:
        lawful: dict[Integrity, Sequence[Indication | None]] = {
            Integrity.INTACT: tuple(Indication),
            Integrity.ALTERED: (Indication.TOTAL_FAILED,),
            Integrity.UNDECIDED: (Indication.INDETERMINATE,),
            Integrity.UNSIGNED: (None,),
            Integrity.UNREADABLE: (None,),
        }
        if self.indication not in lawful[self.integrity]:
            raise ValueError(f"{self.integrity} with {self.indication}")
        if self.integrity is not Integrity.INTACT and not self.reasons:
            raise ValueError(f"{self.integrity} without a reason")


def weakest(reports: Sequence[SignatureReport]) -> Indication | None:
    """Return the worst indication among `reports`, or `None` for an unsigned document.

    The standard judges signatures one by one; judging the document is our own rule (design.md §4).
    """
    order = (Indication.TOTAL_FAILED, Indication.INDETERMINATE, Indication.TOTAL_PASSED)
    found = {r.indication for r in reports}
    return next((i for i in order if i in found), None)
