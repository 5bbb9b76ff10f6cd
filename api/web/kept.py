"""Documents that somebody is looking at right now, and that are not archived.

1. Nothing is stored unless asked: what comes in through a page stays for 15 minutes after the last
   look at it, two hours at most, and is gone when the server stops.
2. A document opens only in the browser that brought it (or for the person who did): the id in the
   address is 128 random bits, and it is not enough.
3. The bytes are frozen: page images, verdict and signature all come from this one file (design.md
   D13), whose SHA-256 was taken when it was put down.
4. Bounded in number and in bytes, per shelf. The public shelf and the desk's are two, so that a
   crowd at the public page cannot push a leader's document off the table.
"""

import hashlib
import secrets
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from archive.model import DocumentMetadata
from certs.model import Clock
from office.model import Verification
from signer.render import PageSizes
from signer.validation.report import Box

LAST_LOOK = timedelta(minutes=15)
LONGEST = timedelta(hours=2)


class GoneError(Exception):
    """What was kept is not here: too long ago, another browser's, or never was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One document on the shelf."""

    id: str
    owner: str
    """Browser id or person id (rule 2)."""
    origin: str
    """Where it came from, for whoever wants it again; empty for an upload."""
    folder: Path
    name: str
    """As it came in; shown, never used as a path."""
    sha256: str
    size: int
    """Bytes."""
    since: datetime
    verification: Verification | None = None
    sizes: PageSizes | None = None
    """Sizes of the pages; `None` when they could not be established."""
    place: Box | None = None
    """Where the person's signature goes, when whoever made the document said so."""
    given: DocumentMetadata | None = None
    """What is known of the document without reading it."""

    @property
    def path(self) -> Path:
        """The frozen file."""
        return self.folder / "document.pdf"


class Shelf:
    """Keeps documents for a while. Thread-safe."""

    def __init__(self, clock: Clock, *, entries: int = 100, capacity: int = 2 << 30) -> None:
        self._clock = clock
        self._entries = entries
        self._capacity = capacity
        """Bytes, page images not counted: they are bounded by the number of pages looked at."""
        self._root = Path(tempfile.mkdtemp(prefix="antin-pages-"))
        # Runs when the shelf is forgotten or the process ends, whichever comes first (rule 1).
        self._clear = weakref.finalize(self, shutil.rmtree, self._root, ignore_errors=True)
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[Kept, datetime]] = {}
        """By id, with the last look; in order of the last look, oldest first."""

    def take(
        self, fill: Callable[[Path], object], *, owner: str, name: str, origin: str = ""
    ) -> Kept:
        """Put down what `fill` writes as `document.pdf` into the folder that it is given."""
        folder = Path(tempfile.mkdtemp(dir=self._root))
        try:
            fill(folder)
            return self._keep(folder, owner=owner, name=name, origin=origin)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def _keep(self, folder: Path, *, owner: str, name: str, origin: str) -> Kept:
        digest = hashlib.sha256()
        with (folder / "document.pdf").open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        now = self._clock.now()
        kept = Kept(
            id=secrets.token_urlsafe(16),
            owner=owner,
            origin=origin,
            folder=folder,
            name=name,
            sha256=digest.hexdigest(),
            size=(folder / "document.pdf").stat().st_size,
            since=now,
        )
        with self._lock:
            self._kept[kept.id] = (kept, now)
            leaving = self._overdue(now)
        _remove(leaving)
        return kept

    def amend(
        self,
        kept: Kept,
        *,
        verification: Verification | None = None,
        sizes: PageSizes | None = None,
        place: Box | None = None,
        given: DocumentMetadata | None = None,
    ) -> Kept:
        """Put what was found out beside the document."""
        amended = replace(
            kept,
            verification=verification or kept.verification,
            sizes=sizes or kept.sizes,
            place=place or kept.place,
            given=given or kept.given,
        )
        with self._lock:
            if kept.id in self._kept:
                self._kept[kept.id] = (amended, self._kept[kept.id][1])
        return amended

    def find(self, kept_id: str, owner: str) -> Kept:
        """Return the document, and count this as a look at it.

        Raises:
            GoneError: not here, or not this owner's; which of the two is not said.

        """
        now = self._clock.now()
        with self._lock:
            leaving = self._overdue(now)
            found = self._kept.get(kept_id)
            if found is not None and secrets.compare_digest(found[0].owner, owner):
                del self._kept[kept_id]
                self._kept[kept_id] = (found[0], now)
            else:
                found = None
        _remove(leaving)
        if found is None:
            raise GoneError
        return found[0]

    def find_origin(self, origin: str, owner: str) -> Kept | None:
        """Return this owner's document from there, counted as a look at it, or `None`."""
        with self._lock:
            ids = [k.id for k, _ in self._kept.values() if (k.origin, k.owner) == (origin, owner)]
        try:
            return self.find(ids[-1], owner) if ids else None
        except GoneError:
            return None

    def close(self) -> None:
        """Take everything off the shelf."""
        with self._lock:
            self._kept.clear()
        self._clear()

    def _overdue(self, now: datetime) -> list[Kept]:
        """Take what must go out of the table (under the lock) and return it for removal."""
        leaving = [
            kept
            for kept, looked in self._kept.values()
            if now - looked > LAST_LOOK or now - kept.since > LONGEST
        ]
        for kept in leaving:
            del self._kept[kept.id]
        while len(self._kept) > 1 and (
            len(self._kept) > self._entries
            or sum(kept.size for kept, _ in self._kept.values()) > self._capacity
        ):
            kept, _ = self._kept.pop(next(iter(self._kept)))
            leaving.append(kept)
        return leaving


def _remove(leaving: list[Kept]) -> None:
    for kept in leaving:
        shutil.rmtree(kept.folder, ignore_errors=True)
