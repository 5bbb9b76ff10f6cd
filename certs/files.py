"""Small files that are there whole or not at all.

1. Written beside their place, flushed to the disk, then renamed; the folder is flushed after.
2. Secrets are created with mode 0600, never widened afterwards.
"""

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

PRIVATE = 0o600
PUBLIC = 0o644


def write_file(path: Path, data: bytes, mode: int = PUBLIC) -> None:
    """Write `data` at `path`, replacing what is there; the rename is the commit point."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write(beside, data, mode)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_folder(path: Path, files: Mapping[str, tuple[bytes, int]]) -> None:
    """Create the folder `path` with `files` (name to bytes and mode); the rename commits.

    Raises:
        FileExistsError: `path` is already there; nothing was changed.

    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    beside.mkdir(mode=0o700)
    try:
        for name, (data, mode) in files.items():
            _write(beside / name, data, mode)
        sync_folder(beside)
        try:
            beside.rename(path)
        except OSError as exc:
            if path.exists():
                raise FileExistsError(path) from exc
            raise
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Flush the names in `folder`, so that a rename survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(path: Path, data: bytes, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, mode), "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
