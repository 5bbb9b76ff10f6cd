"""Whether database, objects and numbers agree with each other; each finding located.

The checker shares no state with the maker: what an object must look like is computed again from
the rows, what the rows must say is read from `metadata.json` in the object, and the numbers are
counted. Nothing is repaired here.

1. The storage root says what it is.
2. Every record has its object: inventory, its copy in the version, sidecars and declaration are
   byte for byte what the rows make of them; every file is there and, unless told otherwise, hashes
   to its digests. Nothing else lies in the object's folder.
3. Every object has its record.
4. A record's rows say what its `metadata.json` says, the register number included; its pages are
   those of the newest text.
5. In every register the ledger holds 1 … last, once each, and nothing beyond; every incoming
   record bears a number.
6. Every record is searched, and nothing else is.
"""

import json
from collections.abc import Iterator
from itertools import groupby

from archive import layout
from archive.catalogue.inspection import books, draft_of, unnumbered, unsearchable
from archive.catalogue.repository import Catalogue
from archive.errors import ArchiveError, ObjectNotFoundError
from archive.fixity import rehash
from archive.model import CheckReport, FixityFinding, Problem, Record, StoredFile
from archive.package import describe
from archive.store.base import ObjectStore, read_all


class Fsck:
    """One run over everything."""

    def __init__(self, store: ObjectStore, catalogue: Catalogue, *, rehash_files: bool) -> None:
        self._store = store
        self._catalogue = catalogue
        self._rehash = rehash_files
        self._bytes = 0

    def run(self) -> CheckReport:
        """Check everything; return what was found."""
        findings = list(self._root())
        known = set(self._catalogue.record_ids())
        seen: set[str] = set()
        listing = (found.key for found in self._store.iterate(layout.ROOT))
        for folder, keys in groupby(listing, _object_folder):
            if folder is None:
                continue
            record_id = folder.rstrip("/").rpartition("%3a")[2]
            if record_id not in known or layout.object_root(record_id) != folder:
                findings.append(FixityFinding(problem=Problem.OBJECT_UNKNOWN, where=folder))
                continue
            seen.add(record_id)
            findings += self._record(record_id, set(keys))
        for record_id in sorted(known - seen):
            findings += self._record(record_id, set())
        findings += self._derivatives()
        findings += self._numbers()
        findings += self._searched()
        return CheckReport(checked=len(known), bytes=self._bytes, findings=tuple(findings))

    def _root(self) -> Iterator[FixityFinding]:
        for key, content in layout.root_files():
            if self._read(key) != content:
                yield FixityFinding(problem=Problem.ROOT_DAMAGED, where=key)

    def _record(self, record_id: str, listed: set[str]) -> Iterator[FixityFinding]:
        record = self._catalogue.record(record_id)
        if not record.published:
            yield FixityFinding(
                problem=Problem.RECORD_UNPUBLISHED, where=record_id, record_id=record_id
            )
            return
        accounted = set()
        for key, content in self._inventories(record_id):
            accounted.add(key)
            found = self._read(key)
            if found != content:
                problem = Problem.INVENTORY_CHANGED if found else Problem.INVENTORY_MISSING
                yield FixityFinding(problem=problem, where=key, record_id=record_id)
        files = {
            file.key: file
            for version in self._catalogue.object_versions(record_id)
            for file in version.files
        }
        for file in files.values():
            finding = self._file(record_id, file)
            if finding is not None:
                yield finding
        for key in sorted(listed - accounted - files.keys()):
            yield FixityFinding(problem=Problem.OBJECT_UNKNOWN, where=key, record_id=record_id)
        yield from self._rows(record)

    def _file(self, record_id: str, file: StoredFile) -> FixityFinding | None:
        if self._rehash:
            self._bytes += file.size
            return rehash(self._store, record_id, file)
        return self._sized(record_id, file.key, file.size)

    def _sized(self, record_id: str, key: str, expected: int) -> FixityFinding | None:
        size = self._size(key)
        if size == expected:
            return None
        return FixityFinding(
            problem=Problem.OBJECT_MISSING if size is None else Problem.OBJECT_CHANGED,
            where=key,
            record_id=record_id,
            expected=f"{expected} B",
            found=None if size is None else f"{size} B",
        )

    def _inventories(self, record_id: str) -> Iterator[tuple[str, bytes]]:
        root = layout.object_root(record_id)
        versions = self._catalogue.object_versions(record_id)
        name, declaration = layout.OBJECT_DECLARATION
        yield root + name, declaration
        for index, version in enumerate(versions, start=1):
            content = layout.inventory(record_id, versions[:index])
            folders = [f"{root}v{version.number}/"] + [root] * (index == len(versions))
            for folder in folders:
                yield folder + layout.INVENTORY, content
                yield folder + layout.SIDECAR, layout.sidecar(content)

    def _rows(self, record: Record) -> Iterator[FixityFinding]:
        record_id = record.record_id
        draft = draft_of(self._catalogue.engine, record_id)
        wanted = describe(draft, record.register)
        try:
            said = json.loads(self._read(layout.content_key(record_id, 1, layout.METADATA)) or b"")
            differing = sorted(
                name
                for name in wanted.keys() | said.keys()
                # A later verdict may have replaced the one of the day of arrival.
                if name != "verdict" and wanted.get(name) != said.get(name)
            )
        except (ValueError, AttributeError):
            return  # missing or changed: named as an object already
        for name in differing:
            yield FixityFinding(
                problem=Problem.RECORD_CHANGED,
                where=f"{record_id}/{name}",
                record_id=record_id,
                expected=json.dumps(said.get(name), ensure_ascii=False),
                found=json.dumps(wanted.get(name), ensure_ascii=False),
            )
        texts = [d.key for d in record.derivatives if d.role == "text"]
        if not texts and any(file.path == layout.TEXT for file in record.files):
            texts = [layout.content_key(record_id, 1, layout.TEXT)]
        stored = self._read(texts[-1]) if texts else layout.to_json({"pages": []})
        if stored is not None and stored != layout.to_json({"pages": list(draft.page_texts)}):
            yield FixityFinding(
                problem=Problem.RECORD_CHANGED, where=f"{record_id}/text", record_id=record_id
            )

    def _derivatives(self) -> Iterator[FixityFinding]:
        for record_id, made in self._catalogue.all_derivatives():
            finding = self._sized(record_id, made.key, made.size)
            if finding is not None:
                yield finding

    def _numbers(self) -> Iterator[FixityFinding]:
        for book in books(self._catalogue.engine):
            place = f"{book.agency}/{book.book}/{book.year}"
            held = set(book.numbers)
            for number in range(1, book.last + 1):
                if number not in held:
                    yield FixityFinding(problem=Problem.NUMBER_GAP, where=f"{place}/{number}")
            for number in sorted(held):
                if not 1 <= number <= book.last:
                    yield FixityFinding(problem=Problem.NUMBER_BEYOND, where=f"{place}/{number}")
        for record_id in unnumbered(self._catalogue.engine):
            yield FixityFinding(
                problem=Problem.NUMBER_MISSING, where=record_id, record_id=record_id
            )

    def _searched(self) -> Iterator[FixityFinding]:
        missing, extra = unsearchable(self._catalogue.engine)
        for record_id in missing:
            yield FixityFinding(
                problem=Problem.SEARCH_MISSING, where=record_id, record_id=record_id
            )
        for row in extra:
            yield FixityFinding(problem=Problem.SEARCH_EXTRA, where=f"search row {row}")

    def _read(self, key: str) -> bytes | None:
        try:
            return read_all(self._store, key)
        except ArchiveError:
            return None

    def _size(self, key: str) -> int | None:
        try:
            return self._store.stat(key).size
        except ObjectNotFoundError:
            return None


def _object_folder(key: str) -> str | None:
    parts = key.split("/")
    folder = "/".join(parts[:5]) + "/"
    in_object = len(parts) > 5 and parts[1] != "extensions"  # noqa: PLR2004 - ocfl/abc/def/012/id/…
    return folder if in_object else None
