"""A public-key infrastructure for vectors: made in memory, every defect on request.

Keys are made once per run; certificates, CRLs and OCSP answers are declared where they are used.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    NameOID,
    ObjectIdentifier,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""When the vectors are validated, unless they say otherwise."""
DAY = timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@cache
def key(name: str, kind: str = "p256") -> Key:
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, int(kind[3:]))
    curve = {"p192": ec.SECP192R1, "p384": ec.SECP384R1}.get(kind, ec.SECP256R1)
    return ec.generate_private_key(curve())


def name_of(cn: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Thử nghiệm"),
            x509.NameAttribute(NameOID.COMMON_NAME, cn),
        ]
    )


@dataclass
class Entity:
    """A certificate with its key."""

    name: str
    certificate: x509.Certificate
    key: Key
    issuer: "Entity | None" = None

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_der(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    @property
    def chain(self) -> list["Entity"]:
        """This one and its issuers, root last."""
        return [self, *(self.issuer.chain if self.issuer else [])]


def issue(
    cn: str,
    issuer: Entity | None,
    *,
    ca: bool = False,
    usage: Sequence[str] = ("digital_signature", "content_commitment"),
    extended: Sequence[ObjectIdentifier] = (),
    critical_extended: bool = False,
    valid: tuple[datetime, datetime] = (NOW - 400 * DAY, NOW + 400 * DAY),
    kind: str = "p256",
    digest: hashes.HashAlgorithm | None = None,
    path_length: int | None = None,
    constraints: bool = True,
    more: Sequence[tuple[x509.ExtensionType, bool]] = (),
    replace: Sequence[x509.KeyUsage] = (),
    signed_by: Entity | None = None,
    named: x509.Name | None = None,
) -> Entity:
    """Issue a certificate; `signed_by` forges with another key than the issuer's."""
    own = key(cn, kind)
    signing = (signed_by or issuer).key if issuer else own
    flags = dict.fromkeys(
        (
            "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
            "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
        ),
        False,
    )  # fmt: skip
    flags |= dict.fromkeys(("key_cert_sign", "crl_sign") if ca else usage, True)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named or name_of(cn))
        .issuer_name(issuer.certificate.subject if issuer else named or name_of(cn))
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
        .add_extension(replace[0] if replace else x509.KeyUsage(**flags), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
    )
    if constraints:
        limits = x509.BasicConstraints(ca=ca, path_length=path_length)
        builder = builder.add_extension(limits, critical=True)
    for extension, critical in more:
        builder = builder.add_extension(extension, critical=critical)
    if issuer:
        # asn1crypto writes a blank in a URL anew as %20: the certificate would be another one
        place = issuer.name.replace(" ", "-")
        aki = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
        url = x509.UniformResourceIdentifier(f"http://ca.test/{place}.crl")
        point = x509.DistributionPoint([url], None, None, None)
        builder = builder.add_extension(aki, critical=False)
        builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
        where = x509.UniformResourceIdentifier(f"http://ocsp.test/{place}")
        method = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, where)
        builder = builder.add_extension(x509.AuthorityInformationAccess([method]), critical=False)
    if extended:
        usages = x509.ExtendedKeyUsage(list(extended))
        builder = builder.add_extension(usages, critical=critical_extended)
    return Entity(cn, builder.sign(signing, digest or hashes.SHA256()), own, issuer)


def resigned_with_sha1(entity: Entity) -> Entity:
    """Return the same certificate signed with SHA-1, which no library of today will make."""
    from asn1crypto import x509 as ax509
    from cryptography.hazmat.primitives.asymmetric import padding

    assert entity.issuer is not None
    assert isinstance(entity.issuer.key, rsa.RSAPrivateKey)
    c = ax509.Certificate.load(entity.der)
    c["tbs_certificate"]["signature"] = {"algorithm": "sha1_rsa"}
    c["signature_algorithm"] = {"algorithm": "sha1_rsa"}
    tbs = c["tbs_certificate"].dump(force=True)
    c["signature_value"] = entity.issuer.key.sign(tbs, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - the defect itself
    made = x509.load_der_x509_certificate(c.dump(force=True))
    return Entity(entity.name, made, entity.key, entity.issuer)


def crl(
    issuer: Entity,
    revoked: Sequence[tuple[Entity, datetime]] = (),
    *,
    at: datetime = NOW - DAY,
    days: int = 7,
    more: Sequence[tuple[x509.ExtensionType, bool]] = (),
    named: Entity | None = None,
) -> bytes:
    """Make a CRL; `named` is whose name it bears, where that is not who signs it."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name((named or issuer).certificate.subject)
        .last_update(at)
        .next_update(at + days * DAY)
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()),
            critical=False,
        )
    )
    for extension, critical in more:
        builder = builder.add_extension(extension, critical=critical)
    for entity, when in revoked:
        entry = x509.RevokedCertificateBuilder(entity.certificate.serial_number, when)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def ocsp_answer(
    about: Entity,
    *,
    at: datetime = NOW,
    hours: int = 24,
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    revoked_at: datetime | None = None,
    responder: Entity | None = None,
) -> bytes:
    assert about.issuer is not None
    signer = responder or about.issuer
    return (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=about.certificate,
            issuer=about.issuer.certificate,
            algorithm=hashes.SHA256(),
            cert_status=status,
            this_update=at,
            next_update=at + timedelta(hours=hours),
            revocation_time=revoked_at,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
        .certificates([signer.certificate])
        .sign(signer.key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )


@dataclass
class Pki:
    """The usual cast."""

    root: Entity
    ca: Entity
    leader: Entity
    seal: Entity
    tsa: Entity
    stranger: Entity
    extra: dict[str, Entity] = field(default_factory=dict)


@cache
def pki() -> Pki:
    root = issue("Root", None, ca=True)
    ca = issue("Issuing CA", root, ca=True)
    return Pki(
        root,
        ca,
        issue("Leader", ca),
        issue("Seal", ca),
        issue(
            "TSA",
            root,
            kind="rsa2048",  # pyHanko's dummy client signs with RSA alone
            extended=[ExtendedKeyUsageOID.TIME_STAMPING],
            critical_extended=True,
        ),
        issue("Stranger", None),
    )
