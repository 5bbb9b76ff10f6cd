"""The catalogue's rows, as the archive writes and reads them. Each method is one transaction."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, insert, null, select, update
from sqlalchemy.exc import IntegrityError

from archive.catalogue import search as finding
from archive.catalogue.database import reading, writing
from archive.catalogue.drafts import (
    Committed,
    Complete,
    Draft,
    Unpublished,
    Waiting,
    WaitingDerivative,
)
from archive.catalogue.numbers import issue_number, outgoing, take_number
from archive.catalogue.rows import (
    derivative_of,
    derivative_row,
    file_of,
    insert_files,
    insert_record,
    insert_text,
    known_record,
    record_of,
    row_of,
    versions_of,
)
from archive.catalogue.searchindex import add_to_index, indexed, remove_from_index
from archive.catalogue.tables import derivatives, files, pages, records, versions
from archive.layout import ObjectVersion
from archive.model import (
    Derivative,
    Record,
    RegisterEntry,
    SearchPage,
    SearchQuery,
    StoredFile,
)


class Catalogue:
    """Records in a database. Thread-safe; the engine is the caller's to dispose of."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def commit_record(
        self,
        draft: Draft,
        complete: Complete,
        *,
        agency: str,
        book: str | None,
        year: int,
        reserved: RegisterEntry | None = None,
    ) -> Committed:
        """Enter the record, its number, its files and its words: all of it or nothing.

        This is the moment from which the record exists. Bytes that are a record already make no
        second one: that record is the answer; so is the record that bears the `reserved` number,
        where it is issued already.

        Raises:
            NumberStateError: the `reserved` number is void, or unknown.

        """
        try:
            with writing(self.engine) as connection:
                if (known := known_record(connection, draft.sha256)) is not None:
                    return known
                if reserved is not None and (known := _bearer(connection, reserved)) is not None:
                    return known
                seq = insert_record(connection, draft)
                register = reserved
                if reserved is not None:
                    issue_number(connection, reserved, seq, draft.received)
                elif book is not None:
                    register = take_number(
                        connection,
                        agency=agency,
                        book=book,
                        year=year,
                        record_seq=seq,
                        now=draft.received,
                    )
                insert_files(connection, seq, 1, draft.received, complete(register))
                return Committed(record_id=draft.record_id, register=register, duplicate=False)
        except IntegrityError:
            # Somebody entered the same bytes since we looked (PostgreSQL lets both look).
            with reading(self.engine) as connection:
                if (known := known_record(connection, draft.sha256)) is not None:
                    return known
            raise

    def known(self, sha256: str) -> Committed | None:
        """Return the record that these bytes already are, if any."""
        with reading(self.engine) as connection:
            return known_record(connection, sha256)

    def unpublished(self) -> list[str]:
        """Return the ids of records whose object is not whole in the store yet, oldest first."""
        with reading(self.engine) as connection:
            statement = (
                select(records.c.record_id)
                .join(versions, versions.c.record_seq == records.c.seq)
                .where(versions.c.published_at.is_(None))
                .order_by(records.c.seq)
            )
            return list(connection.execute(statement).scalars())

    def to_publish(self, record_id: str) -> Unpublished | None:
        """Return what publishing takes, or `None` if the record is published."""
        with reading(self.engine) as connection:
            row = row_of(connection, record_id)
            state = versions_of(connection, row["seq"])
            published = connection.execute(
                select(versions.c.published_at)
                .where(versions.c.record_seq == row["seq"])
                .order_by(versions.c.number.desc())
                .limit(1)
            ).scalar_one()
            if published is not None:
                return None
            waiting = connection.execute(
                select(files).where(
                    files.c.record_seq == row["seq"],
                    files.c.staged.is_not(None) | files.c.pending.is_not(None),
                )
            ).mappings()
            made = connection.execute(
                select(derivatives).where(
                    derivatives.c.record_seq == row["seq"], derivatives.c.pending.is_not(None)
                )
            ).mappings()
            return Unpublished(
                record_id=record_id,
                versions=state,
                waiting=tuple(
                    Waiting(file=file_of(w), staged=w["staged"], pending=w["pending"])
                    for w in waiting
                ),
                derivatives=tuple(
                    WaitingDerivative(derivative=derivative_of(d), pending=d["pending"])
                    for d in made
                ),
            )

    def mark_published(self, record_id: str, now: datetime) -> None:
        """Note that the object is whole in the store; the bytes kept here meanwhile can go."""
        with writing(self.engine) as connection:
            seq = row_of(connection, record_id)["seq"]
            connection.execute(
                update(versions)
                .where(versions.c.record_seq == seq, versions.c.published_at.is_(None))
                .values(published_at=now)
            )
            connection.execute(
                update(files).where(files.c.record_seq == seq).values(staged=None, pending=null())
            )
            connection.execute(
                update(derivatives).where(derivatives.c.record_seq == seq).values(pending=null())
            )

    def staged(self) -> set[str]:
        """Return the staged keys that records still need."""
        with reading(self.engine) as connection:
            statement = select(files.c.staged).where(files.c.staged.is_not(None))
            return {staged for staged in connection.execute(statement).scalars() if staged}

    def record(self, record_id: str) -> Record:
        """Return one record.

        Raises:
            RecordNotFoundError: there is none.

        """
        with reading(self.engine) as connection:
            return record_of(connection, row_of(connection, record_id))

    def record_ids(self) -> list[str]:
        """Return all record ids in order of arrival."""
        with reading(self.engine) as connection:
            statement = select(records.c.record_id).order_by(records.c.seq)
            return list(connection.execute(statement).scalars())

    def object_versions(self, record_id: str) -> tuple[ObjectVersion, ...]:
        """Return the versions of a record as its inventory tells them."""
        with reading(self.engine) as connection:
            return versions_of(connection, row_of(connection, record_id)["seq"])

    def page_texts(self, record_id: str) -> tuple[str, ...]:
        """Return the text of page 1, 2, … as it is searched."""
        with reading(self.engine) as connection:
            seq = row_of(connection, record_id)["seq"]
            statement = select(pages.c.text).where(pages.c.record_seq == seq).order_by(pages.c.page)
            return tuple(connection.execute(statement).scalars())

    def add_derivative(
        self,
        record_id: str,
        made: Derivative,
        *,
        integrity: str | None = None,
        indication: str | None = None,
    ) -> None:
        """Enter something made from a record; what a new verdict says replaces the old one's."""
        with writing(self.engine) as connection:
            seq = row_of(connection, record_id)["seq"]
            connection.execute(insert(derivatives).values(derivative_row(seq, made, None)))
            if integrity is not None:
                connection.execute(
                    update(records)
                    .where(records.c.seq == seq)
                    .values(integrity=integrity, indication=indication)
                )

    def replace_text(self, record_id: str, made: Derivative, texts: Sequence[str]) -> None:
        """Enter a new text layer and search that one from now on."""
        with writing(self.engine) as connection:
            row = row_of(connection, record_id)
            seq = row["seq"]
            connection.execute(insert(derivatives).values(derivative_row(seq, made, None)))
            connection.execute(delete(pages).where(pages.c.record_seq == seq))
            connection.execute(
                update(records).where(records.c.seq == seq).values(page_count=len(texts))
            )
            remove_from_index(connection, seq)
            content = indexed(finding.metadata_of(row), row["original_name"], texts)
            insert_text(connection, seq, texts)
            add_to_index(connection, seq, content)

    def search(self, query: SearchQuery) -> SearchPage:
        """Return a page of hits; see `archive.catalogue.search`."""
        with reading(self.engine) as connection:
            return finding.search(connection, query)

    def files_due(self, before: datetime, limit: int) -> list[tuple[str, StoredFile]]:
        """Return published files not re-hashed since `before`, longest unchecked first."""
        with reading(self.engine) as connection:
            statement = (
                select(records.c.record_id, files)
                .join(records, records.c.seq == files.c.record_seq)
                .where(files.c.checked_at < before, files.c.staged.is_(None))
                .where(files.c.pending.is_(None))
                .order_by(files.c.checked_at, files.c.record_seq, files.c.path)
                .limit(limit)
            )
            rows = connection.execute(statement).mappings()
            return [(row["record_id"], file_of(row)) for row in rows]

    def mark_checked(self, keys: Sequence[str], now: datetime) -> None:
        """Note when files were last re-hashed."""
        with writing(self.engine) as connection:
            connection.execute(update(files).where(files.c.key.in_(keys)).values(checked_at=now))

    def all_derivatives(self) -> Iterator[tuple[str, Derivative]]:
        """Yield every derivative that is in the store, with its record's id."""
        with reading(self.engine) as connection:
            statement = (
                select(records.c.record_id, derivatives)
                .join(records, records.c.seq == derivatives.c.record_seq)
                .where(derivatives.c.pending.is_(None))
                .order_by(records.c.seq)
            )
            for row in connection.execute(statement).mappings().all():
                yield row["record_id"], derivative_of(row)


def _bearer(connection: Connection, reserved: RegisterEntry) -> Committed | None:
    """Return the record that the number is issued to, if it is; hold the number until the end."""
    number = outgoing(connection, reserved, hold=True)
    if number is None or number.record_id is None:
        return None
    return Committed(
        record_id=number.record_id,
        register=reserved,
        duplicate=True,
        sha256=row_of(connection, number.record_id)["sha256"],
    )
