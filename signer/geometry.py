"""Between a PDF's own coordinates and the page as people see it.

A page's own coordinates have their origin anywhere and do not know of /Rotate. People, page images
and `Box` use the page *as displayed*: cropped to the CropBox (within the MediaBox), turned
clockwise by /Rotate, origin at its lower left corner, in points.
"""

from dataclasses import dataclass

Rect = tuple[float, float, float, float]
"""x1, y1, x2, y2; in any order, as PDF allows."""


@dataclass(frozen=True, slots=True)
class Frame:
    """How a page is displayed."""

    crop: Rect
    """The visible box in the page's own coordinates: CropBox within MediaBox."""
    rotate: int = 0
    """Clockwise degrees, a multiple of 90; anything else is taken as 0, as viewers do."""

    @property
    def size(self) -> tuple[float, float]:
        """Return width and height as displayed, in points."""
        x1, y1, x2, y2 = _ordered(self.crop)
        return (y2 - y1, x2 - x1) if self._turns in {1, 3} else (x2 - x1, y2 - y1)

    @property
    def _turns(self) -> int:
        return self.rotate // 90 % 4 if self.rotate % 90 == 0 else 0

    def displayed(self, rect: Rect) -> Rect:
        """Return where `rect` of the page's own coordinates stands on the displayed page."""
        left, bottom, right, top = _ordered(self.crop)
        wide, high = right - left, top - bottom
        x1, y1, x2, y2 = _ordered(rect)
        x1, x2, y1, y2 = x1 - left, x2 - left, y1 - bottom, y2 - bottom
        return (
            (x1, y1, x2, y2),
            (y1, wide - x2, y2, wide - x1),
            (wide - x2, high - y2, wide - x1, high - y1),
            (high - y2, x1, high - y1, x2),
        )[self._turns]

    def placed(self, rect: Rect) -> Rect:
        """Return the page's own coordinates of `rect` on the displayed page: undoes `displayed`."""
        left, bottom, right, top = _ordered(self.crop)
        wide, high = right - left, top - bottom
        x1, y1, x2, y2 = _ordered(rect)
        x1, y1, x2, y2 = (
            (x1, y1, x2, y2),
            (wide - y2, x1, wide - y1, x2),
            (wide - x2, high - y2, wide - x1, high - y1),
            (y1, high - x2, y2, high - x1),
        )[self._turns]
        return x1 + left, y1 + bottom, x2 + left, y2 + bottom


def _ordered(rect: Rect) -> Rect:
    """Real signature fields come with y1 above y2."""
    x1, y1, x2, y2 = rect
    return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)
