"""The picture comparison in the flow: after the verdict, in its time, never in its way."""

import sys
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "signer" / "picture"))
from promissory import annotated
from vectors.make import base, sign
from vectors.pki import NOW, pki

from certs.model import TrustStore
from office.flows.pictured import pictured
from office.flows.verify import Verifier
from signer.errors import LimitExceededError, SandboxError
from signer.limits import UPLOAD_BYTES
from signer.sandbox import Sandbox
from signer.validation.document import validate
from signer.validation.job import ValidationRequest
from signer.validation.report import Integrity


@pytest.fixture(scope="module")
def box():
    with Sandbox() as sandbox:
        yield sandbox


class Clock:
    def now(self):
        return datetime(2026, 3, 2, 9, tzinfo=UTC)


class Failing:
    """A sandbox in which the comparison does not come to an end."""

    def __init__(self, error):
        self.error, self.walls = error, []

    def run(self, job, request, *, pdf, limits):
        self.walls.append(limits.wall)
        raise self.error


def hidden(rect=(70, 690, 220, 730)):
    """Return a certified document with an opaque note over its text, under P=3."""
    first = sign(base(), pki().leader, certify=3)
    a, b, c, d = rect
    return annotated(first, rect=rect, look=b"1 1 1 rg 0 0 %d %d re f" % (c - a, d - b))


def test_a_document_whose_text_is_hidden_is_verified_as_undecided(box):
    verifier = Verifier(sandbox=box, revocation=None, clock=Clock(), size_limit=UPLOAD_BYTES)
    evil = verifier.verify(hidden(), trust=TrustStore(), read=False).report
    honest = verifier.verify(hidden((300, 300, 450, 340)), trust=TrustStore(), read=False).report
    assert evil.integrity is Integrity.UNDECIDED
    assert evil.reasons[0].code == "picture.covers"
    assert honest.integrity is Integrity.INTACT


@pytest.mark.parametrize(
    "error",
    [
        LimitExceededError("wall", "Quá lâu.", "Too long."),
        SandboxError("Hỏng.", "Broken."),
    ],
)
def test_a_comparison_that_fails_leaves_the_verdict(error):
    pdf = hidden()
    report = validate(pdf, ValidationRequest(trust=TrustStore(), at=NOW))
    sandbox = Failing(error)
    assert pictured(sandbox, BytesIO(pdf), report, wall=2.5) == report
    assert sandbox.walls == [2.5]


def test_nothing_is_run_for_what_is_decided_already():
    pdf = sign(base(), pki().leader)
    report = validate(pdf, ValidationRequest(trust=TrustStore(), at=NOW))
    sandbox = Failing(SandboxError("Hỏng.", "Broken."))
    pictured(sandbox, BytesIO(pdf), report, wall=5)
    altered = replace(report, integrity=Integrity.UNSIGNED, indication=None)
    pictured(sandbox, BytesIO(pdf), altered, wall=5)
    assert sandbox.walls == []
