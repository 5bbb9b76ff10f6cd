"""The development PKI over HTTP on loopback, for the demo and for other programs' checks.

1. Listens on 127.0.0.1 alone, on the port that stands in the certificates.
2. A request has 5 s and 64 KiB; the connection is closed after one answer.
"""

import logging
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from certs.dev.authority import DevelopmentAuthority
from certs.dev.responder import MAX_BODY, DevelopmentResponder
from certs.model import Clock

_log = logging.getLogger(__name__)
_SECONDS = 5.0  # loopback answers in milliseconds; this only ends abandoned connections


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 inherited
        """Note it, without the traceback on standard error: mostly clients that hung up."""
        _log.debug("a request to the development PKI failed", exc_info=True)


class DevelopmentServer:
    """Serves in the background between `start()` and `close()`; a context manager."""

    def __init__(
        self, authority: DevelopmentAuthority, clock: Clock, *, port: int | None = None
    ) -> None:
        """Bind the port; raise `OSError` where it is taken. `port=0` picks a free one."""
        handler = _handler(DevelopmentResponder(authority), clock)
        where = ("127.0.0.1", authority.port if port is None else port)
        self._server = _Server(where, handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},  # how long close() may take, seconds
            name="antin-development-pki",
            daemon=True,
        )

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _handler(responder: DevelopmentResponder, clock: Clock) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _SECONDS
        server_version = "antin-development-pki"
        sys_version = ""

        def do_GET(self) -> None:
            self._reply(b"")

        def do_POST(self) -> None:
            announced = self.headers.get("Content-Length", "")
            size = int(announced) if announced.isascii() and announced.isdigit() else -1
            if not 0 <= size <= MAX_BODY:
                self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                return
            self._reply(self.rfile.read(size))

        def _reply(self, body: bytes) -> None:
            status, media_type, data = responder.answer(self.command, self.path, body, clock.now())
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 inherited name
            """Say nothing: this server is plumbing, not an event."""

    return Handler
