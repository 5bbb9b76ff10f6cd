"""Several files at once: what is still to be checked, and what came out.

1. A batch is a list of files in the order given; the PDFs inside a ZIP count one by one, within the
   limits of `api.cli.inputs`. What is above `FILES` is refused before any work.
2. Batches take turns, a file each: whoever brings a hundred makes nobody wait for a hundred.
3. The limits are those of single files: each file of a stranger counts as a request from that
   address and takes one of the strangers' places. Where there is none left, the batch waits.
4. Nothing is stored unless asked: a file goes from the batch to a shelf (`api.web.kept`) when it is
   its turn, and the batch itself is forgotten like what lies there. Bounded in number and in bytes.
5. Whatever goes wrong with one file is that file's outcome; the others have theirs.
"""

import logging
import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from api.cli.inputs import FileSource, Source, UnsoundError, members
from api.rest.throttle import Throttle
from api.rest.uploads import Part, shown_name
from api.web.forms import FILES
from api.web.kept import LAST_LOOK, LONGEST, GoneError, Kept, Shelf
from certs.model import Clock
from office.errors import (
    OfficeError,
    TooManyAttemptsError,
    UploadEmptyError,
    UploadTooLargeError,
)
from office.model import Verification

WORKERS = 2
"""Files at once for all batches; the sandbox has about as many children."""
BATCHES = 50
PENDING = 1 << 30
"""Bytes that wait in all batches together: four of the largest."""
PAUSE = 0.5
"""Seconds until a stranger's batch asks again whether it may go on (rule 3)."""

_log = logging.getLogger(__name__)


class TooManyFilesError(UploadTooLargeError):
    """More files than are checked at once."""

    code = "upload.too_many"

    def __init__(self, count: int) -> None:
        OfficeError.__init__(
            self,
            f"Có {count} tệp; mỗi lần kiểm tra tối đa {FILES} tệp. Hãy chia thành nhiều lần.",
            f"There are {count} files; at most {FILES} are checked at once. Send them in parts.",
        )


class NothingInsideError(UploadEmptyError):
    """A ZIP without a PDF in it."""

    code = "upload.no_pdf_inside"

    def __init__(self) -> None:
        OfficeError.__init__(
            self,
            "Trong tệp ZIP không có tệp PDF nào. Hãy chọn tệp PDF, hoặc tệp ZIP có PDF bên trong.",
            "There is no PDF in the ZIP. Choose PDF files, or a ZIP that holds some.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One file of a batch."""

    name: str
    """Fit for showing."""
    running: bool = False
    verification: Verification | None = None
    """`None` until it was checked."""
    kept_id: str | None = None
    """Where it lies, if it could be put down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Where a batch is now."""

    id: str
    owner: str
    since: datetime
    rows: tuple[Row, ...]

    @property
    def done(self) -> int:
        """How many files have their outcome."""
        return sum(row.verification is not None for row in self.rows)

    @property
    def finished(self) -> bool:
        """Whether all have."""
        return self.done == len(self.rows)


@dataclass(slots=True, kw_only=True)
class _Work:
    """A batch as the workers see it."""

    batch: Batch
    folder: Path
    size: int
    sources: Sequence[Source]
    address: str | None
    """Of a stranger; `None` for who is signed in (rule 3)."""
    looked: datetime
    next: int = 0
    dropped: threading.Event = field(default_factory=threading.Event)


class Batches:
    """Works off batches. Thread-safe; close it.

    `check` verifies what lies on the shelf; `refuse` gives the verdict on what could not be put
    there, by its reason and size.
    """

    def __init__(
        self,
        *,
        shelf: Shelf,
        throttle: Throttle,
        clock: Clock,
        check: Callable[[Kept], Kept],
        refuse: Callable[[str, int, str], Verification],
        size_limit: int,
    ) -> None:
        self._shelf = shelf
        self._throttle = throttle
        self._clock = clock
        self._check = check
        self._refuse = refuse
        self._size_limit = size_limit
        self._lock = threading.Lock()
        self._work: dict[str, _Work] = {}
        """By id, in order of the last look."""
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="antin-batch")
        self._closing = threading.Event()

    def add(self, parts: Sequence[Part], *, owner: str, address: str | None) -> Batch:
        """Take the files over and begin.

        Raises:
            TooManyFilesError, NothingInsideError: rule 1.
            TooManyAttemptsError: too much is waiting already (rule 4).

        """
        folder = Path(tempfile.mkdtemp(prefix="antin-batch-"))
        try:
            size = sum(part.path.stat().st_size for part in parts)
            moved = [(Path(shutil.move(part.path, folder)), part.name) for part in parts]
            sources, names = _expanded(moved)
            now = self._clock.now()
            batch = Batch(
                id=secrets.token_urlsafe(16),
                owner=owner,
                since=now,
                rows=tuple(Row(name=name) for name in names),
            )
            work = _Work(
                batch=batch,
                folder=folder,
                size=size,
                sources=sources,
                address=address,
                looked=now,
            )
            self._put(work)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._pool.submit(self._turn, work)
        return batch

    def find(self, batch_id: str, owner: str) -> Batch:
        """Return where the batch is, and count this as a look at it.

        Raises:
            GoneError: not here, or not this owner's; which of the two is not said.

        """
        now = self._clock.now()
        with self._lock:
            self._sweep(now)
            work = self._work.get(batch_id)
            if work is None or not secrets.compare_digest(work.batch.owner, owner):
                raise GoneError
            work.looked = now
            self._work[batch_id] = self._work.pop(batch_id)
            return work.batch

    def close(self) -> None:
        """Stop, and forget everything."""
        self._closing.set()
        self._pool.shutdown(cancel_futures=True)
        with self._lock:
            for work in tuple(self._work.values()):
                self._drop(work)

    # -- keeping

    def _put(self, work: _Work) -> None:
        with self._lock:
            self._sweep(work.looked)
            while len(self._work) >= BATCHES:
                finished = next((w for w in self._work.values() if w.batch.finished), None)
                if finished is None:
                    raise TooManyAttemptsError(60)
                self._drop(finished)
            waiting = sum(w.size for w in self._work.values() if not w.batch.finished)
            if waiting and waiting + work.size > PENDING:
                raise TooManyAttemptsError(60)
            self._work[work.batch.id] = work

    def _sweep(self, now: datetime) -> None:
        for work in tuple(self._work.values()):
            if now - work.looked > LAST_LOOK or now - work.batch.since > LONGEST:
                self._drop(work)

    def _drop(self, work: _Work) -> None:
        work.dropped.set()
        del self._work[work.batch.id]
        shutil.rmtree(work.folder, ignore_errors=True)

    # -- working

    def _turn(self, work: _Work) -> None:
        """Check the next file of a batch and queue up again behind the others (rule 2)."""
        if self._closing.is_set() or work.dropped.is_set():
            return
        try:
            if work.address is not None:
                self._throttle.admit(work.address)
            with self._throttle.place() if work.address is not None else nullcontext():
                self._one(work)
        except TooManyAttemptsError:
            self._closing.wait(PAUSE)
        if work.next < len(work.sources):
            self._again(work)
        else:
            shutil.rmtree(work.folder, ignore_errors=True)

    def _again(self, work: _Work) -> None:
        try:
            self._pool.submit(self._turn, work)
        except RuntimeError:  # closed meanwhile
            _log.info("a batch was left at %d of %d", work.next, len(work.sources))

    def _one(self, work: _Work) -> None:
        at = work.next
        row = replace(work.batch.rows[at], running=True)
        self._show(work, at, row)
        try:
            row = self._outcome(work, work.sources[at], row)
        except Exception:  # noqa: BLE001 - rule 5
            _log.exception("a file of a batch could not be checked")
            row = replace(row, verification=self._refuse("file.fault", 0, ""))
        work.next = at + 1
        self._show(work, at, replace(row, running=False))

    def _outcome(self, work: _Work, source: Source, row: Row) -> Row:
        try:
            content = source.read(self._size_limit)
        except UnsoundError as e:
            return replace(row, verification=self._refuse(e.reason, e.size, e.sha256))

        def fill(folder: Path) -> None:
            target = folder / "document.pdf"
            if isinstance(content, bytes):
                target.write_bytes(content)
            else:
                shutil.move(content, target)

        kept = self._shelf.take(fill, owner=work.batch.owner, name=row.name)
        kept = self._check(kept)
        return replace(row, verification=kept.verification, kept_id=kept.id)

    def _show(self, work: _Work, at: int, row: Row) -> None:
        with self._lock:
            rows = work.batch.rows
            work.batch = replace(work.batch, rows=(*rows[:at], row, *rows[at + 1 :]))


def is_batch(parts: Sequence[Part]) -> bool:
    """Return whether these are to be checked as a batch: several, or a ZIP."""
    return len(parts) > 1 or any(_is_zip(part.name) for part in parts)


def _is_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


def _expanded(moved: Sequence[tuple[Path, str]]) -> tuple[list[Source], list[str]]:
    """Return the files to check, and what to call them (rule 1)."""
    sources: list[Source] = []
    names: list[str] = []
    for path, name in moved:
        found = list(members(name, path)) if _is_zip(name) else [FileSource(name, path)]
        sources += found
        names += [_inside(source.name, name) for source in found]
    if not sources:
        raise NothingInsideError
    if len(sources) > FILES:
        raise TooManyFilesError(len(sources))
    return sources, names


def _inside(name: str, container: str) -> str:
    inner = name.removeprefix(f"{container}!/")
    return name if inner == name else f"{container} › {shown_name(inner)}"
