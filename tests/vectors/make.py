"""Make PDFs, sign them, and do to them what an attacker or an honest tool would do."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from io import BytesIO

import time_machine
from asn1crypto import keys as akeys
from asn1crypto import x509 as ax509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers, timestamps
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.pdf_byterange import PdfByteRangeDigest  # noqa: F401 - re-exported
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator.registry import SimpleCertificateStore

from vectors.pki import NOW, Entity

HEAD = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"


def table(offsets: Mapping[int, int]) -> bytes:
    out = b"xref\n"
    for i, at in sorted(offsets.items()):
        out += b"%d 1\n%010d %s n \n" % (i, at, b"00000")
    return out


def base(
    *,
    fields_: Sequence[bytes] = (),
    more: Mapping[int, bytes] | None = None,
    annots: str = "",
    catalog: bytes = b"",
    page: bytes = b"",
) -> bytes:
    """A page that says what is owed; 5 is its content, 10… are form fields, 20… whatever else."""
    kids = b" ".join(b"%d 0 R" % (10 + n) for n in range(len(fields_)))
    form = (
        b"/AcroForm<</Fields[%s]/DA(/Helv 0 Tf 0 g)/DR<</Font<</Helv 6 0 R>>>>>>" % kids
        if fields_
        else b""
    )
    all_annots = (kids + b" " + annots.encode()).strip()
    text = b"BT /Helv 18 Tf 72 700 Td (Pay 1,000) Tj ET"
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R%s%s>>" % (form, catalog),
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 5 0 R/Resources<</Font<</Helv 6 0 R>>>>%s%s>>"
        % (b"/Annots[%s]" % all_annots if all_annots else b"", page),
        5: stream(text),
        6: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    }
    objects |= {10 + n: f for n, f in enumerate(fields_)}
    objects |= more or {}
    return whole(objects)


def stream(data: bytes, extra: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (extra, len(data), data)


def text_field(name: str, value: str | None = None, rect: str = "72 600 200 620") -> bytes:
    v = b"/V(%s)" % value.encode() if value is not None else b""
    return (
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(%s)%s/Rect[%s]/P 3 0 R/DA(/Helv 12 Tf 0 g)/F 4>>"
        % (name.encode(), v, rect.encode())
    )


def whole(objects: Mapping[int, bytes]) -> bytes:
    out, at = HEAD, {}
    for i, o in sorted(objects.items()):
        at[i] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (i, o)
    x = len(out)
    out += b"xref\n0 1\n0000000000 65535 f \n" + table(at)[5:]
    size = max(objects) + 1
    return out + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, x)


def last_startxref(pdf: bytes) -> int:
    return int(re.findall(rb"startxref\s+(\d+)", pdf)[-1])


def update(
    pdf: bytes,
    objects: Mapping[int, bytes],
    *,
    listed: Sequence[int] | None = None,
    freed: Sequence[int] = (),
    root: int | None = None,
    prev: int | None = None,
    trailer: bytes = b"",
    unlisted: bytes = b"",
) -> bytes:
    """Append an incremental update; `listed` says which of its objects the table owns up to."""
    out, at = pdf if pdf.endswith(b"\n") else pdf + b"\n", {}
    for i, o in sorted(objects.items()):
        at[i] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (i, o)
    out += unlisted
    x = len(out)
    shown = {i: o for i, o in at.items() if listed is None or i in listed}
    out += table(shown)
    for i in freed:
        out += b"%d 1\n%010d %05d f \n" % (i, 0, 1)
    if not shown and not freed:
        out += b"0 0\n"
    size = max([*at, *sizes(pdf)]) + 1
    return out + b"trailer\n<</Size %d/Root %d 0 R/Prev %d%s>>\nstartxref\n%d\n%%%%EOF\n" % (
        size, root or root_of(pdf), last_startxref(pdf) if prev is None else prev, trailer, x,
    )  # fmt: skip


def sizes(pdf: bytes) -> list[int]:
    return [int(n) - 1 for n in re.findall(rb"/Size (\d+)", pdf)]


def root_of(pdf: bytes) -> int:
    return int(re.findall(rb"/Root (\d+) 0 R", pdf)[-1])


def body(pdf: bytes, i: int) -> bytes:
    """Return the newest body of object `i`, as pyHanko writes it."""
    found = re.findall(rb"(?:^|[\r\n ])%d 0 obj[\r\n ]+(.*?)[\r\n ]*endobj" % i, pdf, re.DOTALL)
    return found[-1]


def signer_of(entity: Entity, *, with_chain: bool = True) -> signers.SimpleSigner:
    registry = SimpleCertificateStore()
    if with_chain:
        for e in entity.chain[1:]:
            registry.register(ax509.Certificate.load(e.der))
    return signers.SimpleSigner(
        signing_cert=ax509.Certificate.load(entity.der),
        signing_key=akeys.PrivateKeyInfo.load(entity.key_der),
        cert_registry=registry,
    )


def stamper_of(entity: Entity, at: datetime) -> timestamps.DummyTimeStamper:
    registry = SimpleCertificateStore()
    for e in entity.chain[1:]:
        registry.register(ax509.Certificate.load(e.der))
    return timestamps.DummyTimeStamper(
        tsa_cert=ax509.Certificate.load(entity.der),
        tsa_key=akeys.PrivateKeyInfo.load(entity.key_der),
        certs_to_embed=registry,
        fixed_dt=at,
    )


def sign(
    pdf: bytes,
    by: Entity,
    *,
    name: str = "Sig1",
    stamp: tuple[Entity, datetime] | None = None,
    store: Sequence[bytes] | None = None,
    crls: Sequence[bytes] = (),
    ocsps: Sequence[bytes] = (),
    certify: int | None = None,
    box: tuple[int, int, int, int] | None = None,
    lock: fields.FieldMDPSpec | None = None,
    fill: Mapping[int, bytes] | None = None,
    pades: bool = True,
    digest: str = "sha256",
    claimed: datetime | None = None,
    with_chain: bool = True,
    permission: MDPPerm | None = None,
) -> bytes:
    """Sign; `store`, `crls`, `ocsps` go into a DSS of the signature's own revision."""
    from pyhanko.pdf_utils import generic

    w = IncrementalPdfFileWriter(BytesIO(pdf), strict=False)
    for i, raw in (fill or {}).items():
        value = generic.DictionaryObject.read_from_stream(BytesIO(raw), generic.Reference(i, 0, w))
        w.objects[(0, i)] = value
    if store is not None:
        DocumentSecurityStore.supply_dss_in_writer(
            w,
            None,
            certs=[ax509.Certificate.load(c) for c in store],
            crls=[_crl(c) for c in crls],
            ocsps=[_ocsp(o) for o in ocsps],
        )
    spec = SigFieldSpec(
        name, on_page=0, box=box, field_mdp_spec=lock, doc_mdp_update_value=permission
    )
    meta = signers.PdfSignatureMetadata(
        field_name=name,
        md_algorithm=digest,
        subfilter=SigSeedSubFilter.PADES if pades else SigSeedSubFilter.ADOBE_PKCS7_DETACHED,
        certify=certify is not None,
        docmdp_permissions=MDPPerm(certify or 2),
    )
    out = BytesIO()
    signer = signers.PdfSigner(
        meta,
        signer_of(by, with_chain=with_chain),
        timestamper=stamper_of(*stamp) if stamp else None,
        new_field_spec=spec,
    )
    with time_machine.travel(claimed or NOW - timedelta(hours=1)):  # /M is the clock's
        asyncio.run(signer.async_sign_pdf(w, output=out, bytes_reserved=16384))
    return out.getvalue()


def document_stamp(
    pdf: bytes,
    by: Entity,
    at: datetime,
    *,
    store: Sequence[bytes] | None = None,
    crls: Sequence[bytes] = (),
    ocsps: Sequence[bytes] = (),
) -> bytes:
    w = IncrementalPdfFileWriter(BytesIO(pdf), strict=False)
    if store is not None:
        DocumentSecurityStore.supply_dss_in_writer(
            w,
            None,
            certs=[ax509.Certificate.load(c) for c in store],
            crls=[_crl(c) for c in crls],
            ocsps=[_ocsp(o) for o in ocsps],
        )
    out = BytesIO()
    maker = signers.PdfTimeStamper(stamper_of(by, at))
    asyncio.run(maker.async_timestamp_pdf(w, "sha256", None, output=out, bytes_reserved=16384))
    return out.getvalue()


def _crl(der: bytes):
    from asn1crypto import crl

    return crl.CertificateList.load(der)


def _ocsp(der: bytes):
    from asn1crypto import ocsp

    return ocsp.OCSPResponse.load(der)


def hour_before(at: datetime = NOW) -> datetime:
    return at - timedelta(hours=1)
