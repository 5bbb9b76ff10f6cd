"""Turns templates into pages, and hands out the files beside them.

1. Everything is escaped unless a template says otherwise, and none does; an undefined name in a
   template is an error, not an empty string.
2. Static files are read once at start and served from memory by exact name: there is no path to
   traverse. Their address carries a digest of all of them, so they are cached for a year and never
   stale; modules import each other relatively and get the same digest.
"""

import hashlib
import mimetypes
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.security import current_person, form_token
from api.web.i18n import Language, language_of, remember_language, texts
from api.web.views.verdict import badge, size

HERE = Path(__file__).parent
YEAR = 365 * 24 * 3600


class Static:
    """The files beside the pages (rule 2)."""

    def __init__(self, folder: Path) -> None:
        self._files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
        digest = hashlib.sha256()
        for name, data in self._files.items():
            digest.update(name.encode() + b"\0" + data)
        self.version = digest.hexdigest()[:16]

    def url(self, name: str) -> str:
        """Return the address of a file; a name that does not exist is a mistake in a template."""
        if name not in self._files:
            raise LookupError(f"no static file {name!r}")
        return f"/static/{self.version}/{name}"

    def answer(self, version: str, name: str) -> Response:
        """Return the file, or 404."""
        data = self._files.get(name)
        if data is None:
            return Response(status_code=HTTPStatus.NOT_FOUND)
        media_type = "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0]
        kept = f"public, max-age={YEAR}, immutable" if version == self.version else "no-cache"
        return Response(data, media_type=media_type, headers={"cache-control": kept})


@cache
def static() -> Static:
    """Return the files of this checkout, read once."""
    return Static(HERE / "static")


@cache
def _environment(language: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    spoken = texts(language)
    # The extension's own methods are added at run time, where mypy cannot see them.
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        spoken.gettext, spoken.ngettext, newstyle=True
    )
    environment.globals.update(
        texts=spoken,
        static=static().url,
        size=lambda count: size(count, spoken),
        badge=lambda integrity, indication: badge(integrity, indication, spoken),
    )
    return environment


def page(
    request: Request,
    template: str,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """Render `template` in the language of `request`."""
    language = language_of(request)
    html = (
        _environment(language)
        .get_template(template)
        .render(
            request=request,
            person=current_person(request),
            development=is_development(request),
            language=language,
            other_language=_in_other_language(request, language),
            form_token=lambda: form_token(request),
            **values,
        )
    )
    response = HTMLResponse(html, status_code=int(status), headers=dict(headers or {}))
    response.headers["content-language"] = language.value
    response.headers["vary"] = "Accept-Language, Cookie"
    remember_language(request, response)
    return response


def is_development(request: Request) -> bool:
    """Return whether this house runs with identities of no legal value."""
    house = request.app.state.house
    return house.development is not None or any(i.development for i in house.identities.list())


def _in_other_language(request: Request, language: Language) -> str:
    other = Language.EN if language is Language.VI else Language.VI
    query = {k: v for k, v in request.query_params.multi_items() if k != "lang"}
    # A page that answers a POST has no address of its own to come back to.
    path = request.url.path if request.method in {"GET", "HEAD"} else "/"
    return f"{path}?{urlencode({**query, 'lang': other.value})}"
