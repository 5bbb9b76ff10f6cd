"""Every write of an ingest, failed without effect and failed with effect, then recovered.

The writes are not listed by hand: a first run without a fault counts them, so a new write is
tested the day it is written.
"""

import contextlib
import itertools
from datetime import timedelta

import pytest

from archive import layout
from archive.archive import Archive
from archive.catalogue.database import migrate, open_database
from archive.errors import CatalogueUnavailableError, StoreUnavailableError
from archive.model import DocumentMetadata, Sip
from support.faulty_store import FaultyCatalogue, FaultyStore, InjectedFaultError, Trap, tree

CONTENT = b"%PDF-1.7 signed"
_names = itertools.count()


class StoreDownError(StoreUnavailableError):
    def __init__(self, name):
        super().__init__(name, "injected")


def world(tmp_path, clock, trap, url=None):
    engine = open_database(url or f"sqlite:///{tmp_path}/{next(_names)}.db")
    migrate(engine)
    store = FaultyStore(Trap())
    layout.ensure_root(store)
    store._trap = trap
    catalogue = FaultyCatalogue(engine, trap)
    return (
        engine,
        store,
        Archive(engine=engine, store=store, clock=clock, agency="UBND", catalogue=catalogue),
    )


def a_sip(tmp_path):
    path = tmp_path / "in.pdf"
    path.write_bytes(CONTENT)
    return Sip(
        content=path,
        original_name="in.pdf",
        metadata=DocumentMetadata(so_ky_hieu="1/A"),
        page_texts=("một",),
        verdict_json=b"{}",
    )


def writes_of_one_ingest(tmp_path_factory, clock):
    folder = tmp_path_factory.mktemp("count")
    trap = Trap()
    engine, _, archive = world(folder, clock, trap)
    archive.ingest(a_sip(folder))
    engine.dispose()
    return trap.log


KINDS = [
    "put staging",
    "commit",
    "promote document",
    "put metadata",
    "put text",
    "put verdict",
    "put declaration",
    "put v1 inventory",
    "put v1 sidecar",
    "replace inventory",
    "replace sidecar",
    "mark published",
    "delete staged",
]


def test_the_list_of_writes_below_is_complete(tmp_path_factory, clock):
    log = writes_of_one_ingest(tmp_path_factory, clock)
    assert len(log) == len(KINDS)
    assert log.index("commit") == 1
    # Content first, inventory last, its sidecar after it.
    assert [entry.split()[0] for entry in log[-4:]] == ["replace", "replace", "mark", "delete"]
    assert log[-3].endswith(layout.SIDECAR)


@pytest.mark.parametrize("error", [InjectedFaultError, StoreDownError], ids=["crash", "store-down"])
@pytest.mark.parametrize("persists", [False, True], ids=["not-saved", "saved"])
@pytest.mark.parametrize(
    "fail_at", range(1, len(KINDS) + 1), ids=[k.replace(" ", "-") for k in KINDS]
)
def test_after_any_failure_and_recovery_a_record_is_whole_or_absent(
    tmp_path, clock, fail_at, persists, error
):
    trap = Trap(fail_at, persists=persists, error=error)
    engine, store, archive = world(tmp_path, clock, trap)
    acknowledged = None
    with contextlib.suppress(InjectedFaultError, StoreUnavailableError):
        acknowledged = archive.ingest(a_sip(tmp_path))
    assert len(trap.log) >= fail_at

    recovered = Archive(engine=engine, store=store, clock=clock, agency="UBND")  # a new process
    assert recovered.recover().waiting == ()
    known = recovered._catalogue.record_ids()

    if acknowledged is not None:
        assert known == [acknowledged.record_id]
    if not known:
        assert fail_at <= 2  # only before the commit, or at it
        assert tree(store, "ocfl/") == [key for key, _ in sorted(layout.root_files())]
    # A retry always goes through and never makes a second record or a second number.
    again = recovered.ingest(a_sip(tmp_path))
    assert again.duplicate == bool(known)
    assert recovered._catalogue.record_ids() == [again.record_id]
    assert again.register.number == 1
    with recovered.open(again.record_id) as content:
        assert content.stream.read() == CONTENT
    # What is left over in staging is swept once it is old, and nothing else is.
    clock.advance(hours=25 + 24 * 3650)
    recovered.sweep()
    assert tree(store, "staging/") == []
    assert recovered.fsck().findings == ()
    engine.dispose()


@pytest.mark.postgresql
@pytest.mark.parametrize("persists", [False, True], ids=["not-saved", "saved"])
def test_a_commit_of_postgresql_that_fails_is_found_out_by_trying_again(
    tmp_path, clock, persists, postgresql_url
):
    trap = Trap(2, persists=persists)
    engine, _store, archive = world(tmp_path, clock, trap, postgresql_url)
    with pytest.raises(InjectedFaultError):
        archive.ingest(a_sip(tmp_path))
    again = archive.ingest(a_sip(tmp_path))
    assert again.duplicate is persists
    assert again.register.number == 1
    assert archive.fsck().clean
    engine.dispose()


@pytest.mark.postgresql
def test_a_connection_cut_in_the_middle_of_the_commit_leaves_all_or_nothing(
    tmp_path, clock, postgresql_url, sip
):
    """The server ends our session, for real, at the last moment before COMMIT."""
    from sqlalchemy import event, text

    engine, store, archive = world(tmp_path, clock, Trap(), postgresql_url)
    other = open_database(postgresql_url)
    armed = [True]

    @event.listens_for(engine, "commit")
    def cut(connection):
        if armed:
            armed.clear()
            pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
            with other.connect() as killer:
                killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})

    with pytest.raises(CatalogueUnavailableError):
        archive.ingest(a_sip(tmp_path))
    assert archive._catalogue.record_ids() == []
    receipt = archive.ingest(a_sip(tmp_path))
    assert receipt.register.number == 1
    assert not receipt.duplicate
    archive.sweep(timedelta(days=-3650))
    assert tree(store, "staging/") == []
    assert archive.fsck().clean
    other.dispose()
    engine.dispose()


def test_the_sweeper_leaves_alone_what_is_young_or_needed(tmp_path, clock):
    trap = Trap(3)  # after the commit: staged, and needed
    engine, store, archive = world(tmp_path, clock, trap)
    with pytest.raises(InjectedFaultError):
        archive.ingest(a_sip(tmp_path))
    assert len(tree(store, "staging/")) == 1
    clock.advance(days=3650)
    assert archive.sweep() == []
    archive.recover()
    store.put_once(
        "staging/young", b"x", "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    )
    clock.moment = next(store.iterate("staging/young")).modified
    assert archive.sweep() == []
    engine.dispose()
