"""What surrounds every request: its id, its line in the log, its figures, and its problem.

1. Every request has an id: the caller's `X-Request-Id` where that is a plain token, else ours. It
   is in the answer, in every log line of the request and in every problem.
2. Whatever a route raises ends here as a problem (`api.problems`); a traceback goes to the log.
3. The log line holds the path without its query, because people type into search boxes.
4. A problem is JSON for machines. Where a page asked (`Accept: text/html`, outside `/api`), the
   pages' own renderer words the same problem, if there is one.
5. Who went away before his request was whole gets no answer and is no fault of ours: one line with
   status 499, as proxies write it. A traceback for each would let a stranger fill the log.
"""

import logging
import re
import secrets
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import Request, Response
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics
from api.problems import MEDIA_TYPE, Problem, own_fault, problem_of

PageOfProblem = Callable[[Request, Problem, str], Response]
"""How the pages show a problem: request, problem, request id."""

_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by machines: counted, not logged, unless they fail."""

WENT_AWAY = 499
"""Rule 5."""

_log = structlog.get_logger("api.request")
_faults = logging.getLogger("api.fault")


class RequestContext:
    """The layer around every request."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        given = request.headers.get("x-request-id", "")
        request_id = given if _ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status = 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        started = time.monotonic()
        self._metrics.in_progress.inc()
        try:
            await self._app(scope, receive, send_on)
        except ClientDisconnect:
            status = status or WENT_AWAY
        except Exception as e:
            if status:
                raise  # the answer is half out: the server cuts the connection, which says so
            await answer(request, e)(scope, receive, send_on)
        finally:
            seconds = time.monotonic() - started
            self._metrics.in_progress.dec()
            route = getattr(scope.get("route"), "path", None) or "other"
            self._metrics.answered(scope["method"], route, status, seconds)
            if scope["path"] not in _QUIET or status >= HTTPStatus.BAD_REQUEST:
                _log.info(
                    "request",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    milliseconds=round(seconds * 1000, 1),
                )


def answer(request: Request, error: Exception) -> Response:
    """Return the answer to a request that raised `error` (rule 2)."""
    request_id = request.state.request_id
    problem = problem_of(error)
    if problem is None:
        problem = own_fault(request_id)
        _faults.error("%s: %s", type(error).__name__, error, exc_info=error)
    elif problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _faults.warning("%s: %s", problem.code, problem.en, exc_info=error)
    return respond(request, problem)


def respond(
    request: Request,
    problem: Problem,
    *,
    headers: dict[str, str] | None = None,
    more: dict[str, Any] | None = None,
) -> Response:
    """Return `problem` as whoever asked can read it (rule 4)."""
    headers = dict(headers or {})
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    if problem.status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="antin"'
    if problem.status in (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.REQUEST_TIMEOUT):
        # Whoever still sends would otherwise be listened to for as long as he likes.
        headers["Connection"] = "close"
    page: PageOfProblem | None = getattr(request.app.state, "problem_page", None)
    accepts = request.headers.get("accept", "")
    if page is not None and "text/html" in accepts and not request.url.path.startswith("/api/"):
        shown = page(request, problem, request.state.request_id)
        shown.headers.update(headers)
        return shown
    body = problem.body(
        instance=request.url.path, request_id=request.state.request_id, language=language(request)
    )
    return JSONResponse(
        {**body, **(more or {})}, int(problem.status), headers=headers, media_type=MEDIA_TYPE
    )


def language(request: Request) -> str:
    """Return `en` where the caller prefers it to Vietnamese, else `vi`."""
    weights = {"vi": 0.0, "en": 0.0}
    for part in request.headers.get("accept-language", "").lower().split(","):
        tag, _, q = part.strip().partition(";q=")
        name = tag.split("-")[0]
        if name in weights:
            try:
                weights[name] = max(weights[name], float(q or 1))
            except ValueError:
                continue
    return "en" if weights["en"] > weights["vi"] else "vi"
