"""Work under way: signing intents and idempotency keys."""

import sqlalchemy as sa
from alembic import op

from archive.catalogue.tables import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "signing_intents",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("identity_id", sa.String(64), nullable=False),
        sa.Column("document_name", sa.String(1000), nullable=False),
        sa.Column("document_sha256", sa.String(64), nullable=False),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("finished_at", UtcDateTime),
        sa.Column("outcome", sa.String(16)),
        sa.Column("result_sha256", sa.String(64)),
        sa.Column("error_code", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_signing_intents"),
    )
    op.create_index("signing_intents_open", "signing_intents", ["outcome", "created_at"])
    op.create_table(
        "idempotency_keys",
        sa.Column("caller", sa.String(64), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("owner", sa.String(32), nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("response", sa.Text),
        sa.PrimaryKeyConstraint("caller", "key", name="pk_idempotency_keys"),
    )
    op.create_index("idempotency_keys_started", "idempotency_keys", ["started_at"])


def downgrade() -> None:
    op.drop_table("idempotency_keys")
    op.drop_table("signing_intents")
