"""The rounds of evidence, with a sandbox that does what the test says."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from certs.model import RevocationMaterial, RevocationNeed, TrustStore
from office.flows.verify import ROUNDS, Verifier
from signer.errors import LimitExceededError, SandboxError
from signer.limits import VERIFY
from signer.validation.job import VALIDATE, unreadable_report
from signer.validation.report import Indication, Integrity

NEED = RevocationNeed(certificate=b"c", issuer=b"i")
NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Clock:
    def now(self):
        return NOW


class Box:
    """A sandbox that answers from a script: reports or errors, in order."""

    def __init__(self, *script):
        self.script, self.requests, self.walls = list(script), [], []

    def warm(self):
        pass

    def run(self, job, request, *, pdf, limits=None):
        if job is not VALIDATE:
            raise SandboxError("không đọc được", "not readable")
        self.requests.append(request)
        self.walls.append(limits.wall)
        step = self.script[min(len(self.requests), len(self.script)) - 1]
        if isinstance(step, Exception):
            raise step
        return step(request)


class Source:
    """Evidence, a new piece at each asking."""

    def __init__(self, *pieces):
        self.pieces, self.asked = list(pieces), []

    def gather(self, needs, *, offline=False):
        self.asked.append((tuple(needs), offline))
        piece = self.pieces.pop(0) if self.pieces else None
        return RevocationMaterial(crls=(piece,) if piece else ())


def wanting(request):
    report = unreadable_report(sha256="0" * 64, size=1, code="file.damaged", request=request)
    return replace(
        report, integrity=Integrity.INTACT, indication=Indication.INDETERMINATE, needs=(NEED,)
    )


def content(request):
    return replace(wanting(request), indication=Indication.TOTAL_PASSED, needs=())


def verify(box, source, **options):
    verifier = Verifier(
        sandbox=box,
        revocation=None if source is None else lambda _trust: source,
        clock=Clock(),
        size_limit=options.pop("size_limit", 100),
    )
    return verifier.verify(b"%PDF", trust=TrustStore(), **options)


def test_a_document_that_lacks_nothing_is_looked_at_once():
    box, source = Box(content), Source(b"1")
    assert verify(box, source).report.indication is Indication.TOTAL_PASSED
    assert len(box.requests) == 1
    assert source.asked == []


def test_evidence_is_gathered_and_the_document_looked_at_again_with_all_of_it():
    box = Box(wanting, wanting, content)
    verify(box, Source(b"1", b"2"))
    assert [r.material.crls for r in box.requests] == [(), (b"1",), (b"1", b"2")]


def test_there_are_no_more_rounds_than_three_however_much_it_wants():
    box, source = Box(wanting), Source(*(bytes([n]) for n in range(9)))
    verify(box, source)
    assert len(box.requests) == ROUNDS


def test_when_nothing_new_can_be_had_it_is_not_looked_at_again():
    box = Box(wanting)
    verify(box, Source())
    assert len(box.requests) == 1


def test_offline_is_passed_on_to_all(caplog):
    box, source = Box(wanting), Source(b"1")
    verify(box, source, offline=True)
    assert all(r.offline for r in box.requests)
    assert {offline for _, offline in source.asked} == {True}


def test_the_time_of_validation_is_the_one_asked_for():
    box, at = Box(content), datetime(2020, 1, 1, tzinfo=UTC)
    verify(box, None, at=at)
    verify(box, None)
    assert [r.at for r in box.requests] == [at, NOW]


def test_all_rounds_share_one_wall_clock():
    box = Box(wanting)
    verify(box, Source(b"1", b"2"))
    assert box.walls == sorted(box.walls, reverse=True)
    assert box.walls[0] == VERIFY.wall


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (LimitExceededError("wall", "lâu", "slow"), "file.limit"),
        (SandboxError("hỏng", "broken"), "file.fault"),
    ],
)
def test_a_document_that_breaks_its_child_has_a_verdict_like_any_other(error, code):
    report = verify(Box(error), None).report
    assert report.integrity is Integrity.UNREADABLE
    assert [r.code for r in report.reasons] == [code]
    assert len(report.sha256) == 64


def test_a_later_round_that_is_cut_off_leaves_the_verdict_of_the_one_before():
    box = Box(wanting, LimitExceededError("wall", "lâu", "slow"))
    assert verify(box, Source(b"1")).report.indication is Indication.INDETERMINATE


def test_a_file_above_the_limit_never_reaches_the_box():
    box = Box(content)
    report = verify(box, None, size_limit=3).report
    assert [r.code for r in report.reasons] == ["file.limit"]
    assert box.requests == []


def test_what_cannot_be_read_is_not_read_and_the_verdict_stands():
    found = verify(Box(content), None)
    assert found.extracted is None
    assert found.report.indication is Indication.TOTAL_PASSED
