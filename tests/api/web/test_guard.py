"""What surrounds every page: headers, sessions, forms (OWASP ASVS 3.4, 3.5, 7.2; CWE-352)."""

import asyncio
import re

import httpx
import pytest
from browsing import PASSWORD, Browser
from fastapi.routing import APIRoute

from api.rest.app import create_app
from api.security import CSP, HEADERS
from office.roles import Role

MACHINES = {"/healthz", "/readyz", "/metrics", "/openapi.json"}


def routes(app):
    """Return every route, also those that stand inside an included router."""
    found, waiting = [], list(app.routes)
    while waiting:
        route = waiting.pop()
        if isinstance(route, APIRoute):
            found.append(route)
        waiting.extend(getattr(getattr(route, "original_router", route), "routes", ()) or ())
    return found


def declares(dependant):
    if getattr(dependant.call, "declares_access", False):
        return True
    return any(declares(d) for d in dependant.dependencies)


def test_every_route_says_who_may_use_it(live):
    pages = [r for r in routes(create_app(live.house)) if r.path not in MACHINES]
    assert len(pages) > 20
    undeclared = [
        r.path
        for r in pages
        if not declares(r.dependant) and not any(declares(d) for d in r.dependant.dependencies)
    ]
    assert undeclared == []


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/verify",
        "/login",
        "/search",
        "/no/such/page",
        "/favicon.ico",
        "/healthz",
        "/openapi.json",
        "/verify/made-up",
        "/records/made-up",
        "/static/x/app.css",
        "/static/x/../../settings.py",
        "/api/v1/documents",
    ],
)
def test_every_answer_carries_the_headers(live, path):
    answer = live.client.get(path, headers={"accept": "text/html"})
    for name, value in HEADERS.items():
        assert answer.headers[name] == value, name


def test_the_policy_lets_nothing_in_that_is_not_ours():
    assert "default-src 'none'" in CSP
    assert "unsafe" not in CSP
    assert "http" not in CSP
    assert "*" not in CSP


def test_pages_hold_no_inline_script_style_or_handler(stranger, as_role):
    leader = as_role(Role.LEADER)
    for browser, path in (
        (stranger, "/verify"),
        (stranger, "/login"),
        (leader, "/"),
        (leader, "/search"),
        (leader, "/sign"),
    ):
        page = browser.get(path)
        assert "<style" not in page.response.text
        for tag, attrs in page.elements:
            assert "style" not in attrs, (path, tag)
            assert not [a for a in attrs if a.startswith("on")], (path, tag)
            if tag == "script":
                assert attrs["src"].startswith("/static/")


def test_nothing_on_a_page_comes_from_elsewhere(stranger):
    addresses = re.findall(r'(?:src|href|action)="([^"]+)"', stranger.get("/verify").response.text)
    assert addresses
    assert [a for a in addresses if not a.startswith(("/", "#"))] == []


# -- forms


FOREIGN = [
    {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "none"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize("path", ["/login", "/logout", "/verify", "/sign"])
def test_forms_sent_by_other_sites_are_refused_even_with_the_token(as_role, path, headers):
    leader = as_role(Role.LEADER)
    token = leader.get("/sign").form("/logout")["fields"]["form_token"]
    answer = leader.client.post(path, data={"form_token": token}, headers=headers)
    # Its cookies are not looked at, so a page for people with an account does not know anyone.
    assert answer.status_code in ((401, 403) if path == "/sign" else (403,))
    assert "Người Lãnh đạo" in leader.get("/").text, "still logged in"


@pytest.mark.parametrize("token", [None, "", "0" * 64, "é" * 8])
def test_forms_without_their_token_are_refused(stranger, token):
    stranger.get("/login")
    data = {"account": "x", "password": "y"} | ({} if token is None else {"form_token": token})
    answer = stranger.client.post("/login", data=data, headers={"origin": stranger.address})
    assert answer.status_code == 403
    assert "Biểu mẫu đã hết hạn" in answer.text


def test_a_form_of_another_browser_is_refused(stranger, live):
    other = Browser(stranger.address)
    token = other.get("/login").form("/login")["fields"]["form_token"]
    other.client.close()
    stranger.get("/login")
    answer = stranger.client.post(
        "/login", data={"form_token": token}, headers={"origin": stranger.address}
    )
    assert answer.status_code == 403


def test_a_form_from_before_logging_in_is_useless_after_it(stranger, accounts):
    old = stranger.get("/verify")
    stranger.log_in(accounts[Role.LEADER])
    assert (
        stranger.send(old, "/verify", files={"file": ("a.pdf", b"%PDF", "application/pdf")}).status
        == 403
    )


def test_a_browser_that_says_nothing_of_where_it_comes_from_is_not_believed(as_role):
    leader = as_role(Role.LEADER)
    token = leader.get("/").form("/logout")["fields"]["form_token"]
    assert leader.client.post("/logout", data={"form_token": token}).status_code == 403


def test_a_cross_site_request_with_a_session_cookie_is_nobody_to_rest_either(as_role):
    leader = as_role(Role.LEADER)
    files = {"file": ("a.pdf", b"%PDF-1.7", "application/pdf")}
    answer = leader.client.post(
        "/api/v1/documents", files=files, headers=FOREIGN[0] | {"accept": "*/*"}
    )
    assert answer.status_code == 401


# -- sessions


def test_logging_in_and_out(stranger, accounts):
    page = stranger.log_in(accounts[Role.CLERK])
    assert "Xin chào, Người Văn thư" in page.text
    cookie = stranger.client.cookies.get("antin-session")
    stranger.send(page, "/logout")
    assert "Xin chào" not in stranger.get("/").text
    stranger.client.cookies.set("antin-session", cookie, domain="127.0.0.1")
    assert "Xin chào" not in stranger.get("/").text, "the old token is dead, not only forgotten"


def test_a_planted_session_token_does_not_become_the_session(stranger, accounts):
    stranger.client.cookies.set("antin-session", "planted-by-somebody-else", domain="127.0.0.1")
    stranger.log_in(accounts[Role.LEADER])
    assert "planted-by-somebody-else" not in [
        c.value
        for c in stranger.client.cookies.jar
        if c.name == "antin-session" and c.path == "/" and not c.domain_specified
    ]
    other = Browser(stranger.address)
    other.client.cookies.set("antin-session", "planted-by-somebody-else", domain="127.0.0.1")
    assert "Xin chào" not in other.get("/").text
    other.client.close()


def test_session_cookies_are_out_of_reach_of_scripts_and_other_sites(stranger, accounts):
    page = stranger.get("/login")
    answer = stranger.send(
        page, "/login", follow=False, account=accounts[Role.LEADER], password=PASSWORD
    )
    cookie = next(c for c in answer.response.headers.get_list("set-cookie") if "antin-session" in c)
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert "expires" not in cookie.lower(), "gone when the browser closes"


def ask(app, base_url, *calls):
    """Send requests to `app` as if it stood at `base_url`; return the answers."""

    async def go():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
            return [await call(client) for call in calls]

    return asyncio.run(go())


def test_over_https_cookies_are_secure_and_bound_to_the_host(live):
    (answer,) = ask(create_app(live.house), "https://antin.example", lambda c: c.get("/login"))
    assert answer.headers["set-cookie"].startswith("__Host-antin-visitor=")
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]


def test_nobody_types_a_password_into_an_unencrypted_page_of_another_machine(live, accounts):
    async def log_in(client):
        token = re.search(r'name="form_token" value="(\w+)"', (await client.get("/login")).text)[1]
        return await client.post(
            "/login",
            data={"form_token": token, "account": accounts[Role.LEADER], "password": PASSWORD},
            headers={"origin": "http://antin.example", "accept": "text/html"},
        )

    (answer,) = ask(create_app(live.house), "http://antin.example", log_in)
    assert answer.status_code == 403
    assert "https" in answer.text
    assert "antin-session" not in str(answer.headers)


def test_wrong_passwords_are_refused_in_one_sentence_that_tells_nothing(stranger, accounts):
    known = stranger.log_in(accounts[Role.LEADER], "sai mật khẩu rồi")
    unknown = stranger.log_in("khong.co.ai", "sai mật khẩu rồi")
    for page in (known, unknown):
        assert page.status == 401
        assert "Tên đăng nhập hoặc mật khẩu không đúng." in page.text
        assert "sai mật khẩu rồi" not in page.response.text


def test_guessing_is_slowed_down_and_says_for_how_long(stranger):
    for _ in range(10):
        stranger.log_in("ke.doan.mo", "đoán mò thôi mà")
    page = stranger.log_in("ke.doan.mo", "đoán mò thôi mà")
    assert page.status == 429
    assert int(page.response.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "/\tx",
        "\\/evil.example",
    ],
)
def test_logging_in_never_leads_to_another_site(stranger, accounts, wanted):
    page = stranger.send(
        stranger.get("/login"),
        "/login",
        follow=False,
        account=accounts[Role.LEADER],
        password=PASSWORD,
        next=wanted,
    )
    assert page.response.headers["location"] == "/"


def test_logging_in_leads_to_where_the_person_wanted(stranger, accounts):
    page = stranger.get("/search?q=quy+che")
    assert str(page.response.url).endswith("/login?next=/search%3Fq%3Dquy%2Bche")
    page = stranger.send(page, "/login", account=accounts[Role.LEADER], password=PASSWORD)
    assert str(page.response.url).endswith("/search?q=quy+che")


CELLS = {
    "/verify": {None, Role.LEADER, Role.CLERK, Role.ARCHIVIST, Role.ADMIN},
    "/sign": {Role.LEADER, Role.CLERK},
    "/search": {Role.LEADER, Role.CLERK, Role.ARCHIVIST},
}


@pytest.mark.parametrize("role", [None, *Role])
@pytest.mark.parametrize("path", CELLS)
def test_each_screen_is_for_its_roles_and_no_other(stranger, as_role, path, role):
    browser = as_role(role) if role else stranger
    page = browser.get(path)
    if role in CELLS[path]:
        assert page.status == 200
    elif role is None:
        assert "/login" in str(page.response.url)
    else:
        assert page.status == 403
        assert "Vai trò của bạn không được phép" in page.text


def test_a_revoked_role_is_gone_with_the_next_page(live, as_role, accounts):
    browser = as_role(Role.ARCHIVIST)
    person = live.house.people.find(accounts[Role.ARCHIVIST])
    assert browser.get("/search").status == 200
    live.house.people.grant(person.id, frozenset({Role.ADMIN}))
    try:
        assert browser.get("/search").status == 403
    finally:
        live.house.people.grant(person.id, frozenset({Role.ARCHIVIST}))


def test_pages_of_one_person_are_not_kept_by_anyone(as_role):
    assert as_role(Role.LEADER).get("/").response.headers["cache-control"] == "no-store"


def test_problems_are_pages_for_people_and_json_for_programs(live):
    shown = live.client.get("/nowhere", headers={"accept": "text/html", "accept-language": "vi"})
    assert shown.status_code == 404
    assert "Không có gì ở địa chỉ này." in shown.text
    told = live.client.get("/nowhere", headers={"accept": "application/json"})
    assert told.headers["content-type"] == "application/problem+json"


def test_static_files_are_served_by_exact_name_only(live):
    for name in ("../app.css", "..%2f..%2fsettings.py", "%2e%2e/x", "app.css%00", "nope.css"):
        assert live.client.get(f"/static/v/{name}").status_code == 404
    found = re.search(r"/static/\w+/app.css", live.client.get("/verify").text)[0]
    answer = live.client.get(found)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert live.client.get("/static/old/app.css").headers["cache-control"] == "no-cache"


def test_the_development_banner_stands_on_every_page(stranger, as_role):
    leader = as_role(Role.LEADER)
    for browser, path in (
        (stranger, "/verify"),
        (stranger, "/login"),
        (stranger, "/no"),
        (leader, "/sign"),
        (leader, "/search"),
    ):
        assert "BẢN PHÁT TRIỂN – KHÔNG CÓ GIÁ TRỊ PHÁP LÝ" in browser.get(path).text


def test_a_head_request_is_no_fault(live):
    assert live.client.head("/verify").status_code in (200, 405)
