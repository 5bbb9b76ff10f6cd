import hashlib

import pytest
from vectors import attacks, trust
from vectors.pki import NOW
from vectors.registry import VECTORS, trusting

from signer.sandbox import Sandbox
from signer.validation.job import VALIDATE, ValidationRequest, unreadable_report


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(children=1) as s:
        yield s


@pytest.mark.parametrize(
    "name",
    [
        "b_lta_offline",
        "isa_with_new_page_content",
        "second_signature_by_a_stranger",
        "stripped_by_a_tool",
    ],
)
def test_the_child_without_network_says_the_same(sandbox, name):
    assert attacks
    assert trust
    v = next(v for v in VECTORS if v.name == name)
    case = v.make()
    request = ValidationRequest(trust=case.trust, at=case.at, material=case.material)
    report = sandbox.run(VALIDATE, request, pdf=case.pdf)
    assert report.integrity.value == v.integrity
    assert (report.indication.value if report.indication else None) == v.indication
    assert report.sha256 == hashlib.sha256(case.pdf).hexdigest()


def test_a_killed_child_is_answered_for():
    request = ValidationRequest(trust=trusting(), at=NOW)
    report = unreadable_report(sha256="0" * 64, size=5, code="file.limit", request=request)
    assert report.integrity.value == "UNREADABLE"
    assert report.indication is None
    assert report.reasons[0].code == "file.limit"
