"""What the document holds beside what it shows: design.md §4 rule 8, and annotations that overlap.

1. Active or hidden content is named where the document's own structure declares it: scripts,
   actions that launch, submit, import or leave the document, attachments, XFA forms, multimedia,
   optional content that is off. Links to web addresses are everywhere and harmless: not named.
2. Annotations that lie over one another on more than MAX_OVERLAPS pages are a doubt, as EU DSS
   holds it (annotation overlap is one of its detectors of hidden content). A link broken over two
   lines overlaps itself a little in many honest documents; a page or two of that say nothing.
   Signature widgets are left out: a seal stands over the leader's signature by regulation.
"""

from collections.abc import Iterable

from signer.validation.form import annotations, read_form, read_pages, rectangle
from signer.validation.lexer import Name, Ref, Value
from signer.validation.structure import Document

MAX_OVERLAPS = 2
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
    """Return the pages on which annotations lie over one another."""
    left_out = set(signature_widgets)
    pages = []
    for page in read_pages(doc, doc.last):
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
                boxes.append(r)
        if any(_overlap(a, b) for i, a in enumerate(boxes) for b in boxes[i + 1 :]):
            pages.append(page.number)
    return pages


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])
