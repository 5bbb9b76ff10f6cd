"""Ký số: choose, read, place, sign, look at what came out.

1. From the moment a document is chosen its bytes are frozen on the desk shelf: page images, the
   proposed place, the approval and the signature all mean this one file (design.md D13).
2. An approval is one form: it names the digest of what was shown, the identity, the level, the
   appearance and its place, and a number that is used once. Sent twice, it signs once.
3. People sign with the identities granted to them and with no other.
4. The PIN travels in the body of that one POST. It is in no address, no log and on no page; when
   it was wrong, everything else that was filled in is still there.
5. What was signed was judged by our own validator before it was handed out; the verdict is shown.
   It is archived when the person says so.
"""

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse, RedirectResponse

from api.problems import problem_of
from api.rest.documents import attachment
from api.security import require
from api.web.forms import Form, Posted
from api.web.i18n import Texts, language_of, texts
from api.web.kept import GoneError, Kept, Shelf
from api.web.pages import is_development, page
from api.web.routes.files import page_image
from api.web.routes.search import copy_record
from api.web.routes.verify import checked
from api.web.views.desk import paper
from api.web.views.placing import as_asked, as_shown
from api.web.views.sheets import AT_ONCE, sheets
from api.web.views.verdict import verdict
from api.wiring import House
from archive.errors import ArchiveError
from archive.model import FIELDS, DocumentMetadata, RecordKind, SearchOrder, SearchQuery
from certs.errors import CertsError
from certs.model import IdentityPurpose, SigningIdentity
from office import samples
from office.errors import NotAllowedError, OfficeError
from office.flows.receive import metadata_from_fields
from office.flows.sign import ToSign
from office.people import Person
from office.placing import place
from office.roles import SIGNERS
from office.tables.work import Answered
from signer.appearance import AppearanceKind
from signer.creation import SignRequest
from signer.errors import PdfRejectedError, PlacementError, SignerError
from signer.render import RENDER, RenderRequest
from signer.reports.words import Tone
from signer.validation.report import Box, Level

router = APIRouter(include_in_schema=False)

Signer = Annotated[Person, Depends(require(*SIGNERS, vi="ký số", en="sign"))]
SIGNED = "signed"
"""Origin of what was signed here: nothing else is shown or archived as such."""
WAITING = 8
"""Archived outgoing documents offered for a further signature."""
LEVELS = (Level.B_LT, Level.B_LTA, Level.B_T, Level.B_B)
"""The one to be used first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What somebody approved (rule 2), but for the PIN."""

    identity_id: str
    level: Level
    appearance: AppearanceKind
    box: Box | None

    def digest(self, kept: Kept) -> str:
        """Return a fingerprint of this approval of that document."""
        return hashlib.sha256(f"{kept.sha256}\n{self!r}".encode()).hexdigest()


@router.get("/sign")
def choose(request: Request, person: Signer) -> Response:
    """Show what could be signed."""
    house = cast("House", request.app.state.house)
    spoken = texts(language_of(request))
    query = SearchQuery(kind=RecordKind.OUTGOING, order=SearchOrder.NEWEST, limit=WAITING)
    return page(
        request,
        "sign.html",
        limit=house.settings.upload_limit,
        identities=_identities(house, person),
        samples=_samples() if is_development(request) else (),
        waiting=[paper(hit, spoken) for hit in house.archive.search(query).hits],
    )


@router.post("/sign")
def put_on_desk(request: Request, person: Signer, form: Posted) -> Response:
    """Freeze the document and go to it (rule 1)."""
    house = cast("House", request.app.state.house)
    shelf = cast("Shelf", request.app.state.desk_shelf)
    if form.text("sample"):
        kept = _take_sample(house, shelf, person, form.text("sample"))
    elif form.text("record"):
        record = house.archive.record(form.text("record"))
        kept = shelf.take(
            lambda folder: copy_record(house, record.record_id, folder),
            owner=person.id,
            name=record.original_name,
        )
    else:
        kept = shelf.take(form.save, owner=person.id, name=form.file_name)
    kept = checked(house, shelf, kept)
    location = f"/sign/{kept.id}"
    if "application/json" in request.headers.get("accept", ""):
        return Response(f'{{"location": "{location}"}}', media_type="application/json")
    return RedirectResponse(location, HTTPStatus.SEE_OTHER)


@router.get("/sign/{kept_id}")
def read_and_place(request: Request, person: Signer, kept_id: str) -> Response:
    """Show the pages, the proposed place and the approval form."""
    return _approval_page(request, person, _find(request, person, kept_id))


@router.post("/sign/{kept_id}")
def sign(request: Request, person: Signer, kept_id: str, form: Posted) -> Response:
    """Sign what was approved (rules 2 to 4), or show the form again with what went wrong."""
    house = cast("House", request.app.state.house)
    kept = _find(request, person, kept_id)
    try:
        approval = _approval(form, person, kept)
        if form.text("sha256") != kept.sha256:
            raise NotAllowedError(
                "ký một văn bản khác với văn bản đã xem", "sign another document than the one shown"
            )
        claim = house.idempotency.claim(
            person.id, f"page {form.text('once')[:64]}", approval.digest(kept)
        )
        if isinstance(claim, Answered):
            return RedirectResponse(claim.response["location"], HTTPStatus.SEE_OTHER)
        try:
            signed = _signed(request, person, kept, approval, form.fields.get("pin") or None)
        except BaseException:
            house.idempotency.withdraw(claim)
            raise
    except (CertsError, SignerError, ArchiveError, OfficeError) as e:
        request.app.state.metrics.signed(e.code)
        return _approval_page(request, person, kept, form=form, refused=e)
    location = f"/sign/{signed.id}/signed"
    house.idempotency.done(claim, int(HTTPStatus.SEE_OTHER), {"location": location})
    request.app.state.metrics.signed("signed")
    return RedirectResponse(location, HTTPStatus.SEE_OTHER)


@router.get("/sign/{kept_id}/signed")
def look(request: Request, person: Signer, kept_id: str) -> Response:
    """Show what came out, with its verdict (rule 5)."""
    kept = _signed_here(_find(request, person, kept_id))
    spoken = texts(language_of(request))
    assert kept.verification is not None  # noqa: S101 - `_find` sees to it
    view = verdict(kept.verification.report, spoken)
    return page(
        request,
        "signed.html",
        v=view,
        kept=kept,
        pages=sheets(kept.sizes, f"/sign/{kept.id}/pages", boxes=view.boxes),
        more_pages=None,
    )


@router.get("/sign/{kept_id}/document.pdf")
def download(request: Request, person: Signer, kept_id: str) -> Response:
    """Return the file as it lies on the desk."""
    kept = _find(request, person, kept_id)
    return FileResponse(
        kept.path,
        media_type="application/pdf",
        headers={"content-disposition": attachment(kept.name)},
    )


@router.post("/sign/{kept_id}/archive")
def archive(request: Request, person: Signer, kept_id: str, form: Posted) -> Response:
    """Put the signed document into the archive (rule 5)."""
    del form
    house = cast("House", request.app.state.house)
    kept = _signed_here(_find(request, person, kept_id))
    received = house.receiving.receive(
        kept.path,
        original_name=kept.name,
        kind=RecordKind.OUTGOING,
        given=kept.given,
        actor=person.account,
    )
    receipt = received.receipt
    request.app.state.metrics.received(RecordKind.OUTGOING.value, duplicate=receipt.duplicate)
    return RedirectResponse(f"/records/{receipt.record_id}", HTTPStatus.SEE_OTHER)


@router.get("/sign/{kept_id}/pages/{number}-{width}.png")
def desk_page(request: Request, person: Signer, kept_id: str, number: int, width: int) -> Response:
    """Return one page of a document on this person's desk as an image."""
    return page_image(request, _find(request, person, kept_id), number, width)


@router.get("/appearances/{identity_id}-{kind}.png")
def appearance(
    request: Request, person: Signer, identity_id: str, kind: AppearanceKind
) -> Response:
    """Return what a signature of this identity looks like, for showing it in its place."""
    house = cast("House", request.app.state.house)
    _may_use(person, identity_id)
    art = house.artist.draw(kind, house.identities.get(identity_id), at=house.clock.now())
    if art is None:
        return Response(status_code=HTTPStatus.NOT_FOUND)
    drawn = house.sandbox.run(RENDER, RenderRequest(pages=(1,), width_px=480), pdf=art.pdf)
    return Response(
        drawn.images[0].data,
        media_type=drawn.images[0].media_type,
        headers={"cache-control": "private, max-age=900"},
    )


def _find(request: Request, person: Person, kept_id: str) -> Kept:
    shelf = cast("Shelf", request.app.state.desk_shelf)
    kept = shelf.find(kept_id, person.id)
    if kept.verification is None:
        raise GoneError
    return kept


def _signed_here(kept: Kept) -> Kept:
    if kept.origin != SIGNED:
        raise GoneError
    return kept


def _approval_page(
    request: Request,
    person: Person,
    kept: Kept,
    *,
    form: Form | None = None,
    refused: CertsError | SignerError | ArchiveError | OfficeError | None = None,
) -> Response:
    house = cast("House", request.app.state.house)
    spoken = texts(language_of(request))
    assert kept.verification is not None  # noqa: S101 - `_find` sees to it
    view = verdict(kept.verification.report, spoken)
    if kept.sizes is None:
        reason = kept.verification.report.reasons[0]
        raise PdfRejectedError(reason.code, reason.vi, reason.en)
    identities = _identities(house, person)
    sent = form or Form(fields=dict(request.query_params))
    chosen = next((i for i in identities if i.id == sent.text("identity")), None) or next(
        iter(identities), None
    )
    kind = _kind(sent, chosen)
    box = None if kind is AppearanceKind.NONE else _box(sent, kept, kind)
    problem = problem_of(refused) if refused is not None else None
    return page(
        request,
        "approve.html",
        status=problem.status if problem else HTTPStatus.OK,
        problem=spoken.of(problem) if problem else None,
        kept=kept,
        v=view if kept.verification.report.signatures else None,
        broken=view.tone is Tone.BAD,
        identities=identities,
        chosen=chosen,
        level=sent.text("level") or LEVELS[0].value,
        levels=_levels(spoken),
        kind=kind.value,
        box=as_shown(box, kept.sizes) if box else None,
        page_count=kept.sizes.page_count,
        once=secrets.token_urlsafe(16),
        pages=sheets(kept.sizes, f"/sign/{kept.id}/pages", boxes=view.boxes, first=_first(box)),
        more_pages=None,
    )


def _first(box: Box | None) -> int:
    """Return the first page to show: the beginning, or near the box of a long document."""
    return 1 if box is None or box.page <= AT_ONCE else box.page - AT_ONCE // 2


def _box(sent: Form, kept: Kept, kind: AppearanceKind) -> Box:
    assert kept.sizes is not None  # noqa: S101 - looked at by the caller
    assert kept.verification is not None  # noqa: S101 - looked at by the caller
    try:
        asked = as_asked(sent, kept.sizes)
    except SignerError:
        asked = None
    return asked or place(kind, kept.sizes, kept.verification, known=kept.place)


def _kind(sent: Form, chosen: SigningIdentity | None) -> AppearanceKind:
    try:
        return AppearanceKind(sent.text("appearance"))
    except ValueError:
        seal = chosen is not None and chosen.purpose is IdentityPurpose.SEAL
        return AppearanceKind.SEAL if seal else AppearanceKind.LEADER


def _approval(form: Form, person: Person, kept: Kept) -> Approval:
    assert kept.sizes is not None  # noqa: S101 - a document without pages has no form
    identity_id = form.text("identity")
    _may_use(person, identity_id)
    try:
        kind, level = AppearanceKind(form.text("appearance")), Level(form.text("level"))
    except ValueError as e:
        raise PlacementError(
            "Mức ký hoặc hình thức chữ ký không có.", "No such level, or no such appearance."
        ) from e
    box = None if kind is AppearanceKind.NONE else as_asked(form, kept.sizes)
    if box is None and kind is not AppearanceKind.NONE:
        # Without a place the signing engine would choose one, and nobody would have seen it.
        raise PlacementError(
            "Chưa rõ vị trí chữ ký. Hãy xem lại vị trí rồi ký.",
            "The place of the signature is not clear. Look at it again, then sign.",
        )
    return Approval(identity_id=identity_id, level=level, appearance=kind, box=box)


def _may_use(person: Person, identity_id: str) -> None:
    if identity_id not in person.identities:
        raise NotAllowedError(
            f"ký bằng danh tính «{identity_id[:64]}»", f"sign with identity “{identity_id[:64]}”"
        )


def _signed(
    request: Request, person: Person, kept: Kept, approval: Approval, pin: str | None
) -> Kept:
    house = cast("House", request.app.state.house)
    shelf = cast("Shelf", request.app.state.desk_shelf)
    name = f"{kept.name.removesuffix('.pdf').removesuffix('_signed')}_signed.pdf"

    def make(folder: Path) -> None:
        (outcome,) = house.signing.sign(
            [ToSign(source=kept.path, target=folder / "document.pdf", name=kept.name)],
            SignRequest(level=approval.level, appearance=approval.appearance, box=approval.box),
            identity_id=approval.identity_id,
            pin=pin,
            actor=person.account,
        )
        if outcome.error is not None:
            raise outcome.error

    signed = shelf.take(make, owner=person.id, name=name, origin=SIGNED)
    signed = shelf.amend(signed, place=kept.place or approval.box, given=kept.given)
    return checked(house, shelf, signed)


def _identities(house: House, person: Person) -> Sequence[SigningIdentity]:
    now = house.clock.now()
    return [
        identity
        for identity in house.identities.list()
        if identity.id in person.identities and identity.not_before <= now <= identity.not_after
    ]


def _levels(spoken: Texts) -> list[tuple[str, str, str]]:
    _ = spoken.gettext
    words = {
        Level.B_LT: (
            _("Đầy đủ (B-LT)"),
            _("Có dấu thời gian và dữ liệu kiểm chứng. Dùng cho hầu hết văn bản."),
        ),
        Level.B_LTA: (
            _("Lưu trữ lâu dài (B-LTA)"),
            _("Như trên, thêm dấu thời gian lưu trữ cho văn bản bảo quản vĩnh viễn."),
        ),
        Level.B_T: (_("Có dấu thời gian (B-T)"), _("Chứng minh được thời điểm ký.")),
        Level.B_B: (_("Cơ bản (B-B)"), _("Chỉ có chữ ký; không chứng minh được thời điểm ký.")),
    }
    return [(level.value, *words[level]) for level in LEVELS]


@cache
def _samples() -> tuple[tuple[str, DocumentMetadata], ...]:
    return tuple((name, _sample_metadata(name)) for name in samples.names())


def _sample_metadata(name: str) -> DocumentMetadata:
    facts = json.loads((samples.FOLDER / f"{name}.json").read_text("utf-8"))
    return metadata_from_fields({field: facts.get(field) for field in FIELDS})


def _take_sample(house: House, shelf: Shelf, person: Person, name: str) -> Kept:
    if name not in samples.names():
        raise GoneError
    made = samples.sample(name, house.typesetter)
    kept = shelf.take(
        lambda folder: (folder / "document.pdf").write_bytes(made.pdf),
        owner=person.id,
        name=f"{name}.pdf",
    )
    return shelf.amend(kept, place=made.signature, given=_sample_metadata(name))
