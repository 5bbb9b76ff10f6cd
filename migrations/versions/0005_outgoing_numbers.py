"""Numbers of outgoing documents: reserved for signed bytes, with the date for the paper."""

import sqlalchemy as sa
from alembic import op

from archive.catalogue.tables import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INDEX = "uq_register_entries_agency_document_sha256"


def upgrade() -> None:
    op.add_column("register_entries", sa.Column("document_sha256", sa.String(64)))
    op.add_column("register_entries", sa.Column("issue_date", sa.Date))
    op.add_column("register_entries", sa.Column("closed_at", UtcDateTime))
    op.create_index(
        INDEX,
        "register_entries",
        ["agency", "document_sha256"],
        unique=True,
        sqlite_where=sa.text("state <> 'void'"),
        postgresql_where=sa.text("state <> 'void'"),
    )


def downgrade() -> None:
    op.drop_index(INDEX, "register_entries")
    with op.batch_alter_table("register_entries") as table:
        table.drop_column("closed_at")
        table.drop_column("issue_date")
        table.drop_column("document_sha256")
