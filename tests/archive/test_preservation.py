"""Fixity, fsck, rebuild and export: what is wrong is found and located, what is right is left alone."""

import hashlib
import json
import shutil
import subprocess
from datetime import date

import ocfl
import pytest
from sqlalchemy import text

from archive import layout
from archive.archive import Archive
from archive.catalogue.database import migrate, open_database
from archive.errors import (
    ExportRejectedError,
    FixityError,
    RebuildRefusedError,
    RecordNotFoundError,
)
from archive.export import MANIFEST
from archive.model import Problem, RecordKind, SearchQuery
from archive.store.memory import MemoryStore
from support.faulty_store import tree


def fill(archive, sip, count=3):
    ids = []
    for n in range(count):
        one = sip(
            b"%%PDF-1.7 document %d" % n,
            kind=RecordKind.OUTGOING if n == 1 else RecordKind.INCOMING,
            pages=[f"Trang một của {n}", f"Trang hai của {n}"] if n else [],
            verdict_json=b'{"integrity": "INTACT", "indication": "TOTAL-PASSED"}',
            so_ky_hieu=f"{n}/QĐ-UBND",
            ngay_ban_hanh=date(2026, 1, 1 + n),
            trich_yeu="Về việc số " + str(n),
        )
        ids.append(archive.ingest(one).record_id)
        archive._clock.advance(seconds=7)
    return ids


def valid(folder):
    root = ocfl.StorageRoot(root=str(folder))
    assert root.validate(log_warnings=True), root.log.status_str() if root.log else ""
    return root


@pytest.mark.parametrize("kind", ["disk", pytest.param("s3", marks=pytest.mark.s3)])
def test_an_independent_validator_accepts_the_store_without_a_warning(
    kind, request, sqlite_engine, clock, sip, tmp_path
):
    store = (
        request.getfixturevalue("disk")
        if kind == "disk"
        else request.getfixturevalue("s3_bucket").store()
    )
    archive = Archive(engine=sqlite_engine, store=store, clock=clock, agency="UBND")
    archive.prepare()
    fill(archive, sip)
    folder = tmp_path / "downloaded"
    for key in tree(store, "ocfl/"):
        target = folder / key
        target.parent.mkdir(parents=True, exist_ok=True)
        with store.open(key) as stream:
            target.write_bytes(stream.read())
    root = valid(folder / "ocfl")
    assert (root.num_objects, root.good_objects) == (3, 3)
    assert root.errors == []
    store.close()


def test_the_validator_sees_what_we_break(archive, sip, tmp_path):
    """The test above can fail."""
    [record_id] = fill(archive, sip, 1)
    path = tmp_path / "objects" / archive.record(record_id).files[0].key
    path.chmod(0o640)
    path.write_bytes(b"other")
    root = ocfl.StorageRoot(root=str(tmp_path / "objects/ocfl"))
    root.validate(log_errors=False)
    assert root.good_objects == 0


def test_a_clean_archive_raises_no_alarm(archive, sip):
    fill(archive, sip)
    report = archive.fsck()
    assert (report.checked, report.findings) == (3, ())
    report = archive.fixity(everything=True)
    assert report.findings == ()


def test_everything_that_is_due_is_rehashed_once(archive, sip, clock):
    fill(archive, sip)
    assert archive.fixity().checked == 0
    clock.advance(days=91)
    assert archive.fixity().checked == 3 + 3 + 2  # documents, metadata, texts
    assert archive.fixity().checked == 0
    assert archive.fixity(everything=True).checked == 0  # this very moment
    clock.advance(seconds=1)
    assert archive.fixity(everything=True).checked == 8


def objects(tmp_path):
    return tmp_path / "objects"


def flip(path):
    path.chmod(0o640)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)


def test_fixity_names_what_changed_and_what_is_gone_and_goes_on(archive, sip, clock, tmp_path):
    ids = fill(archive, sip)
    clock.advance(days=91)
    changed = archive.record(ids[0]).files[0]
    gone = archive.record(ids[1]).files[1]
    flip(objects(tmp_path) / changed.key)
    (objects(tmp_path) / gone.key).unlink()
    report = archive.fixity()
    assert report.checked == 8
    assert {(f.problem, f.where, f.record_id) for f in report.findings} == {
        (Problem.OBJECT_CHANGED, changed.key, ids[0]),
        (Problem.OBJECT_MISSING, gone.key, ids[1]),
    }
    [found] = [f for f in report.findings if f.problem is Problem.OBJECT_CHANGED]
    assert found.expected == changed.sha256 != found.found
    assert len(archive.fixity().findings) == 2  # what is broken stays due


def test_a_bit_flipped_anywhere_in_an_object_is_found_and_located(archive, sip, tmp_path):
    [record_id] = fill(archive, sip, 1)
    root = objects(tmp_path) / layout.object_root(record_id)
    paths = [p for p in root.rglob("*") if p.is_file()]
    assert len(paths) == 7
    for path in paths:
        original = path.read_bytes()
        flip(path)
        findings = archive.fsck().findings
        key = str(path.relative_to(objects(tmp_path)))
        assert key in [f.where for f in findings], key
        path.write_bytes(original)
    assert archive.fsck().clean


def test_a_file_missing_anywhere_in_an_object_is_found_and_located(archive, sip, tmp_path):
    [record_id] = fill(archive, sip, 1)
    root = objects(tmp_path) / layout.object_root(record_id)
    for path in [p for p in root.rglob("*") if p.is_file()]:
        original = path.read_bytes()
        path.unlink()
        findings = archive.fsck().findings
        key = str(path.relative_to(objects(tmp_path)))
        assert key in [f.where for f in findings], key
        path.write_bytes(original)
    shutil.rmtree(root)
    assert {f.record_id for f in archive.fsck().findings} == {record_id}


def test_what_does_not_belong_into_the_store_is_found(archive, sip, tmp_path):
    [record_id] = fill(archive, sip, 1)
    extra = layout.content_key(record_id, 1, "extra.pdf")
    stranger = layout.object_root("20200101-0000000000000000")
    for key in (extra, stranger + "inventory.json"):
        archive._store.put_once(key, b"x", hashlib.sha256(b"x").hexdigest())
    assert {(f.problem, f.where) for f in archive.fsck().findings} == {
        (Problem.OBJECT_UNKNOWN, extra),
        (Problem.OBJECT_UNKNOWN, stranger),
    }


@pytest.mark.parametrize(
    ("tamper", "problem", "where"),
    [
        ("UPDATE records SET so_ky_hieu = '9/QĐ-UBND' WHERE seq = 1", "record.changed", "{0}/document"),
        ("UPDATE records SET ngay_ban_hanh = '2020-01-01' WHERE seq = 2", "record.changed", "{1}/document"),
        ("UPDATE records SET original_name = 'x' WHERE seq = 1", "record.changed", "{0}/original_name"),
        ("UPDATE records SET kind = 'outgoing' WHERE seq = 1", "record.changed", "{0}/kind"),
        ("UPDATE records SET received_at = '2020-01-01 00:00:00' WHERE seq = 1", "record.changed", "{0}/received"),
        ("UPDATE pages SET text = 'x' WHERE record_seq = 2 AND page = 2", "record.changed", "{1}/text"),
        ("DELETE FROM pages WHERE record_seq = 3", "record.changed", "{2}/text"),
        ("UPDATE files SET sha256 = 'x', sha512 = 'y' WHERE record_seq = 1 AND path = 'document.pdf'", "object.changed", "{document}"),
        ("UPDATE versions SET message = 'x' WHERE record_seq = 1", "inventory.changed", "{inventory}"),
        ("UPDATE versions SET published_at = NULL WHERE record_seq = 1", "record.unpublished", "{0}"),
        ("DELETE FROM register_entries WHERE number = 1", "number.gap", "UBND/den/2026/1"),
        ("DELETE FROM register_entries WHERE number = 1", "number.missing", "{0}"),
        ("UPDATE register_books SET last = 1", "number.beyond", "UBND/den/2026/2"),
        ("UPDATE register_books SET last = 3", "number.gap", "UBND/den/2026/3"),
        ("UPDATE register_entries SET number = 7 WHERE number = 2", "number.beyond", "UBND/den/2026/7"),
        ("UPDATE register_entries SET number = 7 WHERE number = 2", "record.changed", "{2}/register"),
        ("UPDATE register_entries SET record_seq = 3 WHERE number = 1", "record.changed", "{0}/register"),
        ("DELETE FROM search_records WHERE rowid = 2", "search.missing", "{1}"),
        ("INSERT INTO search_records (rowid, body) VALUES (99, 'x')", "search.extra", "search row 99"),
        ("UPDATE derivatives SET size = 1 WHERE record_seq = 1", "object.changed", "{verdict}"),
    ],
)  # fmt: skip
def test_a_tampered_row_is_found_and_located(archive, sip, tamper, problem, where):
    ids = fill(archive, sip)
    record = archive.record(ids[0])
    places = {
        "document": next(f.key for f in record.files if f.path == layout.DOCUMENT),
        "inventory": layout.object_root(ids[0]) + layout.INVENTORY,
        "verdict": record.derivatives[0].key,
    }
    with archive._engine.begin() as connection:
        assert connection.execute(text(tamper)).rowcount > 0
    found = {(f.problem.value, f.where) for f in archive.fsck().findings}
    assert (problem, where.format(*ids, **places)) in found


def rows(engine):
    """All that the catalogue says, without what only this machine knows."""
    found = {}
    with engine.connect() as connection:
        for table in (
            "records",
            "versions",
            "files",
            "derivatives",
            "pages",
            "register_books",
            "register_entries",
        ):
            result = connection.execute(text(f"SELECT * FROM {table}")).mappings()  # noqa: S608 - our own table names
            found[table] = sorted(
                json.dumps(
                    {
                        k: v
                        for k, v in row.items()
                        if k not in {"checked_at", "published_at", "pending", "staged"}
                    },
                    default=str,
                    sort_keys=True,
                )
                for row in result
            )
    return found


def test_the_catalogue_is_rebuilt_from_the_objects_alone(engine, store, clock, sip, tmp_path):
    archive = Archive(engine=engine, store=store, clock=clock, agency="UBND")
    archive.prepare()
    ids = fill(archive, sip, 4)
    clock.advance(days=2)
    archive.replace_text(ids[0], ["văn bản nhận dạng"])
    archive.add_verdict(
        ids[1],
        b'{"integrity": "INTACT", "indication": "INDETERMINATE"}',
        integrity="INTACT",
        indication="INDETERMINATE",
    )
    before = rows(engine)
    empty = open_database(f"sqlite:///{tmp_path}/new.db")
    migrate(empty)
    rebuilt = Archive(engine=empty, store=store, clock=clock, agency="UBND")
    assert rebuilt.rebuild() == 4
    assert rebuilt.fsck().findings == ()
    assert [h.record_id for h in rebuilt.search(SearchQuery(text="nhan dang")).hits] == [ids[0]]
    for record_id in ids:
        assert rebuilt.record(record_id) == archive.record(record_id)
    assert rebuilt.rebuild() == 4  # over itself, too
    if engine.dialect.name == "sqlite":
        after = rows(empty)
        # Dates of entries and derivatives are written alike in both.
        assert after == before
    assert rebuilt.ingest(sip(b"%PDF new")).register.number == 4  # numbers go on
    empty.dispose()


def test_rebuilding_from_a_damaged_store_is_refused_and_changes_nothing(archive, sip, tmp_path):
    ids = fill(archive, sip)
    before = rows(archive._engine)
    for name in ("v1/content/metadata.json", "inventory.json", "inventory.json.sha512"):
        path = objects(tmp_path) / (layout.object_root(ids[1]) + name)
        original = path.read_bytes()
        flip(path)
        with pytest.raises(RebuildRefusedError) as caught:
            archive.rebuild()
        assert layout.object_root(ids[1]) in caught.value.key
        path.write_bytes(original)
        assert rows(archive._engine) == before
    stray = "derivatives/x/y/z"
    archive._store.put_once(stray, b"", hashlib.sha256(b"").hexdigest())
    with pytest.raises(RebuildRefusedError):
        archive.rebuild()


def test_an_export_is_a_storage_root_that_anybody_can_check(archive, sip, tmp_path):
    ids = fill(archive, sip)
    out = tmp_path / "deep" / "out"
    manifest = archive.export([ids[0], ids[2], ids[0]], out)
    root = valid(out)
    assert (root.num_objects, root.errors) == (2, [])
    assert manifest == out / MANIFEST
    checked = subprocess.run(
        ["sha256sum", "--quiet", "--strict", "-c", MANIFEST], cwd=out, check=False
    )
    assert checked.returncode == 0
    listed = {line.split("  ")[1] for line in manifest.read_text().splitlines()}
    assert listed == {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()} - {MANIFEST}
    # and an archive can be made of it
    assert [p.name for p in tmp_path.glob("deep/*")] == ["out"]


def test_an_export_appears_whole_or_not_at_all(archive, sip, tmp_path):
    ids = fill(archive, sip)
    flip(objects(tmp_path) / archive.record(ids[1]).files[0].key)
    with pytest.raises(FixityError):
        archive.export(ids, tmp_path / "out")
    with pytest.raises(RecordNotFoundError):
        archive.export([ids[0], "20200101-0000000000000000"], tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".out")]
    (tmp_path / "full").mkdir()
    (tmp_path / "full/x").touch()
    with pytest.raises(ExportRejectedError):
        archive.export([ids[0]], tmp_path / "full")


def test_an_inventory_always_comes_out_the_same(archive, sip):
    [record_id] = fill(archive, sip, 1)
    versions = archive._catalogue.object_versions(record_id)
    assert layout.inventory(record_id, versions) == layout.inventory(record_id, versions)
    said = json.loads(layout.inventory(record_id, versions))
    assert said["id"] == f"antin:{record_id}"
    assert set(said["fixity"]) == {"sha256"}


def test_a_damaged_root_is_found(archive, sqlite_engine, clock, tmp_path):
    (objects(tmp_path) / "ocfl/0=ocfl_1.1").unlink()
    assert [(f.problem, f.where) for f in archive.fsck().findings] == [
        (Problem.ROOT_DAMAGED, "ocfl/0=ocfl_1.1")
    ]
    archive.prepare()
    assert archive.fsck().clean


def test_an_empty_archive_is_in_order(sqlite_engine, clock):
    archive = Archive(engine=sqlite_engine, store=MemoryStore(), clock=clock)
    archive.prepare()
    assert archive.fsck().clean
    assert archive.rebuild() == 0
    assert archive.fixity(everything=True).checked == 0
