"""An archive of one's own, on every combination of database and store that is to hold."""

import pytest

from archive.archive import Archive
from archive.catalogue.database import migrate, open_database
from archive.model import DocumentMetadata, RecordKind, Sip
from archive.store.disk import DiskStore
from archive.store.memory import MemoryStore
from support.clocks import StoppedClock


@pytest.fixture
def clock():
    return StoppedClock()


@pytest.fixture
def sqlite_url(tmp_path):
    return f"sqlite:///{tmp_path}/antin.db"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request):
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def engine(database_url):
    engine = open_database(database_url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_engine(sqlite_url):
    engine = open_database(sqlite_url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture(params=["memory", "disk", pytest.param("s3", marks=pytest.mark.s3)])
def store(request, tmp_path):
    if request.param == "memory":
        store = MemoryStore()
    elif request.param == "disk":
        store = DiskStore(tmp_path / "objects")
    else:
        store = request.getfixturevalue("s3_bucket").store()
    yield store
    store.close()


@pytest.fixture
def disk(tmp_path):
    return DiskStore(tmp_path / "objects")


@pytest.fixture
def archive(sqlite_engine, disk, clock):
    """SQLite and disk: the embedded default."""
    archive = Archive(engine=sqlite_engine, store=disk, clock=clock, agency="UBND")
    archive.prepare()
    return archive


@pytest.fixture
def sip(tmp_path):
    def make(
        content=b"%PDF-1.7 signed",
        *,
        kind=RecordKind.INCOMING,
        pages=(),
        name="công văn.pdf",
        **fields,
    ):
        path = tmp_path / "in.pdf"
        path.write_bytes(content)
        verdict = fields.pop("verdict_json", None)
        return Sip(
            content=path,
            original_name=name,
            kind=kind,
            metadata=DocumentMetadata(**fields),
            page_texts=tuple(pages),
            verdict_json=verdict,
        )

    return make
