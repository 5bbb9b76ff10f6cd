"""Heavy but honest documents, signed by the development PKI: made once, kept in a folder.

    .venv/bin/python bench/heavy.py FOLDER

- `revisions`: 25 signatures, 50 revisions; a field filled in between each two signatures.
- `pages`: 5,000 pages of text, 3 signatures.
- `tagged`: 200 pages with 20,000 structure elements, as Word exports them, 3 signatures.
- `scan`: 400 page images, 200 MB, 1 signature.

The first signature certifies (P=2), as those of Vietnamese agencies should.
"""

import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
from asn1crypto import keys, x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pikepdf import Array, Dictionary, Name
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from api.settings import load  # noqa: E402 - the line above makes it importable
from api.wiring import make_development_pki  # noqa: E402 - the same
from certs.dev.authority import DevelopmentAuthority  # noqa: E402 - the same
from certs.dev.profiles import Subject  # noqa: E402 - the same

A4 = Array([0, 0, 595, 842])
TAGGED_PAGES, ELEMENTS = 200, 20_000
SCANNED_PAGES, SCAN_WIDTH, SCAN_HEIGHT = 400, 620, 845
"""Pixels of one byte: 524 KB a page, incompressible, as a colour scan of 200 dpi is."""


def signer(data: Path) -> SimpleSigner:
    """Return a stock signer with a certificate of the development PKI in `data`."""
    authority = DevelopmentAuthority(data / "dev-pki")
    key = rsa.generate_private_key(65537, 2048)
    subject = Subject(
        id="bench",
        role="person",
        key="rsa2048",
        common_name="Nguyễn Văn Đo",
        organization="UBND xã Lam Mẫu",
    )
    leaf = authority.issue(subject, key.public_key(), datetime.now(UTC))
    registry = SimpleCertificateStore()
    registry.register(
        x509.Certificate.load(authority.certificate("issuing").public_bytes(Encoding.DER))
    )
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return SimpleSigner(
        signing_cert=x509.Certificate.load(leaf.public_bytes(Encoding.DER)),
        signing_key=keys.PrivateKeyInfo.load(private),
        cert_registry=registry,
    )


def _page(pdf: pikepdf.Pdf, content: bytes, **more: Any) -> pikepdf.Object:
    page = Dictionary(
        Type=Name.Page, MediaBox=A4, Contents=pdf.make_stream(content), Resources=Dictionary()
    )
    for key, value in more.items():
        page[f"/{key}"] = value
    pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
    return pdf.pages[-1].obj


def _font(pdf: pikepdf.Pdf) -> Dictionary:
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    return Dictionary(Font=Dictionary(F1=pdf.make_indirect(font)))


def _lines(number: int, count: int = 40) -> bytes:
    said = f"Trang {number}: bien ban lam viec, noi dung thu"
    lines = b"".join(
        b"1 0 0 1 60 %d Tm (%s %d) Tj " % (780 - 18 * at, said.encode(), at) for at in range(count)
    )
    return b"BT /F1 11 Tf " + lines + b"ET"


def _base_revisions(path: Path) -> None:
    with pikepdf.new() as pdf:
        fonts = _font(pdf)
        fields = []
        for number in range(10):
            _page(pdf, _lines(number), Resources=fonts)
        page = pdf.pages[0].obj
        for number in range(25):
            field = Dictionary(
                Type=Name.Annot,
                Subtype=Name.Widget,
                FT=Name.Tx,
                T=pikepdf.String(f"Text{number}"),
                Rect=Array([400, 20 + 25 * number, 500, 40 + 25 * number]),
                DA=pikepdf.String("/F1 10 Tf 0 g"),
                F=4,
                P=page,
            )
            fields.append(pdf.make_indirect(field))
        page["/Annots"] = Array(fields)
        pdf.Root.AcroForm = Dictionary(Fields=Array(fields), DR=fonts)
        pdf.save(path)


def _base_pages(path: Path) -> None:
    with pikepdf.new() as pdf:
        fonts = _font(pdf)
        for number in range(5_000):
            _page(pdf, _lines(number, 5), Resources=fonts)
        pdf.save(path)


def _base_tagged(path: Path) -> None:
    with pikepdf.new() as pdf:
        fonts = _font(pdf)
        root = pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot))
        document = pdf.make_indirect(Dictionary(Type=Name.StructElem, S=Name.Document, P=root))
        kids, parents = [], []
        each = ELEMENTS // TAGGED_PAGES
        for number in range(TAGGED_PAGES):
            content = b"".join(
                b"/P <</MCID %d>> BDC BT /F1 6 Tf 60 %d Td (%d) Tj ET EMC\n" % (n, 800 - 7 * n, n)
                for n in range(each)
            )
            page = _page(pdf, content, Resources=fonts, StructParents=number)
            here = [
                pdf.make_indirect(
                    Dictionary(Type=Name.StructElem, S=Name.P, P=document, Pg=page, K=n)
                )
                for n in range(each)
            ]
            kids += here
            parents += [number, pdf.make_indirect(Array(here))]
        document.K = Array(kids)
        root.K = document
        root.ParentTree = pdf.make_indirect(Dictionary(Nums=Array(parents)))
        pdf.Root.StructTreeRoot = root
        pdf.Root.MarkInfo = Dictionary(Marked=True)
        pdf.save(path, object_stream_mode=pikepdf.ObjectStreamMode.generate)


def _base_scan(path: Path) -> None:
    noise = random.Random(1)  # noqa: S311 - noise that is the same each time
    with pikepdf.new() as pdf:
        for _ in range(SCANNED_PAGES):
            image = pdf.make_stream(
                noise.randbytes(SCAN_WIDTH * SCAN_HEIGHT),
                Type=Name.XObject,
                Subtype=Name.Image,
                Width=SCAN_WIDTH,
                Height=SCAN_HEIGHT,
                ColorSpace=Name.DeviceGray,
                BitsPerComponent=8,
            )
            resources = Dictionary(XObject=Dictionary(Im0=image))
            _page(pdf, b"595 0 0 842 0 0 cm /Im0 Do", Resources=resources)
        pdf.save(path, compress_streams=False)


def _sign(path: Path, number: int, who: SimpleSigner) -> None:
    meta = PdfSignatureMetadata(
        field_name=f"Signature{number}",
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=number == 1,
        docmdp_permissions=MDPPerm.FILL_FORMS,
    )
    with path.open("r+b") as file:
        writer = IncrementalPdfFileWriter(file)
        PdfSigner(meta, who).sign_pdf(writer, in_place=True)


def _prepare(path: Path, count: int) -> None:
    """Add the signature fields before the first signature, as P=2 demands."""
    with path.open("r+b") as file:
        writer = IncrementalPdfFileWriter(file)
        for number in range(1, count + 1):
            append_signature_field(writer, SigFieldSpec(f"Signature{number}"))
        writer.write_in_place()
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.save(path)


def _fill(path: Path, number: int) -> None:
    with path.open("r+b") as file:
        writer = IncrementalPdfFileWriter(file)
        for ref in writer.root["/AcroForm"]["/Fields"]:
            field = ref.get_object()
            if field["/T"] == f"Text{number}":
                field["/V"] = generic.TextStringObject(f"so {number}")
                writer.mark_update(ref.reference)
        writer.write_in_place()


HEAVY: dict[str, tuple[str, int, Callable[[Path], None]]] = {
    "revisions": ("25 signatures × 50 revisions", 25, _base_revisions),
    "pages": ("5,000 pages, 3 signatures", 3, _base_pages),
    "tagged": ("tagged, 20,000 structure elements, 3 signatures", 3, _base_tagged),
    "scan": ("scan of 200 MB, 1 signature", 1, _base_scan),
}


def heavy(folder: Path) -> dict[str, Path]:
    """Return the documents, making what is missing; `folder` also is their data directory."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    make_development_pki(load(folder))
    who: SimpleSigner | None = None
    made = {}
    for name, (_, count, base) in HEAVY.items():
        made[name] = target = folder / f"{name}.pdf"
        if target.is_file():
            continue
        who = who or signer(folder)
        draft = folder / f"{name}.part"
        base(draft)
        if name != "scan":  # one signature brings its own field
            _prepare(draft, count)
        for number in range(1, count + 1):
            _sign(draft, number, who)
            if name == "revisions" and number < count:
                _fill(draft, number)
        draft.rename(target)
    return made


if __name__ == "__main__":
    for path in heavy(Path(sys.argv[1])).values():
        print(path, path.stat().st_size)
