"""What only an S3 store can get wrong."""

import hashlib
import socket
import threading

import pytest

from archive.errors import ReadBackError, StoreAddressError, StoreUnavailableError
from archive.store.address import open_store
from archive.store.base import read_all
from archive.store.disk import DiskStore
from archive.store.s3 import S3Store


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Proxy:
    """Between client and server; `meddle(request, answer)` returns what the client gets."""

    def __init__(self, endpoint, meddle):
        self._target = endpoint
        self._meddle = meddle
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._exchange, args=(client,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def _exchange(self, client):
        host, port = self._target.split(":")
        with client:
            client.settimeout(5)
            while request := _message(client):
                with socket.create_connection((host, int(port)), 5) as server:
                    server.sendall(
                        request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
                    )
                    answer = b""
                    while chunk := server.recv(65536):
                        answer += chunk
                answer = self._meddle(request, answer)
                if answer is None:
                    return
                client.sendall(answer)
                if b"connection: close" in answer.lower():
                    return

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)


def _message(client):
    data = b""
    while b"\r\n\r\n" not in data:
        try:
            chunk = client.recv(65536)
        except OSError:
            return b""
        if not chunk:
            return b""
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (
            int(h.split(b":")[1])
            for h in head.split(b"\r\n")
            if h.lower().startswith(b"content-length")
        ),
        0,
    )
    while len(body) < length:
        body += client.recv(65536)
    return head + b"\r\n\r\n" + body


@pytest.fixture
def through(s3_bucket):
    open_ones = []

    def make(meddle, **options):
        proxy = Proxy(s3_bucket.server.endpoint, meddle)
        # The proxy speaks to the server with the client's signature, which covers the host name.
        store = S3Store(
            endpoint=proxy.endpoint,
            bucket=s3_bucket.name,
            access_key=s3_bucket.server.access_key,
            secret_key=s3_bucket.server.secret_key,
            secure=False,
            read_seconds=3,
            **options,
        )
        open_ones.append((proxy, store))
        return store

    yield make
    for proxy, store in open_ones:
        store.close()
        proxy.close()


pytestmark = pytest.mark.s3


def test_the_proxy_itself_changes_nothing(through):
    store = through(lambda _request, answer: answer)
    store.put_once("ocfl/x", b"data", digest(b"data"))
    assert read_all(store, "ocfl/x") == b"data"


def test_bytes_that_rot_on_the_way_back_are_not_acknowledged(through):
    def flip(request, answer):
        if request.startswith(b"GET") and answer.endswith(b"data"):
            return answer[:-4] + b"dbta"
        return answer

    with pytest.raises(ReadBackError):
        through(flip).put_once("ocfl/x", b"data", digest(b"data"))


def test_a_server_that_acknowledges_without_storing_is_found_out(through):
    def swallow(request, answer):
        if request.startswith(b"HEAD"):
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        return answer

    for read_back in (True, False):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - which of ours does not matter, that it is one does
            through(swallow, read_back=read_back).put_once("ocfl/x", b"data", digest(b"data"))
        assert caught.type.__module__ == "archive.errors"


def test_a_put_that_is_cut_off_after_it_was_stored_goes_through_on_the_second_try(through):
    cut = iter([True])

    def lose_answer(request, answer):
        return None if request.startswith(b"PUT") and next(cut, False) else answer

    store = through(lose_answer)
    with pytest.raises(StoreUnavailableError) as caught:
        store.put_once("ocfl/x", b"data", digest(b"data"))
    assert caught.value.retryable
    store.put_once("ocfl/x", b"data", digest(b"data"))
    assert read_all(store, "ocfl/x") == b"data"


def test_an_overloaded_server_is_a_clear_problem(through):
    busy = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with pytest.raises(StoreUnavailableError):
        through(lambda _r, _a: busy).put_once("ocfl/x", b"data", digest(b"data"))


def test_a_server_that_is_not_there_is_a_clear_problem():
    store = S3Store(
        endpoint="127.0.0.1:9", bucket="bucket", access_key="a", secret_key="s", secure=False
    )
    with pytest.raises(StoreUnavailableError) as caught:
        store.stat("ocfl/x")
    assert "Hãy thử lại" in caught.value.vi
    store.close()


def test_a_server_that_never_answers_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"127.0.0.1:{silent.getsockname()[1]}"
        store = S3Store(
            endpoint=endpoint,
            bucket="bucket",
            access_key="a",
            secret_key="s",
            secure=False,
            read_seconds=0.2,
        )
        with pytest.raises(StoreUnavailableError):
            store.put_once("ocfl/x", b"data", digest(b"data"))
        store.close()


def test_a_wrong_secret_is_a_problem_that_does_not_show_it(s3_bucket):
    wrong = S3Store(
        endpoint=s3_bucket.server.endpoint,
        bucket=s3_bucket.name,
        access_key="testaccesskey",
        secret_key="not-the-secret",
        secure=False,
    )
    with pytest.raises(StoreUnavailableError) as caught:
        wrong.put_once("ocfl/x", b"data", digest(b"data"))
    assert "not-the-secret" not in caught.value.en + caught.value.vi
    wrong.close()


def test_a_versioned_bucket_never_gets_a_second_version(s3_bucket):
    store = s3_bucket.store()
    from minio import Minio
    from minio.commonconfig import ENABLED
    from minio.versioningconfig import VersioningConfig

    client = Minio(
        s3_bucket.server.endpoint,
        s3_bucket.server.access_key,
        s3_bucket.server.secret_key,
        secure=False,
    )
    client.set_bucket_versioning(s3_bucket.name, VersioningConfig(ENABLED))
    for _ in range(3):
        store.put_once("ocfl/x", b"data", digest(b"data"))
    versions = list(client.list_objects(s3_bucket.name, recursive=True, include_version=True))
    assert len(versions) == 1
    client._http.clear()
    store.close()


def test_an_address_leads_to_the_store(tmp_path, s3_bucket):
    assert isinstance(open_store(f"file://{tmp_path}/o"), DiskStore)
    store = open_store(
        s3_bucket.address,
        access_key=s3_bucket.server.access_key,
        secret_key=s3_bucket.server.secret_key,
    )
    assert isinstance(store, S3Store)
    store.put_once("ocfl/x", b"data", digest(b"data"))
    store.close()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ftp://x/y",
        "file://host/x",
        "s3://",
        "s3://bucket",
        "s3://k:secret@bucket?endpoint=h",
        "s3://bucket?endpoint=h&tls=1",
        "s3://B_?endpoint=h",
        "s3://bucket?endpoint=h:x",
    ],
)
def test_an_address_that_is_none_is_refused_without_its_secret(address):
    with pytest.raises(StoreAddressError) as caught:
        open_store(address)
    assert "secret" not in caught.value.en
