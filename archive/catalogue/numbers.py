"""The counters and the ledger of the registers; the rules stand in `archive.register`."""

from datetime import datetime

from sqlalchemy import Connection, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from archive.catalogue.tables import register_books, register_entries
from archive.model import RegisterEntry


def take_number(
    connection: Connection,
    *,
    agency: str,
    book: str,
    year: int,
    record_seq: int | None,
    now: datetime,
) -> RegisterEntry:
    """Return the next number of the book, entered in the ledger for `record_seq`.

    Both rows are part of the caller's transaction (rule 2); the counter row stays locked until its
    end (rule 3).
    """
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    number = connection.execute(
        make(register_books)
        .values(agency=agency, book=book, year=year, last=1)
        .on_conflict_do_update(
            index_elements=["agency", "book", "year"], set_={"last": register_books.c.last + 1}
        )
        .returning(register_books.c.last)
    ).scalar_one()
    connection.execute(
        insert(register_entries).values(
            agency=agency,
            book=book,
            year=year,
            number=number,
            state="issued",
            record_seq=record_seq,
            created_at=now,
        )
    )
    return RegisterEntry(agency=agency, book=book, year=year, number=number)


def entry_of(connection: Connection, record_seq: int) -> RegisterEntry | None:
    """Return the number that the record bears, if any."""
    row = connection.execute(
        select(
            register_entries.c.agency,
            register_entries.c.book,
            register_entries.c.year,
            register_entries.c.number,
        )
        .where(register_entries.c.record_seq == record_seq, register_entries.c.state == "issued")
        .limit(1)
    ).one_or_none()
    return RegisterEntry(**row._mapping) if row is not None else None  # noqa: SLF001 - SQLAlchemy's public name for it
