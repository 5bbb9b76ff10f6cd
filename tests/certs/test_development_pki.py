"""The development PKI, judged by OpenSSL's own tools beside our reading of it."""

import shutil
import socket
import stat
import subprocess
import urllib.request
from datetime import timedelta

import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from set_clock import SetClock

from certs.certificates import crl_urls, load, ocsp_urls
from certs.dev.authority import DevelopmentAuthority
from certs.dev.fetcher import DevelopmentFetcher
from certs.dev.profiles import AUTHORITIES, MARK, PEOPLE
from certs.dev.responder import DevelopmentResponder
from certs.dev.server import DevelopmentServer
from certs.errors import FetchFailedError, FetchRefusedError, IdentityInvalidError
from certs.fetch import GuardedFetcher
from certs.identities.software import FileIdentityStore
from certs.model import FetchRequest
from certs.rfc3161 import TimeStampResp

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="no openssl command: the outside judge is missing"
)


@pytest.fixture
def server(authority):
    # Real time, as OpenSSL judges by the machine's clock.
    with DevelopmentServer(authority, SetClock(), port=0) as running:
        yield running


def openssl(*words, cwd):
    done = subprocess.run(
        ["openssl", *map(str, words)], cwd=cwd, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def everybody(authority, store):
    found = [(s, authority.certificate(s.id)) for s in AUTHORITIES]
    return found + [(s, load(store.get(s.id).certificate)) for s in PEOPLE]


def test_every_subject_says_that_it_is_worth_nothing(authority, store):
    certificates = everybody(authority, store)
    assert len(certificates) == 11
    for _, certificate in certificates:
        units = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
        assert [u.value for u in units] == [MARK]


def test_keys_are_of_the_kinds_that_real_ones_are(authority, store):
    for subject, certificate in everybody(authority, store):
        key = certificate.public_key()
        if subject.key == "p256":
            assert key.curve.name == "secp256r1"
        else:
            assert key.key_size == int(subject.key.removeprefix("rsa"))


def test_every_address_in_a_certificate_is_on_loopback_and_answers(authority, store, clock):
    responder = DevelopmentResponder(authority)
    for _, certificate in everybody(authority, store):
        for url in crl_urls(certificate):
            path = url.removeprefix("http://127.0.0.1:8319")
            status, media_type, _ = responder.answer("GET", path, b"", clock.now())
            assert (status, media_type) == (200, "application/pkix-crl")
        assert all(u == "http://127.0.0.1:8319/ocsp" for u in ocsp_urls(certificate))


def test_the_tsa_may_stamp_time_and_nothing_else(authority):
    usage = authority.certificate("tsa").extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert usage.critical
    assert list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]


def test_made_twice_it_is_the_same_pki_with_the_same_port(pki, clock):
    before = (pki / "dev/root.pem").read_bytes()
    again = DevelopmentAuthority.ensure(pki / "dev", clock, port=9999)
    again.ensure_identities(FileIdentityStore(pki / "identities", clock), clock)
    assert (pki / "dev/root.pem").read_bytes() == before
    assert again.port == 8319
    assert len(list((pki / "dev/issued").iterdir())) == len(PEOPLE)


def test_a_missing_identity_is_made_again_and_the_rest_left_alone(pki, authority, store, clock):
    kept = store.get("con-dau")
    shutil.rmtree(pki / "identities/lanh-dao-2")
    authority.ensure_identities(store, clock)
    assert store.get("con-dau") == kept
    assert store.open("lanh-dao-2", None).sign(b"x", "sha256")


def test_a_half_made_pki_is_not_one(tmp_path, clock):
    (tmp_path / ".dev.0011223344556677").mkdir()
    with pytest.raises(IdentityInvalidError, match="no development PKI"):
        DevelopmentAuthority(tmp_path / "dev")
    assert DevelopmentAuthority.ensure(tmp_path / "dev", clock, port=18319).port == 18319


def test_authority_keys_are_readable_by_their_owner_alone(pki):
    keys = list((pki / "dev").glob("*.key"))
    assert len(keys) == 4
    assert {stat.S_IMODE(k.stat().st_mode) for k in keys} == {0o600}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/ca/tsa.crt"), ("GET", "/ca/../dev/root.key"), ("GET", "/tsa"),
     ("GET", "/crl/"), ("POST", "/crl/root.crl"), ("PUT", "/ocsp"), ("GET", "/ca/root.key")],
)  # fmt: skip
def test_what_is_not_offered_is_not_found(authority, clock, method, path):
    assert DevelopmentResponder(authority).answer(method, path, b"", clock.now())[0] == 404


def ocsp_status(authority, store, identity_id, now):
    leaf, issuing = load(store.get(identity_id).certificate), authority.certificate("issuing")
    builder = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuing, hashes.SHA1())  # noqa: S303 a name, not a proof
    request = builder.build().public_bytes(serialization.Encoding.DER)
    _, _, body = DevelopmentResponder(authority).answer("POST", "/ocsp", request, now)
    return ocsp.load_der_ocsp_response(body)


def test_a_revoked_certificate_is_revoked_in_ocsp_and_crl_from_that_moment(authority, store, clock):
    serial = load(store.get("lanh-dao-2").certificate).serial_number
    authority.revoke(serial, clock.now() + timedelta(hours=1))
    responder = DevelopmentResponder(authority)

    def states(now):
        crl = x509.load_der_x509_crl(responder.answer("GET", "/crl/issuing.crl", b"", now)[2])
        root = x509.load_der_x509_crl(responder.answer("GET", "/crl/root.crl", b"", now)[2])
        assert len(root) == 0
        found = crl.get_revoked_certificate_by_serial_number(serial)
        return ocsp_status(authority, store, "lanh-dao-2", now).certificate_status, found

    assert states(clock.now()) == (ocsp.OCSPCertStatus.GOOD, None)
    clock.advance(hours=2)
    status, entry = states(clock.now())
    assert status is ocsp.OCSPCertStatus.REVOKED
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is (
        x509.ReasonFlags.key_compromise
    )
    good = ocsp_status(authority, store, "lanh-dao-1", clock.now())
    assert good.certificate_status is ocsp.OCSPCertStatus.GOOD


def test_a_certificate_nobody_issued_is_unknown(authority, store, clock, pki):
    serial = load(store.get("can-bo").certificate).serial_number
    (pki / f"dev/issued/{serial:x}.pem").unlink()
    answer = ocsp_status(authority, store, "can-bo", clock.now())
    assert answer.certificate_status is ocsp.OCSPCertStatus.UNKNOWN


@pytest.mark.parametrize("body", [b"", b"\x30", b"\x30\x00", b"x" * 1000], ids=repr)
def test_a_malformed_ocsp_request_is_answered_as_one(authority, clock, body):
    _, _, answer = DevelopmentResponder(authority).answer("POST", "/ocsp", body[:20], clock.now())
    status = ocsp.load_der_ocsp_response(answer).response_status
    assert status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def test_the_crl_number_only_grows(authority, clock):
    responder = DevelopmentResponder(authority)

    def number():
        crl = x509.load_der_x509_crl(responder.answer("GET", "/crl/root.crl", b"", clock.now())[2])
        assert crl.next_update_utc - crl.last_update_utc == timedelta(days=7)
        return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number

    first = number()
    clock.advance(seconds=1)
    assert number() > first


def stamp_request(**changes):
    fields = {
        "version": "v1",
        "message_imprint": {
            "hash_algorithm": {"algorithm": "sha256"},
            "hashed_message": b"\1" * 32,
        },
        "nonce": 7,
        "cert_req": True,
    }
    return tsp.TimeStampReq(fields | changes).dump()


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (b"", "bad_data_format"),
        (b"\x30\x03\x02\x01\x01", "bad_data_format"),
        (stamp_request() + b"x", "bad_data_format"),
        (stamp_request(version=2), "bad_request"),
        (stamp_request(req_policy="1.2.3.4"), "unaccepted_policy"),
        (
            stamp_request(
                message_imprint={
                    "hash_algorithm": {"algorithm": "sha1"},
                    "hashed_message": b"\1" * 20,
                }
            ),
            "bad_alg",
        ),
        (
            stamp_request(
                message_imprint={
                    "hash_algorithm": {"algorithm": "sha256"},
                    "hashed_message": b"\1" * 31,
                }
            ),
            "bad_data_format",
        ),
        (
            stamp_request(extensions=[{"extn_id": "1.2.3", "extn_value": b"\x05\x00"}]),
            "unaccepted_extensions",
        ),
    ],
    ids=["empty", "too-little", "trailing", "version", "policy", "sha1", "length", "extension"],
)
def test_a_bad_time_stamp_request_is_rejected_with_its_failure(authority, clock, body, failure):
    status, _, answer = DevelopmentResponder(authority).answer("POST", "/tsa", body, clock.now())
    response = TimeStampResp.load(answer)
    assert status == 200
    assert response["status"]["status"].native == "rejection"
    assert response["status"]["fail_info"].native == {failure}
    assert response["time_stamp_token"].native is None


@needs_openssl
def test_openssl_accepts_the_chain_of_everybody(pki, authority, store):
    for identity in store.list():
        code, said = openssl(
            "verify", "-x509_strict", "-CAfile", pki / "dev/root.pem",
            "-untrusted", pki / "dev/issuing.pem", pki / f"identities/{identity.id}/chain.pem",
            cwd=pki,
        )  # fmt: skip
        assert code == 0, said
    code, said = openssl(
        "verify", "-x509_strict", "-purpose", "timestampsign",
        "-CAfile", pki / "dev/root.pem", pki / "dev/tsa.pem", cwd=pki,
    )  # fmt: skip
    assert code == 0, said


@needs_openssl
@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_openssl_verifies_a_time_stamp_asked_for_over_http(pki, server, tmp_path, digest):
    (tmp_path / "data").write_text("văn bản")
    openssl("ts", "-query", "-data", "data", f"-{digest}", "-cert", "-out", "q.tsq", cwd=tmp_path)
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/tsa",
        data=(tmp_path / "q.tsq").read_bytes(),
        headers={"Content-Type": "application/timestamp-query"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 our own loopback URL
        (tmp_path / "r.tsr").write_bytes(answer.read())
    verify = ("ts", "-verify", "-in", "r.tsr", "-CAfile", pki / "dev/root.pem")
    code, said = openssl(*verify, "-queryfile", "q.tsq", cwd=tmp_path)
    assert (code, "Verification: OK" in said) == (0, True), said
    (tmp_path / "data").write_text("văn bản khác")
    code, said = openssl(*verify, "-data", "data", cwd=tmp_path)
    assert code != 0
    assert "message imprint mismatch" in said


@needs_openssl
def test_openssl_verifies_ocsp_over_http_with_and_without_nonce(pki, server, authority, store):
    serial = load(store.get("lanh-dao-2").certificate).serial_number
    authority.revoke(serial, SetClock().now() - timedelta(seconds=5))
    for identity_id, state in (("lanh-dao-1", "good"), ("lanh-dao-2", "revoked")):
        for nonce in ("-nonce", "-no_nonce"):
            code, said = openssl(
                "ocsp", nonce, "-issuer", pki / "dev/issuing.pem",
                "-cert", pki / f"identities/{identity_id}/chain.pem",
                "-url", f"http://127.0.0.1:{server.port}/ocsp",
                "-CAfile", pki / "dev/root.pem", "-verify_other", pki / "dev/issuing.pem",
                cwd=pki,
            )  # fmt: skip
            assert code == 0, said
            assert "Response verify OK" in said
            assert f"chain.pem: {state}" in said


@needs_openssl
def test_openssl_verifies_both_crls_over_http(pki, server, tmp_path):
    for name in ("root", "issuing"):
        url = f"http://127.0.0.1:{server.port}/crl/{name}.crl"
        with urllib.request.urlopen(url, timeout=10) as answer:
            (tmp_path / "x.crl").write_bytes(answer.read())
        code, said = openssl(
            "crl", "-inform", "DER", "-in", "x.crl", "-noout", "-CAfile", pki / f"dev/{name}.pem",
            cwd=tmp_path,
        )  # fmt: skip
        assert (code, "verify OK" in said) == (0, True), said


class Refusing:
    def fetch(self, request):
        raise FetchRefusedError(request.url, "the inner fetcher was asked")


def test_in_process_only_the_pkis_own_addresses_are_answered(authority, clock):
    fetcher = DevelopmentFetcher(Refusing(), authority, clock)
    url = "http://127.0.0.1:8319/crl/root.crl"
    assert len(x509.load_der_x509_crl(fetcher.fetch(FetchRequest(url=url)))) == 0
    for other in (
        "http://127.0.0.1:8320/crl/root.crl",
        "http://127.0.0.1:83190/crl/root.crl",
        "http://127.0.0.1:8319.evil.example/crl/root.crl",
        "http://127.0.0.1:8319@evil.example/crl/root.crl",
        "https://127.0.0.1:8319/crl/root.crl",
    ):
        with pytest.raises(FetchRefusedError, match="inner"):
            fetcher.fetch(FetchRequest(url=other))


def test_in_process_answers_keep_the_callers_limits(authority, clock):
    fetcher = DevelopmentFetcher(Refusing(), authority, clock)
    for path, changes in (("/none", {}), ("/crl/root.crl", {"max_bytes": 10}),
                          ("/crl/root.crl", {"accept": "text/plain"})):  # fmt: skip
        with pytest.raises(FetchFailedError):
            fetcher.fetch(FetchRequest(url=f"{authority.base_url}{path}", **changes))


def test_the_server_answers_the_guarded_fetcher_on_its_configured_port(server, authority):
    guarded = GuardedFetcher(allowed_private={("127.0.0.1", server.port)})
    body = guarded.fetch(FetchRequest(url=f"http://127.0.0.1:{server.port}/ca/root.crt"))
    assert load(body) == authority.certificate("root")


@pytest.mark.parametrize("length", [b"99999999", b"-1", b"x", b"\xd9\xa1", b""])
def test_the_server_refuses_a_body_it_will_not_read(server, length):
    with socket.create_connection(("127.0.0.1", server.port), 5) as sock:
        sock.sendall(b"POST /tsa HTTP/1.1\r\nHost: x\r\nContent-Length: %s\r\n\r\n" % length)
        assert sock.recv(100).startswith(b"HTTP/1.0 413")
