"""The counters and the ledger of the registers; the rules stand in `archive.register`."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from archive.catalogue.tables import records, register_books, register_entries
from archive.errors import NumberStateError
from archive.model import NumberState, OutgoingNumber, RegisterEntry


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
    entry = _next(connection, agency=agency, book=book, year=year)
    connection.execute(
        insert(register_entries).values(
            **_key(entry), state=NumberState.ISSUED.value, record_seq=record_seq, created_at=now
        )
    )
    return entry


def reserve_number(
    connection: Connection,
    *,
    agency: str,
    book: str,
    year: int,
    document_sha256: str,
    issue_date: date,
    now: datetime,
) -> OutgoingNumber:
    """Return the number that the document has, or the next of the book, reserved for it (rule 6).

    Raises:
        IntegrityError: somebody reserved one for the same document at the same time; ask again.

    """
    known = _of_document(connection, agency, document_sha256)
    if known is not None:
        return known
    entry = _next(connection, agency=agency, book=book, year=year)
    connection.execute(
        insert(register_entries).values(
            **_key(entry),
            state=NumberState.RESERVED.value,
            created_at=now,
            document_sha256=document_sha256,
            issue_date=issue_date,
        )
    )
    return OutgoingNumber(
        entry=entry,
        state=NumberState.RESERVED,
        document_sha256=document_sha256,
        issue_date=issue_date,
        created=now,
    )


def issue_number(
    connection: Connection, entry: RegisterEntry, record_seq: int, now: datetime
) -> None:
    """Mark a reserved number as issued, borne by the record (rule 7).

    Raises:
        NumberStateError: it is not reserved.

    """
    _change(
        connection,
        entry,
        state=NumberState.ISSUED.value,
        record_seq=record_seq,
        closed_at=now,
    )


def void_number(connection: Connection, entry: RegisterEntry, reason: str, now: datetime) -> None:
    """Void a reserved number (rule 8).

    Raises:
        NumberStateError: it is not reserved.

    """
    _change(connection, entry, state=NumberState.VOID.value, reason=reason, closed_at=now)


def outgoing(
    connection: Connection, entry: RegisterEntry, *, hold: bool = False
) -> OutgoingNumber | None:
    """Return what the ledger says of the number, or `None` where no document goes out with it.

    With `hold` nobody else changes it until the end of the transaction.
    """
    if hold:
        connection.execute(select(register_entries.c.state).where(_is(entry)).with_for_update())
    return _one(connection, _is(entry))


def reserved_numbers(connection: Connection, agency: str) -> list[OutgoingNumber]:
    """Return the numbers whose documents are not issued yet, oldest first."""
    rows = connection.execute(
        _ledger()
        .where(
            register_entries.c.agency == agency,
            register_entries.c.state == NumberState.RESERVED.value,
        )
        .order_by(register_entries.c.created_at, register_entries.c.number)
    )
    return [_number_of(row) for row in rows]


def _next(connection: Connection, *, agency: str, book: str, year: int) -> RegisterEntry:
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    number = connection.execute(
        make(register_books)
        .values(agency=agency, book=book, year=year, last=1)
        .on_conflict_do_update(
            index_elements=["agency", "book", "year"], set_={"last": register_books.c.last + 1}
        )
        .returning(register_books.c.last)
    ).scalar_one()
    return RegisterEntry(agency=agency, book=book, year=year, number=number)


def _key(entry: RegisterEntry) -> dict[str, str | int]:
    return {
        "agency": entry.agency,
        "book": entry.book,
        "year": entry.year,
        "number": entry.number,
    }


def _is(entry: RegisterEntry) -> ColumnElement[bool]:
    return and_(*(register_entries.c[name] == value for name, value in _key(entry).items()))


def _of_document(
    connection: Connection, agency: str, document_sha256: str
) -> OutgoingNumber | None:
    return _one(
        connection,
        and_(
            register_entries.c.agency == agency,
            register_entries.c.document_sha256 == document_sha256,
            register_entries.c.state != NumberState.VOID.value,
        ),
    )


def _one(connection: Connection, condition: ColumnElement[bool]) -> OutgoingNumber | None:
    row = connection.execute(
        _ledger().where(condition, register_entries.c.document_sha256.is_not(None))
    ).one_or_none()
    return None if row is None else _number_of(row)


def _ledger() -> Select[Any]:
    return select(register_entries, records.c.record_id).outerjoin(
        records, records.c.seq == register_entries.c.record_seq
    )


def _number_of(row: Row[Any]) -> OutgoingNumber:
    return OutgoingNumber(
        entry=RegisterEntry(agency=row.agency, book=row.book, year=row.year, number=row.number),
        state=NumberState(row.state),
        document_sha256=row.document_sha256,
        issue_date=row.issue_date,
        created=row.created_at,
        record_id=row.record_id,
        reason=row.reason,
    )


def _change(connection: Connection, entry: RegisterEntry, **values: Any) -> None:
    # The condition on the state is what makes two who ask at once one who gets it.
    changed = connection.execute(
        update(register_entries)
        .where(_is(entry), register_entries.c.state == NumberState.RESERVED.value)
        .values(**values)
    )
    if changed.rowcount == 1:
        return
    told = f"{entry.number}/{entry.year} ({entry.book})"
    row = connection.execute(select(register_entries.c.state).where(_is(entry))).one_or_none()
    raise NumberStateError(told, *_STATES[row.state if row is not None else None])


_STATES: dict[str | None, tuple[str, str]] = {
    None: ("không có trong sổ", "is not in the register"),
    NumberState.ISSUED.value: (
        "đã được phát hành cùng một văn bản khác hoặc đã phát hành xong",
        "is issued already",
    ),
    NumberState.VOID.value: ("đã bị hủy", "is void"),
}


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
