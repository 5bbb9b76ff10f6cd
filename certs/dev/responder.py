"""What the development PKI answers over HTTP, as one pure function of the request and the time.

The same function serves the command line (in process, `certs.dev.fetcher`) and the demo (over
loopback, `certs.dev.server`).

1. `GET /ca/<id>.crt` issuer certificates, DER (RFC 5280 clause 4.2.2.1).
2. `GET /crl/<id>.crl` a full CRL, valid 7 days, made now; its number is the time in microseconds,
   which only grows.
3. `POST /ocsp` and `GET /ocsp/<base64>` (RFC 6960): good for what was issued, revoked for what
   was revoked, unknown otherwise; valid 1 day, made now; a nonce is returned if one was sent.
4. `POST /tsa` a time-stamp (RFC 3161), see `certs.dev.tsa`.
"""

import base64
import binascii
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from certs import certificates
from certs.dev.authority import DevelopmentAuthority
from certs.dev.tsa import TimestampingAuthority

CRL_VALID = timedelta(days=7)
OCSP_VALID = timedelta(days=1)
MAX_BODY = 64 << 10  # bytes; requests have some hundred

Answer = tuple[int, str, bytes]
"""Status, media type, body."""

_NOT_FOUND: Answer = (HTTPStatus.NOT_FOUND, "text/plain", b"not found\n")
_ISSUERS = ("root", "issuing")


class DevelopmentResponder:
    """Answers for one `DevelopmentAuthority`. Thread-safe."""

    def __init__(self, authority: DevelopmentAuthority) -> None:
        self._authority = authority
        self._tsa = TimestampingAuthority(authority)

    def answer(self, method: str, path: str, body: bytes, now: datetime) -> Answer:
        """Answer one request; nothing but the files of the authority is read."""
        path = path.partition("?")[0]
        if len(body) > MAX_BODY:
            return (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "text/plain", b"too large\n")
        match method, path.strip("/").split("/", 1):
            case "GET", ["ca" | "crl" as kind, name]:
                return self._file(kind, name, now)
            case "POST", ["ocsp"]:
                return (HTTPStatus.OK, "application/ocsp-response", self._ocsp(body, now))
            case "GET", ["ocsp", encoded]:
                try:
                    request = base64.b64decode(unquote(encoded), validate=True)
                except binascii.Error:
                    request = b""
                return (HTTPStatus.OK, "application/ocsp-response", self._ocsp(request, now))
            case "POST", ["tsa"]:
                return (HTTPStatus.OK, "application/timestamp-reply", self._tsa.answer(body, now))
        return _NOT_FOUND

    def _file(self, kind: str, name: str, now: datetime) -> Answer:
        for issuer_id in _ISSUERS:
            if (kind, name) == ("ca", f"{issuer_id}.crt"):
                certificate = self._authority.certificate(issuer_id)
                return (HTTPStatus.OK, "application/pkix-cert", certificates.der(certificate))
            if (kind, name) == ("crl", f"{issuer_id}.crl"):
                return (HTTPStatus.OK, "application/pkix-crl", self._crl(issuer_id, now))
        return _NOT_FOUND

    def _crl(self, issuer_id: str, now: datetime) -> bytes:
        issuer, key = self._authority.certificate(issuer_id), self._authority.key(issuer_id)
        this_update = now.replace(microsecond=0)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.subject)
            .last_update(this_update)
            .next_update(this_update + CRL_VALID)
            .add_extension(x509.CRLNumber(int(now.timestamp() * 1_000_000)), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()),
                critical=False,
            )
        )
        for serial, revocation in sorted(self._authority.revoked(issuer_id).items()):
            if revocation.at > now:
                continue
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(serial)
                .revocation_date(revocation.at)
                .add_extension(x509.CRLReason(revocation.reason), critical=False)
                .build()
            )
        crl = builder.sign(key, hashes.SHA256())
        return crl.public_bytes(serialization.Encoding.DER)

    def _ocsp(self, body: bytes, now: datetime) -> bytes:
        try:
            request = ocsp.load_der_ocsp_request(body)
            asked = request.issuer_name_hash, request.issuer_key_hash
            algorithm = request.hash_algorithm
        except (ValueError, TypeError, NotImplementedError):
            return _refused(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
        issuer = self._authority.certificate("issuing")
        if asked != certificates.issuer_hashes(issuer, algorithm):
            # The root does not answer OCSP: its certificates name a CRL only.
            return _refused(ocsp.OCSPResponseStatus.UNAUTHORIZED)
        serial = request.serial_number
        status, revocation = ocsp.OCSPCertStatus.UNKNOWN, None
        if self._authority.issued("issuing", serial):
            status = ocsp.OCSPCertStatus.GOOD
            found = self._authority.revoked("issuing").get(serial)
            if found is not None and found.at <= now:
                status, revocation = ocsp.OCSPCertStatus.REVOKED, found
        this_update = now.replace(microsecond=0)
        responder = self._authority.certificate("ocsp")
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response_by_hash(
                issuer_name_hash=asked[0],
                issuer_key_hash=asked[1],
                serial_number=serial,
                algorithm=algorithm,
                cert_status=status,
                this_update=this_update,
                next_update=this_update + OCSP_VALID,
                revocation_time=revocation.at if revocation else None,
                revocation_reason=revocation.reason if revocation else None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, responder)
            .certificates([responder])
        )
        for extension in request.extensions:
            if isinstance(extension.value, x509.OCSPNonce):
                builder = builder.add_extension(extension.value, critical=False)
        response = builder.sign(self._authority.key("ocsp"), hashes.SHA256())
        return response.public_bytes(serialization.Encoding.DER)


def _refused(status: ocsp.OCSPResponseStatus) -> bytes:
    response = ocsp.OCSPResponseBuilder.build_unsuccessful(status)
    return response.public_bytes(serialization.Encoding.DER)
