"""Bring a document into the archive so that a crash at any line is recoverable (OAIS ingest).

1. Hash what was handed in. If these bytes are a record already, that record is the answer.
2. Stage: the bytes go to `staging/`, durable and read back. Nobody can see them yet.
3. Commit, in one transaction: record, version, files, searchable words, and the register number.
   THIS is the moment the record exists. What is small and made here (metadata, text, verdict)
   rides in the rows until step 4, because it holds the number, which is known only now.
4. Publish, from the rows alone: content first, then the inventory, its sidecar last.
   Now the store explains itself.
5. Mark the rows published, let go of what rode in them, and remove the staged bytes.

A crash before 3 leaves a staged object that no row names: the sweeper removes it after
`ORPHAN_AGE`. A crash after 3 is repaired by `publish`, the same function the normal path uses; it
can be run any number of times, by any number of processes. A failure after 3 does not take the
record back: whoever handed it in gets its number, and recovery finishes the rest.
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from typing import Final

from archive import layout, package
from archive.catalogue.drafts import Draft, Unpublished, Waiting, WaitingDerivative
from archive.catalogue.fold import clean
from archive.catalogue.repository import Catalogue
from archive.errors import ArchiveError, SipRejectedError
from archive.model import (
    Clock,
    DocumentMetadata,
    Receipt,
    RegisterEntry,
    Sip,
    StoredFile,
    new_record_id,
)
from archive.register import book_for, register_year
from archive.store.base import STAGING, ObjectStore, digests_of

ORPHAN_AGE: Final = timedelta(hours=24)
"""Far above the time between staging and commit, which is seconds."""
_LONGEST_NAME: Final = 255
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What a recovery did."""

    published: tuple[str, ...]
    """Records whose object is whole now."""
    waiting: tuple[str, ...]
    """Records that could not be finished yet; the log says why."""


class Ingest:
    """The five steps, over a store and a catalogue."""

    def __init__(
        self, store: ObjectStore, catalogue: Catalogue, clock: Clock, *, agency: str
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._clock = clock
        self._agency = agency

    def ingest(self, sip: Sip) -> Receipt:
        """Archive `sip` and return its receipt.

        Raises:
            SipRejectedError: it cannot be read, or is empty.
            StoreUnavailableError: step 2 failed; nothing was archived.
            CatalogueUnavailableError: step 3 failed, or nobody knows; handing the same bytes in
                again makes it sure and never makes a second record.

        """
        # 1
        sha256, sha512, size = _measure(sip)
        known = self._catalogue.known(sha256)
        if known is not None:
            return self._receipt(known.record_id, sha256, known.register, duplicate=True)
        draft = self._draft(sip, sha256, size)
        # 2
        staged = layout.staging_key(sha256, draft.record_id)
        self._store.put_once(staged, sip.content, sha256)
        # 3
        document = StoredFile(
            path=layout.DOCUMENT,
            key=layout.content_key(draft.record_id, 1, layout.DOCUMENT),
            sha256=sha256,
            sha512=sha512,
            size=size,
        )

        def complete(
            register: RegisterEntry | None,
        ) -> tuple[Sequence[Waiting], Sequence[WaitingDerivative]]:
            beside, made = package.beside(draft, register, sip.verdict_json)
            return (Waiting(file=document, staged=staged), *beside), made

        committed = self._catalogue.commit_record(
            draft,
            complete,
            agency=self._agency,
            book=book_for(sip.kind),
            year=register_year(draft.received),
            reserved=sip.number,
        )
        if committed.duplicate:
            self._store.delete_staged(staged)  # somebody else's commit came first
        return self._receipt(
            committed.record_id,
            committed.sha256 or sha256,
            committed.register,
            duplicate=committed.duplicate,
        )

    def publish(self, record_id: str) -> None:
        """Make the object of a committed record whole in the store. Idempotent."""
        plan = self._catalogue.to_publish(record_id)
        if plan is None:
            return
        # 4
        for waiting in plan.waiting:
            if waiting.staged is not None:
                self._store.promote(waiting.staged, waiting.file.key, waiting.file.sha256)
            elif waiting.pending is not None:
                self._store.put_once(waiting.file.key, waiting.pending, waiting.file.sha256)
        for made in plan.derivatives:
            self._store.put_once(made.derivative.key, made.pending, made.derivative.sha256)
        self._write_inventory(plan)
        # 5
        self._catalogue.mark_published(record_id, self._clock.now())
        for waiting in plan.waiting:
            if waiting.staged is not None:
                self._store.delete_staged(waiting.staged)

    def recover(self) -> Recovery:
        """Finish what a crash interrupted. Runs at start-up and whenever there is time."""
        published: list[str] = []
        waiting: list[str] = []
        for record_id in self._catalogue.unpublished():
            (published if self._try_publish(record_id) else waiting).append(record_id)
        return Recovery(published=tuple(published), waiting=tuple(waiting))

    def sweep(self, age: timedelta = ORPHAN_AGE) -> list[str]:
        """Remove staged objects older than `age` that no record needs; return their keys."""
        before = self._clock.now() - age
        old = [found.key for found in self._store.iterate(STAGING) if found.modified < before]
        # Asked after the listing: a record committed meanwhile is seen.
        needed = self._catalogue.staged() if old else set()
        orphans = [key for key in old if key not in needed]
        for key in orphans:
            self._store.delete_staged(key)
        return orphans

    def _receipt(
        self, record_id: str, sha256: str, register: RegisterEntry | None, *, duplicate: bool
    ) -> Receipt:
        return Receipt(
            record_id=record_id,
            sha256=sha256,
            register=register,
            duplicate_of=record_id if duplicate else None,
            published=self._try_publish(record_id),
        )

    def _try_publish(self, record_id: str) -> bool:
        try:
            self.publish(record_id)
        except ArchiveError as exc:
            # Committed is committed: this is work left for recovery, not a failure to report.
            _LOG.warning("record %s waits to be published: %s", record_id, exc)
            return False
        return True

    def _write_inventory(self, plan: Unpublished) -> None:
        root = layout.object_root(plan.record_id)
        content = layout.inventory(plan.record_id, plan.versions)
        sidecar = layout.sidecar(content)
        name, declaration = layout.OBJECT_DECLARATION
        version = f"{root}v{plan.versions[-1].number}/"
        for key, data in (
            (root + name, declaration),
            (version + layout.INVENTORY, content),
            (version + layout.SIDECAR, sidecar),
        ):
            self._store.put_once(key, data, hashlib.sha256(data).hexdigest())
        self._store.replace_inventory(root + layout.INVENTORY, content)
        self._store.replace_inventory(root + layout.SIDECAR, sidecar)

    def _draft(self, sip: Sip, sha256: str, size: int) -> Draft:
        now = self._clock.now().astimezone(UTC)
        return Draft(
            record_id=new_record_id(now),
            kind=sip.kind,
            sha256=sha256,
            size=size,
            original_name=clean(sip.original_name)[:_LONGEST_NAME] or layout.DOCUMENT,
            media_type=sip.media_type,
            received=now,
            metadata=_cleaned(sip.metadata),
            page_texts=tuple(clean(text) for text in sip.page_texts),
            integrity=sip.integrity,
            indication=sip.indication,
            message="Văn bản đến" if book_for(sip.kind) else "Văn bản đi",
            actor=clean(sip.actor) if sip.actor else None,
        )


def _measure(sip: Sip) -> tuple[str, str, int]:
    try:
        with sip.content.open("rb") as stream:
            sha256, sha512, size = digests_of(stream)
    except OSError as exc:
        reason = exc.strerror or type(exc).__name__
        raise SipRejectedError(
            sip.original_name, f"không đọc được tệp ({reason})", f"it cannot be read ({reason})"
        ) from exc
    if size == 0:
        raise SipRejectedError(sip.original_name, "tệp trống", "it is empty")
    return sha256, sha512, size


def _cleaned(said: DocumentMetadata) -> DocumentMetadata:
    def text(value: str | None) -> str | None:
        return clean(value).strip() or None if value is not None else None

    return replace(
        said,
        so_ky_hieu=text(said.so_ky_hieu),
        co_quan_ban_hanh=text(said.co_quan_ban_hanh),
        loai_van_ban=text(said.loai_van_ban),
        trich_yeu=text(said.trich_yeu),
        nguoi_ky=text(said.nguoi_ky),
        sources={str(name): clean(str(source)) for name, source in said.sources.items()},
    )
