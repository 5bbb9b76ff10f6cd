"""The six fields, read from papers typeset here: as they should be, and as clerks really meet them."""

import sys
from datetime import date
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "signer" / "pagetext"))
from papers import picture_of_paper, typeset, with_fields

from office.extract.fields import Extracted, extract
from office.samples import SIX_FIELDS, names, sample
from signer.pagetext import READ_TEXT, TextRequest
from signer.sandbox import Sandbox
from signer.typeset import Typesetter

STATE = "*CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM*\\ *Độc lập - Tự do - Hạnh phúc*"
BODY = "Căn cứ Nghị định số 30/2020/NĐ-CP ngày 05 tháng 3 năm 2020 của Chính phủ về văn thư;\n\n"


@pytest.fixture(scope="module")
def box():
    with Sandbox() as sandbox:
        yield sandbox


def paper(
    *,
    agency="UBND TỈNH LAM GIANG\\ *SỞ XÂY DỰNG*",
    number="Số: 345/QĐ-SXD",
    motto=STATE,
    place="_Lam Giang, ngày 02 tháng 12 năm 2025_",
    title="*QUYẾT ĐỊNH*\\ *Về việc ban hành Quy chế tiếp công dân*",
    authority="*GIÁM ĐỐC SỞ XÂY DỰNG*",
    body=BODY,
    closing="Nơi nhận",
    signer="*KT. GIÁM ĐỐC*\\ *PHÓ GIÁM ĐỐC* #v(2cm) *Lê Thị Thu Hà*",
):
    top = f"#grid(columns: (2fr, 3fr), row-gutter: 8pt, align: center, [{agency}], [{motto}], [{number}], [{place}])"
    foot = (
        f"#grid(columns: (1fr, 1fr), [*_{closing}:_*\\ #text(11pt)[- Như Điều 3;\\ - Ông Vũ Văn Bắc (để biết);\\ - Lưu: VT.]],"
        f" align(center)[{signer}])"
        if closing
        else ""
    )
    head = f"#v(8pt)\n#align(center)[{title}]\n"
    who = f"#v(16pt)\n#align(center)[{authority}]\n" if authority else ""
    return f"{top}\n{head}{who}#v(8pt)\n{body}\n{foot}"


def read(box, pdf) -> Extracted:
    return extract(box.run(READ_TEXT, TextRequest(), pdf=pdf))


def values(found: Extracted):
    return {name: field.value for name in SIX_FIELDS if (field := getattr(found, name)) is not None}


def of(box, **parts):
    return values(read(box, typeset(paper(**parts))))


def test_every_field_of_a_decision_is_read_with_its_place(box):
    found = read(box, typeset(paper()))
    assert values(found) == {
        "so_ky_hieu": "345/QĐ-SXD",
        "ngay_ban_hanh": date(2025, 12, 2),
        "co_quan_ban_hanh": "SỞ XÂY DỰNG",
        "loai_van_ban": "Quyết định",
        "trich_yeu": "Về việc ban hành Quy chế tiếp công dân",
        "nguoi_ky": "Lê Thị Thu Hà",
    }
    number, name = found.so_ky_hieu.box, found.nguoi_ky.box
    assert number.page == 1
    assert number.x1 < 300
    assert number.y1 > 650
    assert name.x1 > 300
    assert name.y1 < number.y1


@pytest.mark.parametrize("name", names())
def test_our_own_samples_are_read_back(box, name):
    one = sample(name, Typesetter())
    found = values(read(box, one.pdf))
    two_sign = one.metadata["loai_van_ban"] == "Biên bản"
    for field in SIX_FIELDS:
        if field == "nguoi_ky" and two_sign:
            assert field not in found
        else:
            assert str(found[field]).casefold() == one.metadata[field].casefold()


@pytest.mark.parametrize(
    ("printed", "read_as"),
    [
        ("Số: 12/2024/QĐ-UBND", "12/2024/QĐ-UBND"),
        ("Số:304 /HD-ĐHVN", "304/HD-ĐHVN"),
        ("Số: 826 /ĐHVN-KT&ĐBCL", "826/ĐHVN-KT&ĐBCL"),
        ("Số 07 -KH/BTC", "07-KH/BTC"),
        ("Số2624 /QĐ-BGDĐT", "2624/QĐ-BGDĐT"),
        ("Số: 1668/NQ-UBTVQH15", "1668/NQ-UBTVQH15"),
        ("Số: 11554/VPCP-V.I", "11554/VPCP-V.I"),
        ("Số: 12a/TB-SXD", "12a/TB-SXD"),
        ("Số:       /QĐ-SXD", None),
        ("Số: ……/QĐ-SXD", None),
        ("Số: 123", None),
    ],
)
def test_numbers_are_read_as_written_and_blanks_stay_blank(box, printed, read_as):
    assert of(box, number=printed).get("so_ky_hieu") == read_as


@pytest.mark.parametrize(
    ("printed", "read_as"),
    [
        ("_Lam Giang, ngày02 tháng12năm 2025_", date(2025, 12, 2)),
        ("_Thành phố Hồ Chí Minh, ngày 31 tháng 01 năm 2026_", date(2026, 1, 31)),
        ("_Lam Giang, ngày #h(2em) tháng 12 năm 2025_", None),
        ("_Lam Giang, ngày 31 tháng 02 năm 2025_", None),
    ],
)
def test_dates_are_read_as_written_and_must_exist(box, printed, read_as):
    assert of(box, place=printed).get("ngay_ban_hanh") == read_as


@pytest.mark.parametrize(
    ("printed", "read_as"),
    [
        ("*BỘ NỘI VỤ*", "BỘ NỘI VỤ"),
        ("ỦY BAN NHÂN DÂN\\ TỈNH LAM GIANG", "ỦY BAN NHÂN DÂN TỈNH LAM GIANG"),
        ("*BỘ XÂY DỰNG*\\ *CỤC HÀNG HẢI VIỆT NAM*", "CỤC HÀNG HẢI VIỆT NAM"),
        (
            "UBND TỈNH LAM GIANG\\ *SỞ NÔNG NGHIỆP*\\ *VÀ MÔI TRƯỜNG*",
            "SỞ NÔNG NGHIỆP VÀ MÔI TRƯỜNG",
        ),
    ],
)
def test_of_two_agencies_the_lower_one_issues(box, printed, read_as):
    assert of(box, agency=printed)["co_quan_ban_hanh"] == read_as


def test_an_agency_is_spelled_as_the_document_spells_it(box):
    body = BODY + "Giao Sở Xây dựng phối hợp với các sở, ban, ngành thực hiện.\n\n"
    assert of(box, body=body)["co_quan_ban_hanh"] == "Sở Xây dựng"


def test_a_letter_has_its_subject_under_its_number(box):
    found = of(
        box,
        number="Số: 91/SXD-VP\\ #text(12pt)[V/v trả lời Công văn số 15/UBND-NC ngày 03 tháng 4 năm 2025]",
        title="Kính gửi: Ủy ban nhân dân các xã, phường",
        authority="",
    )
    assert found["loai_van_ban"] == "Công văn"
    assert found["trich_yeu"] == "V/v trả lời Công văn số 15/UBND-NC ngày 03 tháng 4 năm 2025"
    assert found["so_ky_hieu"] == "91/SXD-VP"
    assert found["ngay_ban_hanh"] == date(2025, 12, 2)


def test_a_party_document_is_read_by_its_own_form(box):
    found = of(
        box,
        agency="TỈNH ỦY LAM GIANG\\ \\*",
        number="Số 29-CT/TU",
        motto="*ĐẢNG CỘNG SẢN VIỆT NAM*",
        title="*CHỈ THỊ*\\ *về tăng cường công tác văn thư*",
        authority="",
        signer="*T/M BAN THƯỜNG VỤ*\\ *PHÓ BÍ THƯ* #v(2cm) *Đặng Quốc Khánh*",
    )
    assert found == {
        "so_ky_hieu": "29-CT/TU",
        "ngay_ban_hanh": date(2025, 12, 2),
        "co_quan_ban_hanh": "TỈNH ỦY LAM GIANG",
        "loai_van_ban": "Chỉ thị",
        "trich_yeu": "về tăng cường công tác văn thư",
        "nguoi_ky": "Đặng Quốc Khánh",
    }


def test_a_subject_that_cites_numbers_and_dates_stays_a_subject(box):
    cited = (
        "Sửa đổi, bổ sung một số điều của Quyết định số 15/2021/QĐ-UBND\\ "
        "ngày 07 tháng 5 năm 2021 của Ủy ban nhân dân tỉnh"
    )
    found = of(box, title="*QUYẾT ĐỊNH*\\ *" + cited.replace("\\ ", "*\\ *") + "*")
    assert found["trich_yeu"] == cited.replace("\\", "")
    assert found["so_ky_hieu"] == "345/QĐ-SXD"
    assert found["ngay_ban_hanh"] == date(2025, 12, 2)


def test_type_and_subject_may_share_a_line(box):
    found = of(box, title="*BÁO CÁO CÔNG TÁC NĂM 2025*", authority="")
    assert (found["loai_van_ban"], found["trich_yeu"]) == ("Báo cáo", "CÔNG TÁC NĂM 2025")


@pytest.mark.parametrize(
    ("printed", "read_as"),
    [
        ("*GIÁM ĐỐC* #v(2cm) *PGS.TS. Ngô Bảo Châu*", "Ngô Bảo Châu"),
        ("*TL. CHỦ TỊCH*\\ *CHÁNH VĂN PHÒNG* #v(2cm) *NGUYỄN VĂN AN*", "Nguyễn Văn An"),
        ("*KT. BỘ TRƯỞNG*\\ *THỨ TRƯỞNG* #v(2cm) *Thượng tướng Lê Văn Tuyến*", "Lê Văn Tuyến"),
        ("*GIÁM ĐỐC*\\ _(đã ký và đóng dấu)_ #v(2cm) *Trần Minh Khôi*", "Trần Minh Khôi"),
        ("*GIÁM ĐỐC* #v(2cm) (Ký, ghi rõ họ tên)", None),
        ("*CHỦ TỌA* #h(4em) *THƯ KÝ* #v(2cm) *Lê Văn Một* #h(4em) *Trần Văn Hai*", None),
    ],
)
def test_the_signer_is_the_name_under_the_position(box, printed, read_as):
    assert of(box, signer=printed).get("nguoi_ky") == read_as


def test_the_signed_page_may_come_late_and_forms_after_it_do_not_count(box):
    form = paper(
        agency="TÊN CƠ QUAN", number="Số: 99/QĐ-MAU", place="…, ngày 01 tháng 01 năm 2020",
        signer="*CHỦ TỊCH* #v(2cm) *Phạm Văn Mẫu*",
    )  # fmt: skip
    long = BODY + "#pagebreak()\nĐiều 1. Nội dung.\n#pagebreak()\n"
    found = values(read(box, typeset(paper(body=long) + "\n#pagebreak()\n" + form)))
    assert found["nguoi_ky"] == "Lê Thị Thu Hà"
    assert found["so_ky_hieu"] == "345/QĐ-SXD"


def test_a_cover_page_is_passed_over(box):
    cover = "#v(8cm)\n#align(center)[*HỒ SƠ TRÌNH KÝ CÔNG TÁC VĂN THƯ CỦA SỞ TRONG NĂM*]\n#pagebreak()\n"
    assert values(read(box, typeset(cover + paper())))["so_ky_hieu"] == "345/QĐ-SXD"


# -- what must not win


def test_stamps_fill_blanks_and_never_win(box):
    blank = paper(
        number="Số: #h(4em) /QĐ-SXD", place="_Lam Giang, ngày #h(2em) tháng #h(2em) năm 2025_"
    )
    page = box.run(READ_TEXT, TextRequest(), pdf=typeset(blank)).pages[0]
    at = {w.text: w for w in page.words if w.y1 > 650}

    def after(word, width):
        w = at[word]
        return (w.x2 + 3, w.y1, w.x2 + 3 + width, w.y2)

    signed = (
        (380, 780, 560, 835),
        "Người ký: Sở Xây dựng\\ Số: 11/QĐ-CA\\ Thời gian ký: ngày 05 tháng 01 năm 2026",
    )
    stamped = with_fields(
        typeset(blank), (after("Số:", 30), "345"), (after("ngày", 16), "02"),
        (after("tháng", 16), "12"), signed,
    )  # fmt: skip
    assert "so_ky_hieu" not in values(read(box, with_fields(typeset(blank), signed)))
    assert "ngay_ban_hanh" not in values(read(box, with_fields(typeset(blank), signed)))
    found = values(read(box, stamped))
    assert found["so_ky_hieu"] == "345/QĐ-SXD"
    assert found["ngay_ban_hanh"] == date(2025, 12, 2)
    assert found["co_quan_ban_hanh"].upper() == "SỞ XÂY DỰNG"


def test_a_reception_stamp_is_not_the_number_or_the_date(box):
    arrival = "#place(top + left, dy: 3.2cm)[#text(10pt)[*ĐẾN*\\ Số: 512/CVĐ\\ Ngày: 16/9/2025]]\n"
    found = values(read(box, typeset(arrival + paper())))
    assert found["so_ky_hieu"] == "345/QĐ-SXD"
    assert found["ngay_ban_hanh"] == date(2025, 12, 2)


def test_an_annex_of_its_own_file_has_the_number_of_its_parent_and_no_date(box):
    text = "#align(center)[*Phụ lục 2. Lịch tiếp công dân năm 2026*]\n\nNội dung lịch tiếp công dân của các phòng chuyên môn."
    stamp = ((380, 790, 560, 830), "Số: 840/SXD-VP\\ Thời gian ký: 08/08/2025 11:32:57 +07:00")
    assert values(read(box, with_fields(typeset(text), stamp))) == {
        "so_ky_hieu": "840/SXD-VP",
        "loai_van_ban": "Phụ lục",
        "trich_yeu": "Lịch tiếp công dân năm 2026",
    }


def test_attached_rules_have_number_and_date_of_the_decision_they_belong_to(box):
    found = of(
        box,
        number="",
        place="",
        title="*QUY CHẾ*\\ *Tiếp công dân*\\ _(Ban hành kèm theo Quyết định số 15/QĐ-SXD\\ ngày 04 tháng 5 năm 2025 của Giám đốc Sở Xây dựng)_",
        authority="",
        closing="",
    )
    assert found == {
        "so_ky_hieu": "15/QĐ-SXD",
        "ngay_ban_hanh": date(2025, 5, 4),
        "co_quan_ban_hanh": "Sở Xây dựng",
        "loai_van_ban": "Quy chế",
        "trich_yeu": "Tiếp công dân",
    }


def test_what_is_no_official_document_has_no_fields(box):
    letter = "Thư gửi bạn\n\nTôi đọc Quyết định số 345/QĐ-SXD ngày 02 tháng 12 năm 2025.\n\nSố: 15/QĐ-X\n\nNguyễn Văn An"
    english = "*SOCIALIST REPUBLIC OF VIETNAM*\n\nNo. 345/QD-SXD\n\n*DECISION*\n\nOn the issue of rules for receiving citizens."
    for pdf in (typeset(letter), typeset(english), picture_of_paper(), typeset("")):
        assert values(read(box, pdf)) == {}
