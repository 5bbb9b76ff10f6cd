"""A store that fails on cue, before or after the bytes have landed; and a catalogue that does."""

from datetime import datetime
from pathlib import Path
from typing import Any

from archive.catalogue.drafts import Committed, Complete, Draft
from archive.catalogue.repository import Catalogue
from archive.store.base import ObjectStore
from archive.store.memory import MemoryStore


class InjectedFaultError(Exception):
    """The injected failure."""


class Trap:
    """Springs once, at the nth write; `persists` says whether that write took effect."""

    def __init__(
        self,
        fail_at: int = 0,
        *,
        persists: bool = False,
        error: type[Exception] = InjectedFaultError,
    ) -> None:
        self._left = fail_at
        self._persists = persists
        self._error = error
        self.log: list[str] = []

    def run(self, name: str, write):
        self.log.append(name)
        self._left -= 1
        if self._left != 0:
            return write()
        if self._persists:
            write()
        raise self._error(name)


class FaultyStore(MemoryStore):
    """Every write goes through the trap."""

    def __init__(self, trap: Trap) -> None:
        super().__init__()
        self._trap = trap

    def put_once(self, key: str, source: Path | bytes, sha256: str) -> None:
        self._trap.run(f"put {key}", lambda: MemoryStore.put_once(self, key, source, sha256))

    def promote(self, staged: str, key: str, sha256: str) -> None:
        source = self._objects.get(staged)
        if source is None:
            MemoryStore.promote(self, staged, key, sha256)
            return
        self._trap.run(f"promote {key}", lambda: MemoryStore.put_once(self, key, source[0], sha256))

    def replace_inventory(self, key: str, data: bytes) -> None:
        self._trap.run(f"replace {key}", lambda: MemoryStore.replace_inventory(self, key, data))

    def delete_staged(self, key: str) -> None:
        self._trap.run(f"delete {key}", lambda: MemoryStore.delete_staged(self, key))


class FaultyCatalogue(Catalogue):
    """Every commit goes through the trap."""

    def __init__(self, engine, trap: Trap) -> None:
        super().__init__(engine)
        self._trap = trap

    def commit_record(self, draft: Draft, complete: Complete, **number: Any) -> Committed:
        return self._trap.run(
            "commit", lambda: Catalogue.commit_record(self, draft, complete, **number)
        )

    def mark_published(self, record_id: str, now: datetime) -> None:
        self._trap.run("mark published", lambda: Catalogue.mark_published(self, record_id, now))


def tree(store: ObjectStore, prefix: str = "") -> list[str]:
    return [found.key for found in store.iterate(prefix)]
