"""PDFs for the tests of pictures and text, made on the spot: typeset pages with fields on them."""

import io
import tempfile
from pathlib import Path

import pikepdf
import typst
from pikepdf import Array, Dictionary, Name


def typeset(markup: str, *, margin: str = "2cm") -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "paper.typ"
        source.write_text(
            f'#set page(paper: "a4", margin: {margin})\n#set text(size: 13pt)\n{markup}'
        )
        return bytes(typst.compile(source))


def with_fields(pdf: bytes, *fields: tuple[tuple[float, float, float, float], str], page: int = 1):
    """Put signature fields with typeset appearances on a page, as stamping tools do."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        target = document.pages[page - 1]
        widgets = []
        for at, (rect, text) in enumerate(fields):
            x1, y1, x2, y2 = rect
            look = typeset_box(text, x2 - x1, y2 - y1)
            with pikepdf.open(io.BytesIO(look)) as small:
                form = document.copy_foreign(small.pages[0].as_form_xobject())
            widgets.append(
                document.make_indirect(
                    Dictionary(
                        Type=Name.Annot,
                        Subtype=Name.Widget,
                        FT=Name.Sig,
                        T=f"Signature{at}",
                        Rect=Array([x1, y1, x2, y2]),
                        F=132,
                        AP=Dictionary(N=form),
                    )
                )
            )
        target.obj.Annots = document.make_indirect(Array(widgets))
        document.Root.AcroForm = Dictionary(Fields=Array(widgets), SigFlags=3)
        return saved(document)


def typeset_box(text: str, width: float, height: float) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "box.typ"
        source.write_text(
            f"#set page(width: {width}pt, height: {height}pt, margin: 0pt, fill: none)\n"
            f"#set text(size: 10pt)\n#set align(horizon)\n{text}"
        )
        return bytes(typst.compile(source))


def shown(pdf: bytes, *, rotate: int = 0, crop: tuple[float, float, float, float] | None = None):
    """Turn and crop every page."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        for page in document.pages:
            page.obj.Rotate = rotate
            if crop:
                page.obj.CropBox = Array(list(crop))
        return saved(document)


def picture_of_paper(*, text: str = "") -> bytes:
    """A page that is a picture, with an invisible text layer if given: what a scanner makes."""
    with pikepdf.new() as document:
        page = document.add_blank_page(page_size=(595, 842))
        grey = pikepdf.Stream(document, bytes([200]) * 100 * 141)
        grey.update(
            Dictionary(
                Type=Name.XObject,
                Subtype=Name.Image,
                Width=100,
                Height=141,
                BitsPerComponent=8,
                ColorSpace=Name.DeviceGray,
            )
        )
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        page.obj.Resources = Dictionary(XObject=Dictionary(I=grey), Font=Dictionary(F=font))
        layer = "".join(
            f"BT 3 Tr /F 12 Tf 60 {800 - 14 * n} Td ({line}) Tj ET "
            for n, line in enumerate(text.splitlines())
        )
        page.obj.Contents = pikepdf.Stream(
            document, f"q 595 0 0 842 0 0 cm /I Do Q {layer}".encode()
        )
        return saved(document)


def locked(pdf: bytes, password: str) -> bytes:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        out = io.BytesIO()
        document.save(out, encryption=pikepdf.Encryption(owner=password, user=password))
        return out.getvalue()


def saved(document: pikepdf.Pdf) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()
