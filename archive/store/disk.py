"""An object store in a folder.

A write goes to a temporary file in the same file system, is fsynced, gets its name by a hard link
(which, unlike a rename, refuses a name that is taken), and then every folder that the name runs
through is fsynced. After a power cut the object is there whole or not at all. Files are made
read-only: a guard against accidents, not against an administrator, and no WORM medium.
"""

import errno
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from archive.errors import (
    ImmutableObjectError,
    ObjectNotFoundError,
    ReadBackError,
    StoreFullError,
    StoreUnavailableError,
)
from archive.store.base import (
    CHUNK,
    StoredObject,
    checked_inventory,
    checked_key,
    checked_staged,
)

_TEMPORARY: Final = "staging"
"""Temporary files live here under a name of their own, so that the sweeper finds what a crash
left; the folder is in the same file system as everything else."""
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.EXDEV})
"""What `link` answers on file systems without hard links (FAT, some network shares)."""


class DiskStore:
    """`ObjectStore` under `root`, which is made if need be."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        with _os_errors(str(root)):
            (self._root / _TEMPORARY).mkdir(parents=True, exist_ok=True)
            _sync_folder(self._root)

    def put_once(self, key: str, source: Path | bytes, sha256: str) -> None:
        """See `ObjectStore.put_once`."""
        target = self._path(key)
        with _os_errors(key):
            if target.exists():
                # It may stand here from a process that died before it was durable.
                self._compare(key, target, sha256)
                _sync_file(target)
                _sync_folder(target.parent)
                return
            temporary = self._write(source, key, sha256)
            try:
                self._name(temporary, target, key, sha256)
            finally:
                temporary.unlink(missing_ok=True)

    def promote(self, staged: str, key: str, sha256: str) -> None:
        """See `ObjectStore.promote`. The bytes are not copied: they get a second name."""
        source, target = self._path(checked_staged(staged)), self._path(key)
        with _os_errors(key):
            if not source.exists() and not target.exists():
                raise ObjectNotFoundError(staged)
            if target.exists():
                self._compare(key, target, sha256)
                _sync_folder(target.parent)
                return
            if (found := _sha256_of(source)) != sha256:
                raise ReadBackError(staged, sha256, found)
            self._name(source, target, key, sha256)

    def replace_inventory(self, key: str, data: bytes) -> None:
        """See `ObjectStore.replace_inventory`."""
        target = self._path(checked_inventory(key))
        with _os_errors(key):
            temporary = self._write(data, key, hashlib.sha256(data).hexdigest())
            try:
                self._make_folders(target.parent)
                temporary.replace(target)
            finally:
                temporary.unlink(missing_ok=True)
            _sync_folder(target.parent)

    def open(self, key: str) -> BinaryIO:
        """See `ObjectStore.open`."""
        with _absent(key):
            return self._path(key).open("rb")

    def stat(self, key: str) -> StoredObject:
        """See `ObjectStore.stat`."""
        path = self._path(key)
        with _absent(key):
            if path.is_dir():
                raise ObjectNotFoundError(key)
            return self._describe(key, path)

    def iterate(self, prefix: str) -> Iterator[StoredObject]:
        """See `ObjectStore.iterate`."""
        with _os_errors(prefix):
            yield from self._walk(self._root, "", prefix)

    def delete_staged(self, key: str) -> None:
        """See `ObjectStore.delete_staged`."""
        with _os_errors(key):
            self._path(checked_staged(key)).unlink(missing_ok=True)

    def close(self) -> None:
        """See `ObjectStore.close`."""

    def _path(self, key: str) -> Path:
        return self._root / checked_key(key)

    def _walk(self, folder: Path, path: str, prefix: str) -> Iterator[StoredObject]:
        # By key, not by name: "a-b/…" comes before "a/…" because "-" sorts before "/".
        with os.scandir(folder) as entries:
            ordered = sorted(entries, key=lambda e: e.name + "/" * e.is_dir(follow_symlinks=False))
        for entry in ordered:
            key = path + entry.name
            if entry.is_dir(follow_symlinks=False):
                if prefix.startswith(key + "/") or (key + "/").startswith(prefix):
                    yield from self._walk(folder / entry.name, key + "/", prefix)
            elif key.startswith(prefix) and entry.is_file(follow_symlinks=False):
                with suppress(FileNotFoundError):  # promoted or swept since the folder was read
                    yield self._describe(key, folder / entry.name)

    def _describe(self, key: str, path: Path) -> StoredObject:
        found = path.stat()
        return StoredObject(
            key=key,
            size=found.st_size,
            modified=datetime.fromtimestamp(found.st_mtime, UTC),
            sha256=None,
        )

    def _write(self, source: Path | bytes, key: str, sha256: str) -> Path:
        temporary = self._root / _TEMPORARY / f"tmp-{secrets.token_hex(12)}"
        digest = hashlib.sha256()
        with ExitStack() as failure:
            failure.callback(temporary.unlink, missing_ok=True)
            with temporary.open("xb") as out:
                for chunk in _chunks(source):
                    digest.update(chunk)
                    out.write(chunk)
                out.flush()
                os.fchmod(out.fileno(), 0o440)
                os.fsync(out.fileno())
            if digest.hexdigest() != sha256:
                raise ReadBackError(key, sha256, digest.hexdigest())
            failure.pop_all()
        return temporary

    def _name(self, source: Path, target: Path, key: str, sha256: str) -> None:
        self._make_folders(target.parent)
        try:
            os.link(source, target)
        except FileExistsError:
            self._compare(key, target, sha256)
        except OSError as exc:
            if exc.errno not in _NO_LINKS:
                raise
            self._name_without_links(source, target, key, sha256)
        _sync_folder(target.parent)

    def _name_without_links(self, source: Path, target: Path, key: str, sha256: str) -> None:
        if target.exists():
            self._compare(key, target, sha256)
            return
        copy = self._write(source, key, sha256)
        copy.replace(target)

    def _compare(self, key: str, target: Path, sha256: str) -> None:
        if _sha256_of(target) != sha256:
            raise ImmutableObjectError(key)

    def _make_folders(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folders(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


def _sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _chunks(source: Path | bytes) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    with source.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _absent(key: str) -> Iterator[None]:
    with _os_errors(key):
        try:
            yield
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as exc:
            raise ObjectNotFoundError(key) from exc


@contextmanager
def _os_errors(key: str) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        if exc.errno in _NO_ROOM:
            raise StoreFullError(key) from exc
        raise StoreUnavailableError(key, os.strerror(exc.errno or errno.EIO)) from exc
