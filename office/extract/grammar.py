"""How numbers, dates and names are written in official documents.

1. Số, ký hiệu (Nghị định 30/2020/NĐ-CP, Phụ lục I, mục II.3): `345/QĐ-UBND`, with the year for
   normative acts `12/2024/QĐ-UBND`, without a type for công văn `345/UBND-VX`; the Party writes
   `384-QĐ/TW`. A sign must follow: "Số: 123" of a reception stamp and "Số 13 + 14" of a gazette
   are no numbers of documents.
2. Ngày ban hành (mục II.4): "ngày 02 tháng 12 năm 2025", however spaced; the day must exist.
3. Names of people: two to six words, each with a capital, the first a family name; ranks and
   degrees before them are not part of the name.
"""

import re
from datetime import date

from office.extract.vocabulary import fold, vocabulary

_SIGN = r"[A-ZĐ][A-Za-zĐđƯưÔô0-9&.]*(?:\s?[-–/]\s?[A-ZĐ][A-Za-zĐđƯưÔô0-9&.]*)*"
_NUMBER = re.compile(rf"(\d{{1,6}}[a-zA-Z]?)\s*(?:/\s*(\d{{4}})\s*)?\s*([/-])\s*({_SIGN})")
_DATE = re.compile(
    r"ngày\s*(\d{1,2})\s*(?:tháng\s*(\d{1,2})\s*năm|/\s*(\d{1,2})\s*/)\s*(\d{4})", re.IGNORECASE
)
_LABEL = re.compile(r"s[ốôo]\s*[:.]?\s*", re.IGNORECASE)
NAME_WORDS = range(2, 7)


def labelled(text: str) -> str | None:
    """Return what follows "Số:" at the start of `text`, or `None` if that is not how it begins."""
    label = _LABEL.match(text)
    rest = text[label.end() :] if label else None
    return rest if rest is not None and not rest[:1].isalpha() else None


def number(text: str) -> str | None:
    """Return the số, ký hiệu that `text` begins with, without spaces, or `None`."""
    found = _NUMBER.match(text.strip())
    if found is None:
        return None
    digits, year, separator, sign = found.groups()
    sign = re.sub(r"\s+", "", sign).replace("–", "-").rstrip(".")
    return f"{digits}/{year}{separator}{sign}" if year else f"{digits}{separator}{sign}"


def issue_date(text: str) -> date | None:
    """Return the first date of the official form in `text` that exists, or `None`."""
    for found in _DATE.finditer(text):
        day, month, slashed, year = found.groups()
        try:
            return date(int(year), int(month or slashed), int(day))
        except ValueError:
            continue
    return None


def person(text: str) -> str | None:
    """Return the name of a person that `text` is, without ranks and degrees, or `None`."""
    words = text.split()
    for start in range(len(words)):
        if start and not vocabulary().title_at.fullmatch(_dotted(words[:start])):
            continue
        name = words[start:]
        if len(name) not in NAME_WORDS or fold(name[0]) not in vocabulary().surnames:
            continue
        if all(_capital(w) for w in name):
            return " ".join(w.capitalize() if w.isupper() else w for w in name)
    return None


def _dotted(words: list[str]) -> str:
    return fold(" ".join(words)).replace(". ", ".")


def _capital(word: str) -> bool:
    return word.isalpha() and (word.isupper() or word == word.capitalize())
