import sys
from pathlib import Path

import pytest

# The house that signs for real is the one of the tests of signing.
sys.path.append(str(Path(__file__).parents[1] / "creation"))

from blank_papers import blank_paper
from house import House

from certs.clock import SystemClock
from office.blanks import blanks
from signer.pagetext import READ_TEXT, TextRequest
from signer.sandbox import Sandbox


@pytest.fixture(scope="session")
def sandbox():
    with Sandbox() as box:
        yield box


@pytest.fixture(scope="session")
def house(tmp_path_factory, sandbox):
    return House(tmp_path_factory.mktemp("pki"), SystemClock(), sandbox)


@pytest.fixture(scope="session")
def paper(tmp_path_factory):
    folder = tmp_path_factory.mktemp("paper")
    path = folder / "du-thao.pdf"
    path.write_bytes(blank_paper(folder / "typ"))
    return path


@pytest.fixture(scope="session")
def places(sandbox, paper):
    return blanks(sandbox.run(READ_TEXT, TextRequest(), pdf=paper))
