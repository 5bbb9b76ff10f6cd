"""Papers stamped as agencies stamp them: every step a signature, its appearance typeset."""

import asyncio
import tempfile
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from io import BytesIO
from pathlib import Path

import typst
from asn1crypto import keys as akeys
from asn1crypto import x509 as ax509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.fields import MDPPerm, SigFieldSpec
from pyhanko.stamp import StaticStampStyle

from certs.model import RevocationMaterial, TrustAnchor, TrustPurpose, TrustStore
from signer.jobs import JobFiles
from signer.pagetext import DocumentText, TextRequest
from signer.reading import read_job
from signer.validation.document import validate
from signer.validation.job import ValidationRequest
from signer.validation.report import ValidationReport
from vectors.make import stamper_of
from vectors.pki import DAY, NOW, Entity, crl, key, pki

OIDS = {
    "CN": NameOID.COMMON_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "UID": NameOID.USER_ID,
    "T": NameOID.TITLE,
    "GN": NameOID.GIVEN_NAME,
}
DRAWN = "#rect(width: 100%, height: 100%, fill: red)"
"""An image, as far as a role goes."""


@dataclass(frozen=True)
class Step:
    """One signature: by whom, where, what its appearance shows (typst), and its /Reason."""

    by: tuple[tuple[str, str], ...]
    box: tuple[int, int, int, int] | None = None
    look: str = DRAWN
    reason: str | None = None
    page: int = 0
    proven: datetime | None = None


def subject(**parts: str) -> tuple[tuple[str, str], ...]:
    return tuple(parts.items())


@cache
def certificate(by: tuple[tuple[str, str], ...]) -> x509.Certificate:
    names = [x509.NameAttribute(OIDS[k], v) for k, v in (("O", "Cơ quan"), *by)]
    if any(k == "O" for k, _ in by):
        names = names[1:]
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name(names))
        .issuer_name(pki().ca.certificate.subject)
        .public_key(key("stamped").public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 400 * DAY)
        .not_valid_after(NOW + 400 * DAY)
        .sign(pki().ca.key, hashes.SHA256())
    )


def der(by: tuple[tuple[str, str], ...]) -> bytes:
    return certificate(by).public_bytes(serialization.Encoding.DER)


def typeset(markup: str, page: str = 'paper: "a4", margin: 2cm') -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "paper.typ"
        source.write_text(f"#set page({page})\n#set text(size: 13pt)\n{markup}")
        return bytes(typst.compile(source))


def look(folder: str, markup: str, width: int, height: int) -> StaticStampStyle:
    """Return a stamp; pyHanko reads its file when it signs, so `folder` must live until then."""
    made = typeset(
        f"#set text(size: 9pt)\n{markup}",
        f"width: {width}pt, height: {height}pt, margin: 0pt, fill: none",
    )
    file = Path(folder) / "look.pdf"
    file.write_bytes(made)
    return StaticStampStyle.from_pdf_file(str(file), border_width=0, background_opacity=1)


def signed(pdf: bytes, *steps: Step) -> bytes:
    """Return `pdf` signed step by step; the first signature certifies, forms may be filled."""
    for number, step in enumerate(steps, 1):
        with tempfile.TemporaryDirectory() as folder:
            pdf = _signed(pdf, step, f"Field{number}", folder, certify=number == 1)
    return pdf


def _signed(pdf: bytes, step: Step, name: str, folder: str, *, certify: bool) -> bytes:
    entity = Entity(name, certificate(step.by), key("stamped"), pki().ca)
    x1, y1, x2, y2 = step.box or (0, 0, 0, 0)
    signer = signers.PdfSigner(
        signers.PdfSignatureMetadata(
            field_name=name,
            subfilter=fields.SigSeedSubFilter.PADES,
            certify=certify,
            docmdp_permissions=MDPPerm.FILL_FORMS,
            reason=step.reason,
        ),
        signers.SimpleSigner(
            signing_cert=ax509.Certificate.load(entity.der),
            signing_key=akeys.PrivateKeyInfo.load(entity.key_der),
            cert_registry=None,
        ),
        timestamper=stamper_of(pki().tsa, step.proven) if step.proven else None,
        stamp_style=look(folder, step.look, x2 - x1, y2 - y1) if step.box else None,
        new_field_spec=SigFieldSpec(name, on_page=step.page, box=step.box),
    )
    out = BytesIO()
    writer = IncrementalPdfFileWriter(BytesIO(pdf), strict=False)
    asyncio.run(signer.async_sign_pdf(writer, output=out, bytes_reserved=16384))
    return out.getvalue()


def report_on(pdf: bytes, at: datetime = NOW) -> ValidationReport:
    """Return the report with the test's root trusted and its revocation lists at hand."""
    anchor = TrustAnchor(
        certificate=pki().root.der, purposes=frozenset(TrustPurpose), origin="stamped"
    )
    material = RevocationMaterial(crls=(crl(pki().root), crl(pki().ca)))
    request = ValidationRequest(trust=TrustStore(anchors=(anchor,)), at=at, material=material)
    return validate(pdf, request)


def text_of(pdf: bytes) -> DocumentText:
    return read_job(TextRequest(), JobFiles(input=BytesIO(pdf), output=None))
