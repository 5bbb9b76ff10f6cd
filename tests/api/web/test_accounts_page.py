"""Accounts: opened, granted, closed by an administrator, and by nobody else."""

import re

import pytest
from browsing import Browser

from office.roles import Role


def secret(page):
    return re.search(r'class="mono secret">([^<]+)<', page.response.text)[1]


@pytest.fixture
def fresh():
    """Open one more browser at the same address."""
    opened = []

    def another(browser):
        opened.append(Browser(browser.address))
        return opened[-1]

    yield another
    for browser in opened:
        browser.client.close()


@pytest.mark.parametrize("role", [Role.LEADER, Role.CLERK, Role.ARCHIVIST])
def test_who_is_no_administrator_sees_and_changes_nothing(as_role, role):
    person = as_role(role)
    assert person.get("/accounts").status == 403
    assert person.get("/accounts/leader.one").status == 403
    token = person.get("/verify").form("/verify")["fields"]["form_token"]
    sent = person.client.post(
        "/accounts/admin.one",
        data={"form_token": token, "do": "password"},
        headers={"origin": person.address},
    )
    assert sent.status_code == 403


def test_strangers_are_asked_to_log_in(stranger):
    assert "/login" in str(stranger.get("/accounts").response.url)


def test_an_account_is_opened_used_closed_and_opened_again(as_role, fresh):
    admin = as_role(Role.ADMIN)
    made = admin.send(
        admin.get("/accounts"),
        "/accounts",
        account="Van.Thu.2",
        full_name="Lê <b>Thị</b> Hai",
        agency="UBND xã Lam Mẫu",
        **{"role-clerk": "1", "identity-con-dau": "1"},
    )
    password = secret(made)
    assert "Lê <b>Thị</b> Hai" in made.text
    assert password not in admin.get("/accounts").response.text, "shown once"
    clerk = fresh(admin)
    assert clerk.log_in("van.thu.2", password).status == 200
    assert clerk.get("/sign").status == 200
    one = admin.get("/accounts/van.thu.2")
    admin.send(one, "/accounts/van.thu.2", do="close")
    assert "/login" in str(clerk.get("/sign").response.url), "the open session ended"
    assert fresh(admin).log_in("van.thu.2", password).status == 401
    closed = admin.get("/accounts/van.thu.2")
    assert "đã khóa" in closed.text
    admin.send(closed, "/accounts/van.thu.2", do="open")
    assert fresh(admin).log_in("van.thu.2", password).status == 200
    renewed = secret(
        admin.send(admin.get("/accounts/van.thu.2"), "/accounts/van.thu.2", do="password")
    )
    assert fresh(admin).log_in("van.thu.2", password).status == 401
    assert fresh(admin).log_in("van.thu.2", renewed).status == 200


def test_rights_are_exactly_what_was_ticked(as_role, live):
    admin = as_role(Role.ADMIN)
    admin.send(
        admin.get("/accounts"),
        "/accounts",
        account="doi-vai",
        full_name="X",
        **{"role-leader": "1"},
    )
    form = admin.get("/accounts/doi-vai").form("/accounts/doi-vai")["fields"]
    admin.client.post(
        "/accounts/doi-vai",
        data={
            "form_token": form["form_token"],
            "do": "grant",
            "role-archivist": "1",
            "role-emperor": "1",
            "identity-nobody": "1",
        },
        headers={"origin": admin.address},
    )
    person = live.house.people.find("doi-vai")
    assert (person.roles, person.identities) == ({Role.ARCHIVIST}, frozenset())


def test_an_administrator_cannot_shut_the_door_behind_himself(as_role, live):
    admin = as_role(Role.ADMIN)
    token = admin.get("/accounts/admin.one").form("/accounts/admin.one")["fields"]["form_token"]
    for wish in ("grant", "close"):
        admin.client.post(
            "/accounts/admin.one",
            data={"form_token": token, "do": wish},
            headers={"origin": admin.address},
        )
    person = live.house.people.find("admin.one")
    assert person.active
    assert person.roles == {Role.ADMIN}


@pytest.mark.parametrize("account", ["", "a", "có dấu", "leader.one", "x" * 80, "../admin"])
def test_a_name_that_cannot_be_is_a_sentence_and_the_rest_stays_filled_in(as_role, account):
    admin = as_role(Role.ADMIN)
    page = admin.send(
        admin.get("/accounts"), "/accounts", account=account, full_name="Ai Đó", title="Chuyên viên"
    )
    assert page.status in (409, 422)
    assert 'role="alert"' in page.response.text
    assert page.form("/accounts")["fields"]["title"] == "Chuyên viên"


def test_an_account_that_is_not_there_is_not_found(as_role):
    assert as_role(Role.ADMIN).get("/accounts/khong-co").status == 404
