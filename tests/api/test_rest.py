"""REST through a real server: what programs see."""

import http.client
import json
import re
import shutil
import threading

import httpx
import pytest

from api.rest.throttle import Throttle
from api.settings import load
from api.wiring import House
from office.errors import TooManyAttemptsError
from office.roles import Role
from support.live import free_port, serving

PROBLEM = "application/problem+json"


def pdf(path, name=None):
    return {"file": (name or path.name, path.read_bytes(), "application/pdf")}


@pytest.fixture(scope="module")
def archived(live, clerk, papers):
    answer = live.client.post("/api/v1/documents", headers=clerk, files=pdf(papers[0]))
    assert answer.status_code == 201
    return answer.json()


def problem(answer, status, code):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    told = answer.json()
    assert told["code"] == code
    assert told["type"] == f"urn:antin:problem:{code}"
    assert told["status"] == status
    assert told["detail_vi"]
    assert told["detail_en"]
    assert told["request_id"] == answer.headers["x-request-id"]
    return told


def test_verification_is_public_and_answers_the_command_lines_line(live, papers, antin):
    answer = live.client.post("/api/v1/verifications", files=pdf(papers[0]))
    assert answer.status_code == 200
    told = answer.json()
    (line,) = antin("verify", "--json", "--offline", papers[0]).stdout.splitlines()
    printed = json.loads(line)
    assert told.keys() == printed.keys()
    for name in ("sha256", "bytes", "integrity", "indication", "reasons", "extracted"):
        assert told[name] == printed[name]


@pytest.mark.parametrize(("form", "begins"), [("pdf", b"%PDF-"), ("xml", b"<?xml")])
def test_the_archived_report_comes_for_people_and_for_machines(live, clerk, archived, form, begins):
    address = f"/api/v1/documents/{archived['record_id']}/report.{form}"
    answer = live.client.get(address, headers=clerk)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"application/{form}"
    assert answer.content.startswith(begins)
    problem(live.client.get(address), 401, "person.not_signed_in")


def test_what_is_not_a_pdf_is_an_answer_and_nothing_is_kept(live):
    answer = live.client.post("/api/v1/verifications", files={"file": ("a.pdf", b"MZ" * 99)})
    assert answer.status_code == 200
    assert answer.json()["integrity"] == "UNREADABLE"
    assert answer.json()["reasons"][0]["code"] == "file.not_pdf"


def test_an_empty_upload_and_a_form_without_one_are_refused(live):
    post = live.client.post
    problem(post("/api/v1/verifications", files={"file": ("a", b"")}), 422, "upload.empty")
    problem(post("/api/v1/verifications", content=b"{}"), 400, "request.unreadable")
    problem(
        post(
            "/api/v1/verifications",
            content=b"rubbish",
            headers={"content-type": "multipart/form-data; boundary=x"},
        ),
        400,
        "request.unreadable",
    )


def test_the_upload_limit_is_exact_to_the_byte(live):
    limit = live.house.settings.upload_limit
    at = live.client.post("/api/v1/verifications", files={"file": ("a.pdf", b"%" * limit)})
    assert at.status_code == 200
    above = live.client.post("/api/v1/verifications", files={"file": ("a", b"%" * (limit + 1))})
    problem(above, 413, "upload.too_large")


def test_a_body_that_never_ends_is_cut_off_while_it_comes_in(live):
    sent = 0

    def endless():
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        while sent < 200 << 20:
            sent += 1 << 16
            yield b"%" * (1 << 16)

    try:
        answer = live.client.post(
            "/api/v1/verifications",
            content=endless(),
            headers={"content-type": "multipart/form-data; boundary=b"},
        )
        problem(answer, 413, "upload.too_large")
    except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        pass  # it hung up on us, which is as good
    assert sent < 100 << 20


def test_a_content_length_above_the_limit_is_refused_unread(live):
    url = live.client.base_url
    plain = http.client.HTTPConnection(url.host, url.port, timeout=20)
    plain.putrequest("POST", "/api/v1/verifications")
    plain.putheader("Content-Type", "multipart/form-data; boundary=b")
    plain.putheader("Content-Length", str(1 << 40))
    plain.endheaders()
    answer = plain.getresponse()
    assert answer.status == 413
    assert json.loads(answer.read())["code"] == "upload.too_large"
    plain.close()


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("DELETE", "/api/v1/documents", 405, "method_not_allowed"),
        ("GET", "/api/v1/documents", 401, "person.not_signed_in"),
        ("POST", "/api/v1/signatures", 401, "person.not_signed_in"),
        ("GET", "/api/v1/identities", 401, "person.not_signed_in"),
    ],
)
def test_refusals_of_the_framework_are_problems_too(live, method, path, status, code):
    problem(live.client.request(method, path), status, code)


def test_a_problem_speaks_english_to_who_prefers_it(live):
    answer = live.client.get(
        "/api/v1/nothing", headers={"accept-language": "en-GB,en;q=0.9,vi;q=0.5"}
    )
    assert answer.json()["title"] == "Not found"


def test_a_caller_may_name_its_request_but_not_write_into_our_log(live):
    good = live.client.get("/healthz", headers={"x-request-id": "ban-ngoai-0001"})
    assert good.headers["x-request-id"] == "ban-ngoai-0001"
    bad = live.client.get("/healthz", headers={"x-request-id": 'x", "level": "none'})
    assert re.fullmatch(r"[0-9a-f]{16}", bad.headers["x-request-id"])


def test_an_invalid_request_names_the_place_and_never_the_value(live, leader):
    answer = live.client.get("/api/v1/documents", params={"limit": "canary-2468"}, headers=leader)
    problem(answer, 422, "request.invalid")
    assert "limit" in answer.json()["detail_en"]
    assert "canary-2468" not in answer.text


def test_an_administrator_neither_reads_nor_signs(live, administrator, archived, papers):
    get, record = live.client.get, archived["record_id"]
    for path in ("", f"/{record}", f"/{record}/content", f"/{record}/pages/1.png"):
        problem(get(f"/api/v1/documents{path}", headers=administrator), 403, "person.not_allowed")
    answer = live.client.post(
        "/api/v1/signatures",
        headers=administrator | {"Idempotency-Key": "quan-tri-1"},
        data={"identity": "lanh-dao-1", "pin": "123456"},
        files=pdf(papers[0]),
    )
    problem(answer, 403, "person.not_allowed")


def test_a_document_goes_in_is_found_and_comes_out_the_same(live, leader, archived, papers):
    record = archived["record_id"]
    get = live.client.get
    found = get("/api/v1/documents", params={"q": "ủy ban"}, headers=leader).json()
    assert record in [hit["record_id"] for hit in found["hits"]]
    described = get(f"/api/v1/documents/{record}", headers=leader).json()
    assert described["sha256"] == archived["sha256"]
    content = get(f"/api/v1/documents/{record}/content", headers=leader)
    assert content.content == papers[0].read_bytes()
    assert content.headers["content-type"] == "application/pdf"
    image = get(f"/api/v1/documents/{record}/pages/1.png", headers=leader)
    assert image.content.startswith(b"\x89PNG")
    report = get(f"/api/v1/documents/{record}/report", headers=leader).json()
    assert report["sha256"] == archived["sha256"]


def test_the_same_bytes_twice_are_one_record(live, clerk, archived, papers):
    again = live.client.post("/api/v1/documents", headers=clerk, files=pdf(papers[0], "khac.pdf"))
    assert again.status_code == 200
    assert again.json()["record_id"] == again.json()["duplicate_of"] == archived["record_id"]


def test_stated_metadata_win_over_what_was_read(live, clerk, leader, papers):
    stated = {"so_ky_hieu": "999/QĐ-THU", "ngay_ban_hanh": "2020-02-29"}
    answer = live.client.post(
        "/api/v1/documents",
        headers=clerk,
        files=pdf(papers[1]),
        data={"metadata": json.dumps(stated), "kind": "outgoing"},
    )
    record = live.client.get(
        f"/api/v1/documents/{answer.json()['record_id']}", headers=leader
    ).json()
    assert record["metadata"]["so_ky_hieu"] == "999/QĐ-THU"
    assert record["metadata"]["ngay_ban_hanh"] == "2020-02-29"
    assert record["metadata"]["sources"]["so_ky_hieu"] == "given"
    assert record["metadata"]["sources"]["trich_yeu"] == "page"


@pytest.mark.parametrize(
    "metadata",
    ["not json", "[]", '{"x": "y"}', '{"ngay_ban_hanh": "31/12/2020"}', '{"so_ky_hieu": 7}'],
)
def test_metadata_that_mean_nothing_are_refused(live, clerk, papers, metadata):
    answer = live.client.post(
        "/api/v1/documents", headers=clerk, files=pdf(papers[2]), data={"metadata": metadata}
    )
    problem(answer, 422, "metadata.invalid")


@pytest.mark.parametrize(
    "name", ['x"; filename="y.exe', "../../etc/passwd", "công văn số 1.pdf", "a\u202egpj.pdf"]
)
def test_a_files_own_name_reaches_nobody_as_a_header_or_a_path(live, clerk, leader, papers, name):
    content = papers[2].read_bytes() + b"%" + name.encode()
    answer = live.client.post(
        "/api/v1/documents", headers=clerk, files={"file": (name, content, "application/pdf")}
    )
    record = answer.json()["record_id"]
    header = live.client.get(f"/api/v1/documents/{record}/content", headers=leader).headers[
        "content-disposition"
    ]
    assert re.fullmatch(
        r"attachment; filename=\"[A-Za-z0-9._ -]*\"; filename\*=UTF-8''[A-Za-z0-9._%~-]*", header
    )


def test_pages_of_hits_follow_each_other_without_gap_or_repeat(live, leader, archived):
    seen, path = [], "/api/v1/documents?limit=1"
    while path:
        answer = live.client.get(path, headers=leader)
        seen += [hit["record_id"] for hit in answer.json()["hits"]]
        link = answer.headers.get("link")
        path = re.fullmatch(r'<(.+)>; rel="next"', link)[1] if link else None
    everything = live.client.get("/api/v1/documents?limit=200", headers=leader).json()
    assert seen == [hit["record_id"] for hit in everything["hits"]]
    assert len(seen) == len(set(seen)) == everything["total"]


def test_a_cursor_of_nobody_is_refused(live, leader):
    answer = live.client.get("/api/v1/documents", params={"cursor": "xx"}, headers=leader)
    problem(answer, 422, "search.cursor")


def test_a_record_that_does_not_exist_is_said_so(live, leader):
    problem(live.client.get("/api/v1/documents/none", headers=leader), 404, "record.not_found")


def sign(live, who, papers, *, key, **fields):
    values = {"identity": "lanh-dao-1", "pin": "123456", "level": "B-B"} | fields
    return live.client.post(
        "/api/v1/signatures",
        headers=who | {"Idempotency-Key": key},
        data=values,
        files=pdf(papers[1]),
    )


def test_signing_twice_with_one_key_signs_once_and_answers_the_same(live, leader, papers):
    first = sign(live, leader, papers, key="khoa-0001")
    second = sign(live, leader, papers, key="khoa-0001")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second.headers["idempotent-replayed"] == "true"
    content = live.client.get(first.json()["content"], headers=leader)
    checked = live.client.post(
        "/api/v1/verifications", files={"file": ("a.pdf", content.content)}
    ).json()
    assert checked["integrity"] == "INTACT"
    assert checked["sha256"] == first.json()["sha256"]


def test_of_many_equal_requests_at_once_one_signs(live, leader, papers):
    answers = []

    def ask():
        answers.append(sign(live, leader, papers, key="khoa-cung-luc"))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    made = {a.json()["record_id"] for a in answers if a.status_code == 201}
    assert len(made) == 1
    assert {a.status_code for a in answers} <= {201, 409}


def test_the_same_key_with_another_request_is_refused(live, leader, papers):
    sign(live, leader, papers, key="khoa-0002")
    answer = sign(live, leader, papers, key="khoa-0002", level="B-T")
    problem(answer, 422, "idempotency.changed")


def test_a_wrong_pin_signs_nothing_and_the_same_key_may_try_again(live, leader, papers):
    problem(sign(live, leader, papers, key="khoa-0003", pin="654321"), 422, "pin.wrong")
    assert sign(live, leader, papers, key="khoa-0003").status_code == 201


def test_the_key_of_a_signature_is_required(live, leader, papers):
    answer = live.client.post(
        "/api/v1/signatures", headers=leader, data={"identity": "lanh-dao-1"}, files=pdf(papers[0])
    )
    assert "idempotency-key" in problem(answer, 422, "request.invalid")["detail_en"]


def test_nobody_signs_with_an_identity_that_is_not_theirs(live, clerk, papers):
    problem(sign(live, clerk, papers, key="khoa-0004"), 403, "person.not_allowed")


@pytest.mark.parametrize(
    "fields", [{"level": "B-X"}, {"appearance": "big"}, {"box": "1,2,3"}, {"box": "1,2,3,4"}]
)
def test_a_signature_that_cannot_be_placed_is_refused(live, leader, papers, fields):
    answer = sign(live, leader, papers, key=f"khoa-{sorted(fields.items())!r}"[:60], **fields)
    problem(answer, 422, "sign.placement")


def test_an_archived_record_can_be_signed(live, leader, archived):
    answer = live.client.post(
        "/api/v1/signatures",
        headers=leader | {"Idempotency-Key": "khoa-0005"},
        data={
            "identity": "lanh-dao-1",
            "pin": "123456",
            "level": "B-B",
            "record_id": archived["record_id"],
        },
        files={"unused": ("", b"")},
    )
    assert answer.status_code == 201, answer.text


def test_health_readiness_and_figures(live, papers):
    assert live.client.get("/healthz").text == "ok\n"
    ready = live.client.get("/readyz")
    assert ready.status_code == 200
    assert set(ready.json()["parts"]) == {"database", "store", "sandbox", "timestamps"}
    live.client.post("/api/v1/verifications", files=pdf(papers[0]))
    for i in range(5):
        live.client.get(f"/api/v1/made-up-{i}")
    figures = live.client.get("/metrics").text
    assert 'antin_verifications_total{indication="none",integrity="UNSIGNED"}' in figures
    assert 'route="/api/v1/verifications"' in figures
    assert "made-up" not in figures


@pytest.fixture(scope="module")
def lonely(installed, tmp_path_factory):
    """A server whose time-stamping authority does not answer."""
    data = tmp_path_factory.mktemp("lonely") / "data"
    shutil.copytree(installed, data)
    port = free_port()
    settings = load(data, tsa=f"tat=http://127.0.0.1:{port}/tsa", fetch_private=f"127.0.0.1:{port}")
    yield from serving(House(settings))


def test_when_no_authority_answers_the_request_may_be_repeated_later(lonely, papers):
    who = lonely.join(Role.LEADER)
    for _ in range(2):  # the second is a new attempt, not a stored answer
        answer = sign(lonely, who, papers, key="khoa-tsa-1", level="B-T")
        told = problem(answer, 503, "timestamp.unavailable")
        assert told["retryable"]
        assert int(answer.headers["retry-after"]) > 0
    assert lonely.client.get("/api/v1/documents", headers=who).json()["total"] == 0
    assert sign(lonely, who, papers, key="khoa-tsa-1", level="B-B").status_code == 201


def test_a_part_that_does_not_work_makes_the_service_not_ready(lonely):
    answer = lonely.client.get("/readyz")
    assert answer.status_code == 503
    parts = answer.json()["parts"]
    assert [name for name, works in parts.items() if not works] == ["timestamps"]
    assert lonely.client.get("/healthz").status_code == 200


def test_a_damaged_object_is_named_and_not_handed_out(lonely, papers):
    clerk = lonely.join(Role.CLERK)
    put = lonely.client.post("/api/v1/documents", headers=clerk, files=pdf(papers[0])).json()
    objects = lonely.house.settings.data / "objects"
    (stored,) = [
        p for p in objects.rglob("*") if p.is_file() and p.read_bytes() == papers[0].read_bytes()
    ]
    stored.chmod(0o644)
    stored.write_bytes(papers[0].read_bytes()[:-1] + b"!")
    for what in ("content", "pages/1.png"):
        answer = lonely.client.get(f"/api/v1/documents/{put['record_id']}/{what}", headers=clerk)
        problem(answer, 500, "fixity.mismatch")


def test_every_route_of_the_document_answers_problems_and_shows_an_example(live):
    document = live.client.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        if not path.startswith("/api/"):
            continue
        for operation in methods.values():
            refused = [r for s, r in operation["responses"].items() if s >= "400"]
            assert refused, path
            assert all(PROBLEM in r["content"] for r in refused), path


def test_a_stranger_may_ask_so_often_and_no_more():
    now = 0.0
    throttle = Throttle(per_minute=3, at_once=1, clock=lambda: now)
    for _ in range(3):
        throttle.admit("192.0.2.1")
    with pytest.raises(TooManyAttemptsError) as e:
        throttle.admit("192.0.2.1")
    assert e.value.retry_after == 20
    throttle.admit("192.0.2.2")
    now = 20.0
    throttle.admit("192.0.2.1")


def test_one_ipv6_subscriber_is_one_stranger():
    throttle = Throttle(per_minute=1, at_once=1, clock=lambda: 0.0)
    throttle.admit("2001:db8::1")
    with pytest.raises(TooManyAttemptsError):
        throttle.admit("2001:db8::ffff")
    throttle.admit("2001:db8:0:1::1")


def test_when_all_places_are_taken_the_next_is_told_to_come_back():
    throttle = Throttle(per_minute=1, at_once=1)
    with throttle.place(), pytest.raises(TooManyAttemptsError), throttle.place():
        pass
    with throttle.place():
        pass
