"""None of the hostile variants is accepted; how many there are stands in the tests' names."""

from pathlib import Path

import pytest

from signer.validation.report import Indication, Integrity
from vectors.hostile import FAMILIES, UNTRUSTED, case, shapes, variants
from vectors.liars import LIARS
from vectors.page import page
from vectors.paths import PATHS
from vectors.registry import VECTORS
from vectors.test_vectors import run


@pytest.mark.parametrize("name", FAMILIES)
def test_no_variant_is_accepted(name, record_property):
    accepted, broken = [], []
    for what, pdf in variants(name):
        report = run(case(pdf))
        passed = report.indication is Indication.TOTAL_PASSED
        whole = report.integrity is Integrity.INTACT and name not in UNTRUSTED
        if passed or whole:
            accepted.append(what)
        if not report.reasons:
            broken.append(what)
    record_property("hostile variants", len(variants(name)))
    assert accepted == []
    assert broken == [], "no reason given"


@pytest.mark.parametrize("shape", shapes())
def test_the_documents_that_are_attacked_pass_untouched(shape):
    report = run(case(shapes()[shape]))
    said = [(r.code, r.en) for r in report.reasons]
    assert report.integrity is Integrity.INTACT, said
    assert report.indication is Indication.TOTAL_PASSED, said


def total() -> int:
    liars = len([x for x in LIARS if not x.honest])
    paths = len([x for x in PATHS if not x.good])
    altered = len([v for v in VECTORS if v.integrity in ("ALTERED", "UNREADABLE")])
    return sum(len(variants(n)) for n in FAMILIES) + liars + paths + altered


@pytest.mark.parametrize("hostile", [total()], ids=lambda n: f"{n} hostile documents, 0 accepted")
def test_there_are_at_least_three_hundred(hostile):
    assert hostile >= 300
    names = [n for f in FAMILIES for n, _ in variants(f)]
    assert len({pdf for f in FAMILIES for _, pdf in variants(f)}) > 0.98 * len(names)


def test_the_page_about_vectors_is_what_is_tried():
    file = Path(__file__).parents[2] / "docs" / "verification" / "vectors.md"
    assert file.read_text(encoding="utf-8") == page()
