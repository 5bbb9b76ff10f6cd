"""The archive: records, their versions and files, registers, and what is searched."""

import sqlalchemy as sa
from alembic import op

from archive.catalogue.tables import Sequence, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "records",
        sa.Column("seq", Sequence, autoincrement=True, nullable=False),
        sa.Column("record_id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("original_name", sa.Text, nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.Column("head", sa.Integer, nullable=False),
        sa.Column("page_count", sa.Integer, nullable=False),
        sa.Column("integrity", sa.String(16)),
        sa.Column("indication", sa.String(16)),
        sa.Column("so_ky_hieu", sa.Text),
        sa.Column("ngay_ban_hanh", sa.Date),
        sa.Column("co_quan_ban_hanh", sa.Text),
        sa.Column("loai_van_ban", sa.Text),
        sa.Column("trich_yeu", sa.Text),
        sa.Column("nguoi_ky", sa.Text),
        sa.Column("sources", sa.JSON, nullable=False),
        sa.Column("number_key", sa.Text, nullable=False),
        sa.Column("agency_key", sa.Text, nullable=False),
        sa.Column("type_key", sa.Text, nullable=False),
        sa.Column("sort_date", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_records"),
        sa.UniqueConstraint("record_id", name="uq_records_record_id"),
        sa.UniqueConstraint("sha256", name="uq_records_sha256"),
        sa.CheckConstraint("kind IN ('incoming', 'outgoing')", name=op.f("ck_records_kind")),
    )
    op.create_index("ix_records_sort_date_seq", "records", ["sort_date", "seq"])
    op.create_index("ix_records_number_key", "records", ["number_key"])
    op.create_table(
        "versions",
        sa.Column("record_seq", Sequence, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("actor", sa.Text),
        sa.Column("published_at", UtcDateTime),
        sa.PrimaryKeyConstraint("record_seq", "number", name="pk_versions"),
        sa.ForeignKeyConstraint(["record_seq"], ["records.seq"], name="fk_versions_record_seq"),
    )
    op.create_index("ix_versions_published_at", "versions", ["published_at"])
    op.create_table(
        "files",
        sa.Column("record_seq", Sequence, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("path", sa.String(200), nullable=False),
        sa.Column("key", sa.String(512), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("sha512", sa.String(128), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("staged", sa.String(512)),
        sa.Column("pending", sa.LargeBinary),
        sa.Column("checked_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("record_seq", "version", "path", name="pk_files"),
        sa.ForeignKeyConstraint(
            ["record_seq", "version"],
            ["versions.record_seq", "versions.number"],
            name="fk_files_record_seq_version",
        ),
    )
    op.create_index("ix_files_checked_at", "files", ["checked_at"])
    op.create_table(
        "derivatives",
        sa.Column("record_seq", Sequence, nullable=False),
        sa.Column("key", sa.String(512), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("pending", sa.LargeBinary),
        sa.PrimaryKeyConstraint("record_seq", "key", name="pk_derivatives"),
        sa.ForeignKeyConstraint(["record_seq"], ["records.seq"], name="fk_derivatives_record_seq"),
    )
    op.create_table(
        "pages",
        sa.Column("record_seq", Sequence, nullable=False),
        sa.Column("page", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("record_seq", "page", name="pk_pages"),
        sa.ForeignKeyConstraint(["record_seq"], ["records.seq"], name="fk_pages_record_seq"),
    )
    op.create_table(
        "register_books",
        sa.Column("agency", sa.String(200), nullable=False),
        sa.Column("book", sa.String(64), nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("agency", "book", "year", name="pk_register_books"),
    )
    op.create_table(
        "register_entries",
        sa.Column("agency", sa.String(200), nullable=False),
        sa.Column("book", sa.String(64), nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("record_seq", Sequence),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("agency", "book", "year", "number", name="pk_register_entries"),
        sa.ForeignKeyConstraint(
            ["record_seq"], ["records.seq"], name="fk_register_entries_record_seq"
        ),
        sa.ForeignKeyConstraint(
            ["agency", "book", "year"],
            ["register_books.agency", "register_books.book", "register_books.year"],
            name="fk_register_entries_agency_book_year",
        ),
        sa.CheckConstraint(
            "state IN ('reserved', 'issued', 'void')", name=op.f("ck_register_entries_state")
        ),
        sa.CheckConstraint(
            "state <> 'void' OR reason IS NOT NULL",
            name=op.f("ck_register_entries_void_has_reason"),
        ),
    )
    op.create_index("ix_register_entries_record_seq", "register_entries", ["record_seq"])
    # The full-text index is each database's own: see archive/catalogue/searchindex.py.
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TABLE search_parts ("
            " record_seq bigint NOT NULL REFERENCES records (seq),"
            " part integer NOT NULL, terms tsvector NOT NULL, PRIMARY KEY (record_seq, part))"
        )
        # fastupdate off: a search never has to read through a list of what came in lately.
        op.execute(
            "CREATE INDEX ix_search_parts_terms ON search_parts"
            " USING gin (terms) WITH (fastupdate = off)"
        )
    else:
        op.execute(
            "CREATE VIRTUAL TABLE search_records USING fts5("
            "number, subject, agency, type, signer, marked, name, body, tokenize = 'ascii')"
        )


def downgrade() -> None:
    search = "search_parts" if op.get_bind().dialect.name == "postgresql" else "search_records"
    op.execute(f"DROP TABLE {search}")
    for table in (
        "register_entries",
        "register_books",
        "pages",
        "derivatives",
        "files",
        "versions",
        "records",
    ):
        op.drop_table(table)
