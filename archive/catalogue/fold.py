"""From text to the words that are searched: the same for every back end.

Neither SQLite's `unicode61` (which keeps đ) nor PostgreSQL's parser (for which `345/qd-ubnd` is one
file path) sees a text; both get the words that this module makes of it.

1. A word is a run of letters and digits, with whatever combining marks and invisible joiners stand
   in it. Everything else separates; so `345/QĐ-UBND` is the three words `345 qd ubnd`, one after
   another, and asking for it means asking for them one after another.
2. A folded word: NFKC (ligatures of PDF fonts, full-width forms), lower case, marks taken off,
   đ → d. NFC or NFD, hoà or hòa, Đ U+0110 or Ð U+00D0: one word.
3. A number has no leading zeros: `05/SY-UBND` is `5/SY-UBND`.
4. A marked word keeps its marks and is only used to put a hit that has the same marks first. Its
   tone stands at the end, because old and new spelling place it differently (hoà, hòa). It begins
   with `·`, which no folded word can contain.
5. A word has at most 64 characters; a longer run is no word that anybody types.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_MARKS: Final = "".join(
    chr(code) for code in range(0x300, 0x10000) if unicodedata.category(chr(code)) == "Mn"
)
"""Combining marks of every living script; the regular expressions of Python know no such class."""
_JOINERS: Final = _MARKS + r"\u00ad\u200b-\u200d\u2060\ufeff"
_WORD: Final = re.compile(rf"[^\W_](?:[^\W_]+|[{_JOINERS}]+)*")
_INNER: Final = re.compile(r"[^\W_]+")
_INVISIBLE: Final = dict.fromkeys([0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF])
_D: Final = str.maketrans({"đ": "d", "ð": "d", "ɖ": "d"})
_TONES: Final = frozenset("\u0300\u0301\u0303\u0309\u0323")
"""Huyền, sắc, ngã, hỏi, nặng; the other marks make another vowel, not another tone."""
_EACH_D: Final = str.maketrans({"ð": "đ", "ɖ": "đ"})
_LONGEST: Final = 64
_LONGEST_RUN: Final = 256
"""Characters of a run that are looked at; with all its marks a word of 64 fits."""
_MARKED: Final = "·"


@dataclass(frozen=True, slots=True)
class Word:
    """A folded word, and where in the original text it stands (`text[start:end]`)."""

    folded: str
    start: int
    end: int


def words(text: str) -> Iterator[Word]:
    """Yield the folded words of `text` in order, with their places in it."""
    for match in _WORD.finditer(text):
        for folded in _folded(match.group()[:_LONGEST_RUN]):
            yield Word(folded, match.start(), match.end())


def fold(text: str) -> list[str]:
    """Return the folded words of `text` in order."""
    return [folded for run in _WORD.findall(text) for folded in _folded(run[:_LONGEST_RUN])]


def marked(text: str) -> list[str]:
    """Return the marked words of `text` in order (rule 4), whether or not they bear marks."""
    return [word for run in _WORD.findall(text) for word in _marked(run[:_LONGEST_RUN])]


def bears_marks(text: str) -> bool:
    """Return whether somebody took the trouble to type accents."""
    return any(
        unicodedata.category(char) == "Mn" or char in "đĐ"
        for char in unicodedata.normalize("NFD", text)
    )


def key(text: str | None) -> str:
    """Return the folded words with a space between and around: for equality and whole words."""
    found = fold(text or "")
    return f" {' '.join(found)} " if found else ""


def clean(text: str) -> str:
    """Return `text` as every database can hold it: without NUL and without half characters."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


@lru_cache(maxsize=1 << 16)
def _folded(run: str) -> tuple[str, ...]:
    spread = unicodedata.normalize("NFKD", run.translate(_INVISIBLE).lower()).lower()
    bare = "".join(c for c in spread if unicodedata.category(c) != "Mn").translate(_D)
    return tuple(_number(word)[:_LONGEST] for word in _INNER.findall(bare))


@lru_cache(maxsize=1 << 12)
def _marked(run: str) -> tuple[str, ...]:
    spread = unicodedata.normalize("NFKD", run.translate(_INVISIBLE).lower()).lower()
    tones = "".join(c for c in spread if c in _TONES)
    vowels = "".join(c for c in spread if c not in _TONES)
    rest = unicodedata.normalize("NFC", vowels).translate(_EACH_D)
    found = [_number(word) for word in _INNER.findall(rest)]
    return tuple(_MARKED + (word + tones)[:_LONGEST] for word in found)


def _number(word: str) -> str:
    return (word.lstrip("0") or "0") if word.isdecimal() else word
