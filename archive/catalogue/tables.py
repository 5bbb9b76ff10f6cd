"""The one schema. `office.tables` adds its own tables to this `metadata`.

The full-text tables (`search_…`) are not here: they exist in one of the two dialects only, and
`archive.catalogue.search` and the migrations know them.
"""

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    text,
)

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: timezone-aware in Python, UTC in every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time; SQLite keeps no offset, so the offset is taken off there."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Give the offset back."""
        del dialect
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


Sequence: Final = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts rows only in a column whose type is the word INTEGER."""

records = Table(
    "records",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("record_id", String(32), nullable=False, unique=True),
    Column("kind", String(8), nullable=False),
    # The same bytes are the same record: this constraint is what makes a duplicate impossible.
    Column("sha256", String(64), nullable=False, unique=True),
    Column("size", BigInteger, nullable=False),
    Column("original_name", Text, nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("head", Integer, nullable=False),
    Column("page_count", Integer, nullable=False),
    Column("integrity", String(16)),
    Column("indication", String(16)),
    Column("so_ky_hieu", Text),
    Column("ngay_ban_hanh", Date),
    Column("co_quan_ban_hanh", Text),
    Column("loai_van_ban", Text),
    Column("trich_yeu", Text),
    Column("nguoi_ky", Text),
    Column("sources", JSON, nullable=False),
    # Folded for equality and for filters; the spaces at both ends make words whole.
    Column("number_key", Text, nullable=False),
    Column("agency_key", Text, nullable=False),
    Column("type_key", Text, nullable=False),
    Column("sort_date", Date, nullable=False),
    Index("ix_records_sort_date_seq", "sort_date", "seq"),
    Index("ix_records_number_key", "number_key"),
    CheckConstraint("kind IN ('incoming', 'outgoing')", name="kind"),
)

versions = Table(
    "versions",
    metadata,
    Column("record_seq", Sequence, ForeignKey(records.c.seq), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("message", Text, nullable=False),
    Column("actor", Text),
    # NULL until the object store holds the whole object, inventory included: what recovery does.
    Column("published_at", UtcDateTime),
    Index("ix_versions_published_at", "published_at"),
)

files = Table(
    "files",
    metadata,
    Column("record_seq", Sequence, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("path", String(200), primary_key=True),
    Column("key", String(512), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("sha512", String(128), nullable=False),
    Column("size", BigInteger, nullable=False),
    # Until published, the bytes are at `staged` in the object store, or here in `pending`.
    Column("staged", String(512)),
    Column("pending", LargeBinary),
    Column("checked_at", UtcDateTime, nullable=False),
    ForeignKeyConstraint(["record_seq", "version"], [versions.c.record_seq, versions.c.number]),
    Index("ix_files_checked_at", "checked_at"),
)

derivatives = Table(
    "derivatives",
    metadata,
    Column("record_seq", Sequence, ForeignKey(records.c.seq), primary_key=True),
    Column("key", String(512), primary_key=True),
    Column("role", String(32), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("pending", LargeBinary),
)

pages = Table(
    "pages",
    metadata,
    Column("record_seq", Sequence, ForeignKey(records.c.seq), primary_key=True),
    Column("page", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
)

register_books = Table(
    "register_books",
    metadata,
    Column("agency", String(200), primary_key=True),
    Column("book", String(64), primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
)

register_entries = Table(
    "register_entries",
    metadata,
    Column("agency", String(200), primary_key=True),
    Column("book", String(64), primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", String(8), nullable=False),
    Column("reason", Text),
    Column("record_seq", Sequence, ForeignKey(records.c.seq)),
    Column("created_at", UtcDateTime, nullable=False),
    # Of an outgoing document: the signed bytes that the number was reserved for, and the date that
    # goes onto the paper with it.
    Column("document_sha256", String(64)),
    Column("issue_date", Date),
    # When the state last changed.
    Column("closed_at", UtcDateTime),
    Index("ix_register_entries_record_seq", "record_seq"),
    # One document has one number: this is what makes a second one impossible, whoever asks.
    Index(
        "uq_register_entries_agency_document_sha256",
        "agency",
        "document_sha256",
        unique=True,
        sqlite_where=text("state <> 'void'"),
        postgresql_where=text("state <> 'void'"),
    ),
    ForeignKeyConstraint(
        ["agency", "book", "year"],
        [register_books.c.agency, register_books.c.book, register_books.c.year],
    ),
    CheckConstraint("state IN ('reserved', 'issued', 'void')", name="state"),
    CheckConstraint("state <> 'void' OR reason IS NOT NULL", name="void_has_reason"),
)
