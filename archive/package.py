"""What lies beside a document in its object, so that the object explains itself.

`metadata.json` holds all that the catalogue knows of a record and the document's bytes do not say,
the register number included; `text.json` holds its text page by page. Both are read back by
`rebuild`, which needs nothing else: what one function here writes, another reads.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from archive import layout
from archive.catalogue.drafts import Draft, Waiting, WaitingDerivative
from archive.model import (
    FIELDS,
    Derivative,
    DocumentMetadata,
    RecordKind,
    RegisterEntry,
    StoredFile,
)


def beside(
    draft: Draft, register: RegisterEntry | None, verdict: bytes | None
) -> tuple[list[Waiting], list[WaitingDerivative]]:
    """Return what goes into version 1 beside the document, and what is kept outside of it."""
    contents = {layout.METADATA: layout.to_json(describe(draft, register))}
    if draft.page_texts:
        contents[layout.TEXT] = layout.to_json({"pages": list(draft.page_texts)})
    waiting = [
        Waiting(file=stored(draft.record_id, path, data), pending=data)
        for path, data in contents.items()
    ]
    made = []
    if verdict is not None:
        derivative = derived(
            draft.record_id, "verdict", verdict, draft.received, "application/json"
        )
        made.append(WaitingDerivative(derivative=derivative, pending=verdict))
    return waiting, made


def describe(draft: Draft, register: RegisterEntry | None) -> dict[str, Any]:
    """Return `metadata.json`: all that the catalogue knows of a record and the bytes do not say."""
    return {
        "record_id": draft.record_id,
        "kind": draft.kind.value,
        "original_name": draft.original_name,
        "media_type": draft.media_type,
        "sha256": draft.sha256,
        "size": draft.size,
        "received": draft.received.isoformat(),
        "actor": draft.actor,
        "message": draft.message,
        "document": document_fields(draft.metadata),
        "sources": dict(draft.metadata.sources),
        "register": register_fields(register),
        "verdict": {"integrity": draft.integrity, "indication": draft.indication},
    }


def document_fields(metadata: DocumentMetadata) -> dict[str, str | None]:
    """Return the six fields as JSON has them."""
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in ((name, getattr(metadata, name)) for name in FIELDS)
    }


def register_fields(register: RegisterEntry | None) -> dict[str, str | int] | None:
    """Return a register entry as JSON has it."""
    if register is None:
        return None
    return {
        "agency": register.agency,
        "book": register.book,
        "year": register.year,
        "number": register.number,
    }


def stored(record_id: str, path: str, data: bytes) -> StoredFile:
    """Return the description of a file of version 1 that holds `data`."""
    return StoredFile(
        path=path,
        key=layout.content_key(record_id, 1, path),
        sha256=hashlib.sha256(data).hexdigest(),
        sha512=hashlib.sha512(data).hexdigest(),
        size=len(data),
    )


def derived(
    record_id: str, role: str, data: bytes, created: datetime, media_type: str
) -> Derivative:
    """Return the description of a derivative that holds `data`."""
    sha256 = hashlib.sha256(data).hexdigest()
    suffix = next((s for s, kind in layout.MEDIA_TYPES.items() if kind == media_type), "bin")
    return Derivative(
        role=role,
        key=layout.derivative_key(record_id, role, created, sha256, suffix),
        sha256=sha256,
        size=len(data),
        media_type=media_type,
        created=created,
    )


def read_text(data: bytes) -> tuple[str, ...]:
    """Return the pages of a `text.json`; raise `ValueError` if it is none."""
    content = json.loads(data)
    texts = content.get("pages") if isinstance(content, dict) else None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError("not a text.json")
    return tuple(texts)


def read_metadata(data: bytes, page_texts: tuple[str, ...]) -> tuple[Draft, RegisterEntry | None]:
    """Return what a `metadata.json` describes; raise `ValueError` if it is none."""
    try:
        said = json.loads(data)
        document: Mapping[str, Any] = said["document"]
        issued = document["ngay_ban_hanh"]
        metadata = DocumentMetadata(
            so_ky_hieu=document["so_ky_hieu"],
            ngay_ban_hanh=date.fromisoformat(issued) if issued else None,
            co_quan_ban_hanh=document["co_quan_ban_hanh"],
            loai_van_ban=document["loai_van_ban"],
            trich_yeu=document["trich_yeu"],
            nguoi_ky=document["nguoi_ky"],
            sources=dict(said["sources"]),
        )
        draft = Draft(
            record_id=said["record_id"],
            kind=RecordKind(said["kind"]),
            sha256=said["sha256"],
            size=said["size"],
            original_name=said["original_name"],
            media_type=said["media_type"],
            received=datetime.fromisoformat(said["received"]),
            metadata=metadata,
            page_texts=page_texts,
            integrity=said["verdict"]["integrity"],
            indication=said["verdict"]["indication"],
            message=said["message"],
            actor=said["actor"],
        )
        register = RegisterEntry(**said["register"]) if said["register"] else None
    except (KeyError, TypeError, AttributeError) as exc:
        raise ValueError("not a metadata.json") from exc
    return draft, register
