"""The standard's XML says what the report says, whole and no more."""

import base64
import hashlib
from collections import Counter
from dataclasses import replace

import pytest
from lxml import etree

from signer.reports.elements import DS, OURS, VR, XADES
from signer.reports.etsi import etsi_report
from signer.reports.record import with_anchors
from signer.validation.report import (
    CitedEvidence,
    EvidenceKind,
    Indication,
    SignatureKind,
)

NS = {"vr": VR, "ds": DS, "xades": XADES, "our": OURS}


def parsed(report, **more):
    return etree.fromstring(etsi_report(report, **more))


def texts(top, path):
    return [e.text for e in top.findall(path, NS)]


def test_each_signature_has_its_entry_with_its_own_verdict(case):
    top = parsed(case.report)
    people = [s for s in case.report.signatures if s.kind is SignatureKind.SIGNATURE]
    if not people:
        return
    entries = top.findall("vr:SignatureValidationReport", NS)
    assert len(entries) == len(people)
    for entry, s in zip(entries, people, strict=True):
        (said,) = texts(entry, "vr:SignatureValidationStatus/vr:MainIndication")
        assert said == f"urn:etsi:019102:mainindication:{s.indication.value.lower()}"
        sub = texts(entry, "vr:SignatureValidationStatus/vr:SubIndication")
        expected = [f"urn:etsi:019102:subindication:{s.sub_indication}"] * bool(s.sub_indication)
        assert sub == expected
        assert texts(entry, "vr:SignatureIdentifier//vr:PAdESFieldName") == [s.field_name]


def test_a_document_time_stamp_is_an_object_that_proves_what_came_before(cases):
    report = cases["archived"].report
    top = parsed(report)
    (stamp,) = (
        o
        for o in top.findall("vr:SignatureValidationObjects/vr:ValidationObject", NS)
        if texts(o, "vr:ObjectType") == ["urn:etsi:019102:validationObject:timestamp"]
    )
    (status,) = texts(stamp, "vr:ValidationReport/vr:SignatureValidationStatus/vr:MainIndication")
    assert status == "urn:etsi:019102:mainindication:passed"
    proven = texts(stamp, "vr:POEProvisioning/vr:SignatureReference/vr:PAdESFieldName")
    assert proven == [report.signatures[0].field_name]
    (poe,) = top.findall(
        "vr:SignatureValidationReport/vr:ValidationTimeInfo/vr:BestSignatureTime", NS
    )
    assert texts(poe, "vr:POETime") == [
        report.signatures[0].best_signature_time.strftime("%Y-%m-%dT%H:%M:%SZ")
    ]
    # The signature's own time-stamp is older, unless both fall into one second.
    same = report.signatures[0].best_signature_time == report.signatures[1].best_signature_time
    by = [o.get("VOReference") for o in poe.findall("vr:POEObject", NS)]
    assert by == [stamp.get("id")] * same


def test_a_time_stamp_that_does_not_hold_proves_nothing(cases):
    top = parsed(cases["untrusted"].report)
    assert top.findall(".//vr:POEProvisioning", NS) == []
    assert top.findall(".//vr:DocTimeStamp", NS) == []
    assert top.findall(".//vr:POEObject", NS) == []


def test_without_proof_the_best_time_is_the_time_of_validation(cases):
    report = cases["alone"].report
    info = parsed(report).find("vr:SignatureValidationReport/vr:ValidationTimeInfo", NS)
    assert texts(info, "vr:BestSignatureTime/vr:POETime") == texts(info, "vr:ValidationTime")


@pytest.mark.parametrize("name", ["unsigned", "prepared", "not a pdf"])
def test_a_document_without_signatures_says_so_with_the_reason(cases, name):
    report = cases[name].report
    top = parsed(report)
    assert texts(top, ".//vr:MainIndication") == ["urn:cef:dss:mainindication:noSignatureFound"]
    given = top.findall("vr:SignatureValidationReport//our:Reason", NS)
    assert [r.get("code") for r in given] == [r.code for r in report.reasons]


def test_what_nobody_could_look_into_is_indeterminate_not_unsigned(cases):
    top = parsed(cases["encrypted"].report)
    assert texts(top, ".//vr:MainIndication") == ["urn:etsi:019102:mainindication:indeterminate"]


def test_every_reason_stands_in_it_in_both_languages(case):
    top = parsed(case.report)
    said = {(r.get("code"), *(e.text for e in r)) for r in top.iter(f"{{{OURS}}}Reason")}
    assert said == {(r.code, r.vi, r.remedy_vi, r.en, r.remedy_en) for r in case.report.reasons}


def test_it_cites_what_it_was_made_with(case):
    report = with_anchors(case.report, case.trust)
    (made,) = parsed(report).iter(f"{{{OURS}}}MadeWith")
    assert made.get("trustDigest") == report.trust_digest
    assert made.get("policyDigest") == report.policy_digest
    assert made.get("software") == report.software
    anchors = made.findall("our:Anchor", NS)
    assert [a.get("sha256") for a in anchors] == [a.sha256 for a in report.anchors]


def test_the_same_report_gives_the_same_bytes(case):
    assert etsi_report(case.report) == etsi_report(case.report)


def assert_references_resolve(top):
    ids = Counter(e.get("id") for e in top.iter() if e.get("id"))
    assert ids.most_common(1)[0][1] == 1
    for e in top.iter():
        for name in (e.get("VOReference") or "").split():
            assert ids[name] == 1


def test_identifiers_are_unique_and_every_reference_finds_its_object(case):
    assert_references_resolve(parsed(case.report))


def test_two_tokens_that_are_one_and_the_same_keep_two_identifiers(cases):
    report = cases["archived"].report
    stamp = replace(report.signatures[-1], container_sha256="ab" * 32)
    twice = (*report.signatures[:-1], stamp, replace(stamp, field_name="Again"))
    assert_references_resolve(parsed(replace(report, signatures=twice)))


def test_the_signers_certificate_is_there_in_full(cases):
    report = cases["several"].report
    top = parsed(report)
    for entry, s in zip(
        top.findall("vr:SignatureValidationReport", NS), report.signatures, strict=False
    ):
        name = entry.find("vr:SignerInformation/vr:SignerCertificate", NS).get("VOReference")
        held = top.find(f".//vr:ValidationObject[@id='{name}']//vr:base64", NS)
        assert base64.b64decode(held.text) == s.signer.certificate
        assert name == "C-" + hashlib.sha256(s.signer.certificate).hexdigest().upper()


def test_hostile_text_makes_well_formed_xml_and_nothing_else(hostile):
    top = parsed(hostile)
    assert_references_resolve(top)
    (name, *_) = texts(top, "vr:SignatureValidationReport/vr:SignerInformation/vr:Signer")
    assert name == "An\u202e\ufffd Bình\n\n#strong[x] $x$ *b* _i_ @a <b> // c"
    # The first day of the calendar in Vietnam does not exist in UTC; the last exists.
    times = [
        texts(e, "vr:SignatureAttributes/vr:SigningTime/vr:Time")
        for e in top.findall("vr:SignatureValidationReport", NS)
    ]
    assert times[2] == []
    assert times[3] == ["9999-12-31T23:59:59.999999Z"]


def test_what_the_report_does_not_establish_is_left_out(cases):
    report = cases["several"].report
    unknown = {
        "byte_range": None,
        "signed_digest": None,
        "signature_value": None,
        "path": (),
        "signer": None,
        "claimed_signing_time": None,
        "reason_text": None,
    }
    top = parsed(
        replace(report, signatures=tuple(replace(s, **unknown) for s in report.signatures))
    )
    for name in ("ByteRange", "CertificateChain", "SignerInformation", "SigningTime", "Reason"):
        assert top.findall(f".//vr:{name}", NS) == []
    assert top.findall(".//ds:SignatureValue", NS) == []


def test_an_old_verdict_without_certificate_or_policy_still_makes_a_report(cases):
    report = cases["archived"].report
    (first, *others) = report.signatures
    bare = replace(first, signer=replace(first.signer, certificate=b""))
    top = parsed(replace(report, policy_digest="", signatures=(bare, *others)))
    assert top.findall(".//vr:SignatureValidationPolicy", NS) == []
    assert len(top.findall(".//vr:SignerInformation", NS)) == 1
    assert_references_resolve(top)


def complete(case):
    """The report with everything known about its first signature, taken from the file itself."""
    s = case.report.signatures[0]
    at = case.pdf.index(b"/ByteRange")
    numbers = case.pdf[case.pdf.index(b"[", at) + 1 : case.pdf.index(b"]", at)].split()
    a, b, c, d = map(int, numbers)
    signed = case.pdf[a : a + b] + case.pdf[c : c + d]
    contents = case.pdf[b + 1 : c - 1]
    (root,) = case.trust.anchors
    first = replace(
        s,
        byte_range=(a, b, c, d),
        signed_digest=hashlib.new(s.digest_algorithm, signed).hexdigest(),
        signature_value=contents[:256],
        container_sha256=hashlib.sha256(contents).hexdigest(),
        path=(hashlib.sha256(s.signer.certificate).hexdigest(), "1f" * 32, root.sha256),
    )
    return replace(
        case.report,
        signatures=(first, *case.report.signatures[1:]),
        evidence=(
            CitedEvidence(kind=EvidenceKind.OCSP, sha256="0c" * 32),
            CitedEvidence(kind=EvidenceKind.CRL, sha256="0d" * 32),
        ),
    )


def test_what_is_known_of_bytes_and_path_is_told(cases):
    report = complete(cases["archived"])
    s = report.signatures[0]
    top = parsed(report)
    assert_references_resolve(top)
    entry = top.find("vr:SignatureValidationReport", NS)
    digest = texts(entry, "vr:SignersDocument/vr:DigestAlgAndValue/ds:DigestValue")
    assert base64.b64decode(digest[0]).hex() == s.signed_digest
    assert texts(entry, ".//vr:ByteRange") == [" ".join(map(str, s.byte_range))]
    (chain,) = entry.findall(".//vr:CertificateChain", NS)
    assert [e.get("VOReference") for e in chain] == [f"C-{p.upper()}" for p in s.path]
    kinds = texts(top, "vr:SignatureValidationObjects/vr:ValidationObject/vr:ObjectType")
    assert Counter(k.rpartition(":")[2] for k in kinds) == {
        "certificate": 4,  # signer, issuer, anchor, the time-stamp's
        "timestamp": 1,
        "OCSPResponse": 1,
        "CRL": 1,
        "signedData": 1,
    }


def test_a_time_known_from_outside_is_provided_not_validated(cases):
    report = cases["archived"].report
    known = report.signatures[0].best_signature_time
    top = parsed(replace(report, known_since=known))
    assert texts(top, "vr:SignatureValidationReport//vr:TypeOfProof") == [
        "urn:etsi:019102:poetype:provided"
    ]


def test_the_service_names_itself_by_its_certificate_where_it_has_one(cases):
    report = cases["archived"].report
    der = report.signatures[0].signer.certificate
    held = parsed(report, validator=der).findall("vr:SignatureValidator/vr:DigitalId/*", NS)
    assert [base64.b64decode(e.text) for e in held] == [der]


def test_the_whole_is_never_better_than_the_report(case):
    """No signature passes in the XML of a document that does not."""
    top = parsed(case.report)
    passed = texts(
        top, "vr:SignatureValidationReport/vr:SignatureValidationStatus/vr:MainIndication"
    )
    if case.report.indication is Indication.TOTAL_PASSED:
        assert set(passed) == {"urn:etsi:019102:mainindication:total-passed"}
    (document,) = top.iter(f"{{{OURS}}}Document")
    assert document.get("indication") == (
        case.report.indication.value if case.report.indication else None
    )
