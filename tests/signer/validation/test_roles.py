"""What a signature is for is told by its certificate, its stamp and its place: by no name."""

from io import BytesIO

import pikepdf
import pytest
from vectors.pki import NOW
from vectors.stamped import Step, der, report_on, signed, subject, typeset

from signer.validation.report import Integrity, SignatureRole
from signer.validation.subjects import Holder, holder_of

R = SignatureRole
DRAFTER = subject(O="ĐẠI HỌC MẪU", OU="Ban Đào tạo", CN="Nguyễn Thùy Dương")
LEADER = subject(O="ĐẠI HỌC MẪU", OU="Ban Giám hiệu", CN="Trần Quốc Bình")
SEAL = subject(O="ĐẠI HỌC MẪU", CN="TRƯỜNG ĐẠI HỌC GIẢ ĐỊNH", UID="MST:0100000000")
PORTAL = subject(O="VĂN PHÒNG MẪU", CN="CỔNG THÔNG TIN ĐIỆN TỬ MẪU", UID="MNS:1")
STAMP = "Số: 840/ĐHVN-ĐT \\ Thời gian ký: 08/08/2025 11:33:00 +07:00"


@pytest.fixture(scope="module")
def paper():
    return typeset("Văn bản")


def roles(pdf):
    return [s.role for s in report_on(pdf).signatures]


def digits(text, x, *, by=SEAL, y=740, page=0):
    return Step(by, (x, y, x + 30, y + 20), text, page=page)


def test_an_electronic_original_tells_its_six_steps_apart(paper):
    pdf = signed(
        paper,
        Step(DRAFTER, (415, 168, 465, 193)),
        Step(LEADER, (319, 52, 519, 152)),
        digits("4618", 127),
        digits("07", 376),
        digits("10", 426),
        Step(SEAL, (315, 43, 425, 153)),
    )
    report = report_on(pdf)
    assert [s.role for s in report.signatures] == [
        R.INITIAL, R.LEADER, R.NUMBER, R.DAY, R.MONTH, R.SEAL,
    ]  # fmt: skip
    assert [s.shown_text for s in report.signatures] == [None, None, "4618", "07", "10", None]
    assert report.integrity is Integrity.INTACT


def test_number_and_date_are_told_by_their_order_on_the_page_not_in_the_file(paper):
    pdf = signed(paper, digits("12", 426), digits("29", 376), digits("15", 127, y=742))
    assert roles(pdf) == [R.MONTH, R.DAY, R.NUMBER]


def test_a_landscape_annex_has_its_number_in_the_middle_and_is_told_all_the_same():
    paper = typeset("Phụ lục", 'paper: "a4", flipped: true')
    steps = (digits("259", 211, y=472), digits("03", 346, y=473), digits("04", 401, y=474))
    assert roles(signed(paper, *steps)) == [R.NUMBER, R.DAY, R.MONTH]


@pytest.mark.parametrize(("x", "role"), [(90, R.NUMBER), (400, R.UNKNOWN)], ids=["left", "right"])
def test_digits_alone_are_a_number_only_where_numbers_stand(paper, x, role):
    assert roles(signed(paper, digits("218", x))) == [role]


def test_day_and_month_alone_stand_close_together(paper):
    assert roles(signed(paper, digits("25", 376), digits("07", 426))) == [R.DAY, R.MONTH]


def test_digits_that_no_calendar_has_are_no_day(paper):
    found = roles(signed(paper, digits("15", 100), digits("45", 376), digits("13", 426)))
    assert found == [R.NUMBER, R.UNKNOWN, R.UNKNOWN]


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("45/QĐ-UBND", R.NUMBER),
        ("384-QĐ/TW", R.NUMBER),
        ("07/10/2024", R.DATE),
        ("ngày 07 tháng 10 năm 2024", R.DATE),
    ],
)
def test_a_stamp_that_says_what_it_is_needs_no_neighbours(paper, text, role):
    report = report_on(signed(paper, Step(SEAL, (300, 740, 450, 760), text)))
    assert [(s.role, s.shown_text) for s in report.signatures] == [(role, text)]


def test_an_annex_names_its_parent_in_the_reason(paper):
    reason = "Kèm theo văn bản số 259/HD-ĐHVN của TRƯỜNG ĐẠI HỌC GIẢ ĐỊNH"
    report = report_on(signed(paper, Step(SEAL, (400, 800, 580, 828), STAMP, reason)))
    (s,) = report.signatures
    assert (s.role, s.parent_number) == (R.ANNEX, "259/HD-ĐHVN")


def test_an_annex_without_a_reason_names_its_parent_on_the_stamp(paper):
    (s,) = report_on(signed(paper, Step(SEAL, (400, 800, 580, 828), STAMP))).signatures
    assert (s.role, s.parent_number) == (R.ANNEX, "840/ĐHVN-ĐT")
    assert s.shown_text == "Số: 840/ĐHVN-ĐT\nThời gian ký: 08/08/2025 11:33:00 +07:00"


@pytest.mark.parametrize(
    ("look", "reason", "role"),
    [
        ("SAO Y \\ Đại học Mẫu \\ Thời gian ký: 07/06/2024", None, R.COPY),
        ("TRÍCH SAO \\ Đại học Mẫu", None, R.COPY),
        ("Đại học Mẫu", "Đại học Mẫu ký số bản sao văn bản điện tử!", R.COPY),
        ("ĐẾN \\ Số: 12 \\ Ngày: 16/9/2024", None, R.INCOMING),
        ("Ký bởi: Trường \\ Cơ quan: Đại học Mẫu \\ Thời gian ký: 1/1", None, R.SEAL),
        ("Người ký: Trường", "Trường đã ký lên văn bản này!", R.SEAL),
    ],
)
def test_a_stamp_of_an_agency_is_told_by_what_it_says(paper, look, reason, role):
    assert roles(signed(paper, Step(SEAL, (400, 780, 580, 828), look, reason))) == [role]


def test_a_portal_is_never_a_signer_whatever_its_stamp_says(paper):
    pdf = signed(
        paper,
        Step(PORTAL, (10, 800, 300, 835), "SAO Y \\ Người ký: Trần Quốc Bình"),
        Step(PORTAL, (100, 740, 130, 760), "45"),
        Step(PORTAL, (300, 50, 450, 150)),
    )
    assert roles(pdf) == [R.PUBLISHER] * 3


def test_two_leaders_who_sign_side_by_side_are_both_leaders(paper):
    other = subject(O="BỘ MẪU", OU="Lãnh đạo Bộ", CN="Lê Thị Cẩm Tú")
    pdf = signed(paper, Step(LEADER, (80, 60, 230, 150)), Step(other, (330, 60, 480, 150)))
    assert roles(pdf) == [R.LEADER, R.LEADER]


def test_a_reviewer_without_an_appearance_before_the_leader_signed_as_initials(paper):
    assert roles(signed(paper, Step(DRAFTER), Step(LEADER, (330, 60, 480, 150)))) == [
        R.INITIAL,
        R.LEADER,
    ]


def test_a_document_time_stamp_is_one():
    from vectors.make import base, document_stamp, sign
    from vectors.pki import pki

    pdf = document_stamp(sign(base(), pki().leader), pki().tsa, NOW)
    assert roles(pdf)[-1] is R.TIMESTAMP


def test_the_stamp_is_read_as_it_was_signed_not_as_it_was_swapped_later(paper):
    pdf = signed(paper, digits("4618", 127))
    changed = BytesIO()
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    widget = writer.root["/AcroForm"]["/Fields"][0].get_object()
    del widget["/AP"]
    writer.update_container(widget)
    writer.update_root()
    writer.set_info(generic.DictionaryObject())
    writer.write(changed)
    report = report_on(changed.getvalue())
    assert report.signatures[0].shown_text == "4618"
    assert report.integrity is Integrity.ALTERED


# -- appearances made to exhaust whoever reads them ------------------------------------------------


def with_appearance(content, resources, *, compressed=False):
    """Return a signed paper whose stamp is a form of our own making."""
    from vectors.make import base, sign
    from vectors.pki import pki

    pdf = sign(base(), pki().leader, box=(100, 740, 130, 760))
    with pikepdf.open(BytesIO(pdf)) as document:
        form = pikepdf.Stream(document, content)
        form.Type, form.Subtype = pikepdf.Name.XObject, pikepdf.Name.Form
        form.BBox = pikepdf.Array([0, 0, 30, 20])
        resources(document, form)
        document.Root.AcroForm.Fields[0].AP = pikepdf.Dictionary(N=form)
        out = BytesIO()
        document.save(out, compress_streams=compressed)
        return out.getvalue()


def bomb_of_forms(document, form):
    inner = form
    for _ in range(20):
        outer = pikepdf.Stream(document, b"/X Do " * 500)
        outer.Type, outer.Subtype = pikepdf.Name.XObject, pikepdf.Name.Form
        outer.BBox = pikepdf.Array([0, 0, 30, 20])
        outer.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(X=inner))
        inner = document.make_indirect(outer)
    form.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(X=inner))


def itself(document, form):
    form.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(X=form))


def endless_ranges(document, form):
    table = b"4 beginbfrange\n" + b"<0000> <FFFFFFFF> <0041>\n" * 9000 + b"endbfrange"
    form.Resources = pikepdf.Dictionary(
        Font=pikepdf.Dictionary(
            F=pikepdf.Dictionary(
                Type=pikepdf.Name.Font,
                Subtype=pikepdf.Name.Type0,
                ToUnicode=pikepdf.Stream(document, table),
            )
        )
    )


@pytest.mark.parametrize(
    ("content", "resources"),
    [
        (b"/X Do " * 5000, bomb_of_forms),
        (b"/X Do " * 5000, itself),
        (b"BT /F 9 Tf " + b"<" + b"0041" * 9000 + b"> Tj " + b"ET", endless_ranges),
        (b"q " * 2_000_000, lambda _d, _f: None),
        (b"BT ((((((( Tj <zz> [[[[ TJ /F Tf Do Do", lambda _d, _f: None),
    ],
    ids=["forms within forms", "a form within itself", "endless ranges", "long", "broken"],
)
def test_an_appearance_made_to_exhaust_its_reader_costs_nothing_but_the_role(content, resources):
    pdf = with_appearance(content, resources, compressed=True)
    plain = with_appearance(b"BT ET", lambda _d, _f: None)
    report = report_on(pdf)
    assert report.integrity is report_on(plain).integrity
    assert len(report.signatures) == 1
    assert len(report.signatures[0].shown_text or "") <= 2000


def test_letters_come_from_differences_where_a_font_has_no_table():
    def named(document, form):
        differences = pikepdf.Array(
            [1, pikepdf.Name.four, pikepdf.Name("/uni1ED1"), pikepdf.Name.S]
        )
        form.Resources = pikepdf.Dictionary(
            Font=pikepdf.Dictionary(
                F=pikepdf.Dictionary(
                    Type=pikepdf.Name.Font,
                    Subtype=pikepdf.Name.Type1,
                    Encoding=pikepdf.Dictionary(Differences=differences),
                )
            )
        )

    pdf = with_appearance(b"BT /F 9 Tf <030201> Tj 0 -12 Td (a) Tj ET", named)
    assert report_on(pdf).signatures[0].shown_text == "Số4\na"


# -- whom a certificate is for ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "holder"),
    [
        (subject(O="Bộ Y tế", CN="Bộ Y tế"), Holder.AGENCY),
        (subject(O="Tỉnh ủy Sơn La", CN="Ban Tuyên giáo"), Holder.AGENCY),
        (subject(O="UBND TỈNH", CN="VU PHAP CHE", UID="MNS:000.00.1"), Holder.AGENCY),
        (subject(O="UBND tỉnh", CN="Phường Mai Dịch"), Holder.AGENCY),
        (subject(O="UBND tỉnh", CN="Phương Mai Lan"), Holder.PERSON),
        (subject(O="UBND tỉnh", CN="Vũ Pháp Chế"), Holder.PERSON),
        (subject(O="Bộ", CN="Trương Đại Học"), Holder.PERSON),
        (subject(O="Bộ", CN="TRUONG DAI HOC MAU"), Holder.AGENCY),
        (subject(O="Bộ", OU="Vụ", CN="PGS.TS. Nguyễn Văn A"), Holder.PERSON),
        (subject(O="Công ty", CN="X", UID="CCCD:001"), Holder.PERSON),
        (subject(O="Công ty A", CN="Y Byă", T="Giám đốc", UID="MST:01"), Holder.PERSON),
        (subject(O="VPCP", CN="Cổng Thông tin điện tử Chính phủ"), Holder.PORTAL),
        (subject(O="Bộ", OU="Cổng thông tin", CN="Văn thư", UID="MST:1"), Holder.PORTAL),
        (subject(O="Acme", CN="Jane Doe"), None),
        (subject(O="Acme", CN="Jane Doe", GN="Jane"), Holder.PERSON),
    ],
)
def test_a_certificate_is_for_a_person_an_agency_or_a_portal(by, holder):
    assert holder_of(der(by)) is holder


def test_what_is_no_certificate_is_for_nobody_known():
    assert holder_of(b"0\x03\x02\x01\x05") is None
