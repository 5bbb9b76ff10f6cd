"""`POST /api/v1/verifications`: is this genuine? Public, within limits; nothing is kept."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from api.rest.shapes import VerificationShape, problems
from api.rest.throttle import Throttle
from api.rest.uploads import Received, body
from api.security import client_address, public
from api.wiring import House
from office.flows.verdict import verdict_line
from office.people import Person

router = APIRouter(prefix="/api/v1", tags=["verifications"])


async def admitted(
    request: Request, person: Annotated[Person | None, Depends(public)]
) -> AsyncGenerator[Person | None, None]:
    """Count strangers' requests, from before their bodies are read until they are answered."""
    if person is not None:
        yield person
        return
    throttle: Throttle = request.app.state.throttle
    address = client_address(request)
    throttle.admit(address)
    with throttle.inside(address):
        yield None


@router.post(
    "/verifications",
    response_model=VerificationShape,
    summary="Kiểm tra chữ ký trên một tệp PDF / Verify one PDF",
    responses=problems(400, 408, 413, 429, 503),
    openapi_extra=body("file", file="PDF"),
)
def verify(
    request: Request,
    person: Annotated[Person | None, Depends(admitted)],
    upload: Received,
) -> dict[str, Any]:
    """Answer the verdict, as `./antin verify --json` prints it.

    A bad file is an answer, not an error: only an empty or too large one is refused.
    """
    house: House = request.app.state.house
    file = upload.file
    if person is None:
        with request.app.state.throttle.place():
            found = house.verifier.verify(file, trust=house.trust())
    else:
        found = house.verifier.verify(file, trust=house.trust())
    report = found.report
    request.app.state.metrics.verified(
        report.integrity.value, report.indication.value if report.indication else None
    )
    return verdict_line(upload.name, found)
