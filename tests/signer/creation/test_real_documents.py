"""Documents that the agencies' own tools signed take one more signature and stay what they were."""

import csv
import os
from pathlib import Path

import pytest
from test_levels import judged

from signer.appearance import AppearanceKind
from signer.validation.report import ChangesAfter, Indication, Integrity, Level

CORPUS = Path(os.environ.get("ANTIN_CORPUS", "")) / "vnpdf"


def listed():
    if "ANTIN_CORPUS" not in os.environ:
        return []
    with (CORPUS / "truth.csv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    return [r["file"] for r in rows if r["signed"] == "yes" and (CORPUS / r["file"]).exists()]


@pytest.mark.corpus
@pytest.mark.skipif("ANTIN_CORPUS" not in os.environ, reason="ANTIN_CORPUS names no folder")
@pytest.mark.parametrize("name", listed() or ["(none)"])
def test_a_seal_on_top_leaves_every_earlier_signature_as_it_was(house, tmp_path, name):
    source, target = CORPUS / name, tmp_path / "dau.pdf"
    before = judged(house, source)
    assert before.integrity is Integrity.INTACT
    house.sign(source, target, "con-dau", appearance=AppearanceKind.SEAL, level=Level.B_LT)
    after = judged(house, target)
    assert after.integrity is Integrity.INTACT
    assert len(after.signatures) == len(before.signatures) + 1
    for old, new in zip(before.signatures, after.signatures, strict=False):
        assert new.integrity is old.integrity
        assert new.indication is old.indication
        assert new.changes_after is ChangesAfter.PERMITTED
    assert after.signatures[-1].indication is Indication.TOTAL_PASSED
