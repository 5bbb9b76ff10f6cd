"""kill -9 at random moments of real processes: what was acknowledged is there, and nothing else lies about."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from archive.archive import Archive
from archive.catalogue.database import open_database
from archive.store.disk import DiskStore
from support.clocks import StoppedClock
from support.faulty_store import tree

WORKER = Path(__file__).parent.parent / "support" / "ingest_until_killed.py"
ROOT = Path(__file__).parent.parent.parent
KILLS = int(os.environ.get("ANTIN_TEST_KILLS", "40"))
WORKERS = 2


def start(url, folder, run):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    command = [sys.executable, str(WORKER), url, str(folder), str(run)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)


def run_and_kill(url, folder, round_, chance):
    """Start workers, kill them all at a random moment, return what they had acknowledged."""
    workers = [start(url, folder, f"{round_}-{n}") for n in range(WORKERS)]
    try:
        for worker in workers:
            assert worker.stdout.readline() == b"ready\n"
        time.sleep(chance.uniform(0.0, 0.12))
    finally:
        for worker in workers:
            worker.send_signal(signal.SIGKILL)
    lines = []
    for worker in workers:
        lines += worker.stdout.read().splitlines()
        worker.stdout.close()
        worker.wait()
    return [line.decode().split() for line in lines if line.count(b" ") == 2]


@pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
)
def test_nothing_acknowledged_is_lost_and_no_number_twice(database, request, tmp_path):
    url = request.getfixturevalue(f"{database}_url")
    chance = random.Random(20261121)  # noqa: S311 - moments, not secrets
    acknowledged = []
    for round_ in range(KILLS // WORKERS if database == "sqlite" else KILLS // WORKERS // 4):
        acknowledged += run_and_kill(url, tmp_path, round_, chance)
    assert acknowledged, "the workers were killed before they did anything: the test shows nothing"

    engine, store = open_database(url), DiskStore(tmp_path / "objects")
    clock = StoppedClock(datetime.now(UTC))
    archive = Archive(engine=engine, store=store, clock=clock, agency="UBND")
    archive.recover()
    for sha256, record_id, number in acknowledged:
        with archive.open(record_id) as content:
            assert hashlib.sha256(content.stream.read()).hexdigest() == sha256
        assert archive.record(record_id).register.number == int(number)
    assert len({number for _, _, number in acknowledged}) == len(acknowledged)
    with engine.connect() as connection:
        numbers = list(
            connection.execute(
                text("SELECT number FROM register_entries ORDER BY number")
            ).scalars()
        )
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) == len(archive._catalogue.record_ids()) >= len(acknowledged)
    clock.moment += timedelta(hours=25)
    archive.sweep()
    assert tree(store, "staging/") == []
    assert archive.fsck().findings == ()
    engine.dispose()
