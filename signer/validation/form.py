"""The interactive form and the page tree of one revision, read without trust.

1. Fields are found from the catalog's /AcroForm /Fields downwards (ISO 32000-2 clause 12.7.3);
   /FT, /V and /Ff are inherited; the name is the chain of /T joined with dots.
2. A kid without /T is a widget of its parent; a field that is also an annotation is both.
3. Pages are found from /Pages downwards; what an attribute means is inherited (clause 7.7.3.4).
4. Cycles end the walk, as do MAX_FIELDS and PAGES: a file beyond them is over a limit.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from signer.limits import PAGES
from signer.validation.lexer import Name, Ref, Value
from signer.validation.report import Box
from signer.validation.structure import Document, StructureError

MAX_FIELDS = 20_000
"""Forms of the largest public registers have some 3,000."""


@dataclass(slots=True)
class Field:
    """One form field of one revision."""

    name: str
    ref: Ref | None
    """`None` when the field is written directly into its parent's array."""
    entries: dict[str, Value]
    kind: str | None
    """/FT, inherited."""
    value: Value
    """/V, inherited, not resolved."""
    parent: Ref | None
    chain: tuple[Ref, ...] = ()
    """The field's own object and its ancestors', nearest first."""
    widgets: list[tuple[Ref | None, dict[str, Value]]] = field(default_factory=list)


@dataclass(slots=True)
class Form:
    """All fields of one revision."""

    fields: list[Field] = field(default_factory=list)
    by_id: dict[int, Field] = field(default_factory=dict)
    """Field and widget objects → the terminal field they belong to."""
    nodes: set[int] = field(default_factory=set)
    """Objects of fields that are not terminal."""
    by_name: dict[str, Field] = field(default_factory=dict)


def text(raw: Value) -> str:
    """Decode a text string (clause 7.9.2.2): UTF-16 or UTF-8 by mark, else PDFDocEncoding."""
    if not isinstance(raw, bytes):
        return ""
    for mark, codec in (
        (b"\xfe\xff", "utf-16-be"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xef\xbb\xbf", "utf-8"),
    ):
        if raw.startswith(mark):
            return raw[len(mark) :].decode(codec, "replace")
    return raw.decode("latin-1")


def read_form(doc: Document, revision: int) -> Form:
    """Return the form of `revision`.

    Raises:
        StructureError: more fields than MAX_FIELDS.

    """
    form = Form()
    acro = doc.get(doc.root(revision), "/AcroForm", revision)
    top = doc.get(acro, "/Fields", revision)
    seen: set[int] = set()
    todo: list[tuple[Value, Field | None]] = (
        [(f, None) for f in reversed(top)] if isinstance(top, tuple) else []
    )
    visited = 0
    while todo:
        item, parent = todo.pop()
        visited += 1
        if visited > MAX_FIELDS:
            raise StructureError("file.limit", f"more than {MAX_FIELDS} form fields")
        ref = item if isinstance(item, Ref) else None
        if ref is not None:
            if ref.id in seen:
                continue
            seen.add(ref.id)
        d = doc.resolve(item, revision)
        if not isinstance(d, dict):
            continue
        if parent is not None and "/T" not in d:
            parent.widgets.append((ref, d))
            if ref is not None:
                form.by_id[ref.id] = parent
            continue
        _enter(doc, revision, form, todo, ref, d, parent)
    return form


def _enter(
    doc: Document,
    revision: int,
    form: Form,
    todo: list[tuple[Value, Field | None]],
    ref: Ref | None,
    d: dict[str, Value],
    parent: Field | None,
) -> None:
    part = text(doc.resolve(d.get("/T"), revision))
    name = f"{parent.name}.{part}" if parent is not None and parent.name else part
    kind = doc.resolve(d.get("/FT"), revision)
    f = Field(
        name,
        ref,
        d,
        str(kind) if isinstance(kind, Name) else (parent.kind if parent else None),
        d.get("/V", parent.value if parent else None),
        parent.ref if parent else None,
        ((ref,) if ref else ()) + (parent.chain if parent else ()),
    )
    kids = doc.get(d, "/Kids", revision)
    if isinstance(kids, tuple) and kids:
        todo.extend((k, f) for k in reversed(kids))
        if any(_has_name(doc, k, revision) for k in kids):
            if ref is not None:
                form.nodes.add(ref.id)
            return  # not terminal
    if "/Rect" in d or d.get("/Subtype") == "/Widget":
        f.widgets.append((ref, d))
    form.fields.append(f)
    form.by_name.setdefault(name, f)
    if ref is not None:
        form.by_id[ref.id] = f


def _has_name(doc: Document, kid: Value, revision: int) -> bool:
    d = doc.resolve(kid, revision)
    return isinstance(d, dict) and "/T" in d


@dataclass(slots=True)
class Page:
    """One page of one revision."""

    number: int
    """From 1."""
    ref: Ref | None
    entries: dict[str, Value]
    inherited: dict[str, Value]


_INHERITED = ("/Resources", "/MediaBox", "/CropBox", "/Rotate")


def read_pages(doc: Document, revision: int) -> Iterator[Page]:
    """Yield the pages of `revision` in order.

    Raises:
        StructureError: more pages than PAGES.

    """
    seen: set[int] = set()
    todo: list[tuple[Value, dict[str, Value]]] = [(doc.root(revision).get("/Pages"), {})]
    number = 0
    while todo:
        item, above = todo.pop()
        if isinstance(item, Ref):
            if item.id in seen:
                continue
            seen.add(item.id)
        d = doc.resolve(item, revision)
        if not isinstance(d, dict):
            continue
        here = above | {k: d[k] for k in _INHERITED if k in d}
        kids = doc.get(d, "/Kids", revision)
        if isinstance(kids, tuple) and d.get("/Type") != "/Page":
            todo.extend((k, here) for k in reversed(kids))
            continue
        number += 1
        if number > PAGES:
            raise StructureError("file.limit", f"more than {PAGES} pages")
        yield Page(number, item if isinstance(item, Ref) else None, d, here)


def annotations(
    doc: Document, page: Page, revision: int
) -> list[tuple[Ref | None, dict[str, Value]]]:
    """Return the annotations of a page."""
    out: list[tuple[Ref | None, dict[str, Value]]] = []
    listed = doc.get(page.entries, "/Annots", revision)
    for a in listed if isinstance(listed, tuple) else ():
        d = doc.resolve(a, revision)
        if isinstance(d, dict):
            out.append((a if isinstance(a, Ref) else None, d))
    return out


def rectangle(
    doc: Document, value: Value, revision: int
) -> tuple[float, float, float, float] | None:
    """Return a rectangle's corners in order, lower left first."""
    value = doc.resolve(value, revision)
    if not isinstance(value, tuple) or len(value) != 4:  # noqa: PLR2004 a rectangle
        return None
    numbers = [doc.resolve(v, revision) for v in value]
    if not all(isinstance(n, int | float) or hasattr(n, "as_tuple") for n in numbers):
        return None
    a, b, c, d = (float(n) for n in numbers)  # type: ignore[arg-type]
    return min(a, c), min(b, d), max(a, c), max(b, d)


def _frame(doc: Document, page: Page, revision: int) -> tuple[float, float, float, float]:
    return (
        rectangle(doc, page.inherited.get("/CropBox"), revision)
        or rectangle(doc, page.inherited.get("/MediaBox"), revision)
        or (0.0, 0.0, 612.0, 792.0)
    )


def page_area(doc: Document, page: Page, revision: int) -> float:
    """Return the area that a page shows, in square points."""
    a, b, c, d = _frame(doc, page, revision)
    return (c - a) * (d - b)


def box(doc: Document, page: Page, rect: Value, revision: int) -> Box | None:
    """Return where `rect` stands on the page as displayed; `None` if it has no area."""
    r = rectangle(doc, rect, revision)
    if r is None or r[0] == r[2] or r[1] == r[3]:
        return None
    crop = _frame(doc, page, revision)
    width, height = crop[2] - crop[0], crop[3] - crop[1]
    x1, y1, x2, y2 = r[0] - crop[0], r[1] - crop[1], r[2] - crop[0], r[3] - crop[1]
    turn = doc.resolve(page.inherited.get("/Rotate"), revision)
    match (turn if isinstance(turn, int) else 0) % 360:
        case 90:
            x1, y1, x2, y2 = y1, width - x2, y2, width - x1
        case 180:
            x1, y1, x2, y2 = width - x2, height - y2, width - x1, height - y1
        case 270:
            x1, y1, x2, y2 = height - y2, x1, height - y1, x2
        case _:
            pass
    return Box(page=page.number, x1=x1, y1=y1, x2=x2, y2=y2)
