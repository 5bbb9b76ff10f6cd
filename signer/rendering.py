"""Draws page images with pdfium, in the sandbox child. Rules and types: `signer.render`."""

import io
import math
import signal

import pypdfium2 as pdfium
from PIL import Image

from signer import limits
from signer.errors import LimitExceededError
from signer.jobs import JobFiles
from signer.pdfium import opened, page_of
from signer.render import (
    PageImage,
    PageImages,
    PageSize,
    PageSizes,
    PageSizesRequest,
    RenderRequest,
)

POINTS_PER_INCH = 72
DEFAULT_WIDTH = 1000
WEBP_QUALITY = 80  # small text stays clean, at a fifth of the PNG: pages load on weak networks


def render_job(request: RenderRequest, files: JobFiles) -> PageImages:
    """Return the images asked for."""
    if len(request.pages) > limits.RENDER_PAGES:
        raise LimitExceededError(
            "pages",
            f"Chỉ vẽ được {limits.RENDER_PAGES} trang một lần.",
            f"At most {limits.RENDER_PAGES} pages are drawn at once.",
        )
    with opened(files, request.reach) as document:
        # Before the first page is loaded: without it pdfium leaves form fields out.
        document.init_forms()
        images = tuple(_image(document, number, request) for number in request.pages)
        return PageImages(page_count=len(document), images=images)


def sizes_job(request: PageSizesRequest, files: JobFiles) -> PageSizes:
    """Return page count and sizes."""
    with opened(files, request.reach) as document:
        last = min(request.last or len(document), len(document))
        sizes = []
        for number in range(request.first, last + 1):
            width, height = document.get_page_size(number - 1)
            sizes.append(PageSize(page=number, width=width, height=height))
        return PageSizes(page_count=len(document), pages=tuple(sizes))


def _image(document: pdfium.PdfDocument, number: int, request: RenderRequest) -> PageImage:
    # The zygote reads a death by SIGALRM as "too long"; C code would not heed anything gentler.
    signal.setitimer(signal.ITIMER_REAL, limits.RENDER_PAGE_SECONDS)
    page = page_of(document, number)
    width, height = page.get_size()
    bitmap = page.render(
        scale=_scale(width, height, request),
        may_draw_forms=True,
        draw_annots=True,
        rev_byteorder=True,
        fill_color=(255, 255, 255, 255),
    )
    picture = bitmap.to_pil().convert("RGB")
    out = io.BytesIO()
    if request.format == "webp":
        picture.save(out, "WEBP", quality=WEBP_QUALITY, method=3)
    else:
        _palette(picture).save(out, "PNG", compress_level=6)
    image = PageImage(
        page=number,
        width=picture.width,
        height=picture.height,
        page_width=width,
        page_height=height,
        media_type=f"image/{request.format}",
        data=out.getvalue(),
    )
    bitmap.close()
    page.close()
    signal.setitimer(signal.ITIMER_REAL, 0)
    return image


def _scale(width: float, height: float, request: RenderRequest) -> float:
    """Return pixels per point, within the limits."""
    if request.dpi is not None:
        wished = request.dpi / POINTS_PER_INCH
    else:
        # A hair less, because pdfium rounds up what is left of a pixel.
        wished = ((request.width_px or DEFAULT_WIDTH) - 0.001) / width
    return min(
        max(wished, 1 / min(width, height)),
        limits.RENDER_SIDE / max(width, height),
        math.sqrt(limits.RENDER_PIXELS / (width * height)),
    )


def _palette(picture: Image.Image) -> Image.Image:
    """Return a page without colour as greyscale: the same pixels, a third of the bytes."""
    red, green, blue = picture.split()
    return red if red.tobytes() == green.tobytes() == blue.tobytes() else picture
