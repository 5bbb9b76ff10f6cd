"""What a browser sends: small fields, and a file within the limit; on one page, several.

1. The limits are those of `api.rest.uploads`. What is above them is read on and thrown away for a
   while, so that the browser is still listening when the answer comes; REST callers read status
   codes and need no such courtesy.
2. A form from another site is refused before its body is read (`api.security` rule 3), one without
   its token after (rule 4).
"""

import math
import shutil
import unicodedata
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from starlette.formparsers import FormParser, MultiPartException

from api.rest.uploads import FIELD_BYTES, FIELDS, Part, Upload, received
from api.security import ForgedRequestError, check_form
from office.errors import UploadEmptyError, UploadTooLargeError

FILES = 100
"""At once: a morning's mail. More of them are work for the command line."""
_DRAIN = 64 << 20
"""Bytes read and thrown away above the limit (rule 1): a document a bit too large, not a flood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A checked form: it came from one of our pages in this browser."""

    fields: Mapping[str, str]
    upload: Upload | None = None

    def text(self, name: str) -> str:
        """Return a field without surrounding blanks; empty if it was not sent."""
        return unicodedata.normalize("NFC", self.fields.get(name, "")).strip()

    def number(self, name: str) -> float | None:
        """Return a field as a finite number, decimal comma or point; `None` if it is none."""
        try:
            number = float(self.text(name).replace(",", "."))
        except ValueError:
            return None
        return number if math.isfinite(number) else None

    @property
    def parts(self) -> tuple[Part, ...]:
        """All files that were sent, in order."""
        return () if self.upload is None else self.upload.parts

    @property
    def file_name(self) -> str:
        """The upload's own name, fit for showing."""
        return self.upload.name if self.upload else ""

    def save(self, folder: Path) -> None:
        """Move the upload to `document.pdf` in `folder`.

        Raises:
            UploadEmptyError: no file was sent, or an empty one.

        """
        if self.upload is None:
            raise UploadEmptyError
        shutil.move(self.upload.file, folder / "document.pdf")


@asynccontextmanager
async def receive(request: Request, *, files: int = 1) -> AsyncGenerator[Form, None]:
    """Read and check the form of `request`; what came in is gone when the answer is sent.

    Raises:
        ForgedRequestError: rule 2, or a form that cannot be read.
        UploadTooLargeError: rule 1.

    """
    if request.state.foreign:
        raise ForgedRequestError
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with AsyncExitStack() as stack:
            try:
                upload = await stack.enter_async_context(received(request, files=files))
            except UploadTooLargeError:
                await _drain(request)
                raise
            check_form(request, upload.fields.get("form_token"))
            yield Form(fields=upload.fields, upload=upload)
        return
    try:
        parser = FormParser(
            request.headers, request.stream(), max_fields=FIELDS, max_part_size=FIELD_BYTES
        )
        data = await parser.parse()
    except MultiPartException as e:
        raise ForgedRequestError from e
    fields = {key: value for key, value in data.items() if isinstance(value, str)}
    check_form(request, fields.get("form_token"))
    yield Form(fields=fields)


async def _with_one(request: Request) -> AsyncGenerator[Form, None]:
    async with receive(request) as form:
        yield form


async def _with_several(request: Request) -> AsyncGenerator[Form, None]:
    async with receive(request, files=FILES) as form:
        yield form


Posted = Annotated[Form, Depends(_with_one)]
"""Parameter type of a route that takes a form."""
PostedFiles = Annotated[Form, Depends(_with_several)]
"""Parameter type of a route that takes a form with up to `FILES` files."""


async def _drain(request: Request) -> None:
    seen = 0
    async for chunk in request.stream():
        seen += len(chunk)
        if seen > _DRAIN:
            break
