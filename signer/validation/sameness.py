"""Whether two values, read at two revisions, mean the same; and who refers to an object.

1. Values are the same when they are equal as written. A reference to the same object is the same
   here: whether that object itself changed is judged where the object is.
2. References to different objects, or a reference where the value stood, are the same when what
   they lead to is the same, all the way down. Cycles count as the same; a budget ends the search
   (then: not the same).
3. The index of references says, for the objects that change after the first signature, which
   objects name them and under which key, so that nothing can serve two purposes unseen.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from signer.validation.lexer import Ref, Stream, Value
from signer.validation.structure import Document

BUDGET = 20_000
"""Values compared for one entry. A page's resources, rewritten whole, have some hundreds."""


def same(  # noqa: C901, PLR0911, PLR0912 - one case per kind of value
    doc: Document, a: Value, at: int, b: Value, bt: int
) -> bool:
    """Whether `a` read at revision `at` means what `b` means at `bt`."""
    todo: list[tuple[Value, Value]] = [(a, b)]
    seen: set[tuple[Ref, Ref]] = set()
    budget = BUDGET
    while todo:
        x, y = todo.pop()
        budget -= 1
        if budget < 0:
            return False
        if isinstance(x, Ref) and isinstance(y, Ref):
            if x == y or (x, y) in seen:
                continue
            seen.add((x, y))
        if isinstance(x, Ref) or isinstance(y, Ref):
            x, y = doc.resolve(x, at), doc.resolve(y, bt)
        if type(x) is not type(y):
            if x != y or isinstance(x, bool) or isinstance(y, bool):
                return False
        elif isinstance(x, dict) and isinstance(y, dict):
            if x.keys() != y.keys():
                return False
            todo.extend((x[k], y[k]) for k in x)
        elif isinstance(x, tuple) and isinstance(y, tuple):
            if len(x) != len(y):
                return False
            todo.extend(zip(x, y, strict=True))
        elif isinstance(x, Stream) and isinstance(y, Stream):
            if x.data != y.data:
                return False
            todo.append((x.entries, y.entries))
        elif x != y:
            return False
    return True


def references(value: Value) -> Iterator[tuple[str, Ref]]:
    """Yield every reference in `value` with the nearest dictionary key above it (`[]` if none)."""
    todo: list[tuple[str, Value]] = [("[]", value)]
    while todo:
        key, v = todo.pop()
        if isinstance(v, Ref):
            yield key, v
        elif isinstance(v, tuple):
            todo.extend((key, x) for x in v)
        elif isinstance(v, Stream):
            todo.extend(v.entries.items())
        elif isinstance(v, dict):
            todo.extend(v.items())


@dataclass(frozen=True, slots=True)
class Referrer:
    """One place that names an object."""

    holder: int
    """Id of the object it is written in; -1 for a trailer."""
    by: int
    """Revision that introduced that definition of the holder."""
    key: str


def reachable(doc: Document, revision: int) -> set[int]:
    """Return the objects that can be reached from the trailer in force at `revision`."""
    out: set[int] = set()
    todo = [r for key, r in references(doc.trailer(revision)) if key in TRAILER_KEYS]
    while todo:
        ref = todo.pop()
        if ref.id in out:
            continue
        out.add(ref.id)
        todo += [r for _, r in references(doc.value(ref, revision)) if r.id not in out]
    return out


TRAILER_KEYS = {"/Root", "/Info", "/Encrypt"}
"""Trailer entries that a reader follows. LibreOffice writes its source document's reference into
the trailer (/AdditionalStreams), tools that sign copy it with a number that means nothing."""


@dataclass(slots=True)
class ReferenceIndex:
    """Who names the objects of interest, over all revisions."""

    doc: Document
    places: dict[int, list[Referrer]] = field(default_factory=dict)

    @classmethod
    def build(cls, doc: Document, interest: Iterable[int]) -> "ReferenceIndex":
        """Read every definition once and note who refers to the objects of `interest`."""
        out = cls(doc, {i: [] for i in interest})
        for r in doc.revisions:
            for key, ref in references(r.trailer):
                if ref.id in out.places and key in TRAILER_KEYS:
                    out.places[ref.id].append(Referrer(-1, r.index, key))
            for i in r.entries:
                parsed = doc.parsed(i, r.index)
                if parsed is None or i in r.own_streams:
                    continue
                for key, ref in references(parsed.value):
                    if ref.id in out.places:
                        out.places[ref.id].append(Referrer(i, r.index, key))
        return out

    def live(self, i: int, revision: int) -> list[Referrer]:
        """Return who names object `i` at `revision` (reachable or not)."""
        return [
            p
            for p in self.places.get(i, ())
            if (p.holder == -1 and p.by <= revision)
            or (p.holder >= 0 and self.doc.introduced(p.holder, revision) == p.by)
        ]
