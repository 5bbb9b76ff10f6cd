"""Page images of a PDF: what people see is drawn here, once, the same pixels for everyone.

1. Pages are drawn as displayed: CropBox and /Rotate applied, annotations, form fields and signature
   appearances included (a Vietnamese document's number and date often live only there).
2. No side above `RENDER_SIDE`, no image above `RENDER_PIXELS`: a larger wish is scaled down, and
   the result says what came out. A page that takes too long is `LimitExceededError`.
3. Scripts are not run; there is no interpreter for them in the box.

This module is light: it may be imported anywhere. The work is in `signer.rendering`, in the child.
"""

from dataclasses import dataclass
from typing import Literal

from signer import limits
from signer.jobs import JobSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderRequest:
    """Which pages, how large. Give `width_px` or `dpi`; with neither, 1,000 px wide."""

    pages: tuple[int, ...]
    """From 1, at most `RENDER_PAGES`."""
    width_px: int | None = None
    dpi: float | None = None
    format: Literal["png", "webp"] = "png"
    reach: int | None = None
    """Look at the revision that the file's first `reach` bytes are; `None`: at the whole file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageImage:
    """One page as displayed."""

    page: int
    width: int
    """Pixels."""
    height: int
    page_width: float
    """PDF points, after rotation and crop: the frame that a `Box` is measured in."""
    page_height: float
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PageImages:
    """The images asked for, in the order asked."""

    page_count: int
    images: tuple[PageImage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSizesRequest:
    """Asks for the sizes of pages `first` to `last` (from 1; `None`: the last one)."""

    first: int = 1
    last: int | None = None
    reach: int | None = None
    """As in `RenderRequest`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSize:
    """A page's size as displayed, in PDF points."""

    page: int
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSizes:
    """How many pages there are, and the sizes of those asked for."""

    page_count: int
    pages: tuple[PageSize, ...]


# Both raise PdfRejectedError (`file.damaged`, `file.encrypted`, `file.not_pdf`) and, for a page
# that does not exist, PlacementError.
RENDER = JobSpec("signer.rendering:render_job", RenderRequest, PageImages, limits.RENDER)
PAGE_SIZES = JobSpec("signer.rendering:sizes_job", PageSizesRequest, PageSizes, limits.READ_TEXT)
