"""Ingests documents one after another until somebody kills it; says which ones it acknowledged.

    python ingest_until_killed.py DATABASE_URL FOLDER RUN

Writes a line `sha256 record_id number` to standard output after each receipt, and never before.
"""

import itertools
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from archive.archive import Archive
from archive.catalogue.database import open_database
from archive.model import DocumentMetadata, Sip
from archive.store.disk import DiskStore


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def main(url: str, folder: Path, run: str) -> None:
    archive = Archive(
        engine=open_database(url),
        store=DiskStore(folder / "objects"),
        clock=SystemClock(),
        agency="UBND",
    )
    archive.prepare()
    archive.recover()
    os.write(1, b"ready\n")
    for count in itertools.count():
        path = folder / f"in-{run}.pdf"
        path.write_bytes(b"%PDF " + f"{run} {count} ".encode() + b"x" * (count % 7 * 30_000))
        receipt = archive.ingest(
            Sip(
                content=path,
                original_name="in.pdf",
                metadata=DocumentMetadata(so_ky_hieu=f"{count}/{run}"),
                page_texts=("một hai ba",),
                verdict_json=b"{}",
            )
        )
        assert receipt.register is not None
        os.write(1, f"{receipt.sha256} {receipt.record_id} {receipt.register.number}\n".encode())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
