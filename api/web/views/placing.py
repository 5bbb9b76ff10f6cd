"""Placing a signature, as the form speaks of it: millimetres from the upper left corner.

Clerks measure paper in millimetres from the top; a `Box` has points from the lower left. The
arithmetic between the two is here and nowhere else.
"""

from dataclasses import dataclass

from api.web.forms import Form
from signer.errors import PlacementError
from signer.render import PageSize, PageSizes
from signer.validation.report import Box

MM = 72 / 25.4
SMALLEST = 5.0
"""Millimetres; nothing smaller could be read, or hit with a finger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacingView:
    """A box as the form shows it, and as the drawing over the page needs it."""

    page: int
    left: float
    """Millimetres, like all of these four."""
    top: float
    width: float
    height: float
    x: float
    """Points from the upper left, like all of these four."""
    y: float
    w: float
    h: float


def as_shown(box: Box, sizes: PageSizes) -> PlacingView:
    """Return `box` for the form."""
    size = _size(sizes, box.page)
    x, y = box.x1, size.height - box.y2
    w, h = box.x2 - box.x1, box.y2 - box.y1
    return PlacingView(
        page=box.page,
        left=round(x / MM, 1),
        top=round(y / MM, 1),
        width=round(w / MM, 1),
        height=round(h / MM, 1),
        x=round(x, 2),
        y=round(y, 2),
        w=round(w, 2),
        h=round(h, 2),
    )


def as_asked(form: Form, sizes: PageSizes) -> Box | None:
    """Return the box that the form asks for, or `None` when it asks for none.

    Raises:
        PlacementError: off the page, or too small.

    """
    values = {name: form.number(name) for name in ("page", "left", "top", "width", "height")}
    if any(value is None for value in values.values()):
        return None
    page, left, top, width, height = (value or 0.0 for value in values.values())
    size = next((s for s in sizes.pages if s.page == page), None)
    if size is None:
        raise PlacementError("Văn bản không có trang đó.", "The document has no such page.")
    # A finger, or rounding to tenths, may end a hair outside: moved in, not refused.
    width, height = min(width, size.width / MM), min(height, size.height / MM)
    inside = width >= SMALLEST and height >= SMALLEST
    inside &= -1 <= left <= size.width / MM and -1 <= top <= size.height / MM
    if not inside:
        raise PlacementError(
            "Vị trí chữ ký nằm ngoài trang hoặc quá nhỏ. Hãy đặt lại.",
            "The place of the signature is off the page or too small. Place it again.",
        )
    x1 = max(0.0, min(left * MM, size.width - width * MM))
    y2 = size.height - max(0.0, min(top * MM, size.height - height * MM))
    return Box(page=size.page, x1=x1, y1=y2 - height * MM, x2=x1 + width * MM, y2=y2)


def _size(sizes: PageSizes, page: int) -> PageSize:
    return next((s for s in sizes.pages if s.page == page), sizes.pages[-1])
