"""CMS containers, time-stamp tokens and evidence with one lie each, made by hand.

Libraries refuse to make most of these; a forger does not use our libraries.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyhanko.sign.ades.cades_asn1  # noqa: F401 - teaches asn1crypto the CAdES attributes
from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as ax509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from vectors.pki import Entity

Attributes = list[cms.CMSAttribute]


def gap_of(pdf: bytes, n: int = -1) -> tuple[int, int, int, int]:
    """Return the /ByteRange of the `n`th signature in the file."""
    found = re.findall(rb"/ByteRange ?\[ ?(\d+) (\d+) (\d+) (\d+)", pdf)[n]
    a, b, c, d = map(int, found)
    return a, b, c, d


def signed_bytes(pdf: bytes, n: int = -1) -> bytes:
    zero, a, b, c = gap_of(pdf, n)
    return pdf[zero:a] + pdf[b : b + c]


def contents_of(pdf: bytes, n: int = -1) -> bytes:
    _, a, b, _ = gap_of(pdf, n)
    return bytes.fromhex(pdf[a + 1 : b - 1].decode())


def with_der(pdf: bytes, der: bytes, n: int = -1) -> bytes:
    """Put `der` into the gap without moving a byte outside it."""
    _, a, b, _ = gap_of(pdf, n)
    assert len(der) * 2 <= b - a - 2
    return pdf[: a + 1] + der.hex().encode().ljust(b - a - 2, b"0") + pdf[b - 1 :]


@dataclass
class SignerParts:
    """A SignerInfo in pieces of DER; `attributes` and `unsigned` are the elements of their SETs."""

    version: bytes
    sid: bytes
    digest_algorithm: bytes
    attributes: list[bytes] | None
    algorithm: bytes
    value: bytes
    unsigned: list[bytes]

    @classmethod
    def of(cls, si: cms.SignerInfo) -> "SignerParts":
        signed, unsigned = si["signed_attrs"], si["unsigned_attrs"]
        return cls(
            si["version"].dump(),
            si["sid"].dump(),
            si["digest_algorithm"].dump(),
            [a.dump() for a in signed] if isinstance(signed, cms.CMSAttributes) else None,
            si["signature_algorithm"].dump(),
            si["signature"].native,
            [a.dump() for a in unsigned] if isinstance(unsigned, cms.CMSAttributes) else [],
        )

    def dump(self) -> bytes:
        signed = [] if self.attributes is None else [tlv(0xA0, *self.attributes)]
        unsigned = [tlv(0xA1, *self.unsigned)] if self.unsigned else []
        value = tlv(0x04, self.value)
        return tlv(
            0x30, self.version, self.sid, self.digest_algorithm, *signed, self.algorithm, value, *unsigned
        )  # fmt: skip


@dataclass
class Parts:
    """A ContentInfo in pieces of DER.

    asn1crypto writes anew what it was told to change, at random and in exponential time, and with
    it what nobody wanted changed; so nothing is changed there.
    """

    version: bytes
    digest_algorithms: bytes
    content: bytes
    certificates: list[bytes]
    signers: list[SignerParts]
    kind: bytes = core.ObjectIdentifier("1.2.840.113549.1.7.2").dump()
    more: bytes = b""
    """Bytes after the container, within the gap."""

    @classmethod
    def of(cls, der: bytes) -> "Parts":
        sd = cms.ContentInfo.load(der)["content"]
        return cls(
            sd["version"].dump(),
            sd["digest_algorithms"].dump(),
            sd["encap_content_info"].dump(),
            [c.dump() for c in sd["certificates"]],
            [SignerParts.of(si) for si in sd["signer_infos"]],
        )

    @property
    def signer(self) -> SignerParts:
        return self.signers[0]

    def dump(self) -> bytes:
        certificates = [tlv(0xA0, *self.certificates)] if self.certificates else []
        signers = tlv(0x31, *(s.dump() for s in self.signers))
        inner = tlv(
            0x30, self.version, self.digest_algorithms, self.content, *certificates, signers
        )
        return tlv(0x30, self.kind, tlv(0xA0, inner)) + self.more


def tlv(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    n = len(body)
    size = (n.bit_length() + 7) // 8
    length = bytes([n]) if n < 0x80 else bytes([0x80 | size]) + n.to_bytes(size, "big")
    return bytes([tag]) + length + body


def with_cms(pdf: bytes, change: Callable[[Parts], bytes | None], n: int = -1) -> bytes:
    """Change the container in place; `change` may return other bytes instead."""
    parts = Parts.of(contents_of(pdf, n))
    other = change(parts)
    return with_der(pdf, parts.dump() if other is None else other, n)


def value_over(data: bytes, by: Entity, digest: hashes.HashAlgorithm | None = None) -> bytes:
    h = digest or hashes.SHA256()
    if isinstance(by.key, ec.EllipticCurvePrivateKey):
        return by.key.sign(data, ec.ECDSA(h))
    return by.key.sign(data, padding.PKCS1v15(), h)


def algorithm_of(by: Entity) -> algos.SignedDigestAlgorithm:
    curve = isinstance(by.key, ec.EllipticCurvePrivateKey)
    return algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa" if curve else "sha256_rsa"})


def resigned(
    pdf: bytes,
    by: Entity,
    change: Callable[[Attributes], Attributes] = lambda a: a,
    *,
    order: Callable[[list[bytes]], list[bytes]] | None = None,
    more: Callable[[Parts], None] | None = None,
    n: int = -1,
) -> bytes:
    """Change the signed attributes and sign them anew; `order` leaves DER order for another."""

    def remake(parts: Parts) -> None:
        signer = parts.signer
        before = cms.CMSAttributes.load(tlv(0x31, *(signer.attributes or ())))
        made = [a.dump() for a in change(list(before))]
        signer.attributes = sorted(made) if order is None else order(made)
        signer.algorithm = algorithm_of(by).dump()
        signer.value = value_over(tlv(0x31, *signer.attributes), by)
        if more is not None:
            more(parts)

    return with_cms(pdf, remake, n)


def attribute(kind: str, *values: object) -> cms.CMSAttribute:
    return cms.CMSAttribute({"type": kind, "values": list(values)})


def without(*kinds: str) -> Callable[[Attributes], Attributes]:
    return lambda attributes: [a for a in attributes if a["type"].native not in kinds]


def plus(*more: cms.CMSAttribute) -> Callable[[Attributes], Attributes]:
    return lambda attributes: [*attributes, *more]


def bound_to(entity: Entity) -> cms.CMSAttribute:
    """The signing-certificate-v2 attribute for `entity`."""
    return attribute(
        "signing_certificate_v2",
        tsp.SigningCertificateV2(
            {"certs": [tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(entity.der).digest()})]}
        ),
    )


def token(
    over: bytes,
    tsa: Entity,
    at: datetime,
    *,
    imprint: bytes | None = None,
    algorithm: str = "sha256",
    attributes: Callable[[Attributes], Attributes] = lambda a: a,
    certificates: Sequence[Entity] | None = None,
    by: Entity | None = None,
    content_type: str = "tst_info",
    content: bytes | None = None,
    spoil: bool = False,
    signers: int = 1,
    accuracy: int | None = None,
) -> cms.ContentInfo:
    """A time-stamp token over `over`; `by` signs in the place of `tsa`."""
    stated = imprint if imprint is not None else hashlib.new(algorithm, over).digest()
    facts = {
        "version": "v1",
        "policy": "1.2.3.4",
        "message_imprint": {"hash_algorithm": {"algorithm": algorithm}, "hashed_message": stated},
        "serial_number": 7,
        "gen_time": at,
    }
    if accuracy is not None:
        facts["accuracy"] = {"seconds": accuracy}
    inner = content if content is not None else tsp.TSTInfo(facts).dump()
    listed = attributes(
        [
            attribute("content_type", content_type),
            attribute("message_digest", hashlib.sha256(inner).digest()),
            bound_to(tsa),
        ]
    )
    raw = tlv(0x31, *sorted(a.dump() for a in listed))
    value = value_over(raw, by or tsa)
    if spoil:
        value = value[:-1] + bytes([value[-1] ^ 1])
    certificate = ax509.Certificate.load(tsa.der)
    info = {
        "version": "v1",
        "sid": cms.SignerIdentifier(
            "issuer_and_serial_number",
            {"issuer": certificate.issuer, "serial_number": certificate.serial_number},
        ),
        "digest_algorithm": {"algorithm": "sha256"},
        "signed_attrs": cms.CMSAttributes.load(raw),
        "signature_algorithm": algorithm_of(by or tsa),
        "signature": value,
    }
    chain = tsa.chain if certificates is None else certificates
    parts = Parts(
        core.Integer(3).dump(),
        cms.DigestAlgorithms([{"algorithm": "sha256"}]).dump(),
        cms.EncapsulatedContentInfo(
            {"content_type": content_type, "content": core.ParsableOctetString(inner)}
        ).dump(),
        [e.der for e in chain],
        [SignerParts.of(cms.SignerInfo(info)) for _ in range(signers)],
    )
    return cms.ContentInfo.load(parts.dump())


def stamped(pdf: bytes, make: Callable[[bytes], cms.ContentInfo], n: int = -1) -> bytes:
    """Give the signature a signature time-stamp; `make` gets the value that it must cover."""

    def add(parts: Parts) -> None:
        made = make(parts.signer.value)
        parts.signer.unsigned = [attribute("signature_time_stamp_token", made).dump()]

    return with_cms(pdf, add, n)
