import errno
from http import HTTPStatus

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from api import problems
from api.security import ForgedRequestError
from certs.errors import IdentityNotFoundError, TimestampUnavailableError
from office.errors import StorageFullError, TooManyAttemptsError

ROOMS = {"certs", "signer", "archive", "office", "api"}


def tree(cls):
    """Walk the rooms' own errors; what tests derive from them is nobody's to map."""
    if cls.__module__.split(".")[0] in ROOMS:
        yield cls
        for sub in cls.__subclasses__():
            yield from tree(sub)


@pytest.mark.parametrize("root", problems.ROOTS, ids=lambda c: c.__name__)
def test_every_error_of_every_room_has_a_status_of_its_own(root):
    missing = [
        c.__name__
        for c in tree(root)
        # What the pages refuse is a kind of what a room refuses, and has that one's status.
        if c not in problems.STATUS
        and not (c.__module__.startswith("api.") and c.__base__ in set(problems.STATUS) - {root})
    ]
    assert not missing, f"add these to api/problems.py: {missing}"


@pytest.mark.parametrize("root", problems.ROOTS, ids=lambda c: c.__name__)
def test_no_two_errors_share_a_code(root):
    codes = [c.code for c in tree(root)]
    assert len(codes) == len(set(codes))


def test_every_status_in_the_table_has_a_title_in_both_languages():
    assert set(problems.STATUS.values()) <= problems.TITLES.keys()


def test_a_problem_speaks_the_language_asked_for_and_carries_both():
    problem = problems.problem_of(IdentityNotFoundError("x"))
    vi = problem.body(instance="/a", request_id="r", language="vi")
    en = problem.body(instance="/a", request_id="r", language="en")
    assert (vi["title"], en["title"]) == ("Không tìm thấy", "Not found")
    assert vi["detail"] == en["detail_vi"] != en["detail"] == vi["detail_en"]
    assert vi["type"] == en["type"] == "urn:antin:problem:identity.not_found"
    assert vi["status"] == 404
    assert vi["request_id"] == "r"


def test_what_the_pages_refuse_has_the_status_of_what_it_is_a_kind_of():
    problem = problems.problem_of(ForgedRequestError())
    assert (problem.code, problem.status) == ("request.forged", HTTPStatus.FORBIDDEN)


def test_what_can_be_tried_again_says_when():
    assert problems.problem_of(TooManyAttemptsError(7)).retry_after == 7
    assert problems.problem_of(TimestampUnavailableError(("a",))).retry_after is not None
    assert problems.problem_of(IdentityNotFoundError("x")).retry_after is None


def test_a_full_disk_is_named_wherever_it_was_met():
    full = OSError(errno.ENOSPC, "No space left on device")
    assert isinstance(problems.known(full), StorageFullError)
    wrapped = RuntimeError("deep inside")
    wrapped.__cause__ = full
    assert problems.problem_of(wrapped).status is HTTPStatus.INSUFFICIENT_STORAGE


def test_a_locked_database_is_named(tmp_path):
    url = f"sqlite:///{tmp_path}/x.db"
    one, two = create_engine(url), create_engine(url, connect_args={"timeout": 0})
    with one.connect() as holder, two.connect() as other:
        holder.exec_driver_sql("BEGIN EXCLUSIVE")
        with pytest.raises(OperationalError) as e:
            other.execute(text("CREATE TABLE t (x)"))
    one.dispose()
    two.dispose()
    problem = problems.problem_of(e.value)
    assert (problem.code, problem.status) == ("database.busy", HTTPStatus.SERVICE_UNAVAILABLE)


def test_our_own_fault_is_not_dressed_up_as_something_known():
    assert problems.problem_of(KeyError("x")) is None
    assert problems.own_fault("r-9").status is HTTPStatus.INTERNAL_SERVER_ERROR
    assert "r-9" in problems.own_fault("r-9").vi
