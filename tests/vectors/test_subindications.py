"""The page, the vectors and pyHanko's enumerations name the same sub-indications."""

import re
from pathlib import Path

import pytest
from pyhanko.sign.ades.report import AdESFailure, AdESIndeterminate

from vectors import attacks, subindications, trust
from vectors.registry import VECTORS
from vectors.test_vectors import run

PAGE = Path(__file__).parents[2] / "docs" / "verification" / "sub-indications.md"
BY_NAME = {v.name: v for v in VECTORS}
MODULES = (attacks, subindications, trust)


def rows() -> dict[str, list[str]]:
    """Sub-indication → the other cells of its row."""
    cells = [line.strip("| \n").split(" | ") for line in PAGE.read_text().splitlines()]
    return {c[0]: c[1:] for c in cells if re.fullmatch(r"[A-Z_]{5,}", c[0])}


PRODUCED = {name: row for name, row in rows().items() if len(row) == 3}
EXCUSED = {name: row for name, row in rows().items() if len(row) == 1}


def test_the_page_names_every_sub_indication_that_pyhanko_has_once():
    known = {x.standard_name for x in (*AdESFailure, *AdESIndeterminate)}
    assert PRODUCED.keys() | EXCUSED.keys() == known
    assert len(PRODUCED) == 21


@pytest.mark.parametrize("name", sorted(PRODUCED))
def test_the_file_gets_exactly_this_sub_indication(name):
    indication, made_by, _ = PRODUCED[name]
    vector = BY_NAME[made_by.strip("`")]
    report = run(vector.make())
    assert report.signatures[0].sub_indication == name
    assert report.signatures[0].indication.value == indication == vector.indication
    assert "(and only" in (vector.doc or "")


def test_what_cannot_come_out_is_written_nowhere_in_the_validation_room():
    room = Path(__file__).parents[2] / "signer" / "validation"
    said = "".join(p.read_text() for p in room.glob("*.py") if p.name != "wording.py")
    for name in EXCUSED:
        assert f"AdESIndeterminate.{name}" not in said
