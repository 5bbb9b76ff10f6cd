"""Who works here, and who is at the desk right now.

Passwords and sessions
 1. Passwords are hashed with argon2id at OWASP's parameters (19 MiB, 2 passes, 1 lane). An unknown
    or closed account costs the same hash as a known one, so that time does not tell which exist.
 2. A session token is 256 random bits. The database keeps its SHA-256 only.
 3. A session ends after 30 minutes without a request, 12 hours after log-in, at log-out, when the
    password changes or the account is closed. Logging in always makes a new token and ends the one
    that the browser brought (no fixation). Roles are read with every request, never remembered.
 4. API tokens follow rule 2, carry their own expiry, and can be withdrawn one by one.

Guessing
 5. Failed log-ins are counted over 15 minutes: per account from one address, per account from
    anywhere, per address. Above the limit the password is not even looked at. The attempt is
    committed before it is counted and before the hash is computed, so that parallel guesses cannot
    outrun the count; a right password, and a refusal by this rule, take their row back. The limit
    per account from anywhere is the higher one: otherwise a stranger could lock a leader out by
    guessing badly.
 6. What is said after a refused log-in never tells whether the account exists.
"""

import hashlib
import math
import re
import secrets
import threading
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import argon2
from sqlalchemy import Engine, RowMapping, delete, insert, select, update
from sqlalchemy.engine import Connection

from archive.catalogue.database import reading, writing
from certs.model import Clock
from office.errors import (
    AccountExistsError,
    AccountInvalidError,
    TooManyAttemptsError,
    WrongCredentialsError,
)
from office.roles import Role
from office.tables.people import (
    api_tokens,
    login_failures,
    people,
    person_identities,
    person_roles,
    sessions,
)

IDLE = timedelta(minutes=30)
"""Rule 3; OWASP ASVS 7.3.1 leaves 15-30 minutes for a system of this kind."""
ABSOLUTE = timedelta(hours=12)
"""Rule 3: a working day with overtime."""
SEEN_EVERY = timedelta(minutes=1)
"""`seen_at` is written at most this often: a page with forty images is not forty writes."""

WINDOW = timedelta(minutes=15)
PER_ACCOUNT_AND_ADDRESS = 10
PER_ACCOUNT = 50
PER_ADDRESS = 100
"""A whole agency often shares one public address, so this one is generous (rule 5)."""

_HASHES_AT_ONCE = 4
"""Each costs 19 MiB and a core for 30 ms: a flood of log-ins waits here, not in memory."""

_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9._-]{1,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with an account."""

    id: str
    account: str
    full_name: str
    title: str
    """Chức vụ, as printed under a signature."""
    agency: str
    roles: frozenset[Role]
    identities: frozenset[str]
    """Ids of the signing identities that this person may use."""
    active: bool = True

    def has(self, roles: Iterable[Role]) -> bool:
        """Return whether this person holds any of `roles`."""
        return not self.roles.isdisjoint(roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """What is needed to open an account."""

    account: str
    """Two to 63 of a-z, 0-9, dot, underscore, hyphen; compared without regard to case."""
    password: str = field(repr=False)
    full_name: str
    title: str
    agency: str
    roles: frozenset[Role]
    identities: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A log-in that worked. `token` is shown to the browser and kept nowhere else."""

    token: str = field(repr=False)
    person: Person


class People:
    """Accounts, sessions and tokens over one database. Thread-safe."""

    def __init__(
        self, engine: Engine, clock: Clock, *, hasher: argon2.PasswordHasher | None = None
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._hasher = hasher or argon2.PasswordHasher(
            time_cost=2, memory_cost=19456, parallelism=1
        )
        self._hashing = threading.BoundedSemaphore(_HASHES_AT_ONCE)
        self._nobody = self._hasher.hash(secrets.token_urlsafe(16))

    # -- accounts ---------------------------------------------------------------------------------

    def add(self, new: NewPerson) -> Person:
        """Open an account.

        Raises:
            AccountInvalidError: a name of another form, or a password below 8 characters.
            AccountExistsError: the name is taken.

        """
        account = fold_account(new.account)
        if _ACCOUNT.fullmatch(account) is None:
            raise AccountInvalidError(
                f"Tên tài khoản «{account}» không hợp lệ: dùng 2 đến 63 chữ cái không dấu, chữ số, "
                "dấu chấm, gạch dưới hoặc gạch nối.",
                f"“{account}” cannot be an account name: use 2 to 63 of a-z, digits, dot, "
                "underscore, hyphen.",
            )
        hashed = self._hash(new.password)
        person_id = secrets.token_hex(16)
        with writing(self._engine) as db:
            if db.scalar(select(people.c.id).where(people.c.account == account)):
                raise AccountExistsError(account)
            db.execute(
                insert(people).values(
                    id=person_id,
                    account=account,
                    full_name=_nfc(new.full_name),
                    title=_nfc(new.title),
                    agency=_nfc(new.agency),
                    password_hash=hashed,
                    active=True,
                    created_at=self._clock.now(),
                )
            )
            _grant(db, person_id, new.roles, new.identities)
            return _person(db, person_id)

    def find(self, account: str) -> Person | None:
        """Return the person with this account name, open or closed."""
        with reading(self._engine) as db:
            person_id = db.scalar(
                select(people.c.id).where(people.c.account == fold_account(account))
            )
            return None if person_id is None else _person(db, person_id)

    def all(self) -> Sequence[Person]:
        """Return everybody, by account name."""
        with reading(self._engine) as db:
            ids = db.scalars(select(people.c.id).order_by(people.c.account)).all()
            return [_person(db, person_id) for person_id in ids]

    def grant(
        self, person_id: str, roles: frozenset[Role], identities: frozenset[str] = frozenset()
    ) -> Person:
        """Give exactly these roles and identities; takes effect with the next request."""
        with writing(self._engine) as db:
            _grant(db, person_id, roles, identities)
            return _person(db, person_id)

    def set_password(self, person_id: str, password: str) -> None:
        """Change the password and end all sessions (rule 3).

        Raises:
            AccountInvalidError: shorter than 8 characters.

        """
        hashed = self._hash(password)
        with writing(self._engine) as db:
            db.execute(update(people).where(people.c.id == person_id).values(password_hash=hashed))
            db.execute(delete(sessions).where(sessions.c.person_id == person_id))

    def close_account(self, person_id: str) -> None:
        """Close the account: sessions and tokens end now; the row stays, history refers to it."""
        with writing(self._engine) as db:
            db.execute(update(people).where(people.c.id == person_id).values(active=False))
            db.execute(delete(sessions).where(sessions.c.person_id == person_id))
            db.execute(delete(api_tokens).where(api_tokens.c.person_id == person_id))

    def open_account(self, person_id: str) -> None:
        """Open a closed account again; its password is the one that it had."""
        with writing(self._engine) as db:
            db.execute(update(people).where(people.c.id == person_id).values(active=True))

    # -- sessions ---------------------------------------------------------------------------------

    def log_in(
        self, account: str, password: str, *, address: str, replacing: str | None = None
    ) -> Session:
        """Check a password and open a session; ends the session `replacing`, if any (rule 3).

        Raises:
            WrongCredentialsError: unknown or closed account, or wrong password (rule 6).
            TooManyAttemptsError: over a limit of rule 5; the password was not looked at.

        """
        account = fold_account(account)
        now = self._clock.now()
        attempt = secrets.token_bytes(16)
        buckets = _buckets(account, address)
        with writing(self._engine) as db:
            db.execute(delete(login_failures).where(login_failures.c.at <= now - WINDOW))
            db.execute(
                insert(login_failures),
                [{"attempt": attempt, "bucket": bucket, "at": now} for bucket in buckets],
            )
        with writing(self._engine) as db:
            wait = _wait(db, buckets, now)
            if wait is not None:
                db.execute(delete(login_failures).where(login_failures.c.attempt == attempt))
            row = (
                db.execute(
                    select(people.c.id, people.c.password_hash).where(
                        people.c.account == account, people.c.active.is_(True)
                    )
                )
                .mappings()
                .first()
            )
        if wait is not None:
            raise TooManyAttemptsError(math.ceil(wait.total_seconds()))
        if not self._matches(row["password_hash"] if row else self._nobody, password) or not row:
            raise WrongCredentialsError
        token = secrets.token_urlsafe(32)
        with writing(self._engine) as db:
            if replacing is not None:
                db.execute(delete(sessions).where(sessions.c.token_hash == _digest(replacing)))
            db.execute(delete(sessions).where(sessions.c.seen_at <= now - ABSOLUTE))
            db.execute(delete(login_failures).where(login_failures.c.attempt == attempt))
            db.execute(
                insert(sessions).values(
                    token_hash=_digest(token), person_id=row["id"], created_at=now, seen_at=now
                )
            )
            return Session(token=token, person=_person(db, row["id"]))

    def at_desk(self, token: str) -> Person | None:
        """Return whose session `token` is, or `None` if it is not one (any more)."""
        now = self._clock.now()
        hashed = _digest(token)
        with reading(self._engine) as db:
            row = (
                db.execute(
                    select(sessions).where(
                        sessions.c.token_hash == hashed,
                        sessions.c.seen_at > now - IDLE,
                        sessions.c.created_at > now - ABSOLUTE,
                    )
                )
                .mappings()
                .first()
            )
            if row is None:
                return None
            person = _person(db, row["person_id"])
        if now - row["seen_at"] >= SEEN_EVERY:
            with writing(self._engine) as db:
                db.execute(
                    update(sessions).where(sessions.c.token_hash == hashed).values(seen_at=now)
                )
        return person if person.active else None

    def log_out(self, token: str) -> None:
        """End one session; silent if there is none."""
        with writing(self._engine) as db:
            db.execute(delete(sessions).where(sessions.c.token_hash == _digest(token)))

    # -- API tokens -------------------------------------------------------------------------------

    def issue_token(self, person_id: str, name: str, lifetime: timedelta) -> str:
        """Make an API token; the returned string is its only copy (rules 2, 4)."""
        token = "antin_" + secrets.token_urlsafe(32)
        now = self._clock.now()
        with writing(self._engine) as db:
            db.execute(
                insert(api_tokens).values(
                    token_hash=_digest(token),
                    id=secrets.token_hex(16),
                    person_id=person_id,
                    name=name[:100],
                    created_at=now,
                    expires_at=now + lifetime,
                )
            )
        return token

    def holder(self, token: str) -> Person | None:
        """Return whose API token this is, or `None` if unknown, expired or withdrawn."""
        with reading(self._engine) as db:
            person_id = db.scalar(
                select(api_tokens.c.person_id).where(
                    api_tokens.c.token_hash == _digest(token),
                    api_tokens.c.expires_at > self._clock.now(),
                )
            )
            person = None if person_id is None else _person(db, person_id)
        return person if person is not None and person.active else None

    def withdraw_token(self, token: str) -> None:
        """End one API token; silent if there is none."""
        with writing(self._engine) as db:
            db.execute(delete(api_tokens).where(api_tokens.c.token_hash == _digest(token)))

    # -- inside -----------------------------------------------------------------------------------

    def _hash(self, password: str) -> str:
        # NFC, because the same password typed on a Mac and on Windows must be the same bytes.
        password = _nfc(password)
        if len(password) < 8:  # noqa: PLR2004 - NIST SP 800-63B 5.1.1.2: at least 8 characters
            raise AccountInvalidError(
                "Mật khẩu cần ít nhất 8 ký tự.", "A password has at least 8 characters."
            )
        with self._hashing:
            return self._hasher.hash(password)

    def _matches(self, hashed: str, password: str) -> bool:
        try:
            with self._hashing:
                return self._hasher.verify(hashed, _nfc(password))
        except argon2.exceptions.VerificationError:
            return False


def fold_account(account: str) -> str:
    """Return the form in which account names are kept and compared."""
    return unicodedata.normalize("NFKC", account).strip().lower()


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _buckets(account: str, address: str) -> Mapping[bytes, int]:
    return {
        _digest(f"pair\n{account}\n{address}"): PER_ACCOUNT_AND_ADDRESS,
        _digest(f"account\n{account}"): PER_ACCOUNT,
        _digest(f"address\n{address}"): PER_ADDRESS,
    }


def _wait(db: Connection, buckets: Mapping[bytes, int], now: datetime) -> timedelta | None:
    """Return how long until no bucket is over its limit, or `None` if none is (rule 5)."""
    waits: list[timedelta] = []
    for bucket, limit in buckets.items():
        attempts = db.scalars(
            select(login_failures.c.at)
            .where(login_failures.c.bucket == bucket, login_failures.c.at > now - WINDOW)
            .order_by(login_failures.c.at.desc())
            .limit(limit + 1)
        ).all()
        if len(attempts) > limit:
            waits.append(attempts[-1] + WINDOW - now)
    return max(waits, default=None)


def _grant(
    db: Connection, person_id: str, roles: Iterable[Role], identities: Iterable[str]
) -> None:
    db.execute(delete(person_roles).where(person_roles.c.person_id == person_id))
    db.execute(delete(person_identities).where(person_identities.c.person_id == person_id))
    for role in sorted(roles):
        db.execute(insert(person_roles).values(person_id=person_id, role=role.value))
    for identity_id in sorted(identities):
        db.execute(insert(person_identities).values(person_id=person_id, identity_id=identity_id))


def _person(db: Connection, person_id: str) -> Person:
    row: RowMapping = db.execute(select(people).where(people.c.id == person_id)).mappings().one()
    roles = db.scalars(select(person_roles.c.role).where(person_roles.c.person_id == person_id))
    identities = db.scalars(
        select(person_identities.c.identity_id).where(person_identities.c.person_id == person_id)
    )
    return Person(
        id=row["id"],
        account=row["account"],
        full_name=row["full_name"],
        title=row["title"],
        agency=row["agency"],
        roles=frozenset(Role(role) for role in roles),
        identities=frozenset(identities),
        active=row["active"],
    )
