"""The catalogue from the objects alone: what is left when the database is not.

1. Every object under the storage root is read: its inventory is checked against its sidecar, and
   `metadata.json` and `text.json` against the inventory. If one does not hold, nothing is changed.
2. Then all records, numbers and words are replaced in one transaction, in order of arrival.
3. The newest text and verdict beside an object count, as they did before.

What was committed but not published yet is in the database alone (with its bytes in `staging/`):
finish it by recovery first. Numbers that are reserved or void are in the database alone, too: a
rebuild in place keeps them; where the database is gone, `fsck` names them as gaps. Which signed
bytes an issued number was reserved for, and when, is likewise known to the database alone: it is
only needed while the issue of that document may have to be resumed.
"""

import hashlib
import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from archive import layout
from archive.catalogue.inspection import Restored, refill
from archive.errors import ArchiveError, RebuildRefusedError
from archive.layout import ObjectVersion
from archive.model import Derivative, StoredFile
from archive.package import read_metadata, read_text
from archive.store.base import ObjectStore, digests_of, read_all


def rebuild(store: ObjectStore, engine: Engine) -> int:
    """Fill the catalogue from `store`; return the number of records.

    Raises:
        RebuildRefusedError: an object does not explain itself; it is named, nothing was changed.

    """
    inventories = {
        key.rpartition("/")[0].rpartition("%3a")[2]: key
        for key in (found.key for found in store.iterate(layout.ROOT))
        if key.endswith("/" + layout.INVENTORY) and "/v" not in key.rpartition("%3a")[2]
    }
    made = _derivatives(store)
    # A record id begins with its date and time of day: in order of id is in order of arrival.
    return refill(
        engine,
        (
            _restored(store, inventories[record_id], made.get(record_id, ()))
            for record_id in sorted(inventories)
        ),
    )


def _restored(store: ObjectStore, key: str, made: tuple[Derivative, ...]) -> Restored:
    try:
        inventory, root = _inventory(store, key)
        versions = _versions(store, root, inventory)
        first = {file.path: file for file in versions[0].files}
        texts: tuple[str, ...] = ()
        if layout.TEXT in first:
            texts = read_text(_checked(store, first[layout.TEXT]))
        for derivative in made:
            if derivative.role == "text":
                texts = read_text(read_all(store, derivative.key))
        draft, register = read_metadata(_checked(store, first[layout.METADATA]), texts)
        for derivative in made:
            # The verdict of the day of arrival stands in metadata.json.
            if derivative.role == "verdict" and derivative.created > draft.received:
                report = json.loads(read_all(store, derivative.key))
                draft = replace(
                    draft,
                    integrity=report.get("integrity", draft.integrity),
                    indication=report.get("indication", draft.indication),
                )
    except (ValueError, KeyError, TypeError, AttributeError, ArchiveError) as exc:
        raise RebuildRefusedError(key, str(exc)) from exc
    return Restored(
        draft=draft,
        register=register,
        versions=versions,
        derivatives=made,
    )


def _inventory(store: ObjectStore, key: str) -> tuple[dict[str, Any], str]:
    """Return an inventory and the folder of its object."""
    content = read_all(store, key)
    sidecar = read_all(store, key.removesuffix(layout.INVENTORY) + layout.SIDECAR)
    if layout.sidecar(content) != sidecar:
        raise ValueError("it does not match its sidecar")
    inventory: dict[str, Any] = json.loads(content)
    root = layout.object_root(layout.record_id_of(inventory))
    if root + layout.INVENTORY != key:
        raise ValueError("it belongs to another object")
    return inventory, root


def _versions(
    store: ObjectStore, root: str, inventory: dict[str, Any]
) -> tuple[ObjectVersion, ...]:
    sha256 = {
        path: digest for digest, paths in inventory["fixity"]["sha256"].items() for path in paths
    }
    content_path = {digest: paths[0] for digest, paths in inventory["manifest"].items()}
    found = []
    for name in sorted(inventory["versions"], key=lambda v: int(v[1:])):
        version = inventory["versions"][name]
        files = []
        for sha512, paths in version["state"].items():
            place = content_path[sha512]
            files += [
                StoredFile(
                    path=path,
                    key=root + place,
                    sha256=sha256[place],
                    sha512=sha512,
                    size=store.stat(root + place).size,
                )
                for path in paths
            ]
        user = version["user"]["name"]
        found.append(
            ObjectVersion(
                number=int(name[1:]),
                created=datetime.fromisoformat(version["created"]),
                message=version["message"],
                actor=None if user == layout.SYSTEM else user,
                files=tuple(sorted(files, key=lambda f: f.path)),
            )
        )
    return tuple(found)


def _checked(store: ObjectStore, file: StoredFile) -> bytes:
    data = read_all(store, file.key)
    if hashlib.sha512(data).hexdigest() != file.sha512:
        raise ValueError(f"{file.path} does not match the inventory")
    return data


def _derivatives(store: ObjectStore) -> dict[str, tuple[Derivative, ...]]:
    found: dict[str, tuple[Derivative, ...]] = {}
    for entry in store.iterate(layout.DERIVATIVES):
        try:
            _, record_id, role, name = entry.key.split("/")
            made_at = datetime.strptime(name.partition("-")[0], "%Y%m%dT%H%M%S%f%z")
        except ValueError as exc:
            raise RebuildRefusedError(entry.key, str(exc)) from exc
        with store.open(entry.key) as stream:
            sha256, _, size = digests_of(stream)
        media_type = layout.MEDIA_TYPES.get(name.rpartition(".")[2], "application/octet-stream")
        made = Derivative(
            role=role,
            key=entry.key,
            sha256=sha256,
            size=size,
            media_type=media_type,
            created=made_at,
        )
        found[record_id] = (*found.get(record_id, ()), made)
    return found
