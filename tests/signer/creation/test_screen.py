"""What is not fit to be signed is refused with its reason."""

import io

import forms
import pikepdf
import pytest
from test_placement import prepared

from signer.errors import LimitExceededError, PdfRejectedError, PlacementError


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: b"", "file.not_pdf"),
        (lambda: b"PK\x03\x04 not a PDF", "file.not_pdf"),
        (lambda: forms.blank()[:200], "file.damaged"),
        (forms.broken_xref, "file.damaged"),
        (lambda: b"junk\n" + forms.blank(), "file.not_pdf"),
        (forms.encrypted, "file.encrypted"),
        (forms.javascript, "file.active_content"),
        (forms.hidden_javascript, "file.active_content"),
        (forms.launch, "file.active_content"),
        (forms.xfa, "file.active_content"),
        (forms.hidden_layer, "file.active_content"),
    ],
    ids=[
        "empty", "a ZIP", "cut off", "broken xref", "junk in front", "encrypted", "JavaScript",
        "JavaScript deep in an object stream", "launch", "XFA", "hidden layer",
    ],
)  # fmt: skip
def test_refused(sandbox, make, reason):
    with pytest.raises(PdfRejectedError) as refused:
        prepared(sandbox, make())
    assert refused.value.reason == reason
    assert refused.value.vi
    assert refused.value.en


def test_a_layer_that_everybody_sees_is_no_reason(sandbox):
    prepared(sandbox, forms.visible_layer())


def test_a_link_is_no_reason(sandbox):
    pdf = pikepdf.open(io.BytesIO(forms.blank()))
    pdf.pages[0].obj.Annots = pikepdf.Array([
        pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9],
            A=pikepdf.Dictionary(S=pikepdf.Name.URI, URI="https://vi.du/S/Launcher"),
        )
    ])  # fmt: skip
    prepared(sandbox, forms.saved(pdf))


def test_a_pdf_that_leads_its_reader_in_circles_is_refused(sandbox):
    good = forms.blank()
    at = int(good.split(b"startxref")[1].split()[0])
    looped = good.replace(b"trailer <<", b"trailer << /Prev %d" % at)
    assert looped != good
    with pytest.raises((PdfRejectedError, LimitExceededError)):
        prepared(sandbox, looped)


def test_a_field_that_is_no_signature_field_is_refused(sandbox):
    text = forms.with_field(forms.blank(), "So", kind="/Tx")
    with pytest.raises(PlacementError):
        prepared(sandbox, text, field_name="So")


def test_nothing_but_the_signature_changes(sandbox, tmp_path):
    """PDF/A says the same in Info and XMP, so neither may be rewritten."""
    from office.samples import names, sample
    from signer.typeset import Typesetter

    source = sample(names()[0], Typesetter()).pdf
    signed, _ = prepared(sandbox, source)
    assert signed.startswith(source)
    with pikepdf.open(io.BytesIO(source)) as old, pikepdf.open(io.BytesIO(signed)) as new:
        assert new.Root.Metadata.read_bytes() == old.Root.Metadata.read_bytes()
        assert dict(new.docinfo) == dict(old.docinfo)
        assert new.pages[0].Contents.read_bytes() == old.pages[0].Contents.read_bytes()
    update = signed[len(source) :]
    assert b"/Metadata" in update  # the catalog still names it
    assert b"xmp" not in update
    assert update.count(b"%%EOF") == 1
