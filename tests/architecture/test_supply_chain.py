"""What we ship can be listed, package by package, from the lock file alone."""

import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]


def test_the_bill_of_materials_lists_every_locked_package(tmp_path):
    out = tmp_path / "sbom.json"
    subprocess.run(
        [ROOT / "requirements/sbom", out],
        check=True,
        capture_output=True,
        env={"ANTIN_VENV": sys.prefix, "PATH": "/usr/bin:/bin"},
    )
    bom = json.loads(out.read_text())
    listed = {(c["name"], c["version"]) for c in bom["components"]}
    lock = (ROOT / "requirements/run.lock").read_text()
    locked = set(re.findall(r"^([a-z0-9_.-]+)(?:\[[a-z,]+\])?==([^\s;\\]+)", lock, re.MULTILINE))
    assert bom["bomFormat"] == "CycloneDX"
    assert locked
    assert listed == locked
