"""Slow, huge, broken and lying servers, over real sockets."""

import contextlib
import datetime as dt
import ipaddress
import itertools
import resource
import socket
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from listeners import answering, listening, ok, read_request

from certs.budget import FetchBudget
from certs.errors import FetchFailedError, FetchRefusedError
from certs.fetch import GuardedFetcher
from certs.model import FetchRequest


def fetch(port, path="/", **changes):
    guarded = GuardedFetcher(allowed_private={("127.0.0.1", port)})
    return guarded.fetch(FetchRequest(url=f"http://127.0.0.1:{port}{path}", **changes))


def dripping(first, rest):
    """Answer `first`, then a byte of `rest` every 50 ms until the other side is gone."""

    def talk(sock):
        read_request(sock)
        sock.sendall(first)
        pause = threading.Event()
        for byte in rest:
            pause.wait(0.05)
            sock.sendall(bytes([byte]))

    return talk


def test_what_is_sent_is_plain_and_says_nothing_about_us():
    seen = []

    def talk(sock):
        seen.append(read_request(sock))
        sock.sendall(ok(b"\x30\x00"))

    with listening(talk) as server:
        body = fetch(
            server.port,
            "/tsa?a=b#part",
            method="POST",
            body=b"query",
            content_type="application/timestamp-query",
        )
    head, _, sent = seen[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert body == b"\x30\x00"
    assert sent == b"query"
    assert lines[0] == b"POST /tsa?a=b HTTP/1.1"
    assert set(lines[1:]) == {
        b"Host: 127.0.0.1:%d" % server.port,
        b"User-Agent: antin",
        b"Accept-Encoding: identity",
        b"Connection: close",
        b"Accept: */*",
        b"Content-Length: 5",
        b"Content-Type: application/timestamp-query",
    }


def test_a_path_in_vietnamese_is_percent_encoded():
    seen = []

    def talk(sock):
        seen.append(read_request(sock))
        sock.sendall(ok(b""))

    with listening(talk) as server:
        fetch(server.port, "/chứng-thư.crl")
    assert seen[0].startswith(b"GET /ch%E1%BB%A9ng-th%C6%B0.crl HTTP/1.1\r\n")


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"


@pytest.mark.parametrize(
    ("first", "rest"),
    [
        (b"", itertools.repeat(0x48, 600)),
        (b"HTTP/1.1 200 OK\r\n", itertools.cycle(b"X-A: b\r\n")),
        (HEAD, itertools.repeat(0x30, 600)),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", itertools.cycle(b"1\r\nx\r\n")),
        (b"", itertools.cycle(b"HTTP/1.1 100 Continue\r\n\r\n")),
    ],
    ids=["status-line", "headers", "body", "chunks", "endless-100-continue"],
)
def test_a_server_that_drips_is_left_at_the_deadline(first, rest):
    with listening(dripping(first, rest)) as server:
        with pytest.raises(FetchFailedError, match=r"no answer within 0\.4 s"):
            fetch(server.port, timeout=0.4, max_bytes=1 << 20)
        for thread in server.threads:
            thread.join(10)
            assert not thread.is_alive()  # we hung up on it


def test_a_server_that_never_speaks_is_left_at_the_deadline():
    def silent(sock):
        read_request(sock)
        sock.recv(1)  # returns when the other side hangs up

    with listening(silent) as server, pytest.raises(FetchFailedError, match="no answer within"):
        fetch(server.port, timeout=0.3)


def test_a_resolver_that_hangs_is_left_at_the_deadline():
    release = threading.Event()

    def resolver(host, port):
        release.wait(20)
        return ["93.184.215.14"]

    guarded = GuardedFetcher(allowed_hosts={"ca.gov.example"}, resolver=resolver)
    with pytest.raises(FetchFailedError, match="no answer within"):
        guarded.fetch(FetchRequest(url="http://ca.gov.example/", timeout=0.2))
    release.set()


def test_a_name_that_does_not_exist_is_a_failure_not_a_refusal():
    def resolver(host, port):
        raise socket.gaierror(-2, "Name or service not known")

    guarded = GuardedFetcher(allowed_hosts={"ca.gov.example"}, resolver=resolver)
    with pytest.raises(FetchFailedError, match="cannot be resolved"):
        guarded.fetch(FetchRequest(url="http://ca.gov.example/"))


def test_a_closed_port_is_a_failure():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(FetchFailedError, match="ConnectionRefusedError"):
        fetch(port)


def test_300_megabytes_cost_no_memory():
    """Sent without an announced length; the peak of this process may grow by 25 MB at most."""
    sent = [0]

    def talk(sock):
        read_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        piece = bytes(1 << 20)
        for _ in range(300):
            sock.sendall(piece)
            sent[0] += len(piece)

    with listening(talk) as server:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(FetchFailedError, match="more than 65536 bytes"):
            fetch(server.port)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for thread in server.threads:
            thread.join(10)
    assert sent[0] < 300 << 20
    assert after - before < 25 << 10  # KiB


def test_a_length_above_the_cap_is_refused_unread():
    sent = []

    def talk(sock):
        read_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n")
        sent.append(sock.recv(1))  # returns only when the other side hangs up

    with listening(talk) as server:
        with pytest.raises(FetchFailedError, match="more than 65536 bytes announced"):
            fetch(server.port)
        for thread in server.threads:
            thread.join(10)
    assert sent == [b""]


def test_exactly_the_cap_is_accepted():
    with listening(answering(ok(b"x" * 1000))) as server:
        assert len(fetch(server.port, max_bytes=1000)) == 1000
        with pytest.raises(FetchFailedError):
            fetch(server.port, max_bytes=999)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "status 404"),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "status 500"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "status 204"),
        (b"HTTP/1.1 206 Partial\r\nContent-Length: 1\r\n\r\nx", "status 206"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx", "encoded"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "broke off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "IncompleteRead"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "IncompleteRead"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "LineTooLong|headers"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70000 + b"\r\n\r\n", "LineTooLong"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "BadStatusLine"),
        (b"", "RemoteDisconnected"),
    ],
    ids=[
        "404", "500", "204", "206", "gzip", "short-body", "short-chunk", "bad-chunk",
        "200-headers", "long-header", "not-http", "nothing",
    ],
)  # fmt: skip
def test_an_answer_that_is_not_a_whole_200_is_a_failure(raw, why):
    with listening(answering(raw)) as server, pytest.raises(FetchFailedError, match=why) as failed:
        fetch(server.port)
    assert "\n" not in failed.value.en
    assert failed.value.retryable


def test_one_byte_chunks_cannot_outrun_the_cap():
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 200_000
    with (
        listening(answering(raw)) as server,
        pytest.raises(FetchFailedError, match="too many bytes"),
    ):
        fetch(server.port, max_bytes=200_000)


def test_an_answer_of_another_media_type_is_a_failure_where_one_was_asked_for():
    with listening(answering(ok(b"<html>", "text/html; charset=utf-8"))) as server:
        assert fetch(server.port) == b"<html>"
        with pytest.raises(FetchFailedError, match="media type text/html"):
            fetch(server.port, accept="application/timestamp-reply")


def test_a_header_cannot_be_injected_by_the_caller():
    with listening(answering(ok(b""))) as server:
        with pytest.raises(FetchRefusedError, match="line break"):
            fetch(server.port, method="POST", content_type="a\r\nX-Evil: 1")
        assert server.connections == 0


@pytest.fixture(scope="module")
def tls_server_files(tmp_path_factory):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("ca.gov.example")]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder


@pytest.mark.parametrize(
    ("host", "trusted", "why"),
    [
        ("ca.gov.example", True, None),
        ("other.example", True, "Hostname mismatch|not valid for"),
        ("ca.gov.example", False, "CERTIFICATE_VERIFY_FAILED"),
    ],
    ids=["right", "wrong-name", "unknown-issuer"],
)
def test_tls_is_verified_with_the_original_name(tls_server_files, host, trusted, why):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls_server_files / "cert.pem", tls_server_files / "key.pem")

    def talk(sock):
        with context.wrap_socket(sock, server_side=True) as wrapped:
            read_request(wrapped)
            wrapped.sendall(ok(b"secure"))

    with listening(talk) as server:
        client = ssl.create_default_context()
        if trusted:
            client.load_verify_locations(tls_server_files / "cert.pem")
        guarded = GuardedFetcher(
            allowed_hosts={host},
            resolver=lambda _host, _port: ["93.184.215.14"],
            connector=lambda _a, _p, t: socket.create_connection(("127.0.0.1", server.port), t),
            tls=client,
        )
        request = FetchRequest(url=f"https://{host}/")
        if why is None:
            assert guarded.fetch(request) == b"secure"
        else:
            with pytest.raises(FetchFailedError, match=why):
                guarded.fetch(request)


def test_a_dead_first_address_does_not_stop_the_second():
    with listening(answering(ok(b"second"))) as server:

        def connector(address, port, timeout):
            if address == ipaddress.ip_address("2606:2800:21f::1"):
                raise OSError("network is unreachable")
            return socket.create_connection(("127.0.0.1", server.port), timeout)

        guarded = GuardedFetcher(
            allowed_hosts={"ca.gov.example"},
            resolver=lambda _host, _port: ["2606:2800:21f::1", "93.184.215.14"],
            connector=connector,
        )
        assert guarded.fetch(FetchRequest(url="http://ca.gov.example/")) == b"second"


class Answers:
    """A fetcher that answers with so many bytes, or fails after them, and keeps what it was asked."""

    def __init__(self, *, size=10, fails=False, seconds=0.0, clock=None):
        self.size, self.fails, self.seconds, self.clock = size, fails, seconds, clock
        self.requests = []

    def fetch(self, request):
        self.requests.append(request)
        if self.clock is not None:
            self.clock[0] += self.seconds
        if self.fails:
            raise FetchFailedError(request.url, "broke off", received=self.size)
        return b"x" * self.size


REQUEST = FetchRequest(url="http://ca.gov.example/crl", max_bytes=1000)


@pytest.mark.parametrize("fails", [False, True], ids=["answers", "failures"])
def test_200_addresses_make_eight_requests(fails):
    inner = Answers(fails=fails)
    budget = FetchBudget(inner)
    refused = 0
    for _ in range(200):
        try:
            budget.fetch(REQUEST)
        except FetchRefusedError:
            refused += 1
        except FetchFailedError:
            pass
    assert len(inner.requests) == 8
    assert refused == 192


@pytest.mark.parametrize("fails", [False, True], ids=["answers", "failures"])
def test_bytes_are_counted_whether_or_not_the_answer_was_whole(fails):
    inner = Answers(size=600, fails=fails)
    budget = FetchBudget(inner, total_bytes=1000)
    for _ in range(3):
        with contextlib.suppress(FetchFailedError, FetchRefusedError):
            budget.fetch(REQUEST)
    assert [r.max_bytes for r in inner.requests] == [1000, 400]


def test_time_is_shared_by_all_requests_of_a_document():
    clock = [100.0]
    inner = Answers(seconds=4.0, clock=clock)
    budget = FetchBudget(inner, seconds=10.0, monotonic=lambda: clock[0])
    for _ in range(3):
        budget.fetch(REQUEST)
    with pytest.raises(FetchRefusedError, match="share"):
        budget.fetch(REQUEST)
    assert [r.timeout for r in inner.requests] == [10.0, 6.0, 2.0]
