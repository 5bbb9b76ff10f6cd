"""An object store in memory, held to the same contract test as disk and S3."""

import hashlib
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from archive.errors import ImmutableObjectError, ObjectNotFoundError, ReadBackError
from archive.store.base import (
    StoredObject,
    checked_inventory,
    checked_key,
    checked_staged,
)


def _now() -> datetime:
    return datetime.now(UTC)


class MemoryStore:
    """`ObjectStore` that forgets everything when the process ends."""

    def __init__(self, now: Callable[[], datetime] = _now) -> None:
        self._objects: dict[str, tuple[bytes, datetime]] = {}
        self._now = now

    def put_once(self, key: str, source: Path | bytes, sha256: str) -> None:
        """See `ObjectStore.put_once`."""
        data = source if isinstance(source, bytes) else source.read_bytes()
        found = hashlib.sha256(data).hexdigest()
        if found != sha256:
            raise ReadBackError(key, sha256, found)
        # setdefault is atomic: of two writers one wins, the other compares.
        if self._objects.setdefault(checked_key(key), (data, self._now()))[0] != data:
            raise ImmutableObjectError(key)

    def promote(self, staged: str, key: str, sha256: str) -> None:
        """See `ObjectStore.promote`."""
        source = self._objects.get(checked_staged(staged))
        if source is None:
            existing = self._at(key)[0]
            if hashlib.sha256(existing).hexdigest() != sha256:
                raise ImmutableObjectError(key)
            return
        self.put_once(key, source[0], sha256)

    def replace_inventory(self, key: str, data: bytes) -> None:
        """See `ObjectStore.replace_inventory`."""
        self._objects[checked_inventory(key)] = (data, self._now())

    def open(self, key: str) -> BinaryIO:
        """See `ObjectStore.open`."""
        return io.BytesIO(self._at(key)[0])

    def stat(self, key: str) -> StoredObject:
        """See `ObjectStore.stat`."""
        data, modified = self._at(key)
        return StoredObject(key=key, size=len(data), modified=modified, sha256=None)

    def iterate(self, prefix: str) -> Iterator[StoredObject]:
        """See `ObjectStore.iterate`."""
        for key in sorted(self._objects):
            if key.startswith(prefix):
                yield self.stat(key)

    def delete_staged(self, key: str) -> None:
        """See `ObjectStore.delete_staged`."""
        self._objects.pop(checked_staged(key), None)

    def close(self) -> None:
        """See `ObjectStore.close`."""

    def _at(self, key: str) -> tuple[bytes, datetime]:
        try:
            return self._objects[checked_key(key)]
        except KeyError as exc:
            raise ObjectNotFoundError(key) from exc
