"""Rows into values and values into rows; the transactions are `archive.catalogue.repository`'s."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select

from archive.catalogue.drafts import Committed, Draft, Waiting, WaitingDerivative
from archive.catalogue.fold import key
from archive.catalogue.numbers import entry_of
from archive.catalogue.search import metadata_of
from archive.catalogue.searchindex import add_to_index, indexed
from archive.catalogue.tables import derivatives, files, pages, records, versions
from archive.errors import RecordNotFoundError
from archive.layout import ObjectVersion
from archive.model import VIETNAM, Derivative, Record, RecordKind, StoredFile


def known_record(connection: Connection, sha256: str) -> Committed | None:
    """Return the record that these bytes already are, if any."""
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
    insert_text(connection, seq, draft.page_texts)
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


def insert_text(connection: Connection, seq: int, texts: Sequence[str]) -> None:
    """Insert the text of page 1, 2, …."""
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
            insert(derivatives), [derivative_row(seq, d.derivative, d.pending) for d in made]
        )


def derivative_row(seq: int, made: Derivative, pending: bytes | None) -> dict[str, Any]:
    """Return the row of a derivative; `pending` are its bytes until they are in the store."""
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


def row_of(connection: Connection, record_id: str) -> RowMapping:
    """Return the row of a record, or raise `RecordNotFoundError`."""
    row = (
        connection.execute(select(records).where(records.c.record_id == record_id))
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise RecordNotFoundError(record_id)
    return row


def file_of(row: RowMapping) -> StoredFile:
    """Return the file of a row."""
    return StoredFile(
        path=row["path"],
        key=row["key"],
        sha256=row["sha256"],
        sha512=row["sha512"],
        size=row["size"],
    )


def derivative_of(row: RowMapping) -> Derivative:
    """Return the derivative of a row."""
    return Derivative(
        role=row["role"],
        key=row["key"],
        sha256=row["sha256"],
        size=row["size"],
        media_type=row["media_type"],
        created=row["created_at"],
    )


def versions_of(connection: Connection, seq: int) -> tuple[ObjectVersion, ...]:
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
        by_path |= {one["path"]: file_of(one) for one in brought}
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


def record_of(connection: Connection, row: RowMapping) -> Record:
    """Return the record of a row."""
    state = versions_of(connection, row["seq"])
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
        metadata=metadata_of(row),
        register=entry_of(connection, row["seq"]),
        integrity=row["integrity"],
        indication=row["indication"],
        version=row["head"],
        published=unpublished == 0,
        page_count=row["page_count"],
        files=state[-1].files,
        derivatives=tuple(derivative_of(d) for d in made),
    )
