"""What may change in the catalog and the trailer, and in the form's own dictionary.

1. Catalog: /AcroForm, /DSS, /Perms, /Extensions, /Version, /Metadata and /StructTreeRoot may
   change, each by its own rule; nothing else may. The trailer keeps its /Encrypt.
2. /Perms may gain a certification made in this very revision. /Extensions and /Version only go up.
3. Document information and XMP metadata may change beside something else, never alone (judged in
   `changes.py`).
4. The form: /Fields gains fields, nothing leaves. /SigFlags may gain bits; /DR may gain entries,
   and its /XObject may change (nothing draws from there); /DA may appear where there was none, and
   /NeedAppearances may go. Fields themselves are compared in `compare_form.py`.
"""

from signer.validation.compare_store import compare_store
from signer.validation.compare_structure import grew
from signer.validation.comparison import Comparison, Kind, refs
from signer.validation.lexer import Name, Ref, Value


def compare_trailer(c: Comparison) -> None:
    """Compare the trailers in force."""
    old, new = c.doc.trailer(c.old), c.doc.trailer(c.revision)
    if not c.same(old.get("/Encrypt"), new.get("/Encrypt")):
        c.forbid("trailer /Encrypt")
    if old.get("/Info") != new.get("/Info") and not c.same(old.get("/Info"), new.get("/Info")):
        c.note(Kind.METADATA, "/Info")
    a, b = old.get("/ID"), new.get("/ID")
    if c.doc.encrypted and isinstance(a, tuple) and isinstance(b, tuple) and a[:1] != b[:1]:
        c.forbid("trailer /ID")  # the key is derived from it; without encryption it says nothing


def compare_catalogs(c: Comparison) -> set[int]:
    """Compare the catalogs; return the changed objects that are explained by it."""
    old, new = c.doc.root(c.old), c.doc.root(c.revision)
    claimed = refs(c.doc.trailer(c.old).get("/Root"), c.doc.trailer(c.revision).get("/Root"))
    for key in sorted(old.keys() | new.keys()):
        a, b = old.get(key), new.get(key)
        if key == "/AcroForm":
            claimed |= _form(c, a, b)
        elif key == "/DSS":
            claimed |= compare_store(c, a, b)
        elif key == "/Metadata":
            claimed |= _metadata(c, a, b)
        elif not _may_change(c, key, a, b):
            c.forbid(f"catalog {key}")
    return claimed


def _may_change(c: Comparison, key: str, a: Value, b: Value) -> bool:
    if c.same(a, b):
        return True
    match key:
        case "/Perms":
            return _certified_here(c, c.was(a), c.now(b))
        case "/Extensions":
            return _extensions_grow(c, c.was(a), c.now(b))
        case "/Version":
            return isinstance(b, Name) and (a is None or str(a) <= b)
        case "/StructTreeRoot":
            return a is not None and grew(c, c.was(a), c.now(b))
        case _:
            return False


def _metadata(c: Comparison, a: Value, b: Value) -> set[int]:
    changed = isinstance(a, Ref) and a.id in c.changed
    if a != b or changed:
        c.note(Kind.METADATA, "/Metadata")
    return refs(a) if changed and c.only_as(next(iter(refs(a))), {"/Metadata"}) else set()


def _certified_here(c: Comparison, before: Value, after: Value) -> bool:
    before = before if isinstance(before, dict) else {}
    if not isinstance(after, dict) or not all(c.same(v, after.get(k)) for k, v in before.items()):
        return False
    added = {k: v for k, v in after.items() if k not in before}
    ref = added.get("/DocMDP")
    return set(added) == {"/DocMDP"} and isinstance(ref, Ref) and bool(c.signed_here(ref.id))


def _extensions_grow(c: Comparison, old: Value, new: Value) -> bool:
    if old is None:
        return True
    if not isinstance(old, dict) or not isinstance(new, dict):
        return False
    for key, value in old.items():
        if c.same(value, new.get(key)):
            continue
        before = [_level(c, x, now=False) for x in _several(c.was(value))]
        after = [_level(c, x, now=True) for x in _several(c.now(new.get(key)))]
        if max(after, default=-1) < max(before, default=0):
            return False
    return True


def _several(value: Value) -> tuple[Value, ...]:
    return value if isinstance(value, tuple) else (value,)


def _level(c: Comparison, extension: Value, *, now: bool) -> int:
    resolve = c.now if now else c.was
    d = resolve(extension)
    level = resolve(d.get("/ExtensionLevel")) if isinstance(d, dict) else None
    return level if isinstance(level, int) else -1


def _form(c: Comparison, a: Value, b: Value) -> set[int]:
    """Compare the form dictionaries: rule 4."""
    old, new = c.was(a), c.now(b)
    old = old if isinstance(old, dict) else {}
    if not isinstance(new, dict):
        if old:
            c.forbid("form removed")
        return set()
    claimed = refs(a, b)
    for key in sorted(old.keys() | new.keys()):
        x, y = old.get(key), new.get(key)
        if key == "/Fields":
            claimed |= fields_grow(c, x, y, key, "form")
        elif key == "/DR":
            claimed |= _default_resources(c, x, y)
        elif not _form_may_change(c, key, x, y):
            c.forbid(f"form {key}")
    return claimed


def _form_may_change(c: Comparison, key: str, x: Value, y: Value) -> bool:
    if c.same(x, y):
        return True
    m, n = c.was(x), c.now(y)
    match key:
        case "/SigFlags":
            return isinstance(n, int) and (not isinstance(m, int) or m & n == m)
        case "/DA":
            return x is None  # only viewers that make appearances read it, and none is asked to
        case "/NeedAppearances":
            return n is not True
        case _:
            return False


def _default_resources(c: Comparison, a: Value, b: Value) -> set[int]:
    claimed = refs(a, b)
    old, new = c.was(a), c.now(b)
    if old is None:
        return claimed
    if not isinstance(old, dict) or not isinstance(new, dict):
        c.forbid("form /DR")
        return claimed
    for kind, x in old.items():
        y = new.get(kind)
        if kind == "/XObject":
            claimed |= refs(x)
            continue
        m, n = c.was(x), c.now(y)
        if c.same(x, y):
            continue
        if (
            isinstance(m, dict)
            and isinstance(n, dict)
            and all(c.same(v, n.get(k)) for k, v in m.items())
        ):
            claimed |= refs(x, y)
            continue
        c.forbid(f"form /DR {kind}")
    return claimed


def fields_grow(c: Comparison, a: Value, b: Value, key: str, where: str) -> set[int]:
    """Check that an array of fields kept what it had, in order; new ones are judged as fields."""
    old, new = c.was(a), c.now(b)
    old = old if isinstance(old, tuple) else ()
    new = new if isinstance(new, tuple) else ()
    if list(old) != [x for x in new if x in old] and not c.same(old, new[: len(old)]):
        c.forbid(f"{where} {key}: entries removed or moved")
    claimed = set()
    for i in refs(a, b) & c.changed.keys():
        if c.only_as(i, {key}):
            claimed.add(i)
        else:
            c.forbid(f"{where} {key}: shared array")
    return claimed
