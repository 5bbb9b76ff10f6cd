"""Work under way, as rows: what was about to be signed, and which requests were answered.

Intents
 1. An intent is committed before its key is touched, and gets its outcome afterwards (design.md
    D12). One without an outcome means that we stopped in between: `interrupted` closes it, and the
    history shows that a signature may exist that nobody was handed.
 2. An intent is never deleted and never changed after its outcome.

Idempotency keys (ASVS 2.3.3; draft-ietf-httpapi-idempotency-key-header)
 3. A key belongs to one caller and one request; the fingerprint of the request is kept with it.
 4. Whoever inserts the row does the work. Everybody else is told to wait, gets the stored answer,
    or is refused because the request is another one.
 5. Work that failed takes its row away: nothing happened, so the same request may be tried again.
 6. A row that runs for longer than `STALE` was left by a crash; the next caller takes it over.
"""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    Engine,
    Index,
    Integer,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from archive.catalogue.database import writing
from archive.catalogue.tables import UtcDateTime, metadata
from certs.model import Clock
from office.errors import RequestChangedError, RequestRunningError

STALE = timedelta(minutes=15)
"""Longer than the slowest signing: two time-stamps and their retries take less than a minute."""
KEPT = timedelta(hours=24)
"""How long an answer is kept for whoever asks again."""

signing_intents = Table(
    "signing_intents",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("identity_id", String(64), nullable=False),
    Column("document_name", String(1000), nullable=False),
    Column("document_sha256", String(64), nullable=False),
    Column("level", String(16), nullable=False),
    Column("finished_at", UtcDateTime, nullable=True),
    # signed, failed, interrupted; NULL while under way.
    Column("outcome", String(16), nullable=True),
    Column("result_sha256", String(64), nullable=True),
    Column("error_code", String(64), nullable=True),
    Index("signing_intents_open", "outcome", "created_at"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("caller", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("state", String(8), nullable=False),
    Column("owner", String(32), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("status", Integer, nullable=True),
    Column("response", Text, nullable=True),
    Index("idempotency_keys_started", "started_at"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is about to be signed, by whom, with which key."""

    actor: str
    identity_id: str
    document_name: str
    document_sha256: str
    level: str


class SigningIntents:
    """The intents of rules 1 and 2. Thread-safe."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def begin(self, intent: Intent) -> str:
        """Commit the intent; return its id. Only then may the key be touched."""
        intent_id = secrets.token_hex(16)
        with writing(self._engine) as db:
            db.execute(
                insert(signing_intents).values(
                    id=intent_id,
                    created_at=self._clock.now(),
                    actor=intent.actor,
                    identity_id=intent.identity_id,
                    document_name=intent.document_name[:1000],
                    document_sha256=intent.document_sha256,
                    level=intent.level,
                )
            )
        return intent_id

    def signed(self, intent_id: str, result_sha256: str) -> None:
        """Record that it was signed."""
        self._close(intent_id, "signed", result_sha256=result_sha256)

    def failed(self, intent_id: str, error_code: str) -> None:
        """Record that nothing was handed out."""
        self._close(intent_id, "failed", error_code=error_code)

    def interrupted(self) -> int:
        """Close what a crash left open (rule 1); return how many there were."""
        with writing(self._engine) as db:
            result = db.execute(
                update(signing_intents)
                .where(
                    signing_intents.c.outcome.is_(None),
                    signing_intents.c.created_at < self._clock.now() - STALE,
                )
                .values(outcome="interrupted", finished_at=self._clock.now())
            )
        return result.rowcount

    def _close(self, intent_id: str, outcome: str, **values: str) -> None:
        with writing(self._engine) as db:
            db.execute(
                update(signing_intents)
                .where(signing_intents.c.id == intent_id, signing_intents.c.outcome.is_(None))
                .values(outcome=outcome, finished_at=self._clock.now(), **values)
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The answer that was given to the same request before."""

    status: int
    response: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right, and the duty, to do the work of one request."""

    caller: str
    key: str
    owner: str


class IdempotencyKeys:
    """The keys of rules 3 to 6. Thread-safe, and across processes."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def claim(self, caller: str, key: str, fingerprint: str) -> Claim | Answered:
        """Claim the work, or return the answer that it had.

        Raises:
            RequestChangedError: the key belongs to another request of this caller.
            RequestRunningError: somebody is at it.

        """
        claim = Claim(caller=caller, key=key, owner=secrets.token_hex(16))
        try:
            with writing(self._engine) as db:
                db.execute(
                    insert(idempotency_keys).values(
                        caller=caller,
                        key=key,
                        fingerprint=fingerprint,
                        state="running",
                        owner=claim.owner,
                        started_at=self._clock.now(),
                    )
                )
        except IntegrityError:
            return self._met(claim, fingerprint)
        return claim

    def _met(self, claim: Claim, fingerprint: str) -> Claim | Answered:
        table = idempotency_keys
        mine = (table.c.caller == claim.caller) & (table.c.key == claim.key)
        now = self._clock.now()
        with writing(self._engine) as db:
            row = db.execute(select(table).where(mine)).one_or_none()
            if row is None:
                raise RequestRunningError  # it failed and was taken away this instant: ask again
            if row.fingerprint != fingerprint:
                raise RequestChangedError
            if row.state == "done":
                return Answered(status=row.status, response=json.loads(row.response))
            if row.started_at > now - STALE:
                raise RequestRunningError
            taken = db.execute(
                update(table)
                .where(mine, table.c.owner == row.owner, table.c.state == "running")
                .values(owner=claim.owner, started_at=now)
            )
            if taken.rowcount != 1:
                raise RequestRunningError
        return claim

    def done(self, claim: Claim, status: int, response: dict[str, Any]) -> None:
        """Keep the answer for whoever asks again."""
        self._write(claim, state="done", status=status, response=json.dumps(response))

    def withdraw(self, claim: Claim) -> None:
        """Take the row away: nothing happened (rule 5)."""
        table = idempotency_keys
        with writing(self._engine) as db:
            db.execute(
                delete(table).where(
                    table.c.caller == claim.caller,
                    table.c.key == claim.key,
                    table.c.owner == claim.owner,
                    table.c.state == "running",
                )
            )

    def sweep(self) -> int:
        """Forget answers older than `KEPT`; return how many."""
        return self._forget(self._clock.now() - KEPT)

    def _forget(self, before: datetime) -> int:
        with writing(self._engine) as db:
            result = db.execute(
                delete(idempotency_keys).where(idempotency_keys.c.started_at < before)
            )
        return result.rowcount

    def _write(self, claim: Claim, **values: Any) -> None:
        table = idempotency_keys
        with writing(self._engine) as db:
            db.execute(
                update(table)
                .where(
                    table.c.caller == claim.caller,
                    table.c.key == claim.key,
                    table.c.owner == claim.owner,
                )
                .values(**values)
            )
