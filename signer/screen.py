"""Screens a PDF before a signature is put on it. Runs in the sandbox child.

A signature vouches for what people see. Refused, with the reason (design.md §4 rule 8):

1. What is no PDF, is damaged so that one of two parsers has to guess, has another number of pages
   in each, or is encrypted: what people see is then not settled by the bytes.
2. Content that acts or shows itself differently later: JavaScript, launch, submit and import
   actions, media renditions, XFA forms, layers that are hidden or differ between screen and paper.
3. A signature that an earlier one forbids, or that would break it:
   a. DocMDP P=1, in a certification or in an approval signature (ISO 32000-2 clause 12.8.2.2).
      The exception that the erratum makes for document time-stamps is not used: Acrobat does not
      know it.
   b. FieldMDP, and the /Lock of a signed field where the signature carries none (clause 12.8.2.4):
      a locked field may not be filled, and where new fields fall under the lock none may be added.
      Other libraries sign such files without a word, and the earlier signature turns invalid.
4. A page or box that does not fit (`PlacementError`).

What passes is a `RenderedPdf`. The page is seen as displayed: cropped, turned, in points of 1/72
inch, /UserUnit counted in.
"""
# pyHanko ships types, but leaves many of its functions without.
# mypy: disallow-untyped-calls=False

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import pikepdf
from pyhanko.pdf_utils import misc
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import FieldMDPSpec, enumerate_sig_fields

from signer import limits
from signer.appearance import Sheet
from signer.errors import (
    LimitExceededError,
    PdfRejectedError,
    PlacementError,
    SignerError,
    WouldBreakError,
)
from signer.geometry import Frame, Rect
from signer.validation.report import Box

TREE_DEPTH = 100
SMALLEST_BOX = 8.0
"""Points; nobody can see or touch a smaller signature."""
ROUNDING = 0.5
"""Points by which a box may stand over the page's edge: callers compute with rounded sizes."""

# qpdf writes every name in its plain form, so `/J#61vaScript` is found too.
_ACTIVE = re.compile(
    rb"/S\s*/(JavaScript|Launch|SubmitForm|ImportData|Rendition|RichMediaExecute)(?![A-Za-z])"
)
_NO_CHANGES = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledField:
    """A signature that the document already bears."""

    name: str
    permission: int | None
    """P of its DocMDP transform, or of the /Lock that governs it."""
    locks: tuple[FieldMDPSpec, ...]
    box: Box | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedPdf:
    """A PDF that may be signed, as far as its own bytes are concerned."""

    reader: PdfFileReader
    frames: tuple[Frame, ...]
    units: tuple[float, ...]
    """/UserUnit of each page."""
    filled: tuple[FilledField, ...]
    empty: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        """Names of all signature fields, filled or not."""
        return frozenset(self.empty) | {field.name for field in self.filled}

    def sheet(self, page: int) -> Sheet:
        """Return page `page` (from 1) as displayed.

        Raises:
            PlacementError: there is no such page.

        """
        if not 1 <= page <= len(self.frames):
            raise PlacementError(
                f"Văn bản có {len(self.frames)} trang, không có trang {page}.",
                f"The document has {len(self.frames)} pages; there is no page {page}.",
            )
        width, height = self.frames[page - 1].size
        unit = self.units[page - 1]
        return Sheet(
            page=page,
            width=width * unit,
            height=height * unit,
            signatures=tuple(f.box for f in self.filled if f.box and f.box.page == page),
        )

    def placed(self, box: Box) -> Rect:
        """Return `box` in the page's own coordinates.

        Raises:
            PlacementError: it does not fit the page.

        """
        sheet = self.sheet(box.page)
        width, height = box.x2 - box.x1, box.y2 - box.y1
        outside = (
            box.x1 < -ROUNDING
            or box.y1 < -ROUNDING
            or box.x2 > sheet.width + ROUNDING
            or box.y2 > sheet.height + ROUNDING
        )
        # `not >=` and not `<`, so that NaN is refused as well.
        if outside or not (width >= SMALLEST_BOX and height >= SMALLEST_BOX):
            told = f"{box.x1:g},{box.y1:g},{box.x2:g},{box.y2:g}"
            size = f"{sheet.width:.0f} x {sheet.height:.0f}"
            raise PlacementError(
                f"Khung chữ ký {told} không nằm gọn trong trang {box.page} ({size} điểm).",
                f"The box {told} does not fit page {box.page} ({size} points).",
            )
        unit = self.units[box.page - 1]
        own = (box.x1 / unit, box.y1 / unit, box.x2 / unit, box.y2 / unit)
        return self.frames[box.page - 1].placed(own)

    def displayed(self, page: int, rect: Rect) -> Box:
        """Return where `rect` of page `page`'s own coordinates is displayed."""
        unit = self.units[page - 1]
        x1, y1, x2, y2 = (v * unit for v in self.frames[page - 1].displayed(rect))
        return Box(page=page, x1=x1, y1=y1, x2=x2, y2=y2)

    def locks(self, field_name: str) -> bool:
        """Return whether an earlier signature locks `field_name`, existing or not."""
        return any(lock.is_locked(field_name) for f in self.filled for lock in f.locks)

    def admit(self, field_name: str) -> None:
        """Refuse a signature into `field_name` that an earlier one forbids (rule 3).

        Raises:
            WouldBreakError: which signature forbids it.

        """
        for earlier in self.filled:
            self._admit_any(earlier)
            if any(lock.is_locked(field_name) for lock in earlier.locks):
                raise WouldBreakError(
                    f"Chữ ký «{earlier.name}» đã khóa trường «{field_name}»: "
                    "ký thêm sẽ làm chữ ký đó mất giá trị.",
                    f"Signature “{earlier.name}” locks field “{field_name}”: "
                    "signing would break it.",
                )

    def admit_time_stamp(self) -> None:
        """Refuse a document time-stamp where an earlier signature forbids every change."""
        for earlier in self.filled:
            self._admit_any(earlier)

    @staticmethod
    def _admit_any(earlier: FilledField) -> None:
        if earlier.permission == _NO_CHANGES:
            raise WouldBreakError(
                f"Chữ ký «{earlier.name}» không cho phép thay đổi gì thêm (DocMDP P=1): "
                "không thể ký tiếp.",
                f"Signature “{earlier.name}” permits no further change (DocMDP P=1): "
                "nothing can be signed after it.",
            )


def screen(stream: BinaryIO) -> RenderedPdf:
    """Screen a PDF that somebody asks to sign (rules 1 and 2).

    Raises:
        PdfRejectedError: why not.
        LimitExceededError: too many pages or signatures.

    """
    frames, units = _second_opinion(stream)
    reader = _opened(stream)
    if _page_count(reader) != len(frames):
        raise _damaged("hai bộ đọc thấy số trang khác nhau", "two parsers count other pages")
    rendered = RenderedPdf(reader=reader, frames=frames, units=units, filled=(), empty=())
    return _with_fields(rendered)


def reopen(stream: BinaryIO) -> RenderedPdf:
    """Open a PDF that we have just signed, for its time-stamp: screened once is enough.

    Raises:
        PdfRejectedError: it cannot be read after all.

    """
    rendered = RenderedPdf(reader=_opened(stream), frames=(), units=(), filled=(), empty=())
    return _with_fields(rendered)


def _opened(stream: BinaryIO) -> PdfFileReader:
    stream.seek(0)
    try:
        # Not strict: Word's own exports are hybrid-reference files, and iText's cross-reference
        # streams list themselves as free. `_second_opinion` is the stricter of the two.
        reader = PdfFileReader(stream, strict=False)
    except (misc.PdfError, ValueError, KeyError, TypeError, OSError) as error:
        raise _damaged(
            "không đọc được bảng tham chiếu", "its cross-references cannot be read"
        ) from error
    if reader.encrypted:
        raise _encrypted()
    return reader


def _page_count(reader: PdfFileReader) -> int:
    try:
        return int(reader.root["/Pages"]["/Count"])
    except (misc.PdfError, KeyError, TypeError, ValueError) as error:
        raise _damaged("không đọc được cây trang", "its page tree cannot be read") from error


def _second_opinion(stream: BinaryIO) -> tuple[tuple[Frame, ...], tuple[float, ...]]:
    """Have qpdf read the file without repairing anything; return its pages as displayed."""
    stream.seek(0)
    if not stream.read(5).startswith(b"%PDF-"):
        raise PdfRejectedError(
            "file.not_pdf", "Tệp này không phải là PDF.", "This file is not a PDF."
        )
    stream.seek(0)
    try:
        with pikepdf.open(stream, attempt_recovery=False, suppress_warnings=True) as pdf:
            if pdf.is_encrypted:
                raise _encrypted()
            if len(pdf.pages) > limits.PAGES:
                raise LimitExceededError(
                    "pages",
                    f"Văn bản có {len(pdf.pages)} trang; giới hạn là {limits.PAGES}.",
                    f"The document has {len(pdf.pages)} pages; the limit is {limits.PAGES}.",
                )
            _refuse_active(pdf)
            pages = [page.obj for page in pdf.pages]
            frames = tuple(_frame(page) for page in pages)
            units = tuple(_unit(page) for page in pages)
    except pikepdf.PasswordError as error:
        raise _encrypted() from error
    except pikepdf.PdfError as error:
        raise _damaged("cấu trúc bị hỏng", "its structure is broken") from error
    if not frames:
        raise _damaged("không có trang nào", "it has no page")
    return frames, units


def _refuse_active(pdf: pikepdf.Pdf) -> None:
    """Rule 2. Every object is looked at, also one that nothing refers to now."""
    found: set[str] = set()
    for obj in pdf.objects:
        if isinstance(obj, pikepdf.Stream):
            text = obj.stream_dict.unparse()
        elif isinstance(obj, pikepdf.Dictionary | pikepdf.Array):
            text = obj.unparse(resolved=True)
        else:
            continue
        found.update(m.group(1).decode() for m in _ACTIVE.finditer(text))
    form = pdf.Root.get("/AcroForm")
    if isinstance(form, pikepdf.Dictionary) and "/XFA" in form:
        found.add("XFA")
    if _hides_layers(pdf):
        found.add("OCG")
    if found:
        names = ", ".join(sorted(found))
        raise PdfRejectedError(
            "file.active_content",
            f"Văn bản chứa nội dung động hoặc bị ẩn ({names}), không thể ký: điều người ký thấy "
            "có thể khác điều người đọc thấy. Hãy xuất lại PDF không có các thành phần này.",
            f"The document holds active or hidden content ({names}) and cannot be signed: what "
            "the signer sees may not be what readers see. Export it again without.",
        )


def _hides_layers(pdf: pikepdf.Pdf) -> bool:
    properties = pdf.Root.get("/OCProperties")
    if not isinstance(properties, pikepdf.Dictionary):
        return False
    default = properties.get("/D")
    if not isinstance(default, pikepdf.Dictionary):
        return False
    switched = any(
        isinstance(listed := default.get(key), pikepdf.Array) and len(listed) > 0
        for key in ("/OFF", "/AS")
    )
    return switched or default.get("/BaseState", pikepdf.Name.ON) != pikepdf.Name.ON


def _inherited(page: pikepdf.Object, key: str) -> Any:
    node: Any = page
    for _ in range(TREE_DEPTH):
        if key in node:
            return node[key]
        node = node.get("/Parent")
        if not isinstance(node, pikepdf.Dictionary):
            return None
    return None


def _frame(page: pikepdf.Object) -> Frame:
    media = _rect(_inherited(page, "/MediaBox"))
    if media is None:
        raise _damaged("có trang không khai báo khổ giấy", "a page does not say its size")
    crop = _rect(_inherited(page, "/CropBox")) or media
    both = (
        max(media[0], crop[0]),
        max(media[1], crop[1]),
        min(media[2], crop[2]),
        min(media[3], crop[3]),
    )
    if both[0] >= both[2] or both[1] >= both[3]:  # viewers then show the whole medium
        both = media
    try:
        rotate = int(_inherited(page, "/Rotate") or 0)
    except (TypeError, ValueError):
        rotate = 0
    return Frame(crop=both, rotate=rotate)


def _rect(value: Any) -> Rect | None:
    if not isinstance(value, pikepdf.Array) or len(value) != 4:  # noqa: PLR2004 - a rectangle
        return None
    try:
        x1, y1, x2, y2 = (float(v) for v in value)
    except (TypeError, ValueError):
        return None
    return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)


def _unit(page: pikepdf.Object) -> float:
    try:
        unit = float(page.get("/UserUnit", 1))
    except (TypeError, ValueError):
        return 1.0
    return unit if unit > 0 else 1.0


def _with_fields(rendered: RenderedPdf) -> RenderedPdf:
    reader = rendered.reader
    filled: list[FilledField] = []
    empty: list[str] = []
    try:
        for name, value, ref in enumerate_sig_fields(reader):
            if value is None:
                empty.append(name)
            else:
                filled.append(_filled(rendered, name, value, ref.get_object()))
            if len(filled) > limits.SIGNATURES:
                raise LimitExceededError(
                    "signatures",
                    f"Văn bản có quá {limits.SIGNATURES} chữ ký.",
                    f"The document bears more than {limits.SIGNATURES} signatures.",
                )
    except SignerError:
        raise
    except (misc.PdfError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(
            "không đọc được các trường chữ ký", "its signature fields cannot be read"
        ) from error
    return RenderedPdf(
        reader=reader,
        frames=rendered.frames,
        units=rendered.units,
        filled=tuple(filled),
        empty=tuple(empty),
    )


def _filled(rendered: RenderedPdf, name: str, value: Any, field: Any) -> FilledField:
    signature = value.get_object()
    permission: int | None = None
    locks: list[FieldMDPSpec] = []
    for method, params in _transforms(signature):
        if method == "/DocMDP":
            permission = int(params.get("/P", 2))
        elif method == "/FieldMDP":
            locks.append(FieldMDPSpec.from_pdf_object(params))
            permission = min(permission or 3, int(params["/P"])) if "/P" in params else permission
    if not locks and "/Lock" in field:
        lock = field["/Lock"]
        locks.append(FieldMDPSpec.from_pdf_object(lock))
        permission = min(permission or 3, int(lock["/P"])) if "/P" in lock else permission
    return FilledField(
        name=name, permission=permission, locks=tuple(locks), box=_box(rendered, field)
    )


def _transforms(signature: Any) -> Iterator[tuple[str, Any]]:
    for reference in signature.get("/Reference", ()):
        entry = reference.get_object()
        yield str(entry.get("/TransformMethod", "")), entry.get("/TransformParams", {})


def _box(rendered: RenderedPdf, field: Any) -> Box | None:
    """Return where a field's widget is displayed, if it is visible and on a known page."""
    if not rendered.frames:
        return None
    widget = field["/Kids"][0] if "/Kids" in field else field
    rect: Sequence[Any] = widget.get("/Rect", ())
    if len(rect) != 4 or "/P" not in widget:  # noqa: PLR2004 - a rectangle
        return None
    x1, y1, x2, y2 = (float(v) for v in rect)
    if x1 == x2 or y1 == y2:
        return None
    wanted = widget.raw_get("/P").reference
    for number in range(len(rendered.frames)):
        if rendered.reader.find_page_for_modification(number)[0].reference == wanted:
            return rendered.displayed(number + 1, (x1, y1, x2, y2))
    return None


def _damaged(vi: str, en: str) -> PdfRejectedError:
    return PdfRejectedError(
        "file.damaged",
        f"Tệp PDF bị hỏng ({vi}), không thể ký. Hãy xuất lại tệp từ phần mềm soạn thảo.",
        f"The PDF is damaged ({en}) and cannot be signed. Export it again from its source.",
    )


def _encrypted() -> PdfRejectedError:
    return PdfRejectedError(
        "file.encrypted",
        "Tệp PDF bị mã hóa hoặc đặt mật khẩu, không thể ký. Hãy bỏ mật khẩu trước.",
        "The PDF is encrypted or locked and cannot be signed. Remove the password first.",
    )
