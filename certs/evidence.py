"""Whether an OCSP response or CRL is about a certificate, genuine and current.

What fails here never enters the bag of evidence nor the cache, so that a lying or replaying
server can only withhold evidence, not plant it. It is no verdict: revoked is as welcome as good,
and whether evidence is fresh enough for a signature is `signer.validation`'s to say.

OCSP (RFC 6960 clause 3.2):

1. The response is successful and holds an answer whose CertID (serial, issuer name and key, by
   whatever digest it names) is the certificate's. An answer "unknown" is none.
2. It is signed by the issuer itself, or by a responder whose certificate comes with it, was
   issued by that issuer directly, carries the extended key usage OCSPSigning and is valid now.
3. thisUpdate is not in the future and nextUpdate not in the past, by five minutes of tolerance
   for clocks. Without nextUpdate it is good for a day.

CRL (RFC 5280 clauses 5 and 6.3.3):

4. Issuer name and signature are those of the certificate's issuer (no indirect CRLs).
5. thisUpdate is not in the future; nextUpdate exists and is not in the past; same tolerance.
6. It is complete: no delta CRL, no unknown critical extension, and an issuing distribution point,
   where present, covers this certificate for all reasons.
7. Its number is not lower than that of the one we already have.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from certs import certificates

TOLERANCE = timedelta(minutes=5)
OCSP_WITHOUT_END = timedelta(days=1)


class EvidenceRejectedError(ValueError):
    """The bytes are no evidence about that certificate; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspEvidence:
    """A response that passed rules 1-3."""

    der: bytes
    this_update: datetime
    valid_until: datetime
    revoked: bool
    responder: x509.Certificate | None
    """The delegated responder; `None` where the issuer signed itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlEvidence:
    """A CRL that passed rules 4-7; DER."""

    der: bytes
    this_update: datetime
    valid_until: datetime
    number: int | None


def check_ocsp(
    der: bytes, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
) -> OcspEvidence:
    """Return the evidence, or raise `EvidenceRejectedError` (rules 1-3)."""
    try:
        return _ocsp(der, certificate, issuer, now)
    except (ValueError, TypeError, KeyError, UnsupportedAlgorithm, InvalidSignature) as exc:
        if isinstance(exc, EvidenceRejectedError):
            raise
        raise EvidenceRejectedError(f"OCSP: {type(exc).__name__} {exc}") from exc


def check_crl(
    der: bytes,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    now: datetime,
    *,
    at_least: int | None = None,
) -> CrlEvidence:
    """Return the evidence, or raise `EvidenceRejectedError` (rules 4-7).

    `der` may be PEM, as some repositories serve it; `at_least` is the number of the CRL at hand.
    """
    try:
        found = _crl(der, certificate, issuer, now)
    except (ValueError, TypeError, KeyError, UnsupportedAlgorithm, InvalidSignature) as exc:
        if isinstance(exc, EvidenceRejectedError):
            raise
        raise EvidenceRejectedError(f"CRL: {type(exc).__name__} {exc}") from exc
    if at_least is not None and (found.number or 0) < at_least:
        raise EvidenceRejectedError("CRL: older than the one at hand")
    return found


def _ocsp(
    der: bytes, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
) -> OcspEvidence:
    response = ocsp.load_der_ocsp_response(der)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise EvidenceRejectedError(f"OCSP: {response.response_status.name.lower()}")
    answer = next((a for a in response.responses if _about(a, certificate, issuer)), None)
    if answer is None:
        raise EvidenceRejectedError("OCSP: about another certificate")
    if answer.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        raise EvidenceRejectedError("OCSP: the responder does not know the certificate")
    responder = _responder(response, issuer, now)
    key = (responder or issuer).public_key()
    data, signature = response.tbs_response_bytes, response.signature
    digest = response.signature_hash_algorithm
    if digest is None:
        raise EvidenceRejectedError("OCSP: signature algorithm not supported")
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, data, padding.PKCS1v15(), digest)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, data, ec.ECDSA(digest))
    else:
        raise EvidenceRejectedError("OCSP: key type not supported")
    this_update = answer.this_update_utc
    valid_until = answer.next_update_utc or this_update + OCSP_WITHOUT_END
    _check_window("OCSP", this_update, valid_until, now)
    return OcspEvidence(
        der=der,
        this_update=this_update,
        valid_until=valid_until,
        revoked=answer.certificate_status is ocsp.OCSPCertStatus.REVOKED,
        responder=responder,
    )


def _about(
    answer: ocsp.OCSPSingleResponse, certificate: x509.Certificate, issuer: x509.Certificate
) -> bool:
    expected = certificates.issuer_hashes(issuer, answer.hash_algorithm)
    found = answer.issuer_name_hash, answer.issuer_key_hash
    return answer.serial_number == certificate.serial_number and found == expected


def _responder(
    response: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime
) -> x509.Certificate | None:
    """Return the delegated responder, or `None` where the issuer answers itself (rule 2)."""
    for candidate in (issuer, *response.certificates):
        identifier = x509.SubjectKeyIdentifier.from_public_key(candidate.public_key()).digest
        by_name = response.responder_name == candidate.subject
        if not by_name and response.responder_key_hash != identifier:
            continue
        if candidate == issuer:
            return None
        if not certificates.issued_by(candidate, issuer):
            raise EvidenceRejectedError("OCSP: the responder's certificate is not by this issuer")
        if not certificates.valid_at(candidate, now):
            raise EvidenceRejectedError("OCSP: the responder's certificate is not valid now")
        try:
            usage = candidate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except x509.ExtensionNotFound:
            usage = x509.ExtendedKeyUsage([])
        if ExtendedKeyUsageOID.OCSP_SIGNING not in usage:
            raise EvidenceRejectedError("OCSP: the responder may not sign OCSP responses")
        return candidate
    raise EvidenceRejectedError("OCSP: the responder's certificate is missing")


def _crl(
    der: bytes, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
) -> CrlEvidence:
    if der.lstrip()[:11] == b"-----BEGIN ":
        crl = x509.load_pem_x509_crl(der)
    else:
        crl = x509.load_der_x509_crl(der)
    if crl.issuer != issuer.subject:
        raise EvidenceRejectedError("CRL: of another issuer")
    key = issuer.public_key()
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise EvidenceRejectedError("CRL: key type not supported")
    if not crl.is_signature_valid(key):
        raise EvidenceRejectedError("CRL: its signature does not verify")
    if crl.next_update_utc is None:
        raise EvidenceRejectedError("CRL: without nextUpdate")
    _check_window("CRL", crl.last_update_utc, crl.next_update_utc, now)
    number = None
    for extension in crl.extensions:
        if isinstance(extension.value, x509.CRLNumber):
            number = extension.value.crl_number
        elif isinstance(extension.value, x509.IssuingDistributionPoint):
            _check_scope(extension.value, certificate)
        elif extension.critical or extension.oid == ExtensionOID.DELTA_CRL_INDICATOR:
            raise EvidenceRejectedError(f"CRL: extension {extension.oid.dotted_string}")
    return CrlEvidence(
        der=crl.public_bytes(Encoding.DER),
        this_update=crl.last_update_utc,
        valid_until=crl.next_update_utc,
        number=number,
    )


def _check_scope(scope: x509.IssuingDistributionPoint, certificate: x509.Certificate) -> None:
    authority = certificates.is_authority(certificate)
    names = [n.value for n in scope.full_name or () if isinstance(n.value, str)]
    partial = (
        scope.indirect_crl
        or scope.only_contains_attribute_certs
        or scope.only_some_reasons is not None
        or (scope.only_contains_user_certs and authority)
        or (scope.only_contains_ca_certs and not authority)
    )
    elsewhere = names and not set(names) & set(certificates.crl_urls(certificate))
    if partial or elsewhere:
        raise EvidenceRejectedError("CRL: does not cover this certificate")


def _check_window(kind: str, start: datetime, end: datetime, now: datetime) -> None:
    if start > now + TOLERANCE:
        raise EvidenceRejectedError(f"{kind}: issued in the future ({start.isoformat()})")
    if end < now - TOLERANCE:
        raise EvidenceRejectedError(f"{kind}: out of date since {end.isoformat()}")
