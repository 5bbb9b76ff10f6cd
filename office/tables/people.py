"""Accounts, sessions and tokens, as rows.

Nothing here can be used by whoever reads the database: passwords are argon2id hashes, session and
API tokens are kept only as SHA-256 of 256 random bits (no salt needed: nothing to guess), and the
throttle counts hashes of account names, because people type passwords into the wrong box.
"""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
)

from archive.catalogue.tables import UtcDateTime, metadata

people = Table(
    "people",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account", String(64), nullable=False, unique=True),
    Column("full_name", String(200), nullable=False),
    Column("title", String(200), nullable=False),
    Column("agency", String(300), nullable=False),
    Column("password_hash", String(300), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

person_roles = Table(
    "person_roles",
    metadata,
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
    Column("role", String(16), primary_key=True),
)

person_identities = Table(
    "person_identities",
    metadata,
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
    # Identities live in the certs room, outside the database: the id is all that is known here.
    Column("identity_id", String(64), primary_key=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Index("ix_sessions_person_id", "person_id"),
    Index("ix_sessions_seen_at", "seen_at"),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(100), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Index("ix_api_tokens_person_id", "person_id"),
)

login_failures = Table(
    "login_failures",
    metadata,
    Column("attempt", LargeBinary(16), primary_key=True),
    Column("bucket", LargeBinary(32), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_login_failures_bucket_at", "bucket", "at"),
    Index("ix_login_failures_at", "at"),
)
