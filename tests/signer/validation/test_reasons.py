import ast
import re
from pathlib import Path

import pytest

from signer.validation import wording
from signer.validation.wording import WORDINGS, reason, reason_for, reference_page

ROOT = Path(__file__).parents[3]


SUBJECTS = (
    "file|signature|digest|change|bytes|chain|certificate|revocation|algorithm|timestamp|time"
    "|renewal|validation|content|parsers"
)


def codes_in_the_source() -> set[str]:
    """Every string in the validation room that looks like a reason code."""
    return {
        node.value
        for file in (ROOT / "signer" / "validation").glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(rf"({SUBJECTS})\.[a-z0-9_]+", node.value)
    }


def test_the_page_of_reasons_is_the_list_in_the_code():
    assert (ROOT / "docs" / "reference" / "reasons.md").read_text() == reference_page()


def test_every_code_that_is_used_is_worded():
    assert codes_in_the_source() <= WORDINGS.keys()


@pytest.mark.parametrize("code", WORDINGS)
def test_a_reason_reads_well_with_and_without_a_field(code):
    for field in (None, "Signature1"):
        r = reason(code, field, detail="x")
        for sentence in (r.vi, r.en, r.remedy_vi, r.remedy_en):
            assert sentence.endswith(".")
            assert "{" not in sentence
            assert "  " not in sentence
        assert ("Signature1" in r.vi) == ("{at}" in WORDINGS[code].vi and field is not None)


@pytest.mark.parametrize("code", WORDINGS)
def test_vietnamese_sentences_use_no_english_word(code):
    w = WORDINGS[code]
    for sentence in (w.vi, w.remedy_vi):
        assert not re.search(r"\b(the|signature|file|time|check|original|valid)\b", sentence)


def test_a_time_stamp_that_has_expired_asks_for_renewal():
    (r,) = reason_for("OUT_OF_BOUNDS_NO_POE", "Stamp", "TSA", "", timestamp=True)
    assert r.code == "renewal.needed"
    assert "gia hạn" in r.remedy_vi
    (r,) = reason_for("OUT_OF_BOUNDS_NO_POE", "Sig", "CA", "", timestamp=False)
    assert r.code == "certificate.expired"


def test_no_sub_indication_means_nothing_to_say():
    assert reason_for(None, "Sig", "CA", "", timestamp=False) == []


def test_no_clerk_is_shown_a_word_of_the_standard():
    for word in wording._BY_SUB_INDICATION:
        if word in {"GENERIC", "SIGNATURE_POLICY_NOT_AVAILABLE", "POLICY_PROCESSING_ERROR"}:
            continue  # their sentences have no place for a detail
        said = wording.reason("timestamp.invalid", "S", detail=word)
        assert word not in said.vi + said.en
