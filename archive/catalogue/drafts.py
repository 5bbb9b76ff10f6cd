"""What is handed to the catalogue to be entered, and handed back to be published."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from archive.layout import ObjectVersion
from archive.model import Derivative, DocumentMetadata, RecordKind, RegisterEntry, StoredFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A record that is about to be one."""

    record_id: str
    kind: RecordKind
    sha256: str
    size: int
    original_name: str
    media_type: str
    received: datetime
    metadata: DocumentMetadata
    page_texts: tuple[str, ...]
    integrity: str | None
    indication: str | None
    message: str
    actor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A file of a record whose bytes are not at their key yet, but at `staged` or here."""

    file: StoredFile
    staged: str | None = None
    pending: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingDerivative:
    """A derivative whose bytes are not at their key yet."""

    derivative: Derivative
    pending: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpublished:
    """All that publishing a record's newest version takes."""

    record_id: str
    versions: tuple[ObjectVersion, ...]
    waiting: tuple[Waiting, ...]
    derivatives: tuple[WaitingDerivative, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """How a commit came out."""

    record_id: str
    register: RegisterEntry | None
    duplicate: bool
    sha256: str | None = None
    """Of the record's document, where those are other bytes than the ones handed in."""


Complete = Callable[[RegisterEntry | None], tuple[Sequence[Waiting], Sequence[WaitingDerivative]]]
"""Given the number, what belongs to the record: the metadata file holds the number too."""
