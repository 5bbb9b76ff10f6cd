"""The catalogue's rows, as the archive writes and reads them. Each method is one transaction."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    RowMapping,
    delete,
    func,
    insert,
    null,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from archive.catalogue import search as finding
from archive.catalogue.database import reading, writing
from archive.catalogue.fold import key
from archive.catalogue.numbers import entry_of, take_number
from archive.catalogue.searchindex import add_to_index, indexed, remove_from_index
from archive.catalogue.tables import (
    derivatives,
    files,
    pages,
    records,
    versions,
)
from archive.errors import RecordNotFoundError
from archive.layout import ObjectVersion
from archive.model import (
    VIETNAM,
    Derivative,
    DocumentMetadata,
    Record,
    RecordKind,
    RegisterEntry,
    SearchPage,
    SearchQuery,
    StoredFile,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A record that is about to be one."""

    record_id: str
    kind: RecordKind
    sha256: str
    size: int
    original_name: str
    media_type: str
    received: datetime
    metadata: DocumentMetadata
    page_texts: tuple[str, ...]
    integrity: str | None
    indication: str | None
    message: str
    actor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A file of a record whose bytes are not at their key yet, but at `staged` or here."""

    file: StoredFile
    staged: str | None = None
    pending: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingDerivative:
    """A derivative whose bytes are not at their key yet."""

    derivative: Derivative
    pending: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpublished:
    """All that publishing a record's newest version takes."""

    record_id: str
    versions: tuple[ObjectVersion, ...]
    waiting: tuple[Waiting, ...]
    derivatives: tuple[WaitingDerivative, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """How a commit came out."""

    record_id: str
    register: RegisterEntry | None
    duplicate: bool


Complete = Callable[[RegisterEntry | None], tuple[Sequence[Waiting], Sequence[WaitingDerivative]]]
"""Given the number, what belongs to the record: the metadata file holds the number too."""


class Catalogue:
    """Records in a database. Thread-safe; the engine is the caller's to dispose of."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def commit_record(
        self, draft: Draft, complete: Complete, *, agency: str, book: str | None, year: int
    ) -> Committed:
        """Enter the record, its number, its files and its words: all of it or nothing.

        This is the moment from which the record exists. Bytes that are a record already make no
        second one: that record is the answer.
        """
        try:
            with writing(self.engine) as connection:
                if (known := _known(connection, draft.sha256)) is not None:
                    return known
                seq = insert_record(connection, draft)
                register = (
                    take_number(
                        connection,
                        agency=agency,
                        book=book,
                        year=year,
                        record_seq=seq,
                        now=draft.received,
                    )
                    if book is not None
                    else None
                )
                insert_files(connection, seq, 1, draft.received, complete(register))
                return Committed(record_id=draft.record_id, register=register, duplicate=False)
        except IntegrityError:
            # Somebody entered the same bytes since we looked (PostgreSQL lets both look).
            with reading(self.engine) as connection:
                if (known := _known(connection, draft.sha256)) is not None:
                    return known
            raise

    def known(self, sha256: str) -> Committed | None:
        """Return the record that these bytes already are, if any."""
        with reading(self.engine) as connection:
            return _known(connection, sha256)

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
            row = _row(connection, record_id)
            state = _versions(connection, row["seq"])
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
                    Waiting(file=_file(w), staged=w["staged"], pending=w["pending"])
                    for w in waiting
                ),
                derivatives=tuple(
                    WaitingDerivative(derivative=_derivative(d), pending=d["pending"]) for d in made
                ),
            )

    def mark_published(self, record_id: str, now: datetime) -> None:
        """Note that the object is whole in the store; the bytes kept here meanwhile can go."""
        with writing(self.engine) as connection:
            seq = _row(connection, record_id)["seq"]
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
            return _record(connection, _row(connection, record_id))

    def record_ids(self) -> list[str]:
        """Return all record ids in order of arrival."""
        with reading(self.engine) as connection:
            statement = select(records.c.record_id).order_by(records.c.seq)
            return list(connection.execute(statement).scalars())

    def object_versions(self, record_id: str) -> tuple[ObjectVersion, ...]:
        """Return the versions of a record as its inventory tells them."""
        with reading(self.engine) as connection:
            return _versions(connection, _row(connection, record_id)["seq"])

    def page_texts(self, record_id: str) -> tuple[str, ...]:
        """Return the text of page 1, 2, … as it is searched."""
        with reading(self.engine) as connection:
            seq = _row(connection, record_id)["seq"]
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
            seq = _row(connection, record_id)["seq"]
            connection.execute(insert(derivatives).values(_derivative_row(seq, made, None)))
            if integrity is not None:
                connection.execute(
                    update(records)
                    .where(records.c.seq == seq)
                    .values(integrity=integrity, indication=indication)
                )

    def replace_text(self, record_id: str, made: Derivative, texts: Sequence[str]) -> None:
        """Enter a new text layer and search that one from now on."""
        with writing(self.engine) as connection:
            row = _row(connection, record_id)
            seq = row["seq"]
            connection.execute(insert(derivatives).values(_derivative_row(seq, made, None)))
            connection.execute(delete(pages).where(pages.c.record_seq == seq))
            connection.execute(
                update(records).where(records.c.seq == seq).values(page_count=len(texts))
            )
            remove_from_index(connection, seq)
            content = indexed(finding.metadata_of(row), row["original_name"], texts)
            _insert_text(connection, seq, texts)
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
            return [(row["record_id"], _file(row)) for row in rows]

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
                yield row["record_id"], _derivative(row)


def _known(connection: Connection, sha256: str) -> Committed | None:
    row = connection.execute(
        select(records.c.record_id, records.c.seq).where(records.c.sha256 == sha256)
    ).one_or_none()
    if row is None:
        return None
    return Committed(
        record_id=row.record_id, register=entry_of(connection, row.seq), duplicate=True
    )


def insert_record(connection: Connection, draft: Draft) -> int:
    """Insert a record with its text, its words and its version 1; return its row number."""
    said = draft.metadata
    seq: int = connection.execute(
        insert(records)
        .values(
            record_id=draft.record_id,
            kind=draft.kind.value,
            sha256=draft.sha256,
            size=draft.size,
            original_name=draft.original_name,
            media_type=draft.media_type,
            received_at=draft.received,
            head=1,
            page_count=len(draft.page_texts),
            integrity=draft.integrity,
            indication=draft.indication,
            so_ky_hieu=said.so_ky_hieu,
            ngay_ban_hanh=said.ngay_ban_hanh,
            co_quan_ban_hanh=said.co_quan_ban_hanh,
            loai_van_ban=said.loai_van_ban,
            trich_yeu=said.trich_yeu,
            nguoi_ky=said.nguoi_ky,
            sources=dict(said.sources),
            number_key=key(said.so_ky_hieu),
            agency_key=key(said.co_quan_ban_hanh),
            type_key=key(said.loai_van_ban),
            sort_date=said.ngay_ban_hanh or draft.received.astimezone(VIETNAM).date(),
        )
        .returning(records.c.seq)
    ).scalar_one()
    _insert_text(connection, seq, draft.page_texts)
    add_to_index(connection, seq, indexed(said, draft.original_name, draft.page_texts))
    connection.execute(
        insert(versions).values(
            record_seq=seq,
            number=1,
            created_at=draft.received,
            message=draft.message,
            actor=draft.actor,
        )
    )
    return seq


def _insert_text(connection: Connection, seq: int, texts: Sequence[str]) -> None:
    rows = [
        {"record_seq": seq, "page": page, "text": text} for page, text in enumerate(texts, start=1)
    ]
    if rows:
        connection.execute(insert(pages), rows)


def insert_files(
    connection: Connection,
    seq: int,
    version: int,
    now: datetime,
    contents: tuple[Sequence[Waiting], Sequence[WaitingDerivative]],
) -> None:
    """Insert the files that `version` brings."""
    waiting, made = contents
    rows = [
        {
            "record_seq": seq,
            "version": version,
            "path": one.file.path,
            "key": one.file.key,
            "sha256": one.file.sha256,
            "sha512": one.file.sha512,
            "size": one.file.size,
            "staged": one.staged,
            "pending": one.pending,
            "checked_at": now,
        }
        for one in waiting
    ]
    if rows:
        connection.execute(insert(files), rows)
    if made:
        connection.execute(
            insert(derivatives), [_derivative_row(seq, d.derivative, d.pending) for d in made]
        )


def _derivative_row(seq: int, made: Derivative, pending: bytes | None) -> dict[str, Any]:
    return {
        "record_seq": seq,
        "key": made.key,
        "role": made.role,
        "sha256": made.sha256,
        "size": made.size,
        "media_type": made.media_type,
        "created_at": made.created,
        "pending": pending,
    }


def _row(connection: Connection, record_id: str) -> RowMapping:
    row = (
        connection.execute(select(records).where(records.c.record_id == record_id))
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise RecordNotFoundError(record_id)
    return row


def _file(row: RowMapping) -> StoredFile:
    return StoredFile(
        path=row["path"],
        key=row["key"],
        sha256=row["sha256"],
        sha512=row["sha512"],
        size=row["size"],
    )


def _derivative(row: RowMapping) -> Derivative:
    return Derivative(
        role=row["role"],
        key=row["key"],
        sha256=row["sha256"],
        size=row["size"],
        media_type=row["media_type"],
        created=row["created_at"],
    )


def _versions(connection: Connection, seq: int) -> tuple[ObjectVersion, ...]:
    """Return the versions in order; a later one has the files of those before, unless replaced."""
    by_path: dict[str, StoredFile] = {}
    found = []
    rows = connection.execute(
        select(versions).where(versions.c.record_seq == seq).order_by(versions.c.number)
    ).mappings()
    for row in rows.all():
        brought = connection.execute(
            select(files)
            .where(files.c.record_seq == seq, files.c.version == row["number"])
            .order_by(files.c.path)
        ).mappings()
        by_path |= {one["path"]: _file(one) for one in brought}
        found.append(
            ObjectVersion(
                number=row["number"],
                created=row["created_at"],
                message=row["message"],
                actor=row["actor"],
                files=tuple(by_path[path] for path in sorted(by_path)),
            )
        )
    return tuple(found)


def _record(connection: Connection, row: RowMapping) -> Record:
    state = _versions(connection, row["seq"])
    unpublished = connection.execute(
        select(func.count())
        .select_from(versions)
        .where(versions.c.record_seq == row["seq"], versions.c.published_at.is_(None))
    ).scalar_one()
    made = connection.execute(
        select(derivatives)
        .where(derivatives.c.record_seq == row["seq"])
        .order_by(derivatives.c.role, derivatives.c.key)
    ).mappings()
    return Record(
        record_id=row["record_id"],
        kind=RecordKind(row["kind"]),
        original_name=row["original_name"],
        media_type=row["media_type"],
        sha256=row["sha256"],
        size=row["size"],
        received=row["received_at"],
        metadata=finding.metadata_of(row),
        register=entry_of(connection, row["seq"]),
        integrity=row["integrity"],
        indication=row["indication"],
        version=row["head"],
        published=unpublished == 0,
        page_count=row["page_count"],
        files=state[-1].files,
        derivatives=tuple(_derivative(d) for d in made),
    )
