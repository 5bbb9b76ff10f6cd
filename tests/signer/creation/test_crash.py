"""Killed at any point, the target is absent or whole, and signing again goes through."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from signer.validation.report import Level

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
# run: prepare the signature (1), prepare the time-stamp (2), judge the result (3)
POINTS = [
    ("sandbox", 1, "before"),
    ("sandbox", 1, "after"),
    ("key", 1, "before"),
    ("key", 1, "after"),
    ("stamp", 1, "before"),
    ("stamp", 1, "after"),
    ("sandbox", 2, "after"),
    ("stamp", 2, "after"),
    ("sandbox", 3, "before"),
    ("sandbox", 3, "after"),
]


@pytest.mark.parametrize("existed", [False, True], ids=["new target", "target exists"])
@pytest.mark.parametrize(("what", "at", "when"), POINTS, ids=str)
def test_killed(house, pki_folder, plain, tmp_path, what, at, when, existed):
    target = tmp_path / "ra" / "a.pdf"
    target.parent.mkdir()
    if existed:
        target.write_bytes(b"cu")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(HERE)])}
    run = subprocess.run(
        [sys.executable, str(HERE / "dying.py"), str(pki_folder), str(plain), str(target),
         what, str(at), when],
        env=env, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == -signal.SIGKILL, run.stderr

    assert target.exists() == existed
    assert not existed or target.read_bytes() == b"cu"
    left = [p.name for p in target.parent.iterdir() if p != target]
    assert all(name.startswith(".a.pdf.") and name.endswith(".part") for name in left)
    made = house.sign(plain, target, level=Level.B_LTA)
    assert target.read_bytes()[: plain.stat().st_size] == plain.read_bytes()
    assert made.size == target.stat().st_size
