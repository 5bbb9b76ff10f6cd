"""A promissory page, and updates to it: honest ones and shadow attacks. No signature is needed to
look at a picture: what was signed is simply the bytes before the update."""

import io
import re

from vectors.make import body, stream, update, whole

from signer.jobs import JobFiles
from signer.picture import ComparedSignature, PictureRequest
from signer.picturing import picture_job
from signer.validation.report import Box

TEXT = Box(page=1, x1=72, y1=695, x2=175, y2=720)
"""Where the page says "Pay 1,000"."""
PAPER = b"1 1 1 rg "


def compare(now, signed, **may):
    asked = ComparedSignature(field_name="Sig1", reach=len(signed), **may)
    return look(now, asked)[0]


def look(now, *asked):
    files = JobFiles(input=io.BytesIO(now), output=None)
    return picture_job(PictureRequest(signatures=asked), files).comparisons


def form(content, *, box="0 0 200 40", more=b""):
    head = b"/Type/XObject/Subtype/Form/BBox[%s]%s" % (box.encode(), more)
    return stream(content, head)


def annotated(pdf, *, rect, look, kind="FreeText"):
    """Put an annotation with an appearance of its own on the page."""
    a, b, c, d = rect
    note = (
        b"<</Type/Annot/Subtype/%s/Rect[%d %d %d %d]/F 4/P 3 0 R/Contents(x)/AP<</N 61 0 R>>>>"
        % (kind.encode(), a, b, c, d)
    )
    page = re.sub(rb"(/Annots ?\[[^]]*)", rb"\1 60 0 R", body(pdf, 3))
    if b"/Annots" not in page:
        page = page.removesuffix(b">>") + b"/Annots[60 0 R]>>"
    return update(pdf, {3: page, 60: note, 61: form(look, box=f"0 0 {c - a} {d - b}")})


def said(text):
    return b"BT /Helv 18 Tf 72 700 Td (%s) Tj ET" % text.encode()


def field(value=None, *, look=None, rect="72 600 272 640"):
    """Return a text field as object text; its appearance, if any, is object 30."""
    v = b"/V(%s)" % value.encode() if value is not None else b""
    ap = b"/AP<</N 30 0 R>>" if look else b""
    return (
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(Amount)%s%s/Rect[%s]/P 3 0 R"
        b"/DA(/Helv 12 Tf 0 g)/F 4>>" % (v, ap, rect.encode())
    )


def written(text):
    """Return an appearance that says `text`."""
    res = b"/Resources<</Font<</Helv 6 0 R>>>>"
    return form(b"/Tx BMC BT /Helv 18 Tf 4 10 Td (%s) Tj ET EMC" % text.encode(), more=res)


def booklet(pages, *, changed=()):
    """Return a document of many pages, numbered; those in `changed` say something else."""
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Count %d/Kids[%s]>>"
        % (pages, b" ".join(b"%d 0 R" % (100 + 2 * n) for n in range(pages))),
        6: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    }
    for n in range(pages):
        objects[100 + 2 * n] = (
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents %d 0 R"
            b"/Resources<</Font<</Helv 6 0 R>>>>>>" % (101 + 2 * n)
        )
        objects[101 + 2 * n] = stream(b"BT /Helv 18 Tf 20 100 Td (Page %d) Tj ET" % (n + 1))
    pdf = whole(objects)
    return pdf, update(
        pdf, {101 + 2 * (n - 1): stream(said("Other")) for n in changed} or {1: body(pdf, 1)}
    )
