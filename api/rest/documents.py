"""`/api/v1/documents`: hand in, find, read and fetch what is archived."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from typing import Annotated, Any, BinaryIO, cast
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from api.cli.keeping import register_value
from api.rest.reports import ReportForm, report_file
from api.rest.shapes import (
    FoundShape,
    ReceiptShape,
    RecordShape,
    VerificationShape,
    found_hit,
    problems,
    record_value,
)
from api.rest.stored import report_from_line
from api.rest.uploads import Received, body
from api.security import require
from api.wiring import House
from archive.errors import RecordNotFoundError
from archive.model import RecordKind, SearchOrder, SearchQuery
from office.errors import MetadataInvalidError
from office.flows.receive import metadata_from_json
from office.people import Person
from office.roles import KEEPERS, READERS
from signer.render import RENDER, RenderRequest

router = APIRouter(prefix="/api/v1/documents", tags=["documents"])

reader = require(*READERS, vi="đọc văn bản lưu trữ", en="read archived documents")
keeper = require(*KEEPERS, vi="đưa văn bản vào lưu trữ", en="archive documents")


def house_of(request: Request) -> House:
    """Return the house."""
    house: House = request.app.state.house
    return house


InHouse = Annotated[House, Depends(house_of)]


@router.post(
    "",
    status_code=201,
    response_model=ReceiptShape,
    summary="Đưa một văn bản vào lưu trữ / Archive a document",
    responses={
        200: {"description": "Already archived: the record that it is"},
        **problems(400, 401, 403, 413, 503, 507),
    },
    openapi_extra=body(
        "file", file="PDF", kind="incoming | outgoing", metadata="The six fields as JSON"
    ),
)
def receive(
    request: Request,
    response: Response,
    house: InHouse,
    person: Annotated[Person, Depends(keeper)],
    upload: Received,
) -> dict[str, Any]:
    """Archive the file as it is. The same bytes twice are one record (200 the second time)."""
    try:
        kind = RecordKind(upload.fields.get("kind") or "incoming")
    except ValueError as e:
        raise MetadataInvalidError(
            "kind phải là incoming hoặc outgoing", "kind must be incoming or outgoing"
        ) from e
    stated = upload.fields.get("metadata")
    received = house.receiving.receive(
        upload.file,
        original_name=upload.name,
        kind=kind,
        given=metadata_from_json(stated.encode()) if stated else None,
        actor=person.account,
    )
    receipt = received.receipt
    request.app.state.metrics.received(kind.value, duplicate=receipt.duplicate)
    if receipt.duplicate:
        response.status_code = 200
    response.headers["Location"] = f"/api/v1/documents/{receipt.record_id}"
    return {
        "record_id": receipt.record_id,
        "sha256": receipt.sha256,
        "register": register_value(receipt.register),
        "duplicate_of": receipt.duplicate_of,
        "integrity": received.integrity,
        "indication": received.indication,
    }


@router.get(
    "",
    response_model=FoundShape,
    summary="Tra cứu văn bản / Search",
    responses=problems(401, 403, 503),
    dependencies=[Depends(reader)],
)
def search(  # noqa: PLR0913, PLR0917 - one parameter per query parameter
    response: Response,
    house: InHouse,
    q: Annotated[str, Query(max_length=500, description="Words; accents are optional")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
    from_date: Annotated[date | None, Query(alias="from")] = None,
    to_date: Annotated[date | None, Query(alias="to")] = None,
    agency: Annotated[str | None, Query(max_length=300)] = None,
    document_type: Annotated[str | None, Query(alias="type", max_length=100)] = None,
    kind: RecordKind | None = None,
    order: SearchOrder = SearchOrder.RELEVANCE,
) -> dict[str, Any]:
    """Answer a page of hits; the following one is at `Link: rel="next"`."""
    asked = SearchQuery(
        text=q,
        from_date=from_date,
        to_date=to_date,
        agency=agency,
        type=document_type,
        kind=kind,
        order=order,
        limit=limit,
        cursor=cursor,
    )
    started = time.monotonic()
    page = house.archive.search(asked)
    if page.next is not None:
        same = {
            "q": q,
            "limit": limit,
            "cursor": page.next,
            "from": from_date,
            "to": to_date,
            "agency": agency,
            "type": document_type,
            "kind": kind.value if kind else None,
            "order": order.value,
        }
        query = urlencode({k: v for k, v in same.items() if v not in (None, "")})
        response.headers["Link"] = f'</api/v1/documents?{query}>; rel="next"'
    return {
        "hits": [found_hit(hit) for hit in page.hits],
        "total": page.total,
        "total_exact": page.total_exact,
        "next": page.next,
        "seconds": round(time.monotonic() - started, 4),
    }


@router.get(
    "/{record_id}",
    response_model=RecordShape,
    summary="Một hồ sơ / One record",
    responses=problems(401, 403, 404),
    dependencies=[Depends(reader)],
)
def record(record_id: str, house: InHouse) -> dict[str, Any]:
    """Answer what is known about the record."""
    return record_value(house.archive.record(record_id))


@router.get(
    "/{record_id}/content",
    response_class=StreamingResponse,
    summary="Đúng bản đã lưu / The bytes as archived",
    responses={200: {"content": {"application/pdf": {}}}, **problems(401, 403, 404, 503)},
    dependencies=[Depends(reader)],
)
def content(record_id: str, house: InHouse) -> Response:
    """Answer the bytes, hashed again before the first one leaves."""
    held = ExitStack()
    found = held.enter_context(house.archive.open(record_id))

    def chunks() -> Iterator[bytes]:
        with held:
            yield from found.chunks()

    return StreamingResponse(
        chunks(),
        media_type=found.media_type,
        headers={
            "Content-Length": str(found.size),
            "Content-Disposition": attachment(found.name),
            "ETag": f'"{found.sha256}"',
        },
    )


@router.get(
    "/{record_id}/pages/{page}.png",
    response_class=Response,
    summary="Ảnh một trang / A page as an image",
    responses={200: {"content": {"image/png": {}}}, **problems(401, 403, 404, 503)},
    dependencies=[Depends(reader)],
)
def page_image(
    record_id: str,
    page: int,
    house: InHouse,
    width: Annotated[int, Query(ge=100, le=2000, description="Pixels")] = 1000,
) -> Response:
    """Answer the page, drawn in the sandbox from the verified bytes."""
    with house.archive.open(record_id) as found:
        drawn = house.sandbox.run(
            RENDER,
            RenderRequest(pages=(page,), width_px=width, format="png"),
            pdf=cast("BinaryIO", found.stream),
        )
    return Response(
        drawn.images[0].data,
        media_type=drawn.images[0].media_type,
        headers={"Cache-Control": "private, max-age=3600"},
    )


@router.get(
    "/{record_id}/report",
    response_model=VerificationShape,
    summary="Báo cáo kiểm tra lúc tiếp nhận / The report made at intake",
    responses=problems(401, 403, 404),
    dependencies=[Depends(reader)],
)
def report(record_id: str, house: InHouse) -> Response:
    """Answer the verdict as it was archived with the document."""
    with house.archive.open_derivative(record_id, "verdict") as found:
        if found is None:
            raise RecordNotFoundError(record_id)
        return Response(found.stream.read(), media_type=found.media_type)


@router.get(
    "/{record_id}/report.{form}",
    response_class=Response,
    summary="Báo cáo kiểm tra dạng XML hoặc PDF / The report as XML or PDF",
    responses={
        200: {"content": {"application/xml": {}, "application/pdf": {}}},
        **problems(401, 403, 404),
    },
    dependencies=[Depends(reader)],
)
def report_in(record_id: str, form: ReportForm, house: InHouse) -> Response:
    """Answer the archived verdict by ETSI TS 119 102-2, or on paper."""
    with house.archive.open_derivative(record_id, "verdict") as found:
        if found is None:
            raise RecordNotFoundError(record_id)
        archived = report_from_line(json.loads(found.stream.read()))
    name = house.archive.record(record_id).original_name
    return Response(
        report_file(house, archived, name, form),
        media_type=form.media_type,
        headers={"Content-Disposition": attachment(f"{record_id}.{form}")},
    )


def attachment(name: str) -> str:
    """Return a Content-Disposition for `name` (RFC 6266): ASCII, and the true one beside it."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
