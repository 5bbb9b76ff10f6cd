"""What is kept of a verdict reads back, and is enough to make the verdict again."""

import hashlib
import json
from dataclasses import replace

import pytest

from certs.model import RevocationMaterial, RevocationNeed, TrustAnchor, TrustPurpose, TrustStore
from signer.reports.record import (
    FORMAT,
    RecordInvalidError,
    digest_of_anchors,
    read_record,
    with_anchors,
    write_record,
)
from signer.validation.job import VALIDATE, ValidationRequest
from signer.validation.report import EvidenceKind, cite_evidence


def test_a_report_reads_back_as_it_was(case):
    report = with_anchors(case.report, case.trust)
    written = write_record(report)
    assert read_record(written) == report
    assert write_record(read_record(written)) == written


def test_hostile_text_survives_untouched(hostile):
    assert read_record(write_record(hostile)) == hostile


def test_a_question_that_is_over_is_not_kept(cases):
    asked = RevocationNeed(certificate=b"a", issuer=b"b")
    report = replace(cases["alone"].report, needs=(asked,))
    assert "needs" not in json.loads(write_record(report))["report"]
    assert read_record(write_record(report)).needs == ()


def test_anchors_are_cited_one_by_one_and_add_up_to_the_digest(case):
    report = with_anchors(case.report, case.trust)
    assert [a.sha256 for a in report.anchors] == sorted(a.sha256 for a in case.trust.anchors)
    assert digest_of_anchors(report.anchors) == report.trust_digest


def test_another_trust_is_never_cited(cases):
    report = cases["archived"].report
    assert with_anchors(report, TrustStore()) is report


def test_the_verdict_can_be_made_again_from_what_it_cites(case, house, sandbox):
    report = with_anchors(case.report, case.trust)
    shelf = {hashlib.sha256(a.certificate).hexdigest(): a.certificate for a in house.trust.anchors}
    again = TrustStore(
        anchors=tuple(
            TrustAnchor(
                certificate=shelf[a.sha256], purposes=frozenset(a.purposes), origin="another desk"
            )
            for a in read_record(write_record(report)).anchors
        )
    )
    request = ValidationRequest(trust=again, at=report.validation_time, offline=True)
    made = sandbox.run(VALIDATE, request, pdf=case.pdf)
    # Where an anchor came from is this desk's own affair, and changes nothing.
    assert replace(made, anchors=()) == replace(case.report, anchors=())
    assert made.trust_digest == report.trust_digest


def test_evidence_given_is_cited_by_digest_once_and_in_order():
    material = RevocationMaterial(ocsp_responses=(b"o",), crls=(b"c", b"c"), certificates=(b"x",))
    cited = cite_evidence(material, helpers=(b"x", b"h"))
    assert [(e.kind, e.sha256) for e in cited] == sorted(
        (kind, hashlib.sha256(der).hexdigest())
        for kind, der in (
            (EvidenceKind.CERTIFICATE, b"x"),
            (EvidenceKind.CERTIFICATE, b"h"),
            (EvidenceKind.OCSP, b"o"),
            (EvidenceKind.CRL, b"c"),
        )
    )


LATER = {
    "byte_range": None,
    "signed_digest": None,
    "signature_value": None,
    "container_sha256": None,
    "path": (),
}
"""What signatures did not have at first, and what it is then."""


def test_a_record_from_before_a_field_existed_has_its_default(cases):
    report = cases["archived"].report
    values = json.loads(write_record(report))
    for name in ("anchors", "evidence", "known_since"):
        del values["report"][name]
    for signature in values["report"]["signatures"]:
        for name in LATER:
            del signature[name]
    bare = tuple(replace(s, **LATER) for s in report.signatures)
    expected = replace(report, signatures=bare, anchors=(), evidence=(), known_since=None)
    assert read_record(json.dumps(values).encode()) == expected


def broken(cases, **changes):
    values = json.loads(write_record(cases["archived"].report))
    values["report"] |= changes
    return json.dumps(values).encode()


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"null", b"\xff", b"{}", b'{"format": true, "report": {}}', b'{"format": 1}'],
)
def test_what_is_no_record_is_refused(data):
    with pytest.raises(RecordInvalidError):
        read_record(data)


@pytest.mark.parametrize(
    "changes",
    [
        {"indication": "TOTAL-FAILED", "integrity": "UNSIGNED"},
        {"indication": None},
        {"integrity": "FINE"},
        {"size": "1"},
        {"validation_time": "soon"},
        {"anchors": [{"sha256": "00"}]},
    ],
)
def test_a_record_that_breaks_the_rules_of_a_report_is_refused(cases, changes):
    with pytest.raises(RecordInvalidError):
        read_record(broken(cases, **changes))


def test_a_record_newer_than_this_software_is_never_half_read(cases):
    values = json.loads(write_record(cases["archived"].report)) | {"format": FORMAT + 1}
    with pytest.raises(RecordInvalidError, match="newer"):
        read_record(json.dumps(values).encode())


def test_purposes_are_part_of_what_is_cited(cases):
    (anchor,) = cases["archived"].trust.anchors
    narrow = TrustStore(anchors=(replace(anchor, purposes=frozenset({TrustPurpose.SIGNER})),))
    bare = replace(cases["archived"].report, anchors=())
    assert with_anchors(bare, narrow).anchors == ()
    assert with_anchors(bare, cases["archived"].trust).anchors != ()
