"""Makes, fills and reads the fields of an outgoing document. Runs in the sandbox child.

1. A text field has an appearance from the start, an empty one: PDF/A asks for one on every widget
   (ISO 19005-2 clause 6.3.3), and no reader then invents its own.
2. /DA names a font of the form's resources, as ISO 32000-2 clause 12.7.4.3 wants it. It is used by
   programs that edit the field; what people see is the appearance, set in embedded type.
3. An appearance is an imported page inside a form of exactly the field's size, turned against
   /Rotate, so that it stands upright and undistorted on the page as displayed.
4. Only an empty field is filled: a value that was there never changes (design.md §4 rule 4).
"""
# pyHanko ships types, but leaves many of its functions without.
# mypy: disallow-untyped-calls=False

import io
import re
from collections.abc import Sequence
from typing import Any

from pyhanko.pdf_utils import generic, misc
from pyhanko.pdf_utils.form_tools import get_single_field_annot
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import (
    FieldMDPAction,
    FieldMDPSpec,
    SigFieldSpec,
    append_signature_field,
)

from signer.appearance import Art
from signer.errors import PdfRejectedError, PlacementError
from signer.fields import (
    DEFAULT_SIZE,
    LOCKED,
    TEXTS,
    TITLES,
    FieldsRequest,
    FieldUse,
    FoundField,
    FoundFields,
    NewField,
)
from signer.jobs import JobFiles
from signer.prepare import Filling
from signer.screen import RenderedPdf, screen
from signer.validation.report import Box

FONTS = {False: ("/AntinTmR", "/Times-Roman"), True: ("/AntinTmI", "/Times-Italic")}
"""By slant: the name in /DR, and the standard font that stands behind it."""
PRINTED = 4
_CENTRED = 1

# Turns content by as much as /Rotate turns the page, the other way round.
_UPRIGHT = {0: (1, 0, 0, 1), 1: (0, 1, -1, 0), 2: (-1, 0, 0, -1), 3: (0, -1, 1, 0)}
_SIZE = re.compile(r"/(\S+)\s+(\d+(?:\.\d+)?)\s+Tf")


def add_fields(
    writer: IncrementalPdfFileWriter, rendered: RenderedPdf, fields: Sequence[NewField]
) -> None:
    """Add empty fields to a document that nobody has signed yet.

    Raises:
        PlacementError: a field is there already, or its box does not fit.

    """
    if not fields:
        return
    uses = [f.use for f in fields]
    if len(set(uses)) < len(uses):
        raise PlacementError(
            "Có trường được yêu cầu hai lần.", "A field was asked for more than once."
        )
    present = {f.use for f in found_fields(rendered)}
    for field in fields:
        if field.use in present:
            raise PlacementError(
                f"Văn bản đã có trường «{field.use}».",
                f"The document has a field “{field.use}” already.",
            )
        if field.use in TEXTS:
            continue
        locked = [use.value for use in LOCKED if use in uses or use in present]
        spec = SigFieldSpec(
            sig_field_name=field.use.value,
            on_page=field.box.page - 1,
            box=rendered.placed(field.box),  # type: ignore[arg-type] # floats are fine
            readable_field_name=TITLES[field.use],
            field_mdp_spec=FieldMDPSpec(FieldMDPAction.INCLUDE, fields=locked)
            if field.use is FieldUse.SEAL and locked
            else None,
        )
        try:
            append_signature_field(writer, spec)
        except (misc.PdfError, ValueError) as error:
            raise _unusable(field.use, str(error)) from error
        made: Any = _field(writer, field.use)
        # The same box as the signature's own appearance later: EU DSS calls another one a change
        # that it cannot explain.
        empty = get_single_field_annot(made)["/AP"]["/N"]
        size = (field.box.x2 - field.box.x1, field.box.y2 - field.box.y1)
        empty.update(_form_entries(rendered, field.box, size, {}))
    for field in fields:
        if field.use in TEXTS:
            _add_text_field(writer, rendered, field)


def _add_text_field(
    writer: IncrementalPdfFileWriter, rendered: RenderedPdf, field: NewField
) -> None:
    rect = rendered.placed(field.box)
    page = writer.find_page_for_modification(field.box.page - 1)[0]
    font, _ = FONTS[field.italic]
    made = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/Widget"),
            pdf_name("/FT"): pdf_name("/Tx"),
            pdf_name("/T"): generic.pdf_string(field.use.value),
            pdf_name("/TU"): generic.pdf_string(TITLES[field.use]),
            pdf_name("/F"): generic.NumberObject(PRINTED),
            pdf_name("/Q"): generic.NumberObject(_CENTRED),
            pdf_name("/Rect"): numbers(rect),
            pdf_name("/P"): page,
            pdf_name("/DA"): generic.pdf_string(f"{font} {field.size:g} Tf 0 g"),
        }
    )
    size = (field.box.x2 - field.box.x1, field.box.y2 - field.box.y1)
    made["/AP"] = _appearance(writer, rendered, field.box, size, b"", {})
    reference = writer.add_object(made)
    writer.register_annotation(page, reference)
    form = _form(writer)
    form["/Fields"].append(reference)
    writer.update_container(form["/Fields"])
    _offer_font(writer, form, italic=field.italic)


def _form(writer: IncrementalPdfFileWriter) -> Any:
    if "/AcroForm" not in writer.root:
        writer.root["/AcroForm"] = writer.add_object(generic.DictionaryObject())
        writer.update_root()
    form = writer.root["/AcroForm"]
    if "/Fields" not in form:
        form["/Fields"] = generic.ArrayObject()
        writer.update_container(form)
    return form


def _offer_font(writer: IncrementalPdfFileWriter, form: Any, *, italic: bool) -> None:
    name, base = FONTS[italic]
    resources = form.setdefault(pdf_name("/DR"), generic.DictionaryObject())
    fonts = resources.setdefault(pdf_name("/Font"), generic.DictionaryObject())
    if name not in fonts:
        font = {
            pdf_name("/Type"): pdf_name("/Font"),
            pdf_name("/Subtype"): pdf_name("/Type1"),
            pdf_name("/BaseFont"): pdf_name(base),
            pdf_name("/Encoding"): pdf_name("/WinAnsiEncoding"),
        }
        fonts[pdf_name(name)] = writer.add_object(generic.DictionaryObject(font))
    for changed in (form, resources, fonts):
        writer.update_container(changed)


def fill_fields(
    writer: IncrementalPdfFileWriter, rendered: RenderedPdf, fillings: Sequence[Filling]
) -> None:
    """Fill text fields, values and appearances (rule 4).

    Raises:
        PlacementError: there is no such field, or it is not empty.
        WouldBreakError: an earlier signature locks it.

    """
    if not fillings:
        return
    places = {f.use: f for f in found_fields(rendered)}
    for filling in fillings:
        place = places.get(filling.use)
        if place is None or filling.use not in TEXTS:
            raise _unusable(filling.use, "văn bản không có trường này / there is no such field")
        if place.filled:
            raise _unusable(filling.use, "đã có nội dung / it is not empty")
        rendered.admit(filling.use.value)
        field: Any = _field(writer, filling.use)
        field["/V"] = generic.pdf_string(filling.value)
        writer.update_container(field)
        dress(writer, rendered, get_single_field_annot(field), filling.art, place.box)


def read_fields_job(request: FieldsRequest, files: JobFiles) -> FoundFields:
    """Read the fields; see `signer.fields`."""
    del request
    rendered = screen(files.input)
    return FoundFields(fields=tuple(found_fields(rendered)), units=rendered.units)


def found_fields(rendered: RenderedPdf) -> list[FoundField]:
    """Return the fields of ours that the document has.

    Raises:
        PlacementError: one of them is not what we would have made.

    """
    found = []
    for use in FieldUse:
        field = _field(rendered.reader, use)
        if field is None:
            continue
        kind = "/Tx" if use in TEXTS else "/Sig"
        if _entry(field, "/FT") != kind:
            raise _unusable(use, f"/FT {_entry(field, '/FT')}")
        found.append(_described(rendered, use, field))
    return found


def _described(rendered: RenderedPdf, use: FieldUse, field: Any) -> FoundField:
    try:
        widget = get_single_field_annot(field)
        value = _entry(field, "/V")
        text = str(value) if use in TEXTS and value is not None else None
        lock = _entry(field, "/Lock", {})
        named = _entry(lock, "/Action") == "/Include"
        locks = tuple(str(name) for name in _entry(lock, "/Fields", ())) if named else ()
        told = _SIZE.search(str(_entry(field, "/DA", "")))
        drawn = use in TEXTS and "/AP" in widget and bool(widget["/AP"]["/N"].data.strip())
    except (misc.PdfError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unusable(use, str(error)) from error
    box = box_of(rendered, widget)
    if box is None:
        raise _unusable(use, "không hiện trên trang nào / it stands on no page")
    return FoundField(
        use=use,
        box=box,
        filled=(value is not None and text != "") or drawn,
        value=text,
        size=float(told[2]) if told else DEFAULT_SIZE,
        italic=told is not None and f"/{told[1]}" == FONTS[True][0],
        locks=locks,
    )


def _field(source: Any, use: FieldUse) -> Any | None:
    """Return the field dictionary of that name, from a reader or a writer."""
    # Ours stand at the top of the form; a kid of the same name is another field.
    try:
        top = _entry(_entry(source.root, "/AcroForm", {}), "/Fields", ())
        found = [field for field in (ref.get_object() for ref in top) if _named(field, use)]
    except (misc.PdfError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise PdfRejectedError(
            "file.damaged",
            "Tệp PDF bị hỏng (không đọc được biểu mẫu), không thể ký.",
            "The PDF is damaged (its form cannot be read) and cannot be signed.",
        ) from error
    if len(found) > 1:
        raise _unusable(use, "có hai trường cùng tên / two fields have that name")
    return found[0] if found else None


def _entry(dictionary: Any, key: str, default: Any = None) -> Any:
    # The library's `get` answers with a bare reference where the value is an object of its own.
    return dictionary[key] if key in dictionary else default  # noqa: SIM401 - see above


def _named(field: Any, use: FieldUse) -> bool:
    return isinstance(field, generic.DictionaryObject) and _entry(field, "/T") == use.value


def box_of(rendered: RenderedPdf, widget: Any) -> Box | None:
    """Return where a widget that is in the document already is displayed."""
    x1, y1, x2, y2 = (float(v) for v in widget["/Rect"])
    if x1 == x2 or y1 == y2:
        return None
    wanted = widget.raw_get("/P").reference if "/P" in widget else None
    for number in range(len(rendered.frames)):
        page = rendered.reader.find_page_for_modification(number)[0].get_object()
        annotations = _entry(page, "/Annots", ())
        listed = any(
            annotations.raw_get(i).reference == widget.container_ref
            for i in range(len(annotations))
            if isinstance(annotations.raw_get(i), generic.IndirectObject)
        )
        if listed or page.container_ref == wanted:
            return rendered.displayed(number + 1, (x1, y1, x2, y2))
    return None


def dress(
    writer: IncrementalPdfFileWriter, rendered: RenderedPdf, widget: Any, art: Art, box: Box
) -> None:
    """Give the widget its appearance (rule 3)."""
    picture = writer.import_page_as_xobject(PdfFileReader(io.BytesIO(art.pdf)))
    width, height = box.x2 - box.x1, box.y2 - box.y1
    scale = min(width / art.width, height / art.height)
    dx, dy = (width - scale * art.width) / 2, (height - scale * art.height) / 2
    widget["/AP"] = _appearance(
        writer,
        rendered,
        box,
        (width, height),
        f"q {scale:.5f} 0 0 {scale:.5f} {dx:.3f} {dy:.3f} cm /Art Do Q".encode(),
        {pdf_name("/XObject"): generic.DictionaryObject({pdf_name("/Art"): picture})},
    )
    turns = _turns(rendered, box)
    if rendered.frames[box.page - 1].rotate:
        widget["/MK"] = generic.DictionaryObject({pdf_name("/R"): generic.NumberObject(90 * turns)})
    writer.update_container(widget)


def _appearance(
    writer: IncrementalPdfFileWriter,
    rendered: RenderedPdf,
    box: Box,
    size: tuple[float, float],
    content: bytes,
    resources: dict[Any, Any],
) -> generic.DictionaryObject:
    form = generic.StreamObject(_form_entries(rendered, box, size, resources), stream_data=content)
    return generic.DictionaryObject({pdf_name("/N"): writer.add_object(form)})


def _form_entries(
    rendered: RenderedPdf, box: Box, size: tuple[float, float], resources: dict[Any, Any]
) -> dict[Any, Any]:
    return {
        pdf_name("/Type"): pdf_name("/XObject"),
        pdf_name("/Subtype"): pdf_name("/Form"),
        pdf_name("/BBox"): numbers((0, 0, *size)),
        pdf_name("/Matrix"): numbers((*_UPRIGHT[_turns(rendered, box)], 0, 0)),
        pdf_name("/Resources"): generic.DictionaryObject(resources),
    }


def _turns(rendered: RenderedPdf, box: Box) -> int:
    rotate = rendered.frames[box.page - 1].rotate
    return rotate // 90 % 4 if rotate % 90 == 0 else 0


def numbers(values: Sequence[float]) -> generic.ArrayObject:
    """Return an array of numbers."""
    return generic.ArrayObject(generic.FloatObject(f"{v:.4f}") for v in values)


def _unusable(use: FieldUse, why: str) -> PlacementError:
    return PlacementError(
        f"Không dùng được trường «{use}» ({TITLES[use]}): {why}.",
        f"Field “{use}” cannot be used: {why}.",
    )
