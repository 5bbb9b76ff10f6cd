"""Whom a certificate is for: a person, an agency, or a portal that publishes what others signed.

1. What the certificate states as a fact of its own goes first: a given name, surname or title makes
   a person (X.520), as does the number of an identity paper in UID; a tax or agency code in UID
   makes an agency (the subjects of Vietnamese certificates).
2. Then the name itself: a portal's, an agency's, by how it begins; a common name that equals the
   organization is an agency's seal; two to six words that begin with a family name are a person.
3. A portal is an agency: it is looked for among agencies alone, in common name and units.
4. What fits nothing is not established (`None`). The words are dated data
   (`signer/data/subjects.toml`).
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from asn1crypto import x509

DATA = Path(__file__).parent.parent / "data" / "subjects.toml"
_FAULTS = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)
_PERSONAL = ("given_name", "surname", "title", "initials", "pseudonym")
NAME_WORDS = range(2, 7)


class Holder(StrEnum):
    """Whom a certificate is for."""

    PERSON = "person"
    AGENCY = "agency"
    PORTAL = "portal"


def folded(text: str) -> str:
    """Return `text` without case, marks, and repeated spaces; what is no letter becomes a space."""
    bare = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    kept = "".join(c for c in bare if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^\w]+", " ", kept).split())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    portals: re.Pattern[str]
    agencies: re.Pattern[str]
    marked: frozenset[str]
    agency_numbers: frozenset[str]
    person_numbers: frozenset[str]
    surnames: frozenset[str]
    titles: frozenset[str]


def _begins(words: Iterable[str]) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(rf"(?:{'|'.join(map(re.escape, longest_first))})\b")


def _load(path: Path = DATA) -> _Words:
    """Load the data.

    Raises:
        ValueError: undated, or a list is missing, empty, or not of folded words.

    """
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    if not isinstance(raw.pop("issued", None), date):
        raise ValueError(f"{path.name}: no date of issue")  # noqa: TRY004 - about the data
    lists: dict[str, list[str]] = {}
    for name in _Words.__slots__:
        words = raw.get(name)
        if not isinstance(words, list) or not words or not all(isinstance(w, str) for w in words):
            raise ValueError(f"{path.name}: {name} is no list of words")
        if name != "marked" and not name.endswith("numbers") and any(folded(w) != w for w in words):
            raise ValueError(f"{path.name}: {name} has words that are not folded")
        lists[name] = words
    return _Words(
        portals=_begins(lists["portals"]),
        agencies=_begins(lists["agencies"]),
        marked=frozenset(lists["marked"]),
        agency_numbers=frozenset(lists["agency_numbers"]),
        person_numbers=frozenset(lists["person_numbers"]),
        surnames=frozenset(lists["surnames"]),
        titles=frozenset(lists["titles"]),
    )


WORDS = _load()


def holder_of(certificate: bytes) -> Holder | None:
    """Return whom the certificate (DER) is for."""
    subject = _subject(certificate)
    common = next(iter(subject.get("common_name", ())), "")
    name = folded(common)
    units = [folded(u) for u in subject.get("organizational_unit_name", ())]
    numbers = {n.partition(":")[0].strip().upper() for n in subject.get("user_id", ())}
    if any(subject.get(key) for key in _PERSONAL) or numbers & WORDS.person_numbers:
        return Holder.PERSON
    if any(WORDS.portals.match(n) for n in (name, *units)):
        return Holder.PORTAL
    seal = name in {folded(o) for o in subject.get("organization_name", ())}
    if name and (numbers & WORDS.agency_numbers or seal):
        return Holder.AGENCY
    if is_agency(common):
        return Holder.AGENCY
    return Holder.PERSON if is_person(common) else None


def is_agency(name: str) -> bool:
    """Return whether `name` begins as an agency's does."""
    first = unicodedata.normalize("NFC", name.casefold()).partition(" ")[0]
    if not first.isascii() and folded(first) in {folded(w) for w in WORDS.marked}:
        return first in WORDS.marked  # "Trường", not "Trương"
    return WORDS.agencies.match(folded(name)) is not None


def is_person(name: str) -> bool:
    """Return whether `name` reads as a Vietnamese person's, with or without ranks and degrees."""
    words = folded(bare_name(name)).split()
    return len(words) in NAME_WORDS and words[0] in WORDS.surnames and name.count(",") == 0


def bare_name(name: str) -> str:
    """Return a person's name without ranks and degrees before it and without what follows it."""
    head = re.split(r"[,(;|/]|\s[-–]\s", name.replace(".", ". "))[0]
    words = head.split()
    while len(words) > 1 and folded(words[0]) in WORDS.titles:
        words = words[1:]
    return " ".join(words)


def _subject(certificate: bytes) -> dict[str, list[str]]:
    """Return the subject's attributes by name, each with all of its values."""
    out: dict[str, list[str]] = {}
    try:
        for rdn in x509.Certificate.load(certificate).subject.chosen:
            for pair in rdn:
                value = pair["value"].native
                out.setdefault(str(pair["type"].native), []).append(str(value))
    except _FAULTS:
        return out
    return out


def names_of(certificate: bytes) -> tuple[str, ...]:
    """Return the names of agencies in a subject: common name, organizations, units, each once."""
    subject = _subject(certificate)
    keys = ("common_name", "organization_name", "organizational_unit_name")
    return tuple(dict.fromkeys(v for key in keys for v in subject.get(key, ())))
