"""One cache of revocation evidence for all servers and workers of an installation."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text

from archive.catalogue.database import migrate, open_database, reading
from certs.cache import FRESH, CachedEvidence, MemoryRevocationCache
from office.tables.evidence import DatabaseRevocationCache, revocation_evidence

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


class Clock:
    def __init__(self):
        self.at = NOW

    def now(self):
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def engine(request, tmp_path):
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'antin.db'}"
    else:
        url = request.getfixturevalue("postgresql_url")
    engine = open_database(url)
    migrate(engine)
    yield engine
    engine.dispose()


def entry(der=b"crl", fetched=NOW, until=NOW + DAY):
    return CachedEvidence(der=der, fetched_at=fetched, valid_until=until)


def kept(engine):
    with reading(engine) as db:
        table = revocation_evidence
        row = db.execute(select(func.count(), func.coalesce(func.sum(table.c.size), 0)))
        return tuple(row.one())


def test_what_one_worker_fetched_another_finds(engine, clock):
    one, two = (DatabaseRevocationCache(engine, clock) for _ in range(2))
    one.put("crl x", entry())
    assert two.get("crl x") == entry()
    assert two.get("crl y") is None


def test_nothing_is_returned_that_has_ended_and_the_sweep_takes_it_away(engine, clock):
    cache = DatabaseRevocationCache(engine, clock)
    cache.put("a", entry())
    cache.put("b", entry(until=NOW + 3 * DAY))
    clock.at = NOW + 2 * DAY
    assert cache.get("a") is None
    assert cache.get("b") is not None
    assert cache.sweep() == 1
    assert cache.sweep() == 0
    assert kept(engine) == (1, 3)


def test_the_newer_replaces_the_older_and_never_the_other_way_round(engine, clock):
    cache = DatabaseRevocationCache(engine, clock)
    cache.put("a", entry(b"second", fetched=NOW))
    cache.put("a", entry(b"first", fetched=NOW - DAY))
    assert cache.get("a").der == b"second"
    cache.put("a", entry(b"third", fetched=NOW + timedelta(seconds=1)))
    assert cache.get("a").der == b"third"
    assert kept(engine) == (1, 5)


def test_it_never_grows_beyond_its_size_and_the_oldest_goes_first(engine, clock):
    cache = DatabaseRevocationCache(engine, clock, max_bytes=1000)
    for n in range(30):
        cache.put(f"k{n}", entry(bytes(100), fetched=NOW + timedelta(minutes=n)))
        assert kept(engine)[1] <= 1000
    assert [n for n in range(30) if cache.get(f"k{n}")] == list(range(20, 30))
    cache.put("large", entry(bytes(1001)))
    assert cache.get("large") is None
    assert kept(engine) == (10, 1000)


def test_what_has_ended_makes_room_before_what_is_old(engine, clock):
    cache = DatabaseRevocationCache(engine, clock, max_bytes=200)
    cache.put("old", entry(bytes(100), fetched=NOW - DAY, until=NOW + 9 * DAY))
    cache.put("ended", entry(bytes(100), fetched=NOW, until=NOW + DAY))
    clock.at = NOW + 2 * DAY
    cache.put("new", entry(bytes(100), fetched=clock.at, until=NOW + 9 * DAY))
    assert cache.get("old")
    assert cache.get("new")


def test_sixteen_threads_that_fetched_the_same_leave_one_entry(engine, clock):
    cache = DatabaseRevocationCache(engine, clock)
    start, errors = threading.Barrier(16), []

    def work(n):
        start.wait()
        try:
            for _ in range(5):
                cache.put("same", entry(b"%d" % n, fetched=NOW + timedelta(seconds=n)))
                assert cache.get("same") is not None
        except Exception as exc:  # noqa: BLE001 - whatever it is, it is the finding
            errors.append(exc)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert errors == []
    assert cache.get("same").der == b"15"


def test_a_database_that_is_away_stops_nothing(engine, clock, tmp_path):
    away = DatabaseRevocationCache(open_database("sqlite:////nowhere/at/all.db"), clock)
    assert away.get("a") is None
    away.put("a", entry())
    locked = DatabaseRevocationCache(engine, clock)
    if engine.dialect.name == "sqlite":
        with engine.connect() as db:
            db.execute(text("DROP TABLE revocation_evidence"))
            db.commit()
        assert locked.get("a") is None
        locked.put("a", entry())


def test_memory_in_front_sees_what_another_process_fetched_since(engine, clock):
    shared = DatabaseRevocationCache(engine, clock)
    mine, other = (MemoryRevocationCache(clock, shared) for _ in range(2))
    mine.put("a", entry(b"1", until=NOW + 9 * DAY))
    clock.at = NOW + FRESH + timedelta(minutes=1)
    assert mine.get("a").der == b"1"
    other.put("a", entry(b"2", fetched=clock.at, until=NOW + 9 * DAY))
    assert mine.get("a").der == b"2"


def test_memory_in_front_asks_the_database_once_an_hour_not_each_time(clock):
    class Counting:
        asked = 0

        def get(self, key):
            self.asked += 1
            return entry()

        def put(self, key, kept):
            """Keep nothing."""

    behind = Counting()
    cache = MemoryRevocationCache(clock, behind)
    for _ in range(10):
        assert cache.get("a") == entry()
    assert behind.asked == 1
