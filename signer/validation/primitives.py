"""Verify one signature value with one public key.

1. RSA PKCS#1 v1.5 and PSS (RFC 8017), DSA, ECDSA with X9.62 values and with plain r‖s values
   (BSI TR-03111, as German eID cards write), Ed25519 and Ed448 (RFC 8032, 8419); with SHA-1, SHA-2
   and SHA-3.
2. The hash is the one that the signature algorithm names; where it names none (rsaEncryption, as
   most tools write), the container's digest algorithm.
3. PSS parameters are taken as they stand; a mask function other than MGF1 is unsupported.
4. An algorithm that is not one of these is unsupported, whatever the key could verify.
5. Ed25519 goes with SHA-512, Ed448 with SHAKE256 of 64 bytes: other pairings are forbidden.
"""

from collections.abc import Sequence
from enum import Enum

from asn1crypto import algos, x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature


class Outcome(Enum):
    """What came of it."""

    GOOD = "good"
    BAD = "bad"
    FORBIDDEN = "forbidden"
    OTHER_ENCODING = "other-encoding"
    UNSUPPORTED = "unsupported"


_HASH: dict[str, type[hashes.HashAlgorithm]] = {
    "md5": hashes.MD5,
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
    "sha3_224": hashes.SHA3_224,
    "sha3_256": hashes.SHA3_256,
    "sha3_384": hashes.SHA3_384,
    "sha3_512": hashes.SHA3_512,
}

_PLAIN_ECDSA = "0.4.0.127.0.7.1.1.4.1."
_PLAIN_HASH = {
    "1": "sha1",
    "2": "sha224",
    "3": "sha256",
    "4": "sha384",
    "5": "sha512",
    "6": "ripemd160",
    "8": "sha3_224",
    "9": "sha3_256",
    "10": "sha3_384",
    "11": "sha3_512",
}
_EXTRA_HASH = {
    # asn1crypto names none of these: NIST's RSA and ECDSA with SHA-3
    "2.16.840.1.101.3.4.3.9": "sha3_224",
    "2.16.840.1.101.3.4.3.10": "sha3_256",
    "2.16.840.1.101.3.4.3.11": "sha3_384",
    "2.16.840.1.101.3.4.3.12": "sha3_512",
    "2.16.840.1.101.3.4.3.13": "sha3_224",
    "2.16.840.1.101.3.4.3.14": "sha3_256",
    "2.16.840.1.101.3.4.3.15": "sha3_384",
    "2.16.840.1.101.3.4.3.16": "sha3_512",
}
_KEY_OID = {"1.2.840.10045.2.1": "ecdsa", "1.2.840.10040.4.1": "dsa"}
"""Some tools name the kind of key where the algorithm belongs; with the digest it is plain."""
_EDDSA_DIGEST = {"ed25519": "sha512", "ed448": "shake256"}


def hash_of(algorithm: algos.SignedDigestAlgorithm | None, digest_name: str) -> str:
    """Return the name of the hash that a signature is made with: rule 2."""
    if algorithm is None:
        return digest_name
    oid = algorithm["algorithm"].dotted
    if oid in _EXTRA_HASH:
        return _EXTRA_HASH[oid]
    if oid.startswith(_PLAIN_ECDSA):
        return _PLAIN_HASH.get(oid[len(_PLAIN_ECDSA) :], digest_name)
    try:
        return str(algorithm.hash_algo)
    except (ValueError, KeyError, AttributeError):
        return digest_name


def family_of(algorithm: algos.SignedDigestAlgorithm) -> str | None:
    """Return the kind of signature (`rsassa_pkcs1v15`, `ecdsa`…), `None` if unknown."""
    oid = algorithm["algorithm"].dotted
    if oid in _EXTRA_HASH:
        return "rsassa_pkcs1v15" if int(oid.rsplit(".", 1)[1]) >= 13 else "ecdsa"  # noqa: PLR2004 NIST's list
    if oid.startswith(_PLAIN_ECDSA):
        return "ecdsa"
    try:
        return str(algorithm.signature_algo)
    except (ValueError, KeyError):
        return None


def verify_value(  # noqa: C901, PLR0911, PLR0912 - one way out per kind of key
    certificate: x509.Certificate,
    algorithm: algos.SignedDigestAlgorithm | None,
    digest_name: str,
    value: bytes,
    parts: Sequence[bytes | memoryview],
    digest: bytes | None,
) -> Outcome:
    """Verify `value` over `parts`, whose digest by `digest_name` is `digest` where known."""
    try:
        key = serialization.load_der_public_key(certificate.public_key.dump())
    except (ValueError, TypeError, UnsupportedAlgorithm, AttributeError):
        return Outcome.UNSUPPORTED
    name = hash_of(algorithm, digest_name)
    try:
        if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            kind = "ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else "ed448"
            if digest_name not in (_EDDSA_DIGEST[kind], "shake256_len" if kind == "ed448" else ""):
                return Outcome.FORBIDDEN
            key.verify(value, b"".join(parts))
            return Outcome.GOOD
        if name not in _HASH:
            return Outcome.UNSUPPORTED
        h = _HASH[name]()
        if digest is None or name != digest_name:
            hasher = hashes.Hash(h)
            for p in parts:
                hasher.update(p)
            digest = hasher.finalize()
        if not _fits(algorithm, key):
            return Outcome.UNSUPPORTED
        pre = Prehashed(h)
        if isinstance(key, rsa.RSAPublicKey):
            pad = _padding(algorithm)
            if pad is None:
                return Outcome.UNSUPPORTED
            key.verify(value, digest, pad, pre)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            if algorithm is not None and algorithm["algorithm"].dotted.startswith(_PLAIN_ECDSA):
                value = _from_plain(value)
            key.verify(value, digest, ec.ECDSA(pre))
        elif isinstance(key, dsa.DSAPublicKey):
            key.verify(value, digest, pre)
        else:
            return Outcome.UNSUPPORTED
    except InvalidSignature:
        return Outcome.BAD
    except (UnsupportedAlgorithm, ValueError, TypeError, KeyError):
        return Outcome.UNSUPPORTED
    return Outcome.GOOD


def _fits(algorithm: algos.SignedDigestAlgorithm | None, key: object) -> bool:
    """Whether the signature algorithm speaks of this kind of key at all."""
    if algorithm is None:
        return True
    wanted = {
        "rsassa_pkcs1v15": rsa.RSAPublicKey,
        "rsassa_pss": rsa.RSAPublicKey,
        "ecdsa": ec.EllipticCurvePublicKey,
        "dsa": dsa.DSAPublicKey,
    }.get(family_of(algorithm) or _KEY_OID.get(algorithm["algorithm"].dotted, ""))
    return wanted is not None and isinstance(key, wanted)


def _padding(algorithm: algos.SignedDigestAlgorithm | None) -> padding.AsymmetricPadding | None:
    if algorithm is None or algorithm["algorithm"].dotted != "1.2.840.113549.1.1.10":
        return padding.PKCS1v15()
    parameters = algorithm["parameters"]
    mask = parameters["mask_gen_algorithm"]
    name = mask["parameters"]["algorithm"].native
    if mask["algorithm"].native != "mgf1" or name not in _HASH:
        return None
    return padding.PSS(padding.MGF1(_HASH[name]()), parameters["salt_length"].native)


def _from_plain(value: bytes) -> bytes:
    half = len(value) // 2
    if len(value) % 2 or not half:
        raise ValueError("plain ECDSA value of odd length")
    return encode_dss_signature(
        int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big")
    )
