import shutil

import pytest
from set_clock import SetClock

from certs.dev.authority import DevelopmentAuthority
from certs.identities.software import FileIdentityStore


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture(scope="session")
def pki_template(tmp_path_factory):
    """One PKI for the whole run: making keys costs a second."""
    folder = tmp_path_factory.mktemp("pki")
    clock = SetClock()
    authority = DevelopmentAuthority.ensure(folder / "dev", clock)
    authority.ensure_identities(FileIdentityStore(folder / "identities", clock), clock)
    return folder


@pytest.fixture
def pki(pki_template, tmp_path):
    """A copy of it that a test may change."""
    shutil.copytree(pki_template, tmp_path / "pki")
    return tmp_path / "pki"


@pytest.fixture
def authority(pki):
    return DevelopmentAuthority(pki / "dev")


@pytest.fixture
def store(pki, clock):
    return FileIdentityStore(pki / "identities", clock)
