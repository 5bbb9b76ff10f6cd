"""The catalogue looked at as a whole: what `fsck` compares, and how `rebuild` fills it anew."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from archive.catalogue.database import reading, writing
from archive.catalogue.drafts import Draft, Waiting
from archive.catalogue.rows import insert_files, insert_record
from archive.catalogue.search import metadata_of
from archive.catalogue.searchindex import indexed_rows, remove_from_index
from archive.catalogue.tables import (
    derivatives,
    files,
    pages,
    records,
    register_books,
    register_entries,
    versions,
)
from archive.layout import ObjectVersion
from archive.model import Derivative, RecordKind, RegisterEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A register, counter and ledger."""

    agency: str
    book: str
    year: int
    last: int
    numbers: tuple[int, ...]
    """In the ledger, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A record read back from its object."""

    draft: Draft
    register: RegisterEntry | None
    versions: tuple[ObjectVersion, ...]
    derivatives: tuple[Derivative, ...]


def draft_of(engine: Engine, record_id: str) -> Draft:
    """Return a record's rows in the form in which they were written."""
    with reading(engine) as connection:
        row = (
            connection.execute(
                select(records, versions.c.message, versions.c.actor)
                .join(versions, versions.c.record_seq == records.c.seq)
                .where(records.c.record_id == record_id, versions.c.number == 1)
            )
            .mappings()
            .one()
        )
        texts = connection.execute(
            select(pages.c.text).where(pages.c.record_seq == row["seq"]).order_by(pages.c.page)
        )
        return Draft(
            record_id=record_id,
            kind=RecordKind(row["kind"]),
            sha256=row["sha256"],
            size=row["size"],
            original_name=row["original_name"],
            media_type=row["media_type"],
            received=row["received_at"],
            metadata=metadata_of(row),
            page_texts=tuple(texts.scalars()),
            integrity=row["integrity"],
            indication=row["indication"],
            message=row["message"],
            actor=row["actor"],
        )


def unsearchable(engine: Engine) -> tuple[list[str], list[int]]:
    """Return records that the index misses, and index rows of no record."""
    with reading(engine) as connection:
        rows = connection.execute(select(records.c.seq, records.c.record_id)).all()
        known = {row.seq: row.record_id for row in rows}
        found = indexed_rows(connection)
        return [known[s] for s in sorted(known.keys() - found)], sorted(found - known.keys())


def unnumbered(engine: Engine) -> list[str]:
    """Return incoming records that bear no number."""
    with reading(engine) as connection:
        statement = (
            select(records.c.record_id)
            .outerjoin(register_entries, register_entries.c.record_seq == records.c.seq)
            .where(records.c.kind == RecordKind.INCOMING.value, register_entries.c.number.is_(None))
            .order_by(records.c.seq)
        )
        return list(connection.execute(statement).scalars())


def books(engine: Engine) -> Iterator[Book]:
    """Yield every register."""
    with reading(engine) as connection:
        for row in connection.execute(select(register_books)).all():
            numbers = connection.execute(
                select(register_entries.c.number)
                .where(
                    register_entries.c.agency == row.agency,
                    register_entries.c.book == row.book,
                    register_entries.c.year == row.year,
                )
                .order_by(register_entries.c.number)
            )
            yield Book(
                agency=row.agency,
                book=row.book,
                year=row.year,
                last=row.last,
                numbers=tuple(numbers.scalars()),
            )


def refill(engine: Engine, found: Iterator[Restored]) -> int:
    """Replace all records by `found` in one transaction; return how many there are."""
    with writing(engine) as connection:
        kept = _without_record(connection)
        remove_from_index(connection)
        for table in (
            register_entries,
            register_books,
            pages,
            derivatives,
            files,
            versions,
            records,
        ):
            connection.execute(delete(table))
        count = 0
        for restored in found:
            _restore(connection, restored)
            count += 1
        for row in kept:
            _keep(connection, row)
        return count


def _restore(connection: Connection, restored: Restored) -> None:
    draft = restored.draft
    seq = insert_record(connection, draft)
    brought: set[str] = set()
    for version in restored.versions:
        if version.number > 1:
            connection.execute(
                insert(versions).values(
                    record_seq=seq,
                    number=version.number,
                    created_at=version.created,
                    message=version.message,
                    actor=version.actor,
                )
            )
        new = [file for file in version.files if file.key not in brought]
        brought |= {file.key for file in new}
        waiting = [Waiting(file=file) for file in new]
        insert_files(connection, seq, version.number, draft.received, (waiting, ()))
    connection.execute(
        update(versions)
        .where(versions.c.record_seq == seq)
        .values(published_at=versions.c.created_at)
    )
    connection.execute(
        update(records).where(records.c.seq == seq).values(head=restored.versions[-1].number)
    )
    for made in restored.derivatives:
        connection.execute(
            insert(derivatives).values(
                record_seq=seq,
                key=made.key,
                role=made.role,
                sha256=made.sha256,
                size=made.size,
                media_type=made.media_type,
                created_at=made.created,
            )
        )
    if restored.register is not None:
        entry = restored.register
        _reach(connection, entry)
        connection.execute(
            insert(register_entries).values(
                agency=entry.agency,
                book=entry.book,
                year=entry.year,
                number=entry.number,
                state="issued",
                record_seq=seq,
                created_at=draft.received,
            )
        )


def _without_record(connection: Connection) -> list[dict[str, Any]]:
    """Return the numbers that no object knows of: reserved, void, and issued without a record.

    The objects say what was issued; what was promised or taken back stands in the ledger alone.
    """
    rows = connection.execute(
        select(register_entries).where(register_entries.c.record_seq.is_(None))
    )
    return [dict(row) for row in rows.mappings()]


def _keep(connection: Connection, row: dict[str, Any]) -> None:
    """Put such a number back, unless an object bears it: then it was issued after all."""
    entry = RegisterEntry(**{name: row[name] for name in ("agency", "book", "year", "number")})
    _reach(connection, entry)
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(make(register_entries).values(**row).on_conflict_do_nothing())


def _reach(connection: Connection, entry: RegisterEntry) -> None:
    """Have the counter stand at the number, or above."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    book = {"agency": entry.agency, "book": entry.book, "year": entry.year}
    statement = make(register_books).values(**book, last=entry.number)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["agency", "book", "year"],
            set_={"last": statement.excluded.last},
            where=register_books.c.last < statement.excluded.last,
        )
    )
