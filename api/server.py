"""The server process: uvicorn around the application, and the jobs beside it."""

import signal
import socket
from collections.abc import Callable, Sequence
from types import FrameType

import uvicorn

from api.rest.app import create_app
from api.wiring import House
from api.worker import Worker
from office.errors import AddressTakenError

SHUTDOWN_SECONDS = 10
"""What open requests may still take: one verification's wall clock."""
HEADER_BYTES = 64 << 10
"""Of a request's head."""


def run(
    house: House,
    *,
    host: str,
    port: int,
    ready: Callable[[str], None] | None = None,
    demo_accounts: Sequence[object] = (),
) -> None:
    """Serve until told to stop; `ready` is called with the address once it answers.

    `demo_accounts` are shown beside the log-in form of a development installation.
    """
    house.open()
    settings = house.settings
    listening = _listen(host, port)
    address = f"http://{host}:{listening.getsockname()[1]}"
    app = create_app(house)
    app.state.demo_accounts = demo_accounts
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        h11_max_incomplete_event_size=HEADER_BYTES,
    )
    # When it has stopped, uvicorn raises the signal again for whoever handled it before: by default
    # that kills the process before the jobs are drained and the sandbox is closed.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _told)
    server = _Announcing(config, lambda: ready(address) if ready else None)
    with listening, Worker(house):
        server.run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as e:
        raise AddressTakenError(f"{host}:{port}", e.strerror or "") from e


def _told(_signum: int, _frame: FrameType | None) -> None:
    """Do nothing: the server has heard it."""


class _Announcing(uvicorn.Server):
    """Says when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], object]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()
