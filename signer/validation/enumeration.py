"""Every signature in the file, wherever it hides, in signing order.

1. Signature fields are found in the form of the newest revision, one by one: a broken one never
   hides the others.
2. Widgets on pages that carry a signature but belong to no field of the form are orphans.
3. So are signature dictionaries that stand in the bytes (`/ByteRange` … `/Contents`) and that no
   field reaches: an update that drops a signature from the form leaves them behind. Usage-rights
   signatures (/Perms /UR3, clause 12.8.2.3) belong to no field by design and are no signature of
   anybody over the document's meaning.
4. A field whose /Contents is empty or all zero is prepared, not signed.
5. A file without signatures that bears the marks of signing had one removed: a signature value
   that no longer fits the file; an /AcroForm with /SigFlags or with signature layers among its
   resources but no signature field; certification rights (/Perms), validation data (/DSS) or the
   ESIC extension without any signature.
6. Signing order is the order of the revisions that were signed: how far a /ByteRange reaches.
"""

import re
from dataclasses import dataclass, field

from signer.limits import SIGNATURES
from signer.validation.form import Field, Form, annotations, box, read_form, read_pages, text
from signer.validation.lexer import LexError, Ref, Value, unhex
from signer.validation.report import Box, SignatureKind
from signer.validation.structure import Document, InStream, StructureError

_RAW = re.compile(
    rb"/ByteRange[\x00\t\n\x0c\r ]*\[[\x00\t\n\x0c\r ]*(\d+)[\x00\t\n\x0c\r ]+(\d+)"
    rb"[\x00\t\n\x0c\r ]+(\d+)[\x00\t\n\x0c\r ]+(\d+)"
)


@dataclass(slots=True)
class Found:
    """One signature, as it stands in the file; nothing about it is verified yet."""

    field_name: str
    field: Field | None
    entries: dict[str, Value]
    holder: int | None
    """Object that the signature dictionary is written in."""
    span: tuple[int, int] | None
    """Where that object stands in the file."""
    byte_range: tuple[int, ...] | None
    contents: bytes
    sub_filter: str | None
    kind: SignatureKind
    orphan: bool = False
    box: Box | None = None
    page: int | None = None

    @property
    def reach(self) -> int:
        """Offset up to which it signs."""
        br = self.byte_range
        return br[2] + br[3] if br and len(br) == 4 else 1 << 62  # noqa: PLR2004 two ranges


@dataclass(slots=True)
class Enumeration:
    """All that was found."""

    signatures: list[Found] = field(default_factory=list)
    prepared: list[str] = field(default_factory=list)
    """Names of fields that wait for a signature with a placeholder in place."""
    removed: bool = False
    form: Form = field(default_factory=Form)
    pages: int = 0


def enumerate_signatures(doc: Document) -> Enumeration:
    """Return the signatures of `doc`.

    Raises:
        StructureError: over a limit.

    """
    out = Enumeration(form=read_form(doc, doc.last))
    fields = [f for f in out.form.fields if f.kind == "/Sig"]
    for f in fields:
        value = doc.resolve(f.value, doc.last)
        if value is None:
            continue
        holder = f.value.id if isinstance(f.value, Ref) else (f.ref.id if f.ref else None)
        found = _found(doc, f.name, f, value, holder)
        if found.contents.strip(b"\0"):
            out.signatures.append(found)
        else:
            out.prepared.append(f.name)
    known = {s.holder for s in out.signatures}
    _walk_pages(doc, out, known)
    out.signatures += _unreached(doc, out, known)
    if len(out.signatures) > SIGNATURES:
        raise StructureError("file.limit", f"{len(out.signatures)} signatures")
    out.signatures.sort(key=lambda s: s.reach)
    out.removed = not out.signatures and not out.prepared and _marks_of_signing(doc, out.form)
    return out


def _found(doc: Document, name: str, f: Field | None, value: Value, holder: int | None) -> Found:
    d = value if isinstance(value, dict) else {}
    parsed = doc.parsed(holder, doc.last) if holder is not None else None
    raw_range = doc.get(d, "/ByteRange", doc.last)
    numbers = (
        tuple(doc.resolve(n, doc.last) for n in raw_range) if isinstance(raw_range, tuple) else ()
    )
    byte_range = tuple(n for n in numbers if isinstance(n, int)) if numbers else None
    contents = doc.get(d, "/Contents", doc.last)
    sub_filter = doc.get(d, "/SubFilter", doc.last)
    is_stamp = sub_filter == "/ETSI.RFC3161"
    return Found(
        name,
        f,
        d,
        holder,
        (parsed.start, parsed.end) if parsed is not None and parsed.start >= 0 else None,
        byte_range if byte_range is not None and len(byte_range) == len(numbers) else None,
        contents if isinstance(contents, bytes) else b"",
        str(sub_filter)[1:] if isinstance(sub_filter, str) else None,
        SignatureKind.DOCUMENT_TIMESTAMP if is_stamp else SignatureKind.SIGNATURE,
    )


def _walk_pages(doc: Document, out: Enumeration, known: set[int | None]) -> None:
    """Find where the signatures stand on pages, and orphans among the widgets: rule 2."""
    by_widget = {w.id: s for s in out.signatures if s.field for w, _ in s.field.widgets if w}
    in_form = {f.name for f in out.form.fields}
    for page in read_pages(doc, doc.last):
        out.pages = page.number
        for ref, d in annotations(doc, page, doc.last):
            if d.get("/Subtype") != "/Widget":
                continue
            s = by_widget.get(ref.id) if ref else None
            if s is not None:
                s.page = page.number
                s.box = box(doc, page, d.get("/Rect"), doc.last)
                continue
            if ref is not None and (ref.id in out.form.by_id or ref.id in out.form.nodes):
                continue
            top = _inheriting(doc, d)
            value = doc.resolve(top.get("/V"), doc.last)
            if top.get("/FT") != "/Sig" or not isinstance(value, dict):
                continue
            v = top.get("/V")
            holder = v.id if isinstance(v, Ref) else (ref.id if ref else None)
            if holder in known:
                continue
            name = text(doc.resolve(top.get("/T"), doc.last)) or "?"
            orphan = _found(
                doc, name if name not in in_form else f"{name} (?)", None, value, holder
            )
            orphan.orphan, orphan.page = True, page.number
            orphan.box = box(doc, page, d.get("/Rect"), doc.last)
            known.add(holder)
            out.signatures.append(orphan)


def _inheriting(doc: Document, d: dict[str, Value]) -> dict[str, Value]:
    """Return /FT, /V and /T of a widget, from its parents where it has none."""
    out: dict[str, Value] = {}
    for _ in range(32):
        for k in ("/FT", "/V", "/T"):
            if k in d:
                out.setdefault(k, d[k])
        above = doc.get(d, "/Parent", doc.last)
        if not isinstance(above, dict):
            break
        d = above
    return out


def _unreached(doc: Document, out: Enumeration, known: set[int | None]) -> list[Found]:
    """Return signature dictionaries in the bytes that nothing reaches: rule 3."""
    spans = [s.span for s in out.signatures if s.span] + _usage_rights(doc)
    found: list[Found] = []
    for n, m in enumerate(_RAW.finditer(doc.data)):
        if n > SIGNATURES * 4:
            raise StructureError("file.limit", "too many /ByteRange entries")
        if any(a <= m.start() < b for a, b in spans):
            continue
        br = tuple(int(x) for x in m.groups())
        a, b = br[1], br[2]
        if br[0] or not m.start() - 200_000 < a < b <= len(doc.data) or b + br[3] > len(doc.data):
            continue  # does not speak of this file; rule 5 may still apply
        if doc.data[a : a + 1] != b"<" or doc.data[b - 1 : b] != b">":
            continue
        try:
            contents = unhex(doc.data[a + 1 : b - 1])
        except ValueError:
            continue
        if not contents.strip(b"\0"):
            continue
        sub_filter = re.search(
            rb"/SubFilter[\x00\t\n\x0c\r ]*/([A-Za-z0-9.]+)",
            doc.data[max(0, m.start() - 4096) : b + 4096],
        )
        d: dict[str, Value] = {"/ByteRange": br, "/Contents": contents}
        name = sub_filter[1].decode() if sub_filter else None
        kind = (
            SignatureKind.DOCUMENT_TIMESTAMP if name == "ETSI.RFC3161" else SignatureKind.SIGNATURE
        )
        found.append(
            Found(
                f"? ({len(found) + 1})",
                None,
                d,
                None,
                (min(m.start(), a), b),
                br,
                contents,
                name,
                kind,
                orphan=True,
            )
        )
    del known
    return found


def _usage_rights(doc: Document) -> list[tuple[int, int]]:
    spans = []
    for revision in range(len(doc.revisions)):
        perms = doc.get(doc.root(revision), "/Perms", revision)
        for key in ("/UR3", "/UR"):
            ref = perms.get(key) if isinstance(perms, dict) else None
            if isinstance(ref, Ref) and (p := doc.parsed(ref.id, revision)) and p.start >= 0:
                spans.append((p.start, p.end))
    return spans


def _marks_of_signing(doc: Document, form: Form) -> bool:  # noqa: PLR0911 - one way out per mark
    """Whether something shows that a signature was here: rule 5."""
    if _RAW.search(doc.data):  # one that does not fit this file any more
        return True
    if any(f.kind == "/Sig" for f in form.fields):
        return False  # a field that waits
    root = doc.root(doc.last)
    acro = doc.get(root, "/AcroForm", doc.last)
    if isinstance(acro, dict):
        flags = doc.get(acro, "/SigFlags", doc.last)
        if isinstance(flags, int) and (flags & 1 or not form.fields):
            return True
        layers = doc.get(doc.get(acro, "/DR", doc.last), "/XObject", doc.last)
        if isinstance(layers, dict) and "/FRM" in layers:
            return True
    perms = doc.get(root, "/Perms", doc.last)
    if isinstance(perms, dict) and "/DocMDP" in perms:
        return True
    extensions = doc.get(root, "/Extensions", doc.last)
    if isinstance(extensions, dict) and "/ESIC" in extensions:
        return True
    return "/DSS" in root


__all__ = ["Enumeration", "Found", "InStream", "LexError", "enumerate_signatures"]
