"""What one revision changed against the one before it, explained object by object.

Reject by default: a change is FORBIDDEN unless a rule here or in one of the `compare_*` modules
names it. Whether a named change is permitted is judged afterwards, per signature (`changes.py`).

1. An object whose new definition equals the old one is not changed. Nor is a revision's own
   cross-reference stream or object stream a change, unless its number belonged to something else
   (iText lists its own cross-reference stream as free: harmless).
2. A new object is harmless by itself; it becomes visible only through a changed one. A reference
   that led nowhere before and leads to a new object is a change at the place of the reference.
3. An object may be freed when nothing that can be reached names it any more.
4. An object stream of an earlier revision is never redefined: its objects would change unlisted.
5. Every changed object has a place in the document's structure whose rule explains the change, or
   is part of the appearance of a field signed or filled here, named from nowhere else, or is named
   by nothing at all. All others are FORBIDDEN.
6. Arrays and streams have no type of their own: one that changes must be used for one purpose
   only, at every place that names it.
7. Objects that are new, and reached from nowhere, pass only beside a signature, a time-stamp or
   validation data.
8. An object that cannot be read cleanly in a later revision is UNCLEAR: viewers will differ.
"""

from collections.abc import Mapping

from signer.validation.compare_catalog import compare_catalogs, compare_trailer, fields_grow
from signer.validation.compare_form import (
    appearance_objects,
    compare_field_object,
    compare_fields,
)
from signer.validation.compare_pages import (
    annotation_pages,
    compare_annotation_object,
    compare_annotations,
    compare_page,
    compare_page_node,
)
from signer.validation.compare_structure import children_grew, grew, is_structure
from signer.validation.comparison import Change, Comparison, Context, Kind, Signed, refs
from signer.validation.form import page_area, read_form, read_pages
from signer.validation.lexer import Ref, Stream, Value
from signer.validation.sameness import ReferenceIndex, reachable, references
from signer.validation.structure import Document

_HARMLESS = {"length", "empty"}
"""Anomalies of a later object that all readers mend alike."""


def explain(doc: Document, first: int, signed: Mapping[int, Signed]) -> dict[int, list[Change]]:
    """Return, for every revision after `first`, what it changed.

    Raises:
        StructureError: over a limit.

    """
    interest = {i for r in doc.revisions[first + 1 :] for i in r.entries.keys() | r.freed}
    listed = list(read_pages(doc, first))
    pages = {p.ref.id: p.number for p in listed if p.ref}
    areas = {p.number: page_area(doc, p, first) for p in listed}
    context = Context(doc, ReferenceIndex.build(doc, interest), pages, areas, signed)
    out: dict[int, list[Change]] = {}
    before = read_form(doc, first)
    for r in range(first + 1, doc.last + 1):
        after = read_form(doc, r)
        out[r] = _step(Comparison(context, r, before, after))
        before = after
    return out


def _step(c: Comparison) -> list[Change]:
    _collect(c)
    compare_trailer(c)
    compare_fields(c)
    claimed = compare_catalogs(c)
    claimed |= _structured(c)
    _rest(c, claimed)
    _unreferenced(c)
    return c.changes


def _collect(c: Comparison) -> None:  # noqa: C901 - the cases of one question
    """Find what is defined anew: rules 1 to 4 and 8."""
    r = c.doc.revisions[c.revision]
    containers = {i for e in c.doc.revisions[: c.revision] for i in e.containers}
    for i in sorted(r.entries.keys() | r.freed):
        before, after = c.doc.parsed(i, c.old), c.doc.parsed(i, c.revision)
        if (
            i in containers
            and i not in r.own_streams
            and before
            and after
            and before.start != after.start
        ):
            c.forbid(f"object stream {i} of an earlier revision")
        if after is not None and (odd := set(after.anomalies) - _HARMLESS):
            c.note(Kind.UNCLEAR, f"object {i}: {', '.join(sorted(odd))}")
        own = i in r.own_streams or i in r.containers
        if before is None:
            if after is not None and not own:
                c.fresh.add(i)
                if c.context.index.live(i, c.old):
                    c.changed[i] = (None, after.value)
        elif own and _is_plumbing(before.value):
            continue
        elif after is None:
            named = i not in r.own_streams and c.context.index.live(i, c.revision)
            if named and i in reachable(c.doc, c.revision):
                c.forbid(f"object {i} freed while in use")
        elif before.gen != after.gen or not _equal(before.value, after.value):
            c.changed[i] = (before.value, after.value)


def _is_plumbing(value: Value) -> bool:
    return isinstance(value, Stream) and value.entries.get("/Type") in ("/XRef", "/ObjStm")


def _equal(a: Value, b: Value) -> bool:
    return type(a) is type(b) and a == b


def _structured(c: Comparison) -> set[int]:
    """Compare the changed objects that have a place in the document's structure: rule 5."""
    claimed: set[int] = set()
    info = refs(c.doc.trailer(c.old).get("/Info"), c.doc.trailer(c.revision).get("/Info"))
    on_page = annotation_pages(c)
    for i, (a, b) in list(c.changed.items()):
        explained = _object(c, i, a, b, info, on_page)
        if explained is not None:
            claimed |= {i} | explained
    return claimed


def _object(  # noqa: C901, PLR0911 - one way out per place in the structure
    c: Comparison, i: int, a: Value, b: Value, info: set[int], on_page: Mapping[int, int]
) -> set[int] | None:
    """Compare one object by its place; return what else that explains; `None` if it has none."""
    if i in info and isinstance(b, dict) and c.only_as(i, {"/Info"}):
        c.note(Kind.METADATA, "/Info")
        return set()
    if i in c.before.by_id or i in c.before.nodes:
        return compare_field_object(c, i, a, b)
    if not isinstance(a, dict):
        return None
    if "/ByteRange" in a:
        s = c.context.signed.get(i)
        c.forbid("signature dictionary", s.name if s else None)
        return set()
    if i in on_page:
        compare_annotation_object(c, on_page[i], a, b)
        return set()
    if not isinstance(b, dict):
        return None
    if i in c.context.pages:
        return compare_page(c, i, a, b)
    if a.get("/Type") == "/Pages":
        compare_page_node(c, a, b)
        return set()
    if is_structure(a) and is_structure(b):
        if not grew(c, a, b):
            c.forbid("structure element")
        return set()
    return None


def _rest(c: Comparison, claimed: set[int]) -> None:
    """Judge changed objects that no rule has claimed: rules 5 and 6."""
    mine = appearance_objects(c)
    for i in sorted(c.changed.keys() - claimed):
        a, b = c.changed[i]
        places = c.context.index.live(i, c.old)
        if not places or (i in mine and c.only_within(i, mine)):
            continue
        if isinstance(a, tuple) and isinstance(b, tuple) and _array(c, i, a, b):
            continue
        keys = ", ".join(sorted({p.key for p in places}))
        c.forbid(f"{'dangling reference' if a is None else 'object'} {i} used as {keys}")


def _array(c: Comparison, i: int, a: tuple[Value, ...], b: tuple[Value, ...]) -> bool:
    """Compare an array that is an object of its own, by the one key that names it everywhere."""
    places = c.context.index.live(i, c.old)
    keys = {p.key for p in places}
    if keys == {"/Annots"}:
        numbers = [c.context.pages[p.holder] for p in places if p.holder in c.context.pages]
        if len(numbers) == 1:
            compare_annotations(c, numbers[0], a, b)
            return True
    elif keys == {"/Fields"} or (
        keys == {"/Kids"}
        and all(p.holder in c.before.by_id or p.holder in c.before.nodes for p in places)
    ):
        fields_grow(c, a, b, next(iter(keys)), "form")
        return True
    elif keys <= {"/K", "/Nums"}:
        return children_grew(c, a, b)
    return False


def _unreferenced(c: Comparison) -> None:
    """Judge new objects that nothing reaches: rule 7."""
    kinds = {change.kind for change in c.changes}
    if kinds & {Kind.SIGNATURE, Kind.TIMESTAMP, Kind.VALIDATION_DATA}:
        return
    reached: set[int] = set()
    todo: list[Ref] = [r for _, b in c.changed.values() for _, r in references(b)]
    todo += [r for _, r in references(c.doc.revisions[c.revision].trailer)]
    while todo:
        r = todo.pop()
        if r.id in reached or r.id not in c.fresh:
            continue
        reached.add(r.id)
        todo += [x for _, x in references(c.doc.value(r, c.revision))]
    if left := c.fresh - reached:
        c.forbid(f"new objects without use: {sorted(left)[:5]}")
