"""The words that official documents are made of: dated data files, checked when loaded (D15)."""

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

DATA = Path(__file__).parent / "data"


def fold(text: str) -> str:
    """Return `text` without case, marks and repeated spaces: what printed words are compared by."""
    bare = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return " ".join("".join(c for c in bare if not unicodedata.combining(c)).split())


class _Type(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(min_length=3)
    abbreviation: str | None = None
    title: bool = True


class _Types(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    type: tuple[_Type, ...] = Field(min_length=29)


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    agencies: tuple[str, ...]
    positions: tuple[str, ...]
    capacities: tuple[str, ...]
    body: tuple[str, ...]
    stamps: tuple[str, ...]
    titles: tuple[str, ...]
    surnames: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The lists, made ready for use; patterns match folded text from its start."""

    titles_of_types: dict[str, str]
    """Folded title → name of the type."""
    abbreviations: dict[str, str]
    """Abbreviation as printed in the number → name of the type."""
    type_at: re.Pattern[str]
    agency_at: re.Pattern[str]
    position_at: re.Pattern[str]
    """A position, with or without the capacity before it."""
    capacity_at: re.Pattern[str]
    body_at: re.Pattern[str]
    stamp: re.Pattern[str]
    """Anywhere in the text."""
    title_at: re.Pattern[str]
    surnames: frozenset[str]
    """Folded."""


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary in force."""
    types = _Types.model_validate(_load("types.toml")).type
    words = _Words.model_validate(_load("words.toml"))
    titles = {fold(t.name): t.name for t in types if t.title}
    capacity = _any_of(words.capacities)
    return Vocabulary(
        titles_of_types=titles,
        abbreviations={t.abbreviation: t.name for t in reversed(types) if t.abbreviation},
        type_at=re.compile(rf"({_any_of(titles)})\b"),
        agency_at=re.compile(rf"(?:{_any_of(words.agencies)})\b"),
        position_at=re.compile(rf"(?:(?:{capacity})\s*)?(?:{_any_of(words.positions)})\b"),
        capacity_at=re.compile(rf"(?:{capacity})\s*\w"),
        body_at=re.compile(rf"(?:{_any_of(words.body)})\b"),
        stamp=re.compile(_any_of(words.stamps)),
        title_at=re.compile(rf"(?:(?:{_any_of(words.titles)})\s*)+"),
        surnames=frozenset(map(fold, words.surnames)),
    )


def _any_of(words: "tuple[str, ...] | dict[str, str]") -> str:
    return "|".join(re.escape(w) for w in sorted(map(fold, words), key=len, reverse=True))


def _load(name: str) -> dict[str, object]:
    return tomllib.loads((DATA / name).read_text(encoding="utf-8"))
