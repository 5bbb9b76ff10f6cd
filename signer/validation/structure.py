"""The file as a sequence of revisions, and every definition of every object in it.

1. A PDF begins with its header at byte 0 (ISO 32000-2 clause 7.5.2; we allow nothing before it: a
   file that begins as something else is something else to somebody else).
2. A revision is one cross-reference section, or the pair of a linearised file, or table and stream
   of a hybrid file; it ends after its own `startxref … %%EOF` (clause 7.5.6). Revisions follow one
   another in the file; each begins where the one before it ended.
3. An entry may only point into its own revision or an earlier one. An entry pointing further is
   an object that the revision's signature does not cover.
4. Objects are read on demand, each definition once; what cannot be read is null with an anomaly.
   The catalog must be there.
"""

import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO

from pyhanko.pdf_utils import generic, misc
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import XRefSectionData, XRefSectionType

from signer.limits import OBJECTS, REVISIONS
from signer.validation.conversion import plain
from signer.validation.lexer import (
    WHITE,
    LexError,
    Parsed,
    Ref,
    Stream,
    Value,
    read_object,
    read_value,
)

_START = re.compile(rb"startxref[\x00\t\n\x0c\r ]+(\d+)[\x00\t\n\x0c\r ]*%%EOF")
_INDEX = re.compile(
    rb"/Index[\x00\t\n\x0c\r ]*\[((?:[\x00\t\n\x0c\r ]*\d{1,12}){2,4096})[\x00\t\n\x0c\r ]*\]"
)
_TRAILER = re.compile(rb"[\x00\t\n\x0c\r ]*trailer")


_FAULTS = (
    misc.PdfError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    OSError,
    NotImplementedError,
)
"""What pyHanko's reader lets through over odd input."""


class StructureError(ValueError):
    """The file cannot be read as a PDF. `reason` is a reason code of wording.py."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}")


@dataclass(frozen=True, slots=True)
class InStream:
    """Where a compressed object lives."""

    container: int
    index: int


@dataclass(slots=True)
class Revision:
    """One revision: where its bytes are and which objects it defines or frees."""

    index: int
    start: int
    mark: int
    """Offset just after `%%EOF`."""
    end: int
    """Offset just after the end-of-line that follows, which belongs to this revision."""
    sections: tuple[int, ...]
    entries: dict[int, tuple[int, int | InStream]] = field(default_factory=dict)
    """id → (generation, where)."""
    freed: set[int] = field(default_factory=set)
    trailer: dict[str, Value] = field(default_factory=dict)
    own_streams: set[int] = field(default_factory=set)
    """Ids of this revision's own cross-reference streams."""
    containers: set[int] = field(default_factory=set)
    """Ids of the object streams it uses."""
    consistent: bool = True
    """Whether the `startxref` at its end names its own table: alone, cut off here, the file would
    then be read as it is read now."""
    spans: list[tuple[int, int]] = field(default_factory=list)
    """Where its cross-reference sections, trailers and end marks stand."""


class Document:
    """A PDF read once: revisions, and each definition of each object as a plain value.

    Raises:
        StructureError: not a PDF, damaged, or over a limit.

    """

    def __init__(self, data: bytes) -> None:
        if not data.startswith(b"%PDF-"):
            raise StructureError("file.not_pdf", "no header at byte 0")
        self.data = data
        _refuse_claims(data)
        try:
            self.reader = PdfFileReader(BytesIO(data), strict=False)
        except _FAULTS as e:
            raise StructureError("file.damaged", str(e)[:200]) from e
        self._cache: dict[tuple[int, int], Parsed] = {}
        self._streams: dict[
            tuple[int, int], tuple[bytes, list[tuple[int, int]], frozenset[int]]
        ] = {}
        self.revisions = self._read_revisions()
        self._history: dict[int, list[int]] = {}
        for r in self.revisions:
            for i in r.entries.keys() | r.freed:
                self._history.setdefault(i, []).append(r.index)
        if not self.root(self.last):
            raise StructureError("file.damaged", "no catalog")

    # -- encryption ---------------------------------------------------------------------------

    @cached_property  # asked for each object
    def encrypted(self) -> bool:
        """Whether the trailer names an encryption dictionary."""
        return "/Encrypt" in self.reader.trailer

    def unlock(self) -> bool:
        """Try the empty password; return whether the content can be read."""
        from pyhanko.pdf_utils.crypt import AuthStatus

        try:
            return self.reader.decrypt("").status is not AuthStatus.FAILED
        except (
            misc.PdfError,
            ValueError,
            KeyError,
            TypeError,
            NotImplementedError,
            AttributeError,
        ):
            return False

    # -- revisions ----------------------------------------------------------------------------

    def _read_revisions(self) -> list[Revision]:
        xrefs = self.reader.xrefs
        n = xrefs.total_revisions
        if n > REVISIONS:
            raise StructureError("file.limit", f"{n} revisions")
        groups: list[list[int]] = []
        for i in range(n):
            here = xrefs.get_xref_container_info(i).start_location
            if i == 1 and here < xrefs.get_xref_container_info(0).start_location:
                groups[-1].append(i)  # a linearised file's first-page section: rule 2
            else:
                groups.append([i])
        out: list[Revision] = []
        start = 0
        total = 0
        for sections in groups:
            last = max(sections, key=lambda i: xrefs.get_xref_container_info(i).end_location)
            search_from = xrefs.get_xref_container_info(last).end_location
            m = _START.search(self.data, search_from)
            if m is None or search_from < start:
                raise StructureError("file.damaged", f"no end of revision {len(out)}")
            end = m.end()
            end += (
                2
                if self.data[end : end + 2] == b"\r\n"
                else self.data[end : end + 1] in (b"\r", b"\n")
            )
            r = Revision(len(out), start, m.end(), end, tuple(sections))
            declared = {xrefs.get_xref_container_info(i).declared_startxref for i in sections}
            r.consistent = int(m[1]) in declared
            for i in sections:
                self._fill(r, i)
            total += len(r.entries)
            if total > OBJECTS:
                raise StructureError("file.limit", f"{total} objects")
            r.spans.append((m.start(), m.end()))
            out.append(r)
            start = end
        return out

    def _fill(self, r: Revision, section: int) -> None:
        """Take over one section of pyHanko's, newest entry winning inside the revision."""
        xrefs = self.reader.xrefs
        meta = xrefs.get_xref_container_info(section)
        x = xrefs.get_xref_data(section)
        self._entries(r, [x] if x.hybrid is None else [x.hybrid.xref_data, x])
        at = meta.start_location  # pyHanko counts a table from after its keyword
        if meta.xref_section_type is not XRefSectionType.STREAM:
            keyword = self.data.rfind(b"xref", max(0, at - 8), at)
            at = keyword if keyword >= 0 else at
        r.spans.append((at, meta.end_location))
        if meta.xref_section_type is XRefSectionType.STREAM:
            if meta.stream_ref is not None:
                r.own_streams.add(meta.stream_ref.idnum)
            parsed = self._parse(meta.start_location)
            r.spans.append((parsed.start, parsed.end))
            if isinstance(parsed.value, Stream):
                r.trailer.update(parsed.value.entries)
        elif m := _TRAILER.match(self.data, meta.end_location):
            self._trailer(r, m.end())
        else:
            self._trailer(r, meta.end_location)  # pyHanko stops after the keyword
        if x.hybrid is not None:
            at = x.hybrid.meta_info.start_location
            parsed = self._parse(at)
            r.spans.append((parsed.start, parsed.end))
            if x.hybrid.meta_info.stream_ref is not None:
                r.own_streams.add(x.hybrid.meta_info.stream_ref.idnum)

    @staticmethod
    def _entries(r: Revision, layers: list[XRefSectionData]) -> None:
        """Take over entries; a hybrid file's table overrides its stream."""
        for layer in layers:
            r.freed |= {i for i in layer.freed if i and i not in r.entries}
            for i, (gen, at) in layer.standard_xrefs.items():
                r.entries[i] = (gen, at)
            for i, ref in layer.xrefs_in_objstm.items():
                r.entries[i] = (0, InStream(ref.obj_stream_id, ref.ix_in_stream))
                r.containers.add(ref.obj_stream_id)
            r.freed -= r.entries.keys()

    def _trailer(self, r: Revision, at: int) -> None:
        anomalies: list[str] = []
        try:
            value, end = read_value(self.data, at, anomalies)
        except LexError as e:
            raise StructureError("file.damaged", f"trailer: {e}") from e
        if isinstance(value, dict):
            r.trailer.update(value)
        r.spans.append((at, end))

    # -- objects ------------------------------------------------------------------------------

    def _parse(self, at: int, revision: int | None = None) -> Parsed:
        try:
            return read_object(self.data, at, lambda ref: self._length(ref, revision))
        except LexError as e:
            raise StructureError("file.damaged", str(e)) from e

    def _length(self, ref: Ref, revision: int | None) -> Value:
        """Resolve an indirect /Length; while tables are still being read, through pyHanko."""
        if revision is not None:
            return self.value(ref, revision)
        try:
            got = self._pyhanko(ref)
        except (misc.PdfError, ValueError, AttributeError):
            return None
        return int(got) if isinstance(got, int) else None

    def _pyhanko(self, ref: Ref, section: int | None = None) -> generic.PdfObject | None:
        """Return pyHanko's own object: deciphered, and able to decode its stream."""
        where = generic.Reference(ref.id, ref.gen, self.reader)
        got = self.reader.get_object(where, section)  # type: ignore[no-untyped-call]
        return got if isinstance(got, generic.PdfObject) else None

    def introduced(self, i: int, revision: int) -> int | None:
        """Return which revision gave object `i` the definition in force at `revision`."""
        history = self._history.get(i)
        if not history:
            return None
        at = bisect_right(history, revision)
        return history[at - 1] if at else None

    def parsed(self, i: int, revision: int) -> Parsed | None:
        """Return the definition of object `i` in force at `revision`; `None` if free or unknown."""
        by = self.introduced(i, revision)
        if by is None or i not in self.revisions[by].entries:
            return None
        key = (i, by)
        if key not in self._cache:
            self._cache[key] = self._load(i, by)
        return self._cache[key]

    def _load(self, i: int, by: int) -> Parsed:
        gen, where = self.revisions[by].entries[i]
        try:
            if isinstance(where, InStream):
                return self._from_stream(i, where, by)
            p = self._parse(where, by)
        except (StructureError, misc.PdfError, ValueError, RecursionError) as e:
            return Parsed(None, -1, -1, i, gen, [f"unreadable: {str(e)[:80]}"])
        if (p.id, p.gen) != (i, gen):
            return Parsed(None, -1, -1, i, gen, ["wrong-header"])
        if self.encrypted:
            p.value = self._decrypted(i, gen, by, p.value)
        return p

    def _decrypted(self, i: int, gen: int, by: int, raw: Value) -> Value:
        """Return the value with strings and streams deciphered, through pyHanko."""
        section = self.revisions[by].sections[-1]
        try:
            value = plain(self._pyhanko(Ref(i, gen), section))
        except _FAULTS:
            return raw
        if isinstance(value, dict) and isinstance(raw, dict) and "/ByteRange" in raw:
            value |= {k: raw[k] for k in ("/Contents", "/Cert") if k in raw}  # never enciphered
        return value

    def _from_stream(self, i: int, where: InStream, by: int) -> Parsed:
        key = (where.container, by)
        if key not in self._streams:
            got = self._pyhanko(Ref(where.container, 0), self.revisions[by].sections[-1])
            if not isinstance(got, generic.StreamObject):
                raise StructureError("file.damaged", f"no object stream {where.container}")
            content = got.read_data(DecodePurpose.OBJECT_STREAM)
            first, count = int(got["/First"]), int(got["/N"])
            head = content[:first].split()[: 2 * count]
            offsets = [
                (int(a), first + int(b)) for a, b in zip(head[::2], head[1::2], strict=False)
            ]
            counted = Counter(n for n, _ in offsets)
            twice = frozenset(n for n, times in counted.items() if times > 1)
            self._streams[key] = (content, offsets, twice)
        content, offsets, twice = self._streams[key]
        if not 0 <= where.index < len(offsets) or offsets[where.index][0] != i:
            return Parsed(None, -1, -1, i, 0, ["wrong-index"])
        if i in twice:
            return Parsed(None, -1, -1, i, 0, ["duplicate-in-stream"])
        p = Parsed(None, -1, -1, i, 0)
        p.value, _ = read_value(content, offsets[where.index][1], p.anomalies)
        return p

    def value(self, ref: Ref, revision: int) -> Value:
        """Return what `ref` means at `revision`; null (`None`) if nothing."""
        p = self.parsed(ref.id, revision)
        return p.value if p is not None and p.gen == ref.gen else None

    def resolve(self, value: Value, revision: int) -> Value:
        """Follow references until a value that is none; a cycle of references is null."""
        for _ in range(32):
            if not isinstance(value, Ref):
                return value
            value = self.value(value, revision)
        return None

    def get(self, holder: Value, key: str, revision: int) -> Value:
        """Return the resolved entry `key` of a dictionary or stream; `None` for anything else."""
        if isinstance(holder, Stream):
            holder = holder.entries
        return self.resolve(holder.get(key), revision) if isinstance(holder, dict) else None

    def trailer(self, revision: int) -> dict[str, Value]:
        """Return the trailer in force: entries that a later one leaves out are inherited."""
        out: dict[str, Value] = {}
        for r in self.revisions[: revision + 1]:
            out.update(r.trailer)
        return out

    def root(self, revision: int) -> dict[str, Value]:
        """Return the catalog at `revision`; empty when there is none."""
        value = self.resolve(self.trailer(revision).get("/Root"), revision)
        return value if isinstance(value, dict) else {}

    @property
    def last(self) -> int:
        """Index of the newest revision."""
        return len(self.revisions) - 1

    def stream_bytes(self, ref: Ref, revision: int) -> bytes | None:
        """Return the decoded content of a stream within pyHanko's limits; `None` if it has none."""
        by = self.introduced(ref.id, revision)
        if by is None:
            return None
        try:
            got = self._pyhanko(ref, self.revisions[by].sections[-1])
            return bytes(got.data) if isinstance(got, generic.StreamObject) else None
        except _FAULTS:
            return None

    def revision_covered_to(self, offset: int) -> int | None:
        """Return the revision that a signature reaching up to `offset` signs, if it ends there."""
        for r in self.revisions:
            blank = offset > r.end and not self.data[r.end : offset].strip(WHITE)
            if r.mark <= offset <= r.end or blank:
                return r.index if r.consistent else None
        return None


def _refuse_claims(data: bytes) -> None:
    """Refuse a table that claims more objects than we take, before anybody makes room for them.

    A cross-reference stream of 394 bytes with /Index [0 999999999] costs pyHanko 0.38 18 s.
    """
    for m in _INDEX.finditer(data):
        numbers = [int(n) for n in m[1].split()]
        if sum(numbers[1::2]) > OBJECTS:
            raise StructureError("file.limit", f"{sum(numbers[1::2])} objects")
