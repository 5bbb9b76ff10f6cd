"""What a server needs to be there, and what to say when it is not.

With ANTIN_TEST_INSTALL=1, as root, on a machine with apt, what is missing is installed; whatever
then is still missing is an error. Otherwise the tests that need it are skipped, loudly.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

_NO_SERVICES = Path("/usr/sbin/policy-rc.d")
"""Exit status 101 from it keeps apt from starting what it installs."""


class ServerMissingError(Exception):
    """A server that tests need is not on this machine."""


def install_allowed() -> bool:
    return os.environ.get("ANTIN_TEST_INSTALL") == "1"


def apt_install(what: str, *packages: str) -> None:
    """Install `packages` if that is allowed and possible.

    Raises:
        ServerMissingError: it is not; the message says what to do.

    """
    by_hand = f"apt install {' '.join(packages)}"
    if not install_allowed():
        raise ServerMissingError(
            f"{what} is not installed: {by_hand}, or set ANTIN_TEST_INSTALL=1 as root"
        )
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise ServerMissingError(
            f"{what} is missing and ANTIN_TEST_INSTALL=1 needs root and apt-get: {by_hand}"
        )
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with (Path(tempfile.gettempdir()) / "antin-test-apt.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        placed = not _NO_SERVICES.exists()
        if placed:
            _NO_SERVICES.write_text("#!/bin/sh\nexit 101\n")
            _NO_SERVICES.chmod(0o755)
        try:
            for command in (
                ["apt-get", "update", "-qq"],
                ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
            ):
                done = subprocess.run(
                    command, env=environment, capture_output=True, text=True, check=False
                )
                if done.returncode != 0:
                    raise ServerMissingError(
                        f"{what}: {' '.join(command)} failed: {done.stderr[-500:]}"
                    )
        finally:
            if placed:
                _NO_SERVICES.unlink()
