"""The signed pages beside the current ones, for one signature of a document that was checked.

1. Whoever may see the verdict may see this, for as long (`api.web.kept`).
2. A comparison is made once and kept beside the document; strangers share the places of the
   verification route while it is made.
"""

import logging
from typing import cast

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import TypeAdapter

from api.rest.throttle import Throttle
from api.security import Visitor
from api.web.i18n import language_of, texts
from api.web.kept import Kept
from api.web.pages import page
from api.web.routes.files import find_checked, page_image
from api.web.views.compare import compare_view
from api.wiring import House
from office.flows.pictured import SideBySide, side_by_side
from signer.errors import SignerError

router = APIRouter(include_in_schema=False)

_log = logging.getLogger(__name__)
_STORED = TypeAdapter(SideBySide)


@router.get("/verify/{kept_id}/compare/{order}")
def compare(request: Request, visitor: Visitor, kept_id: str, order: int) -> Response:
    """Show what the `order`-th signature signed beside what is there now."""
    kept = find_checked(request, kept_id)
    assert kept.verification is not None  # noqa: S101 - `find_checked` saw to it
    beside = _beside(request, kept, order, stranger=visitor is None)
    return page(
        request,
        "compare.html",
        v=compare_view(
            beside,
            kept.verification.report,
            order,
            kept.sizes,
            f"/verify/{kept.id}",
            texts(language_of(request)),
        ),
        name=kept.name,
        verdict_url=f"/verify/{kept.id}",
    )


@router.get("/verify/{kept_id}/compare/{order}/pages/{number}-{width}.png")
def signed_page_image(
    request: Request, visitor: Visitor, kept_id: str, order: int, number: int, width: int
) -> Response:
    """Return a page as it was signed."""
    kept = find_checked(request, kept_id)
    beside = _beside(request, kept, order, stranger=visitor is None)
    return page_image(request, kept, number, width, reach=beside.reach)


def _beside(request: Request, kept: Kept, order: int, *, stranger: bool) -> SideBySide:
    """Return the comparison, made at most once (rule 2)."""
    path = kept.folder / f"compare-{order}.json"
    if path.exists():
        return _STORED.validate_json(path.read_bytes())
    if stranger:
        with cast("Throttle", request.app.state.throttle).place():
            beside = _made(request, kept, order)
    else:
        beside = _made(request, kept, order)
    # Two requests may make the same comparison: the last rename stands.
    made = path.with_suffix(f".{id(beside)}.tmp")
    made.write_bytes(_STORED.dump_json(beside))
    made.replace(path)
    return beside


def _made(request: Request, kept: Kept, order: int) -> SideBySide:
    house = cast("House", request.app.state.house)
    assert kept.verification is not None  # noqa: S101 - `find_checked` saw to it
    try:
        beside = side_by_side(house.sandbox, kept.path, kept.verification.report, order)
    except SignerError as e:
        _log.info("nothing to put side by side: %s", e)
        beside = None
    if beside is None:
        raise HTTPException(404)
    return beside
