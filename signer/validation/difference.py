"""What one revision changed against the one before it, explained object by object.

Reject by default: a change is FORBIDDEN unless a rule here names it. Whether a named change is
permitted is judged afterwards, per signature (`changes.py`).

1. An object whose new definition equals the old one is not changed. Nor is a revision's own
   cross-reference stream or object stream a change, unless its number belonged to something else
   (iText lists its own cross-reference stream as free: harmless).
2. A new object is harmless by itself; it becomes visible only through a changed one. A reference
   that led nowhere before and leads to a new object is a change at the place of the reference.
3. An object may be freed when nothing names it any more.
4. Catalog: /AcroForm, /DSS, /Perms (a new certification), /Extensions and /Version (upwards only),
   /Metadata may change, each by its own rule; nothing else may.
5. Form: /Fields gains fields that are signed in this very revision; nothing leaves. /SigFlags may
   gain bits; /DR may gain entries, and its /XObject may change (nothing draws from there).
6. A signature field gets its signature: value and appearance come together. An existing signature
   dictionary, and the appearance of a field that is signed, never change.
7. Any other field may be filled if it was empty, with its appearance. A value that was there, or an
   appearance under an unchanged value, never changes (shadow attack "replace").
8. Pages: /Annots may gain the widgets of fields signed in this revision; annotations that are not
   widgets may come, go and change (a change of kind ANNOTATION). Old entries keep their order.
9. Validation data: the /DSS holds certificates, CRLs, OCSP answers and nothing else; it may grow
   and be rewritten, also with less (iText replaces answers when it renews): what is in it proves
   itself, what is missing is found missing by the procedure. Its objects serve nothing else.
10. Document information and XMP metadata may change beside something else, never alone.
11. The structure tree may grow by elements for new annotations; existing elements keep all else.
12. Arrays and streams have no type of their own: one that changes must be used for one purpose
    only, at every place that names it.
13. Objects that are new, and reached from nowhere, pass only beside a signature, a time-stamp or
    validation data.
14. An object that cannot be read cleanly in a later revision is UNCLEAR: viewers will differ.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from signer.validation.form import Field, Form, text
from signer.validation.lexer import Name, Ref, Stream, Value
from signer.validation.sameness import ReferenceIndex, reachable, references, same
from signer.validation.structure import Document, InStream


class Kind(Enum):
    """What a change is."""

    SIGNATURE = "signature"
    TIMESTAMP = "timestamp"
    VALIDATION_DATA = "validation-data"
    FILLED = "filled"
    ANNOTATION = "annotation"
    METADATA = "metadata"
    UNCLEAR = "unclear"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class Change:
    """One explained change."""

    kind: Kind
    revision: int
    field: str | None = None
    what: str = ""
    """Machine words, e.g. `page 3 /Contents`."""
    old: str | None = None
    new: str | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature as the difference analysis needs to know it."""

    name: str
    holder: int | None
    revision: int | None
    timestamp: bool


@dataclass(slots=True)
class Context:
    """What all steps share."""

    doc: Document
    index: ReferenceIndex
    pages: Mapping[int, int]
    """Page object → page number."""
    signed: Mapping[int, Signed]
    """Signature dictionary object → signature."""


_VALUE_KEYS = {"/V", "/AP", "/AS", "/M", "/I", "/RV", "/MK"}
_SIGNING_KEYS = {"/V", "/AP", "/F", "/M", "/MK", "/DA", "/DR", "/P", "/Type", "/Subtype", "/Border", "/BS", "/NM", "/H", "/Ff"}
_PAGE_ADDABLE = {"/Tabs", "/StructParents"}
_PAGE_NODE_KEYS = {"/Type", "/Parent", "/Kids", "/Count", "/Resources", "/MediaBox", "/CropBox", "/Rotate"}
_DSS_KEYS = {"/Type", "/Certs", "/CRLs", "/OCSPs", "/VRI"}


def _short(value: Value) -> str | None:
    """Return a value as a person may read it, cut short."""
    if value is None:
        return None
    if isinstance(value, bytes):
        return text(value)[:200]
    if isinstance(value, str):
        return value[1:200]
    return str(value)[:200] if isinstance(value, int | Decimal | bool) else "…"


@dataclass(slots=True)
class Step:
    """The analysis of one revision against the one before."""

    context: Context
    revision: int
    before: Form
    after: Form
    changes: list[Change] = field(default_factory=list)
    changed: dict[int, tuple[Value, Value]] = field(default_factory=dict)
    fresh: set[int] = field(default_factory=set)
    active: set[str] = field(default_factory=set)
    """Names of the fields signed or filled here."""

    # -- helpers ------------------------------------------------------------------------------

    @property
    def doc(self) -> Document:
        """The document."""
        return self.context.doc

    @property
    def old(self) -> int:
        """The revision before."""
        return self.revision - 1

    def note(self, kind: Kind, what: str = "", **more: str | None) -> None:
        """Write a change down, once."""
        change = Change(kind, self.revision, what=what, **more)
        if change not in self.changes:
            self.changes.append(change)

    def forbid(self, what: str, **more: str | None) -> None:
        """Write down a change that no rule names."""
        self.note(Kind.FORBIDDEN, what, **more)

    def same(self, a: Value, b: Value) -> bool:
        """Compare a value of the revision before with one of this."""
        return same(self.doc, a, self.old, b, self.revision)

    def was(self, value: Value) -> Value:
        """Resolve in the revision before."""
        return self.doc.resolve(value, self.old)

    def now(self, value: Value) -> Value:
        """Resolve in this revision."""
        return self.doc.resolve(value, self.revision)

    # -- the whole ----------------------------------------------------------------------------

    def run(self) -> list[Change]:
        """Explain everything that this revision did."""
        self._collect()
        self._trailer()
        old_root, new_root = self.doc.root(self.old), self.doc.root(self.revision)
        self._fields()
        claimed = self._catalog(old_root, new_root)
        claimed |= self._objects(old_root, new_root)
        self._rest(claimed)
        self._unreferenced()
        return self.changes

    def _collect(self) -> None:
        """Find what is defined anew: rules 1, 3 and 14."""
        r = self.doc.revisions[self.revision]
        containers = {c for e in self.doc.revisions[: self.revision] for c in e.containers}
        for i in r.entries.keys() | r.freed:
            before, after = self.doc.parsed(i, self.old), self.doc.parsed(i, self.revision)
            if i in containers and i not in r.own_streams and (before and after and before.start != after.start):
                self.forbid(f"object stream {i} of an earlier revision")
            if after is not None and after.anomalies and set(after.anomalies) - {"length", "empty"}:
                self.note(Kind.UNCLEAR, f"object {i}: {', '.join(sorted(set(after.anomalies)))}")
            own = i in r.own_streams or i in r.containers
            if before is None:
                if after is not None and not own:
                    self.fresh.add(i)
                    if self.context.index.live(i, self.old):
                        self.changed[i] = (None, after.value)
                continue
            if own and isinstance(before.value, Stream) and before.value.dict.get("/Type") in ("/XRef", "/ObjStm"):
                continue
            if after is None:
                if i not in r.own_streams and self.context.index.live(i, self.revision):
                    if i in reachable(self.doc, self.revision):
                        self.forbid(f"object {i} freed while in use")
                continue
            if before.gen != after.gen or not _equal(before.value, after.value):
                self.changed[i] = (before.value, after.value)

    def _trailer(self) -> None:
        old, new = self.doc.trailer(self.old), self.doc.trailer(self.revision)
        if not self.same(old.get("/Encrypt"), new.get("/Encrypt")):
            self.forbid("trailer /Encrypt")
        if old.get("/Info") != new.get("/Info") and not self.same(old.get("/Info"), new.get("/Info")):
            self.note(Kind.METADATA, "/Info")
        a, b = old.get("/ID"), new.get("/ID")
        if self.doc.encrypted and isinstance(a, tuple) and isinstance(b, tuple) and a and b and a[0] != b[0]:
            self.forbid("trailer /ID")  # the key is derived from it; without encryption it says nothing

    # -- catalog ------------------------------------------------------------------------------

    def _catalog(self, old: dict[str, Value], new: dict[str, Value]) -> set[int]:
        """Compare the catalogs: rule 4."""
        claimed = {
            r.id for r in (self.doc.trailer(self.old).get("/Root"), self.doc.trailer(self.revision).get("/Root"))
            if isinstance(r, Ref)
        }
        for key in old.keys() | new.keys():
            a, b = old.get(key), new.get(key)
            match key:
                case "/AcroForm":
                    claimed |= self._acroform(a, b)
                case "/DSS":
                    claimed |= self._dss(a, b)
                case "/Perms":
                    self._perms(a, b)
                case "/Extensions":
                    if not _extensions_grow(self.was(a), self.now(b), self):
                        self.forbid("/Extensions")
                case "/Version":
                    if not self.same(a, b) and not (isinstance(b, Name) and (a is None or str(a) <= b)):
                        self.forbid("/Version")
                case "/Metadata":
                    claimed |= self._metadata(a, b)
                case "/StructTreeRoot":
                    if (a is None) != (b is None) or not (a == b or self.same(a, b) or (isinstance(a, Ref) and isinstance(b, Ref) and self._struct(self.was(a), self.now(b)))):
                        self.forbid("catalog /StructTreeRoot")
                case _:
                    if not self.same(a, b):
                        self.forbid(f"catalog {key}")
        return claimed

    def _metadata(self, a: Value, b: Value) -> set[int]:
        if a != b or (isinstance(a, Ref) and a.id in self.changed):
            self.note(Kind.METADATA, "/Metadata")
        if isinstance(a, Ref) and a.id in self.changed and self._only_as(a.id, {"/Metadata"}):
            return {a.id}
        return set()

    def _perms(self, a: Value, b: Value) -> None:
        if self.same(a, b):
            return
        before, after = self.was(a), self.now(b)
        before = before if isinstance(before, dict) else {}
        if isinstance(after, dict):
            added = {k: v for k, v in after.items() if k not in before}
            kept = all(self.same(before[k], after.get(k)) for k in before)
            ref = added.get("/DocMDP")
            if kept and set(added) == {"/DocMDP"} and isinstance(ref, Ref) and self._signed_here(ref.id):
                return
        self.forbid("/Perms")

    def _signed_here(self, holder: int) -> bool:
        s = self.context.signed.get(holder)
        return s is not None and s.revision == self.revision

    # -- form ---------------------------------------------------------------------------------

    def _acroform(self, a: Value, b: Value) -> set[int]:
        """Compare the form dictionaries: rule 5. Fields themselves are compared elsewhere."""
        claimed: set[int] = set()
        old, new = self.was(a), self.now(b)
        old = old if isinstance(old, dict) else {}
        if not isinstance(new, dict):
            if old:
                self.forbid("/AcroForm removed")
            return claimed
        claimed |= {r.id for r in (a, b) if isinstance(r, Ref)}
        for key in old.keys() | new.keys():
            x, y = old.get(key), new.get(key)
            if key == "/Fields":
                claimed |= self._grows(x, y, "/Fields", "form")
            elif key == "/SigFlags":
                m, n = self.was(x), self.now(y)
                if not (isinstance(n, int) and (not isinstance(m, int) or m & n == m)):
                    self.forbid("form /SigFlags")
            elif key == "/DR":
                claimed |= self._default_resources(x, y)
            elif key == "/DA" and x is None:
                continue  # only viewers that make appearances read it, and none is asked to
            elif key == "/NeedAppearances" and self.now(y) is not True:
                continue
            elif not self.same(x, y):
                self.forbid(f"form {key}")
        return claimed

    def _default_resources(self, a: Value, b: Value) -> set[int]:
        """Compare /DR: entries may be added; /XObject draws nothing."""
        claimed = {r.id for r in (a, b) if isinstance(r, Ref)}
        old, new = self.was(a), self.now(b)
        if old is None:
            return claimed
        if not isinstance(old, dict) or not isinstance(new, dict):
            self.forbid("form /DR")
            return claimed
        for kind in old:
            x, y = old[kind], new.get(kind)
            m, n = self.was(x), self.now(y)
            if kind == "/XObject" or self.same(x, y):
                if kind == "/XObject" and isinstance(x, Ref):
                    claimed.add(x.id)
                continue
            if isinstance(m, dict) and isinstance(n, dict) and all(self.same(m[k], n.get(k)) for k in m):
                claimed |= {r.id for r in (x, y) if isinstance(r, Ref)}
                continue
            self.forbid(f"form /DR {kind}")
        return claimed

    def _grows(self, a: Value, b: Value, key: str, where: str) -> set[int]:
        """An array of fields keeps what it had, in order; what is new is judged as a field."""
        old, new = self.was(a), self.now(b)
        old = old if isinstance(old, tuple) else ()
        new = new if isinstance(new, tuple) else ()
        kept = [x for x in new if x in old]
        if list(old) != kept and not self.same(tuple(old), tuple(new[: len(old)])):
            self.forbid(f"{where} {key}: entries removed or moved")
        claimed = set()
        for r in (a, b):
            if isinstance(r, Ref) and r.id in self.changed:
                if self._only_as(r.id, {key}):
                    claimed.add(r.id)
                else:
                    self.forbid(f"{where} {key}: shared array")
        return claimed

    def _fields(self) -> None:
        """Find what happened to every field: rules 6 and 7."""
        for f in self.after.fields:
            previous = self._previous(f)
            value = self.now(f.value)
            holder = f.value.id if isinstance(f.value, Ref) else (f.ref.id if f.ref else None)
            if f.kind == "/Sig":
                was = self.was(previous.value) if previous else None
                if isinstance(value, dict) and not isinstance(was, dict):
                    s = self.context.signed.get(holder) if holder is not None else None
                    if s is None or s.revision != self.revision:
                        self.forbid("signature field with a value that signs nothing here", field=f.name)
                        continue
                    self.active.add(f.name)
                    self.note(Kind.TIMESTAMP if s.timestamp else Kind.SIGNATURE, field=f.name)
                elif isinstance(was, dict) and not self.same(previous.value if previous else None, f.value):
                    self.forbid("signature replaced", field=f.name)
                elif previous is None and value is None:
                    self.forbid("empty signature field added", field=f.name)
            elif previous is None:
                self.forbid("field added", field=f.name, new=_short(value))
            elif not self.same(previous.value, f.value):
                old = self.was(previous.value)
                if _empty(old):
                    self.active.add(f.name)
                    self.note(Kind.FILLED, field=f.name, old=_short(old), new=_short(value))
                else:
                    self.forbid("field value", field=f.name, old=_short(old), new=_short(value))
        gone = {f.name for f in self.before.fields} - {f.name for f in self.after.fields}
        for name in sorted(gone):
            self.forbid("field removed", field=name)
        if len(self.before.fields) > len({f.name for f in self.before.fields}) and len(self.after.fields) < len(self.before.fields):
            self.forbid("field removed")

    def _previous(self, f: Field) -> Field | None:
        if f.ref is not None and f.ref.id in self.before.by_id:
            return self.before.by_id[f.ref.id]
        if f.ref is None or f.ref.id not in self.fresh:
            return self.before.by_name.get(f.name)
        return None

    # -- objects ------------------------------------------------------------------------------

    def _objects(self, old_root: dict[str, Value], new_root: dict[str, Value]) -> set[int]:
        """Compare the changed objects that have a place in the document's structure."""
        claimed: set[int] = set()
        info = {r.id for r in (self.doc.trailer(self.old).get("/Info"), self.doc.trailer(self.revision).get("/Info")) if isinstance(r, Ref)}
        annots = self._annotation_places()
        for i, (a, b) in list(self.changed.items()):
            if i in info and isinstance(b, dict) and self._only_as(i, {"/Info"}):
                self.note(Kind.METADATA, "/Info")
                claimed.add(i)
            elif i in self.context.signed and isinstance(a, dict) and "/ByteRange" in a:
                self.forbid("signature dictionary", field=self.context.signed[i].name)
                claimed.add(i)
            elif i in self.context.pages and isinstance(a, dict) and isinstance(b, dict):
                claimed.add(i)
                claimed |= self._page(i, a, b)
            elif i in self.before.by_id or i in self.before.nodes:
                claimed.add(i)
                claimed |= self._field_object(i, a, b)
            elif i in annots and isinstance(a, dict):
                claimed.add(i)
                if not isinstance(b, dict):
                    self.forbid(f"annotation on page {annots[i]}")
                elif a.get("/Subtype") == "/Widget" or b.get("/Subtype") == "/Widget":
                    self.forbid(f"widget outside the form on page {annots[i]}")
                else:
                    self.note(Kind.ANNOTATION, f"page {annots[i]}: {_short(b.get('/Subtype'))} changed", old=_short(self.was(a.get("/Contents"))), new=_short(self.now(b.get("/Contents"))))
            elif isinstance(a, dict) and a.get("/Type") == "/Pages" and isinstance(b, dict):
                claimed.add(i)
                self._page_node(a, b)
            elif self._is_struct(a) and self._is_struct(b):
                claimed.add(i)
                if not self._struct(a, b):
                    self.forbid("structure element")
        del old_root, new_root
        return claimed

    def _annotation_places(self) -> dict[int, int]:
        """Return annotation object → page number, for annotations among the changed objects."""
        out = {}
        for i, (a, _) in self.changed.items():
            if not isinstance(a, dict) or "/Subtype" not in a or "/Rect" not in a:
                continue
            for p in self.context.index.live(i, self.old):
                if p.key == "/Annots" and p.holder in self.context.pages:
                    out[i] = self.context.pages[p.holder]
                elif p.key == "[]":
                    above = [q for q in self.context.index.live(p.holder, self.old) if q.key == "/Annots"]
                    out.update({i: self.context.pages[q.holder] for q in above if q.holder in self.context.pages})
            page = self.was(a.get("/P"))
            if i not in out and isinstance(a.get("/P"), Ref) and isinstance(page, dict):
                number = self.context.pages.get(a["/P"].id)  # type: ignore[union-attr]
                listed = self.doc.get(page, "/Annots", self.old)
                if number and isinstance(listed, tuple) and any(isinstance(x, Ref) and x.id == i for x in listed):
                    out[i] = number
        return out

    def _page(self, i: int, a: dict[str, Value], b: dict[str, Value]) -> set[int]:
        """Compare a page with itself: rule 8."""
        number = self.context.pages[i]
        claimed: set[int] = set()
        for key in a.keys() | b.keys():
            x, y = a.get(key), b.get(key)
            if key == "/Annots":
                claimed |= self._annots(number, x, y)
            elif key in _PAGE_ADDABLE and x is None:
                continue
            elif not self.same(x, y):
                self.forbid(f"page {number} {key}")
        return claimed

    def _page_node(self, a: dict[str, Value], b: dict[str, Value]) -> None:
        """Compare a node of the page tree: it may gain a private mark (old iText signs its name)."""
        for key in a.keys() | b.keys():
            x, y = a.get(key), b.get(key)
            private = x is None and key not in _PAGE_NODE_KEYS and not isinstance(y, Ref | dict | tuple)
            if not private and not self.same(x, y):
                self.forbid(f"page tree {key}")

    def _annots(self, number: int, a: Value, b: Value) -> set[int]:
        old, new = self.was(a), self.now(b)
        old = old if isinstance(old, tuple) else ()
        new = new if isinstance(new, tuple) else ()
        kept_new = [x for x in new if any(_same_item(x, y) or self._same_direct(y, x) for y in old)]
        kept_old = [x for x in old if any(_same_item(x, y) or self._same_direct(x, y) for y in new)]
        if len(kept_new) != len(kept_old) or any(not (_same_item(x, y) or self._same_direct(x, y)) for x, y in zip(kept_old, kept_new, strict=False)):
            self.forbid(f"page {number} /Annots moved")
        for x in old:
            if x not in kept_old:
                d = self.was(x)
                if isinstance(d, dict) and d.get("/Subtype") != "/Widget":
                    self.note(Kind.ANNOTATION, f"page {number}: {_short(d.get('/Subtype'))} removed", old=_short(self.was(d.get("/Contents"))))
                elif d is not None:
                    self.forbid(f"page {number}: field removed")
        for y in new:
            if y in kept_new:
                continue
            self._new_annotation(number, y)
        return {r.id for r in (a, b) if isinstance(r, Ref) and self._only_as(r.id, {"/Annots"})}

    def _same_direct(self, x: Value, y: Value) -> bool:
        return not (isinstance(x, Ref) and isinstance(y, Ref)) and self.same(x, y)

    def _new_annotation(self, number: int, item: Value) -> None:
        d = self.now(item)
        if not isinstance(d, dict):
            return
        if d.get("/Subtype") != "/Widget":
            self.note(Kind.ANNOTATION, f"page {number}: {_short(d.get('/Subtype'))} added", new=_short(self.now(d.get("/Contents"))))
            return
        f = self.after.by_id.get(item.id) if isinstance(item, Ref) else None
        if f is None or f.kind != "/Sig" or f.name not in self.active:
            self.forbid(f"page {number}: widget added", field=f.name if f else None)

    def _field_object(self, i: int, a: Value, b: Value) -> set[int]:
        """Compare a field's or widget's own dictionary: rules 6 and 7."""
        claimed: set[int] = set()
        f = self.before.by_id.get(i)
        name = f.name if f else None
        if not isinstance(a, dict) or not isinstance(b, dict):
            self.forbid("field", field=name)
            return claimed
        if i not in self.after.by_id and i not in self.after.nodes:
            self.forbid("field removed", field=name)
            return claimed
        active = name in self.active
        signing = active and f is not None and f.kind == "/Sig"
        allowed = (_SIGNING_KEYS if signing else _VALUE_KEYS) if active else set()
        for key in sorted(a.keys() | b.keys()):
            x, y = a.get(key), b.get(key)
            if key == "/Kids":
                claimed |= self._grows(x, y, "/Kids", f"field {name}")
            elif key in allowed:
                if key in ("/F", "/Ff", "/P") and not _flag_ok(key, self.was(x), self.now(y), x is None):
                    self.forbid(f"field {key}", field=name)
                if key == "/AP" and isinstance(x, Ref):
                    claimed.add(x.id)
            elif not self.same(x, y):
                self.forbid(f"field {key}", field=name, old=_short(self.was(x)), new=_short(self.now(y)))
        return claimed

    # -- validation data ----------------------------------------------------------------------

    def _dss(self, a: Value, b: Value) -> set[int]:
        """Compare the validation data: rule 9."""
        old_ids, old_data, _ = self._store(a, self.old)
        new_ids, new_data, proper = self._store(b, self.revision)
        touched = (old_ids | new_ids) & (self.changed.keys() | self.fresh)
        if a == b and not touched:
            return set()
        if not proper:
            self.forbid("/DSS")
        self.note(Kind.VALIDATION_DATA, "/DSS rewritten with less" if old_data - new_data else "/DSS")
        claimed = set()
        for i in old_ids & self.changed.keys():
            if self._only_within(i, old_ids, {"/DSS"}):
                claimed.add(i)
        return claimed

    def _store(self, value: Value, revision: int) -> tuple[set[int], set[bytes], bool]:
        """Return the objects of a /DSS, the data in it, and whether it holds nothing else."""
        ids: set[int] = set()
        data: set[bytes] = set()
        proper = True
        todo: list[tuple[str, Value]] = [("dss", value)]
        while todo:
            role, v = todo.pop()
            if isinstance(v, Ref):
                if (v.id in ids) and role != "blob":
                    continue
                ids.add(v.id)
                v = self.doc.resolve(v, revision)
            if role == "dss" and isinstance(v, dict):
                proper &= v.keys() <= _DSS_KEYS
                todo += [("vri" if k == "/VRI" else "list", x) for k, x in v.items() if k != "/Type"]
            elif role == "vri" and isinstance(v, dict):
                todo += [("entry", x) for x in v.values()]
            elif role == "entry" and isinstance(v, dict):
                todo += [("list" if k != "/TS" else "blob", x) for k, x in v.items() if k in ("/Cert", "/CRL", "/OCSP", "/TS")]
            elif role == "list" and isinstance(v, tuple):
                todo += [("blob", x) for x in v]
            elif role == "blob" and isinstance(v, Stream):
                data.add(bytes(v.data))
            elif v is not None and not (role == "entry" and isinstance(v, bytes | Name)):
                proper = False
        return ids, data, proper

    # -- structure tree -----------------------------------------------------------------------

    @staticmethod
    def _is_struct(value: Value) -> bool:
        return isinstance(value, dict) and (
            value.get("/Type") in ("/StructElem", "/StructTreeRoot") or ("/S" in value and "/P" in value and "/K" in value) or "/Nums" in value
        )

    def _struct(self, a: Value, b: Value) -> bool:
        """Whether a node of the structure tree only grew: rule 11."""
        if not isinstance(a, dict) or not isinstance(b, dict):
            return False
        for key in a.keys() | b.keys():
            x, y = a.get(key), b.get(key)
            if self.same(x, y):
                continue
            m, n = self.was(x), self.now(y)
            if key == "/ParentTreeNextKey" and isinstance(n, int):  # book-keeping, nothing reads it
                continue
            if key == "/ParentTree" and self._struct(m, n):
                continue
            if key == "/Nums" and self._numbers_grow(m, n):
                continue
            if key == "/K" and self._struct_grows(m, n):
                continue
            return False
        return True

    def _numbers_grow(self, m: Value, n: Value) -> bool:
        """Whether the pairs of a number tree's leaf kept what they said: the parent tree."""
        if not isinstance(m, tuple) or not isinstance(n, tuple) or len(m) % 2 or len(n) % 2:
            return False
        old, new = dict(zip(m[::2], m[1::2], strict=True)), dict(zip(n[::2], n[1::2], strict=True))
        for k, x in old.items():
            y = new.get(k)
            if k not in new:
                if not self._about_annotation(x, self.old):
                    return False
            elif not self.same(x, y) and not self._struct_grows(self.was(x), self.now(y)):
                return False
        return True

    def _struct_grows(self, m: Value, n: Value) -> bool:
        old = m if isinstance(m, tuple) else (m,)
        new = n if isinstance(n, tuple) else (n,)
        if isinstance(m, dict) or isinstance(n, dict):
            return False
        gone = [x for x in old if x not in new and x is not None]
        if [x for x in old if x in new] != [x for x in new if x in old]:
            return False
        return all(self._about_annotation(x, self.old) for x in gone) and all(
            self._about_annotation(y, self.revision) for y in new if y not in old and y is not None
        )

    def _about_annotation(self, value: Value, revision: int) -> bool:
        """Whether a structure element speaks of an annotation (an object reference) and no more."""
        todo, budget = [value], 200
        while todo:
            budget -= 1
            d = self.doc.resolve(todo.pop(), revision)
            if not isinstance(d, dict) or budget < 0:
                return False
            if d.get("/Type") == "/OBJR":
                continue
            k = self.doc.get(d, "/K", revision)
            if isinstance(k, int):  # marked content of a page: not an annotation
                return False
            todo += k if isinstance(k, tuple) else ([k] if k is not None else [])
        return True

    # -- what is left -------------------------------------------------------------------------

    def _rest(self, claimed: set[int]) -> None:
        """Judge changed objects that no rule has claimed: rules 2 and 12."""
        mine = self._appearances()
        for i in self.changed.keys() - claimed:
            a, b = self.changed[i]
            referrers = self.context.index.live(i, self.old)
            if not referrers:
                continue
            if isinstance(a, tuple) and isinstance(b, tuple) and self._array(i, a, b):
                continue
            if i in mine and self._only_within(i, mine, set()):
                continue
            keys = ", ".join(sorted({r.key for r in referrers}))
            where = "dangling reference" if a is None else "object"
            self.forbid(f"{where} {i} used as {keys}")

    def _array(self, i: int, a: tuple[Value, ...], b: tuple[Value, ...]) -> bool:
        """Judge an array that changed as an object of its own."""
        keys = {r.key for r in self.context.index.live(i, self.old)}
        if keys == {"/Annots"}:
            numbers = [self.context.pages[r.holder] for r in self.context.index.live(i, self.old) if r.holder in self.context.pages]
            if len(numbers) == 1:
                self._annots(numbers[0], a, b)
                return True
        if keys == {"/Fields"} or (keys == {"/Kids"} and all(r.holder in self.before.by_id or r.holder in self.before.nodes for r in self.context.index.live(i, self.old))):
            self._grows(a, b, next(iter(keys)), "form")
            return True
        if keys <= {"/K", "/Nums"}:
            return self._struct_grows(a, b)
        if keys == {"[]"}:  # an array of the parent tree: structure parents of one page
            return self._struct_grows(a, b)
        return False

    def _appearances(self) -> set[int]:
        """Return objects reached, before, from the appearance of fields signed or filled here."""
        out: set[int] = set()
        for name in self.active:
            f = self.before.by_name.get(name)
            for ref, d in f.widgets if f else ():
                todo = [r for _, r in references(d.get("/AP"))]
                while todo and len(out) < 10_000:  # noqa: PLR2004 far above any appearance
                    r = todo.pop()
                    if r.id in out:
                        continue
                    out.add(r.id)
                    todo += [x for k, x in references(self.doc.value(r, self.old)) if k not in ("/P", "/Parent")]
                if ref is not None:
                    out.add(ref.id)
        return out

    def _only_as(self, i: int, keys: set[str]) -> bool:
        """Whether every place that names object `i`, before, does so under one of `keys`: rule 12."""
        return {r.key for r in self.context.index.live(i, self.old)} <= keys

    def _only_within(self, i: int, ids: set[int], keys: set[str]) -> bool:
        """Whether object `i` is named, before, only from `ids` or under one of `keys`."""
        return all(r.holder in ids or r.key in keys for r in self.context.index.live(i, self.old))

    def _unreferenced(self) -> None:
        """Judge new objects that nothing reaches: rule 13."""
        kinds = {c.kind for c in self.changes}
        if kinds & {Kind.SIGNATURE, Kind.TIMESTAMP, Kind.VALIDATION_DATA}:
            return
        reached: set[int] = set()
        todo: list[Ref] = [r for _, b in self.changed.values() for _, r in references(b)]
        todo += [r for _, r in references(self.doc.revisions[self.revision].trailer)]
        while todo:
            r = todo.pop()
            if r.id in reached or r.id not in self.fresh:
                continue
            reached.add(r.id)
            todo += [x for _, x in references(self.doc.value(r, self.revision))]
        left = self.fresh - reached
        if left:
            self.forbid(f"new objects without use: {sorted(left)[:5]}")


def _equal(a: Value, b: Value) -> bool:
    return type(a) is type(b) and a == b


def _same_item(x: Value, y: Value) -> bool:
    return isinstance(x, Ref) and x == y


def _empty(value: Value) -> bool:
    """Whether a field value means "not filled in": absent, empty text, or a button that is off."""
    return value is None or value in (b"", b"\xfe\xff", "/Off", ())


def _flag_ok(key: str, old: Value, new: Value, added: bool) -> bool:  # noqa: FBT001 a fact, not a switch
    if old == new:
        return True
    if key == "/P":
        return added
    read_only, print_locked = 1, 132
    bits = read_only if key == "/Ff" else print_locked
    m, n = old if isinstance(old, int) else 0, new if isinstance(new, int) else 0
    return m & n == m and (n & ~m) & ~bits == 0


def _extensions_grow(old: Value, new: Value, step: Step) -> bool:
    """Whether developer extensions only gained entries or levels."""
    if old is None:
        return True
    if not isinstance(old, dict) or not isinstance(new, dict):
        return False
    for k, v in old.items():
        before, after = step.was(v), step.now(new.get(k))
        if step.same(v, new.get(k)):
            continue
        befores = before if isinstance(before, tuple) else (before,)
        afters = after if isinstance(after, tuple) else (after,)
        level = max((_level(step.was(x), step.was) for x in befores), default=0)
        if not any(_level(step.now(x), step.now) >= level for x in afters):
            return False
    return True


def _level(extension: Value, resolve: object) -> int:
    level = extension.get("/ExtensionLevel") if isinstance(extension, dict) else None
    if callable(resolve):
        level = resolve(level)
    return level if isinstance(level, int) else 0


def interesting(doc: Document, since: int) -> Iterable[int]:
    """Return the objects that revisions after `since` define or free."""
    out: set[int] = set()
    for r in doc.revisions[since + 1 :]:
        out |= r.entries.keys() | r.freed
    return out


__all__ = ["Change", "Context", "InStream", "Kind", "Signed", "Step", "interesting"]
