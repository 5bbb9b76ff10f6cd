"""Gathered revocation evidence, for all processes of an installation."""

import sqlalchemy as sa
from alembic import op

from archive.catalogue.tables import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "revocation_evidence",
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.Column("fetched_at", UtcDateTime, nullable=False),
        sa.Column("valid_until", UtcDateTime, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("der", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_revocation_evidence"),
    )
    op.create_index("ix_revocation_evidence_fetched_at", "revocation_evidence", ["fetched_at"])
    op.create_index("ix_revocation_evidence_valid_until", "revocation_evidence", ["valid_until"])


def downgrade() -> None:
    op.drop_table("revocation_evidence")
