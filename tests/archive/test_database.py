import sqlite3
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from archive.catalogue.database import migrate, open_database, reading, writing
from archive.catalogue.tables import UtcDateTime
from archive.errors import CatalogueBusyError, CatalogueUnavailableError


def test_sqlite_keeps_what_it_committed(sqlite_engine):
    with reading(sqlite_engine) as connection:
        pragma = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_postgresql_keeps_what_it_committed(postgresql_url):
    engine = open_database(postgresql_url)
    with reading(engine) as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"
    engine.dispose()


def test_a_transaction_that_fails_leaves_nothing(engine):
    def fail():
        with writing(engine) as connection:
            connection.execute(text("INSERT INTO register_books VALUES ('a', 'den', 2026, 1)"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with reading(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM register_books")).scalar() == 0


def test_a_locked_database_is_a_clear_problem(tmp_path):
    path = tmp_path / "antin.db"
    engine = open_database(f"sqlite:///{path}?timeout=0.1")
    migrate(engine)
    with reading(engine) as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=100")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(CatalogueBusyError) as caught, writing(engine):
        pass
    assert caught.value.retryable
    assert "đang bận" in caught.value.vi
    other.execute("ROLLBACK")
    other.close()
    with writing(engine):
        pass
    engine.dispose()


def test_a_database_that_is_not_there_is_a_clear_problem(tmp_path):
    for url in (
        "postgresql://nobody:secretpw@127.0.0.1:9/none",
        f"sqlite:///{tmp_path}/no/folder/x.db",
    ):
        engine = open_database(url)
        with pytest.raises(CatalogueUnavailableError) as caught, reading(engine):
            pass
        assert caught.value.retryable
        assert "secretpw" not in caught.value.en
        engine.dispose()


@pytest.mark.parametrize("url", ["", "mysql://x/y", "nonsense"])
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(CatalogueUnavailableError):
        open_database(url)


def test_a_moment_without_a_time_zone_is_refused(sqlite_engine):
    kind = UtcDateTime()
    with pytest.raises(ValueError, match="time zone"):
        kind.process_bind_param(datetime(2026, 1, 1), sqlite_engine.dialect)  # noqa: DTZ001 - the attack
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert (
        kind.process_result_value(
            kind.process_bind_param(moment, sqlite_engine.dialect), sqlite_engine.dialect
        )
        == moment
    )
