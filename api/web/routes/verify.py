"""Kiểm tra chữ ký: the public page. One file in, one verdict out, nothing stored (`api.web.kept`).

1. The answer to the form is a redirect to the verdict's own address, so that reloading or going
   back never sends the file again. A script that wants progress asks for JSON and gets the address.
2. Strangers share the limits of the REST route: so many a minute from one address, so many at once.
   Who is signed in is not counted.
"""

import logging
from http import HTTPStatus
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from api.rest.throttle import Throttle
from api.rest.verifications import admitted
from api.security import Visitor, browser_id
from api.web.forms import Posted
from api.web.i18n import language_of, texts
from api.web.kept import GoneError, Kept, Shelf
from api.web.pages import page
from api.web.views.compare import comparable
from api.web.views.sheets import AT_ONCE, sheets
from api.web.views.verdict import verdict
from api.wiring import House
from office.flows.verdict import verdict_line
from office.people import Person
from signer.errors import SignerError
from signer.render import PAGE_SIZES, PageSizes, PageSizesRequest
from signer.sandbox import Sandbox

router = APIRouter(include_in_schema=False)

Admitted = Annotated[Person | None, Depends(admitted)]
"""Who asks, counted before the body is read where it is a stranger (rule 2)."""

_log = logging.getLogger(__name__)


@router.get("/verify")
def ask(request: Request, visitor: Visitor) -> Response:
    """Show where to put the file."""
    del visitor
    house = cast("House", request.app.state.house)
    return page(request, "verify.html", limit=house.settings.upload_limit, problem=None)


@router.post("/verify")
def check(request: Request, visitor: Admitted, form: Posted) -> Response:
    """Check the file, keep the verdict for this browser, and say where it is."""
    house = cast("House", request.app.state.house)
    shelf = cast("Shelf", request.app.state.public_shelf)
    kept = shelf.take(form.save, owner=browser_id(request), name=form.file_name)
    if visitor is None:
        with cast("Throttle", request.app.state.throttle).place():
            kept = checked(house, shelf, kept)
    else:
        kept = checked(house, shelf, kept)
    assert kept.verification is not None  # noqa: S101 - what `checked` is for
    report = kept.verification.report
    request.app.state.metrics.verified(
        report.integrity.value, report.indication.value if report.indication else None
    )
    location = f"/verify/{kept.id}"
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"location": location})
    return RedirectResponse(location, HTTPStatus.SEE_OTHER)


@router.get("/verify/{kept_id}")
def show(request: Request, visitor: Visitor, kept_id: str, first: int = 1) -> Response:
    """Show the verdict."""
    del visitor
    kept = _find(request, kept_id)
    assert kept.verification is not None  # noqa: S101 - kept by `check` only
    spoken = texts(language_of(request))
    view = verdict(kept.verification.report, spoken)
    pages = sheets(kept.sizes, f"/verify/{kept.id}/pages", boxes=view.boxes, first=max(1, first))
    more = kept.sizes is not None and kept.sizes.page_count >= first + AT_ONCE
    return page(
        request,
        "verdict.html",
        v=view,
        name=kept.name,
        bytes=kept.size,
        when=spoken.moment(kept.verification.report.validation_time),
        pages=pages,
        more_pages=f"/verify/{kept.id}?first={first + AT_ONCE}" if more else None,
        report_url=f"/verify/{kept.id}/report.json",
        compare=comparable(kept.verification.report, f"/verify/{kept.id}/compare"),
    )


@router.get("/verify/{kept_id}/report.json")
def report(request: Request, visitor: Visitor, kept_id: str) -> Response:
    """Return the same report that REST and the command line give."""
    del visitor
    kept = _find(request, kept_id)
    assert kept.verification is not None  # noqa: S101 - kept by `check` only
    return JSONResponse(
        verdict_line(kept.name, kept.verification),
        headers={"content-disposition": f'attachment; filename="{kept.sha256[:16]}.json"'},
    )


def _find(request: Request, kept_id: str) -> Kept:
    shelf = cast("Shelf", request.app.state.public_shelf)
    kept = shelf.find(kept_id, browser_id(request))
    if kept.verification is None:
        raise GoneError
    return kept


def checked(house: House, shelf: Shelf, kept: Kept) -> Kept:
    """Verify a kept document and put the verdict and its page sizes beside it."""
    verification = house.verifier.verify(kept.path, trust=house.trust())
    return shelf.amend(kept, verification=verification, sizes=page_sizes(house.sandbox, kept))


def page_sizes(sandbox: Sandbox, kept: Kept) -> PageSizes | None:
    """Return the page sizes of a kept document, or `None` where it has no pages to show."""
    try:
        return sandbox.run(PAGE_SIZES, PageSizesRequest(), pdf=kept.path)
    except SignerError as e:
        # The verdict has its own word on what is wrong with the file.
        _log.info("no pages to show: %s", e)
        return None
