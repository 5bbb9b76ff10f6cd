"""Tài khoản: who may work here, for administrators.

1. An administrator cannot close or demote himself: somebody has to be left who can open accounts.
2. A password is made here, shown once in the answer to the form that asked for it, and kept nowhere
   in clear. It is nobody's to choose for somebody else.
3. Every change is a line in the log, with who made it.
"""

import logging
import secrets
from http import HTTPStatus
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from api.problems import problem_of
from api.security import require
from api.web.forms import Form, Posted
from api.web.i18n import language_of, texts
from api.web.pages import page
from api.wiring import House
from certs.model import IdentityPurpose, SigningIdentity
from office.errors import AccountExistsError, AccountInvalidError, AccountNotFoundError
from office.people import NewPerson, Person
from office.roles import MANAGERS, Role

router = APIRouter(include_in_schema=False)

Manager = Annotated[
    Person, Depends(require(*MANAGERS, vi="quản lý tài khoản", en="manage accounts"))
]
LONGEST = 200
"""Characters of a name, a title or an agency."""

_log = logging.getLogger(__name__)


@router.get("/accounts")
def overview(request: Request, manager: Manager) -> Response:
    """Show everybody, and the form for somebody new."""
    return _page(request, manager)


@router.post("/accounts")
def add(request: Request, manager: Manager, form: Posted) -> Response:
    """Open an account, and show its first password (rule 2)."""
    house = cast("House", request.app.state.house)
    password = _password()
    try:
        person = house.people.add(
            NewPerson(
                account=form.text("account")[:LONGEST],
                password=password,
                full_name=form.text("full_name")[:LONGEST] or form.text("account")[:LONGEST],
                title=form.text("title")[:LONGEST],
                agency=form.text("agency")[:LONGEST] or manager.agency,
                roles=_roles(form),
                identities=_identities(house, form),
            )
        )
    except (AccountInvalidError, AccountExistsError) as e:
        return _page(request, manager, form=form, refused=e)
    _log.info("%s opened the account %s", manager.account, person.account)
    return _page(request, manager, shown=(person, password))


@router.get("/accounts/{account}")
def one(request: Request, manager: Manager, account: str) -> Response:
    """Show one account with what may be changed."""
    return _person_page(request, manager, _find(request, account))


@router.post("/accounts/{account}")
def change(request: Request, manager: Manager, account: str, form: Posted) -> Response:
    """Change rights, lock, open or give a new password, as the form's button says."""
    house = cast("House", request.app.state.house)
    person = _find(request, account)
    wish = form.text("do")
    own = person.id == manager.id
    password = None
    if wish == "grant":
        # Rule 1: his own right to this page stays, whatever was ticked.
        roles = _roles(form) | (MANAGERS if own else frozenset())
        house.people.grant(person.id, roles, _identities(house, form))
    elif wish == "password":
        password = _password()
        house.people.set_password(person.id, password)
    elif wish == "close" and not own:
        house.people.close_account(person.id)
    elif wish == "open":
        house.people.open_account(person.id)
    else:
        return Response(status_code=HTTPStatus.BAD_REQUEST)
    _log.info("%s changed the account %s: %s", manager.account, person.account, wish)
    if password is not None:
        return _person_page(request, manager, person, password=password)
    return RedirectResponse(f"/accounts/{person.account}", HTTPStatus.SEE_OTHER)


def _find(request: Request, account: str) -> Person:
    person = cast("House", request.app.state.house).people.find(account)
    if person is None:
        raise AccountNotFoundError(account)
    return person


def _page(
    request: Request,
    manager: Person,
    *,
    form: Form | None = None,
    refused: AccountInvalidError | AccountExistsError | None = None,
    shown: tuple[Person, str] | None = None,
) -> Response:
    house = cast("House", request.app.state.house)
    problem = None if refused is None else problem_of(refused)
    kept = {name: form.text(name) if form else "" for name in ("account", "full_name", "title")}
    return page(
        request,
        "accounts.html",
        status=HTTPStatus.OK if problem is None else problem.status,
        everybody=house.people.all(),
        kept={**kept, "agency": form.text("agency") if form else manager.agency},
        roles=tuple(Role),
        held=_roles(form) if form else frozenset(),
        identities=_grantable(house),
        granted=_identities(house, form) if form else frozenset(),
        problem=texts(language_of(request)).of(problem) if problem else None,
        shown=shown,
    )


def _person_page(
    request: Request, manager: Person, person: Person, *, password: str | None = None
) -> Response:
    house = cast("House", request.app.state.house)
    return page(
        request,
        "account.html",
        whose=person,
        own=person.id == manager.id,
        roles=tuple(Role),
        identities=_grantable(house),
        password=password,
    )


def _roles(form: Form) -> frozenset[Role]:
    return frozenset(role for role in Role if form.text(f"role-{role.value}"))


def _identities(house: House, form: Form) -> frozenset[str]:
    return frozenset(i.id for i in _grantable(house) if form.text(f"identity-{i.id}"))


def _grantable(house: House) -> list[SigningIdentity]:
    """Return the identities of persons and agencies; a service's are no person's."""
    return [i for i in house.identities.list() if i.purpose is not IdentityPurpose.SERVICE]


def _password() -> str:
    """Return 80 random bits in letters that can be read out on the telephone."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))
