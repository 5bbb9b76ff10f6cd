"""What may happen to the document's security store (/DSS).

1. It holds certificates, CRLs, OCSP answers, time-stamps and what orders them; nothing else.
2. It may grow and be rewritten, also with less (iText replaces answers when it renews): what is in
   it proves itself, and what is missing the procedure will miss.
3. Its objects serve nothing else: one that something outside the store names is not explained.
"""

from signer.validation.comparison import Comparison, Kind
from signer.validation.lexer import Name, Ref, Stream, Value

_KEYS = {"/Type", "/Certs", "/CRLs", "/OCSPs", "/VRI"}
_ENTRY_KEYS = {"/Cert": "list", "/CRL": "list", "/OCSP": "list", "/TS": "blob"}


def compare_store(c: Comparison, a: Value, b: Value) -> set[int]:
    """Compare the stores; return the changed objects that are explained by it."""
    old_ids, _ = _store(c, a, c.old)
    new_ids, proper = _store(c, b, c.revision)
    if a == b and not (old_ids | new_ids) & (c.changed.keys() | c.fresh):
        return set()
    if not proper:
        c.forbid("/DSS holds something else")
    c.note(Kind.VALIDATION_DATA, "/DSS")
    return {i for i in old_ids & c.changed.keys() if c.only_within(i, old_ids, {"/DSS"})}


def _store(c: Comparison, value: Value, revision: int) -> tuple[set[int], bool]:
    """Return the objects of a store, and whether it holds nothing but what it should."""
    ids: set[int] = set()
    proper = True
    todo: list[tuple[str, Value]] = [("dss", value)]
    while todo:
        role, v = todo.pop()
        if isinstance(v, Ref):
            if v.id in ids:
                continue
            ids.add(v.id)
            v = c.doc.resolve(v, revision)
        below = _below(role, v)
        if below is None:
            proper = False
        else:
            todo += below
    return ids, proper


def _below(  # noqa: PLR0911 - one way out per part
    role: str, v: Value
) -> list[tuple[str, Value]] | None:
    """Return what stands below a part of the store; `None` if it is not such a part."""
    if v is None:
        return []
    match role, v:
        case "dss", dict() if v.keys() <= _KEYS:
            return [("vri" if k == "/VRI" else "list", x) for k, x in v.items() if k != "/Type"]
        case "vri", dict():
            return [("entry", x) for x in v.values()]
        case "entry", dict():
            return [(_ENTRY_KEYS[k], x) for k, x in v.items() if k in _ENTRY_KEYS]
        case "list", tuple():
            return [("blob", x) for x in v]
        case "blob", Stream():
            return []
        case "entry", bytes() | Name():
            return []
    return None
