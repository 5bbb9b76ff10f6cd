"""Gathering revocation evidence (`certs.model.RevocationSource`).

1. Only evidence that passes `certs.evidence` is returned or kept.
2. OCSP first (small, current), then CRLs; one of them per certificate is enough.
3. What was fetched within the hour is used as it is. Older evidence is fetched anew where the
   network allows, and used, while it lasts, where it does not.
4. Offline, only the cache is read.
5. A delegated OCSP responder without id-pkix-ocsp-nocheck is a certificate like any other: its
   own evidence (a CRL) is gathered too.
6. OCSP requests name the certificate by SHA-1, as responders expect (it names, it proves
   nothing), and carry no nonce, so that responders may answer from their cache; replay is bounded
   by nextUpdate.
7. A host that keeps failing is left alone for a while (`certs.breaker`).
8. Missing evidence is no error: it is simply not in the answer.
"""

import itertools
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from certs import certificates
from certs.breaker import CircuitBreaker
from certs.budget import FetchBudget
from certs.cache import FRESH, CachedEvidence, RevocationCache
from certs.errors import FetchFailedError, FetchRefusedError
from certs.evidence import CrlEvidence, EvidenceRejectedError, OcspEvidence, check_crl, check_ocsp
from certs.issuers import IssuerFinder
from certs.model import Clock, Fetcher, FetchRequest, RevocationMaterial, RevocationNeed

MAX_OCSP = 64 << 10  # bytes; a response with its certificates has 2-5 KB
MAX_CRL = 20_000_000  # bytes; design.md §3
OCSP_SECONDS = 5.0
CRL_SECONDS = 10.0

_log = logging.getLogger(__name__)
_Evidence = TypeVar("_Evidence", OcspEvidence, CrlEvidence)
_NOTHING = RevocationMaterial()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """A certificate in question."""

    certificate: x509.Certificate
    issuer: x509.Certificate
    ocsp_urls: tuple[str, ...]
    crl_urls: tuple[str, ...]

    def key(self, kind: str, what: object) -> str:
        fingerprint = self.issuer.fingerprint(hashes.SHA256()).hex()
        return f"{kind} {fingerprint} {what}"


class CachedRevocationSource:
    """Gathers through a fetcher and a cache. Thread-safe."""

    def __init__(
        self,
        fetcher: Fetcher,
        clock: Clock,
        cache: RevocationCache,
        breaker: CircuitBreaker | None = None,
        issuers: IssuerFinder | None = None,
    ) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._cache = cache
        self._breaker = breaker or CircuitBreaker(clock)
        self._issuers = issuers

    def for_document(self) -> "CachedRevocationSource":
        """Return a source with a fetch budget of its own, sharing cache and breaker with this."""
        budget = FetchBudget(self._fetcher)
        issuers = None if self._issuers is None else self._issuers.for_document(budget)
        return CachedRevocationSource(budget, self._clock, self._cache, self._breaker, issuers)

    def issuers_of(
        self, certificates: Sequence[bytes], *, offline: bool = False
    ) -> tuple[bytes, ...]:
        """See `certs.model.EvidenceSource`."""
        return () if self._issuers is None else self._issuers.find(certificates, offline=offline)

    def gather(
        self, needs: Sequence[RevocationNeed], *, offline: bool = False
    ) -> RevocationMaterial:
        """See `certs.model.RevocationSource`."""
        found = _NOTHING
        for need in dict.fromkeys(needs):
            subject = _subject(need)
            if subject is not None:
                found |= self._evidence(subject, offline=offline)
        return found

    def gather_for_chain(self, chain: Sequence[bytes]) -> RevocationMaterial:
        """See `certs.model.RevocationSource`."""
        pairs = itertools.pairwise(chain)
        return self.gather([RevocationNeed(certificate=c, issuer=i) for c, i in pairs if c != i])

    def _evidence(self, subject: _Subject, *, offline: bool) -> RevocationMaterial:
        response = self._ocsp(subject, offline=offline)
        if response is not None:
            return RevocationMaterial(ocsp_responses=(response.der,)) | self._of_responder(
                response, subject, offline=offline
            )
        crl = self._crl(subject, offline=offline)
        return RevocationMaterial(crls=(crl.der,)) if crl is not None else _NOTHING

    def _of_responder(
        self, response: OcspEvidence, subject: _Subject, *, offline: bool
    ) -> RevocationMaterial:
        responder = response.responder
        if responder is None or _no_check(responder):
            return _NOTHING
        crl = self._crl(
            _Subject(
                certificate=responder,
                issuer=subject.issuer,
                ocsp_urls=(),
                crl_urls=certificates.crl_urls(responder),
            ),
            offline=offline,
        )
        return RevocationMaterial(crls=(crl.der,)) if crl is not None else _NOTHING

    def _ocsp(self, subject: _Subject, *, offline: bool) -> OcspEvidence | None:
        check = partial(_check_ocsp, subject)
        key = subject.key("ocsp", f"{subject.certificate.serial_number:x}")
        kept = self._kept(key, check)
        if offline or (kept is not None and self._is_fresh(kept[1])):
            return kept[0] if kept else None
        for url in subject.ocsp_urls:
            request = FetchRequest(
                url=url,
                method="POST",
                body=_ocsp_request(subject),
                content_type="application/ocsp-request",
                max_bytes=MAX_OCSP,
                timeout=OCSP_SECONDS,
            )
            found = self._fetch(key, request, check)
            if found is not None:
                return found
        return kept[0] if kept else None

    def _crl(self, subject: _Subject, *, offline: bool) -> CrlEvidence | None:
        last_resort: CrlEvidence | None = None
        for url in subject.crl_urls:
            check = partial(_check_crl, subject)
            key = subject.key("crl", url)
            kept = self._kept(key, check)
            if kept is not None and (offline or self._is_fresh(kept[1])):
                return kept[0]
            if offline:
                continue
            request = FetchRequest(url=url, max_bytes=MAX_CRL, timeout=CRL_SECONDS)
            at_least = kept[0].number if kept else None
            found = self._fetch(key, request, partial(check, at_least=at_least))
            if found is not None:
                return found
            last_resort = last_resort or (kept[0] if kept else None)
        return last_resort

    def _kept(
        self, key: str, check: Callable[[bytes, datetime], _Evidence]
    ) -> tuple[_Evidence, datetime] | None:
        entry = self._cache.get(key)
        if entry is None:
            return None
        try:
            return check(entry.der, self._clock.now()), entry.fetched_at
        except EvidenceRejectedError as exc:
            _log.warning("cached evidence is not used: %s", exc)
            return None

    def _is_fresh(self, fetched_at: datetime) -> bool:
        # Not from the future either: a clock set back must not freeze the cache.
        return timedelta(0) <= self._clock.now() - fetched_at <= FRESH

    def _fetch(
        self, key: str, request: FetchRequest, check: Callable[[bytes, datetime], _Evidence]
    ) -> _Evidence | None:
        host = _host(request.url)
        if not self._breaker.allows(host):
            return None
        try:
            body = self._fetcher.fetch(request)
        except FetchRefusedError as exc:
            _log.info("revocation evidence not asked for: %s", exc.en)
            return None
        except FetchFailedError as exc:
            self._breaker.failed(host)
            _log.info("revocation evidence not had: %s", exc.en)
            return None
        self._breaker.succeeded(host)
        now = self._clock.now()
        try:
            found = check(body, now)
        except EvidenceRejectedError as exc:
            _log.warning("revocation evidence from %s is not used: %s", host, exc)
            return None
        self._cache.put(
            key, CachedEvidence(der=found.der, fetched_at=now, valid_until=found.valid_until)
        )
        return found


def _check_ocsp(subject: _Subject, der: bytes, now: datetime) -> OcspEvidence:
    return check_ocsp(der, subject.certificate, subject.issuer, now)


def _check_crl(
    subject: _Subject, der: bytes, now: datetime, *, at_least: int | None = None
) -> CrlEvidence:
    return check_crl(der, subject.certificate, subject.issuer, now, at_least=at_least)


def _subject(need: RevocationNeed) -> _Subject | None:
    try:
        certificate, issuer = (certificates.load(d) for d in (need.certificate, need.issuer))
        if certificate == issuer or not certificates.issued_by(certificate, issuer):
            return None
        return _Subject(
            certificate=certificate,
            issuer=issuer,
            ocsp_urls=need.ocsp_urls or certificates.ocsp_urls(certificate),
            crl_urls=need.crl_urls or certificates.crl_urls(certificate),
        )
    except ValueError as exc:
        _log.info("no revocation evidence for a certificate that cannot be read: %s", exc)
        return None


def _ocsp_request(subject: _Subject) -> bytes:
    algorithm = hashes.SHA1()  # noqa: S303 rule 6: a name, not a proof
    name, key = certificates.issuer_hashes(subject.issuer, algorithm)
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        name, key, subject.certificate.serial_number, algorithm
    )
    return builder.build().public_bytes(Encoding.DER)


def _no_check(certificate: x509.Certificate) -> bool:
    try:
        certificate.extensions.get_extension_for_class(x509.OCSPNoCheck)
    except x509.ExtensionNotFound:
        return False
    return True


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""
