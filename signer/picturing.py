"""Draws a signed revision and the current file and compares them, in the sandbox child.

Rules and types: `signer.picture`.
"""

import ctypes
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image, ImageChops, ImageDraw

from signer import limits
from signer.errors import SignerError
from signer.geometry import Rect
from signer.jobs import JobFiles
from signer.pdfium import frame_of, loaded, page_of
from signer.picture import (
    ComparedSignature,
    PageDifference,
    PictureComparison,
    PictureRequest,
    Pictures,
    PictureVerdict,
)
from signer.rendering import POINTS_PER_INCH
from signer.validation.report import Box

FIRST_LOOK = 72.0
SECOND_LOOK = 150.0
SECOND_LOOKS = 5
"""Pages per signature. Who is DIFFERENT on five pages is not less so for the sixth."""

STRONG = 48
"""Of 255, in any colour: what the eye sees of a stroke on paper. Weaker differences are doubts."""
ENOUGH = {FIRST_LOOK: 4, SECOND_LOOK: 16}
"""Strong pixels that make a difference certain: a full stop in 10 point text has about as many."""

INK, PAPER = 110, 180
"""Of 255, in brightness: darker is ink, lighter is paper. A red seal over black text is neither."""
COVERED = 64
"""Pixels at 150 dpi: the digit 8 in 12 points. The most that a real seal hid between its strokes,
of the title that it stood on, was 24."""

CELL = 8
"""Pixels. Differences nearer to one another than this are one changed area."""
WORD = 32
"""Pixels at 150 dpi: what is hidden is told by lines of words, not letter by letter."""
AREAS = 50
"""Changed areas told per page; a person looks at the page, not at a longer list."""
ANNOTATIONS = 2_000
"""Looked at per page. Beyond them nothing is explained: more is no document but an attack."""
NAME_BYTES = 4_096
"""Of a field's name or value; longer ones are compared by their beginning."""

_SAME_SIZE = 0.01
"""Points."""


def picture_job(request: PictureRequest, files: JobFiles) -> Pictures:
    """Compare each signed revision asked about with the current file."""
    started = time.monotonic()
    data = files.input.read()
    with loaded(data) as current, ExitStack() as held:
        current.init_forms()
        sides: list[_Side] = []
        for asked in request.signatures[: limits.PICTURE_SIGNATURES]:
            document: pdfium.PdfDocument | None = None
            try:
                document = held.enter_context(loaded(data, asked.reach))
                document.init_forms()
            except SignerError:
                document = None  # a value: nothing is established about this revision
            sides.append(_Side(asked, document))
        _look(current, sides, started + limits.PICTURE_SECONDS)
        return Pictures(comparisons=tuple(side.comparison(len(current)) for side in sides))


def _look(current: pdfium.PdfDocument, sides: Sequence["_Side"], until: float) -> None:
    """Compare page by page: rule 4."""
    expected = sorted({b.page for side in sides for b in side.asked.later_boxes})
    order = dict.fromkeys(
        [*(n for n in expected if n <= len(current)), *range(1, len(current) + 1)]
    )
    earliest, *others = sorted(sides, key=lambda side: side.asked.reach)
    for number in list(order)[: limits.PICTURE_PAGES]:
        if time.monotonic() > until:
            break
        now = _Page(current, number)
        touched = earliest.compare(now) or number in expected
        for side in others:
            if touched:
                side.compare(now)
            else:
                side.compared += 1
        now.close()


@dataclass(frozen=True, slots=True)
class _Mark:
    """An annotation as pdfium lists it."""

    kind: int
    name: str
    rect: Rect
    """On the page as displayed."""
    empty: bool


class _Page:
    """One page of one revision: drawn when asked, each size once."""

    def __init__(self, document: pdfium.PdfDocument, number: int) -> None:
        self._document = document
        self.number = number
        self._page = page_of(document, number)
        self.width, self.height = self._page.get_size()
        self._images: dict[float, Image.Image] = {}

    def image(self, dpi: float) -> Image.Image:
        """Return the page in RGB."""
        if dpi not in self._images:
            self._images[dpi] = self._drawn(dpi, everything=True)
        return self._images[dpi]

    def ink(self, dpi: float) -> Image.Image:
        """Return what the page itself shows of dark ink, 255 where there is some."""
        bare = self._drawn(dpi, everything=False)
        return ImageChops.multiply(_dark(bare), _dark(self.image(dpi)))

    def _drawn(self, dpi: float, *, everything: bool) -> Image.Image:
        bitmap = self._page.render(
            scale=self.scale(dpi),
            may_draw_forms=everything,
            draw_annots=everything,
            rev_byteorder=True,
            fill_color=(255, 255, 255, 255),
        )
        image: Image.Image = bitmap.to_pil().convert("RGB")
        bitmap.close()
        return image

    def scale(self, dpi: float) -> float:
        """Return pixels per point, within the limits."""
        width, height = float(self.width), float(self.height)
        return min(
            max(dpi / POINTS_PER_INCH, 1 / min(width, height)),
            limits.RENDER_SIDE / max(width, height),
            math.sqrt(limits.PICTURE_PIXELS / (width * height)),
        )

    def marks(self) -> list[_Mark]:
        """Return the page's annotations, form fields among them."""
        frame = frame_of(self._page)
        out: list[_Mark] = []
        count = min(pdfium_c.FPDFPage_GetAnnotCount(self._page), ANNOTATIONS)
        for index in range(count):
            annotation = pdfium_c.FPDFPage_GetAnnot(self._page, index)
            if not annotation:
                continue
            corners = pdfium_c.FS_RECTF()
            if pdfium_c.FPDFAnnot_GetRect(annotation, corners):
                rect = (corners.left, corners.bottom, corners.right, corners.top)
                kind = pdfium_c.FPDFAnnot_GetSubtype(annotation)
                name, empty = self._field(annotation) if kind == _WIDGET else ("", False)
                out.append(_Mark(kind, name, frame.displayed(rect), empty))
            pdfium_c.FPDFPage_CloseAnnot(annotation)
        return out

    def _field(self, annotation: "pdfium_c.FPDF_ANNOTATION") -> tuple[str, bool]:
        """Return a widget's field name, and whether the field holds no value."""
        form = self._document.formenv
        if form is None:
            return "", False
        name = _told(pdfium_c.FPDFAnnot_GetFormFieldName, form, annotation)
        value = _told(pdfium_c.FPDFAnnot_GetFormFieldValue, form, annotation)
        return name, value in ("", "Off")

    def close(self) -> None:
        """Let go of the page and its images."""
        self._images.clear()
        self._page.close()


_WIDGET = pdfium_c.FPDF_ANNOT_WIDGET


def _told(ask: object, form: pdfium.PdfFormEnv, annotation: "pdfium_c.FPDF_ANNOTATION") -> str:
    """Return a string that pdfium tells as UTF-16."""
    buffer = ctypes.create_string_buffer(NAME_BYTES)
    length = ask(  # type: ignore[operator] # a ctypes function
        form, annotation, ctypes.cast(buffer, ctypes.POINTER(pdfium_c.FPDF_WCHAR)), NAME_BYTES
    )
    return buffer.raw[: max(0, min(length, NAME_BYTES) - 2)].decode("utf-16-le", "replace")


@dataclass(frozen=True, slots=True)
class _Difference:
    """Two images of a page, compared."""

    mask: Image.Image
    """255 where they differ."""
    outside: Image.Image
    """255 where they differ outside explained boxes."""
    strong: int
    """Pixels outside explained boxes that differ by STRONG or more."""

    @property
    def changed(self) -> int:
        return _lit(self.mask)

    @property
    def unexplained(self) -> int:
        return _lit(self.outside)


@dataclass(slots=True)
class _Side:
    """One signed revision on its way to a comparison."""

    asked: ComparedSignature
    document: pdfium.PdfDocument | None
    compared: int = 0
    second_looks: int = 0
    pages: list[PageDifference] = field(default_factory=list)

    def compare(self, now: _Page) -> bool:
        """Put one page beside the current one; return whether they differ."""
        if self.document is None or now.number > len(self.document):
            return True
        self.compared += 1
        then = _Page(self.document, now.number)
        found = self._page(then, now)
        if found is not None:
            self.pages.append(found)
        then.close()
        return found is not None

    def comparison(self, current_pages: int) -> PictureComparison:
        """Return the whole."""
        signed_pages = 0 if self.document is None else len(self.document)
        verdicts = {p.verdict for p in self.pages}
        if signed_pages != current_pages:
            verdicts.add(PictureVerdict.DIFFERENT)
        worst = max(verdicts, key=_ORDER.index, default=PictureVerdict.SAME)
        return PictureComparison(
            field_name=self.asked.field_name,
            verdict=None if self.document is None else worst,
            pages=tuple(sorted(self.pages, key=lambda p: p.page)),
            signed_pages=signed_pages,
            current_pages=current_pages,
            compared=self.compared,
        )

    def _page(self, then: _Page, now: _Page) -> PageDifference | None:
        if max(abs(then.width - now.width), abs(then.height - now.height)) > _SAME_SIZE:
            whole = Box(page=now.number, x1=0.0, y1=0.0, x2=now.width, y2=now.height)
            size = now.image(FIRST_LOOK).size
            return PageDifference(
                page=now.number,
                verdict=PictureVerdict.DIFFERENT,
                explained=(),
                unexplained=(whole,),
                changed_pixels=size[0] * size[1],
                unexplained_pixels=size[0] * size[1],
            )
        a, b = then.image(FIRST_LOOK), now.image(FIRST_LOOK)
        if a.tobytes() == b.tobytes():
            return None
        boxes = list(_explained(self.asked, then.marks(), now.marks(), now.number))
        scale = now.scale(FIRST_LOOK)
        first = _difference(a, b, boxes, scale)
        verdict = PictureVerdict.EXPLAINED
        covered = _covered(then, now)
        if first.unexplained:
            verdict = self._judged(first, then, now, boxes)
        elif covered:
            verdict = PictureVerdict.UNDECIDED
        return PageDifference(
            page=now.number,
            verdict=verdict,
            explained=_areas(
                ImageChops.subtract(first.mask, first.outside), now.number, scale, now.height
            ),
            unexplained=_areas(first.outside, now.number, scale, now.height),
            covered=covered,
            changed_pixels=first.changed,
            unexplained_pixels=first.unexplained,
        )

    def _judged(
        self, first: _Difference, then: _Page, now: _Page, boxes: Sequence[Rect]
    ) -> PictureVerdict:
        """Judge an unexplained difference: rule 3."""
        certain = first.strong >= ENOUGH[FIRST_LOOK]
        if certain and self.second_looks < SECOND_LOOKS:
            self.second_looks += 1
            again = _difference(
                then.image(SECOND_LOOK), now.image(SECOND_LOOK), boxes, now.scale(SECOND_LOOK)
            )
            certain = again.strong >= ENOUGH[SECOND_LOOK]
        return PictureVerdict.DIFFERENT if certain else PictureVerdict.UNDECIDED


_ORDER = (
    PictureVerdict.SAME,
    PictureVerdict.EXPLAINED,
    PictureVerdict.UNDECIDED,
    PictureVerdict.DIFFERENT,
)


def _explained(
    asked: ComparedSignature, then: Sequence[_Mark], now: Sequence[_Mark], page: int
) -> Iterator[Rect]:
    """Yield where something may look different: rule 2."""
    yield from ((b.x1, b.y1, b.x2, b.y2) for b in asked.later_boxes if b.page == page)
    waiting = {(m.name, m.rect) for m in then if m.kind == _WIDGET and m.empty}
    for mark in now:
        if mark.kind != _WIDGET or not mark.name:
            continue
        filled = asked.filling and not mark.empty and (mark.name, mark.rect) in waiting
        if mark.name in asked.later_fields or filled:
            yield mark.rect
    if asked.annotations:
        silent = {_WIDGET, pdfium_c.FPDF_ANNOT_POPUP}
        yield from (m.rect for m in (*then, *now) if m.kind not in silent)


def _covered(then: _Page, now: _Page) -> tuple[Box, ...]:
    """Return where ink of the signed page is gone from sight: rule 4."""
    for dpi, enough in ((FIRST_LOOK, 1), (SECOND_LOOK, COVERED)):
        gone = ImageChops.multiply(then.ink(dpi), _light(now.image(dpi)))
        if gone.histogram()[255] < enough:
            return ()
    return _areas(gone, now.number, now.scale(SECOND_LOOK), now.height, cell=WORD)


def _dark(image: Image.Image) -> Image.Image:
    return image.convert("L").point([255] * INK + [0] * (256 - INK))


def _light(image: Image.Image) -> Image.Image:
    return image.convert("L").point([0] * PAPER + [255] * (256 - PAPER))


def _difference(a: Image.Image, b: Image.Image, boxes: Iterable[Rect], scale: float) -> _Difference:
    red, green, blue = ImageChops.difference(a, b).split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    outside = most.copy()
    pen = ImageDraw.Draw(outside)
    for x1, y1, x2, y2 in boxes:
        grown = limits.PICTURE_GROWTH
        pen.rectangle(
            (
                math.floor((x1 - grown) * scale),
                math.floor(a.height - (y2 + grown) * scale),
                math.ceil((x2 + grown) * scale),
                math.ceil(a.height - (y1 - grown) * scale),
            ),
            fill=0,
        )
    return _Difference(_thresholded(most), _thresholded(outside), sum(outside.histogram()[STRONG:]))


def _thresholded(image: Image.Image) -> Image.Image:
    return image.point([0] + [255] * 255)


def _lit(mask: Image.Image) -> int:
    return mask.histogram()[255]


def _areas(
    mask: Image.Image, page: int, scale: float, height: float, cell: int = CELL
) -> tuple[Box, ...]:
    """Return the changed areas of a mask as boxes, largest first."""
    # One pixel of 255 among the 64 of a cell still makes it 4, and so again for the next halving.
    cells = mask.reduce(CELL)
    if cell > CELL:
        cells = _thresholded(cells).reduce(cell // CELL)
    wide = cells.width
    left = {n for n, value in enumerate(cells.tobytes()) if value}
    found: list[tuple[int, int, int, int]] = []
    while left:
        corner = _grown(left, wide)
        x, y = corner[0] * cell, corner[1] * cell
        inner = mask.crop((x, y, corner[2] * cell, corner[3] * cell)).getbbox()
        if inner is not None:
            found.append((x + inner[0], y + inner[1], x + inner[2], y + inner[3]))
    found = sorted(_merged(found), key=lambda r: (-(r[2] - r[0]) * (r[3] - r[1]), r))
    return tuple(
        Box(
            page=page,
            x1=round(x1 / scale, 2),
            y1=round(max(0.0, height - y2 / scale), 2),
            x2=round(x2 / scale, 2),
            y2=round(height - y1 / scale, 2),
        )
        for x1, y1, x2, y2 in found[:AREAS]
    )


def _grown(left: set[int], wide: int) -> tuple[int, int, int, int]:
    """Take one island of neighbouring cells out of `left`; return its corners in cells."""
    first = min(left)
    left.discard(first)
    todo = [first]
    xs, ys = [first % wide], [first // wide]
    while todo:
        n = todo.pop()
        x, y = n % wide, n // wide
        for across in (-1, 0, 1):
            for down in (-1, 0, 1):
                beside = (y + down) * wide + x + across
                if 0 <= x + across < wide and beside in left:
                    left.discard(beside)
                    todo.append(beside)
                    xs.append(x + across)
                    ys.append(y + down)
    return min(xs), min(ys), max(xs) + 1, max(ys) + 1


def _merged(boxes: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Merge rectangles that touch, until none does; a hatched page is one area, not thousands."""
    todo = sorted(boxes)[: 4 * AREAS]
    out: list[tuple[int, int, int, int]] = []
    while todo:
        a = todo.pop()
        for n, b in enumerate(out):
            if a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]:
                del out[n]
                todo.append((min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])))
                break
        else:
            out.append(a)
    return out
