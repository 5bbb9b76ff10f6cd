"""Three files beside one another, each whole or absent, none of them at the verdict's expense."""

import errno
import hashlib
import json
import os
import subprocess
from datetime import UTC, datetime

import pytest
import typst
from lxml import etree

from certs.errors import IdentityNotFoundError
from certs.model import TrustStore
from office.flows.report import Form, ReportSigning, ReportWriter, read_report
from office.model import Verification
from signer.reports.record import RecordInvalidError, with_anchors
from signer.validation.job import VALIDATE, ValidationRequest
from signer.validation.report import Indication, Level


def verified(case):
    return Verification(report=case.report, extracted=None, seconds=0.25)


@pytest.fixture
def writer(tmp_path, typesetter):
    return ReportWriter(tmp_path / "made" / "here", typesetter=typesetter)


@pytest.fixture
def signed_writer(tmp_path, typesetter, signing, house):
    how = ReportSigning(signing=signing, identity=house.identities.get("dich-vu"))
    return ReportWriter(tmp_path / "signed", signing=how, typesetter=typesetter)


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_each_document_gets_its_three_files_and_nothing_else(case, writer):
    written = writer.write("tệp.pdf", verified(case), trust=case.trust)
    assert written.failures == ()
    assert not written.signed
    expected = [f"{case.report.sha256}.{form}" for form in ("json", "pdf", "xml")]
    assert names(writer.folder) == expected
    assert sorted(p.name for p in written.files) == expected
    assert {oct(p.stat().st_mode & 0o777) for p in written.files} == {"0o644"}


def test_the_json_is_the_contracts_line_and_the_whole_report(case, writer):
    json_file = writer.write("tệp.pdf", verified(case), trust=case.trust).files[0]
    line = json.loads(json_file.read_bytes())
    assert (line["file"], line["sha256"], line["seconds"]) == ("tệp.pdf", case.report.sha256, 0.25)
    assert line["integrity"] == case.report.integrity
    assert read_report(json_file) == with_anchors(case.report, case.trust)


def test_the_xml_is_about_the_same_file(cases, writer):
    files = writer.write("a.pdf", verified(cases["several"]), trust=cases["several"].trust).files
    top = etree.fromstring(files[1].read_bytes())
    (document,) = top.iter("{*}Document")
    assert document.get("sha256") == hashlib.sha256(cases["several"].pdf).hexdigest()


def test_writing_again_replaces_and_leaves_nothing_behind(cases, writer):
    case = cases["archived"]
    first = writer.write("a.pdf", verified(case), trust=case.trust)
    again = writer.write("b.pdf", verified(case), trust=case.trust)
    assert first.files == again.files
    assert json.loads(again.files[0].read_bytes())["file"] == "b.pdf"
    assert len(names(writer.folder)) == 3


@pytest.mark.parametrize("made_by", ["writer", "signed_writer"])
def test_a_name_that_is_no_text_is_written_all_the_same(cases, request, made_by):
    writer = request.getfixturevalue(made_by)
    name = os.fsdecode(b"v\xe0n b\xe0n.pdf")
    written = writer.write(name, verified(cases["alone"]), trust=cases["alone"].trust)
    assert written.failures == ()
    assert json.loads(written.files[0].read_bytes())["file"] != ""


def test_nothing_is_written_about_a_file_that_was_never_read(cases, writer):
    from dataclasses import replace

    case = cases["not a pdf"]
    unread = Verification(report=replace(case.report, sha256=""), extracted=None, seconds=0.0)
    assert writer.write("a.pdf", unread, trust=case.trust).files == ()
    assert names(writer.folder) == []


def test_another_trust_is_not_cited(cases, writer):
    case = cases["archived"]
    json_file = writer.write("a.pdf", verified(case), trust=TrustStore()).files[0]
    assert read_report(json_file).anchors == case.report.anchors


@pytest.mark.parametrize("form", list(Form))
def test_one_form_that_cannot_be_written_stops_neither_the_others_nor_anything(cases, writer, form):
    case = cases["archived"]
    (writer.folder / f"{case.report.sha256}.{form}" / "x").mkdir(parents=True)
    written = writer.write("a.pdf", verified(case), trust=case.trust)
    assert [f.form for f in written.failures] == [form]
    assert written.failures[0].vi != written.failures[0].en
    assert len(written.files) == 2
    assert not [n for n in names(writer.folder) if n.endswith(".part")]


class Broken:
    """A typesetter that fails in its own way."""

    def __init__(self, error):
        self.error = error

    def typeset(self, *_args, **_more):
        raise self.error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "Hết chỗ"),
        (OSError(errno.EACCES, "Permission denied"), "Permission denied"),
        (typst.TypstError("unknown variable"), "nhật ký"),
    ],
)
def test_what_went_wrong_with_the_paper_is_said_and_the_rest_stands(cases, tmp_path, error, code):
    case = cases["archived"]
    writer = ReportWriter(tmp_path, typesetter=Broken(error))
    written = writer.write("a.pdf", verified(case), trust=case.trust)
    assert [(f.form, code in f.vi) for f in written.failures] == [(Form.PDF, True)]
    assert names(tmp_path) == [f"{case.report.sha256}.json", f"{case.report.sha256}.xml"]


def test_a_link_in_the_place_of_a_report_is_replaced_never_written_through(cases, writer, tmp_path):
    case = cases["archived"]
    theirs = tmp_path / "theirs"
    theirs.write_text("không được đụng tới")
    for form in Form:
        (writer.folder / f"{case.report.sha256}.{form}").symlink_to(theirs)
    written = writer.write("a.pdf", verified(case), trust=case.trust)
    assert not any(p.is_symlink() for p in written.files)
    assert theirs.read_text() == "không được đụng tới"


def test_the_service_signs_its_paper_and_our_own_validator_accepts_it(
    cases, signed_writer, house, sandbox
):
    case = cases["archived"]
    written = signed_writer.write("a.pdf", verified(case), trust=case.trust)
    assert (written.signed, written.failures) == (True, ())
    request = ValidationRequest(trust=house.trust, at=datetime.now(UTC), offline=True)
    report = sandbox.run(VALIDATE, request, pdf=written.files[-1])
    assert report.indication is Indication.TOTAL_PASSED
    (signature,) = report.signatures
    assert signature.level is Level.B_LT
    assert signature.signer.common_name == house.identities.get("dich-vu").common_name
    said = subprocess.run(
        ["pdftotext", written.files[-1], "-"], check=True, capture_output=True, text=True
    ).stdout
    assert "được ký số bởi" in " ".join(said.split())


def test_the_xml_names_the_service_by_its_certificate(cases, signed_writer, house):
    case = cases["archived"]
    files = signed_writer.write("a.pdf", verified(case), trust=case.trust).files
    top = etree.fromstring(files[1].read_bytes())
    assert len(list(top.iter("{http://uri.etsi.org/02231/v2#}X509Certificate"))) == 1


def test_a_signature_that_was_never_made_is_never_claimed(
    cases, house, signing, tmp_path, typesetter
):
    """The time-stamping authority is away: the paper comes unsigned, says so, and the failure too."""
    case = cases["archived"]
    how = ReportSigning(signing=signing, identity=house.identities.get("dich-vu"))
    writer = ReportWriter(tmp_path, signing=how, typesetter=typesetter)
    house.stamps.down_from = 0
    try:
        written = writer.write("a.pdf", verified(case), trust=case.trust)
    finally:
        house.stamps.down_from = None
    assert not written.signed
    assert [f.form for f in written.failures] == [Form.PDF]
    assert len(written.files) == 3
    said = subprocess.run(
        ["pdftotext", written.files[-1], "-"], check=True, capture_output=True, text=True
    ).stdout
    assert "không được ký số" in " ".join(said.split())
    assert b"/ByteRange" not in written.files[-1].read_bytes()


def test_an_identity_that_is_gone_does_not_take_the_verdict_along(
    cases, house, signing, tmp_path, typesetter
):
    from dataclasses import replace

    gone = replace(house.identities.get("dich-vu"), id="khong-con")
    with pytest.raises(IdentityNotFoundError):
        house.identities.open(gone.id, None)
    how = ReportSigning(signing=signing, identity=gone)
    case = cases["archived"]
    written = ReportWriter(tmp_path, signing=how, typesetter=typesetter).write(
        "a.pdf", verified(case), trust=case.trust
    )
    assert [f.form for f in written.failures] == [Form.PDF]
    assert len(written.files) == 3


def test_the_history_knows_of_every_signature_on_a_report(cases, signed_writer, intents):
    case = cases["archived"]
    before = len(intents())
    signed_writer.write("a.pdf", verified(case), trust=case.trust)
    made = intents()[before:]
    assert [(i.actor, i.identity_id, i.outcome) for i in made] == [("report", "dich-vu", "signed")]


@pytest.mark.parametrize("content", [b"", b"{}", b'{"record": null}', b"[1]", b"\xff"])
def test_what_is_no_report_of_ours_is_refused(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(RecordInvalidError):
        read_report(tmp_path / "a.json")
