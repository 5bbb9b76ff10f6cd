import pytest

from signer.validation.report import Indication
from vectors.paths import PATHS
from vectors.test_vectors import run


@pytest.mark.parametrize("case", PATHS, ids=lambda c: c.name)
def test_a_path_leads_to_trust_exactly_if_it_is_good(case):
    report = run(case.make())
    said = (report.signatures[0].sub_indication, [(r.code, r.en) for r in report.reasons])
    assert report.integrity.value == "INTACT", said
    assert (report.indication is Indication.TOTAL_PASSED) == case.good, said


def test_there_are_enough_bad_paths_and_some_good_ones():
    assert len([c for c in PATHS if not c.good]) >= 18
    assert len([c for c in PATHS if c.good]) >= 5
