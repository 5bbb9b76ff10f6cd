"""Opening the database: SQLite or PostgreSQL, the same code above it.

1. What is committed is on the medium: SQLite in WAL mode with `synchronous=FULL` (NORMAL may lose
   the last commits in a power cut, and a number already on paper would be given out twice),
   PostgreSQL with `synchronous_commit=on`.
2. A transaction that is going to write says so at its start (`writing`), and SQLite takes the
   write lock then: one that reads first and writes later fails at once, without waiting, when
   somebody else wrote in between.
3. Nobody waits for ever: a lock is waited for `_LOCK_SECONDS`, a statement `_STATEMENT_SECONDS`.
4. The database's own errors leave this module as errors of the archive, in two languages.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from archive.errors import CatalogueBusyError, CatalogueUnavailableError

_CONNECT_SECONDS: Final = 5
_LOCK_SECONDS: Final = 15
"""A commit takes a millisecond: fifteen seconds are thousands of others before ours."""
_STATEMENT_SECONDS: Final = 60
_MIGRATION_LOCK: Final = 0x616E74696E
"""Advisory lock of PostgreSQL: several processes that start at once migrate one after another."""
_MIGRATIONS: Final = Path(__file__).parent.parent.parent / "migrations"
_BUSY_STATES: Final = frozenset({"55P03", "57014", "40001", "40P01"})
"""lock_not_available, query_canceled (statement_timeout), serialization_failure, deadlock."""


def open_database(url: str) -> Engine:
    """Return an engine for `url` (`sqlite:////folder/file.db`, `postgresql://…`). Connects lazily.

    Raises:
        CatalogueUnavailableError: `url` is not one of those.

    """
    try:
        address = make_url(url)
    except ArgumentError as exc:
        raise CatalogueUnavailableError("not a database URL") from exc
    if address.get_backend_name() == "sqlite":
        # check_same_thread: the pool hands a connection to one thread at a time.
        engine = create_engine(
            address, connect_args={"timeout": _LOCK_SECONDS, "check_same_thread": False}
        )
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if address.get_backend_name() == "postgresql":
        options = (
            f"-c synchronous_commit=on -c lock_timeout={_LOCK_SECONDS}s"
            f" -c statement_timeout={_STATEMENT_SECONDS}s -c timezone=UTC"
        )
        return create_engine(
            address.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            pool_size=10,
            max_overflow=20,
            pool_timeout=_LOCK_SECONDS,
            connect_args={"connect_timeout": _CONNECT_SECONDS, "options": options},
        )
    raise CatalogueUnavailableError(f"{address.get_backend_name()}: only SQLite and PostgreSQL")


def _configure_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # No transaction control by the driver: it would begin late, and deferred (rule 2).
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={_LOCK_SECONDS * 1000}",
        "synchronous=FULL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        # Defaults to the file; a corrupted schema must not be able to run our functions.
        "trusted_schema=OFF",
    ):
        connection.execute(f"PRAGMA {pragma}").close()
    _write_ahead(connection)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn WAL on. It stays on in the file, so only the very first connections do anything.

    While one of them does, the others get "locked" at once: SQLite does not wait here, whatever
    its busy_timeout says. Two processes that start together on a new folder met exactly that.
    """
    give_up = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as exc:
            busy = exc.sqlite_errorname.startswith("SQLITE_BUSY")
            if not busy or time.monotonic() > give_up:
                raise
            time.sleep(0.01)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("antin_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Run the block in a transaction that writes: committed at its end, rolled back on any error.

    Raises:
        CatalogueBusyError: somebody else held the lock for too long.
        CatalogueUnavailableError: anything else that the database could not do.

    """
    with (
        _database_errors(),
        engine.connect().execution_options(antin_writes=True) as connection,
        connection.begin(),
    ):
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Run the block on one snapshot (SQLite) or statement by statement (PostgreSQL); no writes.

    Raises:
        CatalogueUnavailableError: the database does not answer.

    """
    with _database_errors(), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def _database_errors() -> Iterator[None]:
    try:
        yield
    except PoolTimeoutError as exc:
        raise CatalogueBusyError from exc
    except OperationalError as exc:
        raise _translated(exc) from exc
    except DBAPIError as exc:
        if exc.connection_invalidated:
            raise CatalogueUnavailableError(type(exc.orig).__name__) from exc
        raise


def _translated(exc: OperationalError) -> CatalogueUnavailableError:
    if isinstance(exc.orig, sqlite3.Error):
        name = getattr(exc.orig, "sqlite_errorname", "SQLITE_ERROR")
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return CatalogueBusyError()
        return CatalogueUnavailableError(name)
    state = getattr(exc.orig, "sqlstate", None)
    if state in _BUSY_STATES:
        return CatalogueBusyError()
    return CatalogueUnavailableError(state or type(exc.orig).__name__)


def migrate(engine: Engine) -> None:
    """Bring the schema up to date: in one transaction, and once however many processes try.

    Raises:
        CatalogueUnavailableError: the database does not answer.

    """
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "heads")
