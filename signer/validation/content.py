"""What the document holds beside what it shows: design.md §4 rule 8, and annotations that overlap.

1. Active or hidden content is named where the document's own structure declares it: scripts,
   actions that launch, submit, import or leave the document, attachments, XFA forms, multimedia,
   optional content that is off. Links to web addresses are everywhere and harmless: not named.
2. Annotations that lie over one another are a doubt where they do so on more than MAX_OVERLAPS
   pages and on at least every fifth, as EU DSS holds it (annotation overlap is one of its detectors
   of hidden content). Two links to one web address are one link broken in two, as Word makes them
   where the text changes its style. Signature widgets are left out: a seal stands over the
   leader's signature by regulation.
"""

from collections.abc import Iterable, Mapping

from signer.validation.form import annotations, read_form, read_pages, rectangle
from signer.validation.lexer import Name, Ref, Value
from signer.validation.structure import Document

MAX_OVERLAPS = 2
_EVERY = 5
"""Fewer than one page in so many says nothing: a long text with cross-references has some."""
_LOOKED_AT = 200
"""Annotations per page that are compared pairwise."""

_ACTIONS = {
    "/JavaScript": "JavaScript",
    "/Launch": "Launch",
    "/SubmitForm": "SubmitForm",
    "/ImportData": "ImportData",
    "/GoToR": "GoToR",
    "/GoToE": "GoToE",
    "/Rendition": "Rendition",
    "/RichMediaExecute": "RichMedia",
}
_ANNOTATIONS = {
    "/FileAttachment": "Attachment",
    "/RichMedia": "RichMedia",
    "/Screen": "RichMedia",
    "/Movie": "RichMedia",
    "/Sound": "RichMedia",
    "/3D": "RichMedia",
}


def active_content(doc: Document) -> tuple[str, ...]:  # noqa: C901 - one look per place
    """Return the names of what was found, each once, sorted."""
    found: set[str] = set()
    last = doc.last
    root = doc.root(last)
    _actions(doc, root.get("/OpenAction"), found)
    _triggers(doc, root.get("/AA"), found)
    names = doc.get(root, "/Names", last)
    if isinstance(names, dict):
        if "/JavaScript" in names:
            found.add("JavaScript")
        if "/EmbeddedFiles" in names:
            found.add("Attachment")
    if "/AF" in root:
        found.add("Attachment")
    form = doc.get(root, "/AcroForm", last)
    if isinstance(form, dict) and "/XFA" in form:
        found.add("XFA")
    optional = doc.get(doc.get(root, "/OCProperties", last), "/D", last)
    if isinstance(optional, dict) and (
        doc.get(optional, "/OFF", last) or optional.get("/BaseState") == "/OFF"
    ):
        found.add("HiddenLayer")
    for f in read_form(doc, last).fields:
        _triggers(doc, f.entries.get("/AA"), found)
    for page in read_pages(doc, last):
        _triggers(doc, page.entries.get("/AA"), found)
        for _, d in annotations(doc, page, last):
            kind = d.get("/Subtype")
            if isinstance(kind, Name) and kind in _ANNOTATIONS:
                found.add(_ANNOTATIONS[kind])
            _actions(doc, d.get("/A"), found)
            _triggers(doc, d.get("/AA"), found)
    return tuple(sorted(found))


def _triggers(doc: Document, value: Value, found: set[str]) -> None:
    d = doc.resolve(value, doc.last)
    for v in d.values() if isinstance(d, dict) else ():
        _actions(doc, v, found)


def _actions(doc: Document, value: Value, found: set[str]) -> None:
    """Follow a chain of actions: /S names the kind, /Next the ones after."""
    todo, budget = [value], 50
    while todo and budget:
        budget -= 1
        d = doc.resolve(todo.pop(), doc.last)
        if isinstance(d, dict):
            kind = doc.resolve(d.get("/S"), doc.last)
            if isinstance(kind, Name) and kind in _ACTIONS:
                found.add(_ACTIONS[kind])
            following = doc.resolve(d.get("/Next"), doc.last)
            todo += following if isinstance(following, tuple) else [following]


def overlapping_pages(doc: Document, signature_widgets: Iterable[Ref]) -> list[int]:
    """Return the pages on which annotations lie over one another; none if they are too few."""
    left_out = set(signature_widgets)
    pages, total = [], 0
    for page in read_pages(doc, doc.last):
        total += 1
        boxes = []
        for ref, d in annotations(doc, page, doc.last)[:_LOOKED_AT]:
            r = rectangle(doc, d.get("/Rect"), doc.last)
            if (
                ref not in left_out
                and d.get("/Subtype") != "/Popup"
                and r
                and r[0] < r[2]
                and r[1] < r[3]
            ):
                boxes.append((r, _address(doc, d)))
        if any(
            _overlap(a, b) and (not one or one != other)
            for i, (a, one) in enumerate(boxes)
            for b, other in boxes[i + 1 :]
        ):
            pages.append(page.number)
    return pages if len(pages) > max(MAX_OVERLAPS, (total - 1) // _EVERY) else []


def _address(doc: Document, annotation: Mapping[str, Value]) -> Value:
    """Return the web address that a link leads to; `None` for everything else."""
    action = doc.resolve(annotation.get("/A"), doc.last)
    if annotation.get("/Subtype") != "/Link" or not isinstance(action, dict):
        return None
    if doc.resolve(action.get("/S"), doc.last) != "/URI":
        return None
    return doc.resolve(action.get("/URI"), doc.last)


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])
