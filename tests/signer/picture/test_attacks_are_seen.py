"""What the difference analysis refuses by structure, the picture sees without it.

Every attack is put to the picture alone: nothing has judged the update before."""

import re
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))
from promissory import TEXT, annotated, booklet, compare, field, form, said, written
from vectors.make import base, body, sign, stream, update
from vectors.pki import NOW, pki
from vectors.registry import trusting

from signer.picture import PictureVerdict
from signer.validation.document import validate
from signer.validation.job import ValidationRequest
from signer.validation.report import Box, Integrity

SAME, EXPLAINED = PictureVerdict.SAME, PictureVerdict.EXPLAINED
UNDECIDED, DIFFERENT = PictureVerdict.UNDECIDED, PictureVerdict.DIFFERENT


def touches(a, b):
    return a.page == b.page and a.x1 < b.x2 and b.x1 < a.x2 and a.y1 < b.y2 and b.y1 < a.y2


def hidden_under(cover):
    """A page whose text lies under a form XObject."""
    page = b"/Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents[5 0 R 21 0 R]"
    resources = b"/Resources<</Font<</Helv 6 0 R>>/XObject<</Cover 20 0 R>>>>"
    more = {
        3: b"<<%s%s>>" % (page, resources),
        20: form(cover, box="0 0 595 842"),
        21: stream(b"/Cover Do"),
    }
    return base(more=more)


def contents_swapped():
    signed = base()
    return signed, update(signed, {5: stream(said("Pay 9,000"))})


def contents_array_extended():
    signed = base()
    page = body(signed, 3).replace(b"/Contents 5 0 R", b"/Contents[5 0 R 50 0 R]")
    return signed, update(signed, {3: page, 50: stream(b"1 1 1 rg 72 690 200 40 re f")})


def shadow_hide():
    signed = hidden_under(b"1 1 1 rg 60 690 300 40 re f")
    return signed, update(signed, {20: form(b"", box="0 0 595 842")})


def shadow_replace_of_a_value():
    signed = base(fields_=[field("1,000", look=True)], more={30: written("1,000")})
    return signed, update(signed, {10: field("9,000", look=True), 30: written("9,000")})


def shadow_replace_of_an_appearance():
    signed = base(fields_=[field("1,000", look=True)], more={30: written("1,000")})
    return signed, update(signed, {30: written("9,000")})


def shadow_hide_and_replace():
    signed = base(more={40: stream(said("Pay 9,000"))})
    page = body(signed, 3).replace(b"/Contents 5 0 R", b"/Contents 40 0 R")
    return signed, update(signed, {2: b"<</Type/Pages/Kids[41 0 R]/Count 1>>", 41: page})


def catalog_swapped():
    signed = base(more={40: stream(said("Pay 9,000"))})
    page = body(signed, 3).replace(b"/Contents 5 0 R", b"/Contents 40 0 R")
    page = page.replace(b"/Parent 2 0 R", b"/Parent 43 0 R")
    more = {
        41: page,
        42: b"<</Type/Catalog/Pages 43 0 R>>",
        43: b"<</Type/Pages/Kids[41 0 R]/Count 1>>",
    }
    return signed, update(signed, more, root=42)


def layer_switched_on():
    group = b"<</Type/OCG/Name(Second)>>"
    oc = b"/OCProperties<</OCGs[20 0 R]/D<</BaseState/ON/OFF[20 0 R]>>>>"
    page = b"/Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents[5 0 R 21 0 R]"
    resources = b"/Resources<</Font<</Helv 6 0 R>>/Properties<</L 20 0 R>>>>"
    more = {
        3: b"<<%s%s>>" % (page, resources),
        20: group,
        21: stream(b"/OC /L BDC BT /Helv 18 Tf 172 700 Td (,000) Tj ET EMC"),
    }
    signed = base(catalog=oc, more=more)
    return signed, update(signed, {1: body(signed, 1).replace(b"/OFF[20 0 R]", b"/OFF[]")})


def font_swapped():
    signed = base()
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Symbol>>"
    return signed, update(signed, {6: font})


def glyphs_remapped():
    signed = base()
    font = (
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding"
        b"<</Type/Encoding/Differences[49/nine]>>>>"
    )
    return signed, update(signed, {6: font})


def note_over_the_text():
    signed = base()
    look = b"1 1 1 rg 0 0 150 40 re f"
    return signed, annotated(signed, rect=(70, 690, 220, 730), look=look)


def note_taken_away():
    signed = annotated(base(), rect=(300, 300, 400, 340), look=b"0 0 1 rg 0 0 100 40 re f")
    return signed, update(signed, {3: body(base(), 3)})


def field_moved():
    signed = base(fields_=[field("1,000", look=True)], more={30: written("1,000")})
    return signed, update(signed, {10: field("1,000", look=True, rect="72 500 272 540")})


def field_shown():
    was = field("1,000", look=True).replace(b"/F 4", b"/F 2")
    signed = base(fields_=[was], more={30: written("1,000")})
    return signed, update(signed, {10: field("1,000", look=True)})


def page_cropped():
    signed = base()
    page = body(signed, 3).removesuffix(b">>") + b"/CropBox[0 0 595 690]>>"
    return signed, update(signed, {3: page})


def page_turned():
    signed = base()
    return signed, update(signed, {3: body(signed, 3).removesuffix(b">>") + b"/Rotate 180>>"})


def page_magnified():
    signed = base()
    page = body(signed, 3).removesuffix(b">>") + b"/UserUnit 2>>"
    return signed, update(signed, {3: page.replace(b"[0 0 595 842]", b"[0 0 300 842]")})


def page_added():
    signed = base()
    more = {2: b"<</Type/Pages/Kids[3 0 R 41 0 R]/Count 2>>", 41: body(signed, 3)}
    return signed, update(signed, more)


def pages_exchanged():
    signed, _ = booklet(2)
    return signed, update(signed, {2: b"<</Type/Pages/Count 2/Kids[102 0 R 100 0 R]>>"})


def page_removed():
    signed, _ = booklet(2)
    return signed, update(signed, {2: b"<</Type/Pages/Count 1/Kids[100 0 R]>>"})


ATTACKS = (
    contents_swapped, contents_array_extended, shadow_hide, shadow_replace_of_a_value,
    shadow_replace_of_an_appearance, shadow_hide_and_replace, catalog_swapped, layer_switched_on,
    font_swapped, glyphs_remapped, note_over_the_text, note_taken_away,
    field_moved, field_shown, page_cropped, page_turned, page_magnified, page_added,
    pages_exchanged, page_removed,
)  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda f: f.__name__)
def test_the_picture_alone_catches(attack):
    signed, now = attack()
    assert compare(signed, signed).verdict is SAME
    found = compare(now, signed)
    assert found.verdict is DIFFERENT
    assert not any(p.explained for p in found.pages)


@pytest.mark.parametrize(
    "attack",
    [contents_swapped, shadow_hide, shadow_hide_and_replace, layer_switched_on, note_over_the_text],
    ids=lambda f: f.__name__,
)
def test_it_says_where(attack):
    signed, now = attack()
    (page,) = compare(now, signed).pages
    assert page.page == 1
    assert any(touches(box, TEXT) for box in page.unexplained)
    assert all(box.y1 > 600 for box in page.unexplained)


def test_a_note_under_p_3_beside_the_text_is_explained():
    signed = base()
    now = annotated(signed, rect=(300, 300, 400, 340), look=b"0 0 1 rg 0 0 100 40 re f")
    assert compare(now, signed).verdict is DIFFERENT
    allowed = compare(now, signed, annotations=True)
    assert allowed.verdict is EXPLAINED
    (page,) = allowed.pages
    (area,) = page.explained
    assert (area.x1, area.y1, area.x2, area.y2) == pytest.approx((300, 300, 400, 340), abs=1)
    assert page.changed_pixels == pytest.approx(4000, rel=0.03)
    assert page.unexplained_pixels == 0


def test_a_note_under_p_3_that_hides_the_text_is_doubted():
    found = compare(*reversed(note_over_the_text()), annotations=True)
    assert found.verdict is UNDECIDED
    (page,) = found.pages
    assert page.unexplained == ()
    assert all(touches(box, TEXT) for box in page.covered)
    assert page.covered


def test_a_permitted_signature_that_hides_the_text_is_doubted():
    signed, now = note_over_the_text()
    box = Box(page=1, x1=70, y1=690, x2=220, y2=730)
    assert compare(now, signed, later_boxes=(box,)).verdict is UNDECIDED


def test_a_seal_may_stand_on_the_text():
    signed = base()
    ring = b"0.8 0.1 0.1 RG 4 w 10 10 100 30 re S 0 0 m 150 40 l S"
    now = annotated(signed, rect=(70, 690, 220, 730), look=ring)
    box = Box(page=1, x1=70, y1=690, x2=220, y2=730)
    assert compare(now, signed, later_boxes=(box,)).verdict is EXPLAINED


def test_a_seal_explains_its_own_box_only():
    signed, now = contents_swapped()
    away = Box(page=1, x1=300, y1=300, x2=400, y2=340)
    assert compare(now, signed, later_boxes=(away,)).verdict is DIFFERENT
    elsewhere = Box(page=2, x1=0, y1=0, x2=595, y2=842)
    assert compare(now, signed, later_boxes=(elsewhere,)).verdict is DIFFERENT


def test_an_empty_field_filled_is_explained_and_under_p_1_it_is_not():
    signed = base(fields_=[field()])
    now = update(signed, {10: field("1,000", look=True), 30: written("1,000")})
    assert compare(now, signed).verdict is EXPLAINED
    assert compare(now, signed, filling=False).verdict is DIFFERENT


def test_a_field_that_is_filled_where_it_was_not_is_not_explained():
    signed = base(fields_=[field()])
    moved = field("1,000", look=True, rect="72 400 272 440")
    now = update(signed, {10: moved, 30: written("1,000")})
    assert compare(now, signed).verdict is DIFFERENT


def test_a_full_stop_that_became_a_comma_is_not_the_same():
    signed = base(more={5: stream(said("Pay 1.000"))})
    now = update(signed, {5: stream(said("Pay 1,000"))})
    assert compare(now, signed).verdict in (UNDECIDED, DIFFERENT)


def test_a_tint_that_nobody_sees_is_a_doubt():
    signed = base()
    faint = stream(b"q 0.99 g 72 100 200 200 re f Q " + said("Pay 1,000"))
    found = compare(update(signed, {5: faint}), signed)
    assert found.verdict is UNDECIDED
    assert found.pages[0].unexplained_pixels > 30_000


def test_a_widget_that_belongs_to_no_field_is_left_to_the_difference_analysis():
    signed = sign(base(), pki().leader)
    widget = b"<</Type/Annot/Subtype/Widget/Rect[70 690 220 730]/F 4/P 3 0 R/AP<</N 61 0 R>>>>"
    look = form(b"1 1 1 rg 0 0 150 40 re f", box="0 0 150 40")
    page = re.sub(rb"/Annots ?\[", b"/Annots[60 0 R ", body(signed, 3))
    now = update(signed, {3: page, 60: widget, 61: look})
    assert b"60 0 R" in page
    assert compare(now, signed).verdict is SAME
    report = validate(now, ValidationRequest(trust=trusting(pki().root.der), at=NOW))
    assert report.integrity is Integrity.ALTERED
