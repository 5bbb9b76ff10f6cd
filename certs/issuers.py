"""Fetching the issuer that a signature did not bring (RFC 5280 clause 4.2.2.1, caIssuers).

Signing tools of Vietnamese agencies embed the signer's certificate and nothing above it. Whoever
trusts a root alone then lacks the authority between. Here the address comes out of a certificate
that anybody can make, before any path to an anchor exists; hence, stricter than for revocation:

1. Only hosts that belong to the configured anchors are asked, and none inside the network: an
   internal authority's certificates are given by hand. Wiring hands over a fetcher that knows no
   other host and no private service.
2. Plain paths only: an address with a query would let a stranger's certificate speak for us.
3. At most three requests and three hops for a document, 64 KB each, on the document's budget; eight
   signers and two addresses of each certificate are looked at, however many there are.
4. What comes back is kept only if it made the certificate in question (name and signature). It is
   a helper: it builds paths and proves nothing. SHA-1 is no obstacle to that: whether a path may
   hold it is the validation's to say, and "issued with SHA-1" is a better answer than "unknown".
5. Where an anchor or a helper at hand is the issuer, nothing is asked; self-issued certificates
   are not looked for, because they end a path only as anchors.
6. Answers are kept for 30 days, and checked again when used. Failures have a breaker of their own:
   made-up addresses at an authority's host must not stop us from asking it for revocation lists.
"""

import hashlib
import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from certs import certificates
from certs.breaker import CircuitBreaker
from certs.budget import FetchBudget
from certs.cache import CachedEvidence, RevocationCache
from certs.errors import FetchFailedError, FetchRefusedError
from certs.model import Clock, Fetcher, FetchRequest

MAX_HOPS = 3
MAX_SIGNERS = 8
MAX_URLS = 2
MAX_BYTES = 64 << 10
SECONDS = 5.0
KEPT = timedelta(days=30)
"""An issuing authority's certificate lives for years; a month bounds what a wrong one can do."""

_log = logging.getLogger(__name__)


class IssuerFinder:
    """Finds issuers through a fetcher and a cache. Thread-safe; `for_document` once for each."""

    def __init__(
        self,
        fetcher: Fetcher,
        clock: Clock,
        cache: RevocationCache,
        known: Sequence[bytes] = (),
        breaker: CircuitBreaker | None = None,
    ) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._cache = cache
        self._known = tuple(known)
        """DER of anchors and helpers (rule 5)."""
        self._breaker = breaker or CircuitBreaker(clock)
        self._left = MAX_HOPS

    def for_document(self, budget: FetchBudget) -> "IssuerFinder":
        """Return a finder that draws on the document's budget, sharing cache and breaker."""
        way = budget.through(self._fetcher)
        return IssuerFinder(way, self._clock, self._cache, self._known, self._breaker)

    def find(self, wanted: Sequence[bytes], *, offline: bool = False) -> tuple[bytes, ...]:
        """Return the issuers of `wanted` (DER), and theirs, that are not at hand."""
        at_hand = [certificates.load(k) for k in self._known]
        found: list[x509.Certificate] = []
        looked_for: set[bytes] = set()
        for der in wanted[:MAX_SIGNERS]:
            try:
                current = certificates.load(der)
            except ValueError:
                continue  # the report says what is wrong with it
            for _ in range(MAX_HOPS):
                key = _issuer_key(current)
                if certificates.is_self_issued(current) or key in looked_for:
                    break
                looked_for.add(key)
                if _maker(current, at_hand) is not None:
                    break
                issuer = self._issuer(current, key, offline=offline)
                if issuer is None or certificates.is_self_issued(issuer):
                    break
                found.append(issuer)
                current = issuer
        return tuple(dict.fromkeys(certificates.der(c) for c in found))

    def _issuer(
        self, certificate: x509.Certificate, key: bytes, *, offline: bool
    ) -> x509.Certificate | None:
        for url in certificates.issuer_urls(certificate)[:MAX_URLS]:
            if not _is_plain(url):
                continue
            name = f"issuer {key.hex()} {url}"
            kept = self._cache.get(name)
            if kept is not None:
                issuer = _maker(certificate, _read(kept.der))
                if issuer is not None:
                    return issuer
            if offline or self._left <= 0:
                continue
            issuer = _maker(certificate, _read(self._fetch(url)))
            if issuer is not None:
                now = self._clock.now()
                entry = CachedEvidence(
                    der=certificates.der(issuer), fetched_at=now, valid_until=now + KEPT
                )
                self._cache.put(name, entry)
                return issuer
        return None

    def _fetch(self, url: str) -> bytes:
        host = urlsplit(url).netloc
        if not self._breaker.allows(host):
            return b""
        request = FetchRequest(url=url, max_bytes=MAX_BYTES, timeout=SECONDS)
        try:
            body = self._fetcher.fetch(request)
        except FetchRefusedError as exc:
            _log.info("an issuer not asked for: %s", exc.en)  # nothing went out: not counted
            return b""
        except FetchFailedError as exc:
            self._left -= 1
            self._breaker.failed(host)
            _log.info("an issuer not had: %s", exc.en)
            return b""
        self._left -= 1
        self._breaker.succeeded(host)
        return body


def made_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Return whether `issuer`'s name and key made `certificate`, SHA-1 included (rule 4)."""
    if certificates.issued_by(certificate, issuer):
        return True
    key, digest = issuer.public_key(), certificate.signature_hash_algorithm
    if (
        certificate.issuer != issuer.subject
        or not isinstance(key, rsa.RSAPublicKey)
        or not isinstance(digest, hashes.SHA1)
    ):
        return False
    try:
        key.verify(
            certificate.signature, certificate.tbs_certificate_bytes, padding.PKCS1v15(), digest
        )
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _maker(
    certificate: x509.Certificate, candidates: Iterable[x509.Certificate]
) -> x509.Certificate | None:
    return next(
        (c for c in candidates if certificates.is_authority(c) and made_by(certificate, c)), None
    )


def _read(data: bytes) -> list[x509.Certificate]:
    if not data:
        return []
    try:
        return certificates.bundle(data)
    except ValueError as exc:
        _log.info("what came for an issuer is no certificate: %s", exc)
        return []


def _issuer_key(certificate: x509.Certificate) -> bytes:
    """Return what tells issuers apart before they are known: the name and the key identifier."""
    try:
        authority = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
        identifier = authority.value.key_identifier or b""
    except x509.ExtensionNotFound:
        identifier = b""
    return hashlib.sha256(certificates.raw_issuer(certificate) + b"\0" + identifier).digest()


def _is_plain(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and not parts.query and "?" not in url
