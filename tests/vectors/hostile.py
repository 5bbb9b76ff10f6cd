"""Hostile variants: the known attacks on signed PDFs, over every shape of document that we meet.

1. A family is an attack of the literature (CCS '19, NDSS '21, S&P '21) or of ours. Its variants are
   a name and a PDF; none of them may come out INTACT, for each changes what a reader sees or what
   the signature protects. Families in `UNTRUSTED` leave every byte whole and lie about who signed,
   or how: those may be INTACT, and never TOTAL-PASSED.
2. All evidence is at hand and the root is trusted: an accepted variant would be TOTAL-PASSED.
3. `shapes()` untouched are the control: each of them is INTACT and TOTAL-PASSED.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache

from asn1crypto import algos, cms, core
from cryptography.hazmat.primitives import hashes

from certs.model import RevocationMaterial
from vectors.craft import (
    Parts,
    attribute,
    bound_to,
    contents_of,
    gap_of,
    plus,
    resigned,
    tlv,
    value_over,
    with_cms,
    without,
)
from vectors.make import base, sign, stream, text_field, update
from vectors.make import body as body_as_written
from vectors.pki import DAY, NOW, crl, issue, pki
from vectors.registry import Case
from vectors.trust import HOUR

Variants = Iterator[tuple[str, bytes]]
FAMILIES: dict[str, Callable[[], Variants]] = {}
UNTRUSTED: set[str] = set()


def family(name: str, *, untrusted: bool = False):
    def register(make: Callable[[], Variants]):
        FAMILIES[name] = make
        if untrusted:
            UNTRUSTED.add(name)
        return make

    return register


@cache
def at_hand() -> RevocationMaterial:
    p = pki()
    return RevocationMaterial(crls=(crl(p.ca, at=NOW - HOUR), crl(p.root, at=NOW - HOUR)))


def case(pdf: bytes) -> Case:
    return Case(pdf, material=at_hand())


# -- the documents ---------------------------------------------------------------------------------

PAGE, TEXT, FONT, TO, NUMBER, BOX, LINK = 3, 5, 6, 10, 11, 12, 13
IMAGE, DRAWING, LAYER, ENCODING, UNICODE, LOOK = 20, 21, 22, 23, 24, 25
PLANTED = {"text": 30, "image": 31, "drawing": 32, "font": 33, "page": 34, "pages": 35, "root": 36}
MISSING = 90
"""Named by the page, never defined."""


def text(words: str) -> bytes:
    return stream(b"BT /Helv 18 Tf 72 700 Td (%s) Tj ET" % words.encode())


def drawing(words: str) -> bytes:
    shape = b"/Type/XObject/Subtype/Form/BBox[0 0 200 20]/Resources<</Font<</Helv 6 0 R>>>>"
    return stream(b"BT /Helv 12 Tf 0 4 Td (%s) Tj ET" % words.encode(), shape)


def image(grey: int) -> bytes:
    shape = b"/Type/XObject/Subtype/Image/Width 1/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray"
    return stream(bytes([grey]), shape)


def page(content: int = TEXT, more: bytes = b"", annots: bytes = b"10 0 R 11 0 R 12 0 R 13 0 R"):
    return (
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R/Annots[%s]"
        b"/Resources<</Font<</Helv 6 0 R>>/XObject<</Im0 20 0 R/Fm0 21 0 R/Fm1 90 0 R>>"
        b"/Properties<</MC0 22 0 R>>>>%s>>" % (content, annots, more)
    )


@cache
def paper() -> bytes:
    """A page with text, image, drawing, layer, filled and empty field, check box and link."""
    fields_ = [
        text_field("To", "Red Cross").replace(b"/F 4", b"/F 4/AP<</N 25 0 R>>"),
        text_field("Number", rect="72 560 200 580"),
        b"<</Type/Annot/Subtype/Widget/FT/Btn/T(Agree)/V/Off/AS/Off/Rect[72 520 90 538]/P 3 0 R/F 4/AP<</N<</Yes 21 0 R/Off 25 0 R>>>>>>",
    ]
    drawn = (
        b"BT /Helv 18 Tf 72 700 Td (Pay 1,000) Tj ET q 40 0 0 40 300 700 cm /Im0 Do Q "
        b"q 1 0 0 1 72 640 cm /Fm0 Do Q /OC /MC0 BDC BT /Helv 9 Tf 72 400 Td (Only once) Tj ET EMC"
    )
    more = {
        PAGE: page(),
        TEXT: stream(drawn),
        FONT: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding 23 0 R/ToUnicode 24 0 R>>",
        LINK: b"<</Type/Annot/Subtype/Link/Rect[300 600 400 620]/P 3 0 R/A<</S/URI/URI(http://a.vn)>>>>",
        IMAGE: image(0),
        DRAWING: drawing("to the Red Cross"),
        LAYER: b"<</Type/OCG/Name(Note)>>",
        ENCODING: b"<</Type/Encoding/BaseEncoding/WinAnsiEncoding>>",
        UNICODE: stream(b"/CIDInit /ProcSet findresource begin end"),
        LOOK: drawing("Red Cross"),
        PLANTED["text"]: text("Pay 9,000"),
        PLANTED["image"]: image(255),
        PLANTED["drawing"]: drawing("to the attacker"),
        PLANTED["font"]: b"<</Type/Font/Subtype/Type1/BaseFont/Courier>>",
        PLANTED["page"]: page(PLANTED["text"], annots=b""),
        PLANTED["pages"]: b"<</Type/Pages/Kids[34 0 R]/Count 1>>",
        PLANTED["root"]: b"<</Type/Catalog/Pages 35 0 R>>",
    }
    layers = b"/OCProperties<</OCGs[22 0 R]/D<</ON[22 0 R]/Order[22 0 R]>>>>"
    return base(fields_=fields_, more=more, catalog=layers)


@cache
def shapes() -> dict[str, bytes]:
    """Approved, certified with each permission, with evidence inside, sealed after the leader."""
    p = pki()
    box = (400, 100, 500, 150)
    out = {"approved": sign(paper(), p.leader, box=box)}
    for permission in (1, 2, 3):
        out[f"certified {permission}"] = sign(paper(), p.leader, box=box, certify=permission)
    out["long-term"] = sign(
        paper(), p.leader, stamp=(p.tsa, NOW - HOUR / 2),
        store=[e.der for e in p.leader.chain + p.tsa.chain], crls=at_hand().crls,
    )  # fmt: skip
    out["sealed"] = sign(out["certified 2"], p.seal, name="Seal", box=(420, 60, 480, 110))
    return out


def over_all(changes: Mapping[str, Callable[[bytes], bytes]], *, but: str = "") -> Variants:
    for shape, pdf in shapes().items():
        for name, change in changes.items():
            if shape != but:
                yield f"{name}, {shape}", change(pdf)


def body(pdf: bytes, i: int) -> bytes:
    """Return the newest body of a dictionary without the blanks that pyHanko puts in."""
    return re.sub(rb"\s*([\[\]<>/])\s*", rb"\1", body_as_written(pdf, i))


def swapped(i: int, old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(pdf: bytes) -> bytes:
        before = body(pdf, i)
        assert old in before, (i, old, before)
        return update(pdf, {i: before.replace(old, new)})

    return change


def put(i: int, value: bytes) -> Callable[[bytes], bytes]:
    return lambda pdf: update(pdf, {i: value})


# -- universal signature forgery, signature wrapping -----------------------------------------------


def _with_range(new: bytes) -> bytes:
    pdf = shapes()["approved"]
    return re.sub(
        rb"/ByteRange ?\[[^\]]*\]( *)",
        lambda m: (b"/ByteRange " + new).ljust(len(m[0])),
        pdf,
        count=1,
    )


@family("universal signature forgery")
def usf() -> Variants:
    pdf = shapes()["approved"]
    _, a, b, c = gap_of(pdf)
    n = len(pdf)
    ranges = [
        "null", "[]", "[0]", "[0 0]", f"[0 {a}]", f"[0 {a} {b}]", f"[0 {a} {b} {c} 0]",
        "[0 0 0 0]", "[0 1 2 3]", "[0 -1 5 9]", f"[0 {a} {b} -1]", f"[-1 {a} {b} {c}]",
        f"[1 {a} {b} {c}]", f"[0 {a} {a} {n - a}]", f"[0 {a} {b} {c - 1}]",
        f"[0 {a} {b} 0]", f"[0 {n} {n} 0]", f"[0 {a} {b} 99999999999]", "[0 4294967296 1 1]",
        f"[0 {a - 1} {b} {c}]", f"[0 {a + 1} {b} {c}]", f"[0 {a} {b - 1} {c}]",
        f"[{b} {c} 0 {a}]", "[/A /B /C /D]", "(0 1 2 3)", "7", "true",
        f"[[0 {a}] [{b} {c}]]", "99 0 R",
    ]  # fmt: skip
    for one in ranges:
        yield f"/ByteRange {one}", _with_range(one.encode())
    hexed = pdf[a:b]
    for name, new in {
        "empty": b"<>", "zeros": b"<" + b"0" * 64 + b">", "one zero octet": b"<00>",
        "null": b"null", "a text": b"(signed)", "a name": b"/Signed", "a reference": b"99 0 R",
        "odd digits": b"<" + hexed[1:400] + b">", "half of it": hexed[:2000] + b">",
        "no digits": b"<xyz>", "an array": b"[<30>]",
    }.items():  # fmt: skip
        yield f"/Contents {name}", pdf[:a] + new.ljust(b - a) + pdf[b:]
    yield "no /Contents", pdf.replace(b"/Contents <", b"/Xontents <", 1)
    yield "no /ByteRange", pdf.replace(b"/ByteRange", b"/XyteRange", 1)


@family("signature wrapping")
def swa() -> Variants:
    pdf = shapes()["approved"]
    _, a, b, c = gap_of(pdf)
    evil = b"\n5 0 obj\n" + text("Pay 9,000") + b"\nendobj\n"
    for name, inserted in {
        "an object": evil, "a comment": b"\n%" + b"x" * 100 + b"\n", "blanks": b" " * 64,
        "an end": b"\n%%EOF\n", "a table": b"\nxref\n0 0\ntrailer\n<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n",
    }.items():  # fmt: skip
        moved = pdf[:b] + inserted + pdf[b:]
        there = b"[0 %d %d %d]" % (a, b + len(inserted), c)
        yield (
            f"{name} in the gap, range moved",
            re.sub(
                rb"\[0 %d %d %d\]( *)" % (a, b, c),
                lambda m, t=there: t.ljust(len(m[0])),
                moved,
                count=1,
            ),
        )
        yield f"{name} in the gap, range kept", moved
        before = pdf[:a] + inserted + pdf[a:]
        yield f"{name} before the gap", before
    second = pdf[b : b + c]
    yield "second range copied to the end", pdf + evil + second
    yield "first range repeated", pdf + pdf[:a]
    yield "whole file twice", pdf + pdf


# -- incremental saving ----------------------------------------------------------------------------

PADS = (0, 8, 64, 512, 963, 964, 1024, 5000)


@family("incremental saving")
def isa() -> Variants:
    pdf = shapes()["approved"]
    evil = b"5 0 obj\n" + text("Pay 9,000") + b"\nendobj\n"
    at = len(pdf)
    for n in PADS:
        pad = (b"%" + b"x" * (n - 2) + b"\n") if n > 1 else b""
        yield f"raw object, pad {n}", pdf + pad + evil
        yield f"raw object and an end, pad {n}", pdf + pad + evil + b"%%EOF\n"
        yield f"empty table, pad {n}", update(pdf, {5: text("Pay 9,000")}, listed=[], unlisted=pad)
        yield f"listed, pad {n}", update(pdf, {5: text("Pay 9,000")}, unlisted=pad)
        yield f"object after the end, pad {n}", update(pdf, {}) + pad + evil
        yield f"comment alone, pad {n + 8}", pdf + b"%" + b"x" * (n + 6) + b"\n"
        broken = pdf + pad + evil + b"trailer\n<</Size 99/Root 1 0 R/Prev %d>>\n" % at
        yield f"trailer without a table, pad {n}", broken + b"startxref\n%d\n%%%%EOF\n" % at


# -- shadow attacks and their kin ------------------------------------------------------------------

REPLACED = {
    "page content": put(TEXT, text("Pay 9,000")),
    "image": put(IMAGE, image(255)),
    "drawing": put(DRAWING, drawing("to the attacker")),
    "appearance of a filled field": put(LOOK, drawing("Attacker!")),
    "missing drawing appears": put(MISSING, drawing("and 9,000 more")),
    "page's resources": swapped(PAGE, b"/Fm0 21 0 R", b"/Fm0 32 0 R"),
    "names of resources exchanged": swapped(PAGE, b"/Im0 20 0 R", b"/Im0 32 0 R"),
}


@family("shadow: replace")
def shadow_replace() -> Variants:
    yield from over_all(REPLACED)


@family("shadow: hide")
def shadow_hide() -> Variants:
    yield from over_all(
        {
            "content emptied": put(TEXT, stream(b"")),
            "drawing emptied": put(DRAWING, drawing("")),
            "page cropped": swapped(PAGE, b"/MediaBox", b"/CropBox[0 0 595 300]/MediaBox"),
            "page turned": swapped(PAGE, b"/MediaBox", b"/Rotate 180/MediaBox"),
            "page enlarged": swapped(PAGE, b"[0 0 595 842]", b"[0 0 595 9999]"),
            "units changed": swapped(PAGE, b"/MediaBox", b"/UserUnit 9/MediaBox"),
            "object freed": lambda pdf: update(pdf, {}, freed=[DRAWING]),
        }
    )


@family("shadow: hide and replace")
def shadow_both() -> Variants:
    yield from over_all(
        {
            "content to the planted one": swapped(PAGE, b"/Contents 5 0 R", b"/Contents 30 0 R"),
            "content of two": swapped(PAGE, b"/Contents 5 0 R", b"/Contents[5 0 R 30 0 R]"),
            "catalog to the planted one": lambda pdf: update(pdf, {}, root=PLANTED["root"]),
            "pages to the planted ones": lambda pdf: update(
                pdf, {1: body(pdf, 1).replace(b"/Pages 2 0 R", b"/Pages 35 0 R")}
            ),
        }
    )


@family("page-tree swap")
def pages_swapped() -> Variants:
    kids = b"<</Type/Pages/Kids[%s]/Count %d>>"
    yield from over_all(
        {
            "another page": put(2, kids % (b"34 0 R", 1)),
            "a page more": put(2, kids % (b"3 0 R 34 0 R", 2)),
            "a page before": put(2, kids % (b"34 0 R 3 0 R", 2)),
            "the page twice": put(2, kids % (b"3 0 R 3 0 R", 2)),
            "no page": put(2, kids % (b"", 0)),
        }
    )


@family("font swap")
def fonts_swapped() -> Variants:
    other = b"<</Type/Encoding/Differences[49/nine 57/one]>>"
    yield from over_all(
        {
            "font": put(FONT, b"<</Type/Font/Subtype/Type1/BaseFont/Courier>>"),
            "encoding": put(ENCODING, other),
            "planted font": swapped(PAGE, b"/Helv 6 0 R", b"/Helv 33 0 R"),
            "meaning of glyphs": put(UNICODE, stream(b"1 beginbfchar <31> <0039> endbfchar")),
        }
    )


@family("optional content")
def layers() -> Variants:
    def off(pdf: bytes) -> bytes:
        root = body(pdf, 1)
        new = re.sub(rb"/ON ?\[ ?22 0 R ?\]", b"/OFF[22 0 R]", root)
        assert new != root
        return update(pdf, {1: new})

    def gone(pdf: bytes) -> bytes:
        return update(pdf, {1: body(pdf, 1).replace(b"/OCProperties", b"/XCProperties")})

    yield from over_all(
        {
            "layer off": off,
            "layer by use": put(
                LAYER, b"<</Type/OCG/Name(Note)/Usage<</View<</ViewState/OFF>>>>>>"
            ),
            "layers dropped": gone,
            "membership": put(LAYER, b"<</Type/OCMD/OCGs[]/P/AllOff>>"),
        }
    )


@family("catalog")
def catalogs() -> Variants:
    added = {
        "script on opening": b"/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>",
        "jump on opening": b"/OpenAction<</S/GoToR/F(x.pdf)>>",
        "triggers": b"/AA<</WP<</S/JavaScript/JS(1)>>>>",
        "named scripts": b"/Names<</JavaScript<</Names[(a)<</S/JavaScript/JS(1)>>]>>>>",
        "attachment": b"/Names<</EmbeddedFiles<</Names[(a)<</Type/Filespec/F(a)>>]>>>>",
        "page labels": b"/PageLabels<</Nums[0<</P(x)>>]>>",
        "outlines": b"/Outlines<</Type/Outlines/First 30 0 R>>",
        "base address": b"/URI<</Base(http://evil.test/)>>",
    }

    def grown(new: bytes) -> Callable[[bytes], bytes]:
        return lambda pdf: update(pdf, {1: body(pdf, 1).replace(b"<<", b"<<" + new, 1)})

    def without_permissions(pdf: bytes) -> bytes:
        return update(pdf, {1: body(pdf, 1).replace(b"/Perms", b"/Xerms")})

    yield from over_all({name: grown(new) for name, new in added.items()})
    for permission in (1, 2, 3):
        shape = f"certified {permission}"
        yield f"permissions dropped, {shape}", without_permissions(shapes()[shape])


# -- fields and annotations ------------------------------------------------------------------------


@family("form overlay")
def overlays() -> Variants:
    look = drawing("Attacker!")

    def looked(pdf: bytes) -> bytes:
        new = body(pdf, TO).replace(b"/N 25 0 R", b"/N 60 0 R")
        return update(pdf, {TO: new, 60: look})

    def moved(i: int, old: bytes, new: bytes) -> Callable[[bytes], bytes]:
        return swapped(i, old, new)

    yield from over_all(
        {
            "value": swapped(TO, b"Red Cross", b"Attacker!"),
            "appearance of its own": looked,
            "planted appearance": swapped(TO, b"/N 25 0 R", b"/N 32 0 R"),
            "moved over the text": moved(TO, b"[72 600 200 620]", b"[72 690 200 720]"),
            "hidden": swapped(TO, b"/F 4", b"/F 2"),
            "renamed": swapped(TO, b"/T(To)", b"/T(By)"),
            "colours": swapped(TO, b"/F 4", b"/F 4/MK<</BG[1]>>"),
            "script": swapped(TO, b"/F 4", b"/F 4/AA<</F<</S/JavaScript/JS(1)>>>>"),
            "check box ticked and its look": lambda pdf: update(
                pdf, {BOX: body(pdf, BOX).replace(b"/Yes 21 0 R", b"/Yes 32 0 R")}
            ),
        }
    )


@family("widget swap")
def widgets() -> Variants:
    def signature_widget(pdf: bytes) -> int:
        field = re.findall(rb"\d+ 0 R", body(pdf, PAGE).split(b"13 0 R ")[1])[0]
        return int(field.split()[0])

    def shown_elsewhere(pdf: bytes) -> bytes:
        i = signature_widget(pdf)
        return update(
            pdf, {i: re.sub(rb"/Rect ?\[[^\]]*\]", b"/Rect[72 690 300 720]", body(pdf, i))}
        )

    def of_another_kind(pdf: bytes) -> bytes:
        return update(pdf, {TO: body(pdf, TO).replace(b"/FT/Tx", b"/FT/Btn")})

    def dropped(pdf: bytes) -> bytes:
        return update(pdf, {PAGE: body(pdf, PAGE).replace(b"10 0 R ", b"", 1)})

    def doubled(pdf: bytes) -> bytes:
        copy = body(pdf, TO).replace(b"Red Cross", b"Attacker!")
        return update(pdf, {PAGE: body(pdf, PAGE).replace(b"10 0 R ", b"60 0 R ", 1), 60: copy})

    yield from over_all(
        {"of another kind": of_another_kind, "dropped": dropped, "doubled": doubled}
    )
    for shape, pdf in shapes().items():
        if shape != "long-term":  # that one has no box to move
            yield f"signature's box moved, {shape}", shown_elsewhere(pdf)


ANNOTATIONS = {
    kind: b"<</Type/Annot/Subtype/%s/Rect[60 690 400 730]/P 3 0 R/F 4%s>>" % (kind.encode(), more)
    for kind, more in {
        "FreeText": b"/Contents(Pay 9,000)/DA(/Helv 18 Tf 0 g)",
        "Stamp": b"/Name/Approved/AP<</N 32 0 R>>",
        "Square": b"/IC[1 1 1]/C[1 1 1]",
        "Highlight": b"/QuadPoints[60 730 400 730 60 690 400 690]/C[1 1 1]",
        "Redact": b"/QuadPoints[60 730 400 730 60 690 400 690]/IC[0 0 0]",
        "Ink": b"/InkList[[60 700 400 700]]/BS<</W 30>>",
        "Line": b"/L[60 710 400 710]/BS<</W 30>>",
        "Link": b"/A<</S/URI/URI(http://evil.test)>>",
        "FileAttachment": b"/FS<</Type/Filespec/F(a.exe)>>",
        "Text": b"/Contents(ok)",
        "Screen": b"/A<</S/Rendition/OP 0>>",
        "Widget": b"/FT/Tx/T(More)/V(Pay 9,000)/DA(/Helv 18 Tf 0 g)",
    }.items()
}


@family("evil annotation")
def eaa() -> Variants:
    for shape, pdf in shapes().items():
        if shape == "certified 3":
            continue  # permits annotations; what they cover is the picture's to see
        for kind, note in ANNOTATIONS.items():
            new = body(pdf, PAGE)
            grown = re.sub(rb"/Annots ?\[", b"/Annots[60 0 R ", new)
            assert grown != new, new
            yield f"{kind}, {shape}", update(pdf, {PAGE: grown, 60: note})


@family("evil annotation: those that stand there")
def eaa_changed() -> Variants:
    def to(name: str, old: bytes, new: bytes):
        return {name: swapped(LINK, old, new)}

    changes = (
        to("link leads elsewhere", b"http://a.vn", b"http://evil.test")
        | to("link covers the text", b"[300 600 400 620]", b"[60 690 400 730]")
        | to("link becomes a note", b"/Link", b"/FreeText/Contents(Pay 9,000)")
        | {"link dropped": swapped(PAGE, b" 13 0 R", b"")}
    )
    yield from (v for v in over_all(changes) if "certified 3" not in v[0])


@family("sneaky signature")
def ssa() -> Variants:
    p = pki()
    boxes = {
        "over the page": (0, 0, 595, 842), "over the upper half": (0, 421, 595, 842),
        "over the text": (0, 400, 595, 740),
    }  # fmt: skip
    for shape in ("approved", "certified 2", "certified 3", "long-term", "sealed"):
        for name, box in boxes.items():
            yield (
                f"{name}, {shape}",
                sign(shapes()[shape], p.stranger, name="Evil", box=box),
            )


@family("broken signature added")
def broken_added() -> Variants:
    p = pki()

    def spoil(parts: Parts) -> None:
        parts.signer.value = parts.signer.value[:-1] + bytes([parts.signer.value[-1] ^ 1])

    for shape in ("approved", "certified 2", "certified 3", "long-term", "sealed"):
        yield shape, with_cms(sign(shapes()[shape], p.seal, name="Evil"), spoil)
    first = shapes()["sealed"]
    yield "the first of two", with_cms(first, spoil, n=0)
    yield "the second of two", with_cms(first, spoil)


# -- bytes -----------------------------------------------------------------------------------------


@family("one bit")
def bits() -> Variants:
    pdf = shapes()["approved"]
    _, a, b, c = gap_of(pdf)
    places = [round(a * k / 24) for k in range(24)] + [
        b + round((c - 1) * k / 16) for k in range(17)
    ]
    for at in places:
        flipped = bytearray(pdf)
        flipped[at] ^= 1
        yield f"byte {at}", bytes(flipped)


@family("one bit of the container")
def container_bits() -> Variants:
    pdf = shapes()["approved"]
    parts = Parts.of(contents_of(pdf))
    size = len(parts.dump())
    _, a, _, _ = gap_of(pdf)
    signer = parts.dump().index(parts.signer.dump())
    # Within the SignerInfo: the certificates that nobody needs may differ without harm.
    for at in (signer + (size - signer) * k // 40 for k in range(40)):
        octets = bytearray(parts.dump())
        octets[at] ^= 4
        yield (
            f"octet {at - signer} of the signer",
            pdf[: a + 1] + octets.hex().encode() + pdf[a + 1 + 2 * size :],
        )


# -- CMS: what the container says ------------------------------------------------------------------


@family("container")
def containers() -> Variants:  # noqa: C901 - one small lie per function
    """C3 to C6: what binds the signature to the bytes is missing, doubled or out of order."""
    p = pki()
    pdf = shapes()["approved"]

    def remade(change, **how) -> bytes:
        return resigned(pdf, p.leader, change, **how)

    digest = attribute("message_digest", bytes(32))
    yield (
        "message digest of nothing",
        remade(lambda a: [*without("message_digest")(a), attribute("message_digest", bytes(32))]),
    )
    yield "message digest missing", remade(without("message_digest"))
    yield "message digest twice", remade(plus(digest))
    yield (
        "content type missing and digest wrong",
        remade(lambda a: [*without("content_type", "message_digest")(a), digest]),
    )
    yield (
        "content type of another",
        remade(lambda a: [*without("content_type")(a), attribute("content_type", "signed_data")]),
    )
    yield "attributes in reverse", remade(lambda a: a, order=lambda e: sorted(e, reverse=True))
    yield "attributes by length", remade(lambda a: a, order=lambda e: sorted(e, key=len)[::-1])

    def two(parts: Parts) -> None:
        parts.signers *= 2

    def none(parts: Parts) -> None:
        parts.signers.clear()

    def another_first(parts: Parts) -> None:
        other = replace(parts.signer)
        other.value = bytes(len(other.value))
        parts.signers.insert(0, other)

    def bare(parts: Parts) -> None:
        parts.signer.attributes = None

    def empty_set(parts: Parts) -> None:
        parts.signer.attributes = []

    def empty_value(parts: Parts) -> None:
        parts.signer.value = b""

    def content_inside(parts: Parts) -> None:
        parts.content = cms.EncapsulatedContentInfo(
            {"content_type": "data", "content": core.ParsableOctetString(b"other")}
        ).dump()

    def other_digest(parts: Parts) -> None:
        parts.signer.digest_algorithm = algos.DigestAlgorithm({"algorithm": "sha512"}).dump()

    def other_algorithm(parts: Parts) -> None:
        parts.signer.algorithm = algos.SignedDigestAlgorithm({"algorithm": "sha512_ecdsa"}).dump()

    def other_family(parts: Parts) -> None:
        parts.signer.algorithm = algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"}).dump()

    def not_signed_data(parts: Parts) -> None:
        parts.kind = core.ObjectIdentifier("1.2.840.113549.1.7.3").dump()

    def of_zeros(parts: Parts) -> None:
        parts.signer.value = tlv(0x30, b"\x02\x01\x00", b"\x02\x01\x00")

    def of_order(parts: Parts) -> None:
        n = bytes.fromhex("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551")
        parts.signer.value = tlv(0x30, tlv(0x02, b"\0" + n), tlv(0x02, b"\0" + n))

    def nested(parts: Parts) -> bytes:
        return tlv(0x30, *([parts.kind, tlv(0xA0, parts.dump())]))

    def deep(parts: Parts) -> bytes:
        out = b"\x05\x00"
        for _ in range(1500):
            out = tlv(0x30, out)
        return out

    def huge(parts: Parts) -> bytes:
        return b"\x30\x84\xff\xff\xff\xff" + parts.dump()[4:]

    def endless(parts: Parts) -> bytes:
        return b"\x30\x80" * 1000

    for change in (
        two, none, another_first, bare, empty_set, empty_value, content_inside, other_digest,
        other_algorithm, other_family, not_signed_data, of_zeros, of_order, nested, deep, huge,
        endless,
    ):  # fmt: skip
        yield change.__name__.replace("_", " "), with_cms(pdf, change)

    def cut(parts: Parts) -> bytes:
        return parts.dump()[:-40]

    yield "cut short", with_cms(pdf, cut)


@family("container: whose, and how", untrusted=True)
def identities() -> Variants:
    """C1, C2, C3, C8: whole bytes, and a signature that proves nothing."""
    p = pki()

    def by(entity, **how) -> bytes:
        return sign(paper(), entity, **how)

    yield "a stranger", by(p.stranger)
    yield "a stranger of the leader's name", by(issue("Leader", None))
    yield "a stranger's authority", by(issue("Leader", issue("Issuing CA", None, ca=True)))
    yield "the root itself", by(p.root)
    yield "the authority itself", by(p.ca)
    yield "the time-stamping authority", by(p.tsa)
    yield "for web servers alone", by(_for("1.3.6.1.5.5.7.3.1"))
    yield "for code alone", by(_for("1.3.6.1.5.5.7.3.3"))
    yield "for OCSP alone", by(_for("1.3.6.1.5.5.7.3.9"))
    yield "for encryption", by(issue("Boxed", p.ca, usage=["key_encipherment"]))
    yield "for agreeing on keys", by(issue("Agreed", p.ca, usage=["key_agreement"]))
    yield "for certificates", by(issue("Certifier", p.ca, usage=["key_cert_sign"]))
    yield "expired", by(issue("Gone", p.ca, valid=(NOW - 90 * DAY, NOW - DAY)))
    yield "of tomorrow", by(issue("Soon", p.ca, valid=(NOW + DAY, NOW + 90 * DAY)))
    yield "RSA of 1024 bits", by(issue("Short", p.ca, kind="rsa1024"))
    yield "P-192", by(issue("Small", p.ca, kind="p192"))
    rsa = issue("Long enough", p.ca, kind="rsa2048")
    for digest in ("md5", "sha1"):
        yield f"digest {digest}", by(rsa, digest=digest)
    ours = shapes()["approved"]

    def swap(parts: Parts) -> None:
        parts.certificates = [p.seal.der, p.ca.der]

    def bind(other):
        return lambda a: [*without("signing_certificate_v2")(a), bound_to(other)]

    yield "bound to a colleague", resigned(ours, p.leader, bind(p.seal))
    yield "bound to the authority", resigned(ours, p.leader, bind(p.ca))
    yield "bound to nobody", resigned(ours, p.leader, without("signing_certificate_v2"))
    yield "certificate exchanged", with_cms(ours, swap)
    twin = issue("Leader", p.ca)
    yield "bound to a namesake", resigned(ours, p.leader, bind(twin))

    def sha1(parts: Parts) -> None:
        signer = parts.signer
        signer.algorithm = algos.SignedDigestAlgorithm({"algorithm": "sha1_ecdsa"}).dump()
        signer.value = value_over(tlv(0x31, *(signer.attributes or ())), p.leader, hashes.SHA1())  # noqa: S303

    yield "value by SHA-1, digest by SHA-256", with_cms(ours, sha1)


def _for(usage: str):
    from cryptography.x509 import ObjectIdentifier

    return issue(f"For {usage}", pki().ca, extended=[ObjectIdentifier(usage)])


@cache
def variants(name: str) -> tuple[tuple[str, bytes], ...]:
    return tuple(FAMILIES[name]())
