import hashlib
import json
import threading
from datetime import UTC, date, datetime

import pytest

from archive import layout
from archive.archive import Archive
from archive.errors import (
    CatalogueUnavailableError,
    FixityError,
    RecordNotFoundError,
    RecordNotReadyError,
    SipRejectedError,
    StoreUnavailableError,
)
from archive.model import RecordKind, Sip, new_record_id
from archive.store.base import read_all
from archive.store.memory import MemoryStore
from support.faulty_store import FaultyStore, Trap, tree


@pytest.fixture
def anywhere(engine, store, clock):
    """Every database with every store."""
    archive = Archive(engine=engine, store=store, clock=clock, agency="UBND")
    archive.prepare()
    return archive


def content_of(archive, record_id):
    with archive.open(record_id) as content:
        return content.stream.read()


def test_what_goes_in_comes_out_byte_for_byte(anywhere, sip):
    data = b"%PDF-1.7\n" + bytes(range(256)) * 5000
    fields = {
        "so_ky_hieu": "345/QĐ-UBND",
        "ngay_ban_hanh": date(2026, 3, 2),
        "co_quan_ban_hanh": "UBND tỉnh Nghệ An",
        "loai_van_ban": "Quyết định",
        "trich_yeu": "Về việc phê duyệt đề án chuyển đổi số",
        "nguoi_ky": "Nguyễn Văn A",
    }
    receipt = anywhere.ingest(
        sip(data, pages=["Trang một", "Trang hai"], verdict_json=b'{"x": 1}', **fields)
    )
    assert (receipt.duplicate, receipt.duplicate_of, receipt.published) == (False, None, True)
    assert receipt.sha256 == hashlib.sha256(data).hexdigest()
    assert (receipt.register.book, receipt.register.year, receipt.register.number) == (
        "den",
        2026,
        1,
    )
    assert content_of(anywhere, receipt.record_id) == data
    record = anywhere.record(receipt.record_id)
    assert {name: getattr(record.metadata, name) for name in fields} == fields
    assert (record.published, record.version, record.page_count, record.size) == (
        True,
        1,
        2,
        len(data),
    )
    assert record.received == datetime(2026, 11, 21, 3, 4, 5, 678901, tzinfo=UTC)
    assert record.register == receipt.register
    assert anywhere.page_texts(receipt.record_id) == ("Trang một", "Trang hai")
    with anywhere.open_derivative(receipt.record_id, "verdict") as verdict:
        assert verdict.stream.read() == b'{"x": 1}'
    assert anywhere.fsck().findings == ()


def test_the_same_bytes_are_the_same_record(anywhere, sip):
    first = anywhere.ingest(sip())
    again = anywhere.ingest(sip(name="tên khác.pdf"))
    assert again.duplicate
    assert (again.record_id, again.duplicate_of, again.register) == (
        first.record_id,
        first.record_id,
        first.register,
    )
    assert tree(anywhere._store, "staging/") == []
    assert anywhere.fsck().clean


def test_the_same_bytes_handed_in_by_many_at_once_are_one_record(anywhere, sip, tmp_path):
    one = sip()
    receipts = []
    threads = [
        threading.Thread(target=lambda: receipts.append(anywhere.ingest(one))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receipts) == 6
    assert len({r.record_id for r in receipts}) == 1
    assert sum(not r.duplicate for r in receipts) == 1
    assert {r.register.number for r in receipts} == {1}
    assert anywhere.ingest(sip(b"%PDF another")).register.number == 2
    anywhere.recover()
    assert tree(anywhere._store, "staging/") == []
    assert anywhere.fsck().clean


def test_an_outgoing_document_is_not_numbered_here(archive, sip):
    receipt = archive.ingest(sip(kind=RecordKind.OUTGOING))
    assert receipt.register is None
    assert archive.record(receipt.record_id).register is None
    assert archive.fsck().clean


def test_nothing_that_somebody_named_becomes_part_of_a_key(archive, sip):
    archive.ingest(sip(name="../../etc/passwd\x00\ud800.pdf"))
    assert all(".." not in key and "passwd" not in key for key in tree(archive._store))
    [record_id] = archive._catalogue.record_ids()
    assert "\x00" not in archive.record(record_id).original_name


def test_text_that_no_database_can_hold_is_taken_all_the_same(anywhere, sip):
    receipt = anywhere.ingest(
        sip(pages=["a\x00b\ud800 \U0001f600 chữ"], trich_yeu="x\x00y", so_ky_hieu="  ")
    )
    assert anywhere.record(receipt.record_id).metadata.so_ky_hieu is None
    assert anywhere.fsck().clean


def test_what_cannot_be_read_or_is_empty_is_refused_and_leaves_nothing(archive, sip, tmp_path):
    before = tree(archive._store)
    with pytest.raises(SipRejectedError) as caught:
        archive.ingest(sip(b"", name="trống.pdf"))
    assert "tệp trống" in caught.value.vi
    with pytest.raises(SipRejectedError):
        archive.ingest(Sip(content=tmp_path / "missing.pdf", original_name="x"))
    with pytest.raises(SipRejectedError):
        archive.ingest(Sip(content=tmp_path, original_name="x"))
    assert tree(archive._store) == before


def test_a_flipped_bit_is_refused_and_named(archive, sip, tmp_path):
    receipt = archive.ingest(sip(b"%PDF-1.7 signed by somebody"))
    key = archive.record(receipt.record_id).files[0].key
    path = tmp_path / "objects" / key
    path.chmod(0o640)
    data = bytearray(path.read_bytes())
    data[9] ^= 1
    path.write_bytes(data)
    with pytest.raises(FixityError) as caught, archive.open(receipt.record_id):
        pytest.fail("not one byte may be handed out")
    assert caught.value.key == key
    assert caught.value.expected == receipt.sha256
    assert caught.value.found == hashlib.sha256(data).hexdigest()


def test_a_lost_object_is_refused_and_named(archive, sip, tmp_path):
    receipt = archive.ingest(sip())
    key = archive.record(receipt.record_id).files[0].key
    (tmp_path / "objects" / key).unlink()
    with pytest.raises(FixityError) as caught, archive.open(receipt.record_id):
        pass
    assert caught.value.key == key


def test_an_unknown_record_is_said_so(archive):
    for use in (archive.record, archive.page_texts, lambda i: archive.open(i).__enter__()):
        with pytest.raises(RecordNotFoundError):
            use("20260101-0000000000000000")


def test_a_store_that_fails_while_staging_leaves_nothing_behind(sqlite_engine, clock, sip):
    class Down(MemoryStore):
        def put_once(self, key, source, sha256):
            if key.startswith("staging/"):
                raise StoreUnavailableError(key, "down")
            super().put_once(key, source, sha256)

    archive = Archive(engine=sqlite_engine, store=Down(), clock=clock)
    archive.prepare()
    with pytest.raises(StoreUnavailableError):
        archive.ingest(sip())
    assert archive._catalogue.record_ids() == []
    assert archive.fsck().clean


def test_a_store_that_fails_after_the_commit_does_not_take_the_number_back(
    sqlite_engine, clock, sip
):
    trap = Trap(0, error=InjectedOutageError)
    store = FaultyStore(trap)
    archive = Archive(engine=sqlite_engine, store=store, clock=clock)
    archive.prepare()
    trap._left = 2  # staging, then the first write of publishing
    receipt = archive.ingest(sip())
    assert not receipt.published
    assert receipt.register.number == 1
    assert [f.problem.value for f in archive.fsck().findings] == ["record.unpublished"]
    assert content_of(archive, receipt.record_id) == b"%PDF-1.7 signed"  # finished on demand
    assert archive.record(receipt.record_id).published
    assert archive.fsck().clean


class InjectedOutageError(StoreUnavailableError):
    def __init__(self, key):
        super().__init__(key, "injected")


def test_a_record_whose_store_is_down_is_not_ready(sqlite_engine, clock, sip):
    class Down(FaultyStore):
        def promote(self, staged, key, sha256):
            raise StoreUnavailableError(key, "down")

    archive = Archive(engine=sqlite_engine, store=Down(Trap()), clock=clock)
    archive.prepare()
    receipt = archive.ingest(sip())
    with pytest.raises(RecordNotReadyError), archive.open(receipt.record_id):
        pass
    assert archive.recover().waiting == (receipt.record_id,)


def test_the_object_explains_itself(archive, sip):
    receipt = archive.ingest(sip(so_ky_hieu="1/A", ngay_ban_hanh=date(2026, 1, 2), pages=["Trang"]))
    said = json.loads(
        read_all(archive._store, layout.content_key(receipt.record_id, 1, layout.METADATA))
    )
    assert said["document"]["so_ky_hieu"] == "1/A"
    assert said["document"]["ngay_ban_hanh"] == "2026-01-02"
    assert said["register"] == {"agency": "UBND", "book": "den", "year": 2026, "number": 1}


def test_what_is_made_later_lies_beside_and_never_inside(archive, sip, clock):
    receipt = archive.ingest(sip(pages=["scan"], verdict_json=b'{"old": 1}'))
    before = tree(archive._store, "ocfl/")
    clock.advance(days=3)
    archive.add_verdict(
        receipt.record_id, b'{"new": 1}', integrity="INTACT", indication="TOTAL-PASSED"
    )
    archive.replace_text(receipt.record_id, ["chữ nhận dạng được"])
    archive.add_derivative(receipt.record_id, "page-1", b"png", "image/png")
    assert tree(archive._store, "ocfl/") == before
    with archive.open_derivative(receipt.record_id, "verdict") as verdict:
        assert verdict.stream.read() == b'{"new": 1}'
    with archive.open_derivative(receipt.record_id, "nothing") as nothing:
        assert nothing is None
    assert archive.record(receipt.record_id).indication == "TOTAL-PASSED"
    assert archive.page_texts(receipt.record_id) == ("chữ nhận dạng được",)
    assert archive.fsck().clean


def test_a_record_id_sorts_by_time_and_cannot_be_guessed():
    moments = [
        datetime(2026, 11, 20, 16, 59, 59, tzinfo=UTC),
        datetime(2026, 11, 20, 17, 0, tzinfo=UTC),
        datetime(2026, 12, 31, 23, 0, tzinfo=UTC),
    ]
    ids = [new_record_id(m) for m in moments]
    assert ids == sorted(ids)
    assert [i[:8] for i in ids] == ["20261120", "20261121", "20270101"]
    assert len({new_record_id(moments[0]) for _ in range(1000)}) == 1000
    assert all(len(i) == 25 for i in ids)


def test_database_down_is_a_clear_problem(disk, clock, sip):
    from archive.catalogue.database import open_database

    archive = Archive(
        engine=open_database("postgresql://u:p@127.0.0.1:9/none"), store=disk, clock=clock
    )
    for use in (archive.prepare, archive.ping, lambda: archive.ingest(sip())):
        with pytest.raises(CatalogueUnavailableError):
            use()
    assert tree(disk, "ocfl/") == []
