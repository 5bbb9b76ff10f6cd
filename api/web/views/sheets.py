"""Pages of a document, prepared for showing: addresses of their images and boxes over them.

Images are PNG at two widths. A box comes in points with its origin at the lower left; a drawing
over the image has its origin at the upper left, so it is turned over here and nowhere else.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from api.web.views.verdict import MarkedBox
from signer.render import PageSizes
from signer.reports.words import Tone

WIDTH = 900
"""Pixels: sharp on a phone, legible in half a desktop window, 60-150 KB."""
LARGE = 1500
"""For dense screens."""
WIDTHS = frozenset({WIDTH, LARGE})
AT_ONCE = 20
"""Pages on one screen; a decree with annexes is shown in portions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnBox:
    """A rectangle over a page image: points from the upper left corner."""

    x: float
    y: float
    width: float
    height: float
    order: int
    label: str
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetView:
    """One page."""

    number: int
    total: int
    width: float
    """Points."""
    height: float
    pixel_width: int
    pixel_height: int
    src: str
    src_large: str
    boxes: tuple[DrawnBox, ...] = ()

    @property
    def matters(self) -> bool:
        """Whether a verdict is about this page: the first, and those that bear signatures."""
        return self.number == 1 or bool(self.boxes)


def sheets(
    sizes: PageSizes | None, images: str, *, boxes: Sequence[MarkedBox] = (), first: int = 1
) -> tuple[SheetView, ...]:
    """Return up to `AT_ONCE` pages from `first`; `images` is the address below which images are."""
    if sizes is None:
        return ()
    return tuple(
        SheetView(
            number=size.page,
            total=sizes.page_count,
            width=round(size.width, 2),
            height=round(size.height, 2),
            pixel_width=WIDTH,
            pixel_height=max(1, round(WIDTH * size.height / size.width)),
            src=f"{images}/{size.page}-{WIDTH}.png",
            src_large=f"{images}/{size.page}-{LARGE}.png",
            boxes=tuple(
                DrawnBox(
                    x=round(marked.box.x1, 2),
                    y=round(size.height - marked.box.y2, 2),
                    width=round(marked.box.x2 - marked.box.x1, 2),
                    height=round(marked.box.y2 - marked.box.y1, 2),
                    order=marked.order,
                    label=f"{marked.order}. {marked.name}",
                    tone=marked.tone,
                )
                for marked in boxes
                if marked.box.page == size.page
            ),
        )
        for size in sizes.pages
        if first <= size.page < first + AT_ONCE
    )
