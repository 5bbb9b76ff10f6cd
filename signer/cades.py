"""Builds the CMS of a PAdES baseline signature from the document's digest alone.

Own DER, because the structure is small and fixed: asn1crypto's builder costs 12-20 ms per CMS and
pyHanko builds it twice to learn its size. Here the size is known before anything is signed.

Rules (EN 319 142-1 clause 6.3 for PAdES, EN 319 122-1 clause 5 for the attributes, RFC 5652):

1. SignedData version 1, detached: no eContent. One SignerInfo, version 1, sid = issuer and serial.
2. Signed attributes: content-type, message-digest, signing-certificate-v2 (SHA-256, the default,
   left out as DER requires) and CMSAlgorithmProtection (RFC 6211). No signing-time: the claimed
   time of a PAdES signature stands in /M (clause 6.3, table 1, note on signing-time).
3. What is signed is the attributes as DER SET OF: sorted by encoding.
4. The certificates are the signer's and its issuers', without the root: a verifier has the root or
   does not trust it. (Vietnamese files carry the signer's alone, and break when the issuer's is
   no longer to be had.)
5. The unsigned attributes hold the signature-time-stamp, if any, and nothing else.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from asn1crypto import algos, core, x509

SEQUENCE, SET, OCTETS, INTEGER = 0x30, 0x31, 0x04, 0x02

_SIGNATURES = {
    ("rsassa_pkcs1v15", "sha256"): "sha256_rsa",
    ("rsassa_pkcs1v15", "sha384"): "sha384_rsa",
    ("rsassa_pkcs1v15", "sha512"): "sha512_rsa",
    ("ecdsa", "sha256"): "sha256_ecdsa",
    ("ecdsa", "sha384"): "sha384_ecdsa",
    ("ecdsa", "sha512"): "sha512_ecdsa",
}


def _tlv(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    if len(body) < 0x80:  # noqa: PLR2004 - DER: short form below 128
        return bytes((tag, len(body))) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def _oid(dotted: str) -> bytes:
    return bytes(core.ObjectIdentifier(dotted).dump())


DATA = _oid("1.2.840.113549.1.7.1")
SIGNED_DATA = _oid("1.2.840.113549.1.7.2")
CONTENT_TYPE = _oid("1.2.840.113549.1.9.3")
MESSAGE_DIGEST = _oid("1.2.840.113549.1.9.4")
ALGORITHM_PROTECTION = _oid("1.2.840.113549.1.9.52")
SIGNING_CERTIFICATE_V2 = _oid("1.2.840.113549.1.9.16.2.47")
SIGNATURE_TIME_STAMP = _oid("1.2.840.113549.1.9.16.2.14")


def digest_for(certificate: bytes) -> Literal["sha256", "sha384", "sha512"]:
    """Return the digest that matches the strength of the certificate's key.

    SHA-256 for RSA and P-256, SHA-384 for P-384, SHA-512 for P-521 (TS 119 312 clause 7.4: a hash
    at least as strong as the curve; larger ones would only be cut off).
    """
    public_key = x509.Certificate.load(certificate).public_key
    if public_key.algorithm != "ec":
        return "sha256"
    bits = public_key.bit_size
    if bits <= 256:  # noqa: PLR2004 - the curves' own sizes
        return "sha256"
    return "sha384" if bits <= 384 else "sha512"  # noqa: PLR2004 - the same


@dataclass(frozen=True, slots=True)
class SignedAttributes:
    """What the key signs, and the two ways it is written."""

    body: bytes

    @property
    def to_be_signed(self) -> bytes:
        """The DER SET OF (rule 3)."""
        return _tlv(SET, self.body)

    @property
    def in_signer_info(self) -> bytes:
        """The same under its implicit tag [0]."""
        return _tlv(0xA0, self.body)


class SignatureBuilder:
    """Everything about a signature that does not depend on the document."""

    def __init__(
        self,
        *,
        certificate: bytes,
        chain: Sequence[bytes],
        signature_algorithm: str,
        digest_algorithm: str,
    ) -> None:
        """Take DER certificates; `chain` runs from the issuer up.

        Raises:
            KeyError: a pairing of signature scheme and digest that we do not make.

        """
        parsed = x509.Certificate.load(certificate)
        self.digest_algorithm = digest_algorithm
        self._digest = algos.DigestAlgorithm({"algorithm": digest_algorithm}).dump()
        name = _SIGNATURES[signature_algorithm, digest_algorithm]
        self._signature = algos.SignedDigestAlgorithm({"algorithm": name}).dump()
        # The bytes as issued: names re-encoded by a library may use other string types.
        issuer = parsed["tbs_certificate"]["issuer"].dump()
        serial = parsed["tbs_certificate"]["serial_number"].dump()
        self._sid = _tlv(SEQUENCE, issuer, serial)
        issuer_serial = _tlv(SEQUENCE, _tlv(SEQUENCE, _tlv(0xA4, issuer)), serial)
        ess_cert = _tlv(SEQUENCE, _tlv(OCTETS, hashlib.sha256(certificate).digest()), issuer_serial)
        self._fixed_attributes = (
            _attribute(CONTENT_TYPE, DATA),
            _attribute(SIGNING_CERTIFICATE_V2, _tlv(SEQUENCE, _tlv(SEQUENCE, ess_cert))),
            _attribute(
                ALGORITHM_PROTECTION,
                # signatureAlgorithm [1] IMPLICIT: the tag replaces that of the SEQUENCE
                _tlv(SEQUENCE, self._digest, b"\xa1" + self._signature[1:]),
            ),
        )
        issuers = [c for c in chain if not _self_issued(c)]
        self._certificates = _tlv(0xA0, *sorted({certificate, *issuers}))

    def attributes(self, document_digest: bytes) -> SignedAttributes:
        """Return the attributes to sign for a document (rules 2 and 3)."""
        digest = _attribute(MESSAGE_DIGEST, _tlv(OCTETS, document_digest))
        return SignedAttributes(b"".join(sorted((*self._fixed_attributes, digest))))

    def finish(
        self, attributes: SignedAttributes, signature: bytes, time_stamp: bytes | None = None
    ) -> bytes:
        """Return the ContentInfo, DER; `time_stamp` is a TimeStampToken over `signature`."""
        unsigned = b""
        if time_stamp is not None:
            unsigned = _tlv(0xA1, _attribute(SIGNATURE_TIME_STAMP, time_stamp))
        signer_info = _tlv(
            SEQUENCE,
            _tlv(INTEGER, b"\x01"),
            self._sid,
            self._digest,
            attributes.in_signer_info,
            self._signature,
            _tlv(OCTETS, signature),
            unsigned,
        )
        signed_data = _tlv(
            SEQUENCE,
            _tlv(INTEGER, b"\x01"),
            _tlv(SET, self._digest),
            _tlv(SEQUENCE, DATA),
            self._certificates,
            _tlv(SET, signer_info),
        )
        return _tlv(SEQUENCE, SIGNED_DATA, _tlv(0xA0, signed_data))

    def size(self, *, signature: int, time_stamp: int = 0) -> int:
        """Return the length of the ContentInfo for parts of at most these lengths, in bytes."""
        digest = bytes(hashlib.new(self.digest_algorithm).digest_size)
        stamp = bytes(time_stamp) if time_stamp else None
        return len(self.finish(self.attributes(digest), bytes(signature), stamp))


def _attribute(oid: bytes, *values: bytes) -> bytes:
    return _tlv(SEQUENCE, oid, _tlv(SET, *values))


def _self_issued(certificate: bytes) -> bool:
    return x509.Certificate.load(certificate).self_issued is True
