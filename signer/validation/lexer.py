"""Read PDF objects into plain values, quickly, without recursion and without trusting anything.

1. Syntax as in ISO 32000-2 clause 7.2-7.3. A value is one of: `Name`, `Ref`, `bytes` (a string),
   `int`, `Decimal`, `bool`, `None` (null), `tuple` (an array), `dict` (a dictionary), `Stream`.
2. Whatever is not regular is an anomaly, written down with the value: a key given twice, a token
   that is none, a missing `endobj` or `endstream`. Who judges decides what an anomaly means.
3. Every object knows where it ends, so that bytes can be accounted for.
4. Nesting is bounded (`signer.limits.NESTING`), and the reader keeps its own stack: no input makes
   it recurse.

This is a third reading of the file beside pyHanko's and qpdf's. It exists because the difference
analysis compares each definition of each object: these values compare with `==`, cost a fifth of
pyHanko's generic objects, and carry the position that byte accounting needs.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from signer.limits import NESTING

WHITE = b"\x00\t\n\x0c\r "

_TOKEN = re.compile(
    rb"""[\x00\t\n\x0c\r ]*(?:%[^\r\n]*[\x00\t\n\x0c\r ]*)*
    (?:(?P<ref>(\d{1,10})[\x00\t\n\x0c\r ]+(\d{1,5})
          [\x00\t\n\x0c\r ]+R(?![^\x00\t\n\x0c\r ()<>\[\]{}/%]))
      |(?P<name>/[^\x00\t\n\x0c\r ()<>\[\]{}/%]*)
      |(?P<num>[+-]?(?:\d+\.?\d*|\.\d+)(?![^\x00\t\n\x0c\r ()<>\[\]{}/%]))
      |(?P<open><<)|(?P<close>>>)|(?P<lb>\[)|(?P<rb>\])
      |(?P<hex><[0-9A-Fa-f\x00\t\n\x0c\r ]*>)
      |(?P<lit>\()
      |(?P<word>[^\x00\t\n\x0c\r ()<>\[\]{}/%]+)
    )""",
    re.VERBOSE,
)
_HEADER = re.compile(
    rb"[\x00\t\n\x0c\r ]*(?:%[^\r\n]*[\r\n]+)*[\x00\t\n\x0c\r ]*"
    rb"(\d{1,10})[\x00\t\n\x0c\r ]+(\d{1,5})[\x00\t\n\x0c\r ]*obj"
)
_END_OBJECT = re.compile(rb"[\x00\t\n\x0c\r ]*(?:%[^\r\n]*[\r\n]+[\x00\t\n\x0c\r ]*)*endobj")
_STREAM = re.compile(rb"[\x00\t\n\x0c\r ]*stream(\r\n|\n|\r)?")
_END_STREAM = re.compile(rb"[\x00\t\n\x0c\r ]*endstream")
_LITERAL = re.compile(rb"[()\\\r]")
_NAME_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_OCTAL = 3
"""Most digits of an octal escape."""
_ESCAPES = {
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"b": b"\b",
    b"f": b"\f",
    b"(": b"(",
    b")": b")",
    b"\\": b"\\",
}


class Name(str):
    """A PDF name, with its slash: `Name("/Type")`."""

    __slots__ = ()


class Ref(NamedTuple):
    """An indirect reference."""

    id: int
    gen: int


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream: its dictionary and its bytes as they stand in the file, still encoded."""

    entries: "dict[str, Value]"
    data: memoryview


Value = (
    Name
    | Ref
    | bytes
    | int
    | Decimal
    | bool
    | tuple["Value", ...]
    | dict[str, "Value"]
    | Stream
    | None
)


@dataclass(slots=True)
class Parsed:
    """One object read from the file."""

    value: Value
    start: int
    end: int
    """Offset just after `endobj`."""
    id: int = -1
    gen: int = -1
    anomalies: list[str] = field(default_factory=list)


class LexError(ValueError):
    """There is no object where one should be."""


def _literal(data: bytes, at: int) -> tuple[bytes, int]:  # noqa: C901 - the escapes of one string
    """Read a literal string whose opening parenthesis ends at `at`; return value and end."""
    out, depth, start = [], 1, at
    while True:
        m = _LITERAL.search(data, at)
        if m is None:
            raise LexError("a string that never ends")
        c, at = m[0], m.end()
        if c == b"(":
            depth += 1
        elif c == b")":
            depth -= 1
            if not depth:
                out.append(data[start : at - 1])
                return b"".join(out), at
        elif c == b"\r":  # an end-of-line in a string is one \n, however it is written
            out.append(data[start : at - 1] + b"\n")
            at += data[at : at + 1] == b"\n"
            start = at
        else:
            out.append(data[start : at - 1])
            e = data[at : at + 1]
            if e in _ESCAPES:
                out.append(_ESCAPES[e])
                at += 1
            elif e in b"01234567" and e:
                n = 1
                while n < _OCTAL and data[at + n : at + n + 1] in (
                    b"0",
                    b"1",
                    b"2",
                    b"3",
                    b"4",
                    b"5",
                    b"6",
                    b"7",
                ):
                    n += 1
                out.append(bytes([int(data[at : at + n], 8) & 255]))
                at += n
            elif e == b"\r":
                at += 2 if data[at + 1 : at + 2] == b"\n" else 1
            elif e == b"\n":
                at += 1
            start = at


def _name(raw: bytes) -> Name:
    if b"#" in raw:
        raw = _NAME_ESCAPE.sub(lambda m: bytes([int(m[1], 16)]), raw)
    return Name(raw.decode("latin-1"))


def unhex(raw: bytes) -> bytes:
    """Decode what stands between `<` and `>`; an odd last digit counts as followed by 0."""
    raw = raw.translate(None, WHITE)
    return bytes.fromhex((raw + b"0" if len(raw) % 2 else raw).decode("ascii"))


_WORDS: dict[bytes, Value] = {b"true": True, b"false": False, b"null": None}


def read_value(  # noqa: C901, PLR0912 - one case per kind of token, in the hottest loop
    data: bytes, at: int, anomalies: list[str]
) -> tuple[Value, int]:
    """Read one direct value at `at`; return it with the offset after it.

    Raises:
        LexError: nothing that could be a value, or nested too deeply.

    """
    stack: list[tuple[bool, list[Value]]] = []
    while True:
        m = _TOKEN.match(data, at)
        if m is None:
            raise LexError(f"no value at {at}")
        kind, at = m.lastgroup, m.end()
        value: Value
        if kind == "ref":
            value = Ref(int(m[2]), int(m[3]))
        elif kind == "name":
            value = _name(m["name"])
        elif kind == "num":
            raw = m["num"]
            value = Decimal(raw.decode()) if b"." in raw else int(raw)
        elif kind == "lit":
            value, at = _literal(data, at)
        elif kind == "hex":
            value = unhex(m["hex"][1:-1])
        elif kind in ("open", "lb"):
            stack.append((kind == "open", []))
            if len(stack) > NESTING:
                raise LexError("nested too deeply")
            continue
        elif kind in ("close", "rb"):
            if not stack:
                raise LexError(f"a bracket too many at {at}")
            is_dict, items = stack.pop()
            if is_dict != (kind == "close"):
                raise LexError(f"mismatched bracket at {at}")
            value = _dictionary(items, anomalies) if is_dict else tuple(items)
        else:
            word = m["word"]
            if word in _WORDS:
                value = _WORDS[word]
            elif stack and word not in (b"endobj", b"stream", b"endstream", b"obj"):
                anomalies.append("token")
                value = Name(word.decode("latin-1"))
            else:
                raise LexError(f"no value at {at}")
        if not stack:
            return value, at
        stack[-1][1].append(value)


def _dictionary(items: list[Value], anomalies: list[str]) -> dict[str, Value]:
    out: dict[str, Value] = {}
    if len(items) % 2:
        anomalies.append("dictionary")
    for k, v in zip(items[::2], items[1::2], strict=False):
        if not isinstance(k, Name):
            anomalies.append("dictionary")
            continue
        if k in out:
            anomalies.append("duplicate-key")
            continue
        if v is not None:  # a null entry is the same as none, ISO 32000-2 clause 7.3.7
            out[str(k)] = v
    return out


def read_object(data: bytes, at: int, resolve_length: Callable[[Ref], Value]) -> Parsed:
    """Read the indirect object whose header stands at `at`.

    Raises:
        LexError: no object there.

    """
    m = _HEADER.match(data, at, at + 4096)
    if m is None:
        raise LexError(f"no object at {at}")
    parsed = Parsed(None, at, m.end(), int(m[1]), int(m[2]))
    if _END_OBJECT.match(data, m.end()):  # an empty object is null
        parsed.anomalies.append("empty")
        end = m.end()
    else:
        parsed.value, end = read_value(data, m.end(), parsed.anomalies)
    if isinstance(parsed.value, dict) and (s := _STREAM.match(data, end)):
        parsed.value, end = _stream(data, s.end(), parsed.value, parsed.anomalies, resolve_length)
    if e := _END_OBJECT.match(data, end):
        parsed.end = e.end()
    else:
        parsed.anomalies.append("endobj")
        parsed.end = end
    return parsed


def _stream(
    data: bytes,
    at: int,
    d: dict[str, Value],
    anomalies: list[str],
    resolve_length: Callable[[Ref], Value],
) -> tuple[Stream, int]:
    length = d.get("/Length")
    if isinstance(length, Ref):
        length = resolve_length(length)
    fits = isinstance(length, int) and 0 <= length <= len(data) - at
    if fits and isinstance(length, int) and (e := _END_STREAM.match(data, at + length)):
        return Stream(d, memoryview(data)[at : at + length]), e.end()
    anomalies.append("length")
    end = data.find(b"endstream", at)
    if end < 0:
        raise LexError("a stream that never ends")
    return Stream(d, memoryview(data)[at:end]), end + 9
