"""kill -9 at every point of issuing: the same number is resumed, and there are never two."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from bureau import Bureau
from steps import judge

from certs.clock import SystemClock
from signer.fields import READ_FIELDS, FieldsRequest, FieldUse
from signer.sandbox import Sandbox
from signer.validation.report import Indication

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
JOBS = 17
"""Jobs in the sandbox from the first look to the archive; the test of the list counts them."""
BEFORE_ANY_WRITE = 6
"""Jobs that only look: the document is recognised twice."""
STEP = 1 if int(os.environ.get("ANTIN_TEST_KILLS", "40")) > 40 else 4
"""Every fourth job every day; each of them where more kills are asked for."""
POINTS = [
    ("register", "reserve", 1, "before"),
    ("register", "reserve", 1, "after"),
    ("key", "sign", 1, "before"),
    ("key", "sign", 1, "after"),
    ("archive", "ingest", 1, "before"),
    ("store", "put_once", 1, "before"),
    ("store", "put_once", 1, "after"),
    ("store", "promote", 1, "before"),
    ("store", "promote", 1, "after"),
    ("store", "replace_inventory", 1, "after"),
    ("store", "delete_staged", 1, "before"),
    ("archive", "ingest", 1, "after"),
    ("archive", "open", 1, "before"),
    *(("sandbox", "run", n, "after") for n in range(BEFORE_ANY_WRITE + 1, JOBS + 1, STEP)),
]
SEALED = ("archive", "store")
"""Killed there, the seal was made: it is used again, the key is not."""


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as box:
        yield box


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return tmp_path_factory.mktemp("pki")


@pytest.fixture(scope="module")
def approved(tmp_path_factory, pki, sandbox):
    bureau = Bureau(tmp_path_factory.mktemp("kept"), pki, SystemClock(), sandbox)
    return bureau.approved().path


def run(folder, pki, approved, *point):
    path = [ROOT, ROOT / "tests", HERE]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(str(p) for p in path)}
    arguments = [str(a) for a in (folder, pki, approved, *point)]
    return subprocess.run(
        [sys.executable, str(HERE / "issue_until_killed.py"), *arguments],
        env=env,
        check=False,
        capture_output=True,
        text=True,
    )


def test_the_list_of_jobs_is_complete(tmp_path, pki, approved):
    done = run(tmp_path / "b", pki, approved, "sandbox", "run", 10_000, "after")
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == JOBS


@pytest.mark.parametrize("point", POINTS, ids=lambda p: "-".join(map(str, p)))
def test_killed_and_resumed(tmp_path, pki, sandbox, approved, point):
    folder = tmp_path / "b"
    # Schema and storage root are there: what is counted is the writes of the document.
    Bureau(folder, pki, SystemClock(), sandbox).engine.dispose()
    died = run(folder, pki, approved, *point)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert not (folder / "phat-hanh.pdf").exists()

    bureau = Bureau(folder, pki, SystemClock(), sandbox)
    held = bureau.ledger()
    assert held in ([], [(1, "reserved", 0)], [(1, "issued", 1)])
    seals = list(folder.glob("workshop/*/sealed-*.pdf"))
    made = seals[0].read_bytes() if seals else None
    bureau.archive.recover()
    issued = bureau.issue(bureau.issuing.recognise(approved))
    assert issued.number.entry.number == 1
    assert bureau.ledger() == [(1, "issued", 1)]
    assert len(bureau.archive._catalogue.record_ids()) == 1
    assert judge(bureau.house, issued.path).indication is Indication.TOTAL_PASSED
    fields = sandbox.run(READ_FIELDS, FieldsRequest(), pdf=issued.path)
    assert fields.get(FieldUse.NUMBER).value == "01"
    assert bureau.archive.fsck().clean
    if point[0] in SEALED:
        assert issued.path.read_bytes() == made
    # The next document gets the next number: nothing was lost on the way.
    assert bureau.register.reserve("f" * 64).entry.number == 2
    bureau.engine.dispose()
