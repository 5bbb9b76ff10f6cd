"""Reading certificates (RFC 5280) for the other modules of this room.

Nothing here is a verdict: path validation with policy, revocation and time is
`signer.validation`'s. What is decided here is small: which certificate issued which, and whether
a short path to an anchor exists, so that we know whom to ask and what to accept from the network.

1. `issued_by`: issuer name equals subject name, and the signature verifies.
2. `path_to_anchor`: every issuer on the way is a CA (basicConstraints, and keyCertSign where a
   keyUsage is present), respects pathLenConstraint, and every certificate but the anchor is
   within its validity at the time asked. An anchor is trusted as it stands, issuer or not.
3. `bundle`: DER, PEM with one or several, or PKCS#7 "certs-only" in either form: what authorities
   publish (the Vietnamese national root comes as .p7b), and what answers to caIssuers may be
   (RFC 5280 clause 4.2.2.1).
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

MAX_PATH = 8  # certificates; national PKIs have two or three

_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")
_CERTIFICATE = re.compile(rb"-----BEGIN (?:X509 )?CERTIFICATE-----")


def load(der: bytes) -> x509.Certificate:
    """Return the parsed certificate; raise `ValueError` if it is none."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        # Parsing is lazy: touch what everybody reads, so that a damaged one fails here.
        _ = certificate.extensions, certificate.subject, certificate.issuer
    except x509.DuplicateExtension as exc:
        raise ValueError("an extension appears twice") from exc
    return certificate


def bundle(data: bytes) -> list[x509.Certificate]:
    """Return the certificates in `data` (rule 3); raise `ValueError` if there is none in it.

    Other blocks of PEM are passed over; a certificate that cannot be read is not.
    """
    label = _PEM.search(data)
    if label is None:
        if b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02" in data[:32]:  # signedData, where it must stand
            found = pkcs7.load_der_pkcs7_certificates(data)
        else:
            found = [x509.load_der_x509_certificate(data)]
    elif label[1] == b"PKCS7":
        found = pkcs7.load_pem_pkcs7_certificates(data)
    else:
        found = x509.load_pem_x509_certificates(data)
        if len(found) != len(_CERTIFICATE.findall(data)):
            # The parser passes over a block that was cut off; we do not.
            raise ValueError("a certificate in it is cut off")
    if not found:
        raise ValueError("no certificate in it")
    return [load(der(c)) for c in found]


def der(certificate: x509.Certificate) -> bytes:
    """Return the DER bytes."""
    return certificate.public_bytes(Encoding.DER)


def common_name(certificate: x509.Certificate) -> str:
    """Return the subject's common name, or its whole name where it has none."""
    return _attribute(certificate, NameOID.COMMON_NAME) or certificate.subject.rfc4514_string()


def organization(certificate: x509.Certificate) -> str | None:
    """Return the subject's organization."""
    return _attribute(certificate, NameOID.ORGANIZATION_NAME)


def _attribute(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str | None:
    # The last one is the most specific; some CAs write several.
    values = certificate.subject.get_attributes_for_oid(oid)
    return str(values[-1].value) if values else None


def serial_hex(certificate: x509.Certificate) -> str:
    """Return the serial number in lower-case hex without leading zeros."""
    return f"{certificate.serial_number:x}"


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 fingerprint, lower-case hex."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def is_self_issued(certificate: x509.Certificate) -> bool:
    """Return whether subject and issuer are the same name."""
    return certificate.subject == certificate.issuer


def valid_at(certificate: x509.Certificate, at: datetime) -> bool:
    """Return whether `at` lies within the certificate's validity, both ends included."""
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Return whether `issuer` signed `certificate` (rule 1)."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
        return False
    return True


def is_authority(certificate: x509.Certificate, *, below: int = 0) -> bool:
    """Return whether it may issue certificates with `below` further CAs under it."""
    try:
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return False
    if not basic.ca or (basic.path_length is not None and below > basic.path_length):
        return False
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return usage.key_cert_sign


def chain_of(leaf: x509.Certificate, pool: Iterable[x509.Certificate]) -> list[x509.Certificate]:
    """Return the issuers of `leaf` found in `pool`, its own issuer first, as far as they go."""
    candidates = list(pool)
    chain: list[x509.Certificate] = []
    current = leaf
    while not is_self_issued(current) and len(chain) < MAX_PATH:
        found = next((c for c in candidates if c not in chain and issued_by(current, c)), None)
        if found is None or found == leaf:
            break
        chain.append(found)
        current = found
    return chain


def path_to_anchor(
    leaf: x509.Certificate,
    anchors: Sequence[x509.Certificate],
    helpers: Iterable[x509.Certificate],
    at: datetime,
) -> list[x509.Certificate] | None:
    """Return leaf … anchor (rule 2), or `None` where there is no such path."""
    pool = list(helpers)
    # Each certificate is climbed from once: cross-certificates that anybody may put into a token
    # would otherwise make the search exponential.
    seen: set[x509.Certificate] = set()

    def climb(path: list[x509.Certificate]) -> list[x509.Certificate] | None:
        current = path[-1]
        if current in anchors:
            return path
        if current in seen or not valid_at(current, at) or len(path) > MAX_PATH:
            return None
        seen.add(current)
        for issuer in (*anchors, *pool):
            if issuer in path or not is_authority(issuer, below=len(path) - 1):
                continue
            if issued_by(current, issuer) and (found := climb([*path, issuer])) is not None:
                return found
        return None

    return climb([leaf])


def issuer_hashes(issuer: x509.Certificate, algorithm: hashes.HashAlgorithm) -> tuple[bytes, bytes]:
    """Return issuerNameHash and issuerKeyHash of an OCSP CertID (RFC 6960 clause 4.1.1).

    Over the bytes that stand in the certificate: re-encoding a name may change its string types.
    """
    # Imported here: 60 ms that reading anchors on the command line need not pay.
    from asn1crypto import x509 as asn1_x509

    tbs = asn1_x509.Certificate.load(der(issuer))["tbs_certificate"]
    bits: bytes = tbs["subject_public_key_info"]["public_key"].contents[1:]  # unused-bits octet
    found = []
    for data in (tbs["subject"].dump(), bits):
        digest = hashes.Hash(algorithm)
        digest.update(data)
        found.append(digest.finalize())
    return found[0], found[1]


def raw_issuer(certificate: x509.Certificate) -> bytes:
    """Return the issuer's name in DER, as it stands in the certificate."""
    from asn1crypto import x509 as asn1_x509

    name: bytes = asn1_x509.Certificate.load(der(certificate)).issuer.dump()
    return name


def key_identifier(certificate: x509.Certificate) -> bytes | None:
    """Return the subject key identifier, or `None`."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return None
    return found.value.digest


def ocsp_urls(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the OCSP responders that the certificate names (authorityInfoAccess)."""
    return _access(certificate, AuthorityInformationAccessOID.OCSP)


def issuer_urls(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return where the certificate says that its issuer's can be had (caIssuers)."""
    return _access(certificate, AuthorityInformationAccessOID.CA_ISSUERS)


def _access(certificate: x509.Certificate, method: x509.ObjectIdentifier) -> tuple[str, ...]:
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    except x509.ExtensionNotFound:
        return ()
    return tuple(
        str(d.access_location.value)
        for d in access.value
        if d.access_method == method
        and isinstance(d.access_location, x509.UniformResourceIdentifier)
    )


def crl_urls(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the addresses of full CRLs that the certificate names (cRLDistributionPoints)."""
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints)
    except x509.ExtensionNotFound:
        return ()
    return tuple(
        str(name.value)
        for point in points.value
        for name in point.full_name or ()
        if isinstance(name, x509.UniformResourceIdentifier)
    )
