"""`serve`, `work` and `demo` as processes: they come up, do their work, and stop when told."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from api.settings import load
from api.wiring import House
from api.worker import JsonSerializer, Worker
from archive.catalogue.database import reading
from office.tables.work import Intent, signing_intents

ROOT = Path(__file__).parents[2]


class Process:
    """A command that keeps running."""

    def __init__(self, *arguments, env=None):
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "api", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | (env or {}),
            start_new_session=True,
        )

    def stop(self):
        self.popen.send_signal(signal.SIGTERM)
        out, err = self.popen.communicate(timeout=30)
        return self.popen.returncode, out, err

    def leftovers(self):
        """Return the processes of its session that are still there."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if os.getsid(int(entry.name)) == self.popen.pid:
                        found.append((entry / "cmdline").read_bytes())
                except (ProcessLookupError, FileNotFoundError):
                    continue
        return found


def wait_for(address, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if httpx.get(f"{address}/healthz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"no answer from {address}")


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as trial:
        return trial.getsockname()[1]


def test_serve_answers_logs_json_and_stops_cleanly_when_told(data, port):
    served = Process("serve", "--data", data, "--port", port)
    wait_for(f"http://127.0.0.1:{port}")
    asked = httpx.get(f"http://127.0.0.1:{port}/api/v1/documents?q=canary-tim-kiem")
    assert asked.status_code == 401
    code, out, err = served.stop()
    assert (code, out) == (0, "")
    logged = [json.loads(line) for line in err.splitlines()]
    (request,) = [e for e in logged if e["event"] == "request"]
    assert request["request_id"] == asked.headers["x-request-id"]
    assert request["path"] == "/api/v1/documents"
    assert "canary-tim-kiem" not in err
    assert served.leftovers() == []


def test_a_port_that_is_taken_is_said_so(data, port):
    with socket.create_server(("127.0.0.1", port)):
        served = Process("serve", "--data", data, "--port", port)
        _, err = served.popen.communicate(timeout=60)
    assert served.popen.returncode == 1
    assert str(port) in err
    assert "Traceback" not in err


def test_work_recovers_and_stops_when_told(data):
    with House(load(data)) as house:
        house.archive.prepare()
    working = Process("work", "--data", data)
    while "ready to work" not in working.popen.stderr.readline():
        assert working.popen.poll() is None
    code, _, err = working.stop()
    assert code == 0, err
    assert working.leftovers() == []


def test_jobs_do_what_rows_say_remains(data):
    class Late:
        """The present, an hour ago for the intent, then now."""

        def __init__(self):
            self.behind = timedelta(hours=1)

        def now(self):
            return datetime.now(UTC) - self.behind

    clock = Late()
    with House(load(data), clock=clock) as house:
        house.intents.begin(
            Intent(
                actor="a",
                identity_id="x",
                document_name="n",
                document_sha256="0" * 64,
                level="PAdES-B-B",
            )
        )
        clock.behind = timedelta(0)
        with Worker(house) as worker:
            worker.enqueue("recover")
            end = time.monotonic() + 20
            outcome = None
            while outcome is None and time.monotonic() < end:
                time.sleep(0.1)
                with reading(house.engine) as db:
                    outcome = db.execute(signing_intents.select()).one().outcome
    assert outcome == "interrupted"


def test_what_goes_through_the_queue_is_json(data):
    with House(load(data)) as house:
        worker = Worker(house)
        worker.enqueue("sweep")
        (message,) = worker.pending()
        assert json.loads(message)["message"]["name"].endswith("sweep")
    serializer = JsonSerializer()
    assert serializer.deserialize(serializer.serialize({"a": [1, None]})) == {"a": [1, None]}
    with pytest.raises(ValueError, match="codec"):
        serializer.deserialize(b"\x80\x04cos\nsystem\n.")


def test_the_demo_shows_itself_and_comes_again_with_the_same_accounts(tmp_path, port):
    data, shown = tmp_path / "demo", []
    for _ in range(2):
        demo = Process("demo", "--data", data, "--port", port, "--no-browser")
        wait_for(f"http://127.0.0.1:{port}", seconds=120)
        page = httpx.get(f"http://127.0.0.1:{port}/login").text
        code, out, err = demo.stop()
        assert code == 0, err
        assert f"http://127.0.0.1:{port}" in out
        accounts = re.findall(r"^  (\w+) +(\w{4}-\w{4}-\w{4}) +(123456|–)", out, re.MULTILINE)
        assert len(accounts) == 5
        assert all(password in page for _, password, _ in accounts)
        shown.append(accounts)
    assert shown[0] == shown[1]
    assert oct((data / "accounts.json").stat().st_mode & 0o777) == "0o600"


def test_the_test_command_names_what_failed_and_what_was_skipped(antin, tmp_path):
    (tmp_path / "test_some.py").write_text(
        "import pytest\n"
        "def test_good():\n    pass\n"
        "@pytest.mark.skip(reason='no server here')\ndef test_skipped():\n    pass\n"
    )
    done = antin("test", tmp_path / "test_some.py", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout
    assert "1 passed, 0 failed, 1 skipped" in done.stdout
    assert "SKIPPED 1 × no server here" in done.stdout
    (tmp_path / "test_some.py").write_text("def test_bad():\n    assert not 1\n")
    done = antin("test", tmp_path / "test_some.py", "-p", "no:cacheprovider")
    assert done.returncode == 1
    assert "0 passed, 1 failed, 0 skipped" in done.stdout
