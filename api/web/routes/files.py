"""Files beside the pages, and page images of documents on the shelves."""

from pathlib import Path
from typing import cast

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from api.security import Visitor, browser_id, public
from api.web.kept import GoneError, Kept, Shelf
from api.web.pages import static
from api.web.views.sheets import WIDTHS
from signer.render import RENDER, RenderRequest
from signer.sandbox import Sandbox

router = APIRouter(include_in_schema=False)


@router.get("/static/{version}/{name}", dependencies=[Depends(public)])
def static_file(version: str, name: str) -> Response:
    """Return a style sheet, a script or a picture."""
    return static().answer(version, name)


@router.get("/favicon.ico", dependencies=[Depends(public)])
def favicon() -> Response:
    """Return the mark to browsers that do not read the page first."""
    return static().answer("", "seal.svg")


@router.get("/verify/{kept_id}/pages/{page}-{width}.png")
def public_page_image(
    request: Request, visitor: Visitor, kept_id: str, page: int, width: int
) -> Response:
    """Return a page of a document that this browser sent for checking."""
    del visitor  # whoever sent it may see it, signed in or not
    return page_image(request, find_checked(request, kept_id), page, width)


def find_checked(request: Request, kept_id: str) -> Kept:
    """Return a document that this browser sent for checking, alone or among others.

    Raises:
        GoneError: it is not here (any more), or another browser's.

    """
    for shelf in (request.app.state.public_shelf, request.app.state.batch_shelf):
        try:
            kept = cast("Shelf", shelf).find(kept_id, browser_id(request))
        except GoneError:
            continue
        if kept.verification is not None:
            return kept
    raise GoneError


def page_image(
    request: Request, kept: Kept, page: int, width: int, *, reach: int | None = None
) -> Response:
    """Return one page as PNG, drawn once in the sandbox and then kept beside the document.

    With `reach` it is a page of the revision that the file's first `reach` bytes are.
    """
    if width not in WIDTHS or page < 1:
        raise HTTPException(404)
    revision = "" if reach is None else f"{reach}-"
    path = kept.folder / f"{revision}{page}-{width}.png"
    if not path.exists():
        wanted = RenderRequest(pages=(page,), width_px=width, reach=reach)
        _draw(request.app.state.house.sandbox, kept, wanted, path)
    return Response(
        path.read_bytes(), media_type="image/png", headers={"cache-control": "private, max-age=900"}
    )


def _draw(sandbox: Sandbox, kept: Kept, wanted: RenderRequest, path: Path) -> None:
    images = sandbox.run(RENDER, wanted, pdf=kept.path)
    # Two requests may draw the same page: each writes its own file and the last rename stands.
    made = path.with_suffix(f".{id(images)}.tmp")
    made.write_bytes(images.images[0].data)
    made.replace(path)
