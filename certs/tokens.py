"""Whether a time-stamp token holds up (RFC 3161, RFC 5816, EN 319 422).

A token goes into a signature for decades; one that does not verify would surface years later.
So it is checked in full before it is used, whoever sent it:

1. The answer is one DER TimeStampResp, granted, with a token and nothing after it.
2. The token is a CMS SignedData over a TSTInfo with exactly one SignerInfo.
3. The imprint is the digest that was sent, under the same algorithm.
4. The nonce is the one that was sent; the policy is the pinned one where there is one.
5. Signed attributes are there; their content type is TSTInfo and their message digest is that of
   the TSTInfo.
6. signingCertificateV2 (or the older signingCertificate) names the certificate of the signer,
   which is embedded. Where both stand there, both must.
7. The signature verifies: RSA (PKCS#1 v1.5 or PSS) or ECDSA, with SHA-256, SHA-384 or SHA-512.
8. The TSA's certificate has a critical extended key usage with timeStamping alone, is valid now,
   and has a path to one of our TSA anchors.
9. genTime is within 60 s of our clock: a TSA must keep UTC to a second (EN 319 421), so more is a
   broken clock, theirs or ours, and either way no time to swear by.

Revocation of the TSA's certificate is not asked here: its evidence goes into the document and is
judged there.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from asn1crypto import algos, cms, core, tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs import certificates
from certs.rfc3161 import TimeStampResp

MAX_SKEW = timedelta(seconds=60)
MAX_EMBEDDED = 20  # certificates in a token; honest ones carry one to four
_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


class TokenRejectedError(ValueError):
    """The answer does not hold up; the message says which rule it broke."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the answer must match."""

    digest: bytes
    digest_algorithm: str
    nonce: int
    policy: str | None
    """Dotted OID, or `None` where any will do."""
    anchors: Sequence[x509.Certificate]
    helpers: Sequence[x509.Certificate]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedToken:
    """A token that passed all rules."""

    der: bytes
    gen_time: datetime
    path: tuple[x509.Certificate, ...]
    """The TSA's certificate, up to the anchor."""


def check_response(body: bytes, expected: Expected) -> CheckedToken:
    """Return the token in a TimeStampResp, or raise `TokenRejectedError`."""
    try:
        return _check(body, expected)
    except TokenRejectedError:
        raise
    except InvalidSignature as exc:
        raise TokenRejectedError("its signature does not verify") from exc
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as exc:
        # asn1crypto parses lazily and says any of these about bytes that are no such structure.
        raise TokenRejectedError("not a time-stamp response") from exc
    except UnsupportedAlgorithm as exc:
        raise TokenRejectedError("algorithm not supported") from exc


def _check(body: bytes, expected: Expected) -> CheckedToken:
    response = TimeStampResp.load(body, strict=True)
    # Bytes are taken before anything below them is looked at: asn1crypto encodes anew what it has
    # parsed, which costs 100 ms and need not give the same bytes.
    token_der: bytes = response["time_stamp_token"].dump()
    status = response["status"]["status"].native
    if status not in ("granted", "granted_with_mods"):
        reasons = response["status"]["fail_info"].native or ()
        raise TokenRejectedError(" ".join([f"status {status}", *sorted(reasons)]))
    token = response["time_stamp_token"]
    if not isinstance(token, cms.ContentInfo) or token["content_type"].native != "signed_data":
        raise TokenRejectedError("granted without a token")
    signed = token["content"]
    content = signed["encap_content_info"]
    if content["content_type"].native != "tst_info":
        raise TokenRejectedError("the content is no TSTInfo")
    if len(signed["signer_infos"]) != 1:
        raise TokenRejectedError(f"{len(signed['signer_infos'])} signers instead of one")
    info_der: bytes = core.OctetString.load(content["content"].untag().dump()).native
    info = tsp.TSTInfo.load(info_der, strict=True)
    _check_info(info, expected)
    signer = signed["signer_infos"][0]
    # Signed is the SET OF, not the [0] that stands in the SignerInfo (RFC 5652 clause 5.4).
    attributes_der: bytes = signer["signed_attrs"].untag().dump()
    embedded = _embedded(signed)
    certificate = _signer_certificate(signer, embedded)
    _check_attributes(signer, info_der, certificate)
    _check_signature(signer, attributes_der, certificate)
    _check_purpose(certificate)
    if not certificates.valid_at(certificate, expected.now):
        raise TokenRejectedError("the TSA's certificate is not valid now")
    path = certificates.path_to_anchor(
        certificate, expected.anchors, [*embedded, *expected.helpers], expected.now
    )
    if path is None:
        raise TokenRejectedError("the TSA is not trusted")
    gen_time: datetime = info["gen_time"].native
    return CheckedToken(der=token_der, gen_time=gen_time, path=tuple(path))


def _check_info(info: tsp.TSTInfo, expected: Expected) -> None:
    imprint = info["message_imprint"]
    if imprint["hash_algorithm"]["algorithm"].native != expected.digest_algorithm:
        raise TokenRejectedError("the imprint is by another algorithm")
    if imprint["hashed_message"].native != expected.digest:
        raise TokenRejectedError("the imprint is of something else")
    if info["nonce"].native != expected.nonce:
        raise TokenRejectedError("the nonce is missing or another")
    policy = info["policy"].dotted
    if expected.policy is not None and policy != expected.policy:
        raise TokenRejectedError(f"policy {policy}")
    offset = info["gen_time"].native - expected.now
    if abs(offset) > MAX_SKEW:
        raise TokenRejectedError(f"its time is {offset.total_seconds():+.0f} s from ours")


def _embedded(signed: cms.SignedData) -> list[x509.Certificate]:
    choices = signed["certificates"]
    if isinstance(choices, core.Void):
        return []
    if len(choices) > MAX_EMBEDDED:
        raise TokenRejectedError(f"{len(choices)} certificates")
    return [certificates.load(c.chosen.dump()) for c in choices if c.name == "certificate"]


def _signer_certificate(
    signer: cms.SignerInfo, embedded: Sequence[x509.Certificate]
) -> x509.Certificate:
    identifier = signer["sid"].chosen
    for certificate in embedded:
        if signer["sid"].name == "issuer_and_serial_number":
            issuer: bytes = identifier["issuer"].dump()
            if identifier[
                "serial_number"
            ].native == certificate.serial_number and issuer == certificates.raw_issuer(
                certificate
            ):
                return certificate
        elif certificates.key_identifier(certificate) == identifier.native:
            return certificate
    raise TokenRejectedError("the TSA's certificate is not in it")


def _check_attributes(
    signer: cms.SignerInfo, info_der: bytes, certificate: x509.Certificate
) -> None:
    attributes: dict[str, core.Asn1Value] = {}
    for attribute in signer["signed_attrs"]:
        name = attribute["type"].native
        if name in attributes or len(attribute["values"]) != 1:
            raise TokenRejectedError(f"attribute {name} more than once")
        attributes[name] = attribute["values"][0]
    digest = hashes.Hash(_digest(signer["digest_algorithm"]))
    digest.update(info_der)
    if "message_digest" not in attributes or "content_type" not in attributes:
        raise TokenRejectedError("signed attributes are missing")
    if attributes["content_type"].native != "tst_info":
        raise TokenRejectedError("content type attribute")
    if attributes["message_digest"].native != digest.finalize():
        raise TokenRejectedError("its message digest does not match")
    named = [
        _named_certificate(attributes[name])
        for name in ("signing_certificate_v2", "signing_certificate")
        if name in attributes
    ]
    der = certificates.der(certificate)
    if not named or any(hashlib.new(a, der).digest() != value for a, value in named):
        raise TokenRejectedError("the signing certificate attribute names another certificate")


def _named_certificate(value: core.Asn1Value) -> tuple[str, bytes]:
    first = value["certs"][0]
    if isinstance(value, tsp.SigningCertificateV2):
        return first["hash_algorithm"]["algorithm"].native, first["cert_hash"].native
    return "sha1", first["cert_hash"].native


def _check_signature(signer: cms.SignerInfo, data: bytes, certificate: x509.Certificate) -> None:
    value: bytes = signer["signature"].native
    algorithm: algos.SignedDigestAlgorithm = signer["signature_algorithm"]
    scheme = algorithm.signature_algo
    key = certificate.public_key()
    digest = _digest(signer["digest_algorithm"])
    if algorithm["algorithm"].native not in ("rsassa_pkcs1v15", "rsassa_pss", "ecdsa"):
        own = algorithm.hash_algo
        if own != signer["digest_algorithm"]["algorithm"].native:
            raise TokenRejectedError("digest algorithms disagree")
    if isinstance(key, rsa.RSAPublicKey) and scheme == "rsassa_pkcs1v15":
        key.verify(value, data, padding.PKCS1v15(), digest)
    elif isinstance(key, rsa.RSAPublicKey) and scheme == "rsassa_pss":
        parameters = algorithm["parameters"]
        digest = _digest(parameters["hash_algorithm"])
        mask = padding.MGF1(_digest(parameters["mask_gen_algorithm"]["parameters"]))
        salt = parameters["salt_length"].native
        key.verify(value, data, padding.PSS(mask, salt), digest)
    elif isinstance(key, ec.EllipticCurvePublicKey) and scheme == "ecdsa":
        key.verify(value, data, ec.ECDSA(digest))
    else:
        raise TokenRejectedError("signature algorithm and key do not fit")


def _digest(algorithm: algos.DigestAlgorithm) -> hashes.HashAlgorithm:
    name = algorithm["algorithm"].native
    if name not in _DIGESTS:
        raise TokenRejectedError(f"signed with digest {name}")
    return _DIGESTS[name]


def _check_purpose(certificate: x509.Certificate) -> None:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound as exc:
        raise TokenRejectedError("the TSA's certificate is not for time-stamping") from exc
    if not usage.critical or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise TokenRejectedError("the TSA's certificate is not critically limited to time-stamping")
