"""What other projects say of their own files, against what we say."""

import csv
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from certs.model import TrustStore
from signer.validation.document import validate
from signer.validation.job import ValidationRequest

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif("ANTIN_CORPUS" not in os.environ, reason="ANTIN_CORPUS names no folder"),
]
ROOT = Path(os.environ.get("ANTIN_CORPUS", "."))
GOOD_AT_LEAST = 0.97


def rows(manifest: Path) -> list[dict[str, str]]:
    if not manifest.exists():
        return []
    with manifest.open(newline="") as f:
        return list(csv.DictReader(f))


def verdict(file: Path):
    request = ValidationRequest(trust=TrustStore(), at=datetime.now(UTC), offline=True)
    return validate(file.read_bytes(), request)


def test_no_bad_file_is_called_intact_and_few_good_ones_are_not():
    accepted, good, kept = [], 0, 0
    for row in rows(ROOT / "corpus" / "expected.csv"):
        file = ROOT / "corpus" / row["file"]
        if row["tier"] not in "AB" or not file.exists():
            continue
        report = verdict(file)
        modified, whole = row["expected_modified_after_signing"], row["expected_intact"]
        if modified in ("yes", "suspicious") or whole == "no":
            if report.integrity.value == "INTACT":
                accepted.append(row["file"])
        elif (
            whole == "yes"
            and modified in ("no", "permitted")
            and row["expected_malformed"] != "yes"
        ):
            good += 1
            kept += report.integrity.value == "INTACT"
    assert accepted == []
    assert good > 100
    assert kept >= GOOD_AT_LEAST * good


def test_real_vietnamese_documents_are_known_for_what_they_are():
    checked = 0
    for row in rows(ROOT / "vnpdf" / "truth.csv"):
        file = ROOT / "vnpdf" / row["file"]
        if not file.exists():
            continue
        checked += 1
        report = verdict(file)
        codes = {r.code for r in report.reasons}
        if row["signed"] == "yes" and row["signature_state"].startswith("valid"):
            assert report.integrity.value == "INTACT", row["file"]
            assert len(report.signatures) == int(row["n_signatures"]), row["file"]
        elif row["signed"] != "yes":
            assert report.integrity.value == "UNSIGNED", row["file"]
            assert ("signature.removed" in codes) == (row["signature_state"] == "stripped"), row[
                "file"
            ]
        else:
            assert report.integrity.value != "INTACT", row["file"]
    assert checked > 30
