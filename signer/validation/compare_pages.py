"""What may happen to pages and annotations.

1. A page may gain, in /Annots, the widgets of fields signed in this revision. Annotations that are
   no widgets may come, go and change: each is a change of kind ANNOTATION, permitted under P=3
   only. What stays keeps its order: it decides what covers what.
   A later signature covers at most LARGEST of its page.
2. A page may gain /Tabs and /StructParents (tagged documents). Everything else stays, down to the
   last object below it.
3. A node of the page tree stays as it is, but for a private mark of a tool (old iText signs its
   name there).
"""

from signer.validation.comparison import Comparison, Kind, refs
from signer.validation.form import rectangle
from signer.validation.lexer import Ref, Value

LARGEST = 0.25
"""Share of a page that a later signature may cover. The largest real one measured covers 0.06; a
signature over a whole page hides what was signed (sneaky signature attack)."""

_ADDABLE = {"/Tabs", "/StructParents"}
_NODE_KEYS = {
    "/Type", "/Parent", "/Kids", "/Count", "/Resources", "/MediaBox", "/CropBox", "/Rotate",
}  # fmt: skip


def compare_page(c: Comparison, i: int, a: dict[str, Value], b: dict[str, Value]) -> set[int]:
    """Compare a page with itself; return the objects explained by it."""
    number = c.context.pages[i]
    claimed: set[int] = set()
    for key in sorted(a.keys() | b.keys()):
        x, y = a.get(key), b.get(key)
        if key == "/Annots":
            compare_annotations(c, number, x, y)
            claimed |= {r for r in refs(x, y) if c.only_as(r, {"/Annots"})}
        elif not (key in _ADDABLE and x is None) and not c.same(x, y):
            c.forbid(f"page {number} {key}")
    return claimed


def compare_page_node(c: Comparison, a: dict[str, Value], b: dict[str, Value]) -> None:
    """Compare a node of the page tree with itself."""
    for key in sorted(a.keys() | b.keys()):
        x, y = a.get(key), b.get(key)
        private = x is None and key not in _NODE_KEYS and not isinstance(y, Ref | dict | tuple)
        if not private and not c.same(x, y):
            c.forbid(f"page tree {key}")


def compare_annotations(c: Comparison, number: int, a: Value, b: Value) -> None:
    """Compare the annotations listed on a page."""
    before, after = c.was(a), c.now(b)
    old = before if isinstance(before, tuple) else ()
    new = after if isinstance(after, tuple) else ()
    kept_old = [x for x in old if any(_same_item(c, x, y) for y in new)]
    kept_new = [y for y in new if any(_same_item(c, x, y) for x in old)]
    pairs = zip(kept_old, kept_new, strict=False)
    if len(kept_old) != len(kept_new) or not all(_same_item(c, x, y) for x, y in pairs):
        c.forbid(f"page {number} /Annots moved")
    for x in old:
        d = c.was(x)
        if x in kept_old or not isinstance(d, dict):
            continue
        if d.get("/Subtype") == "/Widget":
            c.forbid(f"page {number}: field removed")
        else:
            c.note(
                Kind.ANNOTATION, f"page {number}: {_kind(d)} removed", old=c.was(d.get("/Contents"))
            )
    for y in new:
        if y not in kept_new:
            _new_annotation(c, number, y)


def _same_item(c: Comparison, x: Value, y: Value) -> bool:
    if isinstance(x, Ref) and isinstance(y, Ref):
        return x == y
    return c.same(x, y)


def _kind(d: dict[str, Value]) -> str:
    kind = d.get("/Subtype")
    return kind[1:] if isinstance(kind, str) else "?"


def _new_annotation(c: Comparison, number: int, item: Value) -> None:
    d = c.now(item)
    if not isinstance(d, dict):
        return
    if d.get("/Subtype") != "/Widget":
        c.note(Kind.ANNOTATION, f"page {number}: {_kind(d)} added", new=c.now(d.get("/Contents")))
        return
    f = c.after.by_id.get(item.id) if isinstance(item, Ref) else None
    if f is None or f.kind != "/Sig" or f.name not in c.active:
        c.forbid(f"page {number}: widget added", f.name if f else None)
        return
    r = rectangle(c.doc, d.get("/Rect"), c.revision)
    if r and (r[2] - r[0]) * (r[3] - r[1]) > LARGEST * c.context.areas.get(number, 0.0):
        c.forbid(f"page {number}: signature covers the page", f.name)


def compare_annotation_object(c: Comparison, number: int, a: dict[str, Value], b: Value) -> None:
    """Compare the dictionary of an annotation that belongs to no field."""
    if not isinstance(b, dict):
        c.forbid(f"page {number}: annotation")
    elif "/Widget" in (a.get("/Subtype"), b.get("/Subtype")):
        c.forbid(f"page {number}: widget outside the form")
    else:
        old, new = c.was(a.get("/Contents")), c.now(b.get("/Contents"))
        c.note(Kind.ANNOTATION, f"page {number}: {_kind(b)} changed", old=old, new=new)


def annotation_pages(c: Comparison) -> dict[int, int]:
    """Return object → page number for the annotations among the changed objects."""
    out: dict[int, int] = {}
    index, pages = c.context.index, c.context.pages
    for i, (a, _) in c.changed.items():
        if not isinstance(a, dict) or "/Subtype" not in a or "/Rect" not in a:
            continue
        for place in index.live(i, c.old):
            if place.key == "/Annots" and place.holder in pages:
                out[i] = pages[place.holder]
        page = a.get("/P")
        number = pages.get(page.id) if isinstance(page, Ref) else None
        if i in out or number is None:
            continue
        listed = c.doc.get(c.was(page), "/Annots", c.old)  # an array object of its own
        if isinstance(listed, tuple) and i in refs(*listed):
            out[i] = number
    return out
