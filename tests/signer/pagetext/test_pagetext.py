"""Words, where they stand, and which of them are stamps."""

import pytest
from papers import locked, picture_of_paper, shown, typeset, with_fields

from signer.errors import PdfRejectedError
from signer.pagetext import READ_TEXT, TextRequest
from signer.sandbox import Sandbox

DECISION = """
#grid(columns: (1fr, 1fr), align: center,
  [UBND TỈNH AN PHÚ], [*CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM*],
  [Số: #h(3em) /QĐ-UBND], [_An Phú, ngày #h(2em) tháng #h(2em) năm 2026_])
#align(center)[*QUYẾT ĐỊNH*]
Căn cứ Luật Tổ chức chính quyền địa phương và đề nghị của Chánh Văn phòng.
"""
A4 = (595.28, 841.89)


@pytest.fixture(scope="module")
def box():
    with Sandbox() as sandbox:
        yield sandbox


def read(box, pdf, **request):
    return box.run(READ_TEXT, TextRequest(**request), pdf=pdf)


def place(page, text):
    return next(w for w in page.words if w.text == text)


def test_words_stand_where_they_are_printed_with_size_and_face(box):
    (page,) = read(box, typeset(DECISION)).pages
    word = place(page, "Căn")
    assert (round(page.width), round(page.height)) == (595, 842)
    assert abs(word.x1 - 56.7) < 1.5  # the margin of two centimetres
    assert 500 < word.y1 < word.y2 < 841.89 - 56
    assert word.size == pytest.approx(13)
    assert place(page, "QUYẾT").bold
    assert not word.bold
    assert place(page, "Phú,").italic
    assert page.kind == "text"


def test_number_and_date_in_signature_appearances_are_merged_where_they_stand(box):
    empty = read(box, typeset(DECISION)).pages[0]
    number, day, month = place(empty, "Số:"), place(empty, "ngày"), place(empty, "tháng")
    pdf = with_fields(
        typeset(DECISION),
        ((number.x2 + 2, number.y1, number.x2 + 34, number.y2), "345"),
        ((day.x2 + 2, day.y1, day.x2 + 20, day.y2), "07"),
        ((month.x2 + 2, month.y1, month.x2 + 20, month.y2), "10"),
    )
    (page,) = read(box, pdf).pages
    assert "345" not in empty.text
    assert "Số: 345 /QĐ-UBND An Phú, ngày 07 tháng 10 năm 2026" in page.text
    assert [w.text for w in page.words if w.stamp] == ["345", "07", "10"]


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_a_turned_page_reads_as_it_is_displayed(box, rotate):
    straight = read(box, typeset("Mốc ở đây")).pages[0]
    turned = read(box, shown(typeset("Mốc ở đây"), rotate=rotate)).pages[0]
    a, b = place(straight, "Mốc"), place(turned, "Mốc")
    expected = {
        90: (a.y1, A4[0] - a.x2),
        180: (A4[0] - a.x2, A4[1] - a.y2),
        270: (A4[1] - a.y2, a.x1),
    }[rotate]
    assert (b.x1, b.y1) == pytest.approx(expected, abs=0.1)


def test_a_cropped_page_counts_from_the_crop(box):
    pdf = shown(typeset("Mốc ở đây"), crop=(50, 100, 500, 800))
    page = read(box, pdf).pages[0]
    before, after = place(read(box, typeset("Mốc ở đây")).pages[0], "Mốc"), place(page, "Mốc")
    assert (page.width, page.height) == (450, 700)
    assert (before.x1 - 50, before.y1 - 100) == pytest.approx((after.x1, after.y1), abs=0.1)


def test_wrong_letters_of_bad_fonts_are_put_right(box):
    (page,) = read(box, typeset("chất lƣợng cao \u00d0iều 1 hòa bình")).pages
    assert "chất lượng cao Điều 1 hòa bình" in page.text


def test_decomposed_letters_come_out_composed(box):
    (page,) = read(box, typeset("Tie\u0302\u0301ng Vie\u0323\u0302t")).pages
    assert "Tiếng Việt" in page.text


def test_a_letter_drawn_in_two_parts_is_read_once(box):
    assert read(box, typeset("*_Nơi nhận: được_*")).pages[0].text == "Nơi nhận: được"


def test_pictures_are_told_from_text(box):
    garbage = "\n".join("BO GIAO DI.JC VA. OAO T4.0 Can cu Nghi dinh so 69" for _ in range(5))
    stamp = ((300, 700, 560, 760), "Người ký: Văn phòng")
    assert read(box, picture_of_paper()).pages[0].kind == "scan"
    assert read(box, picture_of_paper(text=garbage)).pages[0].kind == "scan"
    assert read(box, with_fields(picture_of_paper(), stamp)).pages[0].kind == "stamp-only"
    assert read(box, with_fields(typeset(DECISION), stamp)).pages[0].kind == "text"


def test_pages_are_read_as_asked_and_the_rest_is_said_to_be_missing(box):
    pdf = typeset("#pagebreak()".join(f"Trang số {n}" for n in range(1, 6)))
    told = read(box, pdf, first=2, last=3)
    assert [p.page for p in told.pages] == [2, 3]
    assert told.page_count == 5
    assert not told.truncated
    assert [p.words for p in read(box, pdf, words=False).pages] == [()] * 5
    assert "Trang số 5" in read(box, pdf, words=False).pages[4].text


def test_what_cannot_be_opened_is_named(box):
    for pdf, reason in (
        (b"", "file.not_pdf"),
        (b"MZ not a PDF", "file.not_pdf"),
        (typeset("x")[:300], "file.damaged"),
        (locked(typeset("x"), "mật"), "file.encrypted"),
    ):
        with pytest.raises(PdfRejectedError) as caught:
            read(box, pdf)
        assert caught.value.reason == reason
