"""Initials, leader, number and date, seal: what each of them is worth in the end."""

import io

import pytest
from forms import blank
from PIL import Image
from steps import VALUES, identity, judge, pdfsig, three_hands, vgca_rule

from office.extract.fields import extract
from signer.appearance import AppearanceKind
from signer.errors import PlacementError, WouldBreakError
from signer.fields import READ_FIELDS, FieldsRequest, FieldUse, FieldValue, NewField
from signer.pagetext import READ_TEXT, TextRequest
from signer.render import RENDER, RenderRequest
from signer.validation.report import (
    Box,
    ChangesAfter,
    Indication,
    Integrity,
    Level,
    SignatureKind,
    SignatureRole,
)

LEVELS = [Level.B_B, Level.B_T, Level.B_LT, Level.B_LTA]


@pytest.fixture(scope="module", params=LEVELS, ids=str)
def level(request):
    return request.param


@pytest.fixture(scope="module")
def steps(house, paper, places, tmp_path_factory, level):
    folder = tmp_path_factory.mktemp("buoc")
    return three_hands(house, paper, places.fields, folder, level=level)


def ink(image, box, *, dpi, grow=0):
    """Where something dark is drawn in or around `box`, in points from the lower left."""
    drawn = Image.open(io.BytesIO(image.data)).convert("L")
    scale = dpi / 72
    left, top = (box.x1 - grow) * scale, drawn.height - (box.y2 + grow) * scale
    right, bottom = (box.x2 + grow) * scale, drawn.height - (box.y1 - grow) * scale
    cut = drawn.crop((round(left), round(top), round(right), round(bottom)))
    x1, y1, x2, y2 = cut.point(lambda v: 255 if v < 160 else 0).getbbox()
    low, high = drawn.height - round(top) - y2, drawn.height - round(top) - y1
    return (
        (round(left) + x1) / scale,
        low / scale,
        (round(left) + x2) / scale,
        high / scale,
    )


def test_all_three_signatures_hold_and_say_what_they_are(house, steps, level):
    report = judge(house, steps[-1])
    signed = [s for s in report.signatures if s.kind is SignatureKind.SIGNATURE]
    assert [s.field_name for s in signed] == ["KyNhay", "NguoiKy", "CoQuan"]
    assert [s.role for s in signed] == [
        SignatureRole.INITIAL,
        SignatureRole.LEADER,
        SignatureRole.SEAL,
    ]
    assert report.integrity is Integrity.INTACT
    assert [s.integrity for s in signed] == [Integrity.INTACT] * 3
    assert [s.changes_after for s in signed[:2]] == [ChangesAfter.PERMITTED] * 2
    archival = level is Level.B_LTA
    assert signed[2].changes_after is (ChangesAfter.LTA if archival else ChangesAfter.NONE)
    assert report.signatures[-1].covers_whole_file
    assert [s.docmdp for s in signed] == [2, None, None]
    if level in (Level.B_LT, Level.B_LTA):
        assert report.indication is Indication.TOTAL_PASSED
        assert {s.level for s in signed} == {level}


def test_poppler_finds_every_signature_valid(steps, level):
    told = pdfsig(steps[-1])
    assert told.count("Signature is Valid") == 3
    assert "Total document signed" in told
    assert "Digest Mismatch" not in told


def test_no_unsigned_update_stands_between_signatures(steps, paper):
    kept, between = vgca_rule(steps[-1].read_bytes())
    assert kept, between
    assert steps[-1].read_bytes().startswith(steps[-2].read_bytes())
    assert steps[0].read_bytes().startswith(paper.read_bytes())


def test_readers_find_number_and_date_on_the_page(sandbox, steps):
    found = extract(sandbox.run(READ_TEXT, TextRequest(), pdf=steps[-1]))
    assert found.so_ky_hieu.value == "126/QĐ-UBND"
    assert found.ngay_ban_hanh.value.isoformat() == "2026-10-09"


def test_number_and_date_stand_on_their_line_in_its_size(sandbox, places, steps):
    words = sandbox.run(READ_TEXT, TextRequest(last=1), pdf=steps[-1]).pages[0].words
    stamped = {w.text: w for w in words if w.stamp}
    line = next(w for w in words if w.text == "Số:")
    italic = next(w for w in words if w.text == "tháng" and w.y1 > 700)
    [image] = sandbox.run(
        RENDER, RenderRequest(pages=(1,), dpi=288, format="png"), pdf=steps[-1]
    ).images
    for use, text, beside in (
        (FieldUse.NUMBER, "126", line),
        (FieldUse.DAY, "09", italic),
        (FieldUse.MONTH, "10", italic),
    ):
        word = stamped[text]
        assert word.size == pytest.approx(beside.size, abs=0.2)
        assert word.italic == beside.italic
        # Digits and the first letter of the word beside stand on the same line.
        letter = Box(page=1, x1=beside.x1, y1=beside.y1, x2=beside.x1 + 4, y2=beside.y2)
        bottom, stands = ink(image, places.get(use).box, dpi=288)[1], ink(image, letter, dpi=288)[1]
        assert bottom == pytest.approx(stands, abs=0.4)
    assert line.x2 < stamped["126"].x1 < stamped["126"].x2 < 180


def test_a_filled_document_says_what_it_holds_and_locks(sandbox, steps):
    found = sandbox.run(READ_FIELDS, FieldsRequest(), pdf=steps[-1])
    assert {f.use: f.value for f in found.fields if f.value} == {v.use: v.value for v in VALUES}
    assert all(f.filled for f in found.fields)
    assert set(found.get(FieldUse.SEAL).locks) == {"So", "Ngay", "Thang", "KyNhay"}


def test_without_initials_the_leader_certifies_and_the_empty_place_is_locked(
    house, paper, places, tmp_path
):
    made = three_hands(house, paper, places.fields, tmp_path, initials=False)
    report = judge(house, made[-1])
    assert report.indication is Indication.TOTAL_PASSED
    assert [s.docmdp for s in report.signatures] == [2, None]
    with pytest.raises(WouldBreakError):
        house.sign(made[-1], tmp_path / "x.pdf", identity(house, "drafter"), field_name="KyNhay")
    assert not (tmp_path / "x.pdf").exists()


def test_the_seal_cannot_write_a_number_twice(house, paper, places, tmp_path):
    made = three_hands(house, paper, places.fields, tmp_path, initials=False, values=VALUES[:1])
    with pytest.raises((PlacementError, WouldBreakError)):
        house.sign(made[-1], tmp_path / "x.pdf", "lanh-dao-1", values=VALUES[:1])


def test_fields_come_before_the_first_signature_or_not_at_all(house, paper, places, tmp_path):
    house.sign(paper, tmp_path / "1.pdf", level=Level.B_B)
    with pytest.raises(WouldBreakError):
        house.sign(tmp_path / "1.pdf", tmp_path / "2.pdf", fields=places.fields, level=Level.B_B)


def test_a_value_without_its_field_is_refused(house, paper, tmp_path):
    with pytest.raises(PlacementError):
        house.sign(paper, tmp_path / "1.pdf", values=VALUES, level=Level.B_B)
    assert list(tmp_path.iterdir()) == []


def test_a_long_number_is_made_narrower_not_cut_off(house, paper, places, tmp_path, sandbox):
    values = (FieldValue(use=FieldUse.NUMBER, value="1234567"),)
    made = three_hands(house, paper, places.fields, tmp_path, initials=False, values=values)
    words = sandbox.run(READ_TEXT, TextRequest(last=1), pdf=made[-1]).pages[0].words
    number = next(w for w in words if w.stamp and w.text == "1234567")
    box = places.get(FieldUse.NUMBER).box
    assert box.x1 - 0.5 <= number.x1 < number.x2 <= box.x2 + 0.5


@pytest.mark.parametrize("unit", [None, 2], ids=["unit 1", "unit 2"])
@pytest.mark.parametrize("crop", [None, (40, 60, 520, 700)], ids=["whole", "cropped"])
@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_what_is_filled_stands_upright_where_it_was_asked_for(
    house, sandbox, tmp_path, rotate, crop, unit
):
    source = tmp_path / "trang.pdf"
    source.write_bytes(blank(rotate=rotate, crop=crop, unit=unit))
    at = Box(page=1, x1=60, y1=100, x2=110, y2=120)
    fields = (
        NewField(use=FieldUse.LEADER, box=Box(page=1, x1=200, y1=200, x2=320, y2=260)),
        NewField(use=FieldUse.NUMBER, box=at, size=14),
        NewField(use=FieldUse.SEAL, box=Box(page=1, x1=150, y1=180, x2=250, y2=280)),
    )
    made = three_hands(
        house, source, fields, tmp_path, initials=False, values=VALUES[:1], level=Level.B_B
    )
    assert judge(house, made[-1]).integrity is Integrity.INTACT
    found = sandbox.run(READ_FIELDS, FieldsRequest(), pdf=made[-1])
    assert [(f.use, f.box.page) for f in found.fields] == [(f.use, 1) for f in fields]
    for wanted, read in zip(fields, found.fields, strict=True):
        for side in ("x1", "y1", "x2", "y2"):
            assert getattr(read.box, side) == pytest.approx(getattr(wanted.box, side), abs=0.1)
    # As pdfium draws it: ink of three digits inside the box, wider than high, none beside it.
    [image] = sandbox.run(
        RENDER, RenderRequest(pages=(1,), dpi=288, format="png"), pdf=made[-1]
    ).images
    wide, high = (480, 640) if crop else (595, 842)
    shown = (high if rotate in (90, 270) else wide) * (unit or 1)
    # pdfium knows no /UserUnit: its image is as large as the page's own numbers say.
    x1, y1, x2, y2 = ink(image, at, grow=6, dpi=image.width / shown * 72)
    assert at.x1 <= x1 < x2 <= at.x2
    assert at.y1 <= y1 < y2 <= at.y2
    assert x2 - x1 > 1.5 * (y2 - y1)
    assert (x1 + x2) / 2 == pytest.approx((at.x1 + at.x2) / 2, abs=1.5)


def test_the_seal_needs_its_field_not_the_whole_document(house, paper, places, tmp_path):
    """Another agency's field that was prepared stays open for it after our seal."""
    made = three_hands(house, paper, places.fields, tmp_path, initials=False)
    after = house.sign(
        made[-1],
        tmp_path / "x.pdf",
        identity(house, "seal"),
        appearance=AppearanceKind.NONE,
        field_name="CoQuanKhac",
    )
    assert after.report.indication is Indication.TOTAL_PASSED
