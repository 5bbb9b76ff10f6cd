"""Page images show what people see, no larger than allowed."""

import io
import sys
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

sys.path.append(str(Path(__file__).parent.parent / "pagetext"))
from papers import locked, saved, shown, typeset, with_fields

from signer import limits
from signer.errors import LimitExceededError, PdfRejectedError, PlacementError
from signer.geometry import Frame
from signer.render import PAGE_SIZES, RENDER, PageSizesRequest, RenderRequest
from signer.sandbox import Sandbox


@pytest.fixture(scope="module")
def box():
    with Sandbox() as sandbox:
        yield sandbox


def draw(box, pdf, **request):
    return box.run(RENDER, RenderRequest(**({"pages": (1,)} | request)), pdf=pdf)


def picture(image):
    return Image.open(io.BytesIO(image.data)).convert("RGB")


def test_an_image_has_the_size_asked_for(box):
    pdf = typeset("Một trang")
    for width in (390, 1000, 1366):
        (image,) = draw(box, pdf, width_px=width).images
        assert (image.width, image.height) == picture(image).size
        assert image.width == width
    (image,) = draw(box, pdf, dpi=144).images
    assert image.height == pytest.approx(2 * 841.89, abs=1)
    assert (image.page_width, image.page_height) == pytest.approx((595.28, 841.89), abs=0.01)


def test_both_formats_are_what_they_say(box):
    for form in ("png", "webp"):
        (image,) = draw(box, typeset("Một trang"), format=form).images
        assert image.media_type == f"image/{form}"
        assert Image.open(io.BytesIO(image.data)).format == form.upper()


def test_signature_appearances_are_drawn(box):
    mark = "#rect(width: 100%, height: 100%, fill: red)"
    plain = typeset("Một trang")
    (without,) = draw(box, plain, dpi=72).images
    (with_seal,) = draw(box, with_fields(plain, ((100, 100, 200, 200), mark)), dpi=72).images
    # In pixels from the top: the middle of a box that stands 100 to 200 points above the bottom.
    spot = (150, 842 - 150)
    assert picture(without).getpixel(spot) == (255, 255, 255)
    red, green, _ = picture(with_seal).getpixel(spot)
    assert red > 200
    assert green < 100


def test_a_turned_and_cropped_page_is_drawn_as_displayed(box):
    pdf = shown(typeset("Một trang"), rotate=90, crop=(0, 0, 300, 800))
    (image,) = draw(box, pdf, dpi=72).images
    assert (image.width, image.height) == (800, 300)
    sizes = box.run(PAGE_SIZES, PageSizesRequest(), pdf=pdf)
    assert [(p.page, p.width, p.height) for p in sizes.pages] == [(1, 800, 300)]


def test_pages_come_in_the_order_asked(box):
    pdf = typeset("#pagebreak()".join("abc"))
    assert [i.page for i in draw(box, pdf, pages=(3, 1)).images] == [3, 1]


def test_a_giant_page_is_scaled_down_not_drawn_out(box):
    for size in ((14_400, 14_400), (3, 14_400), (14_400, 3)):
        with pikepdf.new() as document:
            document.add_blank_page(page_size=size)
            pdf = saved(document)
        (image,) = draw(box, pdf, dpi=600).images
        assert image.width * image.height <= limits.RENDER_PIXELS * 1.01
        assert max(image.width, image.height) <= limits.RENDER_SIDE


def test_a_page_that_takes_for_ever_is_given_up(box):
    with pikepdf.new() as document:
        page = document.add_blank_page()
        page.Contents = pikepdf.Stream(document, b"0 0 612 792 re f\n" * 200_000)
        pdf = saved(document)
    with pytest.raises(LimitExceededError) as caught:
        draw(box, pdf)
    assert caught.value.limit == "wall"


def test_what_cannot_be_drawn_is_named(box):
    pdf = typeset("Một trang")
    for page in (0, 2, -1):
        with pytest.raises(PlacementError):
            draw(box, pdf, pages=(page,))
    with pytest.raises(LimitExceededError):
        draw(box, pdf, pages=(1,) * (limits.RENDER_PAGES + 1))
    with pytest.raises(PdfRejectedError) as caught:
        draw(box, locked(pdf, "mật"))
    assert caught.value.reason == "file.encrypted"


numbers = st.floats(-5000, 5000, allow_nan=False)


@given(
    st.tuples(numbers, numbers, numbers, numbers),
    st.tuples(numbers, numbers, numbers, numbers),
    st.sampled_from([0, 90, 180, 270, -90, 450, 45]),
)
def test_a_box_put_on_the_page_and_looked_up_again_is_the_same_box(crop, rect, rotate):
    frame = Frame(crop, rotate)
    ordered = (*map(min, rect[:2], rect[2:]), *map(max, rect[:2], rect[2:]))
    assert frame.placed(frame.displayed(rect)) == pytest.approx(ordered, abs=1e-6)
