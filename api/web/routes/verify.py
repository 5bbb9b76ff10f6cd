"""Kiểm tra chữ ký: the public page. A file in, a verdict out, nothing stored (`api.web.kept`).

1. The answer to the form is a redirect to the verdict's own address, so that reloading or going
   back never sends the file again. A script that wants progress asks for JSON and gets the address.
2. Strangers share the limits of the REST route: so many a minute from one address, so many at once.
   Who is signed in is not counted.
3. Several files, or a ZIP, are a batch (`api.web.batches`): a page of its own that fills up. It
   needs no script: without one it loads itself again until all is done.
4. A report is made when it is asked for, and once.
"""

import logging
import secrets
from contextlib import nullcontext
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse

from api.rest.reports import ReportForm, report_file
from api.rest.throttle import Throttle
from api.rest.verifications import admitted
from api.security import Visitor, browser_id, client_address
from api.web.batches import Batches, is_batch
from api.web.forms import FILES, PostedFiles
from api.web.i18n import language_of, texts
from api.web.kept import Kept, Shelf
from api.web.pages import page
from api.web.routes.files import find_checked
from api.web.views.batch import batch_view
from api.web.views.compare import comparable
from api.web.views.sheets import AT_ONCE, sheets
from api.web.views.verdict import verdict
from api.wiring import House
from office.flows.verdict import verdict_line
from office.people import Person
from signer.errors import SignerError
from signer.render import PAGE_SIZES, PageSizes, PageSizesRequest
from signer.reports.record import with_anchors
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
    return page(
        request, "verify.html", limit=house.settings.upload_limit, files=FILES, problem=None
    )


@router.post("/verify")
def check(request: Request, visitor: Admitted, form: PostedFiles) -> Response:
    """Check the file, keep the verdict for this browser, and say where it is."""
    if is_batch(form.parts):
        address = client_address(request) if visitor is None else None
        batches = cast("Batches", request.app.state.batches)
        batch = batches.add(form.parts, owner=browser_id(request), address=address)
        return _elsewhere(request, f"/verify/batch/{batch.id}")
    house = cast("House", request.app.state.house)
    shelf = cast("Shelf", request.app.state.public_shelf)
    # A place first: what is refused must not push somebody else's verdict off the shelf.
    throttle = cast("Throttle", request.app.state.throttle)
    with throttle.place() if visitor is None else nullcontext():
        kept = shelf.take(form.save, owner=browser_id(request), name=form.file_name)
        kept = checked(house, shelf, kept)
    assert kept.verification is not None  # noqa: S101 - what `checked` is for
    report = kept.verification.report
    request.app.state.metrics.verified(
        report.integrity.value, report.indication.value if report.indication else None
    )
    return _elsewhere(request, f"/verify/{kept.id}")


def _elsewhere(request: Request, location: str) -> Response:
    """Send the browser on, or tell its script where to (rule 1)."""
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"location": location})
    return RedirectResponse(location, HTTPStatus.SEE_OTHER)


@router.get("/verify/batch/{batch_id}")
def show_batch(request: Request, visitor: Visitor, batch_id: str) -> Response:
    """Show what came out so far."""
    del visitor
    batch = cast("Batches", request.app.state.batches).find(batch_id, browser_id(request))
    spoken = texts(language_of(request))
    return page(request, "batch.html", v=batch_view(batch, spoken))


@router.get("/verify/{kept_id}")
def show(request: Request, visitor: Visitor, kept_id: str, first: int = 1) -> Response:
    """Show the verdict."""
    del visitor
    kept = find_checked(request, kept_id)
    assert kept.verification is not None  # noqa: S101 - `find_checked` sees to it
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
        report_url=f"/verify/{kept.id}/report",
        compare=comparable(kept.verification.report, f"/verify/{kept.id}/compare"),
    )


@router.get("/verify/{kept_id}/report.json")
def report(request: Request, visitor: Visitor, kept_id: str) -> Response:
    """Return the same report that REST and the command line give."""
    del visitor
    kept = find_checked(request, kept_id)
    assert kept.verification is not None  # noqa: S101 - `find_checked` sees to it
    return JSONResponse(
        verdict_line(kept.name, kept.verification),
        headers={"content-disposition": f'attachment; filename="{kept.sha256[:16]}.json"'},
    )


@router.get("/verify/{kept_id}/report.{form}")
def report_in(request: Request, visitor: Visitor, kept_id: str, form: ReportForm) -> Response:
    """Return the report for machines or on paper (rule 4)."""
    del visitor
    kept = find_checked(request, kept_id)
    assert kept.verification is not None  # noqa: S101 - `find_checked` sees to it
    house = cast("House", request.app.state.house)
    path = kept.folder / f"report.{form}"
    if not path.exists():
        found = with_anchors(kept.verification.report, house.trust())
        # Two requests may make it: each writes its own and the last rename stands.
        made = path.with_suffix(f".{secrets.token_hex(4)}.tmp")
        made.write_bytes(report_file(house, found, kept.name, form))
        made.replace(path)
    return FileResponse(
        path,
        media_type=form.media_type,
        headers={"content-disposition": f'attachment; filename="{kept.sha256[:16]}.{form}"'},
    )


def checked(house: House, shelf: Shelf, kept: Kept) -> Kept:
    """Verify a kept document and put the verdict and its page sizes beside it."""
    found = house.verifier.verify(kept.path, trust=house.trust())
    # What the pages say is for the archive's index; nobody searches what only lies here.
    verification = replace(found, page_texts=())
    return shelf.amend(kept, verification=verification, sizes=page_sizes(house.sandbox, kept))


def page_sizes(sandbox: Sandbox, kept: Kept) -> PageSizes | None:
    """Return the page sizes of a kept document, or `None` where it has no pages to show."""
    try:
        return sandbox.run(PAGE_SIZES, PageSizesRequest(), pdf=kept.path)
    except SignerError as e:
        # The verdict has its own word on what is wrong with the file.
        _log.info("no pages to show: %s", e)
        return None
