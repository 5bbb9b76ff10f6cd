"""How pages show what went wrong: the same problems as REST, in a sentence and a way on."""

from http import HTTPStatus
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from api.problems import TITLES, Problem
from api.rest.context import respond
from api.web.i18n import language_of, texts
from api.web.pages import page
from signer.reports.words import Tone


def problem_page(request: Request, problem: Problem, request_id: str) -> Response:
    """Return the page for `problem`; who is not signed in is taken to the log-in page instead."""
    if problem.code == "person.not_signed_in" and request.method == "GET":
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?next={quote(wanted)}", HTTPStatus.SEE_OTHER)
    # Whatever failed may be what finds out who is here: the page must not need it.
    if not hasattr(request.state, "person"):
        request.state.person = None
    spoken = texts(language_of(request))
    _ = spoken.gettext
    title = TITLES.get(problem.status, (problem.status.phrase, problem.status.phrase))
    from_a_form = request.method == "POST"
    return page(
        request,
        "problem.html",
        status=problem.status,
        title=title[spoken.language == "en"],
        detail=spoken.of(problem),
        tone=Tone.BAD
        if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR or from_a_form
        else Tone.CAUTION,
        way_back=request.url.path if from_a_form else "/",
        way_back_label=_("Quay lại") if from_a_form else _("Về trang chủ"),
        request_id=request_id,
    )


async def gone(request: Request, error: Exception) -> Response:
    """Answer a look at a document that is no longer kept."""
    del error  # it carries nothing that may be told
    return respond(
        request,
        Problem(
            status=HTTPStatus.NOT_FOUND,
            code="kept.gone",
            vi="Tệp này không còn ở đây: hệ thống chỉ giữ 15 phút, và chỉ mở được trên trình duyệt "
            "đã gửi tệp. Hãy gửi lại tệp.",
            en="This file is no longer here: it is kept for 15 minutes only, and opens only in the "
            "browser that sent it. Send the file again.",
        ),
    )
