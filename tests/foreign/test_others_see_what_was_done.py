"""A second opinion counts for nothing unless it says no where it should, and stays offline."""

import re
import shutil

import pytest

from bench.foreign_validators import Integrity, check_reports, dss, pdfa, pdfsig

pytestmark = pytest.mark.foreign


@pytest.fixture(scope="module")
def signed(office, paper, tmp_path_factory):
    folder = tmp_path_factory.mktemp("done")
    return office.sign(paper, folder / "signed.pdf", level="B-LT")


def changed(signed, tmp_path, at):
    data = bytearray(signed.read_bytes())
    data[at] ^= 1
    path = tmp_path / "changed.pdf"
    path.write_bytes(data)
    return path


def test_a_flipped_bit_in_what_was_signed_is_seen_by_both(jar, office, signed, tmp_path):
    at = signed.read_bytes().index(b"endobj") - 3
    path = changed(signed, tmp_path, at)
    [(by_dss, _)] = dss([path], trust=[office.root])
    [by_pdfsig] = pdfsig([path])
    assert by_dss.integrity is Integrity.ALTERED
    assert by_dss.indication == "TOTAL-FAILED"
    assert by_pdfsig.integrity is Integrity.ALTERED


def test_a_later_revision_that_draws_on_the_page_is_seen_by_dss(jar, office, signed, tmp_path):
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    path = tmp_path / "drawn.pdf"
    shutil.copy(signed, path)
    with path.open("r+b") as stream:
        writer = IncrementalPdfFileWriter(stream, strict=False)
        ink = generic.StreamObject(stream_data=b"q 1 0 0 rg 50 50 300 300 re f Q")
        writer.add_stream_to_page(0, writer.add_object(ink))
        writer.write_in_place()
    [(by_dss, _)] = dss([path], trust=[office.root])
    [by_pdfsig] = pdfsig([path])
    assert by_dss.integrity is Integrity.ALTERED
    assert any("undefined" in why or "DocMDP" in why for why in by_dss.why), by_dss.why
    # pdfsig only knows that the signature does not reach to the end.
    assert by_pdfsig.integrity is Integrity.UNDECIDED


def test_no_signature_and_no_pdf_are_answers_too(jar, paper, tmp_path):
    junk = tmp_path / "junk.pdf"
    junk.write_bytes(b"GIF89a" * 100)
    missing = tmp_path / "không có.pdf"
    by_dss = [opinion.integrity for opinion, _ in dss([paper, junk, missing])]
    assert by_dss == [Integrity.UNSIGNED, Integrity.UNREADABLE, Integrity.UNREADABLE]
    by_pdfsig = [opinion.integrity for opinion in pdfsig([paper, junk])]
    assert by_pdfsig == [Integrity.UNSIGNED, Integrity.UNREADABLE]


def test_nobody_is_asked_over_the_network(jar, office, paper, tmp_path, listener):
    port, knocks = listener
    assert str(port) in office.authority.base_url
    signed = office.sign(paper, tmp_path / "b.pdf", level="B-B")
    before = len(knocks)
    [(by_dss, _)] = dss([signed], trust=[office.root])
    [by_pdfsig] = pdfsig([signed])
    assert by_dss.tokens
    assert by_pdfsig.tokens
    assert len(knocks) == before


def test_the_schema_accepts_a_report_and_refuses_a_maimed_one(jar, office, signed, tmp_path):
    [(opinion, _)] = dss([signed], trust=[office.root], reports=tmp_path)
    assert opinion.tokens
    good, maimed = tmp_path / "signed.pdf.xml", tmp_path / "maimed.xml"
    text, cuts = re.subn(r"<MainIndication>.*?</MainIndication>", "", good.read_text("utf-8"))
    assert cuts
    maimed.write_text(text, encoding="utf-8")
    (_, none), (_, some) = check_reports([good, maimed])
    assert none == []
    assert some


def test_a_plain_pdf_is_not_called_pdfa(jar, tmp_path):
    import typst

    (tmp_path / "a.typ").write_text("Trang", encoding="utf-8")
    plain = tmp_path / "plain.pdf"
    plain.write_bytes(typst.compile(tmp_path / "a.typ", format="pdf"))
    [(_, verdict)] = pdfa([plain])
    assert (verdict.flavour, verdict.compliant) == (None, False)
