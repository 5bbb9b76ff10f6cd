"""Whether the changes after a signature are ones that it permits.

1. Rules in force over a signature are its own and every earlier signature's (contract.md): the
   strictest DocMDP permission, the union of FieldMDP locks. Without any DocMDP a document may be
   signed again and its empty fields filled (ISO 32000-2 clause 12.8.2.2), nothing more.
2. DocMDP P=1 permits validation data and document time-stamps; P=2 also new signatures and empty
   fields filled; P=3 also annotations.
3. A field locked by FieldMDP is not filled and not signed (clause 12.8.2.4).
4. A new signature is permitted if it is cryptographically valid; where that is undecided, so is
   the change.
5. Metadata may change only in a revision that brings something else that is permitted.
6. NONE < LTA < PERMITTED < UNDECIDED < FORBIDDEN: the worst of all later changes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from signer.validation.comparison import Change, Kind
from signer.validation.form import text
from signer.validation.lexer import Name, Value
from signer.validation.report import ChangesAfter, Integrity

_ORDER = (
    ChangesAfter.NONE,
    ChangesAfter.LTA,
    ChangesAfter.PERMITTED,
    ChangesAfter.UNDECIDED,
    ChangesAfter.FORBIDDEN,
)


@dataclass(frozen=True, slots=True)
class Lock:
    """A FieldMDP lock."""

    action: str
    names: tuple[str, ...]

    def holds(self, name: str) -> bool:
        """Whether the field `name` is locked; naming a field names what hangs below it."""
        listed = any(name == n or name.startswith(n + ".") for n in self.names)
        return {"All": True, "Include": listed, "Exclude": not listed}.get(self.action, True)


@dataclass(frozen=True, slots=True)
class Permissions:
    """What one signature's own dictionary says about later changes."""

    docmdp: int | None = None
    locks: tuple[Lock, ...] = ()


def read_permissions(
    d: Mapping[str, Value], resolve: Callable[[Value], Value], lock: Value
) -> Permissions:
    """Read the /Reference transforms of a signature dictionary, and its field's /Lock."""
    docmdp: int | None = None
    locks: list[Lock] = []
    listed = resolve(d.get("/Reference"))
    for item in listed if isinstance(listed, tuple) else ():
        reference = resolve(item)
        if not isinstance(reference, dict):
            continue
        method = resolve(reference.get("/TransformMethod"))
        parameters = resolve(reference.get("/TransformParams"))
        parameters = parameters if isinstance(parameters, dict) else {}
        if method == "/DocMDP":
            p = resolve(parameters.get("/P"))
            docmdp = _stricter(docmdp, p if p in (1, 2, 3) else 2)  # the default is 2
        elif method == "/FieldMDP":
            locks.append(_lock(parameters, resolve))
            docmdp = _stricter(docmdp, resolve(parameters.get("/P")))
    own = resolve(lock)
    if isinstance(own, dict):
        locks.append(_lock(own, resolve))
        docmdp = _stricter(docmdp, resolve(own.get("/P")))
    return Permissions(docmdp, tuple(locks))


def _stricter(a: int | None, b: Value) -> int | None:
    if not isinstance(b, int) or isinstance(b, bool) or b not in (1, 2, 3):
        return a
    return b if a is None else min(a, b)


def _lock(d: Mapping[str, Value], resolve: Callable[[Value], Value]) -> Lock:
    action = resolve(d.get("/Action"))
    fields = resolve(d.get("/Fields"))
    names = tuple(text(resolve(f)) for f in fields) if isinstance(fields, tuple) else ()
    return Lock(str(action)[1:] if isinstance(action, Name) else "All", names)


@dataclass(slots=True)
class Judgement:
    """What became of one signature's document afterwards."""

    after: ChangesAfter = ChangesAfter.NONE
    explained: list[tuple[Change, ChangesAfter]] = field(default_factory=list)


def judge(
    steps: Sequence[Sequence[Change]],
    rules: Sequence[Permissions],
    integrity_of: Mapping[str, Integrity],
) -> Judgement:
    """Judge the changes of each later revision (`steps`) under `rules` (own and earlier ones)."""
    strictest: int | None = None
    for r in rules:
        strictest = _stricter(strictest, r.docmdp)
    locks = [lock for r in rules for lock in r.locks]
    out = Judgement()
    for step in steps:
        alone = all(c.kind is Kind.METADATA for c in step)
        for change in step:
            verdict = _one(change, strictest, locks, integrity_of, alone=alone)
            if verdict is None:
                continue
            out.explained.append((change, verdict))
            out.after = max(out.after, verdict, key=_ORDER.index)
    return out


def _one(  # noqa: C901, PLR0911 - one way out per kind of change
    change: Change,
    strictest: int | None,
    locks: Sequence[Lock],
    integrity_of: Mapping[str, Integrity],
    *,
    alone: bool,
) -> ChangesAfter | None:
    held = change.field is not None and any(lock.holds(change.field) for lock in locks)
    match change.kind:
        case Kind.VALIDATION_DATA:
            return ChangesAfter.LTA
        case Kind.METADATA:
            return ChangesAfter.FORBIDDEN if alone else None
        case Kind.UNCLEAR:
            return ChangesAfter.UNDECIDED
        case Kind.FORBIDDEN:
            return ChangesAfter.FORBIDDEN
        case Kind.ANNOTATION:
            return ChangesAfter.PERMITTED if strictest == 3 else ChangesAfter.FORBIDDEN  # noqa: PLR2004 P=3
        case Kind.FILLED:
            return ChangesAfter.FORBIDDEN if strictest == 1 or held else ChangesAfter.PERMITTED
        case Kind.SIGNATURE | Kind.TIMESTAMP:
            pass
    stamp = change.kind is Kind.TIMESTAMP
    if not stamp and (strictest == 1 or held):
        return ChangesAfter.FORBIDDEN
    match integrity_of.get(change.field or ""):
        case Integrity.INTACT:
            return ChangesAfter.LTA if stamp else ChangesAfter.PERMITTED
        case Integrity.ALTERED | None:
            return ChangesAfter.FORBIDDEN
        case _:
            return ChangesAfter.UNDECIDED


def raises_permissions(rules: Sequence[Permissions]) -> bool:
    """Whether the last of `rules` claims to permit more than an earlier signature does.

    ISO 32000-2 clause 12.7.5.5: /P of a later signature is at most what is already in effect.
    """
    earlier = [r.docmdp for r in rules[:-1] if r.docmdp is not None]
    own = rules[-1].docmdp
    return own is not None and bool(earlier) and own > min(earlier)
