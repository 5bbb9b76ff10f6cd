"""Exactly 1 … N, whatever happens."""

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from archive.archive import Archive
from archive.catalogue.database import reading, writing
from archive.catalogue.numbers import take_number
from archive.model import RecordKind
from archive.register import book_for, register_year
from archive.store.memory import MemoryStore


def _fail():
    raise ZeroDivisionError


NOW = datetime(2026, 11, 21, tzinfo=UTC)


def ledger(engine):
    with reading(engine) as connection:
        return list(
            connection.execute(
                text("SELECT number FROM register_entries ORDER BY number")
            ).scalars()
        )


def test_sixty_four_threads_get_exactly_one_to_n(engine):
    each, threads = 4, []
    got, failures = [], []

    def work(thread):
        for turn in range(each):
            try:
                with writing(engine) as connection:
                    entry = take_number(
                        connection, agency="A", book="den", year=2026, record_seq=None, now=NOW
                    )
                    if (thread + turn) % 7 == 0:
                        _fail()  # what was taken is given back
                got.append(entry.number)
            except ZeroDivisionError:
                pass
            except Exception as exc:  # noqa: BLE001 - any other failure is the finding
                failures.append(exc)

    for thread in range(64):
        threads.append(threading.Thread(target=work, args=(thread,)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(got) == list(range(1, len(got) + 1)) == ledger(engine)
    assert 0 < len(got) < 64 * each


def test_documents_that_arrive_at_once_are_numbered_without_a_gap(engine, clock, tmp_path):
    from archive.model import Sip

    archive = Archive(engine=engine, store=MemoryStore(), clock=clock, agency="UBND")
    archive.prepare()
    receipts = []

    def work(thread):
        for turn in range(3):
            path = tmp_path / f"{thread}-{turn % 2}.pdf"
            path.write_bytes(f"%PDF {thread} {turn % 2}".encode())  # the third is a duplicate
            receipts.append(archive.ingest(Sip(content=path, original_name="x")))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    new = sorted(r.register.number for r in receipts if not r.duplicate)
    assert new == list(range(1, 17)) == ledger(engine)
    assert archive.fsck().clean


def test_agencies_books_and_years_count_for_themselves(engine):
    with writing(engine) as connection:

        def take(agency, book, year):
            return take_number(
                connection, agency=agency, book=book, year=year, record_seq=None, now=NOW
            ).number

        assert [
            take("A", "den", 2026),
            take("A", "den", 2026),
            take("B", "den", 2026),
            take("A", "di", 2026),
            take("A", "den", 2027),
            take("A", "den", 2026),
        ] == [1, 2, 1, 1, 1, 3]


@pytest.mark.parametrize(
    ("moment", "year"),
    [
        (datetime(2026, 12, 31, 16, 59, 59, tzinfo=UTC), 2026),
        (datetime(2026, 12, 31, 17, 0, 0, tzinfo=UTC), 2027),
        (datetime(2027, 1, 1, 0, 0, tzinfo=UTC), 2027),
    ],
)
def test_the_year_turns_at_midnight_in_viet_nam(moment, year):
    assert register_year(moment) == year


def test_a_new_year_begins_with_one(archive, clock, sip):
    clock.moment = datetime(2026, 12, 31, 16, 59, 59, tzinfo=UTC)
    assert archive.ingest(sip(b"%PDF 1")).register.number == 1
    assert archive.ingest(sip(b"%PDF 2")).register.number == 2
    clock.advance(seconds=1)
    first = archive.ingest(sip(b"%PDF 3")).register
    assert (first.year, first.number) == (2027, 1)


def test_only_what_comes_in_is_numbered_on_arrival():
    assert book_for(RecordKind.INCOMING) == "den"
    assert book_for(RecordKind.OUTGOING) is None


def test_a_void_number_needs_a_reason(engine):
    from sqlalchemy.exc import IntegrityError

    with writing(engine) as connection:
        take_number(connection, agency="A", book="den", year=2026, record_seq=None, now=NOW)
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(text("UPDATE register_entries SET state = 'void'"))
