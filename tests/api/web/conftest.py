import pytest
from browsing import PASSWORD, Browser

from office.people import NewPerson
from office.roles import Role


@pytest.fixture
def stranger(live):
    browser = Browser(str(live.client.base_url).rstrip("/"))
    yield browser
    browser.client.close()


@pytest.fixture(scope="module")
def accounts(live):
    """Account names, by role."""
    made = {}
    for role, identities in (
        (Role.LEADER, {"lanh-dao-1"}),
        (Role.CLERK, {"con-dau"}),
        (Role.ARCHIVIST, set()),
        (Role.ADMIN, set()),
    ):
        account = f"{role.value}.one"
        live.house.people.add(
            NewPerson(
                account=account,
                password=PASSWORD,
                full_name=f"Người {role.vi}",
                title=role.vi,
                agency="UBND xã Lam Mẫu",
                roles=frozenset({role}),
                identities=frozenset(identities),
            )
        )
        made[role] = account
    return made


@pytest.fixture
def as_role(live, accounts):
    """Return a browser in which somebody of that role is logged in."""
    opened = []

    def enter(role):
        browser = Browser(str(live.client.base_url).rstrip("/"))
        opened.append(browser)
        assert browser.log_in(accounts[role]).status == 200
        return browser

    yield enter
    for browser in opened:
        browser.client.close()
