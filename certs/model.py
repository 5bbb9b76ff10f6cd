"""Values and seams of this room; the rooms above build on these and on nothing else here.

Certificates, CRLs, OCSP responses and tokens travel as DER bytes, so that no library's class
crosses a room's wall.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol


class Clock(Protocol):
    """What time it is. Wiring hands one to whoever needs it; nothing else reads the system's."""

    def now(self) -> datetime:
        """Return the present moment, timezone-aware."""


class TrustPurpose(StrEnum):
    """What an anchor may be trusted for (EN 319 102-1 clause 5.2.6: trust is per purpose)."""

    SIGNER = "signer"
    TSA = "tsa"
    OCSP = "ocsp"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustAnchor:
    """One certificate that an administrator decided to trust; may be an intermediate."""

    certificate: bytes
    """DER."""
    purposes: frozenset[TrustPurpose]
    origin: str
    """Where it came from, in words or as a file name; cited in every report."""

    @property
    def sha256(self) -> str:
        """Fingerprint, lower-case hex."""
        return hashlib.sha256(self.certificate).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustStore:
    """The anchors in force, and certificates that may help to build a path but prove nothing."""

    anchors: tuple[TrustAnchor, ...] = ()
    helpers: tuple[bytes, ...] = ()
    """DER; untrusted intermediates."""

    def for_purpose(self, purpose: TrustPurpose) -> tuple[bytes, ...]:
        """Return the DER certificates trusted for `purpose`."""
        return tuple(a.certificate for a in self.anchors if purpose in a.purposes)

    @property
    def digest(self) -> str:
        """SHA-256 over the sorted anchors and their purposes: the same trust, the same digest."""
        lines = sorted(f"{a.sha256} {' '.join(sorted(a.purposes))}" for a in self.anchors)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class IdentityPurpose(StrEnum):
    """What a signing identity is for."""

    LEADER = "leader"
    DRAFTER = "drafter"
    SEAL = "seal"
    SERVICE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningIdentity:
    """A certificate with a key that somebody may sign with. Never holds the key."""

    id: str
    """Stable, readable, safe as a file name: `[a-z0-9-]{1,64}`."""
    purpose: IdentityPurpose
    certificate: bytes
    """DER."""
    chain: tuple[bytes, ...]
    """DER; issuers from the certificate's own up to and including the root, as far as known."""
    common_name: str
    organization: str | None
    not_before: datetime
    not_after: datetime
    development: bool
    """Made by `identity dev`; signs nothing of legal value and needs no PIN on the command line."""
    kind: Literal["software", "pkcs11", "remote", "client"] = "software"


class KeyHandle(Protocol):
    """An opened key, ready to sign. Thread-safe. Close it as soon as the batch is done."""

    @property
    def identity(self) -> SigningIdentity:
        """Return whose key this is."""

    @property
    def signature_algorithm(self) -> Literal["rsassa_pkcs1v15", "ecdsa"]:
        """Return the signature scheme; the digest is chosen by the caller."""

    @property
    def signature_size(self) -> int:
        """Return the largest signature value in bytes (DER for ECDSA)."""

    def sign(self, data: bytes, digest_algorithm: str) -> bytes:
        """Hash `data` with `digest_algorithm` (`sha256`, …) and sign; return the raw value.

        Raises:
            IdentityUnusableError: the key may not be used (any more).

        """

    def close(self) -> None:
        """Forget the key."""


class IdentityStore(Protocol):
    """Where signing identities are kept."""

    def list(self) -> Sequence[SigningIdentity]:
        """Return all identities, in order of id."""

    def get(self, identity_id: str) -> SigningIdentity:
        """Return one, or raise `IdentityNotFoundError`."""

    def open(self, identity_id: str, pin: str | None) -> KeyHandle:
        """Open the key.

        Raises:
            IdentityNotFoundError: no such identity.
            PinRequiredError: protected, and `pin` is `None`.
            WrongPinError: `pin` does not open it.
            IdentityUnusableError: expired, not yet valid, retired.

        """


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """One outgoing request."""

    url: str
    method: Literal["GET", "POST"] = "GET"
    body: bytes = b""
    content_type: str | None = None
    accept: str | None = None
    max_bytes: int = 64 << 10
    """Answers above this are refused, unread."""
    timeout: float = 10.0
    """Seconds for the whole exchange."""


class Fetcher(Protocol):
    """The only way out. See `certs.fetch` for the rules the real one enforces."""

    def fetch(self, request: FetchRequest) -> bytes:
        """Return the body of a 200 answer, or raise `FetchRefusedError` / `FetchFailedError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationNeed:
    """A certificate whose revocation state a validation could not establish from what it had."""

    certificate: bytes
    """DER of the certificate in question."""
    issuer: bytes
    """DER of its issuer."""
    ocsp_urls: tuple[str, ...] = ()
    crl_urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationMaterial:
    """Evidence about revocation, and certificates that came with it. A plain bag: no judgement."""

    ocsp_responses: tuple[bytes, ...] = ()
    """DER of whole OCSPResponse structures."""
    crls: tuple[bytes, ...] = ()
    """DER."""
    certificates: tuple[bytes, ...] = ()
    """DER; e.g. fetched issuers."""

    def __or__(self, other: "RevocationMaterial") -> "RevocationMaterial":
        """Return both together, without repetition, in order of first appearance."""
        return RevocationMaterial(
            ocsp_responses=tuple(dict.fromkeys(self.ocsp_responses + other.ocsp_responses)),
            crls=tuple(dict.fromkeys(self.crls + other.crls)),
            certificates=tuple(dict.fromkeys(self.certificates + other.certificates)),
        )

    def __bool__(self) -> bool:
        """Return whether there is anything in it."""
        return bool(self.ocsp_responses or self.crls or self.certificates)


class RevocationSource(Protocol):
    """Gathers revocation evidence: cache first, then the guarded fetcher, OCSP before CRL."""

    def gather(
        self, needs: Sequence[RevocationNeed], *, offline: bool = False
    ) -> RevocationMaterial:
        """Return what could be had for `needs`; missing evidence is simply not in the answer."""

    def gather_for_chain(self, chain: Sequence[bytes]) -> RevocationMaterial:
        """Return evidence for every certificate in `chain` (leaf first, root last) but the root."""


class EvidenceSource(RevocationSource, Protocol):
    """Revocation evidence, and issuers that a document did not bring (`certs.issuers`)."""

    def issuers_of(
        self, certificates: Sequence[bytes], *, offline: bool = False
    ) -> tuple[bytes, ...]:
        """Return the issuers (DER) that could be found for `certificates`; helpers, no proof."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampToken:
    """A checked RFC 3161 token: right imprint, nonce, a signature that verifies, sane time."""

    token: bytes
    """DER of the ContentInfo (the TimeStampToken, not the whole response)."""
    gen_time: datetime
    authority: str
    """Name of the authority in our configuration."""
    certificates: tuple[bytes, ...] = field(default=())
    """DER; the TSA's certificate first, then whatever chain is known, root last."""


class TimestampSource(Protocol):
    """One or several time-stamping authorities behind one call."""

    def stamp(self, digest: bytes, digest_algorithm: str) -> TimestampToken:
        """Return a token over `digest`. Exactly one request per authority tried.

        Raises:
            TimestampUnavailableError: no configured authority gave a usable token.

        """

    def chains(self) -> Sequence[tuple[bytes, ...]]:
        """Return the certificate chains (TSA first, root last) of the authorities, where known.

        Used to gather their revocation data before signing (B-LT).
        """
