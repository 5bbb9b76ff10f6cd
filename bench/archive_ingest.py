"""How fast documents come in, beside the least that durability costs.

    python -m bench.archive_ingest [COUNT] [--postgresql URL] [--s3 ADDRESS]

Baseline: the same files copied, each with fsync of file and folder and one SQLite FULL commit of
one row. Whoever promises not to lose a document cannot be faster than that, one by one.
"""

import argparse
import hashlib
import os
import sqlite3
import tempfile
import time
from pathlib import Path

from archive.archive import Archive
from archive.catalogue.database import open_database
from archive.model import Sip
from archive.store.address import open_store
from archive.store.disk import DiskStore
from bench.archive_corpus import documents
from certs.clock import SystemClock

SIZE = 60_000


def baseline(folder: Path, count: int) -> float:
    connection = sqlite3.connect(folder / "base.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE doc (id INTEGER PRIMARY KEY, sha256 TEXT UNIQUE)")
    target = folder / "base"
    target.mkdir()
    handle = os.open(target, os.O_RDONLY)
    began = time.perf_counter()
    for number in range(count):
        data = content(number)
        digest = hashlib.sha256(data).hexdigest()
        draft = target / f"{digest}.tmp"
        with draft.open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        draft.rename(target / digest)
        os.fsync(handle)
        connection.execute("INSERT INTO doc (sha256) VALUES (?)", (digest,))
    took = time.perf_counter() - began
    os.close(handle)
    connection.close()
    return took


def content(number: int) -> bytes:
    return b"%PDF-1.7 " + number.to_bytes(8) + bytes(SIZE)


def ours(archive: Archive, folder: Path, count: int) -> float:
    archive.prepare()
    path = folder / "in.pdf"
    spent = 0.0
    for number, (metadata, pages) in enumerate(documents(count)):
        path.write_bytes(content(number))
        sip = Sip(
            content=path,
            original_name="in.pdf",
            metadata=metadata,
            page_texts=pages,
            verdict_json=b"{}",
        )
        began = time.perf_counter()
        archive.ingest(sip)
        spent += time.perf_counter() - began
    return spent


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("count", nargs="?", type=int, default=500)
    parser.add_argument("--postgresql")
    parser.add_argument("--s3")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as name:
        folder = Path(name)
        url = asked.postgresql or f"sqlite:///{folder}/antin.db"
        store = (
            open_store(
                asked.s3,
                access_key=os.environ["ANTIN_S3_ACCESS_KEY"],
                secret_key=os.environ["ANTIN_S3_SECRET_KEY"],
            )
            if asked.s3
            else DiskStore(folder / "objects")
        )
        archive = Archive(
            engine=open_database(url), store=store, clock=SystemClock(), agency="UBND"
        )
        base = baseline(folder, asked.count)
        took = ours(archive, folder, asked.count)
        print(f"baseline (copy, 2 fsync, 1 commit): {asked.count / base:8.0f} docs/s")
        print(
            f"ingest (7 objects, 2 commits):      {asked.count / took:8.0f} docs/s   {took / base:.1f} × baseline"
        )
        archive.close()


if __name__ == "__main__":
    main()
