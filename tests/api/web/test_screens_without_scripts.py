"""The three screens without scripts: forms as they are, over HTTP, with a real house behind."""

import re
from pathlib import Path

import pytest
from browsing import Browser, Page

from archive.model import RecordKind
from office.roles import Role
from office.samples import names

PIN = "123456"
NASTY = [
    "<script>alert(1)</script>.pdf",
    '"><img src=x onerror=alert(1)>.pdf',
    "'\"--></style></script><svg onload=alert(1)>.pdf",
    "{{ 7*7 }}{% raise %}.pdf",
    "javascript:alert(1)//.pdf",
]


# -- Kiểm tra chữ ký


def test_a_file_is_checked_without_an_account(stranger, papers):
    page = stranger.check(papers[0])
    assert re.search(r"/verify/[\w-]{22}$", str(page.response.url)), "reloading sends nothing again"
    assert "Văn bản này không có chữ ký số." in page.text
    assert papers[0].name in page.text
    image = stranger.client.get(next(src for src in page.images if "/pages/1-" in src))
    assert image.headers["content-type"] == "image/png"
    assert image.content.startswith(b"\x89PNG")


def test_the_report_is_the_one_that_rest_gives(stranger, papers, live):
    page = stranger.check(papers[0])
    address = next(link for link in page.links if link and link.endswith("report.json"))
    shown = stranger.client.get(address).json()
    told = live.client.post(
        "/api/v1/verifications", files={"file": (papers[0].name, papers[0].read_bytes())}
    ).json()
    for volatile in ("seconds", "made_with"):
        shown.pop(volatile)
        told.pop(volatile)
    assert shown == told


@pytest.mark.parametrize(("form", "begins"), [("pdf", b"%PDF-1.7"), ("xml", b"<?xml")])
def test_the_report_comes_for_people_and_for_machines(stranger, papers, form, begins):
    page = stranger.check(papers[0])
    address = next(link for link in page.links if link and link.endswith(f"report.{form}"))
    answer = stranger.client.get(address)
    assert answer.content.startswith(begins)
    assert f".{form}" in answer.headers["content-disposition"]
    assert answer.content == stranger.client.get(address).content, "made once"
    if form == "xml":
        assert page.response.text.count("report.xml") == 1
        assert b"ValidationReport" in answer.content
    thief = Browser(stranger.address)
    assert thief.get(address).status == 404
    thief.client.close()


def test_a_form_of_report_that_does_not_exist_is_refused(stranger, papers):
    page = stranger.check(papers[0])
    assert stranger.get(f"{page.response.url}/report.docx").status in (404, 422)


def test_a_script_that_asks_for_json_is_told_where_the_verdict_is(stranger, papers):
    form = stranger.get("/verify").form("/verify")
    answer = stranger.client.post(
        "/verify",
        data=form["fields"],
        files={"file": ("a.pdf", papers[0].read_bytes())},
        headers={"accept": "application/json", "origin": stranger.address},
    )
    assert stranger.get(answer.json()["location"]).status == 200


def test_a_verdict_opens_only_in_the_browser_that_sent_the_file(stranger, papers):
    page = stranger.check(papers[0])
    thief = Browser(stranger.address)
    for address in (
        str(page.response.url),
        next(s for s in page.images if "/pages/" in s),
        f"{page.response.url}/report.json",
    ):
        answer = thief.get(address)
        assert answer.status == 404
        assert papers[0].name not in answer.text
    assert "chỉ mở được trên trình duyệt đã gửi tệp" in thief.get(str(page.response.url)).text
    thief.client.close()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "tệp rỗng"),
        (b"not a pdf at all", "Không đọc được tệp này."),
        (b"%PDF-1.7\n" + b"\x00" * 4000, "Không đọc được tệp này."),
    ],
)
def test_what_is_no_document_gets_a_sentence_not_a_fault(stranger, content, words):
    page = stranger.check(content, "x.pdf")
    assert page.status < 500
    assert words in page.text


def test_no_file_at_all_is_asked_for_again(stranger):
    page = stranger.send(stranger.get("/verify"), "/verify", files={"other": ("", b"")})
    assert page.status == 422
    assert "Hãy chọn một tệp PDF" in page.text
    assert "/verify" in page.links


def test_one_byte_above_the_limit_is_refused_with_the_limit_named(stranger, live):
    limit = live.house.settings.upload_limit
    page = stranger.check(b"%PDF-1.7\n" + b"x" * (limit + 1 - 9), "lon.pdf")
    assert page.status == 413
    assert "Tệp lớn hơn giới hạn" in page.text
    assert stranger.check(b"%PDF-1.7\n" + b"x" * (limit - 9), "vua.pdf").status == 200


def test_far_above_the_limit_is_still_an_answer_not_a_broken_connection(stranger, live):
    content = b"%PDF-1.7\n" + b"x" * (live.house.settings.upload_limit * 4)
    assert stranger.check(content, "rat-lon.pdf").status == 413


@pytest.mark.parametrize("name", NASTY)
def test_a_file_name_is_shown_and_does_nothing_else(stranger, papers, name):
    page = stranger.check(papers[0].read_bytes(), name)
    shown = name.rsplit("/", 1)[-1].replace('"', "%22")  # as browsers send it
    assert shown in page.text
    assert shown not in page.response.text or "<" not in shown
    assert not [t for t, a in page.elements if t == "script" or any(k.startswith("on") for k in a)]


@pytest.mark.parametrize(
    "address", ["pages/0-900.png", "pages/99-900.png", "pages/1-7.png", "pages/1-999999.png"]
)
def test_odd_page_images_are_refused(stranger, papers, address):
    page = stranger.check(papers[0])
    assert 400 <= stranger.get(f"{page.response.url}/{address}").status < 500


# -- Ký số


def to_approve(browser, name=None):
    return browser.send(browser.get("/sign"), "/sign", sample=name or names()[0])


def sign(browser, approval, /, **values):
    values = {"pin": PIN, "level": "PAdES-B-T"} | values
    return browser.send(approval, approval.response.url.path, **values)


def test_a_leader_reads_signs_archives_and_finds_a_document(as_role):
    leader = as_role(Role.LEADER)
    page = to_approve(leader)
    assert len([s for s in page.images if "/pages/" in s]) >= 1, "the pages are there to be read"
    assert "/appearances/lanh-dao-1-leader.png" in page.response.text
    signed = sign(leader, page)
    assert "Đã ký xong" in signed.text
    assert "Văn bản nguyên vẹn, chữ ký số hợp lệ." in signed.text
    folder = signed.response.url.path.rsplit("/", 1)[0]
    content = leader.client.get(f"{folder}/document.pdf")
    assert content.content.startswith(b"%PDF")
    assert "attachment" in content.headers["content-disposition"]
    record = leader.send(signed, f"{folder}/archive")
    assert "/records/" in str(record.response.url)
    assert "125/QĐ-UBND" in record.text
    assert leader.client.get(f"{record.response.url.path}/content").content == content.content
    found = leader.get("/search?q=125/qd-ubnd")
    assert record.response.url.path in found.links
    assert "Hợp lệ" in found.text


def test_the_clerk_seals_what_the_leader_signed(as_role):
    leader, clerk = as_role(Role.LEADER), as_role(Role.CLERK)
    signed = sign(leader, to_approve(leader, names()[2]))
    record = leader.send(signed, signed.response.url.path.rsplit("/", 1)[0] + "/archive")
    record_id = record.response.url.path.rsplit("/", 1)[1]
    page = clerk.send(clerk.get("/sign"), "/sign", record=record_id)
    assert "Văn bản đã có chữ ký" in page.text
    assert 'name="appearance" value="seal"' in page.response.text, "a seal is proposed to the clerk"
    sealed = sign(clerk, page)
    assert "Văn bản nguyên vẹn, chữ ký số hợp lệ." in sealed.text
    assert "Con dấu của cơ quan" in sealed.text
    assert sealed.text.count("Chi tiết kỹ thuật của chữ ký") == 2


def test_a_wrong_pin_signs_nothing_and_keeps_what_was_filled_in(as_role):
    leader = as_role(Role.LEADER)
    page = to_approve(leader)
    again = sign(leader, page, pin="000000", left="33.3", level="PAdES-B-B")
    assert again.status == 422
    assert "Mã PIN" in again.text
    assert "không đúng" in again.text
    assert "000000" not in again.response.text
    fields = again.form(page.response.url.path)["fields"]
    assert fields["left"] == "33.3"
    assert fields["level"] == "PAdES-B-B"
    assert fields["pin"] == ""


def test_one_approval_sent_twice_is_one_signature(as_role):
    leader = as_role(Role.LEADER)
    page = to_approve(leader)
    first, second = sign(leader, page, level="PAdES-B-B"), sign(leader, page, level="PAdES-B-B")
    assert first.response.url == second.response.url


def test_an_approval_of_one_thing_is_not_one_of_another(as_role):
    leader = as_role(Role.LEADER)
    page = to_approve(leader)
    sign(leader, page, level="PAdES-B-B")
    assert sign(leader, page, level="PAdES-B-T").status == 422


def test_what_was_not_shown_is_not_signed(as_role):
    leader = as_role(Role.LEADER)
    refused = sign(leader, to_approve(leader), sha256="0" * 64)
    assert refused.status == 403
    assert "ký một văn bản khác với văn bản đã xem" in refused.text


@pytest.mark.parametrize("identity", ["con-dau", "lanh-dao-2", "", "../../etc", "no-such"])
def test_nobody_signs_with_an_identity_that_is_not_theirs(as_role, identity):
    leader = as_role(Role.LEADER)
    assert sign(leader, to_approve(leader), identity=identity).status == 403
    assert leader.get(f"/appearances/{identity or 'x'}-leader.png").status in (403, 404)


@pytest.mark.parametrize(
    "place",
    [
        {"page": "99"},
        {"page": "0"},
        {"left": "900"},
        {"width": "1"},
        {"top": "-50"},
        {"height": "nan"},
        {"width": "inf"},
    ],
    ids=str,
)
def test_a_place_that_is_not_on_the_paper_is_refused(as_role, place):
    leader = as_role(Role.LEADER)
    refused = sign(leader, to_approve(leader), **place)
    assert refused.status == 422
    assert "Đã ký xong" not in refused.text


@pytest.mark.parametrize(
    "values", [{"level": "PAdES-B-Z"}, {"appearance": "rubber-stamp"}], ids=str
)
def test_made_up_choices_are_refused(as_role, values):
    leader = as_role(Role.LEADER)
    assert sign(leader, to_approve(leader), **values).status == 422


def test_what_was_not_signed_is_neither_shown_nor_archived_as_signed(as_role):
    leader = as_role(Role.LEADER)
    page = to_approve(leader)
    address = page.response.url.path
    assert leader.get(f"{address}/signed").status == 404
    token = page.form(address)["fields"]["form_token"]
    answer = leader.client.post(
        f"{address}/archive", data={"form_token": token}, headers={"origin": leader.address}
    )
    assert answer.status_code == 404


def test_somebody_elses_desk_is_closed(as_role):
    leader, clerk = as_role(Role.LEADER), as_role(Role.CLERK)
    address = to_approve(leader).response.url.path
    for path in (
        address,
        f"{address}/pages/1-900.png",
        f"{address}/document.pdf",
        f"{address}/signed",
    ):
        assert clerk.get(path).status == 404


def test_the_pin_is_in_no_address_and_no_form_that_is_not_posted(as_role):
    page = to_approve(as_role(Role.LEADER))
    for form in page.forms:
        if "pin" in form["fields"]:
            assert form["method"] == "post"
    assert sum("pin" in form["fields"] for form in page.forms) == 1


def test_a_place_is_shown_before_it_is_signed(as_role):
    leader = as_role(Role.LEADER)
    page = to_approve(leader)
    moved = leader.get(
        f"{page.response.url.path}?appearance=leader&page=1&left=20&top=30&width=40&height=20"
    )
    assert re.search(
        r'class="place" x="56.\d+" y="85.\d+" width="113.\d+" height="56.\d+"', moved.response.text
    )
    assert moved.form(page.response.url.path)["fields"]["left"] == "20.0"


def test_who_has_no_identity_may_look_but_sees_why_not_more(live, as_role, accounts):
    person = live.house.people.find(accounts[Role.CLERK])
    clerk = as_role(Role.CLERK)
    live.house.people.grant(person.id, frozenset({Role.CLERK}))
    try:
        page = to_approve(clerk)
        assert "Bạn chưa được giao danh tính ký số nào" in page.text
        assert "Ký văn bản này" not in page.text
    finally:
        live.house.people.grant(person.id, frozenset({Role.CLERK}), frozenset({"con-dau"}))


def test_a_file_that_is_no_pdf_cannot_be_approved(as_role):
    leader = as_role(Role.LEADER)
    page = leader.send(
        leader.get("/sign"), "/sign", files={"file": ("x.pdf", b"hello", "application/pdf")}
    )
    assert page.status == 422
    assert "Traceback" not in page.text


# -- Tra cứu


@pytest.fixture(scope="module")
def archived(live, papers):
    return [
        live.house.receiving.receive(
            path, original_name=path.name, kind=RecordKind.INCOMING
        ).receipt.record_id
        for path in papers
    ]


@pytest.mark.parametrize("query", ["quy che", "quy chế", "QUY CHẾ", '"chữ ký số"', "chu ky so"])
def test_documents_are_found_with_and_without_accents_and_the_hit_is_marked(
    as_role, archived, query
):
    page = as_role(Role.ARCHIVIST).get(f"/search?q={query}")
    assert page.status == 200
    assert f"/records/{archived[0]}" in page.links
    assert any(tag == "mark" for tag, _ in page.elements)


def test_filters_narrow_and_stay_filled_in(as_role, archived):
    archivist = as_role(Role.ARCHIVIST)
    page = archivist.get("/search?q=&type=Công văn&from=2020-01-01&kind=incoming")
    assert "348/SNV-VTLT" in page.text
    assert "125/QĐ-UBND" not in page.text
    assert page.form("/search", "get")["fields"]["type"] == "Công văn"
    assert "Bỏ bộ lọc" in page.text


@pytest.mark.parametrize("query", ["q=zzzz", "q=%22", "q=!!!", "from=1990-01-01&to=1990-01-02"])
def test_nothing_found_is_said_kindly(as_role, archived, query):
    page = as_role(Role.ARCHIVIST).get(f"/search?{query}")
    assert page.status == 200
    assert "Không tìm thấy văn bản nào" in page.text


@pytest.mark.parametrize(
    "query", ["from=hôm qua", "kind=sideways", "cursor=made-up", "q=" + "dài " * 200]
)
def test_a_search_that_means_nothing_is_a_sentence(as_role, query):
    page = as_role(Role.ARCHIVIST).get(f"/search?{query}")
    assert page.status == 200

    assert 'role="alert"' in page.response.text


@pytest.mark.parametrize("payload", NASTY)
def test_what_was_typed_is_shown_and_does_nothing_else(as_role, payload):
    archivist = as_role(Role.ARCHIVIST)
    page = Page(archivist.client.get("/search", params={"q": payload, "agency": payload}))
    assert page.form("/search", "get")["fields"]["q"] == payload
    assert not [t for t, a in page.elements if t == "script" and "src" not in a]
    assert not [a for _, a in page.elements if any(k.startswith("on") for k in a)]


def test_a_record_shows_document_verdict_and_pages(as_role, archived, papers):
    archivist = as_role(Role.ARCHIVIST)
    page = archivist.get(f"/records/{archived[0]}")
    assert "125/QĐ-UBND" in page.text
    assert "Văn bản này không có chữ ký số." in page.text
    image = archivist.client.get(next(s for s in page.images if "/pages/" in s))
    assert image.content.startswith(b"\x89PNG")
    assert (
        archivist.client.get(f"/records/{archived[0]}/content").content
        == Path(papers[0]).read_bytes()
    )
    line = archivist.client.get(f"/records/{archived[0]}/report.json").json()
    assert line["integrity"] == "UNSIGNED"
    assert line["record"]["report"]["sha256"] == line["sha256"]
    paper = archivist.client.get(f"/records/{archived[0]}/report.pdf")
    assert paper.content.startswith(b"%PDF")
    etsi = archivist.client.get(f"/records/{archived[0]}/report.xml")
    assert etsi.headers["content-type"] == "application/xml"


def test_an_archived_document_can_be_checked_again(as_role, archived):
    archivist = as_role(Role.ARCHIVIST)
    page = archivist.get(f"/records/{archived[0]}")
    again = archivist.send(page, f"/records/{archived[0]}/check")
    assert "/verify/" in str(again.response.url)
    assert "Văn bản này không có chữ ký số." in again.text


@pytest.mark.parametrize("record", ["made-up", "20260101-0000000000000000", "%00"])
def test_a_record_that_is_not_there_is_not_found(as_role, record):
    assert as_role(Role.ARCHIVIST).get(f"/records/{record}").status in (404, 422)
