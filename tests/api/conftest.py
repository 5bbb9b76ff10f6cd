"""An installation made once per run, and a real server in front of it."""

import os
import shutil
import socket
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import uvicorn

from api.rest.app import create_app
from api.settings import load
from api.wiring import House, make_development_pki
from office.people import NewPerson
from office.roles import Role
from office.samples import names, sample
from signer.typeset import Typesetter

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True, scope="session")
def _bare_environment():
    """Settings of whoever runs the tests must not reach them."""
    kept = {k: v for k, v in os.environ.items() if k.startswith("ANTIN_") and "TEST" not in k}
    for name in kept:
        if name != "ANTIN_CORPUS":
            del os.environ[name]
    yield
    os.environ.update(kept)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as trial:
        return trial.getsockname()[1]


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """A data directory with the development PKI, never changed: copy it."""
    data = tmp_path_factory.mktemp("installed") / "data"
    make_development_pki(load(data), port=free_port())
    return data


@pytest.fixture
def data(installed, tmp_path):
    """A data directory of the test's own."""
    target = tmp_path / "data"
    shutil.copytree(installed, target)
    return target


@pytest.fixture(scope="session")
def papers(tmp_path_factory):
    """Three sample documents, typeset."""
    folder = tmp_path_factory.mktemp("papers")
    typesetter = Typesetter()
    made = []
    for name in names()[:3]:
        path = folder / f"{name}.pdf"
        path.write_bytes(sample(name, typesetter).pdf)
        made.append(path)
    return tuple(made)


@pytest.fixture(scope="session")
def antin():
    """Run the command line as a process of its own."""

    def run(*arguments, env=None, stdin=None, text=True):
        return subprocess.run(
            [sys.executable, "-m", "api", *map(str, arguments)],
            capture_output=True,
            text=text,
            input=stdin,
            timeout=120,
            check=False,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | (env or {}),
            cwd=env.get("PWD") if env else None,
        )

    return run


@pytest.fixture(scope="session")
def root_certificate(installed):
    return installed / "dev-pki" / "root.pem"


class Live:
    """A server on loopback, and who may use it."""

    def __init__(self, house, address):
        self.house = house
        self.client = httpx.Client(base_url=address, timeout=60)
        self._people = 0

    def join(self, *roles, identities=("lanh-dao-1",)):
        """Return the headers of somebody new with these roles."""
        self._people += 1
        person = self.house.people.add(
            NewPerson(
                account=f"nguoi-{self._people}",
                password="mat-khau-cua-toi",
                full_name="Người Thử",
                title="",
                agency="Cơ quan",
                roles=frozenset(roles),
                identities=frozenset(identities),
            )
        )
        token = self.house.people.issue_token(person.id, "test", timedelta(hours=1))
        return {"Authorization": f"Bearer {token}"}


class Server(uvicorn.Server):
    """Does not touch signals; says when it answers."""

    def __init__(self, config):
        super().__init__(config)
        self.answers = threading.Event()

    async def startup(self, sockets=None):
        await super().startup(sockets)
        self.answers.set()


def serving(house):
    """Serve `house` until the generator is closed."""
    house.open()
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(uvicorn.Config(create_app(house), log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    assert server.answers.wait(30)
    live = Live(house, f"http://127.0.0.1:{listening.getsockname()[1]}")
    try:
        yield live
    finally:
        live.client.close()
        server.should_exit = True
        thread.join(20)
        listening.close()
        house.close()


@pytest.fixture(scope="module")
def live(installed, tmp_path_factory):
    """A server of the module's own, with an upload limit that tests can reach."""
    data = tmp_path_factory.mktemp("live") / "data"
    shutil.copytree(installed, data)
    yield from serving(House(load(data, upload_limit=2_000_000, verify_per_minute=1000)))


@pytest.fixture(scope="module")
def leader(live):
    return live.join(Role.LEADER)


@pytest.fixture(scope="module")
def clerk(live):
    return live.join(Role.CLERK, identities=("con-dau",))


@pytest.fixture(scope="module")
def administrator(live):
    return live.join(Role.ADMIN, identities=())
