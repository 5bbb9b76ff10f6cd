"""CMS containers, time-stamp tokens and evidence with one lie each, made by hand.

Libraries refuse to make most of these; a forger does not use our libraries.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
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


def with_cms(pdf: bytes, change: Callable[[cms.ContentInfo], bytes | None], n: int = -1) -> bytes:
    """Change the container in place; `change` may return other bytes instead."""
    info = cms.ContentInfo.load(contents_of(pdf, n))
    other = change(info)
    return with_der(pdf, info.dump() if other is None else other, n)


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
    more: Callable[[cms.ContentInfo], None] | None = None,
    n: int = -1,
) -> bytes:
    """Change the signed attributes and sign them anew; `order` leaves DER order for another."""

    def remake(info: cms.ContentInfo) -> None:
        si = info["content"]["signer_infos"][0]
        attributes = cms.CMSAttributes(change(list(si["signed_attrs"])))
        raw = attributes.dump(force=True)
        if order is not None:
            raw = set_of(order([a.dump() for a in attributes]))
        si["signed_attrs"] = cms.CMSAttributes.load(raw)
        si["signature_algorithm"] = algorithm_of(by)
        si["signature"] = value_over(raw, by)
        if more is not None:
            more(info)

    return with_cms(pdf, remake, n)


def set_of(elements: Sequence[bytes]) -> bytes:
    body = b"".join(elements)
    length = len(body)
    head = bytes([length]) if length < 0x80 else b"\x82" + length.to_bytes(2, "big")
    return b"\x31" + head + body


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
    listed = cms.CMSAttributes(
        attributes(
            [
                attribute("content_type", content_type),
                attribute("message_digest", hashlib.sha256(inner).digest()),
                bound_to(tsa),
            ]
        )
    )
    value = value_over(listed.dump(force=True), by or tsa)
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
        "signed_attrs": listed,
        "signature_algorithm": algorithm_of(by or tsa),
        "signature": value,
    }
    chain = tsa.chain if certificates is None else certificates
    return cms.ContentInfo(
        {
            "content_type": "signed_data",
            "content": {
                "version": "v3",
                "digest_algorithms": [{"algorithm": "sha256"}],
                "encap_content_info": {
                    "content_type": content_type,
                    "content": core.ParsableOctetString(inner),
                },
                "certificates": [
                    cms.CertificateChoices("certificate", ax509.Certificate.load(e.der))
                    for e in chain
                ],
                "signer_infos": [cms.SignerInfo(info) for _ in range(signers)],
            },
        }
    )


def stamped(pdf: bytes, make: Callable[[bytes], cms.ContentInfo], n: int = -1) -> bytes:
    """Give the signature a signature time-stamp; `make` gets the value that it must cover."""

    def add(info: cms.ContentInfo) -> None:
        si = info["content"]["signer_infos"][0]
        made = make(si["signature"].native)
        si["unsigned_attrs"] = cms.CMSAttributes([attribute("signature_time_stamp_token", made)])

    return with_cms(pdf, add, n)
