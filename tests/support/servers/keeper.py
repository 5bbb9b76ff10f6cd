"""Keeps one test server for all processes of a test run, and ends it when the run is gone.

    python -m support.servers.keeper postgresql|radosgw FOLDER PID

returns once the server is up (or could not be started) and leaves its answer in FOLDER/ready.json.
Behind it stays a process that is the parent of the server's processes, waits for PID (the test
run) to end or for FOLDER/stop to appear, stops the server and removes what it wrote. So a test run
that is killed leaves nothing behind, and xdist's workers share one server without counting.
"""

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from support.servers.need import ServerMissingError
from support.servers.postgresql import PostgreSQL
from support.servers.radosgw import RadosGateway

_LOOK = 0.1
"""Seconds between looks at the test run."""


def _postgresql(folder: Path) -> tuple[Callable[[], None], dict[str, str]]:
    server = PostgreSQL(folder)
    try:
        server.start()
    except BaseException:
        server.stop()
        raise
    return server.stop, {"url": server.url}


def _radosgw(folder: Path) -> tuple[Callable[[], None], dict[str, str]]:
    server = RadosGateway(folder)
    try:
        server.start()
    except BaseException:
        server.stop()
        raise
    keys = {"access_key": server.access_key, "secret_key": server.secret_key}
    return server.stop, {"endpoint": server.endpoint, **keys}


_KINDS = {"postgresql": _postgresql, "radosgw": _radosgw}


def alive(pid: int) -> bool:
    """Return whether `pid` runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _answer(folder: Path, answer: dict[str, str]) -> None:
    draft = folder / "ready.tmp"
    draft.write_text(json.dumps(answer))
    draft.rename(folder / "ready.json")


def _nothing() -> None:
    """Stop a server that never was."""


def _keep(kind: str, folder: Path, run: int) -> None:
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # Ctrl-C is for the test run; its end ends us
    server = folder / "s"
    server.mkdir()
    stop: Callable[[], None] = _nothing
    try:
        stop, answer = _KINDS[kind](server)
    except ServerMissingError as exc:
        answer = {"missing": str(exc)}
    except Exception as exc:  # noqa: BLE001 - whatever it is, the test run has to hear of it
        answer = {"missing": f"{kind}: {type(exc).__name__}: {exc}"}
    _answer(folder, answer)
    while alive(run) and not (folder / "stop").exists():
        time.sleep(_LOOK)
    stop()
    shutil.rmtree(folder, ignore_errors=True)
    folder.with_suffix(".lock").unlink(missing_ok=True)


def main(kind: str, folder: Path, run: int) -> None:
    child = os.fork()
    if child == 0:
        os.setsid()
        with (folder / "keeper.log").open("ab") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        _keep(kind, folder, run)
        os._exit(0)
    while not (folder / "ready.json").exists():
        if os.waitpid(child, os.WNOHANG)[0]:
            return
        time.sleep(0.02)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
