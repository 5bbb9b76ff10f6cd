"""Free loopback ports, and waiting for a server to listen on one."""

import socket
import subprocess
import time

from support.servers.need import ServerMissingError


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(
    port: int, server: subprocess.Popen[bytes], name: str, seconds: float = 60
) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.poll() is not None:
            raise ServerMissingError(f"{name} ended with status {server.returncode}; see its log")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise ServerMissingError(f"{name} does not listen on port {port} after {seconds:.0f} s")
