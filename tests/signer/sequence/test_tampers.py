"""Twenty ways to tamper with an issued document; each is caught, and named."""

import io
import re

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from steps import identity, judge, three_hands

from signer.validation.report import Indication, Integrity

BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*0\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")
RED = b"1 0 0 rg 50 50 300 300 re f"


@pytest.fixture(scope="module")
def issued(house, paper, places, tmp_path_factory):
    made = three_hands(house, paper, places.fields, tmp_path_factory.mktemp("goc"))
    return [path.read_bytes() for path in made]


@pytest.fixture(scope="module")
def other(house, paper, places, tmp_path_factory):
    """The same document, sealed by somebody else's hands at another time."""
    made = three_hands(house, paper, places.fields, tmp_path_factory.mktemp("khac"))
    return made[-1].read_bytes()


def updated(data, change):
    """`data` and one incremental update that `change` makes."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data), strict=False)
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def rewritten(data, change):
    """`data` as a new file: no revision is what it was."""
    with pikepdf.open(io.BytesIO(data)) as pdf:
        change(pdf)
        out = io.BytesIO()
        pdf.save(out)
    return out.getvalue()


def field(writer, name):
    return next(
        ref.get_object() for ref in writer.root["/AcroForm"]["/Fields"]
        if ref.get_object()["/T"] == name
    )  # fmt: skip


def says(name, value):
    def change(writer):
        found = field(writer, name)
        found["/V"] = generic.pdf_string(value)
        writer.update_container(found)

    return lambda data: updated(data, change)


def shows(name, content=RED):
    """The value stays; what people see is another."""

    def change(writer):
        found = field(writer, name)
        box = generic.ArrayObject(generic.NumberObject(v) for v in (0, 0, 30, 16))
        form = generic.StreamObject(
            {
                pdf_name("/Type"): pdf_name("/XObject"),
                pdf_name("/Subtype"): pdf_name("/Form"),
                pdf_name("/BBox"): box,
            },
            stream_data=content,
        )
        found["/AP"] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(form)})
        writer.update_container(found)

    return lambda data: updated(data, change)


def redraws(name):
    """The very stream of the appearance is replaced, by its own number."""

    def change(writer):
        stream = field(writer, name)["/AP"]["/N"]
        stream._data = RED
        stream._encoded_data = None
        writer.update_container(stream)

    return lambda data: updated(data, change)


def moves(name):
    def change(writer):
        found = field(writer, name)
        found["/Rect"] = generic.ArrayObject(
            generic.FloatObject(float(v) + 40) for v in found["/Rect"]
        )
        writer.update_container(found)

    return lambda data: updated(data, change)


def page(writer, number=0):
    return writer.find_page_for_modification(number)[0].get_object()


def overlay(writer):
    stream = generic.StreamObject(stream_data=RED)
    old = page(writer).raw_get("/Contents")
    listed = generic.ArrayObject([old, writer.add_object(stream)])
    page(writer)["/Contents"] = listed
    writer.update_container(page(writer))


def sticker(writer):
    note = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/FreeText"),
            pdf_name("/Contents"): generic.pdf_string("Số: 999"),
            pdf_name("/DA"): generic.pdf_string("/Helv 12 Tf 0 g"),
            pdf_name("/Rect"): generic.ArrayObject(
                generic.NumberObject(v) for v in (140, 730, 200, 750)
            ),
        }
    )
    writer.register_annotation(writer.find_page_for_modification(0)[0], writer.add_object(note))


def swapped(writer):
    kids = writer.root["/Pages"]["/Kids"]
    first, second = kids.raw_get(0), kids.raw_get(1)
    kids[0], kids[1] = second, first
    writer.update_container(kids)


def dropped(writer):
    pages = writer.root["/Pages"]
    del pages["/Kids"][len(pages["/Kids"]) - 1]
    pages["/Count"] = generic.NumberObject(int(pages["/Count"]) - 1)
    writer.update_container(pages["/Kids"])
    writer.update_container(pages)


def new_number_field(writer):
    made = generic.DictionaryObject(
        {
            pdf_name("/FT"): pdf_name("/Tx"),
            pdf_name("/T"): generic.pdf_string("So2"),
            pdf_name("/V"): generic.pdf_string("999"),
        }
    )
    fields = writer.root["/AcroForm"]["/Fields"]
    fields.append(writer.add_object(made))
    writer.update_container(fields)


def without_seal(writer):
    seal = field(writer, "CoQuan")
    del seal["/V"]
    writer.update_container(seal)


def field_removed(writer):
    fields = writer.root["/AcroForm"]["/Fields"]
    kept = [ref for ref in fields if ref.get_object()["/T"] != "CoQuan"]
    writer.root["/AcroForm"]["/Fields"] = generic.ArrayObject(kept)
    writer.update_container(writer.root["/AcroForm"])


def unlocked(writer):
    seal = field(writer, "CoQuan")
    del seal["/Lock"]
    writer.update_container(seal)


def flipped(data):
    """A byte of the page that the leader signed, in place."""
    changed = bytearray(data)
    changed[data.index(b"stream\n", 2000) + 60] ^= 1
    return bytes(changed)


def contents_of(data, number):
    found = sorted(BYTE_RANGE.finditer(data), key=lambda m: int(m[2]))[number]
    return int(found[1]), int(found[2])


def transplanted(data, other):
    """The seal's value of another copy, in the gap of this one."""
    a, b = contents_of(data, 2)
    c, d = contents_of(other, 2)
    value = other[c:d]
    assert b - a == d - c
    return data[:a] + value + data[b:]


def emptied(data):
    """The seal's gap, zero again."""
    a, b = contents_of(data, 2)
    return data[:a] + b"<" + b"0" * (b - a - 2) + b">" + data[b:]


TAMPERS = {
    "another number": says("So", "127"),
    "another day": says("Ngay", "10"),
    "another month": says("Thang", "11"),
    "another picture of the number": shows("So"),
    "an empty picture of the number": shows("So", b" "),
    "the picture of the day redrawn in its own object": redraws("Ngay"),
    "the number moved": moves("So"),
    "the seal moved": moves("CoQuan"),
    "another picture of the leader's signature": shows("NguoiKy"),
    "another picture of the seal": shows("CoQuan"),
    "an overlay on the page": lambda d: updated(d, overlay),
    "a sticker over the number": lambda d: updated(d, sticker),
    "pages swapped": lambda d: updated(d, swapped),
    "the last page gone": lambda d: updated(d, dropped),
    "a second number field": lambda d: updated(d, new_number_field),
    "the seal's value taken out": lambda d: updated(d, without_seal),
    "the seal's field taken out": lambda d: updated(d, field_removed),
    "the lock taken off": lambda d: updated(d, unlocked),
    "a byte of the signed page": flipped,
    "the seal's value zeroed": emptied,
    "cut off within the seal's revision": lambda d: d[: contents_of(d, 2)[1] + 200],
    "bytes behind the end": lambda d: d + b"% more" * 40,
    "written anew": lambda d: rewritten(d, lambda _: None),
    "written anew with another number": lambda d: rewritten(d, _renumbered),
    "written anew without its signatures": lambda d: rewritten(d, _stripped),
}


def _renumbered(pdf):
    for found in pdf.Root.AcroForm.Fields:
        if found.T == "So":
            found.V = String("127")


def _stripped(pdf):
    pdf.Root.AcroForm = Dictionary(Fields=Array([]), SigFlags=3)
    for sheet in pdf.pages:
        if "/Annots" in sheet:
            del sheet.Annots
    if "/Perms" in pdf.Root:
        del pdf.Root.Perms
    assert Name.AcroForm in pdf.Root


NAMED = {
    "a byte of the signed page": (Integrity.ALTERED, "digest.mismatch"),
    "cut off within the seal's revision": (Integrity.UNREADABLE, "file.damaged"),
    "bytes behind the end": (Integrity.ALTERED, "bytes.uncovered"),
    "written anew": (Integrity.ALTERED, "signature.malformed"),
    "written anew with another number": (Integrity.ALTERED, "signature.malformed"),
    "written anew without its signatures": (Integrity.UNSIGNED, "signature.removed"),
}
"""What is not simply a change that nobody may make."""


@pytest.mark.parametrize("name", TAMPERS)
def test_every_tamper_is_caught_and_named(house, issued, name):
    tampered = TAMPERS[name](issued[-1])
    assert tampered != issued[-1]
    report = judge(house, tampered)
    integrity, code = NAMED.get(name, (Integrity.ALTERED, "change.forbidden"))
    assert report.integrity is integrity
    assert report.indication in (None, Indication.TOTAL_FAILED)
    assert code in {reason.code for reason in report.reasons}


def test_a_changed_number_is_told_with_both_values(house, issued):
    report = judge(house, says("So", "127")(issued[-1]))
    told = [r for r in report.reasons if r.code == "change.forbidden"]
    assert {r.field_name for r in told} == {"KyNhay", "NguoiKy", "CoQuan"}
    assert all("126" in r.vi and "127" in r.vi for r in told)


def test_the_seal_of_another_copy_is_caught(house, issued, other):
    report = judge(house, transplanted(issued[-1], other))
    assert report.integrity is Integrity.ALTERED
    assert "digest.mismatch" in {r.code for r in report.reasons}


def test_a_signature_in_the_locked_place_for_initials_is_caught(house, paper, places, tmp_path):
    """Other programs sign into a locked field without a word."""
    from pyhanko.sign import fields as pyhanko_fields

    made = three_hands(house, paper, places.fields, tmp_path, initials=False)

    def change(writer):
        names = [name for name, *_ in pyhanko_fields.enumerate_sig_fields(writer)]
        assert "KyNhay" in names
        found = field(writer, "KyNhay")
        seal = field(writer, "CoQuan")
        found["/V"] = seal.raw_get("/V")
        writer.update_container(found)

    report = judge(house, updated(made[-1].read_bytes(), change))
    assert report.integrity is Integrity.ALTERED
    assert "change.forbidden" in {r.code for r in report.reasons}


def test_without_the_seals_revision_it_is_honestly_the_leaders_document(house, issued):
    """The seal cut away whole leaves what the leader signed: intact, and without a number."""
    report = judge(house, issued[1])
    assert report.integrity is Integrity.INTACT
    assert [s.field_name for s in report.signatures] == ["KyNhay", "NguoiKy"]


def test_an_extra_signature_is_shown_and_never_hidden(house, issued, tmp_path):
    """Signing again is permitted; everybody sees who it was."""
    path = tmp_path / "x.pdf"
    path.write_bytes(issued[-1])
    house.sign(path, tmp_path / "y.pdf", identity(house, "drafter"), field_name="Them")
    report = judge(house, tmp_path / "y.pdf")
    assert [s.field_name for s in report.signatures] == ["KyNhay", "NguoiKy", "CoQuan", "Them"]
    assert not report.signatures[2].covers_whole_file
