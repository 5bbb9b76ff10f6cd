"""Two revisions side by side: what all rules of the difference analysis share.

1. A change is one of the words in `Kind`. Whether it is permitted is judged later, per signature.
2. An object counts as changed when its definition is no longer equal; as fresh when its number was
   free. A fresh object that something already named (a reference that led nowhere) is changed too:
   from nothing to something, at the place of the reference.
3. Arrays and streams have no type of their own: whoever claims that one may change asks under
   which keys it is named (`only_as`, `only_within`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from signer.validation.form import Form, text
from signer.validation.lexer import Ref, Value
from signer.validation.sameness import ReferenceIndex, same
from signer.validation.structure import Document


class Kind(Enum):
    """What a change is."""

    SIGNATURE = "signature"
    TIMESTAMP = "timestamp"
    VALIDATION_DATA = "validation-data"
    FILLED = "filled"
    ANNOTATION = "annotation"
    METADATA = "metadata"
    UNCLEAR = "unclear"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class Change:
    """One explained change."""

    kind: Kind
    revision: int
    field: str | None = None
    what: str = ""
    """Machine words, e.g. `page 3 /Contents`."""
    old: str | None = None
    new: str | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature as the difference analysis needs to know it."""

    name: str
    revision: int | None
    timestamp: bool


@dataclass(slots=True)
class Context:
    """What all steps through one document share."""

    doc: Document
    index: ReferenceIndex
    pages: Mapping[int, int]
    """Page object → page number."""
    areas: Mapping[int, float]
    """Page number → its area, in square points."""
    signed: Mapping[int, Signed]
    """Signature dictionary object → signature."""


@dataclass(slots=True)
class Comparison:
    """One revision against the one before."""

    context: Context
    revision: int
    before: Form
    after: Form
    changes: list[Change] = field(default_factory=list)
    changed: dict[int, tuple[Value, Value]] = field(default_factory=dict)
    """Object → its value before and now."""
    fresh: set[int] = field(default_factory=set)
    """Objects whose number was free before."""
    active: set[str] = field(default_factory=set)
    """Names of the fields signed or filled here."""

    @property
    def doc(self) -> Document:
        """The document."""
        return self.context.doc

    @property
    def old(self) -> int:
        """The revision before."""
        return self.revision - 1

    def note(
        self,
        kind: Kind,
        what: str = "",
        field: str | None = None,
        old: Value = None,
        new: Value = None,
    ) -> None:
        """Write a change down, once."""
        change = Change(kind, self.revision, field, what, short(old), short(new))
        if change not in self.changes:
            self.changes.append(change)

    def forbid(
        self, what: str, field: str | None = None, old: Value = None, new: Value = None
    ) -> None:
        """Write down a change that no rule names."""
        self.note(Kind.FORBIDDEN, what, field, old, new)

    def same(self, a: Value, b: Value) -> bool:
        """Compare a value of the revision before with one of this."""
        return same(self.doc, a, self.old, b, self.revision)

    def was(self, value: Value) -> Value:
        """Resolve in the revision before."""
        return self.doc.resolve(value, self.old)

    def now(self, value: Value) -> Value:
        """Resolve in this revision."""
        return self.doc.resolve(value, self.revision)

    def signed_here(self, holder: int | None) -> Signed | None:
        """Return the signature held by object `holder` if it signs this very revision."""
        s = self.context.signed.get(holder) if holder is not None else None
        return s if s is not None and s.revision == self.revision else None

    def only_as(self, i: int, keys: set[str]) -> bool:
        """Whether every place that named object `i` before did so under one of `keys`."""
        return {r.key for r in self.context.index.live(i, self.old)} <= keys

    def only_within(self, i: int, ids: set[int], keys: Iterable[str] = ()) -> bool:
        """Whether object `i` was named only from the objects `ids`, or under one of `keys`."""
        allowed = set(keys)
        return all(
            r.holder in ids or r.key in allowed for r in self.context.index.live(i, self.old)
        )


def short(value: Value) -> str | None:
    """Return a value as a person may read it, cut short; `None` for nothing."""
    if value is None:
        return None
    if isinstance(value, bytes):
        return text(value)[:200]
    if isinstance(value, str):
        return value[1:200]
    return str(value)[:200] if isinstance(value, int | Decimal | bool) else "…"


def refs(*values: Value) -> set[int]:
    """Return the ids of those `values` that are references."""
    return {v.id for v in values if isinstance(v, Ref)}
