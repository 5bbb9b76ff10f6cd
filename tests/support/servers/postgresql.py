"""A throw-away PostgreSQL cluster on a random loopback port.

`initdb` and `postgres` refuse to run as root, so as root they run as `postgres` or `nobody`. The
folder must be short: a socket's path may have 107 characters.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path

from support.servers.need import ServerMissingError, apt_install
from support.servers.ports import free_port, wait_for_port

_CONF = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{folder}/socket'
shared_buffers = 64MB
max_connections = 120
fsync = {durable}
full_page_writes = {durable}
synchronous_commit = {durable}
"""


class PostgreSQL:
    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self.folder = folder
        self._durable = durable
        self._bin = _binaries()
        self._port = free_port()
        self._password = secrets.token_hex(12)
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres:{self._password}@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        user = _user()
        data, socket = self.folder / "data", self.folder / "socket"
        socket.mkdir(parents=True)
        pwfile = self.folder / "pw"
        pwfile.write_text(self._password)
        if user is not None:
            for path in (self.folder, socket, pwfile):
                shutil.chown(path, user)
        pwfile.chmod(0o600)
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        initdb = ["initdb", "-D", str(data), "-U", "postgres", "-A", "scram-sha-256", "--no-sync"]
        initdb += [f"--pwfile={pwfile}", "-E", "UTF8", "--locale=C.UTF-8"]
        self._run(initdb, env)
        with (data / "postgresql.conf").open("a") as conf:
            durable = "on" if self._durable else "off"
            conf.write(_CONF.format(port=self._port, folder=self.folder, durable=durable))
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [str(self._bin / "postgres"), "-D", str(data)],
                env=env,
                user=user,
                group=pwd.getpwnam(user).pw_gid if user else None,
                extra_groups=[] if user else None,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for_port(self._port, self._server, "postgres")
        self._wait_until_ready(env)

    def stop(self) -> None:
        if self._server is not None:
            with contextlib.suppress(ProcessLookupError):
                self._server.send_signal(signal.SIGINT)  # "fast": ends sessions, then stops
            try:
                self._server.wait(15)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()

    def _run(self, command: list[str], env: dict[str, str]) -> None:
        user = _user()
        done = subprocess.run(
            [str(self._bin / command[0]), *command[1:]],
            env=env,
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ServerMissingError(f"{command[0]} failed: {done.stderr[-800:]}")

    def _wait_until_ready(self, env: dict[str, str]) -> None:
        ready = [str(self._bin / "pg_isready"), "-h", "127.0.0.1", "-p", str(self._port), "-q"]
        end = time.monotonic() + 30
        while subprocess.run(ready, env=env, check=False).returncode != 0:
            if time.monotonic() > end:
                raise ServerMissingError("postgres does not get ready; see its log")
            time.sleep(0.05)


def _binaries() -> Path:
    found = _find()
    if found is None:
        apt_install("PostgreSQL", "postgresql")
        found = _find()
    if found is None:
        raise ServerMissingError("PostgreSQL was installed but its binaries are not found")
    return found


def _find() -> Path | None:
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[4]))
    on_path = shutil.which("initdb")
    for initdb in [*reversed(debian), *([Path(on_path).resolve()] if on_path else [])]:
        if (initdb.parent / "postgres").exists():
            return initdb.parent
    return None


def _user() -> str | None:
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
