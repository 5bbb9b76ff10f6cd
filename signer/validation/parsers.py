"""A second reader's opinion: qpdf, through pikepdf.

1. The file opens without reconstruction: a reader that has to rebuild the cross-reference table
   shows whatever it finds, and two of them find different things.
2. Both readers count the same pages, and each page's content streams are the same bytes.
3. The first signed revision, cut out and read alone, has the same pages and content as the whole
   file: if our own analysis missed a change of content, this one would have to miss it too.

What qpdf merely repairs on a page (a missing /Resources, a stray space) is no disagreement.
"""

import hashlib
import io
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

import pikepdf

from signer.validation.form import read_pages
from signer.validation.lexer import Ref, Stream, Value
from signer.validation.structure import Document, StructureError

_Digest = tuple[bytes, ...]
_COPIED = 32 << 20
"""Bytes up to which a copy is cheaper than a window. Larger files are scans, of few objects."""


def disagreement(  # noqa: PLR0911 - one way out per finding
    doc: Document, signed: int | None
) -> str | None:
    """Return what the two readers see differently, in machine words; `None` if nothing.

    `signed` is the first signed revision where there are later ones.
    """
    if doc.encrypted:
        return None  # the other reader's streams would have to be deciphered as well
    try:
        whole = _theirs(doc.data, len(doc.data))
        ours = _ours(doc, doc.last)
        if len(whole) != len(ours):
            return f"{len(ours)} / {len(whole)} pages"
        for n, (a, b) in enumerate(zip(ours, whole, strict=True), 1):
            if a != b:
                return f"page {n}"
        if signed is not None and signed < doc.last:
            before = _theirs(doc.data, doc.revisions[signed].end)
            if before != whole:
                return "content of the signed revision"
    except pikepdf.PdfError as e:
        return f"structure: {str(e)[:120]}"
    except (ValueError, TypeError, KeyError, RuntimeError, StructureError) as e:
        return f"structure: {type(e).__name__}"
    return None


class _Window(io.RawIOBase):
    """The first bytes of the file as a file, without a copy: a scan may have 200 MB.

    Each of its calls is Python's; qpdf makes a hundred per object.
    """

    def __init__(self, data: bytes, end: int) -> None:
        super().__init__()
        self._view = memoryview(data)[:end]
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._view)}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        part = self._view[self._at : self._at + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)


def _theirs(data: bytes, end: int) -> list[_Digest]:
    file: io.IOBase
    if end == len(data):
        file = io.BytesIO(data)  # shares the bytes
    else:
        file = io.BytesIO(data[:end]) if end <= _COPIED else _Window(data, end)
    with pikepdf.open(
        cast("BinaryIO", file), attempt_recovery=False, suppress_warnings=True
    ) as pdf:
        return [tuple(_streams(page.obj.get("/Contents"))) for page in pdf.pages]


def _streams(contents: pikepdf.Object | None) -> Iterator[bytes]:
    if isinstance(contents, pikepdf.Stream):
        yield _hash(contents.read_raw_bytes())
    elif isinstance(contents, pikepdf.Array):
        for c in contents:
            if isinstance(c, pikepdf.Stream):
                yield _hash(c.read_raw_bytes())


def _ours(doc: Document, revision: int) -> list[_Digest]:
    out = []
    for page in read_pages(doc, revision):
        contents: Value = doc.get(page.entries, "/Contents", revision)
        items = contents if isinstance(contents, tuple) else (contents,)
        streams = (doc.resolve(c, revision) if isinstance(c, Ref) else c for c in items)
        out.append(tuple(_hash(s.data) for s in streams if isinstance(s, Stream)))
    return out


def _hash(data: bytes | memoryview) -> bytes:
    return hashlib.sha256(data).digest()
