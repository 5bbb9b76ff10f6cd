"""Does the paper say what the signature says: real papers, typeset and signed here."""

from datetime import UTC, datetime

import pytest
from vectors.stamped import Step, report_on, signed, subject, text_of, typeset

from office.extract.fields import extract
from office.extract.semantic import compare, same_agency, same_person

SIGNED = datetime(2026, 2, 20, 3, 0, tzinfo=UTC)
COMMUNE = "Ủy ban nhân dân xã Đồng Xoan"
LEADER = subject(O="UBND XÃ ĐỒNG XOAN", OU="Lãnh đạo", CN="Nguyễn Văn Hòa")
SEAL = subject(O="UBND tỉnh Kim Sơn", CN="UBND xã Đồng Xoan, tỉnh Kim Sơn", UID="MST:01")
STRANGER = subject(O="UBND xã Bến Lức", OU="Lãnh đạo", CN="Lê Thị Cúc")
PORTAL = subject(O="Văn phòng UBND tỉnh", CN="Cổng Thông tin điện tử tỉnh Kim Sơn", UID="MNS:1")
AT_NAME, AT_SEAL = (330, 200, 480, 280), (300, 190, 400, 290)


def paper(
    agency="ỦY BAN NHÂN DÂN \\ XÃ ĐỒNG XOAN",
    signer="Nguyễn Văn Hòa",
    day="ngày 20 tháng 02 năm 2026",
    above="TỈNH KIM SƠN",
):
    return typeset(f"""
#set text(lang: "vi")
#grid(columns: (42%, 58%), align: center,
  [{above} \\ *{agency}* \\ Số: 45/QĐ-UBND],
  [*CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM* \\ *Độc lập - Tự do - Hạnh phúc* \\ _Đồng Xoan, {day}_])
#v(1cm)
#align(center)[*QUYẾT ĐỊNH* \\ *Về việc ban hành Quy chế văn thư*]
#v(1cm)
Căn cứ Luật Tổ chức chính quyền địa phương ngày 16 tháng 6 năm 2025; xét đề nghị của Văn phòng.
Điều 1. Ban hành kèm theo Quyết định này Quy chế văn thư, lưu trữ của cơ quan.
#v(4cm)
#grid(columns: (50%, 50%),
  [*Nơi nhận:* \\ - Như Điều 3;],
  align(center)[*TM. ỦY BAN NHÂN DÂN \\ CHỦ TỊCH* #v(3cm) *{signer}*])
""")


def step(by, box=AT_NAME, **more):
    return Step(by, box, **{"proven": SIGNED} | more)


def warnings(pdf):
    text, report = text_of(pdf), report_on(pdf)
    before = (report.integrity, report.indication)
    found = compare(text, extract(text), report)
    assert (report.integrity, report.indication) == before
    return found


def codes(pdf):
    return [r.code for r in warnings(pdf)]


def test_the_paper_is_read_as_these_tests_mean_it():
    fields = extract(text_of(paper()))
    assert fields.nguoi_ky.value == "Nguyễn Văn Hòa"
    assert fields.co_quan_ban_hanh.value.casefold() == COMMUNE.casefold()
    assert fields.ngay_ban_hanh.value.isoformat() == "2026-02-20"


def test_a_paper_signed_by_its_own_people_has_no_warning():
    assert codes(signed(paper(), step(LEADER), step(SEAL, AT_SEAL))) == []


@pytest.mark.parametrize(
    "name", ["NGUYEN VAN HOA", "Nguyễn Văn Hoà", "ThS. Nguyễn Văn Hòa", "Nguyễn Văn Hòa (Chủ tịch)"]
)
def test_one_name_written_in_another_way_is_the_same_person(name):
    by = subject(O="UBND xã Đồng Xoan", CN=name)
    assert codes(signed(paper(), step(by))) == []


def test_a_rank_before_the_printed_name_is_no_difference():
    assert codes(signed(paper(signer="Thượng tá Nguyễn Văn Hòa"), step(LEADER))) == []


def test_somebody_else_who_signs_is_named_with_both_names():
    by = subject(O="UBND xã Đồng Xoan", CN="Trần Thị Mai")
    (warning,) = warnings(signed(paper(), step(by), step(SEAL, AT_SEAL)))
    assert warning.code == "paper.signer_mismatch"
    for words in (warning.vi, warning.en):
        assert "Nguyễn Văn Hòa" in words
        assert "Trần Thị Mai" in words


def test_a_name_that_differs_in_one_mark_is_somebody_else():
    by = subject(O="UBND xã Đồng Xoan", CN="Nguyễn Văn Hoa")
    marked = subject(O="UBND xã Đồng Xoan", CN="Nguyễn Văn Hỏa")
    assert codes(signed(paper(), step(by))) == ["paper.signer_mismatch"]
    assert codes(signed(paper(), step(marked))) == ["paper.signer_mismatch"]


def test_the_drafter_s_initials_do_not_have_to_bear_the_printed_name():
    drafter = subject(O="UBND xã Đồng Xoan", OU="Văn phòng", CN="Phạm Thu Thảo")
    assert codes(signed(paper(), step(drafter, (480, 300, 530, 325)), step(LEADER))) == []


def test_another_agency_s_seal_under_a_letterhead_is_named():
    seal = subject(O="UBND tỉnh Kim Sơn", CN="UBND xã Bến Lức", UID="MST:02")
    (warning,) = warnings(signed(paper(), step(LEADER), step(seal, AT_SEAL)))
    assert warning.code == "paper.agency_mismatch"
    assert "UBND xã Bến Lức" in warning.vi
    assert "xã đồng xoan" in warning.vi.casefold()


def test_the_office_of_an_agency_is_not_the_agency():
    seal = subject(O="UBND tỉnh Kim Sơn", CN="Văn phòng UBND xã Đồng Xoan", UID="MST:02")
    assert codes(signed(paper(), step(LEADER), step(seal, AT_SEAL))) == ["paper.agency_mismatch"]


def test_a_leader_of_another_place_who_signs_alone_is_named_twice():
    found = codes(signed(paper(), step(STRANGER)))
    assert found == ["paper.signer_mismatch", "paper.agency_mismatch"]


def test_a_leader_whose_certificate_names_the_superior_agency_printed_above_is_at_home():
    by = subject(O="UBND tỉnh Kim Sơn", CN="Nguyễn Văn Hòa")
    assert codes(signed(paper(above="UBND TỈNH KIM SƠN"), step(by))) == []
    assert codes(signed(paper(above="UBND TỈNH BẮC HÀ"), step(by))) == ["paper.agency_mismatch"]


def test_a_council_without_a_seal_of_its_own_may_use_its_host_s():
    pdf = paper(agency="HỘI ĐỒNG \\ TUYỂN DỤNG VIÊN CHỨC")
    assert codes(signed(pdf, step(LEADER), step(SEAL, AT_SEAL))) == []


def test_a_date_after_the_proven_time_is_named():
    (warning,) = warnings(signed(paper(day="ngày 21 tháng 02 năm 2026"), step(LEADER)))
    assert warning.code == "paper.date_after"
    assert "21/02/2026" in warning.vi
    assert "20/02/2026" in warning.vi


def test_the_day_of_signing_is_vietnam_s():
    late = datetime(2026, 2, 20, 17, 30, tzinfo=UTC)  # past midnight in Hanoi
    pdf = paper(day="ngày 21 tháng 02 năm 2026")
    assert codes(signed(pdf, step(LEADER, proven=late))) == []


def test_a_date_after_a_merely_claimed_time_says_that_it_is_claimed():
    found = codes(signed(paper(day="ngày 01 tháng 01 năm 2090"), step(LEADER, proven=None)))
    assert found == ["paper.date_after_claimed"]


def test_signing_long_after_the_printed_date_is_how_agencies_work():
    assert codes(signed(paper(day="ngày 03 tháng 4 năm 2024"), step(LEADER))) == []


def test_a_paper_that_only_a_portal_signed_is_not_compared():
    pdf = paper(agency="BỘ NỘI VỤ", day="ngày 01 tháng 01 năm 2090")
    assert codes(signed(pdf, step(PORTAL))) == []


def test_a_copy_bears_the_seal_of_whoever_copied_it():
    other = subject(O="UBND tỉnh Kim Sơn", CN="Sở Nội vụ tỉnh Kim Sơn", UID="MST:03")
    copied = step(other, (400, 800, 580, 838), look="SAO Y \\ Sở Nội vụ")
    assert codes(signed(paper(), copied)) == []


def test_an_annex_of_another_document_is_named():
    reason = "Kèm theo văn bản số {} của UBND xã Đồng Xoan"
    box = (400, 800, 580, 838)
    for number, found in (("45/QĐ-UBND", []), ("46/QĐ-UBND", ["paper.number_mismatch"])):
        pdf = signed(paper(), step(SEAL, box, look="UBND", reason=reason.format(number)))
        assert codes(pdf) == found


def test_an_altered_paper_has_graver_news():
    pdf = signed(paper(), step(STRANGER))
    at = pdf.index(b"/Producer") if b"/Producer" in pdf else pdf.index(b"/MediaBox")
    text, report = text_of(pdf), report_on(pdf[:at] + pdf[at : at + 2].lower() + pdf[at + 2 :])
    assert report.integrity.value == "ALTERED"
    assert compare(text, extract(text), report) == ()


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("Ủy ban nhân dân xã Mẫu", "UBND XÃ MẪU", True),
        ("Ủy ban nhân dân tỉnh A", "Ủy ban nhân dân tỉnh B", False),
        ("Sở Nội vụ", "SO NOI VU TINH LAM GIANG", True),
        ("Đại học Quốc gia Hà Nội", "Trường Đại học Việt Nhật", False),
        ("Bộ Giáo dục và Đào tạo", "Bộ GD&ĐT", True),
        ("Thủ tướng Chính phủ", "Chính phủ", True),
        ("Chủ tịch Ủy ban nhân dân tỉnh A", "UBND tỉnh A", True),
        ("Trường THPT Chu Văn An", "Trường trung học phổ thông Chu Văn An", True),
        ("Sở", "Sở Nội vụ", False),
    ],
)
def test_agencies_are_compared_by_their_words(a, b, same):
    assert same_agency(a, b) is same
    assert same_agency(b, a) is same


def test_names_are_compared_without_ranks_and_with_their_marks():
    assert same_person("PGS.TS. Trần Thị Thủy", "TRẦN THỊ THUỶ")
    assert not same_person("Trần Thị Thủy", "Trần Thị Thúy")
