"""What the paths on the command line stand for: one `Source` per PDF, in the order given.

1. Every path is looked at before any work: a missing one is wrong usage.
2. A directory gives its `*.pdf` in any case, all the way down, in byte order of the path; symbolic
   links inside it are not followed, so that a link cannot lead out of it.
3. A ZIP gives its `*.pdf` members as `a.zip!/name`. It is never unpacked to disk, so a member's
   name is only a name. Limits as EU DSS has them: 1,000 entries, a ratio of 100.
4. `-` is standard input. A pipe or device given as a path is read like it, up to the limit.
5. What is above the upload limit, or not sound as a container, is a source that refuses to be
   read, with its reason: it gets its own line like any other.
"""

import hashlib
import os
import stat
import sys
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

ZIP_ENTRIES = 1_000
"""EU DSS's own limit; a mail or a case file has tens."""
ZIP_RATIO = 100
"""PDF streams are compressed already: an honest member hardly reaches 2, a bomb 1,000."""
ZIP_DIRECTORY_BYTES = 4 << 20
"""1,000 entries with the longest names that Windows makes need 0.3 MiB."""
HASHED_BYTES = 4 << 30
"""A file above the upload limit is still hashed up to here (4 s); a sparse terabyte is not."""
CHUNK = 1 << 20

Content = Path | bytes
Refusal = Literal["file.limit", "file.damaged"]


class UnsoundError(Exception):
    """A source cannot be read (rule 5)."""

    def __init__(self, reason: Refusal, size: int, sha256: str = "") -> None:
        self.reason: Refusal = reason
        self.size = size
        self.sha256 = sha256
        super().__init__(reason)


class MissingPathError(Exception):
    """A path that is not there (rule 1)."""


@dataclass(frozen=True, slots=True)
class Source:
    """A PDF to be verified, by the name that its line bears."""

    name: str

    def read(self, limit: int) -> Content:
        """Return the content, or raise `UnsoundError`."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class FileSource(Source):
    """A file."""

    path: Path

    def read(self, limit: int) -> Content:
        """Return the path of a regular file, the bytes of a pipe."""
        try:
            info = self.path.stat()
            if not stat.S_ISREG(info.st_mode):
                with self.path.open("rb") as stream:
                    return _bounded(stream, limit)
            if info.st_size > limit:
                raise UnsoundError("file.limit", info.st_size, _digest(self.path, info.st_size))
            with self.path.open("rb"):
                return self.path
        except OSError as e:
            raise UnsoundError("file.damaged", 0) from e


@dataclass(frozen=True, slots=True)
class StandardInput(Source):
    """Standard input."""

    def read(self, limit: int) -> Content:
        """Return what comes in."""
        return _bounded(sys.stdin.buffer, limit)


@dataclass(frozen=True, slots=True)
class ZipMember(Source):
    """A member of a ZIP."""

    container: Path
    info: zipfile.ZipInfo

    def read(self, limit: int) -> Content:
        """Return the member's bytes."""
        size = self.info.file_size
        if size > limit or size > ZIP_RATIO * max(self.info.compress_size, 1):
            raise UnsoundError("file.limit", size)
        try:
            with zipfile.ZipFile(self.container) as container, container.open(self.info) as member:
                return _bounded(member, limit)
        # RuntimeError: encrypted. NotImplementedError: a compression that we do not have.
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as e:
            raise UnsoundError("file.damaged", size) from e


@dataclass(frozen=True, slots=True)
class Unsound(Source):
    """A container that as a whole cannot be read."""

    path: Path
    reason: Refusal

    def read(self, limit: int) -> Content:  # noqa: ARG002 - the base class's signature
        """Refuse."""
        size = self.path.stat().st_size
        raise UnsoundError(self.reason, size, _digest(self.path, size))


def sources(paths: list[str]) -> list[Source]:
    """Return what `paths` stand for.

    Raises:
        MissingPathError: naming the first that is not there.

    """
    for name in paths:
        if name != "-" and not Path(name).exists():
            raise MissingPathError(name)
    return [source for name in paths for source in _expand(name)]


def _expand(name: str) -> Iterator[Source]:
    path = Path(name)
    if name == "-":
        yield StandardInput(name)
    elif path.is_dir():
        for found in sorted(_walk(name), key=os.fsencode):
            yield FileSource(found, Path(found))
    elif path.suffix.lower() == ".zip" and path.is_file():
        yield from members(name, path)
    else:
        yield FileSource(name, path)


def _walk(top: str) -> Iterator[str]:
    def report(e: OSError) -> None:
        # Passing over a folder in silence would read as "all of it was checked".
        raise MissingPathError(e.filename) from e

    for folder, _, files in os.walk(top, onerror=report):
        for file in files:
            path = os.path.join(folder, file)  # noqa: PTH118 - Path would rewrite "./a" to "a"
            if file.lower().endswith(".pdf") and stat.S_ISREG(os.lstat(path).st_mode):
                yield path


def members(name: str, path: Path) -> Iterator[Source]:
    """Yield the PDFs inside the ZIP at `path`, which people call `name` (rules 3 and 5)."""
    if not zipfile.is_zipfile(path):
        # Let the validator say what it is, as for any other file.
        yield FileSource(name, path)
        return
    if _directory_bytes(path) > ZIP_DIRECTORY_BYTES:
        yield Unsound(name, path, "file.limit")
        return
    try:
        with zipfile.ZipFile(path) as container:
            entries = container.infolist()
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError):
        yield Unsound(name, path, "file.damaged")
        return
    # Entries that overlap can each have a fair ratio; all together they cannot (rule 3).
    whole = sum(e.file_size for e in entries)
    if len(entries) > ZIP_ENTRIES or whole > ZIP_RATIO * max(path.stat().st_size, 1):
        yield Unsound(name, path, "file.limit")
        return
    for entry in entries:
        if entry.filename.lower().endswith(".pdf"):
            yield ZipMember(f"{name}!/{entry.filename}", path, entry)


def _directory_bytes(path: Path) -> int:
    """Return how many bytes the end record claims for the directory: `zipfile` reads them all."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - (22 + 0xFFFF)))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    return int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0


def _bounded(stream: IO[bytes], limit: int) -> bytes:
    data = bytearray()
    while chunk := stream.read(CHUNK):
        data += chunk
        if len(data) > limit:
            raise UnsoundError("file.limit", len(data))
    return bytes(data)


def _digest(path: Path, size: int) -> str:
    if size > HASHED_BYTES:
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
