import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from archive.catalogue.database import open_database, reading
from archive.catalogue.tables import metadata
from office.errors import RequestChangedError, RequestRunningError
from office.tables.work import (
    KEPT,
    STALE,
    Answered,
    Claim,
    IdempotencyKeys,
    Intent,
    SigningIntents,
    signing_intents,
)


class Hands:
    """A clock whose hands are moved by the test."""

    def __init__(self):
        self.time = datetime(2026, 3, 1, tzinfo=UTC)

    def now(self):
        return self.time


@pytest.fixture
def clock():
    return Hands()


@pytest.fixture
def engine(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path}/work.db")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def keys(engine, clock):
    return IdempotencyKeys(engine, clock)


def intents_of(engine):
    with reading(engine) as db:
        return db.execute(select(signing_intents)).all()


INTENT = Intent(
    actor="an", identity_id="leader", document_name="a.pdf", document_sha256="0" * 64, level="B-LT"
)


def test_an_intent_is_there_before_its_outcome(engine, clock):
    intents = SigningIntents(engine, clock)
    first, second = intents.begin(INTENT), intents.begin(INTENT)
    assert [r.outcome for r in intents_of(engine)] == [None, None]
    intents.signed(first, "1" * 64)
    intents.failed(second, "pin.wrong")
    assert {r.id: (r.outcome, r.error_code) for r in intents_of(engine)} == {
        first: ("signed", None),
        second: ("failed", "pin.wrong"),
    }


def test_an_outcome_is_never_rewritten(engine, clock):
    intents = SigningIntents(engine, clock)
    intent = intents.begin(INTENT)
    intents.signed(intent, "1" * 64)
    intents.failed(intent, "internal")
    assert intents_of(engine)[0].outcome == "signed"


def test_what_a_crash_left_open_is_closed_as_interrupted_and_nothing_else_is(engine, clock):
    intents = SigningIntents(engine, clock)
    left = intents.begin(INTENT)
    clock.time += STALE + timedelta(seconds=1)
    under_way = intents.begin(INTENT)
    assert intents.interrupted() == 1
    assert {r.id: r.outcome for r in intents_of(engine)} == {left: "interrupted", under_way: None}


def test_the_second_asking_gets_the_first_answer(keys):
    claim = keys.claim("an", "k", "f")
    assert isinstance(claim, Claim)
    with pytest.raises(RequestRunningError):
        keys.claim("an", "k", "f")
    keys.done(claim, 201, {"record_id": "r"})
    assert keys.claim("an", "k", "f") == Answered(status=201, response={"record_id": "r"})


def test_a_key_with_another_request_is_refused_and_another_callers_key_is_another_key(keys):
    keys.claim("an", "k", "f")
    with pytest.raises(RequestChangedError):
        keys.claim("an", "k", "other")
    assert isinstance(keys.claim("binh", "k", "other"), Claim)


def test_work_that_failed_may_be_asked_for_again(keys):
    keys.withdraw(keys.claim("an", "k", "f"))
    assert isinstance(keys.claim("an", "k", "f"), Claim)


def test_work_that_a_crash_left_is_taken_over_once_and_its_late_answer_is_not_kept(keys, clock):
    lost = keys.claim("an", "k", "f")
    clock.time += STALE + timedelta(seconds=1)
    taken = keys.claim("an", "k", "f")
    assert isinstance(taken, Claim)
    with pytest.raises(RequestRunningError):
        keys.claim("an", "k", "f")
    keys.done(lost, 201, {"record_id": "late"})
    keys.done(taken, 201, {"record_id": "r"})
    assert keys.claim("an", "k", "f").response == {"record_id": "r"}


def test_answers_are_forgotten_after_a_day(keys, clock):
    keys.done(keys.claim("an", "k", "f"), 201, {})
    clock.time += KEPT + timedelta(seconds=1)
    assert keys.sweep() == 1
    assert isinstance(keys.claim("an", "k", "f"), Claim)


def test_of_many_who_ask_at_once_exactly_one_does_the_work(keys):
    start, claims, told = threading.Barrier(8), [], []

    def ask():
        start.wait()
        try:
            claims.append(keys.claim("an", "k", "f"))
        except RequestRunningError:
            told.append(1)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert (len(claims), len(told)) == (1, 7)
