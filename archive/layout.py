"""How a record lies in the object store: an OCFL 1.1 object, on disk and in S3 alike.

1. `ocfl/` is an OCFL storage root (declaration `0=ocfl_1.1`). Beside it, outside, lie `staging/`
   (what no record owns yet) and `derivatives/` (what can be made again from a record).
2. Storage layout: extension 0003, three tuples of three characters of the id's SHA-256 and then
   the id itself. Of the registered layouts it is the one whose folder a person still recognises
   without us, and that the independent validator knows.
3. A record's id is `antin:` and its record id: an OCFL id should be a URI.
4. Version 1 holds the document as received or signed, and beside it what explains it without our
   database: `metadata.json` (with the register number) and `text.json`. Content paths never hold
   a name that somebody outside gave.
5. Digests: SHA-512 as OCFL wants it, SHA-256 in the fixity block, because that is the one that
   everybody else names a file by.
6. Inventories are written from catalogue rows alone and always come out the same, byte for byte.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from archive.errors import ObjectNotFoundError
from archive.model import StoredFile
from archive.store.base import STAGING, ObjectStore, read_all

ROOT: Final = "ocfl/"
DERIVATIVES: Final = "derivatives/"
ROOT_DECLARATION: Final = ("0=ocfl_1.1", b"ocfl_1.1\n")
OBJECT_DECLARATION: Final = ("0=ocfl_object_1.1", b"ocfl_object_1.1\n")
INVENTORY: Final = "inventory.json"
SIDECAR: Final = "inventory.json.sha512"
DOCUMENT: Final = "document.pdf"
METADATA: Final = "metadata.json"
TEXT: Final = "text.json"

_LAYOUT: Final = "0003-hash-and-id-n-tuple-storage-layout"
_ID: Final = "antin:"
_ADDRESS: Final = "antin:archive"
SYSTEM: Final = "Ấn Tín"
"""Who made a version when nobody is named."""
MEDIA_TYPES: Final = {
    "json": "application/json",
    "pdf": "application/pdf",
    "xml": "application/xml",
}
"""Suffix of a derivative → what it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectVersion:
    """One version of an OCFL object."""

    number: int
    created: datetime
    message: str
    actor: str | None
    files: tuple[StoredFile, ...]
    """All files of this version, whichever version brought them."""


def object_root(record_id: str) -> str:
    """Return the folder of a record's object, with its `/` (rule 2)."""
    digest = hashlib.sha256((_ID + record_id).encode()).hexdigest()
    folder = _ID.replace(":", "%3a") + record_id
    return f"{ROOT}{digest[0:3]}/{digest[3:6]}/{digest[6:9]}/{folder}/"


def record_id_of(inventory: Mapping[str, Any]) -> str:
    """Return the record id that an inventory is about; raise `ValueError` if it is none of ours."""
    identifier = inventory.get("id")
    if not isinstance(identifier, str) or not identifier.startswith(_ID):
        raise ValueError(f"not an id of this archive: {identifier!r}")
    return identifier.removeprefix(_ID)


def content_key(record_id: str, version: int, path: str) -> str:
    """Return where a file brought by `version` lies."""
    return f"{object_root(record_id)}v{version}/content/{path}"


def staging_key(sha256: str, record_id: str) -> str:
    """Return where bytes wait for their record.

    The record id is part of it: two people who hand in the same bytes at once must not share, and
    lose, one staged object.
    """
    return f"{STAGING}{sha256}-{record_id}"


def derivative_key(record_id: str, role: str, created: datetime, sha256: str, suffix: str) -> str:
    """Return where a derivative lies: the newest of a role sorts last."""
    moment = created.astimezone(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    return f"{DERIVATIVES}{record_id}/{role}/{moment}-{sha256[:16]}.{suffix}"


def root_files() -> tuple[tuple[str, bytes], ...]:
    """Return key and content of what makes a folder an OCFL storage root, declaration last."""
    layout = {
        "extension": _LAYOUT,
        "description": "Hashed Truncated N-tuple Trees with Object ID Encapsulating Directory",
    }
    parameters = {
        "extensionName": _LAYOUT,
        "digestAlgorithm": "sha256",
        "tupleSize": 3,
        "numberOfTuples": 3,
    }
    name, content = ROOT_DECLARATION
    return (
        (f"{ROOT}extensions/{_LAYOUT}/config.json", to_json(parameters)),
        (f"{ROOT}ocfl_layout.json", to_json(layout)),
        (f"{ROOT}{name}", content),
    )


def ensure_root(store: ObjectStore) -> None:
    """Make `ocfl/` a storage root if it is none yet."""
    *others, declaration = root_files()
    try:
        if read_all(store, declaration[0]) == declaration[1]:
            return
    except ObjectNotFoundError:
        pass
    for key, content in (*others, declaration):
        store.put_once(key, content, hashlib.sha256(content).hexdigest())


def inventory(record_id: str, versions: Sequence[ObjectVersion]) -> bytes:
    """Return the inventory of a record's object at the last of `versions` (rule 6)."""
    root = object_root(record_id)
    manifest: dict[str, list[str]] = {}
    fixity: dict[str, list[str]] = {}
    for file in {f.key: f for version in versions for f in version.files}.values():
        content_path = file.key.removeprefix(root)
        manifest.setdefault(file.sha512, []).append(content_path)
        fixity.setdefault(file.sha256, []).append(content_path)
    head = versions[-1].number
    return to_json(
        {
            "id": _ID + record_id,
            "type": "https://ocfl.io/1.1/spec/#inventory",
            "digestAlgorithm": "sha512",
            "head": f"v{head}",
            "contentDirectory": "content",
            "manifest": {digest: sorted(paths) for digest, paths in manifest.items()},
            "versions": {f"v{version.number}": _version(version) for version in versions},
            "fixity": {"sha256": {digest: sorted(paths) for digest, paths in fixity.items()}},
        }
    )


def sidecar(content: bytes) -> bytes:
    """Return the sidecar of an inventory."""
    return f"{hashlib.sha512(content).hexdigest()} {INVENTORY}\n".encode()


def to_json(value: object) -> bytes:
    """Return JSON that a person can read and that always comes out the same."""
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()


def _version(version: ObjectVersion) -> dict[str, Any]:
    state: dict[str, list[str]] = {}
    for file in version.files:
        state.setdefault(file.sha512, []).append(file.path)
    return {
        "created": version.created.astimezone(UTC).isoformat(timespec="microseconds"),
        "message": version.message,
        "user": {"name": version.actor or SYSTEM, "address": _ADDRESS},
        "state": {digest: sorted(paths) for digest, paths in state.items()},
    }
