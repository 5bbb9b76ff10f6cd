"""What the full-text index holds of a record, and how a clause is asked of it, per database.

1. Both databases index the words of `archive.catalogue.fold`, joined by spaces or as a literal
   `tsvector`; neither sees a text to parse.
2. SQLite: one row of the FTS5 table `search_records` per record, a column per field, tokenizer
   `ascii` (which takes every character above 127 as part of a word, so ours stay whole).
3. PostgreSQL: rows of `search_parts`. A `tsvector` counts positions to 16,383 only, about 36
   pages, and keeps the first 255 places of a word, silently. So part 0 holds the metadata (weight
   A), the beginning of the text with positions, and every other word of the text without; further
   parts hold the rest with positions, overlapping, so that a phrase of up to `_OVERLAP` words is
   found wherever it stands. Words are asked of part 0 and phrases of all parts: the hits are
   SQLite's.
4. Fields are apart: a phrase never runs from one into the next.
5. A record's distinct words are limited (PostgreSQL refuses a `tsvector` above 1 MB), and the
   limit is applied before either database sees them, so both miss the same words.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from archive.catalogue.fold import bears_marks, fold, marked
from archive.model import DocumentMetadata

_POSITIONS: Final = 15_000
_PLACES: Final = 255
_GAP: Final = 16
"""Positions left empty between fields."""
_OVERLAP: Final = 64
"""Words that two parts share. Below `_PLACES`, so every part gets further."""
_DISTINCT_BYTES: Final = 600_000
_WORDS: Final = 5_000_000
"""About 10,000 pages; what is beyond is not searched."""
HEAD: Final = ("number", "subject", "agency", "type", "signer")
_COLUMNS: Final = (*HEAD, "name", "body")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """Words that must stand one after another; the last may be the beginning of a word."""

    words: tuple[str, ...]
    prefix: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedText:
    """The folded words of a record, field by field."""

    head: tuple[tuple[str, ...], ...]
    """In the order of `HEAD`."""
    marked: tuple[str, ...]
    name: tuple[str, ...]
    body: tuple[str, ...]


def indexed(metadata: DocumentMetadata, name: str, page_texts: Iterable[str]) -> IndexedText:
    """Return what is searched of a record (rule 5)."""
    fields = (
        metadata.so_ky_hieu,
        metadata.trich_yeu,
        metadata.co_quan_ban_hanh,
        metadata.loai_van_ban,
        metadata.nguoi_ky,
    )
    seen: set[str] = set()
    left = _DISTINCT_BYTES
    body: list[str] = []
    for page in page_texts:
        for word in fold(page):
            if word not in seen:
                left -= len(word.encode()) + 4
                if left < 0:
                    continue
                seen.add(word)
            body.append(word)
        if len(body) >= _WORDS:
            break
    return IndexedText(
        head=tuple(tuple(fold(value or "")[:1000]) for value in fields),
        marked=tuple(dict.fromkeys(w for value in fields for w in marked(value or "")))[:2000],
        name=tuple(fold(name)[:100]),
        body=tuple(body[:_WORDS]),
    )


def add_to_index(connection: Connection, seq: int, content: IndexedText) -> None:
    """Index the record with row number `seq`."""
    if connection.dialect.name == "postgresql":
        rows = [
            {"seq": seq, "part": part, "terms": terms}
            for part, terms in enumerate(_vectors(content))
        ]
        connection.execute(
            text(
                "INSERT INTO search_parts (record_seq, part, terms)"
                " VALUES (:seq, :part, CAST(:terms AS tsvector))"
            ),
            rows,
        )
        return
    values = {
        column: " ".join(words)
        for column, words in zip(_COLUMNS, (*content.head, content.name, content.body), strict=True)
    }
    connection.execute(
        text(
            "INSERT INTO search_records"
            " (rowid, number, subject, agency, type, signer, marked, name, body) VALUES"
            " (:seq, :number, :subject, :agency, :type, :signer, :marked, :name, :body)"
        ),
        {"seq": seq, "marked": " ".join(content.marked), **values},
    )


def remove_from_index(connection: Connection, seq: int | None = None) -> None:
    """Take the record (or, with `None`, every record) out of the index."""
    if connection.dialect.name == "postgresql":
        statement, column = "DELETE FROM search_parts", "record_seq"
    else:
        statement, column = "DELETE FROM search_records", "rowid"
    if seq is None:
        connection.execute(text(statement))
    else:
        connection.execute(text(f"{statement} WHERE {column} = :seq"), {"seq": seq})


def indexed_rows(connection: Connection) -> set[int]:
    """Return the row numbers of the records that are indexed."""
    if connection.dialect.name == "postgresql":
        statement = "SELECT record_seq FROM search_parts WHERE part = 0"
    else:
        statement = "SELECT rowid FROM search_records"
    return set(connection.execute(text(statement)).scalars())


def found_rows(
    dialect: str, clauses: Sequence[Clause], marks: Sequence[str]
) -> tuple[str, dict[str, str]]:
    """Return a SELECT of (seq, score) of what satisfies all `clauses`, and its parameters.

    The score is 3 if all stands in the metadata with the same accents (`marks`), 2 if all stands
    there, else 1; the exact number is the caller's to see.
    """
    if dialect == "postgresql":
        return _found_postgresql(clauses, marks)
    return _found_sqlite(clauses, marks)


def marks_of(query: str) -> tuple[str, ...]:
    """Return the marked words of `query` if it bears accents: only then do they count."""
    return tuple(dict.fromkeys(marked(query))) if bears_marks(query) else ()


def _found_sqlite(clauses: Sequence[Clause], marks: Sequence[str]) -> tuple[str, dict[str, str]]:
    asked = " AND ".join(
        '"' + " ".join(clause.words) + '"' + " *" * clause.prefix for clause in clauses
    )
    parameters = {
        "asked": f"{{{' '.join(_COLUMNS)}}} : ({asked})",
        "head": f"{{{' '.join(HEAD)}}} : ({asked})",
    }
    score = "WHEN rowid IN (SELECT rowid FROM search_records WHERE search_records MATCH :head)"
    marked_score = ""
    if marks:
        parameters["marks"] = " AND ".join(
            [parameters["head"], "marked : (" + " AND ".join(f'"{m}"' for m in marks) + ")"]
        )
        marked_score = (
            "WHEN rowid IN (SELECT rowid FROM search_records WHERE search_records MATCH :marks)"
            " THEN 3"
        )
    statement = (
        f"SELECT rowid AS seq, CASE {marked_score} {score} THEN 2 ELSE 1 END AS score"  # noqa: S608 - constants of this module; every value is a parameter
        " FROM search_records WHERE search_records MATCH :asked"
    )
    return statement, parameters


def _found_postgresql(
    clauses: Sequence[Clause], marks: Sequence[str]
) -> tuple[str, dict[str, str]]:
    singles = [c for c in clauses if len(c.words) == 1]
    phrases = [c for c in clauses if len(c.words) > 1]
    parameters = {"head": " & ".join(_ts_clause(c, "A") for c in clauses)}
    conditions = ["part = 0"]
    if singles:
        parameters["asked"] = " & ".join(_ts_clause(c) for c in singles)
        conditions.append("terms @@ CAST(:asked AS tsquery)")
    for index, phrase in enumerate(phrases):
        parameters[f"phrase{index}"] = _ts_clause(phrase)
        conditions.append(
            "record_seq IN (SELECT record_seq FROM search_parts"  # noqa: S608 - constants of this module; every value is a parameter
            f" WHERE terms @@ CAST(:phrase{index} AS tsquery))"
        )
    marked_score = ""
    if marks:
        parameters["marks"] = " & ".join([parameters["head"], *(f"'{m}'" for m in marks)])
        marked_score = "WHEN terms @@ CAST(:marks AS tsquery) THEN 3"
    statement = (
        f"SELECT record_seq AS seq, CASE {marked_score}"  # noqa: S608 - constants of this module; every value is a parameter
        " WHEN terms @@ CAST(:head AS tsquery) THEN 2 ELSE 1 END AS score"
        f" FROM search_parts WHERE {' AND '.join(conditions)}"
    )
    return statement, parameters


def _ts_clause(clause: Clause, weight: str = "") -> str:
    last = len(clause.words) - 1
    terms = []
    for index, word in enumerate(clause.words):
        flags = weight + "*" * (clause.prefix and index == last)
        terms.append(f"'{word}'" + (f":{flags}" if flags else ""))
    return "(" + " <-> ".join(terms) + ")"


def _vectors(content: IndexedText) -> list[str]:
    """Return the `tsvector` literals of part 0, 1, … (rule 3)."""
    first = _Part()
    for words in content.head:
        for word in words:
            first.add(word, "A")
        first.skip()
    for word in content.name:
        first.add(word)
    first.skip()
    done = first.fill(content.body, 0)
    for word in (*content.marked, *content.body[done:]):
        first.mention(word)
    parts = [first]
    while done < len(content.body):
        part = _Part()
        done = part.fill(content.body, done - _OVERLAP)
        parts.append(part)
    return [part.literal() for part in parts]


class _Part:
    """A `tsvector` in the making."""

    def __init__(self) -> None:
        self._at: dict[str, list[str]] = {}
        self._position = 0

    def add(self, word: str, weight: str = "") -> None:
        self._position += 1
        self._at.setdefault(word, []).append(f"{self._position}{weight}")

    def skip(self) -> None:
        self._position += _GAP

    def mention(self, word: str) -> None:
        self._at.setdefault(word, [])

    def fill(self, words: Sequence[str], start: int) -> int:
        """Add words from `start` on while every place still counts; return where it ended."""
        end = max(0, start)
        for word in words[end:]:
            if self._position >= _POSITIONS or len(self._at.get(word, ())) >= _PLACES:
                break
            self.add(word)
            end += 1
        return end

    def literal(self) -> str:
        return " ".join(
            f"'{word}'" + (":" + ",".join(places) if places else "")
            for word, places in self._at.items()
        )
