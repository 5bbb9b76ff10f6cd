"""What may happen to fields.

1. A signature field gets its signature: value and appearance come together, in the revision that
   the signature signs. A field for it may be made in the same revision, never left empty.
2. An existing signature, and the appearance of a field that is signed, never change.
3. Any other field may be filled if it was empty, with its appearance. A value that was there, or an
   appearance under an unchanged value, never changes (shadow attack "replace").
4. No field is removed, moved or renamed; flags may only become read-only, and only when signing or
   filling.
"""

from signer.validation.compare_catalog import fields_grow
from signer.validation.comparison import Comparison, Kind, refs
from signer.validation.form import Field, rectangle
from signer.validation.lexer import Ref, Value
from signer.validation.sameness import references

_FILLING = {"/V", "/AP", "/AS", "/M", "/I", "/RV", "/MK"}
_SIGNING = {
    "/V", "/AP", "/F", "/M", "/MK", "/DA", "/DR", "/P", "/Type", "/Subtype", "/Border", "/BS",
    "/NM", "/H", "/Ff",
}  # fmt: skip
_READ_ONLY = 1
_PRINT_LOCKED = 132
"""Annotation flags Print and Locked, which tools set when they sign."""
_MANY = 10_000
"""Objects under one appearance; far above any real one."""


def compare_fields(c: Comparison) -> None:
    """Find what happened to every field, and note which were signed or filled."""
    for f in c.after.fields:
        previous = _previous(c, f)
        if f.kind == "/Sig":
            _signature_field(c, f, previous)
        elif previous is None:
            c.forbid("field added", f.name, new=c.now(f.value))
        elif not c.same(previous.value, f.value):
            old, new = c.was(previous.value), c.now(f.value)
            if _empty(old):
                c.active.add(f.name)
                c.note(Kind.FILLED, "field filled", f.name, old, new)
            else:
                c.forbid("field value", f.name, old, new)
    for name in sorted(c.before.by_name.keys() - c.after.by_name.keys()):
        c.forbid("field removed", name)
    if len(c.after.fields) < len(c.before.fields):
        c.forbid("field removed")


def _signature_field(c: Comparison, f: Field, previous: Field | None) -> None:
    value = c.now(f.value)
    was = c.was(previous.value) if previous else None
    if isinstance(was, dict):
        if previous is not None and not c.same(previous.value, f.value):
            c.forbid("signature replaced", f.name)
    elif isinstance(value, dict):
        holder = f.value.id if isinstance(f.value, Ref) else (f.ref.id if f.ref else None)
        s = c.signed_here(holder)
        if s is None:
            c.forbid("signature field with a value that signs nothing here", f.name)
            return
        c.active.add(f.name)
        stamp = s.timestamp and not _visible(c, f)
        c.note(Kind.TIMESTAMP if stamp else Kind.SIGNATURE, field=f.name)
    elif previous is None and value is None:
        c.forbid("empty signature field added", f.name)


def _visible(c: Comparison, f: Field) -> bool:
    """Whether a field draws something. A time-stamp that does counts as a signature: it shows."""
    for _, d in f.widgets:
        r = rectangle(c.doc, d.get("/Rect"), c.revision)
        if "/AP" in d and r is not None and r[0] < r[2] and r[1] < r[3]:
            return True
    return False


def _previous(c: Comparison, f: Field) -> Field | None:
    if f.ref is not None and f.ref.id in c.before.by_id:
        return c.before.by_id[f.ref.id]
    if f.ref is None or f.ref.id not in c.fresh:
        return c.before.by_name.get(f.name)
    return None


def _empty(value: Value) -> bool:
    """Whether a value means "not filled in": absent, empty text, or a button that is off."""
    return value is None or value in (b"", b"\xfe\xff", "/Off", ())


def compare_field_object(c: Comparison, i: int, a: Value, b: Value) -> set[int]:
    """Compare the dictionary of a field or of its widget; return the objects explained by it."""
    claimed: set[int] = set()
    f = c.before.by_id.get(i)
    name = f.name if f else None
    if not isinstance(a, dict) or not isinstance(b, dict):
        c.forbid("field", name)
        return claimed
    if i not in c.after.by_id and i not in c.after.nodes:
        c.forbid("field removed", name)
        return claimed
    allowed: set[str] = set()
    if f is not None and name in c.active:
        allowed = _SIGNING if f.kind == "/Sig" else _FILLING
    for key in sorted(a.keys() | b.keys()):
        x, y = a.get(key), b.get(key)
        if key == "/Kids":
            claimed |= fields_grow(c, x, y, key, f"field {name}")
        elif c.same(x, y):
            continue
        elif key not in allowed or not _flags(key, c.was(x), c.now(y)):
            c.forbid(f"field {key}", name, c.was(x), c.now(y))
        elif key == "/AP":
            claimed |= refs(x)
    return claimed


def _flags(key: str, old: Value, new: Value) -> bool:
    if key == "/P":
        return old is None
    if key not in ("/F", "/Ff"):
        return True
    m, n = old if isinstance(old, int) else 0, new if isinstance(new, int) else 0
    return m & n == m and (n & ~m) & ~(_READ_ONLY if key == "/Ff" else _PRINT_LOCKED) == 0


def appearance_objects(c: Comparison) -> set[int]:
    """Return objects that, before, hung below the appearance of a field signed or filled here."""
    out: set[int] = set()
    for name in c.active:
        f = c.before.by_name.get(name)
        for ref, d in f.widgets if f else ():
            out |= refs(ref)
            todo = [r for _, r in references(d.get("/AP"))]
            while todo and len(out) < _MANY:
                r = todo.pop()
                if r.id in out:
                    continue
                out.add(r.id)
                below = references(c.doc.value(r, c.old))
                todo += [x for key, x in below if key not in ("/P", "/Parent")]
    return out
