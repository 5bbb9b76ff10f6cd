"""Certificate profiles of the development PKI (design.md §8; RFC 5280, RFC 3161, RFC 6960).

1. Every subject carries "PHÁT TRIỂN – KHÔNG CÓ GIÁ TRỊ PHÁP LÝ" as an organizational unit, so
   that no certificate of ours can be taken for a real one, wherever it turns up.
2. The shapes follow what the national CAs issue: RSA-3072 authorities, RSA-2048 persons, seal and
   TSA, keyUsage digitalSignature + nonRepudiation, the extended usages seen on real signers.
3. Root-issued certificates (issuing CA, TSA) have a CRL only, as real roots sign offline; what the
   issuing CA issues has OCSP and a CRL. The OCSP responder's certificate carries
   id-pkix-ocsp-nocheck, so the evidence ends there.
4. The TSA's extended key usage is timeStamping alone, and critical (RFC 3161 clause 2.3).
5. All addresses lie on loopback.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    NameOID,
    ObjectIdentifier,
)

from certs.certificates import PrivateKey, PublicKey
from certs.model import IdentityPurpose

MARK = "PHÁT TRIỂN – KHÔNG CÓ GIÁ TRỊ PHÁP LÝ"
AGENCY = "UBND xã Lam Mẫu (PHÁT TRIỂN)"
OPERATOR = "Ấn Tín (PHÁT TRIỂN)"

# Under 2.25 (UUID arc, ITU-T X.667), which needs no registration.
CERTIFICATE_POLICY = ObjectIdentifier("2.25.164713823945618730542096415387014228761.1")
TSA_POLICY = ObjectIdentifier("2.25.164713823945618730542096415387014228761.2")

# Not before: a clock of a machine that syncs late must not refuse what was just made.
BACKDATED = timedelta(days=1)
_YEAR = timedelta(days=365)

KeyKind = Literal["rsa3072", "rsa2048", "p256"]
Role = Literal["root", "issuing", "tsa", "ocsp", "person", "service"]
YEARS: dict[Role, int] = {
    "root": 20, "issuing": 15, "tsa": 10, "ocsp": 10, "person": 5, "service": 5,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom a certificate is for."""

    id: str
    """File name of an authority, or id of the identity."""
    role: Role
    key: KeyKind
    common_name: str
    organization: str
    title: str | None = None
    uid: str | None = None
    purpose: IdentityPurpose | None = None
    """Set for those who become signing identities."""

    @property
    def name(self) -> x509.Name:
        """Return the distinguished name, marked (rule 1)."""
        attributes = [
            (NameOID.COUNTRY_NAME, "VN"),
            (NameOID.ORGANIZATION_NAME, self.organization),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, MARK),
            (NameOID.TITLE, self.title),
            (NameOID.COMMON_NAME, self.common_name),
            (NameOID.USER_ID, self.uid),
        ]
        return x509.Name([x509.NameAttribute(oid, text) for oid, text in attributes if text])


AUTHORITIES = (
    Subject(
        id="root", role="root", key="rsa3072",
        common_name="CA gốc Ấn Tín (PHÁT TRIỂN)", organization=OPERATOR,
    ),
    Subject(
        id="issuing", role="issuing", key="rsa3072",
        common_name="CA cấp chứng thư Ấn Tín (PHÁT TRIỂN)", organization=OPERATOR,
    ),
    Subject(
        id="tsa", role="tsa", key="rsa2048",
        common_name="Dấu thời gian Ấn Tín (PHÁT TRIỂN)", organization=OPERATOR,
    ),
    Subject(
        id="ocsp", role="ocsp", key="rsa2048",
        common_name="OCSP Ấn Tín (PHÁT TRIỂN)", organization=OPERATOR,
    ),
)  # fmt: skip

PEOPLE = (
    Subject(
        id="lanh-dao-1", role="person", key="rsa2048", purpose=IdentityPurpose.LEADER,
        common_name="Nguyễn Văn Mẫu", organization=AGENCY, title="Chủ tịch",
    ),
    Subject(
        id="lanh-dao-2", role="person", key="rsa2048", purpose=IdentityPurpose.LEADER,
        common_name="Trần Thị Thử", organization=AGENCY, title="Phó Chủ tịch",
    ),
    Subject(
        id="lanh-dao-3", role="person", key="p256", purpose=IdentityPurpose.LEADER,
        common_name="Lê Quang Nghiệm", organization=AGENCY, title="Phó Chủ tịch",
    ),
    Subject(
        id="can-bo", role="person", key="rsa2048", purpose=IdentityPurpose.DRAFTER,
        common_name="Phạm Thu Thảo", organization=AGENCY, title="Công chức Văn phòng - Thống kê",
    ),
    Subject(
        id="con-dau", role="person", key="rsa2048", purpose=IdentityPurpose.SEAL,
        common_name=AGENCY, organization=AGENCY, uid="MNS:000.00.00.H00",
    ),
    Subject(
        id="dich-vu", role="service", key="p256", purpose=IdentityPurpose.SERVICE,
        common_name="Dịch vụ Ấn Tín (PHÁT TRIỂN)", organization=OPERATOR,
    ),
    Subject(
        id="nhat-ky", role="service", key="p256", purpose=IdentityPurpose.SERVICE,
        common_name="Nhật ký Ấn Tín (PHÁT TRIỂN)", organization=OPERATOR,
    ),
)  # fmt: skip


def new_key(kind: KeyKind) -> PrivateKey:
    """Generate a key."""
    if kind == "p256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, 3072 if kind == "rsa3072" else 2048)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who signs a certificate: name, key, and the name of its files and addresses."""

    id: str
    name: x509.Name
    key: PrivateKey


def certificate_for(
    subject: Subject,
    public_key: PublicKey,
    issuer: Issuer,
    *,
    base_url: str,
    now: datetime,
) -> x509.Certificate:
    """Issue the certificate that the subject's role calls for."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject.name)
        .issuer_name(issuer.name)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.replace(microsecond=0) - BACKDATED)
        .not_valid_after(now.replace(microsecond=0) + YEARS[subject.role] * _YEAR)
    )
    for extension, critical in _extensions(subject, issuer, base_url):
        builder = builder.add_extension(extension, critical=critical)
    identifier = x509.SubjectKeyIdentifier.from_public_key(public_key)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    builder = builder.add_extension(identifier, critical=False)
    builder = builder.add_extension(authority, critical=False)
    return builder.sign(issuer.key, hashes.SHA256())


def _extensions(
    subject: Subject, issuer: Issuer, base_url: str
) -> list[tuple[x509.ExtensionType, bool]]:
    role = subject.role
    authority = role in ("root", "issuing")
    found: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=authority, path_length={"root": 1, "issuing": 0}.get(role)), True)
    ]
    if authority:
        found.append((_usage("digital_signature", "key_cert_sign", "crl_sign"), True))
    elif role in ("tsa", "ocsp"):
        found.append((_usage("digital_signature"), True))
    else:
        found.append((_usage("digital_signature", "content_commitment"), True))
    purposes = {
        "tsa": [ExtendedKeyUsageOID.TIME_STAMPING],
        "ocsp": [ExtendedKeyUsageOID.OCSP_SIGNING],
        "person": [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.EMAIL_PROTECTION],
    }.get(role)
    if purposes:
        found.append((x509.ExtendedKeyUsage(purposes), role == "tsa"))
    if role == "ocsp":
        found.append((x509.OCSPNoCheck(), False))
    if role == "root":
        return found
    found.append((_policies(role), False))
    found.append((_access(role, issuer, base_url), False))
    if role != "ocsp":
        address = x509.UniformResourceIdentifier(f"{base_url}/crl/{issuer.id}.crl")
        point = x509.DistributionPoint([address], None, None, None)
        found.append((x509.CRLDistributionPoints([point]), False))
    return found


def _usage(*allowed: str) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
        "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: name in allowed for name in names})


def _policies(role: Role) -> x509.CertificatePolicies:
    policy = TSA_POLICY if role == "tsa" else CERTIFICATE_POLICY
    notice = x509.UserNotice(None, MARK)
    return x509.CertificatePolicies([x509.PolicyInformation(policy, [notice])])


def _access(role: Role, issuer: Issuer, base_url: str) -> x509.AuthorityInformationAccess:
    descriptions = [
        x509.AccessDescription(
            AuthorityInformationAccessOID.CA_ISSUERS,
            x509.UniformResourceIdentifier(f"{base_url}/ca/{issuer.id}.crt"),
        )
    ]
    if role in ("person", "service"):
        ocsp = x509.UniformResourceIdentifier(f"{base_url}/ocsp")
        descriptions.append(x509.AccessDescription(AuthorityInformationAccessOID.OCSP, ocsp))
    return x509.AuthorityInformationAccess(descriptions)
