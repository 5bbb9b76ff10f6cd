"""What may happen to the structure tree of a tagged document.

1. It may grow by elements that speak of annotations (object references) and of nothing else, and
   lose such elements; marked content of pages keeps its place.
2. The parent tree follows: pairs are kept, gained, or lost with such an element.
3. Everything else in an element stays. Structure decides what a screen reader reads aloud.
"""

from signer.validation.comparison import Comparison
from signer.validation.lexer import Value

_BUDGET = 200
"""Elements looked at below one new element."""


def is_structure(value: Value) -> bool:
    """Whether `value` looks like a node of the structure tree or of its parent tree."""
    return isinstance(value, dict) and (
        value.get("/Type") in ("/StructElem", "/StructTreeRoot")
        or {"/S", "/P", "/K"} <= value.keys()
        or "/Nums" in value
    )


def grew(c: Comparison, a: Value, b: Value) -> bool:
    """Whether a node changed only as the rules allow."""
    if not isinstance(a, dict) or not isinstance(b, dict):
        return False
    return all(_entry_grew(c, key, a.get(key), b.get(key)) for key in a.keys() | b.keys())


def _entry_grew(c: Comparison, key: str, x: Value, y: Value) -> bool:
    if c.same(x, y):
        return True
    old, new = c.was(x), c.now(y)
    match key:
        case "/ParentTreeNextKey":
            return isinstance(new, int)  # book-keeping, nothing reads it
        case "/ParentTree":
            return grew(c, old, new)
        case "/Nums":
            return _numbers_grew(c, old, new)
        case "/K":
            return children_grew(c, old, new)
        case _:
            return False


def _numbers_grew(c: Comparison, m: Value, n: Value) -> bool:
    if not isinstance(m, tuple) or not isinstance(n, tuple) or len(m) % 2 or len(n) % 2:
        return False
    old = dict(zip(m[::2], m[1::2], strict=True))
    new = dict(zip(n[::2], n[1::2], strict=True))
    for key, x in old.items():
        if key not in new:
            if not _about_annotations(c, x, c.old):
                return False
        elif not c.same(x, new[key]) and not children_grew(c, c.was(x), c.now(new[key])):
            return False
    return True


def children_grew(c: Comparison, m: Value, n: Value) -> bool:
    """Whether a list of children kept its order and changed only by elements about annotations."""
    if isinstance(m, dict) or isinstance(n, dict):
        return False
    old = m if isinstance(m, tuple) else (m,)
    new = n if isinstance(n, tuple) else (n,)
    if [x for x in old if x in new] != [x for x in new if x in old]:
        return False
    gone = [x for x in old if x not in new and x is not None]
    come = [y for y in new if y not in old and y is not None]
    return all(_about_annotations(c, x, c.old) for x in gone) and all(
        _about_annotations(c, y, c.revision) for y in come
    )


def _about_annotations(c: Comparison, value: Value, revision: int) -> bool:
    todo, budget = [value], _BUDGET
    while todo:
        budget -= 1
        d = c.doc.resolve(todo.pop(), revision)
        if not isinstance(d, dict) or budget < 0:
            return False
        if d.get("/Type") == "/OBJR":
            continue
        k = c.doc.get(d, "/K", revision)
        if isinstance(k, int):  # marked content of a page
            return False
        todo += k if isinstance(k, tuple) else ([k] if k is not None else [])
    return True
