"""Collected with ANTIN_TEST_FOREIGN=1: the schema of EU DSS on our XML, veraPDF on our paper."""

import pytest
from test_report_etsi import complete

from bench import foreign_validators
from office.flows.report import ReportSigning, ReportWriter
from office.model import Verification
from signer.reports.etsi import etsi_report
from signer.reports.paper import ReportPaper
from signer.reports.record import with_anchors


@pytest.fixture(scope="module")
def folder(cases, tmp_path_factory):
    return tmp_path_factory.mktemp("reports")


def spelt(name):
    return name.replace(" ", "-")


def test_every_report_is_one_by_the_schema_of_the_standard(cases, hostile, folder):
    reports = {n: with_anchors(c.report, c.trust) for n, c in cases.items()}
    reports |= {"hostile": hostile, "complete": complete(cases["archived"])}
    files = []
    for name, report in reports.items():
        path = folder / f"{spelt(name)}.xml"
        path.write_bytes(etsi_report(report, validator=b"der" if name == "complete" else None))
        files.append(path)
    said = dict(foreign_validators.check_reports(files))
    assert said == {path: [] for path in files}


def test_the_schema_is_really_asked(cases, folder):
    path = folder / "wrong.xml"
    good = etsi_report(cases["archived"].report)
    path.write_bytes(good.replace(b"<ValidationTime>", b"<ValidationTime>soon "))
    ((_, errors),) = foreign_validators.check_reports([path])
    assert errors


def test_every_paper_is_the_pdfa_that_it_says_it_is(cases, hostile, folder, typesetter):
    reports = {n: with_anchors(c.report, c.trust) for n, c in cases.items()} | {"hostile": hostile}
    files = []
    for name, report in reports.items():
        path = folder / f"{spelt(name)}.pdf"
        page = "https://vi-du.vn/verify"
        path.write_bytes(ReportPaper(typesetter).typeset(report, name="tệp.pdf", page=page))
        files.append(path)
    for path, found in foreign_validators.pdfa(files):
        assert (path.name, found.flavour, found.failed_rules) == (path.name, "2b", ())


def test_a_signed_paper_still_is(cases, signing, house, folder, typesetter):
    case = cases["archived"]
    how = ReportSigning(signing=signing, identity=house.identities.get("dich-vu"))
    writer = ReportWriter(folder / "signed", signing=how, typesetter=typesetter)
    verification = Verification(report=case.report, extracted=None, seconds=0.1)
    written = writer.write("tệp.pdf", verification, trust=case.trust)
    assert written.signed
    ((_, found),) = foreign_validators.pdfa([written.files[-1]])
    assert (found.flavour, found.failed_rules) == ("2b", ())
