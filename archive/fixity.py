"""Whether these are still the bytes that were archived.

1. Nobody gets bytes that were not hashed: `verified` reads the whole object into a temporary
   file (in memory while small), compares, and only then hands that very file out.
2. A check reads every file through both digests. What it finds is a value that names the object,
   never an exception that ends the run: one bad disk block must not hide the next.
3. Each file is due again after `INTERVAL`; the longest unchecked come first.
"""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, Final

from archive.catalogue.repository import Catalogue
from archive.errors import FixityError, ObjectNotFoundError, StoreUnavailableError
from archive.model import CheckReport, Clock, FixityFinding, Problem, StoredFile
from archive.store.base import CHUNK, ObjectStore, digests_of

INTERVAL: Final = timedelta(days=90)
_IN_MEMORY: Final = 8 << 20
"""Bytes; most official documents are below it and never touch the disk a second time."""
_BATCH: Final = 200
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedContent:
    """Bytes that were hashed and found to be the archived ones; readable from the beginning."""

    stream: IO[bytes]
    sha256: str
    size: int
    media_type: str
    name: str
    """As the file was called when it came in; hostile until proven otherwise."""

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes in pieces."""
        while chunk := self.stream.read(CHUNK):
            yield chunk


@contextmanager
def verified(store: ObjectStore, key: str, sha256: str) -> Iterator[IO[bytes]]:
    """Give the bytes at `key`, verified, as a stream that ends with the block (rule 1).

    Raises:
        ObjectNotFoundError: nothing there.
        FixityError: other bytes are there.

    """
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as copy:
        with store.open(key) as stream:
            found, _, _ = digests_of(_Tee(stream, copy))
        if found != sha256:
            raise FixityError(key, sha256, found)
        copy.seek(0)
        yield copy


class _Tee:
    """Reads from one stream and writes what it read to another."""

    def __init__(self, source: IO[bytes], target: IO[bytes]) -> None:
        self._source = source
        self._target = target

    def read(self, size: int, /) -> bytes:
        chunk = self._source.read(size)
        self._target.write(chunk)
        return chunk


def rehash(store: ObjectStore, record_id: str, file: StoredFile) -> FixityFinding | None:
    """Return what is wrong with a file, or `None` (rule 2)."""
    try:
        with store.open(file.key) as stream:
            sha256, sha512, _ = digests_of(stream)
    except ObjectNotFoundError:
        return FixityFinding(
            problem=Problem.OBJECT_MISSING,
            where=file.key,
            record_id=record_id,
            expected=file.sha256,
        )
    except StoreUnavailableError as exc:
        return FixityFinding(
            problem=Problem.OBJECT_UNREADABLE,
            where=file.key,
            record_id=record_id,
            expected=file.sha256,
            found=exc.en,
        )
    if (sha256, sha512) != (file.sha256, file.sha512):
        return FixityFinding(
            problem=Problem.OBJECT_CHANGED,
            where=file.key,
            record_id=record_id,
            expected=file.sha256,
            found=sha256,
        )
    return None


def check_due(
    store: ObjectStore, catalogue: Catalogue, clock: Clock, *, everything: bool
) -> CheckReport:
    """Re-hash what is due (rule 3), or everything that was archived before this moment."""
    started = clock.now()
    before = started if everything else started - INTERVAL
    checked, size, findings = 0, 0, list[FixityFinding]()
    tried: set[str] = set()
    while True:
        due = [
            (record_id, file)
            for record_id, file in catalogue.files_due(before, _BATCH + len(findings))
            if file.key not in tried
        ]
        if not due:
            return CheckReport(checked=checked, bytes=size, findings=tuple(findings))
        sound = []
        for record_id, file in due:
            tried.add(file.key)
            finding = rehash(store, record_id, file)
            checked += 1
            size += file.size
            if finding is None:
                sound.append(file.key)
            else:
                _LOG.error("fixity: %s at %s", finding.problem, finding.where)
                findings.append(finding)
        # What is not sound stays due, and is looked at first next time.
        if sound:
            catalogue.mark_checked(sound, started)
