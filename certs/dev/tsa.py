"""The development time-stamping authority (RFC 3161, profiled by EN 319 422).

1. The request must be version 1 with a SHA-256, SHA-384 or SHA-512 imprint of the right length,
   ask for no policy but ours and carry no extension; otherwise a rejection with its failure code.
2. The token echoes imprint and nonce, names our policy, carries a fresh random serial number and
   an accuracy of one second (EN 319 421 asks for no worse).
3. Its CMS SignedData has one SignerInfo whose signed attributes are content type, signing time,
   message digest and signingCertificateV2 (RFC 5816), and carries the certificate if asked.
4. Time is the caller's: the token says `now`, to the second.
"""

import hashlib
import secrets
from datetime import datetime

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from certs import certificates
from certs.dev.authority import DevelopmentAuthority
from certs.dev.profiles import TSA_POLICY
from certs.rfc3161 import TimeStampResp

_IMPRINTS = {"sha256": 32, "sha384": 48, "sha512": 64}


class RequestRejectedError(ValueError):
    """The request cannot be granted; `failure` is RFC 3161's PKIFailureInfo."""

    def __init__(self, failure: str) -> None:
        self.failure = failure
        super().__init__(failure)


class TimestampingAuthority:
    """Stamps digests. Thread-safe; the key is loaded once."""

    def __init__(self, authority: DevelopmentAuthority) -> None:
        self._authority = authority
        # Kept as bytes: asn1crypto parses lazily, so its objects are not shared between threads.
        self._certificate = certificates.der(authority.certificate("tsa"))
        self._named = _signing_certificate(self._certificate)

    def answer(self, body: bytes, now: datetime) -> bytes:
        """Return the TimeStampResp to a TimeStampReq."""
        try:
            token = self._token(_checked(body), now)
        except RequestRejectedError as exc:
            status = {
                "status": "rejection",
                "status_string": [exc.failure],
                "fail_info": {exc.failure},
            }
            rejected: bytes = TimeStampResp({"status": status}).dump()
            return rejected
        granted: bytes = TimeStampResp(
            {"status": {"status": "granted"}, "time_stamp_token": token}
        ).dump()
        return granted

    def _token(self, request: tsp.TimeStampReq, now: datetime) -> cms.ContentInfo:
        info = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": TSA_POLICY.dotted_string,
                "message_imprint": request["message_imprint"],
                # 63 bits: positive in DER whatever the first bit, and unique for our purpose.
                "serial_number": secrets.randbits(63) | 1 << 62,
                "gen_time": now.replace(microsecond=0),
                "accuracy": {"seconds": 1},
                "nonce": request["nonce"],
            }
        )
        certificate = asn1_x509.Certificate.load(self._certificate)
        content: bytes = info.dump()
        signed_bytes: bytes = _signed_attributes(content, self._named, now).dump()
        # Loaded again because asn1crypto encodes what it made itself at every dump().
        attributes = cms.CMSAttributes.load(signed_bytes)
        signature = self._sign(signed_bytes)
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.SignerIdentifier(
                    "issuer_and_serial_number",
                    {"issuer": certificate.issuer, "serial_number": certificate.serial_number},
                ),
                "digest_algorithm": {"algorithm": "sha256"},
                "signed_attrs": attributes,
                "signature_algorithm": {"algorithm": "sha256_rsa", "parameters": core.Null()},
                "signature": signature,
            }
        )
        signed = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [{"algorithm": "sha256"}],
                "encap_content_info": {
                    "content_type": "tst_info",
                    "content": core.ParsableOctetString(content),
                },
                "signer_infos": [signer],
            }
        )
        if request["cert_req"].native:
            signed["certificates"] = [asn1_x509.Certificate.load(self._certificate)]
        return cms.ContentInfo({"content_type": "signed_data", "content": signed})

    def _sign(self, data: bytes) -> bytes:
        key = self._authority.key("tsa")
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError("the TSA's key is RSA by its profile")
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def _checked(body: bytes) -> tsp.TimeStampReq:
    """Return the request (rule 1)."""
    try:
        request = tsp.TimeStampReq.load(body, strict=True)
        _ = request.native  # asn1crypto parses lazily
        version = request["version"].native
        imprint = request["message_imprint"]
        algorithm = imprint["hash_algorithm"]["algorithm"].native
        length = len(imprint["hashed_message"].native)
        policy = request["req_policy"].native
        extensions = request["extensions"].native
    except (ValueError, TypeError, KeyError) as exc:
        raise RequestRejectedError("bad_data_format") from exc
    if version != "v1":
        raise RequestRejectedError("bad_request")
    if algorithm not in _IMPRINTS:
        raise RequestRejectedError("bad_alg")
    if length != _IMPRINTS[algorithm]:
        raise RequestRejectedError("bad_data_format")
    if policy is not None and request["req_policy"].dotted != TSA_POLICY.dotted_string:
        raise RequestRejectedError("unaccepted_policy")
    if extensions:
        raise RequestRejectedError("unaccepted_extensions")
    return request


def _signing_certificate(der: bytes) -> bytes:
    identifier = tsp.ESSCertIDv2(
        {
            "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
            "cert_hash": hashlib.sha256(der).digest(),
        }
    )
    named: bytes = tsp.SigningCertificateV2({"certs": [identifier]}).dump()
    return named


def _signed_attributes(content: bytes, named: bytes, now: datetime) -> cms.CMSAttributes:
    values = (
        ("content_type", "tst_info"),
        ("signing_time", cms.Time({"utc_time": core.UTCTime(now.replace(microsecond=0))})),
        ("message_digest", hashlib.sha256(content).digest()),
        ("signing_certificate_v2", tsp.SigningCertificateV2.load(named)),
    )
    return cms.CMSAttributes([cms.CMSAttribute({"type": t, "values": (v,)}) for t, v in values])
