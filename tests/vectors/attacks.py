"""Vectors about bytes and changes: what an attacker, a careless tool or an honest one does."""

import re

from asn1crypto import cms
from cryptography.hazmat.primitives import hashes
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec

from vectors.craft import resigned, tlv, value_over, with_cms, without
from vectors.make import base, body, document_stamp, sign, stream, text_field, update, whole
from vectors.pki import NOW, pki
from vectors.registry import Case, vector
from vectors.trust import HOUR, evidence

FAILED, UNSURE, PASSED = "TOTAL-FAILED", "INDETERMINATE", "TOTAL-PASSED"


def signed(**how) -> bytes:
    return sign(base(), pki().leader, **how)


def content_of(pdf: bytes) -> tuple[int, int]:
    """Return the gap of the only signature."""
    numbers = re.findall(rb"/ByteRange ?\[ ?(\d+) (\d+) (\d+) (\d+)", pdf)[-1]
    return int(numbers[1]), int(numbers[2])


def with_contents(pdf: bytes, change) -> bytes:
    """Rewrite the CMS in the gap without moving a byte outside it."""
    a, b = content_of(pdf)
    raw = bytes.fromhex(pdf[a + 1 : b - 1].decode())
    info = cms.ContentInfo.load(raw)
    new = change(info)
    assert len(new) * 2 <= b - a - 2
    return pdf[: a + 1] + new.hex().encode().ljust(b - a - 2, b"0") + pdf[b - 1 :]


# -- no signature ----------------------------------------------------------------------------------


@vector("UNSIGNED", None, code="signature.none")
def never_signed():
    """A PDF (and only that)."""
    return base()


@vector("UNSIGNED", None, code="signature.prepared")
def prepared_and_never_signed():
    """A signature dictionary waits with zeros (and only the signing is missing)."""
    value = b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/ByteRange[0 10 20 30]/Contents<0000000000>>>"
    field = b"<</Type/Annot/Subtype/Widget/FT/Sig/T(Wait)/V 20 0 R/Rect[0 0 0 0]/P 3 0 R/F 132>>"
    return base(fields_=[field], more={20: value})


@vector("UNSIGNED", None, code="signature.removed")
def stripped_by_a_tool():
    """The form is empty, its signature flags stayed (and only they tell)."""
    return base(catalog=b"/AcroForm<</Fields[]/SigFlags 3>>")


@vector("UNREADABLE", None, code="file.not_pdf")
def something_else():
    """A program (and only named .pdf)."""
    return b"MZ" + bytes(2000)


@vector("UNREADABLE", None, code="file.not_pdf")
def something_before_the_header():
    """A signed PDF behind a line of HTML (and only that line)."""
    return b"<html></html>\n" + signed()


@vector("UNREADABLE", None, code="file.damaged")
def cut_in_half():
    """Half a file (and only half)."""
    pdf = signed()
    return pdf[: len(pdf) // 2]


# -- one signature's own bytes ---------------------------------------------------------------------


@vector("ALTERED", FAILED, sub="HASH_FAILURE", code="digest.mismatch")
def one_digit_changed():
    """ "1,000" became "9,000" (and only that digit)."""
    return signed().replace(b"(Pay 1,000)", b"(Pay 9,000)")


@vector("ALTERED", FAILED, sub="SIG_CRYPTO_FAILURE", code="signature.invalid")
def signature_value_of_another_key():
    """The value in the container has one bit changed (and only that)."""

    def flip(info):
        si = info["content"]["signer_infos"][0]
        value = bytearray(si["signature"].native)
        value[-1] ^= 1
        si["signature"] = bytes(value)
        return info.dump()

    return with_contents(signed(), flip)


@vector("ALTERED", FAILED, sub="FORMAT_FAILURE", code="signature.malformed")
def two_signers_in_one_container():
    """There are two SignerInfos (and only the second is a copy)."""

    def double(info):
        infos = info["content"]["signer_infos"]
        infos.append(infos[0].copy())
        return info.dump()

    return with_contents(signed(), double)


@vector("ALTERED", FAILED, sub="FORMAT_FAILURE")
def garbage_for_a_container():
    """/Contents is no CMS (and only that)."""
    a, b = content_of(pdf := signed())
    return pdf[: a + 1] + b"41" * ((b - a - 2) // 2) + pdf[b - 1 :]


@vector("ALTERED", FAILED, sub="FORMAT_FAILURE", code="signature.malformed")
def usf_byte_range_is_null():
    """Universal forgery: /ByteRange is null (and only that)."""
    return re.sub(
        rb"/ByteRange ?\[[^\]]*\]", lambda m: b"/ByteRange null".ljust(len(m[0])), signed()
    )


@vector("ALTERED", FAILED, sub="FORMAT_FAILURE", code="signature.malformed")
def usf_byte_range_is_negative():
    """Universal forgery: a negative length (and only that)."""
    return re.sub(
        rb"/ByteRange ?\[[^\]]*\]", lambda m: b"/ByteRange [0 -1 5 9]".ljust(len(m[0])), signed()
    )


@vector("ALTERED", FAILED, sub="FORMAT_FAILURE", code="signature.malformed")
def usf_byte_range_covers_nothing():
    """Universal forgery: both ranges are empty (and only that)."""
    return re.sub(
        rb"/ByteRange ?\[[^\]]*\]", lambda m: b"/ByteRange [0 0 0 0]".ljust(len(m[0])), signed()
    )


@vector("ALTERED", FAILED, code="signature.orphan")
def usf_without_contents():
    """Universal forgery: /Contents is gone (and only that)."""
    return signed().replace(b"/Contents <", b"/Xontents <", 1)


@vector("ALTERED", FAILED, sub="FORMAT_FAILURE", code="signature.malformed")
def gap_wider_than_the_contents():
    """The gap hides bytes beside /Contents (and only one of them)."""
    pdf = signed()
    a, _ = content_of(pdf)
    return pdf.replace(b" %d " % a, b" %d " % (a - 1), 1)


@vector("UNDECIDED", UNSURE, sub="FORMAT_FAILURE", code="signature.unsupported")
def unknown_signature_algorithm():
    """The signature algorithm is nobody's, the value would hold (and only the name is wrong)."""

    def rename(parts):
        parts.signer.algorithm = tlv(0x30, b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x06")

    return Case(with_cms(signed(), rename), material=evidence())


@vector("UNDECIDED", UNSURE, sub="FORMAT_FAILURE", code="signature.encoding")
def serial_number_with_a_superfluous_octet():
    """The named serial number begins with a zero too many (and only that: most drop the whole)."""

    def widen(parts):
        sid = cms.SignerIdentifier.load(parts.signer.sid).chosen
        number = sid["serial_number"].contents
        pad = b"\0" if number[0] < 0x80 else b"\xff"
        parts.signer.sid = tlv(0x30, sid["issuer"].dump(), tlv(0x02, pad + number))

    return Case(with_cms(signed(), widen), material=evidence())


@vector("UNDECIDED", UNSURE, sub="FORMAT_FAILURE", code="signature.encoding")
def two_digests_in_one_container():
    """The attributes are signed with SHA-384, the digest is SHA-256 (and only that: OpenSSL says no)."""
    p = pki()

    def other(parts):
        signer = parts.signer
        signer.algorithm = cms.SignedDigestAlgorithm({"algorithm": "sha384_ecdsa"}).dump()
        signer.value = value_over(tlv(0x31, *signer.attributes), p.leader, hashes.SHA384())

    pdf = resigned(signed(), p.leader, without("cms_algorithm_protection"), more=other)
    return Case(pdf, material=evidence())


@vector("UNDECIDED", UNSURE, sub="FORMAT_FAILURE", code="signature.unsupported")
def unknown_kind_of_signature():
    """The /SubFilter is nobody's (and only that): unsupported, never forged."""
    return signed().replace(b"/ETSI.CAdES.detached", b"/ETSI.CAdES.unknown!"[:20])


# -- bytes that belong to nobody -------------------------------------------------------------------


@vector("ALTERED", FAILED, code="bytes.uncovered")
def trailing_bytes():
    """Something follows the end (and only a comment of four bytes)."""
    return signed() + b"%hi\n"


@vector("INTACT", UNSURE)
def one_more_end_of_line():
    """A mail gateway added a line end (and only that)."""
    return signed() + b"\r\n"


@vector("ALTERED", FAILED, code="bytes.uncovered")
def object_appended_without_a_table():
    """New page content is appended raw (and only reconstructing readers see it)."""
    return signed() + b"5 0 obj\n" + stream(b"BT (Pay 9,000) Tj ET") + b"\nendobj\n"


@vector("ALTERED", FAILED, code="bytes.uncovered")
def isa_with_an_empty_table():
    """Incremental saving: new content, and a table that lists nothing (and only that)."""
    return update(signed(), {5: stream(b"BT (Pay 9,000) Tj ET")}, listed=[])


@vector("ALTERED", FAILED, after="FORBIDDEN", code="change.forbidden")
def isa_with_new_page_content():
    """Incremental saving: the page's content is another (and only that)."""
    return update(signed(), {5: stream(b"BT /Helv 18 Tf 72 700 Td (Pay 9,000) Tj ET")})


@vector("ALTERED", FAILED, code="bytes.uncovered")
def isa_skipping_the_signed_revision():
    """The update's /Prev goes past the signed revision (and only that revision is left out)."""
    pdf = signed()
    first = int(re.findall(rb"startxref\s+(\d+)", pdf)[0])
    objects = {1: body(pdf, 1), 5: stream(b"BT (Pay 9,000) Tj ET")}
    form = re.search(rb"/AcroForm (\d+) 0 R", pdf)
    assert form
    for i in map(int, re.findall(rb"(?:^|\n)(\d+) 0 obj", pdf[pdf.index(b"%%EOF") :])):
        objects.setdefault(i, body(pdf, i))
    return update(pdf, objects, prev=first)


# -- changes ---------------------------------------------------------------------------------------


@vector("ALTERED", FAILED, after="FORBIDDEN")
def page_swapped():
    """The page tree points to another page (and only that)."""
    page = body(signed(), 3).replace(b"/Contents 5 0 R", b"/Contents 31 0 R")
    return update(
        signed(), {2: b"<</Type/Pages/Kids[30 0 R]/Count 1>>", 30: page, 31: stream(b"BT ET")}
    )


@vector("ALTERED", FAILED, after="FORBIDDEN")
def page_added():
    """A second page came (and only that)."""
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>"
    return update(signed(), {2: b"<</Type/Pages/Kids[3 0 R 30 0 R]/Count 2>>", 30: page})


@vector("ALTERED", FAILED, after="FORBIDDEN")
def font_swapped():
    """The font is another (and only that: other glyphs for the same text)."""
    return update(signed(), {6: b"<</Type/Font/Subtype/Type1/BaseFont/Courier>>"})


@vector("ALTERED", FAILED, after="FORBIDDEN")
def shadow_second_catalog_planted():
    """The trailer points to a catalog that was signed unseen (and only the pointer changed)."""
    pdf = base(more={
        21: b"<</Type/Catalog/Pages 22 0 R>>",
        22: b"<</Type/Pages/Kids[23 0 R]/Count 1>>",
        23: b"<</Type/Page/Parent 22 0 R/MediaBox[0 0 595 842]/Contents 24 0 R>>",
        24: stream(b"BT (Pay 9,000) Tj ET"),
    })  # fmt: skip
    return update(sign(pdf, pki().leader), {}, root=21)


@vector("ALTERED", FAILED, after="FORBIDDEN")
def shadow_dangling_reference_filled():
    """The page named an image that was not there; now it is (and only it is new)."""
    page = b"/Annots[]/PieceInfo 40 0 R"
    return update(sign(base(page=page), pki().leader), {40: b"<</X 1>>"})


@vector("ALTERED", FAILED, after="FORBIDDEN", code="change.forbidden")
def shadow_field_value_replaced():
    """A filled field says something else (and only its value)."""
    pdf = sign(base(fields_=[text_field("To", "Red Cross")]), pki().leader)
    return update(pdf, {10: body(pdf, 10).replace(b"Red Cross", b"Attacker!")})


@vector("ALTERED", FAILED, after="FORBIDDEN")
def overlay_appearance_without_a_value():
    """A field's appearance is another, its value is not (and only the picture lies)."""
    field = text_field("To", "Red Cross").replace(b"/F 4", b"/F 4/AP<</N 20 0 R>>")
    look = stream(b"BT (Red Cross) Tj ET", b"/Type/XObject/Subtype/Form/BBox[0 0 128 20]")
    pdf = sign(base(fields_=[field], more={20: look}), pki().leader)
    return update(pdf, {20: look.replace(b"Red Cross", b"Attacker!")})


@vector("INTACT", UNSURE, after="PERMITTED")
def empty_field_filled():
    """A field that was empty has its value and picture now (and only that)."""
    pdf = sign(base(fields_=[text_field("Number")]), pki().leader)
    filled = body(pdf, 10).replace(b"/F 4", b"/F 4/V(345/QD)/AP<</N 60 0 R>>")
    look = stream(b"BT (345/QD) Tj ET", b"/Type/XObject/Subtype/Form/BBox[0 0 128 20]")
    return update(pdf, {10: filled, 60: look})


@vector("ALTERED", FAILED, after="FORBIDDEN")
def empty_field_filled_under_p_1():
    """The certification permits no change, and a field is filled (and only that)."""
    pdf = sign(base(fields_=[text_field("Number")]), pki().leader, certify=1)
    return update(pdf, {10: body(pdf, 10).replace(b"/F 4", b"/F 4/V(345/QD)")})


@vector("ALTERED", FAILED, after="FORBIDDEN")
def locked_field_filled():
    """The signature locks the field by name, and it is filled (and only that)."""
    lock = FieldMDPSpec(FieldMDPAction.INCLUDE, fields=["Number"])
    pdf = sign(base(fields_=[text_field("Number")]), pki().leader, lock=lock)
    return update(pdf, {10: body(pdf, 10).replace(b"/F 4", b"/F 4/V(345/QD)")})


@vector("INTACT", UNSURE, after="PERMITTED")
def field_beside_the_lock_filled():
    """The lock names another field (and only the free one is filled)."""
    lock = FieldMDPSpec(FieldMDPAction.INCLUDE, fields=["Other"])
    fields_ = [text_field("Number"), text_field("Other", rect="72 550 200 570")]
    pdf = sign(base(fields_=fields_), pki().leader, lock=lock)
    return update(pdf, {10: body(pdf, 10).replace(b"/F 4", b"/F 4/V(345/QD)")})


@vector("INTACT", PASSED, after="PERMITTED")
def number_filled_with_the_seal():
    """Number and seal come in one update, as the clerk issues (and only they)."""
    p = pki()
    pdf = sign(base(fields_=[text_field("Number")]), p.leader, certify=2)
    number = body(pdf, 10).replace(b"/F 4", b"/F 4/V(345/QD)")
    return Case(sign(pdf, p.seal, name="Seal", fill={10: number}), material=evidence())


@vector("ALTERED", FAILED, after="FORBIDDEN")
def field_added():
    """A text field is added (and only that)."""
    pdf = sign(base(fields_=[text_field("Number")]), pki().leader)
    form = body(pdf, 1).replace(b"/Fields", b"/Fields")
    new = text_field("More", "9,000", rect="72 700 200 720")
    catalog = re.sub(rb"(/Fields ?\[[^\]]*)\]", rb"\1 60 0 R]", form)
    page = re.sub(rb"(/Annots ?\[[^\]]*)\]", rb"\1 60 0 R]", body(pdf, 3))
    return update(pdf, {1: catalog, 3: page, 60: new, **_form_update(pdf, b"60 0 R")})


def _form_update(pdf: bytes, entry: bytes) -> dict[int, bytes]:
    """Return the form's own object with one more field, where it is one."""
    m = re.findall(rb"/AcroForm (\d+) 0 R", pdf)
    if not m:
        return {}
    i = int(m[-1])
    return {i: re.sub(rb"(/Fields ?\[[^\]]*)\]", rb"\1 " + entry + b"]", body(pdf, i))}


@vector("ALTERED", FAILED, after="FORBIDDEN")
def annotation_under_p_2():
    """A comment is added to a document certified for forms (and only that)."""
    return _annotated(2)


@vector("INTACT", UNSURE, after="PERMITTED")
def annotation_under_p_3():
    """A comment is added to a document certified for comments (and only that)."""
    return _annotated(3)


@vector("ALTERED", FAILED, after="FORBIDDEN")
def annotation_after_an_approval():
    """A comment is added to a document that nobody certified (and only that)."""
    return _annotated(None)


def _annotated(certify: int | None) -> bytes:
    pdf = signed(certify=certify)
    note = b"<</Type/Annot/Subtype/Text/Rect[300 300 320 320]/Contents(hm)/P 3 0 R>>"
    page = re.sub(rb"(/Annots ?\[[^\]]*)\]", rb"\1 60 0 R]", body(pdf, 3))
    if b"/Annots" not in page:
        page = page.replace(b"/Type", b"/Annots[60 0 R]/Type", 1)
    elif b"60 0 R" not in page:
        i = int(re.findall(rb"/Annots (\d+) 0 R", page)[0])
        return update(pdf, {i: body(pdf, i).replace(b"]", b" 60 0 R]"), 60: note})
    return update(pdf, {3: page, 60: note})


@vector("ALTERED", FAILED, code="signature.orphan")
def signature_dropped_from_the_form():
    """An update empties the form (and only the bytes still hold the signature)."""
    pdf = signed()
    catalog = re.sub(rb"/AcroForm (\d+ 0 R)", b"", body(pdf, 1))
    return update(pdf, {1: catalog})


@vector("ALTERED", FAILED, after="FORBIDDEN")
def signature_dictionary_rewritten():
    """The dictionary is redefined with another reason (and only that)."""
    pdf = signed()
    i = int(re.findall(rb"/V (\d+) 0 R", pdf)[-1])
    return update(pdf, {i: body(pdf, i).replace(b"/Type", b"/Reason(agreed)/Type", 1)})


@vector("ALTERED", FAILED, after="FORBIDDEN")
def appearance_of_a_signature_swapped():
    """The picture of a signature is another (and only that)."""
    pdf = signed(box=(72, 100, 200, 150))
    look = int(re.findall(rb"/AP\s*<<\s*/N (\d+) 0 R", pdf)[-1])
    other = stream(b"0 0 1 rg 0 0 128 50 re f", b"/Type/XObject/Subtype/Form/BBox[0 0 128 50]")
    return update(pdf, {look: other})


@vector("ALTERED", FAILED, after="FORBIDDEN")
def sneaky_signature_over_the_whole_page():
    """A second, valid signature covers the page (and only its size is wrong)."""
    p = pki()
    return sign(signed(certify=2), p.seal, name="Seal", box=(0, 0, 595, 842))


@vector("ALTERED", FAILED, after="FORBIDDEN")
def signing_again_under_p_1():
    """The certification permits nothing, and another signs (and only that)."""
    pdf = signed(certify=1).replace(b"%PDF-1.7", b"%PDF-1.7")
    first = pdf.replace(b"/P 1", b"/P 2")  # lie to the tool, then put it back
    second = sign(first, pki().seal, name="Sig2")
    return Case(second.replace(b"/P 2", b"/P 1", 1), material=evidence())


@vector("INTACT", PASSED, after="LTA")
def time_stamp_under_p_1():
    """A document time-stamp follows a certification without changes (and only that)."""
    p = pki()
    return Case(document_stamp(signed(certify=1), p.tsa, NOW - HOUR), material=evidence())


@vector("ALTERED", FAILED)
def second_signature_is_broken():
    """The second signature's value is forged (and only the second's)."""
    pdf = sign(signed(), pki().seal, name="Sig2")

    def flip(info):
        si = info["content"]["signer_infos"][0]
        value = bytearray(si["signature"].native)
        value[-1] ^= 1
        si["signature"] = bytes(value)
        return info.dump()

    return with_contents(pdf, flip)


@vector("ALTERED", FAILED, after="FORBIDDEN")
def new_objects_without_use():
    """An update brings an object that nothing names (and only that)."""
    return update(signed(), {70: stream(b"BT (Pay 9,000) Tj ET")})


@vector("ALTERED", FAILED, after="FORBIDDEN")
def metadata_alone():
    """An update rewrites the document information (and only that, unsigned)."""
    return update(signed(), {70: b"<</Title(Other)>>"}, trailer=b"/Info 70 0 R")


def linked(pages: int, overlapping: int, action: bytes) -> bytes:
    """A signed document of so many pages, with two links over one another on some of them."""
    kids = b" ".join(b"%d 0 R" % (100 + n) for n in range(pages))
    link = b"<</Type/Annot/Subtype/Link/Rect[%d 600 %d 620]/Border[0 0 0]%s>>"
    both = link % (72, 130, action) + link % (120, 200, action)
    more = {2: b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, pages)}
    for n in range(pages):
        notes = b"/Annots[%s]" % both if n < overlapping else b""
        more[100 + n] = (
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 5 0 R%s>>" % notes
        )
    return sign(base(more=more), pki().leader)


JUMP = b"/Dest[100 0 R/Fit]"


@vector("UNDECIDED", UNSURE, code="content.overlap")
def links_over_one_another_on_every_page():
    """Jumps lie over one another (and only that, on three pages of three)."""
    return Case(linked(3, 3, JUMP), material=evidence())


@vector("INTACT", PASSED)
def links_over_one_another_here_and_there():
    """Jumps lie over one another (and only on three pages of twenty, as in a long text)."""
    return Case(linked(20, 3, JUMP), material=evidence())


@vector("INTACT", PASSED)
def links_broken_in_two():
    """Links lie over one another on every page (and only to one and the same address)."""
    return Case(linked(3, 3, b"/A<</S/URI/URI(http://a.vn)>>"), material=evidence())


@vector("INTACT", UNSURE, after="NONE")
def javascript_inside():
    """The signed document opens with a script (and only a note comes of it)."""
    return sign(base(catalog=b"/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>"), pki().leader)


__all__ = ["whole"]
