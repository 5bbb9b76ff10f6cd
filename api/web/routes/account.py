"""Home, logging in and out."""

from http import HTTPStatus
from typing import cast
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.problems import problem_of
from api.security import (
    SESSION,
    Visitor,
    check_connection,
    client_address,
    drop_cookie,
    put_cookie,
    session_token,
)
from api.web.forms import Posted
from api.web.i18n import language_of, texts
from api.web.pages import is_development, page
from api.web.views.desk import PaperLine, paper, tasks
from api.wiring import House
from archive.model import SearchOrder, SearchQuery
from office.errors import TooManyAttemptsError, WrongCredentialsError
from office.roles import READERS

router = APIRouter(include_in_schema=False)

NEWEST = 6
"""Records on the desk: a glance, not a list."""


@router.get("/")
def home(request: Request, visitor: Visitor) -> Response:
    """Show what this person can do here, and what came in last."""
    house = cast("House", request.app.state.house)
    spoken = texts(language_of(request))
    newest: tuple[PaperLine, ...] = ()
    if visitor is not None and visitor.has(READERS):
        query = SearchQuery(order=SearchOrder.NEWEST, limit=NEWEST)
        newest = tuple(paper(hit, spoken) for hit in house.archive.search(query).hits)
    return page(request, "home.html", tasks=tasks(visitor, spoken), newest=newest)


@router.get("/login")
def ask(request: Request, visitor: Visitor, next: str = "/") -> Response:  # noqa: A002 - the name in the address
    """Show the log-in form."""
    if visitor is not None:
        return RedirectResponse(_local(next), HTTPStatus.SEE_OTHER)
    return _form(request, wanted=_local(next))


@router.post("/login")
def log_in(request: Request, visitor: Visitor, form: Posted) -> Response:
    """Open a session and go to where the person wanted."""
    del visitor  # whoever logs in again gets a new session
    house = cast("House", request.app.state.house)
    wanted, account = _local(form.text("next")), form.text("account")[:200]
    check_connection(request)
    try:
        session = house.people.log_in(
            account,
            form.fields.get("password", "")[:1000],
            address=client_address(request),
            replacing=session_token(request),
        )
    except (WrongCredentialsError, TooManyAttemptsError) as e:
        return _form(request, wanted=wanted, account=account, refused=e)
    response = RedirectResponse(wanted, HTTPStatus.SEE_OTHER)
    put_cookie(response, SESSION, session.token, secure=request.state.secure)
    return response


@router.post("/logout")
def log_out(request: Request, visitor: Visitor, form: Posted) -> Response:
    """End the session."""
    del visitor, form
    house = cast("House", request.app.state.house)
    token = session_token(request)
    if token is not None:
        house.people.log_out(token)
    response = RedirectResponse("/", HTTPStatus.SEE_OTHER)
    drop_cookie(response, SESSION, secure=request.state.secure)
    # The next person at this machine shall not find pages of this one by going back.
    response.headers["clear-site-data"] = '"cache"'
    return response


def _form(
    request: Request,
    *,
    wanted: str,
    account: str = "",
    refused: WrongCredentialsError | TooManyAttemptsError | None = None,
) -> Response:
    spoken = texts(language_of(request))
    problem = None if refused is None else problem_of(refused)
    # Shown where the identities are of no value, and nowhere else.
    demo = getattr(request.app.state, "demo_accounts", ()) if is_development(request) else ()
    return page(
        request,
        "login.html",
        status=HTTPStatus.OK if problem is None else problem.status,
        headers={"retry-after": str(problem.retry_after)}
        if problem is not None and problem.retry_after
        else None,
        next=wanted,
        account=account,
        problem=spoken.of(problem) if problem else None,
        demo_accounts=demo,
    )


def _local(wanted: str) -> str:
    """Return `wanted` if it is a path of ours, else the home page: no open redirect."""
    parts = urlsplit(wanted)
    ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    printable = all(c.isprintable() for c in wanted) and "\\" not in wanted
    return wanted if ours and printable and not parts.netloc and not parts.scheme else "/"
