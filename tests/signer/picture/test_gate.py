"""The gate: the picture may make a verdict worse, never better."""

import asyncio
import io
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from pyhanko.pdf_utils.content import RawContent
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.sign import signers
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.stamp import TextStampStyle

sys.path.append(str(Path(__file__).parent))
from promissory import annotated
from vectors.make import base, document_stamp, sign, signer_of, update
from vectors.pki import NOW, pki
from vectors.registry import VECTORS, trusting
from vectors.trust import HOUR, evidence

from signer.jobs import JobFiles
from signer.picture import (
    PageDifference,
    PictureComparison,
    PictureVerdict,
    compared_signature,
    gated,
    questions,
)
from signer.picturing import picture_job
from signer.validation.document import validate
from signer.validation.job import ValidationRequest
from signer.validation.report import Box, ChangesAfter, Indication, Integrity
from signer.validation.wording import WORDINGS

AREA = Box(page=1, x1=0, y1=0, x2=10, y2=10)


def verdict(pdf):
    request = ValidationRequest(trust=trusting(pki().root.der), at=NOW, material=evidence())
    return validate(pdf, request)


def through_the_gate(pdf, report=None):
    report = report or verdict(pdf)
    request = questions(report)
    if request is None:
        return report
    for comparison in picture_job(
        request, JobFiles(input=io.BytesIO(pdf), output=None)
    ).comparisons:
        report = gated(report, comparison)
    return report


def signed_twice(**how):
    first = sign(base(), pki().leader, certify=2)
    return sign(first, pki().seal, name="Seal", **({"box": (300, 100, 400, 200)} | how))


def differing(kind, name="Sig1"):
    page = PageDifference(
        page=2,
        verdict=kind,
        explained=(),
        unexplained=(AREA,),
        changed_pixels=9,
        unexplained_pixels=9,
    )
    return PictureComparison(
        field_name=name, verdict=kind, pages=(page,), signed_pages=2, current_pages=2, compared=2
    )


def test_a_second_signature_is_compared_and_stays_what_it_is():
    pdf = signed_twice()
    report = verdict(pdf)
    (asked,) = questions(report).signatures
    assert asked.field_name == "Sig1"
    assert pdf[: asked.reach].rstrip().endswith(b"%%EOF")
    assert asked.later_fields == ("Seal",)
    assert [b.x1 for b in asked.later_boxes] == [300]
    assert report.integrity is Integrity.INTACT
    assert through_the_gate(pdf, report) == report


def test_nothing_is_asked_where_nothing_came_later():
    assert questions(verdict(sign(base(), pki().leader))) is None
    assert questions(verdict(base())) is None
    assert compared_signature(verdict(sign(base(), pki().leader)), 1) is None


def test_nothing_is_asked_where_the_difference_analysis_has_refused():
    pdf = update(sign(base(), pki().leader), {70: b"<</Title(Other)>>"}, trailer=b"/Info 70 0 R")
    report = verdict(pdf)
    assert report.integrity is Integrity.ALTERED
    assert questions(report) is None
    assert compared_signature(report, 1) is not None


@pytest.mark.parametrize(
    ("certify", "filling", "notes"), [(1, False, False), (2, True, False), (3, True, True)]
)
def test_what_may_look_different_follows_from_the_strictest_signature(certify, filling, notes):
    first = sign(base(), pki().leader, certify=certify)
    pdf = document_stamp(first, pki().tsa, NOW - HOUR)
    (asked,) = questions(verdict(pdf)).signatures
    assert (asked.filling, asked.annotations) == (filling, notes)


def test_a_certain_difference_is_a_forbidden_change():
    report = verdict(signed_twice())
    worse = gated(report, differing(PictureVerdict.DIFFERENT))
    first, second = worse.signatures
    assert (worse.integrity, worse.indication) == (Integrity.ALTERED, Indication.TOTAL_FAILED)
    assert first.changes_after is ChangesAfter.FORBIDDEN
    assert (first.indication, first.sub_indication) == (Indication.TOTAL_FAILED, "FORMAT_FAILURE")
    assert second == report.signatures[1]
    said = worse.reasons[0]
    assert (said.code, said.field_name) == ("picture.differs", "Sig1")
    assert "2" in said.vi
    assert "2" in said.en


def test_an_uncertain_difference_leaves_the_document_undecided():
    report = verdict(signed_twice())
    worse = gated(report, differing(PictureVerdict.UNDECIDED))
    assert (worse.integrity, worse.indication) == (Integrity.UNDECIDED, Indication.INDETERMINATE)
    assert worse.signatures[0].changes_after is ChangesAfter.UNDECIDED
    assert worse.reasons[0].code == "picture.doubt"


@pytest.mark.parametrize("kind", [PictureVerdict.SAME, PictureVerdict.EXPLAINED, None])
def test_what_is_the_same_explained_or_not_established_changes_nothing(kind):
    report = verdict(signed_twice())
    assert gated(report, differing(kind)) is report


@pytest.mark.parametrize("kind", [*PictureVerdict, None])
def test_no_picture_makes_a_verdict_better(kind):
    good = verdict(signed_twice())
    altered = gated(good, differing(PictureVerdict.DIFFERENT))
    doubted = gated(good, differing(PictureVerdict.UNDECIDED))
    assert gated(altered, differing(kind)) == altered
    assert gated(altered, differing(kind, "Seal")).integrity is Integrity.ALTERED
    assert gated(doubted, differing(kind)).integrity is not Integrity.INTACT
    failed = replace(
        good,
        indication=Indication.TOTAL_FAILED,
        signatures=tuple(
            replace(s, indication=Indication.TOTAL_FAILED, sub_indication="REVOKED")
            for s in good.signatures
        ),
    )
    assert gated(failed, differing(kind)).signatures[0].indication is Indication.TOTAL_FAILED


def test_a_note_that_hides_the_text_under_p_3_does_not_pass():
    """Evil annotation attack: what structure permits, the picture doubts."""
    first = sign(base(), pki().leader, certify=3)
    honest = annotated_again(first, rect=(300, 300, 450, 340))
    evil = annotated_again(first, rect=(70, 690, 220, 730))
    for pdf in (honest, evil):
        assert verdict(pdf).integrity is Integrity.INTACT
    assert through_the_gate(honest).integrity is Integrity.INTACT
    doubted = through_the_gate(evil)
    assert (doubted.integrity, doubted.indication) == (
        Integrity.UNDECIDED,
        Indication.INDETERMINATE,
    )
    assert doubted.reasons[0].code == "picture.covers"


def annotated_again(pdf, *, rect):
    a, b, c, d = rect
    look = b"1 1 1 rg 0 0 %d %d re f" % (c - a, d - b)
    return annotated(pdf, rect=rect, look=look)


@pytest.mark.parametrize(
    ("look", "passes"),
    [(b"1 1 1 rg 0 0 150 40 re f", False), (b"0.8 0.1 0.1 RG 3 w 2 2 146 36 re S", True)],
)
def test_a_signature_may_stand_on_the_text_and_not_hide_it(look, passes):
    """Sneaky signature attack, small enough for the structure to permit."""
    pdf = sealed_with(sign(base(), pki().leader, certify=2), look)
    report = verdict(pdf)
    assert report.integrity is Integrity.INTACT
    found = through_the_gate(pdf, report)
    if passes:
        assert found == report
    else:
        assert found.integrity is Integrity.UNDECIDED
        assert found.reasons[0].code == "picture.covers"


def sealed_with(pdf, look):
    """Sign with an appearance that draws `look` over the text."""
    paint = RawContent(look, box=BoxConstraints(150, 40))
    style = TextStampStyle(stamp_text=" ", background=paint, background_opacity=1, border_width=0)
    meta = signers.PdfSignatureMetadata(
        field_name="Seal", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES
    )
    spec = SigFieldSpec("Seal", on_page=0, box=(70, 690, 220, 730))
    tool = signers.PdfSigner(meta, signer_of(pki().seal), stamp_style=style, new_field_spec=spec)
    out = io.BytesIO()
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    asyncio.run(tool.async_sign_pdf(writer, output=out, bytes_reserved=16384))
    return out.getvalue()


@pytest.mark.parametrize(
    "vector", [v for v in VECTORS if v.integrity == "INTACT"], ids=lambda v: v.name
)
def test_the_gate_raises_no_false_alarm_on(vector):
    case = vector.make()
    request = ValidationRequest(trust=case.trust, at=case.at, material=case.material)
    report = validate(case.pdf, request)
    assert through_the_gate(case.pdf, report) == report


def test_every_reason_of_the_gate_is_worded():
    assert {"picture.differs", "picture.doubt", "picture.covers"} <= WORDINGS.keys()
