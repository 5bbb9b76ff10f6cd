"""Documents that are only being looked at: for whom, how long, how many."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from api.web.kept import LAST_LOOK, LONGEST, GoneError, Shelf


class MovingClock:
    def __init__(self):
        self.moment = datetime(2026, 3, 2, tzinfo=UTC)

    def now(self):
        return self.moment


@pytest.fixture
def clock():
    return MovingClock()


@pytest.fixture
def shelf(clock):
    shelf = Shelf(clock, entries=3, capacity=1000)
    yield shelf
    shelf.close()


def put(shelf, owner="a", content=b"%PDF", **more):
    return shelf.take(
        lambda folder: (folder / "document.pdf").write_bytes(content),
        owner=owner,
        name="x.pdf",
        **more,
    )


def test_the_owner_finds_the_same_bytes(shelf):
    kept = put(shelf, content=b"%PDF-1.7 abc")
    found = shelf.find(kept.id, "a")
    assert found.path.read_bytes() == b"%PDF-1.7 abc"
    assert found.sha256 == hashlib.sha256(b"%PDF-1.7 abc").hexdigest()


@pytest.mark.parametrize("owner", ["b", "", "A"])
def test_nobody_else_does_and_is_told_no_more_than_that_it_is_gone(shelf, owner):
    kept = put(shelf)
    with pytest.raises(GoneError):
        shelf.find(kept.id, owner)
    with pytest.raises(GoneError):
        shelf.find("made-up", owner)


def test_it_goes_a_quarter_of_an_hour_after_the_last_look(shelf, clock):
    kept = put(shelf)
    for _ in range(3):
        clock.moment += LAST_LOOK
        shelf.find(kept.id, "a")
    clock.moment += LAST_LOOK + timedelta(seconds=1)
    with pytest.raises(GoneError):
        shelf.find(kept.id, "a")
    assert not kept.folder.exists()


def test_it_goes_after_two_hours_however_often_it_is_looked_at(shelf, clock):
    kept = put(shelf)
    while clock.moment - kept.since <= LONGEST - timedelta(minutes=10):
        clock.moment += timedelta(minutes=10)
        shelf.find(kept.id, "a")
    clock.moment += timedelta(minutes=10, seconds=1)
    with pytest.raises(GoneError):
        shelf.find(kept.id, "a")


def test_the_one_not_looked_at_for_longest_makes_room(shelf):
    first, second, third = (put(shelf) for _ in range(3))
    shelf.find(first.id, "a")
    put(shelf)
    with pytest.raises(GoneError):
        shelf.find(second.id, "a")
    assert not second.folder.exists()
    assert shelf.find(first.id, "a")
    assert shelf.find(third.id, "a")


def test_bytes_are_bounded_too(shelf):
    old = put(shelf, content=b"x" * 600)
    new = put(shelf, content=b"x" * 600)
    with pytest.raises(GoneError):
        shelf.find(old.id, "a")
    assert shelf.find(new.id, "a")


def test_one_that_is_larger_than_the_shelf_is_kept_alone(shelf):
    huge = put(shelf, content=b"x" * 5000)
    assert shelf.find(huge.id, "a")


def test_what_could_not_be_put_down_leaves_nothing(shelf):
    folders = []

    def fail(folder):
        folders.append(folder)
        (folder / "document.pdf").write_bytes(b"half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        shelf.take(fail, owner="a", name="x.pdf")
    assert not folders[0].exists()


def test_a_record_fetched_twice_is_one_document(shelf):
    kept = put(shelf, origin="record 1")
    assert shelf.find_origin("record 1", "a").id == kept.id
    assert shelf.find_origin("record 1", "b") is None
    assert shelf.find_origin("record 2", "a") is None


def test_closing_leaves_nothing_behind(clock):
    shelf = Shelf(clock)
    kept = put(shelf)
    shelf.close()
    assert not kept.folder.parent.exists()
