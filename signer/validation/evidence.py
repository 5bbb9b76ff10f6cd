"""The validation data at hand: what the file carries, and what was gathered for it.

1. From the file: certificates, CRLs and OCSP answers of the newest /DSS, those inside the CMS
   containers, and Adobe's revocation attribute (adbe.pkcs7.detached with LTV by Acrobat).
2. Given: the request's material and the trust store's helpers. They prove nothing by themselves.
3. Whatever cannot be parsed is left out: evidence that cannot be read is missing evidence.
4. What claims to be issued in the future is left out too: its issuer does not know what it says.
   So is what was signed with a digest that the policy had already ended at its issue.
5. For a certificate of a path one can ask whether usable evidence is there, and if not, what would
   help: that is a `RevocationNeed`, for certificates with a path to an anchor only. An answer by a
   responder whose certificate has expired is none (EN 319 102-1 clause 5.2.5).
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from asn1crypto import cms as acms
from asn1crypto import crl, ocsp, x509
from asn1crypto import pdf as asn1_pdf
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo, ValidationTimingParams
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

from certs.model import RevocationNeed
from signer.validation.cms import Container
from signer.validation.lexer import Ref
from signer.validation.policy import POLICY
from signer.validation.primitives import Outcome, family_of, hash_of, verify_value
from signer.validation.structure import Document

_FAULTS = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)


@dataclass(slots=True)
class Evidence:
    """A bag of parsed validation data."""

    certificates: list[x509.Certificate] = field(default_factory=list)
    ocsps: list[OCSPContainer] = field(default_factory=list)
    crls: list[CRLContainer] = field(default_factory=list)
    until: datetime | None = None
    """What was issued after that is from the future; `None`: nothing is."""
    _taken: dict[bytes, tuple[str, list[Any]]] = field(default_factory=dict)
    """SHA-256 of what was taken in → where it went, and what it was read as."""

    def add(self, other: "Evidence") -> None:
        """Take in what `other` holds and this does not."""
        for digest, (kind, items) in other._taken.items():  # noqa: SLF001 - one of us
            if digest not in self._taken:
                self._taken[digest] = kind, items
                getattr(self, kind).extend(items)

    def add_certificate(self, der: bytes) -> None:
        """Take in a certificate, if it is one."""

        def read() -> list[Any]:
            certificate = x509.Certificate.load(der, strict=True)
            _ = certificate.subject.hashable, certificate.serial_number
            return [certificate]

        self._take(der, "certificates", read)

    def add_ocsp(self, der: bytes) -> None:
        """Take in an OCSP response, if it is one."""

        def read() -> list[Any]:
            containers = OCSPContainer.load_multi(ocsp.OCSPResponse.load(der))
            for c in containers:
                _ = c.issuance_date
            return list(containers)

        self._take(der, "ocsps", read)

    def add_crl(self, der: bytes) -> None:
        """Take in a CRL, if it is one."""

        def read() -> list[Any]:
            container = CRLContainer(crl_data=crl.CertificateList.load(der))
            _ = container.issuance_date, container.crl_data.issuer.hashable
            return [container]

        self._take(der, "crls", read)

    def _take(self, der: bytes, kind: str, read: Callable[[], list[Any]]) -> None:
        digest = hashlib.sha256(der).digest()
        if digest in self._taken:
            return
        try:
            items = [x for x in read() if self._is_usable(x)]
        except _FAULTS:
            items = []
        self._taken[digest] = kind, items
        getattr(self, kind).extend(items)

    def _is_usable(self, item: object) -> bool:
        """Whether an answer may speak at all: rule 4."""
        if isinstance(item, CRLContainer):
            signed: Any = item.crl_data
        elif isinstance(item, OCSPContainer):
            signed = item.extract_basic_ocsp_response()
        else:
            return True
        issued_at = item.issuance_date
        if signed is None or issued_at is None:
            return False
        if self.until is not None and issued_at > self.until + POLICY.clock_skew:
            return False
        name = hash_of(signed["signature_algorithm"], "")
        return not name or POLICY.digest(name, issued_at).allowed

    def add_container(self, c: Container) -> None:
        """Take in what a CMS container carries beside its signature."""
        for certificate in c.certificates:
            self.add_certificate(certificate.dump())
        listed = c.signed_data["crls"]
        for choice in listed if isinstance(listed, acms.RevocationInfoChoices) else ():
            if choice.name == "crl":
                self.add_crl(choice.chosen.dump())
        for value in c.attributes.get("adobe_revocation_info_archival", ()):
            if isinstance(value, asn1_pdf.RevocationInfoArchival):
                for item in value["crl"] or ():
                    self.add_crl(item.dump())
                for item in value["ocsp"] or ():
                    self.add_ocsp(item.dump())

    def add_store(self, doc: Document, revision: int) -> bool:
        """Take in the /DSS in force at `revision`; return whether there is one."""
        dss = doc.get(doc.root(revision), "/DSS", revision)
        if not isinstance(dss, dict):
            return False
        takers = {"/Certs": self.add_certificate, "/OCSPs": self.add_ocsp, "/CRLs": self.add_crl}
        for key, take in takers.items():
            listed = doc.get(dss, key, revision)
            for item in listed if isinstance(listed, tuple) else ():
                content = doc.stream_bytes(item, revision) if isinstance(item, Ref) else None
                if content:
                    take(content)
        return True


def timing(at: datetime, *, past: bool) -> ValidationTimingInfo:
    """Return pyHanko's way of saying "judge as of `at`"."""
    return ValidationTimingInfo(
        validation_time=at, best_signature_time=at, point_in_time_validation=past
    )


def has_evidence(
    evidence: Evidence,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    policy: CertRevTrustPolicy,
    at: datetime,
) -> bool:
    """Whether `evidence` holds an answer about `certificate` that may be used at `at`.

    Signed by the issuer, or by a responder of the issuer's; a name alone is anybody's.
    """
    params = ValidationTimingParams(timing(at, past=False), POLICY.clock_skew)
    # certvalidator asks no OCSP answer about a certificate that names no responder
    for o in evidence.ocsps if _urls(lambda: certificate.ocsp_urls) else ():
        single = o.extract_single_response()
        speaks = single is not None and _speaks_of(single["cert_id"], certificate, issuer)
        usable = speaks and o.usable_at(policy, params).rating.usable_ades
        if usable and any(end >= at for end in _responders(o, issuer)):
            return True
    return any(
        c.usable_at(policy, params).rating.usable_ades and _listed_by(c, issuer)
        for c in evidence.crls
        if c.crl_data.issuer == certificate.issuer
    )


def outlived(
    evidence: Evidence,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    policy: CertRevTrustPolicy,
    at: datetime,
) -> bool:
    """Whether an answer would be good, had its responder's certificate not expired by `at`."""
    params = ValidationTimingParams(timing(at, past=False), POLICY.clock_skew)
    for o in evidence.ocsps:
        single = o.extract_single_response()
        if single is None or not _speaks_of(single["cert_id"], certificate, issuer):
            continue
        ends = list(_responders(o, issuer))
        if ends and max(ends) < at and o.usable_at(policy, params).rating.usable_ades:
            return True
    return False


@dataclass(frozen=True, slots=True)
class DirectAnswer:
    """What a CRL of the anchor itself says about a certificate right below it."""

    revoked_at: datetime | None = None


def direct_answer(
    evidence: Evidence,
    certificate: x509.Certificate,
    anchor: x509.Certificate,
    policy: CertRevTrustPolicy,
    at: datetime,
) -> DirectAnswer | None:
    """Return what `anchor`'s own complete CRL says; `None` where there is none to use at `at`.

    certvalidator 0.33 finds no path for the CRL of an anchor that is not self-signed, and anchoring
    an intermediate is the strict way to trust the first generation of Vietnamese authorities.
    """
    params = ValidationTimingParams(timing(at, past=False), POLICY.clock_skew)
    usage = anchor.key_usage_value
    if usage is not None and "crl_sign" not in usage.native:
        return None
    for c in evidence.crls:
        listed = c.crl_data
        if (
            listed.issuer != anchor.subject
            or not c.usable_at(policy, params).rating.usable_ades
            or any(e["critical"].native for e in listed["tbs_cert_list"]["crl_extensions"] or ())
            or listed.delta_crl_indicator_value is not None
            or not POLICY.digest(hash_of(listed["signature_algorithm"], ""), at).allowed
            or not _listed_by(c, anchor)
        ):
            continue
        for entry in listed["tbs_cert_list"]["revoked_certificates"] or ():
            if entry["user_certificate"].native == certificate.serial_number:
                return DirectAnswer(entry["revocation_date"].native)
        return DirectAnswer()
    return None


def _signed_by(issuer: x509.Certificate, holder: Any, tbs: str) -> bool:
    algorithm = holder["signature_algorithm"]
    pairing = {"ed25519": "sha512", "ed448": "shake256"}.get(family_of(algorithm) or "", "")
    try:
        value, signed = holder["signature"].native, holder[tbs].dump()
        return verify_value(issuer, algorithm, pairing, value, [signed], None) is Outcome.GOOD
    except _FAULTS:
        return False


def _listed_by(c: CRLContainer, issuer: x509.Certificate) -> bool:
    return _signed_by(issuer, c.crl_data, "tbs_cert_list")


def _responders(o: OCSPContainer, issuer: x509.Certificate) -> Iterable[datetime]:
    """Yield, for each key of the issuer's or its responders' that made `o`, how long it is good.

    An issuer's own end is the path's business, not the answer's.
    """
    basic = o.extract_basic_ocsp_response()
    if basic is None:
        return
    if _signed_by(issuer, basic, "tbs_response_data"):
        yield datetime.max.replace(tzinfo=UTC)
    for responder in basic["certs"] or ():
        if _signed_by(responder, basic, "tbs_response_data") and issued(responder, issuer):
            yield responder.not_valid_after


def issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether `issuer`'s key made `certificate`; says nothing about time or trust."""
    algorithm = certificate["signature_algorithm"]
    pairing = {"ed25519": "sha512", "ed448": "shake256"}.get(family_of(algorithm) or "", "")
    try:
        value = certificate["signature_value"].native
        signed = certificate["tbs_certificate"].dump()
        return verify_value(issuer, algorithm, pairing, value, [signed], None) is Outcome.GOOD
    except _FAULTS:
        return False


def _speaks_of(
    cert_id: ocsp.CertId, certificate: x509.Certificate, issuer: x509.Certificate
) -> bool:
    try:
        if cert_id["serial_number"].native != certificate.serial_number:
            return False
        name = cert_id["hash_algorithm"]["algorithm"].native
        key = hashlib.new(name, bytes(issuer.public_key["public_key"]), usedforsecurity=False)
        return bool(cert_id["issuer_key_hash"].native == key.digest())
    except _FAULTS:
        return False


def need_for(certificate: x509.Certificate, issuer: x509.Certificate) -> RevocationNeed:
    """Return what would answer for `certificate`."""
    return RevocationNeed(
        certificate=certificate.dump(),
        issuer=issuer.dump(),
        ocsp_urls=tuple(_urls(lambda: certificate.ocsp_urls)),
        crl_urls=tuple(
            _urls(
                lambda: [
                    u for p in certificate.crl_distribution_points for u in [p.url] if u is not None
                ]
            )
        ),
    )


def _urls(read: object) -> Iterable[str]:
    try:
        return [str(u) for u in read()]  # type: ignore[operator]
    except _FAULTS:
        return []
