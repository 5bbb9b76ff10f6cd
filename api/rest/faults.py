"""Problems that the framework raises itself: no such route, wrong method, invalid request."""

from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.problems import Problem
from api.rest.context import respond

_WORDS: dict[int, tuple[str, str, str]] = {
    400: (
        "request.unreadable",
        "Yêu cầu không đọc được. Hãy kiểm tra lại nội dung gửi lên.",
        "The request cannot be read. Check what was sent.",
    ),
    404: (
        "not_found",
        "Không có gì ở địa chỉ này.",
        "There is nothing at this address.",
    ),
    405: (
        "method_not_allowed",
        "Địa chỉ này không nhận yêu cầu kiểu đó.",
        "This address does not take that kind of request.",
    ),
}


def handle(app: FastAPI) -> None:
    """Make `app` word its own refusals as problems."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    code, vi, en = _WORDS.get(error.status_code, _WORDS[400])
    status = HTTPStatus(error.status_code)
    problem = Problem(status=status, code=code, vi=vi, en=en)
    return respond(request, problem, headers=dict(error.headers or {}))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    # Where and why, never the value: it may be a PIN typed into the wrong field.
    errors = [
        {"where": ".".join(str(step) for step in e["loc"]), "why": e["msg"]} for e in error.errors()
    ]
    places = ", ".join(e["where"] for e in errors)
    problem = Problem(
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        code="request.invalid",
        vi=f"Yêu cầu không hợp lệ ở: {places}.",
        en=f"The request is not valid at: {places}.",
    )
    return respond(request, problem, more={"errors": errors})
