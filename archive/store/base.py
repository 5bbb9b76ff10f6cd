"""The object store as the archive needs it.

1. Two writes, no more. `put_once` for everything that is never to change again; writing the same
   bytes to the same key succeeds, other bytes are refused. `replace_inventory` for the one file of
   an OCFL object that moves on with each version. (`promote` is `put_once` with bytes that are in
   the store already.)
2. When a write returns, the object is persisted and was checked. When it raises, the object may
   or may not be there: callers recover, they do not guess.
3. A listing is for sweeping and checking; it never decides whether something exists
   (`stat` does), because listings of object stores lag.
4. Nothing is ever deleted but under `staging/`.
5. Keys are plain ASCII and cannot leave the store, whatever a caller passes.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from archive.errors import KeyRejectedError

STAGING: Final = "staging/"
INVENTORIES: Final = ("inventory.json", "inventory.json.sha512")
CHUNK: Final = 1 << 20
"""Bytes per read: large enough for the hash to be the cost, small enough for many at once."""

_KEY: Final = re.compile(r"[A-Za-z0-9%=_][A-Za-z0-9._=%-]*(?:/[A-Za-z0-9%=_][A-Za-z0-9._=%-]*)*")
_KEY_LENGTH: Final = 512
"""S3 allows 1,024 bytes; half of it leaves room for a bucket folder in front."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """What a store says about one object, without reading it."""

    key: str
    size: int
    modified: datetime
    sha256: str | None
    """As noted when it was written, where the store keeps notes; not a proof."""


class ObjectStore(Protocol):
    """Durable, write-once storage. Thread-safe.

    Every method may raise `StoreUnavailableError`; the writes also `StoreFullError` and
    `ReadBackError`; every key `KeyRejectedError`.
    """

    def put_once(self, key: str, source: Path | bytes, sha256: str) -> None:
        """Write `source`, whose digest is `sha256` (hex), to `key`.

        Raises:
            ImmutableObjectError: other bytes are there already.
            ReadBackError: `source` does not have that digest, or did not arrive so.

        """

    def promote(self, staged: str, key: str, sha256: str) -> None:
        """Do what `put_once` does, with the bytes of `staged` (a key under `staging/`).

        Raises:
            ObjectNotFoundError: neither `staged` nor `key` exists.
            ImmutableObjectError: other bytes are there already.

        """

    def replace_inventory(self, key: str, data: bytes) -> None:
        """Write an inventory or its sidecar, over what was there: whole or not at all."""

    def open(self, key: str) -> BinaryIO:
        """Return a stream of the bytes at `key`; the caller closes it.

        Raises:
            ObjectNotFoundError: nothing there.

        """

    def stat(self, key: str) -> StoredObject:
        """Return size and age of the object at `key`.

        Raises:
            ObjectNotFoundError: nothing there.

        """

    def iterate(self, prefix: str) -> Iterator[StoredObject]:
        """Yield the objects whose key begins with `prefix`, in order of key."""

    def delete_staged(self, key: str) -> None:
        """Remove an object under `staging/`; nothing happens if it is gone already."""

    def close(self) -> None:
        """Let go of connections."""


def checked_key(key: str) -> str:
    """Return `key` if it is one (rule 5).

    Raises:
        KeyRejectedError: it is not.

    """
    if len(key) > _KEY_LENGTH or not _KEY.fullmatch(key):
        raise KeyRejectedError(key)
    return key


def checked_staged(key: str) -> str:
    """Return `key` if it lies under `staging/` (rule 4)."""
    if not checked_key(key).startswith(STAGING):
        raise KeyRejectedError(key)
    return key


def checked_inventory(key: str) -> str:
    """Return `key` if it names an inventory or its sidecar (rule 1)."""
    if checked_key(key).rpartition("/")[2] not in INVENTORIES:
        raise KeyRejectedError(key)
    return key


def read_all(store: ObjectStore, key: str) -> bytes:
    """Return the bytes at `key`; for small objects."""
    with store.open(key) as stream:
        return stream.read()


class Readable(Protocol):
    """Whatever bytes can be read from."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""


def digests_of(stream: Readable) -> tuple[str, str, int]:
    """Read `stream` to its end; return its SHA-256 and SHA-512 (hex) and its size in bytes."""
    short, long, size = hashlib.sha256(), hashlib.sha512(), 0
    while chunk := stream.read(CHUNK):
        short.update(chunk)
        long.update(chunk)
        size += len(chunk)
    return short.hexdigest(), long.hexdigest(), size
