"""`POST /api/v1/signatures`: sign an upload or an archived record; the result is archived.

1. `Idempotency-Key` is required: a signature is an effect, and networks repeat requests. The PIN
   is no part of the request's fingerprint: a stored digest of a short PIN is a stored PIN.
2. People sign with the identities granted to them and with no other.
3. The commit points are those of the flows: the intent, the signature's rename, the archive's
   transaction. When archiving fails after signing, nothing is handed out and the key may be used
   again: the intent says that a signature was made.
"""

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response

from api.problems import known
from api.rest.documents import InHouse
from api.rest.shapes import IdentityShape, SignedShape, problems
from api.rest.uploads import Received, Upload, body
from api.security import require
from api.wiring import House
from archive.model import RecordKind
from office.errors import NotAllowedError
from office.flows.sign import ToSign
from office.people import Person
from office.roles import SIGNERS
from office.tables.work import Answered
from signer.appearance import AppearanceKind
from signer.creation import SignRequest
from signer.errors import PlacementError
from signer.validation.report import Box, Level

router = APIRouter(prefix="/api/v1", tags=["signatures"])

signer = require(*SIGNERS, vi="ký số", en="sign")
LEVELS = {"B-B": Level.B_B, "B-T": Level.B_T, "B-LT": Level.B_LT, "B-LTA": Level.B_LTA}


@router.get(
    "/identities",
    response_model=list[IdentityShape],
    summary="Danh tính ký số của tôi / My signing identities",
    responses=problems(401, 403),
)
def identities(house: InHouse, person: Annotated[Person, Depends(signer)]) -> list[dict[str, Any]]:
    """Answer the identities that the caller may sign with."""
    now = house.clock.now()
    return [
        {
            "id": i.id,
            "usable": i.not_before <= now <= i.not_after,
            "common_name": i.common_name,
            "organization": i.organization,
            "purpose": i.purpose.value,
            "not_after": i.not_after.isoformat(),
            "development": i.development,
        }
        for i in house.identities.list()
        if i.id in person.identities
    ]


@router.post(
    "/signatures",
    status_code=201,
    response_model=SignedShape,
    summary="Ký số / Sign",
    responses=problems(400, 401, 403, 404, 409, 413, 502, 503, 507),
    openapi_extra=body(
        "identity",
        "pin",
        file="PDF to sign; or give record_id",
        record_id="An archived record to sign; or give file",
        identity="Id of the signing identity",
        pin="Its PIN",
        level="B-B | B-T | B-LT (default) | B-LTA",
        appearance="leader | seal | none (default)",
        field="Name of the signature field",
        page="Page of the box, from 1",
        box="X1,Y1,X2,Y2 in points, origin lower left of the page as displayed",
    ),
)
def sign(
    request: Request,
    response: Response,
    house: InHouse,
    person: Annotated[Person, Depends(signer)],
    upload: Received,
    idempotency_key: Annotated[
        str, Header(min_length=8, max_length=255, examples=["6f1c2d1e-0b7a-4b52-9c1f-2f4b0c1d7e55"])
    ],
) -> Any:
    """Sign and archive; asked again with the same Idempotency-Key, answer the same."""
    identity_id = upload.fields.get("identity", "")
    if identity_id not in person.identities:
        raise NotAllowedError(
            f"ký bằng danh tính «{identity_id[:64]}»", f"sign with identity “{identity_id[:64]}”"
        )
    asked = _asked(upload)
    claim = house.idempotency.claim(person.id, idempotency_key, _fingerprint(upload, identity_id))
    if isinstance(claim, Answered):
        response.status_code = claim.status
        response.headers["Idempotent-Replayed"] = "true"
        return claim.response
    metrics = request.app.state.metrics
    try:
        with tempfile.TemporaryDirectory(prefix="antin-sign-") as folder:
            value = _signed(house, person, upload, asked, identity_id, Path(folder))
    except BaseException as e:
        error = known(e)
        metrics.signed(error.code if error is not None else "internal")
        house.idempotency.withdraw(claim)
        raise
    house.idempotency.done(claim, 201, value)
    metrics.signed("signed")
    response.headers["Location"] = f"/api/v1/documents/{value['record_id']}"
    return value


def _signed(
    house: House,
    person: Person,
    upload: Upload,
    asked: SignRequest,
    identity_id: str,
    folder: Path,
) -> dict[str, Any]:
    source, name = _source(house, upload, folder)
    target = folder / "signed.pdf"
    (outcome,) = house.signing.sign(
        [ToSign(source=source, target=target, name=name)],
        asked,
        identity_id=identity_id,
        pin=upload.fields.get("pin") or None,
        actor=person.account,
    )
    if outcome.error is not None:
        raise outcome.error
    received = house.receiving.receive(
        target, original_name=name, kind=RecordKind.OUTGOING, actor=person.account
    )
    record_id = received.receipt.record_id
    return {
        "record_id": record_id,
        "sha256": received.receipt.sha256,
        "level": asked.level.value,
        "seconds": round(outcome.seconds, 4),
        "content": f"/api/v1/documents/{record_id}/content",
    }


def _source(house: House, upload: Upload, folder: Path) -> tuple[Path, str]:
    record_id = upload.fields.get("record_id")
    if not record_id:
        return upload.file, upload.name
    name = house.archive.record(record_id).original_name
    path = folder / "source.pdf"
    with house.archive.open(record_id) as found, path.open("wb") as out:
        out.writelines(found.chunks())
    return path, name


def _asked(upload: Upload) -> SignRequest:
    fields = upload.fields
    level = LEVELS.get(fields.get("level") or "B-LT")
    try:
        appearance = AppearanceKind(fields.get("appearance") or "none")
    except ValueError:
        appearance = None
    if level is None or appearance is None:
        raise PlacementError(
            "Mức ký hoặc hình thức chữ ký không có.", "No such level, or no such appearance."
        )
    return SignRequest(
        level=level,
        field_name=fields.get("field") or None,
        appearance=appearance,
        box=_box(fields.get("box"), fields.get("page")),
    )


def _box(text: str | None, page: str | None) -> Box | None:
    if not text:
        return None
    try:
        x1, y1, x2, y2 = (float(part) for part in text.split(","))
        return Box(page=int(page or ""), x1=x1, y1=y1, x2=x2, y2=y2)
    except ValueError as e:
        raise PlacementError(
            "Ô ký cần page và bốn số X1,Y1,X2,Y2.", "The box needs page and X1,Y1,X2,Y2."
        ) from e


def _fingerprint(upload: Upload, identity_id: str) -> str:
    """Return the digest of what is asked for (rule 1: without the PIN)."""
    asked = {k: v for k, v in sorted(upload.fields.items()) if k != "pin"}
    digest = hashlib.sha256(json.dumps([identity_id, asked]).encode())
    if upload.path is not None:
        with upload.path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
