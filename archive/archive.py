"""The archive as the rooms above see it: everything goes through here."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO

from sqlalchemy import Engine

from archive import layout
from archive.catalogue.database import migrate
from archive.catalogue.fold import clean
from archive.catalogue.repository import Catalogue
from archive.errors import FixityError, ObjectNotFoundError, RecordNotReadyError
from archive.export import export
from archive.fixity import VerifiedContent, check_due, verified
from archive.fsck import Fsck
from archive.ingest import ORPHAN_AGE, Ingest, Recovery
from archive.model import (
    CheckReport,
    Clock,
    Derivative,
    Receipt,
    Record,
    SearchPage,
    SearchQuery,
    Sip,
)
from archive.package import derived
from archive.rebuild import rebuild
from archive.store.base import ObjectStore


class Archive:
    """Records in an object store, described by a catalogue. Thread-safe.

    `agency` names the agency in whose registers incoming documents are numbered.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        store: ObjectStore,
        clock: Clock,
        agency: str = "",
        catalogue: Catalogue | None = None,
    ) -> None:
        self._engine = engine
        self._store = store
        self._clock = clock
        self._catalogue = catalogue or Catalogue(engine)
        self._ingest = Ingest(store, self._catalogue, clock, agency=agency)

    def prepare(self) -> None:
        """Bring schema and store into shape; runs at start-up, before anything else.

        Raises:
            CatalogueUnavailableError, StoreUnavailableError: one of them does not answer.

        """
        migrate(self._engine)
        layout.ensure_root(self._store)

    def ping(self) -> None:
        """Ask database and store something small.

        Raises:
            CatalogueUnavailableError, StoreUnavailableError: one of them does not answer.

        """
        self._catalogue.known("")
        self._store.stat(layout.ROOT + layout.ROOT_DECLARATION[0])

    def ingest(self, sip: Sip) -> Receipt:
        """Archive a document; see `archive.ingest` for the steps and the errors."""
        return self._ingest.ingest(sip)

    def record(self, record_id: str) -> Record:
        """Return what is known of a record, or raise `RecordNotFoundError`."""
        return self._catalogue.record(record_id)

    def page_texts(self, record_id: str) -> tuple[str, ...]:
        """Return the text of page 1, 2, … of a record, or raise `RecordNotFoundError`."""
        return self._catalogue.page_texts(record_id)

    @contextmanager
    def open(self, record_id: str) -> Iterator[VerifiedContent]:
        """Give a record's document, verified; the stream ends with the block.

        Raises:
            RecordNotFoundError: no such record.
            RecordNotReadyError: it is not published yet, and could not be just now.
            FixityError: the stored bytes are not the archived ones, or gone.

        """
        record = self._catalogue.record(record_id)
        if not record.published:
            self._ingest.recover()
            record = self._catalogue.record(record_id)
            if not record.published:
                raise RecordNotReadyError(record_id)
        document = next(file for file in record.files if file.path == layout.DOCUMENT)
        with self._verified(document.key, document.sha256) as stream:
            yield VerifiedContent(
                stream=stream,
                sha256=document.sha256,
                size=document.size,
                media_type=record.media_type,
                name=record.original_name,
            )

    @contextmanager
    def open_derivative(self, record_id: str, role: str) -> Iterator[VerifiedContent | None]:
        """Give the newest derivative of that role, verified, or `None` if there is none."""
        made = [d for d in self._catalogue.record(record_id).derivatives if d.role == role]
        if not made:
            yield None
            return
        newest = made[-1]
        with self._verified(newest.key, newest.sha256) as stream:
            yield VerifiedContent(
                stream=stream,
                sha256=newest.sha256,
                size=newest.size,
                media_type=newest.media_type,
                name=newest.key.rpartition("/")[2],
            )

    def search(self, query: SearchQuery) -> SearchPage:
        """Return a page of hits; see `archive.catalogue.search` for the rules and the errors."""
        return self._catalogue.search(query)

    def add_verdict(
        self, record_id: str, report: bytes, *, integrity: str | None, indication: str | None
    ) -> Derivative:
        """Keep a new validation report beside a record; lists show its verdict from now on."""
        made = self._add(record_id, "verdict", report, "application/json")
        self._catalogue.add_derivative(record_id, made, integrity=integrity, indication=indication)
        return made

    def add_derivative(
        self, record_id: str, role: str, content: bytes, media_type: str
    ) -> Derivative:
        """Keep something made from a record beside it. `role` is `[a-z0-9-]+`."""
        made = self._add(record_id, role, content, media_type)
        self._catalogue.add_derivative(record_id, made)
        return made

    def replace_text(self, record_id: str, page_texts: Sequence[str]) -> Derivative:
        """Keep a new text layer (from OCR) beside a record; it is searched from now on."""
        texts = [clean(text) for text in page_texts]
        content = layout.to_json({"pages": texts})
        made = self._add(record_id, "text", content, "application/json")
        self._catalogue.replace_text(record_id, made, texts)
        return made

    def recover(self) -> Recovery:
        """Finish what a crash interrupted; runs at start-up and from time to time."""
        return self._ingest.recover()

    def sweep(self, age: timedelta = ORPHAN_AGE) -> list[str]:
        """Remove what crashes left in staging; return the keys."""
        return self._ingest.sweep(age)

    def fixity(self, *, everything: bool = False) -> CheckReport:
        """Re-hash what is due, or everything."""
        return check_due(self._store, self._catalogue, self._clock, everything=everything)

    def fsck(self, *, rehash: bool = True) -> CheckReport:
        """Compare database, objects and numbers with each other; see `archive.fsck`."""
        return Fsck(self._store, self._catalogue, rehash_files=rehash).run()

    def rebuild(self) -> int:
        """Fill the catalogue from the objects alone; return the number of records."""
        return rebuild(self._store, self._engine)

    def export(self, record_ids: Iterable[str], folder: Path) -> Path:
        """Copy records' objects to a new folder; return its manifest."""
        return export(self._store, self._catalogue, record_ids, folder)

    def close(self) -> None:
        """Let go of connections."""
        self._store.close()
        self._engine.dispose()

    def _add(self, record_id: str, role: str, content: bytes, media_type: str) -> Derivative:
        """Write the object; the row that makes it one of the record's comes after."""
        self._catalogue.record(record_id)
        made = derived(record_id, role, content, self._clock.now(), media_type)
        self._store.put_once(made.key, content, made.sha256)
        return made

    @contextmanager
    def _verified(self, key: str, sha256: str) -> Iterator[IO[bytes]]:
        with ExitStack() as stack:
            try:
                stream = stack.enter_context(verified(self._store, key, sha256))
            except ObjectNotFoundError as exc:
                raise FixityError(key, sha256, "—") from exc
            yield stream
