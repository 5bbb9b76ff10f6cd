"""Millimetres of the form and points of the page are the same place."""

import pytest

from api.web.forms import Form
from api.web.views.placing import as_asked, as_shown
from signer.errors import PlacementError
from signer.render import PageSize, PageSizes
from signer.validation.report import Box

SIZES = PageSizes(
    page_count=2,
    pages=(PageSize(page=1, width=595, height=842), PageSize(page=2, width=842, height=595)),
)


def form(**values):
    return Form(fields={k: str(v) for k, v in values.items()})


@pytest.mark.parametrize(
    "box",
    [
        Box(page=1, x1=340, y1=190, x2=464, y2=256),
        Box(page=2, x1=0, y1=0, x2=842, y2=595),
        Box(page=1, x1=0.4, y1=700, x2=100, y2=842),
    ],
)
def test_what_is_shown_is_what_is_asked_for(box):
    shown = as_shown(box, SIZES)
    asked = as_asked(
        form(
            page=shown.page, left=shown.left, top=shown.top, width=shown.width, height=shown.height
        ),
        SIZES,
    )
    for side in ("x1", "y1", "x2", "y2"):
        # Tenths of a millimetre: a quarter of a point at worst.
        assert getattr(asked, side) == pytest.approx(getattr(box, side), abs=0.3)
    assert asked.page == box.page


def test_the_top_of_the_paper_is_the_top():
    box = as_asked(form(page=1, left=0, top=0, width=10, height=10), SIZES)
    assert (box.x1, box.y2) == (0, 842)


def test_a_decimal_comma_is_a_decimal_point():
    assert as_asked(
        form(page=1, left="10,5", top=1, width=30, height=30), SIZES
    ).x1 == pytest.approx(10.5 * 72 / 25.4)


@pytest.mark.parametrize("missing", ["page", "left", "top", "width", "height"])
@pytest.mark.parametrize("value", ["", "x", "nan", "inf", "-inf"])
def test_half_a_place_is_no_place(missing, value):
    values = {"page": 1, "left": 1, "top": 1, "width": 30, "height": 30} | {missing: value}
    assert as_asked(form(**values), SIZES) is None


@pytest.mark.parametrize(
    "values",
    [{"page": 3}, {"page": 1.5}, {"left": 300}, {"top": -20}, {"width": 4}, {"height": -5}],
    ids=str,
)
def test_a_place_off_the_paper_is_refused(values):
    with pytest.raises(PlacementError):
        as_asked(
            form(**{"page": 1, "left": 1, "top": 1, "width": 30, "height": 30} | values), SIZES
        )


def test_a_frame_dragged_a_hair_over_the_edge_is_moved_in():
    box = as_asked(form(page=1, left=-0.4, top=-0.4, width=400, height=30), SIZES)
    assert (box.x1, box.x2, box.y2) == (0, pytest.approx(595), 842)
