"""Writes the revision that a signature will complete. Runs in the sandbox child.

1. One incremental update, nothing else: earlier bytes stay as they are, and no unsigned update
   ever stands between two signatures (design.md D5; VGCA's verifier counts `%%EOF`).
2. The first signature of a document certifies it, DocMDP P=2: form filling, signing. P=1 would
   forbid the archive time-stamp in Acrobat (ISO 32000-2, erratum to clause 12.8.2.2).
3. A field with a /Lock gets the FieldMDP that the lock asks for (clause 12.7.5.5).
4. Validation data go into the DSS in the same update (EN 319 142-1 clause 5.4.2), unlinked to any
   VRI: that key is the hash of a value that does not exist yet, and it is optional.
5. Neither Info nor XMP is touched. pyHanko would rewrite both; a PDF/A document must say the same
   in each, and whoever signs has not edited it.
6. Fields for those who sign later, and for number and date, are made in the revision of the first
   signature; number and date are filled in the seal's own (`signer.forming`). So they too come in
   under a signature.
7. The update begins on a line of its own. A document may end at its last `%%EOF`, as a typesetter
   leaves it; an object number right behind the marker is read all the same, but is no PDF/A
   (ISO 19005-2 clause 6.1.9).
"""
# pyHanko ships types, but leaves many of its functions without.
# mypy: disallow-untyped-calls=False

import io
from collections.abc import Generator
from typing import Any, BinaryIO

from asn1crypto import crl, ocsp, x509
from pyhanko.pdf_utils import misc
from pyhanko.pdf_utils.form_tools import get_single_field_annot
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import FieldMDPSpec, MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import constants
from pyhanko.sign.signers.cms_embedder import (
    PdfCMSEmbedder,
    SigIOSetup,
    SigMDPSetup,
    SigObjSetup,
)
from pyhanko.sign.signers.pdf_byterange import DocumentTimestamp, PdfSignedData, SignatureObject
from pyhanko.sign.validation.dss import DocumentSecurityStore

from certs.model import RevocationMaterial
from signer.appearance import AppearanceKind, propose
from signer.errors import PlacementError, SandboxError, WouldBreakError
from signer.forming import add_fields, box_of, dress, fill_fields
from signer.jobs import JobFiles
from signer.prepare import PrepareRequest, SigningToken, TimestampRequest
from signer.screen import RenderedPdf, reopen, screen
from signer.validation.report import Box

CHUNK = 1 << 18
"""Bytes per read: 256 KiB is fastest; the library's 4 KiB cost half as much again at 200 MB."""


class _RevisionWriter(IncrementalPdfFileWriter):
    """Writes what it is told and nothing else (rule 5), from a new line on (rule 7)."""

    IO_CHUNK_SIZE = CHUNK

    def _write_header(self, stream: BinaryIO) -> None:
        super()._write_header(stream)
        self.input_stream.seek(-1, io.SEEK_END)
        if self.input_stream.read(1) not in (b"\n", b"\r"):
            stream.write(b"\n")

    def _update_meta(self) -> None:
        pass


def prepare_signature_job(request: PrepareRequest, files: JobFiles) -> SigningToken:
    """Prepare a signature; see `signer.prepare`."""
    rendered = screen(files.input)
    field_name = request.field_name or _free_name(rendered, "Signature")
    if any(field.name == field_name for field in rendered.filled):
        raise PlacementError(
            f"Trường chữ ký «{field_name}» đã được ký.",
            f"Signature field “{field_name}” is already signed.",
        )
    rendered.admit(field_name)
    made_now = {field.use.value: field.box for field in request.fields}
    exists = field_name in rendered.empty or field_name in made_now
    box = None if exists else _chosen_box(rendered, request)
    spec = SigFieldSpec(
        sig_field_name=field_name,
        on_page=box.page - 1 if box else 0,
        box=rendered.placed(box) if box else None,  # type: ignore[arg-type] # floats are fine
    )
    writer = _RevisionWriter.from_reader(rendered.reader)
    writer.ensure_output_version((1, 7))
    if writer.output_version < (2, 0):
        writer.register_extension(constants.ESIC_EXTENSION_1)
    _add_security_store(writer, request.security_store)
    if request.fields and rendered.filled:
        raise WouldBreakError(
            "Văn bản đã có chữ ký: các ô số, ngày tháng và chữ ký phải được chuẩn bị trước chữ ký "
            "đầu tiên.",
            "The document is signed already: fields are prepared before the first signature.",
        )
    add_fields(writer, rendered, request.fields)
    fill_fields(writer, rendered, request.fillings)
    session = PdfCMSEmbedder(new_field_spec=spec).write_cms(field_name, writer)
    try:
        field = next(session).get_object()
    except (misc.PdfError, ValueError) as error:  # SigningError and FormFillingError are the latter
        raise PlacementError(
            f"Không đặt được chữ ký vào trường «{field_name}»: {error}",
            f"No signature can be put into field “{field_name}”: {error}",
        ) from error
    if field_name in made_now:
        box = made_now[field_name]
    elif exists:
        box = _existing_box(rendered, field, request)
    if request.art is not None and box is not None:
        dress(writer, rendered, get_single_field_annot(field), request.art, box)
    certifies = not rendered.filled
    placeholder = SignatureObject(
        timestamp=request.signing_time,
        subfilter=SigSeedSubFilter.PADES,
        name=request.name,
        location=request.location,
        reason=request.reason,
        contact_info=request.contact,
        bytes_reserved=2 * request.contents_size,
    )
    rules = _rules(field, certifies=certifies, digest_algorithm=request.digest_algorithm)
    session.send(SigObjSetup(sig_placeholder=placeholder, mdp_setup=rules))
    return _written(
        session,
        files.output,
        request.digest_algorithm,
        field_name=field_name,
        box=box if request.art is not None else None,
        certifies=certifies,
        earlier=tuple(f.name for f in rendered.filled),
    )


def prepare_timestamp_job(request: TimestampRequest, files: JobFiles) -> SigningToken:
    """Prepare a document time-stamp; see `signer.prepare`."""
    rendered = reopen(files.input)
    rendered.admit_time_stamp()
    field_name = _free_name(rendered, "Timestamp")
    writer = _RevisionWriter.from_reader(rendered.reader)
    _add_security_store(writer, request.security_store)
    spec = SigFieldSpec(sig_field_name=field_name, on_page=0)
    session = PdfCMSEmbedder(new_field_spec=spec).write_cms(field_name, writer)
    next(session)
    placeholder: PdfSignedData = DocumentTimestamp(bytes_reserved=2 * request.contents_size)
    session.send(SigObjSetup(sig_placeholder=placeholder))
    return _written(
        session,
        files.output,
        request.digest_algorithm,
        field_name=field_name,
        box=None,
        certifies=False,
        earlier=tuple(f.name for f in rendered.filled),
    )


def _written(
    session: Generator[Any, Any, Any],
    output: BinaryIO | None,
    digest_algorithm: str,
    *,
    field_name: str,
    box: Box | None,
    certifies: bool,
    earlier: tuple[str, ...],
) -> SigningToken:
    if output is None:
        raise SandboxError(
            "Chưa có nơi ghi tệp đã chuẩn bị.", "There is no file to write the prepared PDF to."
        )
    setup = SigIOSetup(md_algorithm=digest_algorithm, output=output, chunk_size=CHUNK)
    prepared, _ = session.send(setup)
    output.flush()
    return SigningToken(
        document_digest=prepared.document_digest,
        digest_algorithm=digest_algorithm,
        gap_start=prepared.reserved_region_start,
        gap_end=prepared.reserved_region_end,
        total_size=output.seek(0, io.SEEK_END),
        field_name=field_name,
        box=box,
        certifies=certifies,
        earlier=earlier,
    )


def _free_name(rendered: RenderedPdf, stem: str) -> str:
    """Return a name that no field has and, if there is one, that no earlier signature locks."""
    used = len(rendered.names)
    free = [n for n in (f"{stem}{k}" for k in range(1, used + 9)) if n not in rendered.names]
    return next((name for name in free if not rendered.locks(name)), free[0])


def _chosen_box(rendered: RenderedPdf, request: PrepareRequest) -> Box | None:
    if request.art is None:
        return None
    if request.box is not None:
        return request.box
    size = (request.art.width, request.art.height)
    last = len(rendered.frames)
    if request.appearance is AppearanceKind.SEAL:
        # The seal belongs on the leader's signature, which need not stand on the last page.
        visible = [f.box.page for f in rendered.filled if f.box]
        last = visible[-1] if visible else last
    return propose(rendered.sheet(last), request.appearance, size)


def _existing_box(rendered: RenderedPdf, field: Any, request: PrepareRequest) -> Box | None:
    """Return where a prepared field is displayed; a signature takes the place prepared for it."""
    if request.box is not None:
        raise PlacementError(
            "Trường chữ ký này đã có sẵn vị trí; không thể chọn khung khác.",
            "This signature field has its place already; another box cannot be chosen.",
        )
    if "/SV" in field and int(field["/SV"].get("/Ff", 0)):
        raise PlacementError(
            "Trường chữ ký này đặt ra điều kiện ký (/SV) mà hệ thống chưa hỗ trợ.",
            "This signature field makes conditions (/SV) that are not supported yet.",
        )
    return box_of(rendered, get_single_field_annot(field))


def _rules(field: Any, *, certifies: bool, digest_algorithm: str) -> SigMDPSetup:
    lock = FieldMDPSpec.from_pdf_object(field["/Lock"]) if "/Lock" in field else None
    permission = MDPPerm.FILL_FORMS if certifies else None
    if lock is not None and "/P" in field["/Lock"]:
        asked = MDPPerm(int(field["/Lock"]["/P"]))
        permission = min(permission, asked) if permission else asked
    return SigMDPSetup(
        md_algorithm=digest_algorithm, certify=certifies, field_lock=lock, docmdp_perms=permission
    )


def _add_security_store(writer: IncrementalPdfFileWriter, bag: RevocationMaterial | None) -> None:
    if not bag:
        return
    DocumentSecurityStore.supply_dss_in_writer(
        writer,
        None,
        certs=[x509.Certificate.load(der) for der in bag.certificates],
        ocsps=[ocsp.OCSPResponse.load(der) for der in bag.ocsp_responses],
        crls=[crl.CertificateList.load(der) for der in bag.crls],
    )
