"""Fixtures that any test may ask for.

Servers are started on first use, one of each kind for the whole run however many workers there
are, and every test gets a database or a bucket of its own in them.
"""

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from archive.store.s3 import S3Store
from support.servers.need import install_allowed

_TESTS = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Server:
    endpoint: str
    access_key: str
    secret_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Bucket:
    """A bucket of one's own in a real S3 server."""

    server: S3Server
    name: str

    @property
    def address(self) -> str:
        return f"s3://{self.name}?endpoint={self.server.endpoint}&secure=false"

    def store(self, *, read_back: bool = True, read_seconds: float = 20) -> S3Store:
        return S3Store(
            endpoint=self.server.endpoint,
            bucket=self.name,
            access_key=self.server.access_key,
            secret_key=self.server.secret_key,
            secure=False,
            read_back=read_back,
            read_seconds=read_seconds,
        )


def _run_process() -> int:
    """Return the process whose end is the end of the test run: xdist's controller, or ours."""
    return os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()


@contextlib.contextmanager
def _shared_server(kind: str) -> Iterator[dict[str, str]]:
    run = _run_process()
    # One folder name per run and kind; short, because sockets live below it.
    folder = Path(tempfile.gettempdir()) / f"antin-{kind[:2]}-{run}"
    with folder.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready.json").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o711)
            keeper = [sys.executable, "-m", "support.servers.keeper", kind, str(folder), str(run)]
            path = os.pathsep.join([str(_TESTS), str(_TESTS.parent)])
            subprocess.run(keeper, env={**os.environ, "PYTHONPATH": path}, check=False)
    ready = folder / "ready.json"
    answer = json.loads(ready.read_text()) if ready.exists() else {"missing": f"{kind}: no answer"}
    try:
        if "missing" in answer:
            if install_allowed():
                pytest.fail(answer["missing"], pytrace=False)
            pytest.skip(answer["missing"])
        yield answer
    finally:
        if "PYTEST_XDIST_WORKER" not in os.environ:
            (folder / "stop").touch()
            end = time.monotonic() + 20
            while folder.exists() and time.monotonic() < end:
                time.sleep(0.02)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of the maintenance database of a real PostgreSQL."""
    given = os.environ.get("ANTIN_TEST_POSTGRESQL_URL")
    if given:
        yield given
        return
    with _shared_server("postgresql") as answer:
        yield answer["url"]


@contextlib.contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """Give the URL of an empty database that ends with the block."""
    name = f"antin_test_{secrets.token_hex(6)}"
    plain = server.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    try:
        yield f"{server.rpartition('/')[0]}/{name}"
    finally:
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """URL of an empty database of one's own."""
    with fresh_database(postgresql_server) as url:
        yield url


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """A real S3 server: ANTIN_TEST_S3_ENDPOINT (plain HTTP) with its keys, or Ceph's gateway."""
    if endpoint := os.environ.get("ANTIN_TEST_S3_ENDPOINT"):
        keys = os.environ["ANTIN_TEST_S3_ACCESS_KEY"], os.environ["ANTIN_TEST_S3_SECRET_KEY"]
        yield S3Server(endpoint=endpoint, access_key=keys[0], secret_key=keys[1])
        return
    with _shared_server("radosgw") as answer:
        yield S3Server(**answer)


@pytest.fixture
def s3_bucket(s3_server: S3Server) -> S3Bucket:
    """A fresh bucket."""
    bucket = S3Bucket(server=s3_server, name=f"test-{secrets.token_hex(6)}")
    store = bucket.store()
    store.ensure_bucket()
    store.close()
    return bucket
