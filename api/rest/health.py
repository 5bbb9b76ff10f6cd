"""What machines ask: is it alive, can it work, what has it done."""

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from api.metrics import CONTENT_TYPE
from api.security import public

router = APIRouter(tags=["health"], dependencies=[Depends(public)], include_in_schema=True)


@router.get("/healthz", response_class=PlainTextResponse, summary="The process answers")
def healthz() -> str:
    """Answer `ok`; nothing else is looked at, so that a slow database does not restart us."""
    return "ok\n"


@router.get("/readyz", summary="Everything that the work needs is there")
def readyz(request: Request) -> JSONResponse:
    """Answer 200 when all parts work, else 503; parts are named, reasons are in the log."""
    found = request.app.state.house.readiness()
    ready = all(found.values())
    return JSONResponse({"ready": ready, "parts": found}, 200 if ready else 503)


@router.get("/metrics", response_class=Response, summary="Prometheus")
def metrics(request: Request) -> Response:
    """Answer the counters."""
    return Response(request.app.state.metrics.page(), media_type=CONTENT_TYPE)
