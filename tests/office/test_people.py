import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import inspect, select, text

from archive.catalogue.database import migrate, open_database
from office.errors import (
    AccountExistsError,
    AccountInvalidError,
    TooManyAttemptsError,
    WrongCredentialsError,
)
from office.people import ABSOLUTE, IDLE, WINDOW, NewPerson, People
from office.roles import READERS, SIGNERS, Role
from office.tables.people import login_failures, sessions

PASSWORD = "Mật khẩu của tôi 2026"


class MovingClock:
    def __init__(self):
        self.moment = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

    def now(self):
        return self.moment

    def pass_by(self, time):
        self.moment += time


@pytest.fixture
def clock():
    return MovingClock()


@pytest.fixture
def sqlite_url(tmp_path):
    return f"sqlite:///{tmp_path / 'people.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def engine(request):
    engine = open_database(request.getfixturevalue(f"{request.param}_url"))
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def people(engine, clock):
    return People(engine, clock)


@pytest.fixture
def leader(people):
    return people.add(
        NewPerson(
            account="Lanh.Dao",
            password=PASSWORD,
            full_name="Nguyễn Thị Hòa",
            title="Chủ tịch",
            agency="Ủy ban nhân dân xã Thử Nghiệm",
            roles=frozenset({Role.LEADER}),
            identities=frozenset({"lanh-dao-1"}),
        )
    )


def log_in(people, password=PASSWORD, account="lanh.dao", address="198.51.100.7", **more):
    return people.log_in(account, password, address=address, **more)


def test_somebody_who_logs_in_is_at_the_desk_with_roles_and_identities(people, leader):
    session = log_in(people)
    person = people.at_desk(session.token)
    assert person == leader
    assert person.roles == {Role.LEADER}
    assert person.identities == {"lanh-dao-1"}
    assert person.has(SIGNERS)


def test_account_names_ignore_case_and_passwords_ignore_unicode_form(people, leader):
    import unicodedata

    assert (
        log_in(people, unicodedata.normalize("NFD", PASSWORD), account=" LANH.DAO ").person
        == leader
    )


def test_nothing_in_the_database_opens_anything(people, leader, engine):
    session = log_in(people)
    token = people.issue_token(leader.id, "quét văn bản", timedelta(days=1))
    with pytest.raises(WrongCredentialsError):
        log_in(people, "password typed into", account="the wrong box")
    with engine.connect() as db:
        dump = repr(
            [
                db.execute(text(f"SELECT * FROM {table}")).all()  # noqa: S608 - names from the schema
                for table in inspect(engine).get_table_names()
            ]
        )
    for secret in (PASSWORD, session.token, token, "the wrong box"):
        assert secret not in dump
    assert "$argon2id$" in dump
    assert session.token not in repr(session)


@pytest.mark.parametrize("account", ["lanh.dao", "nobody.here"])
def test_wrong_password_and_unknown_account_get_the_same_answer(people, leader, account):
    with pytest.raises(WrongCredentialsError) as caught:
        log_in(people, "not the password", account=account)
    assert account not in caught.value.vi + caught.value.en


def test_unknown_accounts_cost_a_real_hash(engine, clock):
    from argon2 import PasswordHasher

    class Counting(PasswordHasher):
        verified = 0

        def verify(self, hash, password):  # noqa: A002 - the library's name
            type(self).verified += 1
            return super().verify(hash, password)

    people = People(engine, clock, hasher=Counting(time_cost=1, memory_cost=64, parallelism=1))
    with pytest.raises(WrongCredentialsError):
        log_in(people, account="nobody.here")
    assert Counting.verified == 1


def test_a_session_ends_after_half_an_hour_of_silence(people, leader, clock):
    token = log_in(people).token
    for _ in range(5):
        clock.pass_by(IDLE - timedelta(seconds=1))
        assert people.at_desk(token) is not None
    clock.pass_by(IDLE)
    assert people.at_desk(token) is None


def test_a_session_ends_after_twelve_hours_however_busy(people, leader, clock):
    token = log_in(people).token
    while clock.moment < datetime(2026, 3, 2, 1, 0, tzinfo=UTC) + ABSOLUTE - timedelta(minutes=20):
        clock.pass_by(timedelta(minutes=20))
        assert people.at_desk(token) is not None
    clock.pass_by(timedelta(minutes=20))
    assert people.at_desk(token) is None


def test_logging_in_again_ends_the_session_that_the_browser_brought(people, leader):
    old = log_in(people).token
    new = log_in(people, replacing=old).token
    assert new != old
    assert people.at_desk(old) is None
    assert people.at_desk(new) is not None


def test_logging_out_ends_the_session(people, leader):
    token = log_in(people).token
    people.log_out(token)
    assert people.at_desk(token) is None


def test_a_revoked_role_is_gone_with_the_next_request(people, leader):
    token = log_in(people).token
    people.grant(leader.id, frozenset({Role.ADMIN}))
    person = people.at_desk(token)
    assert not person.has(SIGNERS)
    assert not person.has(READERS), "an administrator does not read documents"
    assert person.identities == frozenset()


def test_a_new_password_ends_all_sessions(people, leader):
    token = log_in(people).token
    people.set_password(leader.id, "một mật khẩu khác")
    assert people.at_desk(token) is None
    with pytest.raises(WrongCredentialsError):
        log_in(people)
    assert log_in(people, "một mật khẩu khác").person == leader


def test_a_closed_account_is_out_at_once_and_stays_in_the_books(people, leader):
    session, token = log_in(people).token, people.issue_token(leader.id, "x", timedelta(days=1))
    people.close_account(leader.id)
    assert people.at_desk(session) is None
    assert people.holder(token) is None
    with pytest.raises(WrongCredentialsError):
        log_in(people)
    assert people.find("lanh.dao").active is False


def test_ten_wrong_passwords_in_a_quarter_hour_close_the_counter_even_for_the_right_one(
    people, leader, clock
):
    for _ in range(10):
        with pytest.raises(WrongCredentialsError):
            log_in(people, "wrong password")
    with pytest.raises(TooManyAttemptsError) as caught:
        log_in(people)
    assert 0 < caught.value.retry_after <= WINDOW.total_seconds()
    clock.pass_by(WINDOW + timedelta(seconds=1))
    assert log_in(people).person == leader


def test_waiting_as_long_as_told_is_enough_even_while_somebody_keeps_trying(people, leader, clock):
    for _ in range(10):
        with pytest.raises(WrongCredentialsError):
            log_in(people, "wrong password")
    with pytest.raises(TooManyAttemptsError) as caught:
        log_in(people)
    for _ in range(5):
        with pytest.raises(TooManyAttemptsError):
            log_in(people)
    clock.pass_by(timedelta(seconds=caught.value.retry_after))
    assert log_in(people).person == leader


def test_a_stranger_guessing_elsewhere_does_not_lock_the_leader_out(people, leader):
    for _ in range(11):
        with pytest.raises((WrongCredentialsError, TooManyAttemptsError)):
            log_in(people, "wrong password", address="203.0.113.66")
    assert log_in(people).person == leader


def test_one_address_cannot_try_many_accounts(people, leader):
    for n in range(100):
        with pytest.raises(WrongCredentialsError):
            log_in(people, account=f"account{n}")
    with pytest.raises(TooManyAttemptsError):
        log_in(people)
    assert log_in(people, address="192.0.2.1").person == leader


def test_parallel_guesses_do_not_outrun_the_count(people, leader):
    outcomes, gate = [], threading.Barrier(8)

    def guess():
        gate.wait()
        for _ in range(4):
            try:
                log_in(people, "wrong password")
            except WrongCredentialsError:
                outcomes.append("looked at")
            except TooManyAttemptsError:
                outcomes.append("refused")

    threads = [threading.Thread(target=guess) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 32
    assert outcomes.count("looked at") <= 10


def test_right_passwords_are_not_counted(people, leader, engine):
    for _ in range(15):
        log_in(people)
    with engine.connect() as db:
        assert db.execute(select(login_failures)).all() == []


def test_api_tokens_expire_and_can_be_withdrawn(people, leader, clock):
    token = people.issue_token(leader.id, "máy quét", timedelta(hours=1))
    other = people.issue_token(leader.id, "máy quét 2", timedelta(hours=1))
    assert people.holder(token) == leader
    people.withdraw_token(other)
    assert people.holder(other) is None
    clock.pass_by(timedelta(hours=1))
    assert people.holder(token) is None
    assert people.holder("antin_made-up") is None


def test_a_session_token_is_no_api_token_and_the_other_way_round(people, leader):
    assert people.holder(log_in(people).token) is None
    assert people.at_desk(people.issue_token(leader.id, "x", timedelta(days=1))) is None


@pytest.mark.parametrize("account", ["", "a", "Nguyễn Văn A", "../etc", "a" * 64, "a b"])
def test_odd_account_names_are_refused(people, account):
    with pytest.raises(AccountInvalidError):
        people.add(new(account=account))


def test_short_passwords_are_refused(people):
    with pytest.raises(AccountInvalidError):
        people.add(new(password="1234567"))


def test_a_name_is_given_once(people, leader):
    with pytest.raises(AccountExistsError):
        people.add(new(account="LANH.DAO"))


def test_sessions_long_over_are_cleared_away_by_the_next_log_in(people, leader, clock, engine):
    log_in(people)
    clock.pass_by(timedelta(days=2))
    log_in(people)
    with engine.connect() as db:
        assert len(db.execute(select(sessions)).all()) == 1


def new(account="van.thu", password=PASSWORD):
    return NewPerson(
        account=account,
        password=password,
        full_name="Trần Văn Thư",
        title="Văn thư",
        agency="Ủy ban nhân dân xã Thử Nghiệm",
        roles=frozenset({Role.CLERK}),
    )


def test_the_migrations_make_the_tables_that_the_code_speaks_to(engine):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from office.tables import metadata

    with engine.connect() as db:
        context = MigrationContext.configure(db, opts={"compare_type": True})
        found = compare_metadata(context, metadata)
    ours = {
        "people",
        "person_roles",
        "person_identities",
        "sessions",
        "api_tokens",
        "login_failures",
    }
    assert [d for d in found if any(name in repr(d) for name in ours)] == []
