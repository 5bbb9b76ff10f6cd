"""Vietnamese first, English second.

1. The message ids are the Vietnamese sentences themselves: whoever reads a template reads what the
   clerk reads, and a missing translation shows Vietnamese, never a key.
2. Catalogues are read from `.po` at start (a few hundred sentences: 20 ms). Nothing is compiled, so
   nothing can be out of date.
3. A page speaks, in this order: `?lang=`, the cookie that it sets, Accept-Language, Vietnamese.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.messages.pofile import read_po
from fastapi import Request, Response

from api.security import LANGUAGE, cookie_name

LOCALE = Path(__file__).parent / "locale"
HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


class Language(StrEnum):
    """What a page can speak."""

    VI = "vi"
    EN = "en"


class TwoTongued(Protocol):
    """Anything that brings its own sentence in both languages: errors, reasons, roles."""

    @property
    def vi(self) -> str:
        """The Vietnamese sentence."""

    @property
    def en(self) -> str:
        """The English sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """One language's sentences."""

    language: Language
    catalogue: Mapping[str, str]
    plurals: Mapping[str, tuple[str, ...]]

    def gettext(self, message: str) -> str:
        """Return `message` in this language (rule 1)."""
        return self.catalogue.get(message) or message

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """Return the form for `n`; Vietnamese has one form, English two."""
        if self.language is Language.VI:
            return singular
        forms = self.plurals.get(singular) or (singular, plural)
        return forms[0] if n == 1 else forms[-1]

    def of(self, thing: TwoTongued) -> str:
        """Return what `thing` says in this language."""
        return thing.vi if self.language is Language.VI else thing.en

    def day(self, day: date | None) -> str:
        """Return a calendar day as officials write it."""
        if day is None:
            return "–"
        if self.language is Language.VI:
            return f"{day:%d/%m/%Y}"
        return format_date(day, "d MMMM y", locale="en")

    def moment(self, moment: datetime | None) -> str:
        """Return a moment by Vietnam's clock, whatever zone it came in."""
        if moment is None:
            return "–"
        try:
            local = moment.astimezone(HANOI)
        except OverflowError:  # a document may claim the first or the last day of the calendar
            return moment.isoformat(sep=" ")
        return f"{local:%H:%M:%S}, {self.day(local.date())}"


@cache
def texts(language: Language) -> Texts:
    """Return the sentences of `language`, read once."""
    if language is Language.VI:
        return Texts(language=language, catalogue={}, plurals={})
    path = LOCALE / language / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language.value)
    sentences: dict[str, str] = {}
    plurals: dict[str, tuple[str, ...]] = {}
    for message in catalogue:
        if isinstance(message.id, str) and isinstance(message.string, str) and message.id:
            sentences[message.id] = message.string
        elif not isinstance(message.id, str) and isinstance(message.string, (tuple, list)):
            plurals[message.id[0]] = tuple(message.string)
    return Texts(language=language, catalogue=sentences, plurals=plurals)


def language_of(request: Request) -> Language:
    """Return what this request wants to read (rule 3)."""
    for wish in (request.query_params.get("lang"), request.cookies.get(_cookie(request))):
        if wish in tuple(Language):
            return Language(wish)
    return _preferred(request.headers.get("accept-language", ""))


def remember_language(request: Request, response: Response) -> None:
    """Keep what `?lang=` asked for, for a year. No secret, but no script needs it either."""
    if request.query_params.get("lang") in tuple(Language):
        response.set_cookie(
            _cookie(request),
            request.query_params["lang"],
            max_age=365 * 24 * 3600,
            path="/",
            secure=request.state.secure,
            httponly=True,
            samesite="lax",
        )


def _cookie(request: Request) -> str:
    return cookie_name(LANGUAGE, secure=request.state.secure)


def _preferred(header: str) -> Language:
    best, best_q = Language.VI, 0.0
    for part in header.split(",")[:20]:
        tag, _, parameters = part.strip().partition(";")
        name = tag.split("-")[0].lower()
        try:
            q = float(parameters.strip().removeprefix("q=")) if parameters else 1.0
        except ValueError:
            continue
        if name in tuple(Language) and q > best_q:
            best, best_q = Language(name), q
    return best
