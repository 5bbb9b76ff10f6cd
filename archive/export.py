"""Copies for others: OCFL objects as they are, in a storage root of their own.

An export needs neither us nor our database to be read or checked: any OCFL tool accepts the
folder, and `sha256sum -c manifest-sha256.txt` checks it without one. Every byte is hashed on its
way. The folder appears whole or not at all.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from archive import layout
from archive.catalogue.repository import Catalogue
from archive.errors import ExportRejectedError, RecordNotReadyError
from archive.fixity import verified
from archive.store.base import ObjectStore, read_all

MANIFEST: Final = "manifest-sha256.txt"


def export(
    store: ObjectStore, catalogue: Catalogue, record_ids: Iterable[str], folder: Path
) -> Path:
    """Copy the records' objects to `folder`, which is new or empty; return its manifest.

    Raises:
        ExportRejectedError: `folder` holds something.
        RecordNotFoundError: no such record.
        RecordNotReadyError: a record is not published yet.
        FixityError: a stored file is not what was archived.

    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if folder.exists() and any(folder.iterdir()):
            raise ExportRejectedError(str(folder))
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as exc:
        raise ExportRejectedError(str(folder)) from exc
    try:
        digests: dict[str, str] = {}
        for key, content in layout.root_files():
            _write(draft, key, content, digests)
        for record_id in dict.fromkeys(record_ids):
            _copy(store, catalogue, record_id, draft, digests)
        lines = [f"{digests[path]}  {path}\n" for path in sorted(digests)]
        (draft / MANIFEST).write_text("".join(lines), encoding="utf-8")
        draft.chmod(0o755)
        os.sync()
        draft.replace(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder / MANIFEST


def _copy(
    store: ObjectStore, catalogue: Catalogue, record_id: str, draft: Path, digests: dict[str, str]
) -> None:
    if not catalogue.record(record_id).published:
        raise RecordNotReadyError(record_id)
    root = layout.object_root(record_id)
    versions = catalogue.object_versions(record_id)
    files = {file.key: file.sha256 for version in versions for file in version.files}
    for key, sha256 in files.items():
        with verified(store, key, sha256) as stream:
            target = _place(draft, key)
            with target.open("wb") as out:
                shutil.copyfileobj(stream, out)
        digests[_path(key)] = sha256
    for found in store.iterate(root):
        if found.key not in files:
            _write(draft, found.key, read_all(store, found.key), digests)


def _write(draft: Path, key: str, content: bytes, digests: dict[str, str]) -> None:
    _place(draft, key).write_bytes(content)
    digests[_path(key)] = hashlib.sha256(content).hexdigest()


def _path(key: str) -> str:
    return key.removeprefix(layout.ROOT)


def _place(draft: Path, key: str) -> Path:
    target = draft / _path(key)
    target.parent.mkdir(parents=True, exist_ok=True)
    return target
