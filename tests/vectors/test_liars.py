import pytest

from signer.validation.report import Indication
from vectors.liars import LIARS
from vectors.test_vectors import run

LYING = [x for x in LIARS if not x.honest]


@pytest.mark.parametrize("liar", LYING, ids=lambda x: f"{x.kind}: {x.name}")
def test_nobody_believes(liar):
    report = run(liar.make())
    first = report.signatures[0]
    assert report.indication is not Indication.TOTAL_PASSED
    if "time-stamp" in liar.kind and liar.name != "time after the signer's end":
        assert first.best_signature_time is None, liar.name


@pytest.mark.parametrize("liar", [x for x in LIARS if x.honest], ids=lambda x: x.kind)
def test_the_same_document_with_the_truth_passes(liar):
    report = run(liar.make())
    assert report.indication is Indication.TOTAL_PASSED, [r.en for r in report.reasons]


def test_there_are_enough_liars_of_each_kind():
    kinds = [x.kind for x in LYING]
    assert kinds.count("time-stamp") >= 15
    assert kinds.count("document time-stamp") >= 15
    assert kinds.count("ocsp") + kinds.count("crl") >= 20
