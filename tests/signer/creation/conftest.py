import pytest
from forms import blank
from house import House

from certs.clock import SystemClock
from office.samples import names, sample
from signer.sandbox import Sandbox
from signer.typeset import Typesetter


@pytest.fixture(scope="session")
def sandbox():
    with Sandbox() as box:
        yield box


@pytest.fixture(scope="session")
def pki_folder(tmp_path_factory, sandbox):
    """One PKI for the whole run: making keys costs a second."""
    folder = tmp_path_factory.mktemp("pki")
    House(folder, SystemClock(), sandbox)
    return folder


@pytest.fixture
def house(pki_folder, sandbox):
    return House(pki_folder, SystemClock(), sandbox)


@pytest.fixture(scope="session")
def paper(tmp_path_factory):
    """A decision of four pages, PDF/A-2b, with the place of its signature."""
    made = sample(names()[0], Typesetter())
    path = tmp_path_factory.mktemp("paper") / "quyet-dinh.pdf"
    path.write_bytes(made.pdf)
    return path, made.signature


@pytest.fixture
def plain(tmp_path):
    path = tmp_path / "trang.pdf"
    path.write_bytes(blank())
    return path
