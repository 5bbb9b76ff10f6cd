"""What a comparison looks at, and what it says when it cannot."""

import random
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))
from promissory import booklet, compare, look, said
from vectors.make import base, stream, update

from signer import limits
from signer.errors import PdfRejectedError
from signer.picture import PICTURE, ComparedSignature, PictureRequest, PictureVerdict
from signer.render import PAGE_SIZES, RENDER, PageSizesRequest, RenderRequest
from signer.sandbox import Sandbox
from signer.validation.report import Box


@pytest.fixture(scope="module")
def box():
    with Sandbox() as sandbox:
        yield sandbox


def changed():
    signed = base()
    return signed, update(signed, {5: stream(said("Pay 9,000"))})


def asked(pdf, **may):
    return ComparedSignature(field_name="Sig1", reach=len(pdf), **may)


def test_it_runs_in_the_box_and_says_the_same_every_time(box):
    signed, now = changed()
    request = PictureRequest(signatures=(asked(signed),))
    first, second = (box.run(PICTURE, request, pdf=now) for _ in range(2))
    assert first == second
    assert first.comparisons == (compare(now, signed),)
    assert first.comparisons[0].verdict is PictureVerdict.DIFFERENT


def test_a_revision_that_cannot_be_drawn_establishes_nothing():
    _, now = changed()
    found = look(now, ComparedSignature(field_name="Sig1", reach=40))[0]
    assert found.verdict is None
    assert found.pages == ()


def test_a_file_that_cannot_be_drawn_is_refused(box):
    with pytest.raises(PdfRejectedError):
        box.run(PICTURE, PictureRequest(signatures=()), pdf=b"%PDF-1.7\nnothing more")


def test_a_long_document_says_what_was_not_looked_at():
    pages = limits.PICTURE_PAGES + 1
    signed, now = booklet(pages, changed=[pages])
    found = compare(now, signed)
    assert found.verdict is PictureVerdict.SAME
    assert found.truncated
    assert found.compared == limits.PICTURE_PAGES
    assert not compare(*reversed(booklet(3))).truncated


def test_pages_where_a_change_is_expected_are_looked_at_first():
    pages = limits.PICTURE_PAGES + 1
    signed, now = booklet(pages, changed=[pages])
    expected = Box(page=pages, x1=0, y1=0, x2=10, y2=10)
    found = compare(now, signed, later_boxes=(expected,))
    assert [p.page for p in found.pages] == [pages]
    assert found.verdict is PictureVerdict.DIFFERENT


def test_each_signature_is_compared_with_what_it_signed():
    first = base()
    second = update(first, {5: stream(said("Pay 9,000"))})
    third = update(second, {5: stream(said("Pay 9,000 at once"))})
    one = ComparedSignature(field_name="One", reach=len(first))
    two = ComparedSignature(field_name="Two", reach=len(second))
    found = look(third, two, one)
    assert [c.field_name for c in found] == ["Two", "One"]
    assert found[0].pages[0].unexplained_pixels < found[1].pages[0].unexplained_pixels
    assert {c.verdict for c in found} == {PictureVerdict.DIFFERENT}


def test_boxes_hold_every_change():
    chance = random.Random(1)  # noqa: S311 - places on paper, not secrets
    signed = base()
    for _ in range(5):
        marks = [
            (chance.randrange(540), chance.randrange(780), chance.randrange(3, 50))
            for _ in range(6)
        ]
        drawn = b" ".join(b"%d %d %d 9 re f" % m for m in marks)
        now = update(signed, {5: stream(b"0 g " + drawn + b" " + said("Pay 1,000"))})
        (page,) = compare(now, signed).pages
        for x, y, width in marks:
            assert any(
                b.x1 <= x + 1 and b.y1 <= y + 1 and x + width - 1 <= b.x2 and y + 8 <= b.y2
                for b in page.unexplained
            )
        assert sum((b.x2 - b.x1) * (b.y2 - b.y1) for b in page.unexplained) < 595 * 842 / 2


def test_a_rotated_page_tells_its_boxes_as_displayed():
    page = b"/Rotate 90"
    signed = base(page=page)
    now = update(signed, {5: stream(b"0 g 100 700 50 20 re f " + said("Pay 1,000"))})
    (found,) = compare(now, signed).pages
    largest = found.unexplained[0]
    # Turned clockwise, the page's own x runs down from the top, and its y to the right.
    assert (largest.x1, largest.x2) == pytest.approx((700, 720), abs=1)
    assert (largest.y1, largest.y2) == pytest.approx((595 - 150, 595 - 100), abs=1)


def test_an_earlier_revision_can_be_shown(box):
    signed, now = changed()
    request = RenderRequest(pages=(1,), dpi=72, reach=len(signed))
    (then,) = box.run(RENDER, request, pdf=now).images
    (alone,) = box.run(RENDER, RenderRequest(pages=(1,), dpi=72), pdf=signed).images
    (current,) = box.run(RENDER, RenderRequest(pages=(1,), dpi=72), pdf=now).images
    assert then.data == alone.data != current.data
    longer, more = booklet(2), booklet(3)[0]
    sizes = box.run(PAGE_SIZES, PageSizesRequest(reach=len(longer[0])), pdf=longer[1] + more)
    assert sizes.page_count == 2
