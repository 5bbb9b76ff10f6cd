"""One suite for both databases: the same questions, the same hits in the same order."""

import contextlib
import unicodedata
from dataclasses import replace
from datetime import date

import pytest

from archive.archive import Archive
from archive.catalogue.database import open_database
from archive.catalogue.search import parse
from archive.catalogue.searchindex import Clause
from archive.errors import CursorRejectedError, QueryRejectedError
from archive.model import DocumentMetadata, RecordKind, SearchOrder, SearchQuery, Sip
from archive.store.memory import MemoryStore
from support.clocks import StoppedClock
from support.fixtures import fresh_database

FILLER = "Căn cứ Luật Tổ chức chính quyền địa phương và đề nghị của Giám đốc Sở"

DOCUMENTS = {
    "dieu-dong": (
        {
            "so_ky_hieu": "345/QĐ-UBND",
            "ngay_ban_hanh": date(2024, 3, 2),
            "co_quan_ban_hanh": "Ủy ban nhân dân tỉnh Nghệ An",
            "loai_van_ban": "Quyết định",
            "trich_yeu": "Về việc điều động cán bộ",
            "nguoi_ky": "Nguyễn Văn Hòa",
        },
        [
            "Số: 345/QĐ-UBND\nQUYẾT ĐỊNH\nVề việc điều động cán bộ của Sở Y tế",
            "Trang hai nói về hòa giải ở cơ sở",
        ],
    ),
    "nfd": (
        {
            "so_ky_hieu": "12/2025/NĐ-CP",
            "ngay_ban_hanh": date(2025, 5, 1),
            "co_quan_ban_hanh": "Chính phủ",
            "loai_van_ban": "Nghị định",
            "trich_yeu": unicodedata.normalize("NFD", "Quy định về chuyển đổi số"),
        },
        [unicodedata.normalize("NFD", "Chính phủ ban hành Nghị định về chuyển đổi số quốc gia")],
    ),
    "cong-van": (
        {
            "so_ky_hieu": "05/UBND-VX",
            "ngay_ban_hanh": date(2024, 12, 31),
            "co_quan_ban_hanh": "UBND huyện Nghi Lộc",
            "loai_van_ban": "Công văn",
            "trich_yeu": "V/v hội nghị trực tuyến",
        },
        ["Kính gửi: các phòng, ban. Số đổi chuyển. Hội nghị về đề án chuyển đổi số"],
    ),
    "hoi-dap": (
        {
            "so_ky_hieu": "1345/QĐ-BNV",
            "ngay_ban_hanh": date(2023, 1, 15),
            "co_quan_ban_hanh": "Bộ Nội vụ",
            "loai_van_ban": "Quyết định",
            "trich_yeu": "Trả lời câu hỏi của cử tri",
        },
        ["Nội dung khác: 345 hộ dân thuộc diện di dời"],
    ),
    "khong-ngay": ({"trich_yeu": "Giấy mời họp"}, []),
    "lớn": (
        {
            "so_ky_hieu": "77/BC-STC",
            "ngay_ban_hanh": date(2022, 7, 7),
            "loai_van_ban": "Báo cáo",
            "trich_yeu": "Quyết toán ngân sách",
        },
        [FILLER + f" trang {n}. " * 3 + "và " * 40 for n in range(2001, 2401)]
        + ["cuối cùng là kết luận thanh tra đặc biệt quan trọng"],
    ),
}


class Finder:
    """Asks an archive that holds `DOCUMENTS`, and answers with their names."""

    def __init__(self, archive, folder, documents):
        self.archive = archive
        self.names = {}
        clock = archive._clock
        for name, (fields, pages) in documents.items():
            path = folder / "in.pdf"
            path.write_bytes(f"%PDF {name}".encode())
            kind = RecordKind.OUTGOING if name == "cong-van" else RecordKind.INCOMING
            sip = Sip(
                content=path,
                original_name=f"{name}.pdf",
                kind=kind,
                metadata=DocumentMetadata(**fields),
                page_texts=tuple(pages),
            )
            self.names[archive.ingest(sip).record_id] = name
            clock.advance(seconds=1)

    def __call__(self, text="", **filters):
        page = self.archive.search(SearchQuery(text=text, **filters))
        return [self.names[hit.record_id] for hit in page.hits]


@contextlib.contextmanager
def finder(request, folder, documents):
    with contextlib.ExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite:///{folder}/antin.db"
        else:
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgresql_server")))
        engine = open_database(url)
        stack.callback(engine.dispose)
        archive = Archive(engine=engine, store=MemoryStore(), clock=StoppedClock(), agency="UBND")
        archive.prepare()
        yield Finder(archive, folder, documents)


BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture(scope="module", params=BOTH)
def found(request, tmp_path_factory):
    """For tests that only look."""
    with finder(request, tmp_path_factory.mktemp("search"), DOCUMENTS) as it:
        yield it


@pytest.fixture(params=BOTH)
def changing(request, tmp_path):
    """For tests that change what is there."""
    short = {name: what for name, what in DOCUMENTS.items() if name != "lớn"}
    with finder(request, tmp_path, short) as it:
        yield it


@pytest.mark.parametrize(
    "query",
    [
        "điều động", "dieu dong", "ĐIỀU ĐỘNG", "Dieu  Dong", "động điều", unicodedata.normalize("NFD", "điều động"),
        '"điều động cán bộ"', '"dieu dong can bo"', "điều độ*", "345/qd-ubnd", "345/QĐ-UBND", "345/qđ*", '"345 qd ubnd"',
        "Nguyễn Văn Hoà", "nguyen van hoà", "uỷ ban nhân dân nghệ", "hoà giải", "hòa giải cơ sở", "dieu-dong.pdf", "0345/QĐ-UBND",
    ],
)  # fmt: skip
def test_one_document_however_it_is_typed(found, query):
    assert found(query) == ["dieu-dong"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("345", ["dieu-dong", "hoi-dap"]),  # the number first, then the text
        ("1345", ["hoi-dap"]),  # 345 is no part of 1345
        ("qđ-ubnd", ["dieu-dong"]),
        ("chuyển đổi số", ["nfd", "cong-van"]),
        ('"chuyển đổi số"', ["nfd", "cong-van"]),
        ('"đổi chuyển"', ["cong-van"]),
        ('"số đổi"', ["cong-van"]),
        ('"chuyen doi so" nghi loc', ["cong-van"]),
        ("quyet dinh", ["dieu-dong", "hoi-dap"]),
        ("5/ubnd-vx", ["cong-van"]),
        ("nghi*", ["nfd", "cong-van", "lớn"]),
        ("khong co gi nhu the", []),
        ('"cán bộ Nguyễn"', []),  # no phrase runs from one field into the next
        ('"động cán"', ["dieu-dong"]),
        ("!!! ???", []),
        ('"', []),
    ],
)  # fmt: skip
def test_what_is_asked_for_is_found_and_nothing_else(found, query, expected):
    assert found(query) == expected


def test_accents_in_the_query_put_the_same_accents_first(found):
    # "hội" and "hỏi" are one word without accents; with them, the one meant comes first
    # although the other is older or newer.
    assert found("hoi") == ["cong-van", "hoi-dap"]
    assert found("hội")[0] == "cong-van"
    assert found("hỏi")[0] == "hoi-dap"
    assert set(found("hỏi")) == {"hoi-dap", "cong-van"}


def test_the_last_page_of_a_long_document_is_searched_too(found):
    assert found("đặc biệt quan trọng") == ["lớn"]
    assert found('"kết luận thanh tra đặc biệt"') == ["lớn"]
    assert found('"quan trọng đặc biệt"') == []
    assert found('"giám đốc sở trang 2399"') == ["lớn"]
    assert found('"và và và"') == ["lớn"]
    assert found('"trang 2398 trang 2398"') == ["lớn"]
    assert found('"trang 2398 trang 2397"') == []


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"from_date": date(2024, 1, 1), "to_date": date(2024, 12, 31)}, ["cong-van", "dieu-dong"]),
        ({"from_date": date(2025, 5, 1)}, ["nfd"]),
        ({"to_date": date(2023, 1, 15)}, ["hoi-dap", "lớn"]),
        ({"agency": "nghe an"}, ["dieu-dong"]),
        ({"agency": "UBND huyện Nghi Lộc"}, ["cong-van"]),
        ({"agency": "nghi"}, ["cong-van"]),
        ({"agency": "ngh"}, []),
        ({"agency": "%"}, []),
        ({"type": "quyet dinh"}, ["dieu-dong", "hoi-dap"]),
        ({"type": "quyết"}, []),
        ({"kind": RecordKind.OUTGOING}, ["cong-van"]),
        ({"type": "Quyết định", "from_date": date(2024, 1, 1)}, ["dieu-dong"]),
    ],
)
def test_filters(found, filters, expected):
    assert found("", **filters) == expected


def test_without_a_question_everything_is_listed_newest_first(found):
    # The one without a date stands where it arrived.
    assert found() == ["khong-ngay", "nfd", "cong-van", "dieu-dong", "hoi-dap", "lớn"]
    assert found("", limit=2) == ["khong-ngay", "nfd"]


def test_newest_first_does_not_look_at_where_the_words_are(found):
    assert found("chuyển đổi số", order=SearchOrder.NEWEST) == ["nfd", "cong-van"]
    assert found("quyet dinh", order=SearchOrder.NEWEST) == ["dieu-dong", "hoi-dap"]
    assert found("345", order=SearchOrder.NEWEST) == ["dieu-dong", "hoi-dap"]


@pytest.mark.parametrize("order", list(SearchOrder))
@pytest.mark.parametrize("text", ["", "trang", "so*"])
def test_turning_pages_shows_everything_once(found, text, order):
    whole = found.archive.search(SearchQuery(text=text, order=order, limit=100))
    query = SearchQuery(text=text, order=order, limit=1)
    turned = []
    while True:
        page = found.archive.search(query)
        assert page.total == whole.total == len(whole.hits)
        turned += [hit.record_id for hit in page.hits]
        if page.next is None:
            break
        query = replace(query, cursor=page.next)
    assert turned == [hit.record_id for hit in whole.hits]


def test_a_page_stays_where_it_is_when_something_new_arrives(changing, tmp_path):
    first = changing.archive.search(SearchQuery(limit=2))
    rest = changing.archive.search(SearchQuery(limit=100, cursor=first.next))
    path = tmp_path / "new.pdf"
    path.write_bytes(b"%PDF new")
    changing.archive.ingest(Sip(content=path, original_name="new"))
    again = changing.archive.search(SearchQuery(limit=100, cursor=first.next))
    assert [h.record_id for h in again.hits] == [h.record_id for h in rest.hits]


@pytest.mark.parametrize(
    "cursor", ["", "x", "!!!!", "W10", "bnVsbA", "WzEsIjIwMjQtMDEtMDEiLDEsIngiXQ", "é", "A" * 5000]
)
def test_a_cursor_that_is_none_of_ours_is_refused(found, cursor):
    with pytest.raises(CursorRejectedError):
        found("345", cursor=cursor)


def test_a_cursor_of_another_search_is_refused(found):
    cursor = found.archive.search(SearchQuery(limit=1)).next
    with pytest.raises(CursorRejectedError):
        found("345", cursor=cursor)
    with pytest.raises(CursorRejectedError):
        found("", cursor=cursor, kind=RecordKind.INCOMING)


@pytest.mark.parametrize(
    "hostile",
    [
        "' OR 1=1 --",
        '" OR "',
        "a AND",
        "NEAR(a b)",
        "body: x",
        "^a",
        "a:*",
        "(((",
        "a & | !",
        "\\",
        "\x00",
        "'':A",
        "-345",
        "{number} : x",
        "%",
        "_",
        "a\ud800",
    ],
)
def test_nothing_typed_is_a_command(found, hostile):
    found(hostile)
    found("", agency=hostile, type=hostile)


def test_a_search_that_is_too_long_is_refused(found):
    with pytest.raises(QueryRejectedError) as caught:
        found("a " * 33)
    assert "quá dài" in caught.value.vi
    with pytest.raises(QueryRejectedError):
        found("a" * 501)


def text_of(hit):
    return "".join(s.text for s in hit.snippet)


def test_the_snippet_shows_the_original_text_with_what_was_asked_for_marked(found):
    [hit] = found.archive.search(SearchQuery(text='hoa giai "o co so"')).hits
    assert hit.page == 2
    assert [s.text for s in hit.snippet if s.hit] == ["hòa", "giải", "ở cơ sở"]
    assert text_of(hit) == "Trang hai nói về hòa giải ở cơ sở"
    [hit] = found.archive.search(SearchQuery(text="ket luan thanh tra")).hits
    assert hit.page == 401 or hit.page is None
    [hit] = found.archive.search(SearchQuery(text="giay moi")).hits
    assert hit.page is None
    assert [s.text for s in hit.snippet if s.hit] == ["Giấy", "mời"]


def test_the_snippet_of_a_long_page_is_cut_around_the_hit(changing, tmp_path):
    path = tmp_path / "long.pdf"
    path.write_bytes(b"%PDF long")
    page = "đầu trang " + "chữ " * 300 + "kim cương đỏ " + "chữ " * 300
    changing.archive.ingest(Sip(content=path, original_name="long", page_texts=(page,)))
    [hit] = changing.archive.search(SearchQuery(text="kim cuong do")).hits
    assert [s.text for s in hit.snippet if s.hit] == ["kim", "cương", "đỏ"]
    assert text_of(hit).startswith("… chữ")
    assert text_of(hit).endswith("chữ …")
    assert len(text_of(hit)) < 300


def test_what_was_searched_anew_is_found_anew(changing):
    [record_id] = [i for i, name in changing.names.items() if name == "khong-ngay"]
    assert changing("nhan dang ky tu") == []
    changing.archive.replace_text(record_id, ["nhận dạng ký tự"])
    assert changing("nhan dang ky tu") == ["khong-ngay"]
    changing.archive.replace_text(record_id, ["khác hẳn"])
    assert changing("nhan dang ky tu") == []


def test_the_total_is_exact_up_to_ten_thousand_and_says_so_beyond(sqlite_engine, clock, tmp_path):
    from sqlalchemy import text

    archive = Archive(engine=sqlite_engine, store=MemoryStore(), clock=clock)
    archive.prepare()
    with sqlite_engine.begin() as connection:
        connection.execute(
            text(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001)"
                " INSERT INTO records (record_id, kind, sha256, size, original_name, media_type, received_at, head,"
                " page_count, sources, number_key, agency_key, type_key, sort_date)"
                " SELECT 'r' || i, 'incoming', 's' || i, 1, 'x', 'x', '2026-01-01 00:00:00', 1, 0, '{}', '', '', '', '2026-01-01' FROM n"
            )
        )
    page = archive.search(SearchQuery(limit=1))
    assert (page.total, page.total_exact) == (10_000, False)
    with sqlite_engine.begin() as connection:
        connection.execute(text("DELETE FROM records WHERE record_id = 'r1'"))
    page = archive.search(SearchQuery(limit=1))
    assert (page.total, page.total_exact) == (10_000, True)


@pytest.mark.parametrize(
    ("typed", "clauses"),
    [
        ("a b", (Clause(words=("a",)), Clause(words=("b",)))),
        ('"a b"* c*', (Clause(words=("a", "b"), prefix=True), Clause(words=("c",), prefix=True))),
        ('"a b', (Clause(words=("a", "b")),)),
        ("345/QĐ", (Clause(words=("345", "qd")),)),
        ("a a", (Clause(words=("a",)),)),
        ('"" * -', ()),
    ],
)
def test_how_a_query_is_read(typed, clauses):
    assert parse(typed) == clauses
