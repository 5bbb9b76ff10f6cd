"""Where gathered revocation evidence is kept between documents.

A thousand documents of one agency have the same issuers: one CRL serves them all. The cache holds
bytes and when they end; who reads them checks them again, so a damaged or planted entry is
useless, not dangerous.

1. Nothing is returned that has ended.
2. Memory holds at most 64 MB (a national CA's CRL has some megabytes), least recently used out.
3. A file is one entry: a line of JSON, then the DER; written whole or not at all. Those that have
   ended are removed now and then.
4. What is older than `FRESH` in memory is looked for behind first: another process may have fetched
   anew since. So several workers ask the authorities once an hour, not once each.
"""

import hashlib
import json
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from certs.files import write_file
from certs.model import Clock

MAX_MEMORY = 64_000_000
FRESH = timedelta(hours=1)
"""How long evidence is used without asking anew, where the network allows to ask."""
_SWEEP_EVERY = 200  # writes; a sweep reads the first line of each file


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedEvidence:
    """An OCSP response or CRL as it came."""

    der: bytes
    fetched_at: datetime
    valid_until: datetime


class RevocationCache(Protocol):
    """Keeps evidence by key. Thread-safe. Losing an entry costs a request, nothing else."""

    def get(self, key: str) -> CachedEvidence | None:
        """Return what is kept under `key` and has not ended."""

    def put(self, key: str, entry: CachedEvidence) -> None:
        """Keep `entry` under `key`, instead of what was there."""


class MemoryRevocationCache:
    """Keeps evidence in this process, and writes through to another cache where given one."""

    def __init__(
        self, clock: Clock, behind: RevocationCache | None = None, *, max_bytes: int = MAX_MEMORY
    ) -> None:
        self._clock = clock
        self._behind = behind
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, CachedEvidence] = OrderedDict()
        self._bytes = 0

    def get(self, key: str) -> CachedEvidence | None:
        """See `RevocationCache`."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None and entry.valid_until < self._clock.now():
                entry = None
            if entry is not None:
                self._entries.move_to_end(key)
        if self._behind is None or (entry is not None and self._is_fresh(entry)):
            return entry
        newer = self._behind.get(key)
        if newer is None or (entry is not None and newer.fetched_at <= entry.fetched_at):
            return entry
        self._keep(key, newer)
        return newer

    def _is_fresh(self, entry: CachedEvidence) -> bool:
        return timedelta(0) <= self._clock.now() - entry.fetched_at <= FRESH

    def put(self, key: str, entry: CachedEvidence) -> None:
        """See `RevocationCache`."""
        self._keep(key, entry)
        if self._behind is not None:
            self._behind.put(key, entry)

    def _keep(self, key: str, entry: CachedEvidence) -> None:
        with self._lock:
            replaced = self._entries.pop(key, None)
            self._bytes -= len(replaced.der) if replaced else 0
            self._entries[key] = entry
            self._bytes += len(entry.der)
            while self._bytes > self._max_bytes:
                _, oldest = self._entries.popitem(last=False)
                self._bytes -= len(oldest.der)


class FileRevocationCache:
    """Keeps evidence below a folder, for all processes of a data directory."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root = root
        self._clock = clock
        self._lock = threading.Lock()
        self._writes = 0

    def get(self, key: str) -> CachedEvidence | None:
        """See `RevocationCache`."""
        try:
            head, _, der = self._path(key).read_bytes().partition(b"\n")
            entry = _entry(head, der)
        except (OSError, ValueError, KeyError, TypeError):
            return None  # not there, or no entry of ours: the network knows
        return entry if entry.valid_until >= self._clock.now() else None

    def put(self, key: str, entry: CachedEvidence) -> None:
        """See `RevocationCache`."""
        head = json.dumps(
            {
                "fetched_at": entry.fetched_at.isoformat(),
                "valid_until": entry.valid_until.isoformat(),
            }
        )
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            write_file(self._path(key), head.encode() + b"\n" + entry.der)
            with self._lock:
                self._writes += 1
                due = self._writes % _SWEEP_EVERY == 1
            if due:
                self._sweep()
        except OSError:
            return  # a full disk must not stop a verification

    def _sweep(self) -> None:
        now = self._clock.now()
        for file in self._root.glob("*.evidence"):
            try:
                with file.open("rb") as source:
                    ended = _entry(source.readline(1024), b"").valid_until < now
            except (OSError, ValueError, KeyError, TypeError):
                ended = True
            if ended:
                file.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._root / f"{hashlib.sha256(key.encode()).hexdigest()}.evidence"


def _entry(head: bytes, der: bytes) -> CachedEvidence:
    described = json.loads(head)
    entry = CachedEvidence(
        der=der,
        fetched_at=datetime.fromisoformat(described["fetched_at"]),
        valid_until=datetime.fromisoformat(described["valid_until"]),
    )
    if entry.fetched_at.tzinfo is None or entry.valid_until.tzinfo is None:
        raise ValueError("a time without its zone")
    return entry
