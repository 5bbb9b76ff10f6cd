"""Gathered revocation evidence in the database (`certs.cache.RevocationCache`).

Several servers and workers of one installation ask an authority once, not once each; a CRL fetched
for one document is there for the next, wherever that is verified.

1. Bytes, when they were fetched and when they end; who reads them checks them again. Nothing is
   returned that has ended.
2. At most `MAX_BYTES` in all and `MAX_ENTRY` each. What has ended goes first, then what was fetched
   longest ago, in the transaction that brings the new entry.
3. Two who fetched the same at once: the later one stays. An entry is never replaced by one that
   was fetched before it.
4. Losing an entry costs a request and nothing else, so a database that is busy or away never
   stops a verification: reading finds nothing, writing is given up.
"""

import hashlib
import logging

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    LargeBinary,
    Table,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.exc import IntegrityError

from archive.catalogue.database import reading, writing
from archive.catalogue.tables import UtcDateTime, metadata
from archive.errors import CatalogueUnavailableError
from certs.cache import CachedEvidence
from certs.model import Clock

MAX_BYTES = 256_000_000
"""A dozen of the largest lists that we accept, or some fifty thousand OCSP answers."""
MAX_ENTRY = 20_000_000
"""The largest CRL that is fetched (design.md §3)."""

revocation_evidence = Table(
    "revocation_evidence",
    metadata,
    Column("key", LargeBinary(32), primary_key=True),  # SHA-256: keys hold URLs of any length
    Column("fetched_at", UtcDateTime, nullable=False),
    Column("valid_until", UtcDateTime, nullable=False),
    Column("size", Integer, nullable=False),
    Column("der", LargeBinary, nullable=False),
    Index("ix_revocation_evidence_fetched_at", "fetched_at"),
    Index("ix_revocation_evidence_valid_until", "valid_until"),
)

_log = logging.getLogger(__name__)


class DatabaseRevocationCache:
    """Keeps evidence for all processes of an installation. Thread-safe."""

    def __init__(self, engine: Engine, clock: Clock, *, max_bytes: int = MAX_BYTES) -> None:
        self._engine = engine
        self._clock = clock
        self._max_bytes = max_bytes

    def get(self, key: str) -> CachedEvidence | None:
        """See `certs.cache.RevocationCache`."""
        table = revocation_evidence
        wanted = select(table.c.der, table.c.fetched_at, table.c.valid_until).where(
            table.c.key == _hashed(key), table.c.valid_until >= self._clock.now()
        )
        try:
            with reading(self._engine) as db:
                row = db.execute(wanted).one_or_none()
        except CatalogueUnavailableError as exc:
            _log.warning("kept evidence could not be read: %s", exc.en)
            return None
        if row is None:
            return None
        return CachedEvidence(
            der=bytes(row.der), fetched_at=row.fetched_at, valid_until=row.valid_until
        )

    def put(self, key: str, entry: CachedEvidence) -> None:
        """See `certs.cache.RevocationCache`."""
        if len(entry.der) > min(MAX_ENTRY, self._max_bytes):
            return
        table, hashed = revocation_evidence, _hashed(key)
        try:
            with writing(self._engine) as db:
                older = (table.c.key == hashed) & (table.c.fetched_at <= entry.fetched_at)
                db.execute(delete(table).where(older))
                db.execute(
                    insert(table).values(
                        key=hashed,
                        fetched_at=entry.fetched_at,
                        valid_until=entry.valid_until,
                        size=len(entry.der),
                        der=entry.der,
                    )
                )
                self._make_room(db, hashed)
        except IntegrityError:
            return  # rule 3: somebody else's is newer, or was a moment faster
        except CatalogueUnavailableError as exc:
            _log.warning("evidence could not be kept: %s", exc.en)

    def sweep(self) -> int:
        """Remove what has ended; return how many entries that were."""
        table = revocation_evidence
        with writing(self._engine) as db:
            ended = delete(table).where(table.c.valid_until < self._clock.now())
            return db.execute(ended).rowcount

    def _make_room(self, db: Connection, newest: bytes) -> None:
        table = revocation_evidence
        total = select(func.coalesce(func.sum(table.c.size), 0))
        if db.execute(total).scalar_one() <= self._max_bytes:
            return
        db.execute(delete(table).where(table.c.valid_until < self._clock.now()))
        excess = db.execute(total).scalar_one() - self._max_bytes
        oldest = (
            select(table.c.key, table.c.size)
            .where(table.c.key != newest)
            .order_by(table.c.fetched_at, table.c.key)
        )
        leaving = []
        for row in db.execute(oldest):
            if excess <= 0:
                break
            leaving.append(row.key)
            excess -= row.size
        for start in range(0, len(leaving), 500):  # below every database's limit of parameters
            db.execute(delete(table).where(table.c.key.in_(leaving[start : start + 500])))


def _hashed(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
