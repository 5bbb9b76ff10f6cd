"""How fast records are found, beside a scan of the same folded text with LIKE.

    python -m bench.archive_search [COUNT] [--postgresql URL]

Records are entered without objects: what is measured is the catalogue.
"""

import argparse
import statistics
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import text

from archive.catalogue.database import migrate, open_database, reading, writing
from archive.catalogue.drafts import Draft
from archive.catalogue.fold import fold
from archive.catalogue.repository import Catalogue
from archive.catalogue.rows import insert_record
from archive.model import RecordKind, SearchOrder, SearchQuery, new_record_id
from bench.archive_corpus import documents

QUERIES = {
    "rare word": SearchQuery(text="khoángsương"),
    "two rare words, accents off": SearchQuery(text="khoangsuong lamtram"),
    "two common words": SearchQuery(text="chuyển đổi"),
    "two common words, newest": SearchQuery(text="chuyển đổi", order=SearchOrder.NEWEST),
    "phrase": SearchQuery(text='"chuyển đổi"'),
    "prefix": SearchQuery(text="chuyen khoang*"),
    "number": SearchQuery(text="345"),
    "word, agency, year": SearchQuery(
        text="ngân sách",
        agency="xa Dong Hoa",
        from_date=date(2023, 1, 1),
        to_date=date(2023, 12, 31),
    ),
    "everything, newest": SearchQuery(),
}
TURNS = 15


def fill(catalogue: Catalogue, count: int) -> float:
    began = time.perf_counter()
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with writing(catalogue.engine) as connection:
        connection.execute(text("CREATE TABLE bench_scan (seq bigint PRIMARY KEY, folded text)"))
        for number, (metadata, pages) in enumerate(documents(count)):
            draft = Draft(
                record_id=new_record_id(now), kind=RecordKind.INCOMING, sha256=f"{number:064d}", size=1, original_name="in.pdf",
                media_type="application/pdf", received=now, metadata=metadata, page_texts=pages, integrity=None, indication=None,
                message="", actor=None,
            )  # fmt: skip
            seq = insert_record(connection, draft)
            folded = " ".join(
                fold(" ".join([metadata.so_ky_hieu or "", metadata.trich_yeu or "", *pages]))
            )
            connection.execute(
                text("INSERT INTO bench_scan VALUES (:s, :f)"), {"s": seq, "f": f" {folded} "}
            )
    return time.perf_counter() - began


def timed(run) -> tuple[float, float]:
    times = []
    for _ in range(TURNS):
        began = time.perf_counter()
        run()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times), max(times)


def scan(catalogue: Catalogue, query: SearchQuery) -> None:
    words = [word.strip('"*') for word in query.text.split()]
    conditions = (
        " AND ".join(f"folded LIKE '% {' '.join(fold(word))} %'" for word in words) or "1 = 1"
    )
    with reading(catalogue.engine) as connection:
        connection.execute(text(f"SELECT count(*) FROM bench_scan WHERE {conditions}")).scalar()  # noqa: S608 - our own words
        connection.execute(
            text(f"SELECT seq FROM bench_scan WHERE {conditions} ORDER BY seq DESC LIMIT 20")  # noqa: S608 - our own words
        ).all()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("count", nargs="?", type=int, default=10_000)
    parser.add_argument("--postgresql")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        engine = open_database(asked.postgresql or f"sqlite:///{Path(name)}/antin.db")
        migrate(engine)
        catalogue = Catalogue(engine)
        print(
            f"{asked.count} records entered at {asked.count / fill(catalogue, asked.count):.0f}/s on {engine.dialect.name}"
        )
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
        print(f"{'':32}{'hits':>7}{'p50 ms':>9}{'max ms':>9}{'LIKE p50':>10}{'ratio':>8}")
        for label, query in QUERIES.items():
            found = catalogue.search(query)
            p50, worst = timed(lambda query=query: catalogue.search(query))
            like, _ = timed(lambda query=query: scan(catalogue, query))
            print(
                f"{label:32}{found.total:>7}{p50:>9.2f}{worst:>9.2f}{like:>10.2f}{like / p50:>7.1f}×"
            )
        engine.dispose()


if __name__ == "__main__":
    main()
