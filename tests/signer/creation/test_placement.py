"""The box is where people asked for it, however the page is turned, cropped or scaled."""

import io
import itertools
import subprocess
from datetime import UTC, datetime

import pytest
from forms import blank, with_field
from PIL import Image, ImageChops

from signer.appearance import AppearanceKind, Art, Sheet, propose
from signer.errors import PlacementError
from signer.prepare import PREPARE_SIGNATURE, PrepareRequest
from signer.typeset import Typesetter
from signer.validation.report import Box

CROPS = {
    "whole": None,
    "inset": (40, 60, 520, 700),
    "beyond the medium": (-50, -50, 700, 900),
}


@pytest.fixture(scope="module")
def art(tmp_path_factory):
    """A red corner to the lower left, blue elsewhere: shows place, size and orientation."""
    template = tmp_path_factory.mktemp("typ") / "corner.typ"
    template.write_text(
        "#set page(width: 80pt, height: 40pt, margin: 0pt)\n"
        "#place(rect(width: 80pt, height: 40pt, fill: rgb(0, 0, 255)))\n"
        "#place(bottom + left, rect(width: 40pt, height: 20pt, fill: rgb(255, 0, 0)))\n"
    )
    return Art(pdf=Typesetter().typeset(template, {}), width=80, height=40)


def prepared(sandbox, pdf, **changes):
    request = {
        "field_name": None,
        "appearance": AppearanceKind.LEADER,
        "art": None,
        "box": None,
        "signing_time": datetime.now(UTC),
        "digest_algorithm": "sha256",
        "contents_size": 3000,
    } | changes
    out = io.BytesIO()
    token = sandbox.run(PREPARE_SIGNATURE, PrepareRequest(**request), pdf=pdf, output=out)
    return out.getvalue(), token


def seen(pdf, tmp_path, color, *, page=1, dpi=144):
    """Where `color` shows on the page as poppler draws it: x1, y1, x2, y2 from the lower left."""
    path = tmp_path / "seen.pdf"
    path.write_bytes(pdf)
    subprocess.run(
        ["pdftoppm", "-r", str(dpi), "-f", str(page), "-l", str(page), "-cropbox", "-png",
         "-singlefile", str(path), str(tmp_path / "seen")],
        check=True,
    )  # fmt: skip
    image = Image.open(tmp_path / "seen.png").convert("RGB")
    # No difference from `color` becomes white, anything else black.
    off = ImageChops.difference(image, Image.new("RGB", image.size, color)).split()
    least = ImageChops.lighter(ImageChops.lighter(off[0], off[1]), off[2])
    x1, top, x2, bottom = least.point(lambda v: 255 if v == 0 else 0).getbbox()
    scale = 72 / dpi
    return x1 * scale, (image.height - bottom) * scale, x2 * scale, (image.height - top) * scale


@pytest.mark.parametrize("inherit", [False, True], ids=["own", "inherited"])
@pytest.mark.parametrize("crop", CROPS.values(), ids=CROPS)
@pytest.mark.parametrize("rotate", [0, 90, 180, 270, -90, 450])
def test_a_box_is_displayed_where_it_was_asked_for(sandbox, tmp_path, art, rotate, crop, inherit):
    pdf = blank(rotate=rotate, crop=crop, inherit=inherit)
    signed, token = prepared(sandbox, pdf, art=art, box=Box(page=1, x1=70, y1=50, x2=150, y2=90))

    assert seen(signed, tmp_path, (255, 0, 0)) == pytest.approx((70, 50, 110, 70), abs=1)
    blue = seen(signed, tmp_path, (0, 0, 255))
    assert blue == pytest.approx((70, 50, 150, 90), abs=1)
    assert token.box == Box(page=1, x1=70, y1=50, x2=150, y2=90)


def test_a_medium_that_does_not_start_at_zero_moves_nothing(sandbox, tmp_path, art):
    for rotate in (0, 90):
        pdf = blank(media=(-100, 200, 400, 900), rotate=rotate)
        box = Box(page=1, x1=70, y1=50, x2=150, y2=90)
        signed, _ = prepared(sandbox, pdf, art=art, box=box)
        assert seen(signed, tmp_path, (255, 0, 0)) == pytest.approx((70, 50, 110, 70), abs=1)


def test_user_unit_scales_the_page_and_the_box_with_it(sandbox, art):
    # Poppler draws /UserUnit 2 as if it were not there, so the place is half of what was asked.
    import pikepdf

    pdf = blank(unit=2)
    signed, token = prepared(sandbox, pdf, art=art, box=Box(page=1, x1=70, y1=50, x2=150, y2=90))
    with pikepdf.open(io.BytesIO(signed)) as doc:
        rect = [float(v) for v in doc.pages[0].Annots[0].Rect]
    assert rect == pytest.approx([35, 25, 75, 45])
    assert token.box == Box(page=1, x1=70, y1=50, x2=150, y2=90)


def test_art_keeps_its_proportions_in_the_middle_of_a_wider_box(sandbox, tmp_path, art):
    box = Box(page=1, x1=100, y1=100, x2=300, y2=140)
    signed, _ = prepared(sandbox, blank(), art=art, box=box)
    assert seen(signed, tmp_path, (255, 0, 0)) == pytest.approx((160, 100, 200, 120), abs=1)


def test_a_prepared_field_keeps_its_place(sandbox, tmp_path, art):
    for rotate in (0, 90):
        pdf = with_field(blank(rotate=rotate), rect=(100, 100, 180, 140))
        signed, token = prepared(sandbox, pdf, art=art, field_name="LanhDao")
        x1, y1, x2, y2 = seen(signed, tmp_path, (0, 0, 255))
        told = token.box
        # With the page turned the field is upright and the art, twice as wide, is made smaller.
        assert told.x1 - 1 <= x1 < x2 <= told.x2 + 1
        assert told.y1 - 1 <= y1 < y2 <= told.y2 + 1
        assert (x1 + x2) / 2 == pytest.approx((told.x1 + told.x2) / 2, abs=1)
        assert (y1 + y2) / 2 == pytest.approx((told.y1 + told.y2) / 2, abs=1)


@pytest.mark.parametrize(
    "box",
    [
        Box(page=1, x1=500, y1=10, x2=600, y2=60),
        Box(page=1, x1=-5, y1=10, x2=100, y2=60),
        Box(page=1, x1=10, y1=800, x2=100, y2=860),
        Box(page=1, x1=100, y1=10, x2=10, y2=60),
        Box(page=1, x1=10, y1=10, x2=12, y2=60),
        Box(page=1, x1=float("nan"), y1=10, x2=100, y2=60),
        Box(page=2, x1=10, y1=10, x2=100, y2=60),
        Box(page=0, x1=10, y1=10, x2=100, y2=60),
    ],
    ids=["right", "left", "top", "upside-down", "a line", "not a number", "page 2", "page 0"],
)
def test_a_box_that_does_not_fit_is_refused(sandbox, art, box):
    with pytest.raises(PlacementError):
        prepared(sandbox, blank(), art=art, box=box)


def test_a_turned_page_is_as_wide_as_it_is_displayed(sandbox, art):
    wide = Box(page=1, x1=700, y1=10, x2=800, y2=60)
    prepared(sandbox, blank(rotate=90), art=art, box=wide)
    with pytest.raises(PlacementError):
        prepared(sandbox, blank(), art=art, box=wide)


def test_a_prepared_field_cannot_be_moved(sandbox, art):
    pdf = with_field(blank())
    box = Box(page=1, x1=10, y1=10, x2=100, y2=60)
    with pytest.raises(PlacementError):
        prepared(sandbox, pdf, art=art, field_name="LanhDao", box=box)


def test_the_seal_is_proposed_over_the_left_third_of_the_leaders_signature():
    leader = Box(page=1, x1=360, y1=150, x2=480, y2=216)
    seal = propose(
        Sheet(page=1, width=595, height=842, signatures=(leader,)), AppearanceKind.SEAL, (102, 102)
    )
    assert seal.x2 == pytest.approx(400)
    assert (seal.y1 + seal.y2) / 2 == pytest.approx(183)


@pytest.mark.parametrize("kind", [AppearanceKind.LEADER, AppearanceKind.SEAL])
def test_a_proposal_always_fits_the_page(kind):
    sizes = [(124, 66), (102, 102), (300, 30)]
    for width, height in itertools.product((60, 200, 595, 842, 3000), (60, 200, 842, 3000)):
        for size in sizes:
            edge = Box(page=1, x1=0, y1=0, x2=min(50, width), y2=10)
            for marks in ((), (edge,)):
                sheet = Sheet(page=1, width=width, height=height, signatures=marks)
                box = propose(sheet, kind, size)
                assert 0 <= box.x1 < box.x2 <= width
                assert 0 <= box.y1 < box.y2 <= height
