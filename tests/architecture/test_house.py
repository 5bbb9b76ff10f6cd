"""The house stands as docs/architecture.md draws it."""

import importlib.metadata
import pathlib
import re
import subprocess
import sys
import tomllib
import zipfile

import pytest

ROOT = pathlib.Path(__file__).parents[2]
ROOMS = ("certs", "signer", "archive", "office", "api")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def tracked(*patterns):
    out = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, check=True
    ).stdout
    return [ROOT / f for f in out.decode().split("\0") if f and (ROOT / f).is_file()]


def test_imports_point_one_way():
    run = subprocess.run(
        [pathlib.Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("room", ROOMS)
def test_no_installed_distribution_owns_a_room_of_ours(room):
    assert importlib.metadata.packages_distributions().get(room, []) == []


def test_our_wheel_carries_no_module(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert names
    assert [n for n in names if ".dist-info/" not in n] == []


def test_every_dependency_says_why_it_is_here():
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    bare = [x for x in lines if re.match(r'    "[a-z0-9\[\]-]+[=><]', x) and "#" not in x]
    assert bare == []


@pytest.mark.parametrize("lock", ["run", "test"])
def test_every_locked_package_carries_hashes(lock):
    text = (ROOT / "requirements" / f"{lock}.lock").read_text()
    pins = re.findall(r"^[a-z0-9_.-]+==[^\n]*\\\n(    --hash=sha256:)?", text, re.MULTILINE)
    assert pins
    assert all(pins)
    assert re.findall(r"^[a-z0-9_.-]+(?:\[[a-z,]+\])?==[^\\\n]*$", text, re.MULTILINE) == []


def test_what_the_service_runs_on_is_part_of_what_is_tested():
    def pins(name):
        text = (ROOT / "requirements" / f"{name}.lock").read_text()
        return set(re.findall(r"^([a-z0-9_.-]+==[^\s;\\]+)", text, re.MULTILINE))

    assert pins("run") <= pins("test")


def test_no_room_is_called_core_common_or_utils():
    forbidden = {"core", "common", "utils", "helpers", "misc"}
    found = [f for f in tracked("*.py") if forbidden & {*f.relative_to(ROOT).parts[:-1], f.stem}]
    assert found == []


def test_no_two_test_modules_share_a_name():
    """Tests are imported by bare name: of two that share one, the second is never run."""
    names = [f.name for f in tracked("tests/*.py") if f.name not in {"conftest.py", "__init__.py"}]
    assert {n for n in names if names.count(n) > 1} == set()


def test_no_tracked_file_names_a_machine_or_a_registry():
    machine = re.compile(r"(?<![\w.])/(?:work|root|farm)/\w|\bh-seed-\w+")
    found = [
        f"{f.relative_to(ROOT)}: {m.group()}"
        for f in tracked()
        if f.suffix not in {".pdf", ".png", ".mo", ".ico", ".der", ".webp"}
        and f != pathlib.Path(__file__)
        and (m := machine.search(f.read_text(errors="replace")))
    ]
    assert found == []
