from datetime import UTC

import pytest

from signer.validation.document import validate
from signer.validation.job import ValidationRequest
from vectors import attacks, subindications, trust
from vectors.registry import VECTORS


def run(case):
    request = ValidationRequest(trust=case.trust, at=case.at, material=case.material)
    return validate(case.pdf, request)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v.name)
def test_the_vector_gets_its_verdict(vector):
    case = vector.make()
    report = run(case)
    first = report.signatures[0] if report.signatures else None
    said = f"{[(r.code, r.en) for r in report.reasons]}"

    assert report.integrity.value == vector.integrity, said
    assert (report.indication.value if report.indication else None) == vector.indication, said
    if vector.sub:
        assert first.sub_indication == vector.sub, said
    if vector.after:
        assert first.changes_after.value == vector.after, said
    if vector.level:
        assert first.level.value == vector.level, said
    if vector.code:
        assert vector.code in {r.code for r in report.reasons}, said


def test_there_are_enough_vectors_of_each_verdict():
    by = {}
    for v in VECTORS:
        by.setdefault(v.integrity, []).append(v.name)
    assert len(VECTORS) >= 80
    assert {"INTACT", "ALTERED", "UNDECIDED", "UNSIGNED", "UNREADABLE"} == by.keys()
    assert len([v for v in VECTORS if v.indication == "TOTAL-PASSED"]) >= 10
    assert len({v.name for v in VECTORS}) == len(VECTORS)
    assert attacks.whole
    assert subindications.PASSED
    assert trust.UTC if hasattr(trust, "UTC") else UTC


def test_a_proven_time_is_never_the_claimed_one():
    report = run(trust_case("b_b_with_evidence_at_hand"))
    assert report.signatures[0].best_signature_time is None
    assert report.signatures[0].claimed_signing_time is not None


def test_missing_evidence_is_named_for_every_certificate_below_the_anchor():
    report = run(trust_case("no_revocation_evidence"))
    assert len(report.needs) == 2
    assert all(n.crl_urls for n in report.needs)


def test_no_evidence_is_asked_for_about_strangers():
    assert run(trust_case("unknown_root")).needs == ()


def trust_case(name):
    return next(v for v in VECTORS if v.name == name).make()
