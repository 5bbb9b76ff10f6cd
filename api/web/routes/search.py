"""Tra cứu: finding archived documents, and one record with everything that is known about it.

1. What is shown of a document comes from bytes that the archive re-hashed on the way out; a record
   that is not as it was archived is named as such and not shown.
2. The verdict shown is the one archived with the document. Checking again makes a new one beside
   it, on the public page's shelf; the archived one stays.
"""

import json
from collections.abc import Mapping
from datetime import date
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, cast
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from api.rest import documents
from api.rest.reports import ReportForm
from api.rest.stored import report_from_line
from api.security import browser_id, require
from api.web.forms import Posted
from api.web.i18n import Texts, language_of, texts
from api.web.kept import Kept, Shelf
from api.web.pages import page
from api.web.routes.files import page_image
from api.web.routes.verify import checked, page_sizes
from api.web.views.desk import kind_name, paper
from api.web.views.sheets import AT_ONCE, sheets
from api.web.views.verdict import badge, verdict
from api.wiring import House
from archive.errors import CursorRejectedError, QueryRejectedError, RecordNotFoundError
from archive.model import Record, RecordKind, SearchQuery
from office.people import Person
from office.roles import READERS

router = APIRouter(include_in_schema=False)

Reader = Annotated[
    Person, Depends(require(*READERS, vi="tra cứu kho lưu trữ", en="search the archive"))
]
TYPES = (
    "Nghị quyết",
    "Quyết định",
    "Chỉ thị",
    "Quy chế",
    "Thông báo",
    "Hướng dẫn",
    "Chương trình",
    "Kế hoạch",
    "Báo cáo",
    "Biên bản",
    "Tờ trình",
    "Công văn",
    "Công điện",
    "Giấy mời",
)
"""The commonest of the 29 types of Nghị định 30/2020 Đ7; the box takes any other."""
PAGE = 20


@router.get("/search")
def search(request: Request, person: Reader) -> Response:
    """Show the search box, the filters and a page of hits."""
    del person
    house = cast("House", request.app.state.house)
    spoken = texts(language_of(request))
    asked = {
        name: request.query_params.get(name, "").strip()[:300]
        for name in ("q", "from", "to", "agency", "type", "kind")
    }
    problem, found = None, None
    try:
        query = _query(asked, request.query_params.get("cursor"))
        found = house.archive.search(query)
    except (QueryRejectedError, CursorRejectedError) as e:
        problem = spoken.of(e)
    except ValueError:
        problem = spoken.gettext("Ngày không đúng. Hãy ghi theo dạng ngày/tháng/năm.")
    return page(
        request,
        "search.html",
        asked=asked,
        filtered=any(asked[name] for name in ("from", "to", "agency", "type", "kind")),
        types=TYPES,
        problem=problem,
        total=found.total if found else 0,
        total_exact=found.total_exact if found else True,
        hits=[paper(hit, spoken) for hit in found.hits] if found else [],
        is_later="cursor" in request.query_params,
        first_url="/search?" + urlencode({k: v for k, v in asked.items() if v}),
        next_url="/search?"
        + urlencode({**{k: v for k, v in asked.items() if v}, "cursor": found.next})
        if found and found.next
        else None,
    )


@router.get("/records/{record_id}")
def record(request: Request, person: Reader, record_id: str, first: int = 1) -> Response:
    """Show one record."""
    house = cast("House", request.app.state.house)
    spoken = texts(language_of(request))
    found = house.archive.record(record_id)
    kept = _on_the_desk(request, person, found)
    stored = _stored_verdict(house, record_id)
    view = verdict(report_from_line(json.loads(stored)), spoken) if stored else None
    here = f"/records/{record_id}"
    more = kept.sizes is not None and kept.sizes.page_count >= first + AT_ONCE
    return page(
        request,
        "record.html",
        record=found,
        title=found.metadata.trich_yeu or found.original_name,
        badge_shown=badge(found.integrity, found.indication, spoken),
        facts_shown=_facts(found, spoken),
        v=view,
        here=here,
        pages=sheets(
            kept.sizes,
            f"{here}/pages",
            boxes=view.boxes if view else (),
            first=max(1, first),
        ),
        more_pages=f"{here}?first={first + AT_ONCE}" if more else None,
    )


@router.get("/records/{record_id}/pages/{number}-{width}.png")
def record_page(
    request: Request, person: Reader, record_id: str, number: int, width: int
) -> Response:
    """Return one page of an archived document as an image."""
    house = cast("House", request.app.state.house)
    kept = _on_the_desk(request, person, house.archive.record(record_id))
    return page_image(request, kept, number, width)


@router.get("/records/{record_id}/content")
def content(request: Request, person: Reader, record_id: str) -> Response:
    """Return the very bytes that were archived (rule 1)."""
    del person
    return documents.content(record_id, cast("House", request.app.state.house))


@router.get("/records/{record_id}/report.json")
def report(request: Request, person: Reader, record_id: str) -> Response:
    """Return the verdict as it was archived (rule 2)."""
    del person
    house = cast("House", request.app.state.house)
    stored = _stored_verdict(house, record_id)
    if stored is None:
        raise RecordNotFoundError(record_id)
    return Response(
        stored,
        media_type="application/json",
        headers={"content-disposition": documents.attachment(f"{record_id}.json")},
    )


@router.get("/records/{record_id}/report.{form}")
def report_in(request: Request, person: Reader, record_id: str, form: ReportForm) -> Response:
    """Return the archived verdict for machines or on paper (rule 2)."""
    del person
    return documents.report_in(record_id, form, cast("House", request.app.state.house))


@router.post("/records/{record_id}/check")
def check_again(request: Request, person: Reader, record_id: str, form: Posted) -> Response:
    """Check the archived document by today's evidence (rule 2)."""
    del form, person
    house = cast("House", request.app.state.house)
    shelf = cast("Shelf", request.app.state.public_shelf)
    found = house.archive.record(record_id)
    kept = shelf.take(
        lambda folder: copy_record(house, record_id, folder),
        owner=browser_id(request),
        name=found.original_name,
    )
    checked(house, shelf, kept)
    return RedirectResponse(f"/verify/{kept.id}", HTTPStatus.SEE_OTHER)


def _on_the_desk(request: Request, person: Person, found: Record) -> Kept:
    """Return the document as it lies on this person's desk; fetch it there if it is not."""
    house = cast("House", request.app.state.house)
    shelf = cast("Shelf", request.app.state.desk_shelf)
    origin = f"record {found.record_id} {found.sha256}"
    kept = shelf.find_origin(origin, person.id)
    if kept is None:
        kept = shelf.take(
            lambda folder: copy_record(house, found.record_id, folder),
            owner=person.id,
            name=found.original_name,
            origin=origin,
        )
        kept = shelf.amend(kept, sizes=page_sizes(house.sandbox, kept))
    return kept


def copy_record(house: House, record_id: str, folder: Path) -> None:
    """Write an archived document to `document.pdf` in `folder` (rule 1)."""
    with house.archive.open(record_id) as found, (folder / "document.pdf").open("wb") as out:
        out.writelines(found.chunks())


def _stored_verdict(house: House, record_id: str) -> bytes | None:
    with house.archive.open_derivative(record_id, "verdict") as found:
        return None if found is None else found.stream.read()


def _query(asked: Mapping[str, str], cursor: str | None) -> SearchQuery:
    return SearchQuery(
        text=asked["q"],
        from_date=date.fromisoformat(asked["from"]) if asked["from"] else None,
        to_date=date.fromisoformat(asked["to"]) if asked["to"] else None,
        agency=asked["agency"] or None,
        type=asked["type"] or None,
        kind=RecordKind(asked["kind"]) if asked["kind"] else None,
        limit=PAGE,
        cursor=cursor,
    )


def _facts(found: Record, spoken: Texts) -> list[tuple[str, str]]:
    _ = spoken.gettext
    m = found.metadata
    number = None
    if found.register is not None:
        number = f"{found.register.number}/{found.register.year} ({found.register.book})"
    rows = (
        (_("Số, ký hiệu"), m.so_ky_hieu),
        (_("Ngày ban hành"), spoken.day(m.ngay_ban_hanh) if m.ngay_ban_hanh else None),
        (_("Cơ quan ban hành"), m.co_quan_ban_hanh),
        (_("Loại văn bản"), m.loai_van_ban),
        (_("Người ký"), m.nguoi_ky),
        (_("Chiều văn bản"), kind_name(found.kind, spoken)),
        (_("Số đăng ký"), number),
        (_("Vào kho lúc"), spoken.moment(found.received)),
        (_("Tên tệp"), found.original_name),
        (_("Mã hồ sơ"), found.record_id),
    )
    return [(label, value) for label, value in rows if value]
