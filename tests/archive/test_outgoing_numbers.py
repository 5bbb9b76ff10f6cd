"""RESERVED and ISSUED are two commits; whatever happens between them, the document has one number."""

import threading
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text

from archive.archive import Archive
from archive.catalogue.database import reading
from archive.errors import CatalogueUnavailableError, NumberStateError
from archive.model import NumberState, RecordKind, Sip
from archive.register import Register
from archive.store.memory import MemoryStore


@pytest.fixture
def register(engine, clock):
    return Register(engine, clock, agency="UBND")


@pytest.fixture
def house(engine, clock):
    archive = Archive(engine=engine, store=MemoryStore(), clock=clock, agency="UBND")
    archive.prepare()
    return archive


def sealed(tmp_path, number, content=b"%PDF sealed"):
    path = tmp_path / "sealed.pdf"
    path.write_bytes(content)
    return Sip(content=path, original_name="a.pdf", kind=RecordKind.OUTGOING, number=number)


def ledger(engine):
    with reading(engine) as connection:
        rows = connection.execute(
            text("SELECT number, state, record_seq FROM register_entries ORDER BY number")
        )
        return [tuple(row) for row in rows]


def test_sixty_four_threads_get_exactly_one_to_n(register, engine):
    """Every document is asked for four times, by different threads."""
    documents = [f"{n:064x}" for n in range(48)]
    got, failures = [], []

    def work(thread):
        for turn in range(3):
            document = documents[(thread * 3 + turn) % len(documents)]
            try:
                got.append((document, register.reserve(document).entry.number))
            except Exception as exc:  # noqa: BLE001 - any failure is the finding
                failures.append(exc)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(got) == 192
    assert len(set(got)) == 48  # one number each
    assert sorted(number for _, number in set(got)) == list(range(1, 49))
    assert ledger(engine) == [(n, "reserved", None) for n in range(1, 49)]


def test_who_asks_again_gets_the_same_number_and_date_even_next_year(register, clock):
    clock.moment = datetime(2026, 12, 31, 16, 59, 59, tzinfo=UTC)
    first = register.reserve("a" * 64)
    assert (first.entry.year, first.issue_date) == (2026, date(2026, 12, 31))
    clock.advance(seconds=1)
    again = register.reserve("a" * 64, book="other")
    assert again == first
    other = register.reserve("b" * 64)
    assert (other.entry.year, other.entry.number, other.issue_date) == (2027, 1, date(2027, 1, 1))


def test_books_count_for_themselves(register):
    assert register.reserve("a" * 64, book="QĐ").entry.number == 1
    assert register.reserve("b" * 64, book="QĐ").entry.number == 2
    assert register.reserve("c" * 64, book="CV").entry.number == 1


def test_archiving_issues_the_number(house, register, tmp_path, engine):
    number = register.reserve("a" * 64)
    receipt = house.ingest(sealed(tmp_path, number.entry))
    assert receipt.register == number.entry
    now = register.number(number.entry)
    assert (now.state, now.record_id) == (NumberState.ISSUED, receipt.record_id)
    assert house.record(receipt.record_id).register == number.entry
    assert register.reserve("a" * 64) == now
    assert register.reserved() == []
    assert house.fsck().clean


def test_a_number_is_issued_once_whoever_comes_second_gets_the_first_record(
    house, register, tmp_path
):
    number = register.reserve("a" * 64)
    first = house.ingest(sealed(tmp_path, number.entry))
    second = house.ingest(sealed(tmp_path, number.entry, b"%PDF sealed again"))
    assert second.duplicate
    assert (second.record_id, second.sha256) == (first.record_id, first.sha256)
    assert len(house._catalogue.record_ids()) == 1
    assert house.fsck().clean


def test_documents_issued_at_once_with_one_number_are_one_record(house, register, tmp_path):
    number = register.reserve("a" * 64)
    receipts, failures = [], []

    def work(thread):
        path = tmp_path / f"{thread}.pdf"
        path.write_bytes(b"%PDF " + str(thread).encode())
        sip = Sip(content=path, original_name="a", kind=RecordKind.OUTGOING, number=number.entry)
        try:
            receipts.append(house.ingest(sip))
        except Exception as exc:  # noqa: BLE001 - any failure is the finding
            failures.append(exc)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len({r.record_id for r in receipts}) == 1
    assert sum(not r.duplicate for r in receipts) == 1


def test_a_void_number_keeps_its_reason_and_is_never_given_out_again(register, house, tmp_path):
    number = register.reserve("a" * 64)
    void = register.void(number.entry, " nhầm văn bản ")
    assert (void.state, void.reason) == (NumberState.VOID, "nhầm văn bản")
    with pytest.raises(NumberStateError):
        house.ingest(sealed(tmp_path, number.entry))
    assert house._catalogue.record_ids() == []
    again = register.reserve("a" * 64)
    assert again.entry.number == number.entry.number + 1
    with pytest.raises(NumberStateError):
        register.void(number.entry, "lần nữa")
    assert house.fsck().clean


def test_voiding_needs_a_reason_and_an_unissued_number(register, house, tmp_path):
    number = register.reserve("a" * 64)
    with pytest.raises(NumberStateError):
        register.void(number.entry, " ")
    house.ingest(sealed(tmp_path, number.entry))
    with pytest.raises(NumberStateError):
        register.void(number.entry, "thu hồi")
    assert register.number(number.entry).state is NumberState.ISSUED


def test_a_rebuild_keeps_what_no_object_knows_of(register, house, tmp_path, engine):
    issued = register.reserve("a" * 64)
    house.ingest(sealed(tmp_path, issued.entry))
    waiting, taken_back = register.reserve("b" * 64), register.reserve("c" * 64)
    register.void(taken_back.entry, "nhầm")
    before = ledger(engine)
    house.rebuild()
    assert [row[:2] for row in ledger(engine)] == [row[:2] for row in before]
    assert register.reserve("b" * 64) == waiting
    assert register.reserve("d" * 64).entry.number == 4
    assert house.fsck().clean


@pytest.mark.parametrize("persists", [False, True])
def test_a_reservation_that_failed_or_seemed_to_is_the_same_number(register, persists, clock):
    """Whoever does not hear back asks again, and there is one number either way."""
    if persists:
        register.reserve("a" * 64)  # committed; the answer got lost

    class Away:
        def connect(self):
            raise CatalogueUnavailableError("away")

    with pytest.raises(CatalogueUnavailableError):
        Register(Away(), clock, agency="UBND").reserve("a" * 64)
    assert register.reserve("a" * 64).entry.number == 1
