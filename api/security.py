"""Who stands at the counter, and what a browser may be talked into.

1. Every response, errors and files included, carries the headers of `HEADERS`: nothing is loaded,
framed, sent or guessed that we did not put there (ASVS 3.4). No inline script or style exists,
so the policy needs no nonce. What belongs to one person is never kept by a shared cache.
2. A session is a cookie with 256 random bits: HttpOnly, SameSite=Lax, and over https Secure under
the `__Host-` prefix. Lax, not Strict: a link in a message must open the record it names.
Over plain http it exists on loopback only; elsewhere logging in is refused.
3. Nothing that changes state is taken from another site. An unsafe request from elsewhere
(Sec-Fetch-Site, else Origin), or with our cookies and without a word of where it comes from,
comes from nobody: its session is not looked at, and no form in it is accepted.
4. Every form carries a token that only the browser holding our visitor cookie can know:
SHA-256 over that cookie and the session, so that logging in or out makes old forms useless.
The cookie is set only where a form is shown.
5. Scripts use `Authorization: Bearer` with a token of `office.people`. Such a request does not
look at cookies at all, so rule 3 has nothing to protect there.
6. Deny by default: a route is public because it says so, or names the roles that may use it; a
test walks all routes.
"""

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Callable
from typing import Annotated, cast
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from office.errors import NotAllowedError, NotSignedInError, OfficeError
from office.people import People, Person
from office.roles import Role

CSP = "; ".join(  # noqa: FLY002 - one directive a line is what a reviewer compares
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), "
    "browsing-topics=()",
    "x-frame-options": "DENY",
}
"""Rule 1. `same-origin`, not `no-referrer`: the latter makes browsers send `Origin: null`."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SESSION = "antin-session"
VISITOR = "antin-visitor"
LANGUAGE = "antin-lang"


class ForgedRequestError(NotAllowedError):
    """A form without its token, or a request sent by another site (rules 3 and 4)."""

    code = "request.forged"

    def __init__(self) -> None:
        OfficeError.__init__(
            self,
            "Biểu mẫu đã hết hạn hoặc không được gửi từ trang này. Hãy mở lại trang và gửi lại; "
            "trình duyệt cần cho phép cookie.",
            "The form has expired or was not sent from this page. Open the page again and resend; "
            "the browser must allow cookies.",
        )


class InsecureConnectionError(NotAllowedError):
    """A password over a connection that anyone can read (rule 2)."""

    code = "connection.insecure"

    def __init__(self) -> None:
        OfficeError.__init__(
            self,
            "Không đăng nhập qua kết nối không mã hóa. Hãy dùng địa chỉ https.",
            "Logging in over an unencrypted connection is refused. Use the https address.",
        )


class Guard:
    """Outermost layer of the application: rules 1 and 3, and the visitor cookie of rule 4."""

    def __init__(self, app: ASGIApp, *, public_url: str = "") -> None:
        self._app = app
        self._public = _origin(public_url)
        self._always_secure = self._public.startswith("https://")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        secure = self._always_secure or request.url.scheme == "https"
        state = scope.setdefault("state", {})
        state["secure"] = secure
        visitor = request.cookies.get(cookie_name(VISITOR, secure=secure), "")
        state["visitor"] = visitor if len(visitor) == _TOKEN_LENGTH else secrets.token_urlsafe(32)
        state["visitor_is_new"] = state["visitor"] != visitor
        state["visitor_is_used"] = False
        state["foreign"] = self._is_foreign(request)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                if secure:
                    headers["strict-transport-security"] = "max-age=31536000"
                headers.setdefault("cache-control", "no-store")
                if state["visitor_is_new"] and state["visitor_is_used"]:
                    answer = Response()
                    put_cookie(answer, VISITOR, state["visitor"], secure=secure)
                    headers.append("set-cookie", answer.headers["set-cookie"])
            await send(message)

        await self._app(scope, receive, send_guarded)

    def _is_foreign(self, request: Request) -> bool:
        if request.method in SAFE_METHODS or bearer(request.headers) is not None:
            return False
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site != "same-origin"
        origin = request.headers.get("origin")
        if origin is not None:
            own = f"{request.url.scheme}://{request.headers.get('host', '')}"
            return origin not in {own, self._public}
        # Browsers always send one of the two with a form; only they have our cookies.
        return any(name.removeprefix("__Host-") in (SESSION, VISITOR) for name in request.cookies)


_TOKEN_LENGTH = len(secrets.token_urlsafe(32))


def cookie_name(name: str, *, secure: bool) -> str:
    """Return the name under which a cookie goes over this kind of connection (rule 2)."""
    return f"__Host-{name}" if secure else name


def put_cookie(response: Response, name: str, value: str, *, secure: bool) -> None:
    """Set a cookie for as long as the browser stays open."""
    response.set_cookie(
        cookie_name(name, secure=secure),
        value,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def drop_cookie(response: Response, name: str, *, secure: bool) -> None:
    """Remove a cookie."""
    response.delete_cookie(
        cookie_name(name, secure=secure), path="/", secure=secure, httponly=True, samesite="lax"
    )


def bearer(headers: Headers) -> str | None:
    """Return the token of an `Authorization: Bearer` header, or `None` without one (rule 5)."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def session_token(request: Request) -> str | None:
    """Return the session token that the browser brought, if any."""
    return request.cookies.get(cookie_name(SESSION, secure=request.state.secure))


def current_person(request: Request) -> Person | None:
    """Return who sends this request, or `None`. Asked of the database once per request."""
    if not hasattr(request.state, "person"):
        people = cast("People", request.app.state.house.people)
        token = bearer(request.headers)
        if token is not None:
            request.state.person = people.holder(token)
        else:
            session = None if request.state.foreign else session_token(request)
            request.state.person = None if session is None else people.at_desk(session)
    return cast("Person | None", request.state.person)


def require(
    *roles: Role, vi: str = "làm việc này", en: str = "do this"
) -> Callable[[Request], Person]:
    """Return a dependency that lets in who holds any of `roles`; with none named, anyone known.

    `vi` and `en` finish the sentence “your role does not allow you to …”.

    Raises (the dependency):
        NotSignedInError: nobody is signed in.
        NotAllowedError: signed in without any of the roles.

    """

    def let_in(request: Request) -> Person:
        person = current_person(request)
        if person is None:
            raise NotSignedInError
        if roles and not person.has(roles):
            raise NotAllowedError(vi, en)
        return person

    let_in.declares_access = True  # type: ignore[attr-defined]  # rule 6: what the test looks for
    return let_in


def public(request: Request) -> Person | None:
    """Let everyone in, and say who it is if known: the declaration of rule 6."""
    return current_person(request)


public.declares_access = True  # type: ignore[attr-defined]

Visitor = Annotated[Person | None, Depends(public)]
"""Parameter type of a public page."""


def form_token(request: Request) -> str:
    """Return the token for a form of this browser and session (rule 4)."""
    request.state.visitor_is_used = True
    secret = f"form\n{request.state.visitor}\n{session_token(request) or ''}"
    return hashlib.sha256(secret.encode()).hexdigest()


def check_form(request: Request, given: str | None) -> None:
    """Refuse a form that did not come from one of our pages in this browser.

    Raises:
        ForgedRequestError: rules 3 and 4.

    """
    if request.state.foreign or given is None:
        raise ForgedRequestError
    if not hmac.compare_digest(form_token(request).encode(), given.encode("utf-8", "replace")):
        raise ForgedRequestError


def browser_id(request: Request) -> str:
    """Return what names this browser to us, without being its cookie; makes the cookie stay."""
    request.state.visitor_is_used = True
    return hashlib.sha256(f"browser\n{request.state.visitor}".encode()).hexdigest()


def check_connection(request: Request) -> None:
    """Refuse to take a password over plain http, except on this very machine (rule 2).

    Raises:
        InsecureConnectionError: http, and not loopback.

    """
    if request.state.secure:
        return
    host = request.url.hostname or ""
    if host == "localhost" or _is_loopback(host):
        return
    raise InsecureConnectionError


def client_address(request: Request) -> str:
    """Return the address that the request came from, as the server's proxy settings see it."""
    return request.client.host if request.client else "unknown"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
