"""PDFs with everything that a signature may run into."""

import io

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, String

RED_PAGE = b"1 0 0 rg 0 0 2000 2000 re f"


def saved(pdf, **options):
    out = io.BytesIO()
    pdf.save(out, **options)
    return out.getvalue()


def blank(*, pages=1, size=(595, 842), rotate=0, crop=None, unit=None, media=None, inherit=False):
    """A document of empty pages."""
    pdf = Pdf.new()
    for _ in range(pages):
        pdf.add_blank_page(page_size=size)
    for page in pdf.pages:
        if media:
            page.obj.MediaBox = Array(media)
        target = pdf.Root.Pages if inherit else page.obj
        if crop:
            target.CropBox = Array(crop)
        if rotate:
            target.Rotate = rotate
        if unit:
            page.obj.UserUnit = unit
    return saved(pdf)


def with_catalog(**entries):
    pdf = Pdf.open(io.BytesIO(blank()))
    for key, value in entries.items():
        pdf.Root[f"/{key}"] = value(pdf) if callable(value) else value
    return saved(pdf)


def with_field(base, name="LanhDao", *, rect=(100, 100, 260, 160), lock=None, kind="/Sig"):
    """`base` with an empty field, written as a new file (so only before the first signature)."""
    pdf = Pdf.open(io.BytesIO(base))
    page = pdf.pages[0].obj
    field = Dictionary(
        FT=Name(kind), T=String(name), Type=Name.Annot, Subtype=Name.Widget,
        Rect=Array(rect), P=page, F=4,
    )  # fmt: skip
    if lock is not None:
        field.Lock = pdf.make_indirect(Dictionary(Type=Name.SigFieldLock, **lock))
    ref = pdf.make_indirect(field)
    if "/AcroForm" not in pdf.Root:
        pdf.Root.AcroForm = Dictionary(Fields=Array([]))
    pdf.Root.AcroForm.Fields.append(ref)
    if "/Annots" not in page:
        page.Annots = Array([])
    page.Annots.append(ref)
    return saved(pdf)


def encrypted():
    pdf = Pdf.open(io.BytesIO(blank()))
    return saved(pdf, encryption=pikepdf.Encryption(owner="chu", user=""))


def javascript():
    return with_catalog(OpenAction=Dictionary(S=Name.JavaScript, JS=String("app.alert('chào')")))


def hidden_javascript():
    """In an object stream, with an escaped name, two levels down in an annotation."""
    pdf = Pdf.open(io.BytesIO(blank()))
    action = Dictionary(S=Name.URI, URI=String("https://vi.du"), Next=Array([
        Dictionary(S=Name.JavaScript, JS=String("x"))
    ]))  # fmt: skip
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=action)
    pdf.pages[0].obj.Annots = Array([pdf.make_indirect(link)])
    return saved(pdf, object_stream_mode=pikepdf.ObjectStreamMode.generate)


def launch():
    return with_catalog(OpenAction=Dictionary(S=Name.Launch, F=String("a.exe")))


def xfa():
    return with_catalog(AcroForm=Dictionary(Fields=Array([]), XFA=String("<xdp/>")))


def hidden_layer():
    def layers(pdf):
        group = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("Nháp")))
        return Dictionary(OCGs=Array([group]), D=Dictionary(OFF=Array([group])))

    return with_catalog(OCProperties=layers)


def visible_layer():
    def layers(pdf):
        group = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("Nền")))
        return Dictionary(OCGs=Array([group]), D=Dictionary(ON=Array([group])))

    return with_catalog(OCProperties=layers)


def broken_xref():
    good = blank()
    at = good.rindex(b"startxref")
    return good[:at] + b"startxref\n7\n%%EOF\n"
