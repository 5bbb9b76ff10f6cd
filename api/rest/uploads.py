"""What a program sends: a few fields and a file, or some, within the limit, on disk.

1. The limit is enforced while bytes come in, whatever Content-Length says; a Content-Length above
   it is refused unread.
2. The file's own limit is exact to the byte; the form around it has 1 MiB. Where a page takes
   several files, they have the limit of one all together.
3. The name that came with the file is shown and stored as a name, never used as a path.
4. What came in is gone when the answer has been sent, unless a flow kept it.
"""

import shutil
import tempfile
import unicodedata
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser

from api.settings import Settings
from office.errors import UploadEmptyError, UploadTooLargeError

FORM_BYTES = 1 << 20
FIELDS = 20
FIELD_BYTES = 64 << 10
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file that came in."""

    path: Path
    name: str
    """Original name, fit for showing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A form that came in."""

    fields: Mapping[str, str]
    path: Path | None
    """The file; `None` where none was sent."""
    name: str
    """Original name, fit for showing; empty without a file."""
    parts: tuple[Part, ...] = ()
    """All files, in the order sent."""

    @property
    def file(self) -> Path:
        """The file.

        Raises:
            UploadEmptyError: none was sent, or an empty one.

        """
        if self.path is None or not self.path.stat().st_size:
            raise UploadEmptyError
        return self.path


@asynccontextmanager
async def received(request: Request, *, files: int = 1) -> AsyncGenerator[Upload, None]:
    """Take in the form of `request`, with up to `files` files.

    Raises:
        UploadTooLargeError: rules 1 and 2.
        HTTPException: not a form that can be read (400), or not a form (415).

    """
    settings: Settings = request.app.state.house.settings
    limit = settings.upload_limit
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit + FORM_BYTES:
        raise UploadTooLargeError(limit)
    parser = _Parser(
        request.headers,
        _bounded(request, limit),
        max_files=files,
        max_fields=FIELDS,
        max_part_size=FIELD_BYTES,
    )
    try:
        form = await parser.parse()
    except _TooMuchError as e:
        raise UploadTooLargeError(limit) from e
    except MultiPartException as e:
        raise HTTPException(HTTPStatus.BAD_REQUEST) from e
    with tempfile.TemporaryDirectory(prefix="antin-upload-") as folder:
        try:
            sent = [v for _, v in form.multi_items() if isinstance(v, UploadFile)]
            if sum(upload.size or 0 for upload in sent) > limit:
                raise UploadTooLargeError(limit)
            parts = []
            for number, upload in enumerate(sent):
                path = Path(folder) / f"{number}.pdf"
                await run_in_threadpool(_save, upload, path)
                parts.append(Part(path=path, name=shown_name(upload.filename)))
            fields = {k: v for k, v in form.items() if isinstance(v, str)}
        finally:
            await form.close()
        yield Upload(
            fields=fields,
            path=parts[0].path if parts else None,
            name=parts[0].name if parts else "",
            parts=tuple(parts),
        )


def shown_name(raw: str | None) -> str:
    """Return a file's own name without its path and without what does not print (rule 3)."""
    base = (raw or "document.pdf").replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(c for c in unicodedata.normalize("NFC", base) if c.isprintable())
    return shown[-200:] or "document.pdf"


class _Parser(MultiPartParser):
    """Keeps little of each file in memory: a hundred small ones must not fill it."""

    spool_max_size = 64 << 10


class _TooMuchError(MultiPartException):
    """Too many bytes. A kind of the parser's own error, because only then it closes its files."""


async def _bounded(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    seen = 0
    async for chunk in request.stream():
        seen += len(chunk)
        if seen > limit + FORM_BYTES:
            raise _TooMuchError("above the limit")
        yield chunk


def _save(upload: UploadFile, path: Path) -> None:
    upload.file.seek(0)
    with path.open("wb") as out:
        shutil.copyfileobj(upload.file, out, CHUNK)


async def _taken_in(request: Request) -> AsyncGenerator[Upload, None]:
    async with received(request) as upload:
        yield upload


Received = Annotated[Upload, Depends(_taken_in)]
"""Parameter type of a route that takes a file."""


def body(*required: str, **fields: str) -> dict[str, Any]:
    """Return the `openapi_extra` of a route that takes a form: field name and its description."""
    properties = {
        name: {"type": "string", "description": text}
        | ({"format": "binary"} if name == "file" else {})
        for name, text in fields.items()
    }
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    }
