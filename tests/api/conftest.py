"""An installation made once per run, and a real server in front of it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from api.settings import load
from api.wiring import House, make_development_pki
from office.roles import Role
from office.samples import names, sample
from signer.typeset import Typesetter
from support.live import free_port, serving

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
    # Session fixtures sign with the installed identities, and every signature leaves an intent.
    shutil.copytree(installed, target, ignore=shutil.ignore_patterns("antin.db*"))
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
