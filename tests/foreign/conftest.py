"""Other people's validators on what we make: only where they are asked for, and never skipped.

`ANTIN_TEST_FOREIGN=1` collects these tests; they need Java 17, Maven and poppler-utils, and fail
where one is missing. Without it they are not collected, so `./antin test` neither needs nor skips
them.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import foreign_validators
from certs.clock import SystemClock
from certs.dev.authority import DevelopmentAuthority
from certs.dev.responder import DevelopmentResponder

ROOT = Path(__file__).resolve().parents[2]
collect_ignore_glob = [] if os.environ.get("ANTIN_TEST_FOREIGN") == "1" else ["test_*.py"]


def pytest_configure(config):
    config.addinivalue_line("markers", "foreign: asks EU DSS, veraPDF or pdfsig (Java, Maven)")


@pytest.fixture(scope="session")
def jar():
    return foreign_validators.build()


class Office:
    """A data directory with a development PKI of its own, worked by the real command line."""

    def __init__(self, folder, port):
        self.folder = folder
        self.authority = DevelopmentAuthority.ensure(folder / "dev-pki", SystemClock(), port=port)
        self.root = self.authority.root_path
        self.run("identity", "dev")

    def run(self, *words):
        return subprocess.run(
            [sys.executable, "-m", "api", *map(str, words), "--data", str(self.folder)],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )

    def sign(self, source, target, *, level, who="lanh-dao-1"):
        self.run("sign", "--identity", who, "--level", level, "--out", target, source)
        return target

    def revocation_lists(self):
        """What a validator with a network would have fetched."""
        paths = []
        for issuer in ("root", "issuing"):
            status, _, der = DevelopmentResponder(self.authority).answer(
                "GET", f"/crl/{issuer}.crl", b"", SystemClock().now()
            )
            assert status == 200
            paths.append(self.folder / f"{issuer}.crl")
            paths[-1].write_bytes(der)
        return paths


@pytest.fixture(scope="session")
def listener():
    """A loopback port that the certificates name, and who knocked at it."""
    import socket
    import threading

    knocks = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            while True:
                try:
                    connection, peer = server.accept()
                except OSError:
                    return
                knocks.append(peer)
                connection.close()

        threading.Thread(target=answer, daemon=True).start()
        yield server.getsockname()[1], knocks
        server.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="session")
def office(tmp_path_factory, listener):
    return Office(tmp_path_factory.mktemp("office"), listener[0])


@pytest.fixture(scope="session")
def paper(tmp_path_factory):
    """A page in PDF/A-2b that ends without a line end, as typst leaves it."""
    import typst

    folder = tmp_path_factory.mktemp("paper")
    (folder / "a.typ").write_text("= Quyết định\n\nSố: 1/QĐ-UBND", encoding="utf-8")
    made = folder / "giấy tờ.pdf"
    made.write_bytes(typst.compile(folder / "a.typ", format="pdf", pdf_standards=["a-2b"]))
    return made
