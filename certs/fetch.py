"""The only way out of the house (`certs.model.Fetcher`).

Measured before it was written: a PDF signed by a certificate that anybody can make led the usual
libraries to GET a loopback service, follow a redirect to an internal page, swallow a 300 MB body
and send 200 requests. Hence:

1. `certs.targets` rules 1-9 decide where a URL may lead, before anything else happens.
2. A name is resolved once. If any of the answers is refused by rule 8 there, nothing is
   connected: an attacker's name server may mix good and bad answers.
3. The connection goes to the very address that was judged. There is no second resolution that
   could answer differently (DNS rebinding).
4. TLS is verified against the system's roots and the original name.
5. No redirect is followed; any answer but 200 is a failure. Neither are proxies of the
   environment, cookies or credentials used.
6. `Accept-Encoding: identity`; an encoded body is a failure (no decompression bombs).
7. When the caller names the media type it accepts, an answer of another type is a failure.
8. The body is counted while it arrives and dropped above the caller's cap; a Content-Length above
   the cap is refused unread; a body shorter than announced is a failure.
9. One deadline covers resolving, connecting, TLS, sending and reading: a server that sends a byte
   a second gains nothing.

Failures of the far end are `FetchFailedError`, refusals by rule `FetchRefusedError`.
"""

import http.client
import io
import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import cast

from certs.errors import FetchFailedError, FetchRefusedError
from certs.model import FetchRequest
from certs.targets import Address, Target, check_address, normalise_host, parse_target, shown

Resolver = Callable[[str, int], Sequence[str]]
"""Host and port to addresses in their usual notation; raises `OSError`."""

Connector = Callable[[Address, int, float], socket.socket]
"""Address, port and seconds to a connected TCP socket; raises `OSError`."""

CONNECT_SECONDS = 5.0  # one dead address must not eat the whole deadline
MAX_ADDRESSES = 4  # of one name, tried in order
MAX_RESOLVING = 8  # threads that may hang in the system's resolver at once
_HEAD = 64 << 10  # bytes of status line and headers; ordinary answers have under 1 KiB
_PIECE = 64 << 10  # bytes read at a time

_USER_AGENT = "antin"


def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver."""
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in infos))


def connect(address: Address, port: int, timeout: float) -> socket.socket:
    """Open a TCP connection to an address; no name is involved."""
    return socket.create_connection((str(address), port), timeout)


@dataclass(slots=True)
class _Deadline:
    """Seconds left of the whole exchange."""

    end: float

    def left(self) -> float:
        seconds = self.end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("deadline")
        return seconds


@dataclass(slots=True)
class _Count:
    """Bytes of bodies that arrived, so that a failure can say what it cost."""

    body: int = 0


class _Wire(io.RawIOBase):
    """A socket as `http.client` reads it: under the deadline, and never more than `limit` bytes."""

    def __init__(self, sock: socket.socket, deadline: _Deadline, limit: int) -> None:
        self._sock = sock
        self._deadline = deadline
        self._left = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # narrower, as called
        self._sock.settimeout(self._deadline.left())
        count = self._sock.recv_into(buffer)
        self._left -= count
        if self._left < 0:
            raise OSError("too many bytes")
        return count

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self, _PIECE)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedFetcher:
    """`certs.model.Fetcher` over the network. Thread-safe; holds no connection between calls."""

    allowed_hosts: Collection[str] = frozenset()
    """Exact host names or addresses; everything else is refused."""
    allowed_ports: frozenset[int] = frozenset({80, 443})
    allowed_private: Collection[tuple[str, int]] = frozenset()
    """`(host, port)` pairs inside the network that an administrator named, e.g. an internal CA."""
    resolver: Resolver = resolve
    connector: Connector = connect
    tls: ssl.SSLContext | None = None
    """`None`: the system's roots."""
    _resolving: threading.Semaphore = field(
        default_factory=lambda: threading.Semaphore(MAX_RESOLVING), init=False, repr=False
    )

    def __post_init__(self) -> None:
        hosts = frozenset(normalise_host(h) for h in self.allowed_hosts)
        pairs = frozenset((normalise_host(h), p) for h, p in self.allowed_private)
        object.__setattr__(self, "allowed_hosts", hosts)
        object.__setattr__(self, "allowed_private", pairs)

    def fetch(self, request: FetchRequest) -> bytes:
        """See `certs.model.Fetcher`."""
        target = parse_target(
            request.url,
            allowed_hosts=self.allowed_hosts,
            allowed_ports=self.allowed_ports,
            allowed_private=self.allowed_private,
        )
        head = _head(target, request)
        deadline = _Deadline(time.monotonic() + request.timeout)
        count = _Count()
        try:
            with self._connected(target, deadline) as sock:
                _send(sock, head + request.body, deadline)
                return _receive(sock, request, deadline, count)
        except TimeoutError as exc:
            raise FetchFailedError(
                target.url, f"no answer within {request.timeout:g} s", count.body
            ) from exc
        except (OSError, http.client.HTTPException) as exc:
            raise FetchFailedError(target.url, shown(_reason(exc)), count.body) from exc

    def _connected(self, target: Target, deadline: _Deadline) -> socket.socket:
        failure: OSError | None = None
        for address in self._addresses(target, deadline)[:MAX_ADDRESSES]:
            try:
                sock = self.connector(address, target.port, min(CONNECT_SECONDS, deadline.left()))
            except OSError as exc:
                failure = exc
                continue
            if target.scheme == "http":
                return sock
            try:
                sock.settimeout(deadline.left())
                tls = self.tls or _system_tls()
                return tls.wrap_socket(sock, server_hostname=target.host)
            except BaseException:
                sock.close()
                raise
        raise failure or OSError("the name has no address")

    def _addresses(self, target: Target, deadline: _Deadline) -> Sequence[Address]:
        if target.address is not None:
            return (target.address,)
        answers = self._resolved(target, deadline)
        try:
            addresses = [ipaddress.ip_address(a) for a in answers]
        except ValueError as exc:
            # A scoped or malformed answer is no public address (rule 8).
            raise FetchRefusedError(target.url, "the name resolves to no plain address") from exc
        for address in addresses:
            check_address(target, address)
        return addresses

    def _resolved(self, target: Target, deadline: _Deadline) -> Sequence[str]:
        # The system's resolver knows no time limit, so it runs beside us; a daemon thread never
        # keeps the process from ending, and the semaphore bounds how many can hang.
        if not self._resolving.acquire(timeout=deadline.left()):
            raise TimeoutError("resolver busy")
        answer: queue.SimpleQueue[Sequence[str] | OSError] = queue.SimpleQueue()

        def work() -> None:
            try:
                answer.put(self.resolver(target.host, target.port))
            except (OSError, UnicodeError) as exc:
                answer.put(OSError(f"the name cannot be resolved ({exc})"))
            finally:
                self._resolving.release()

        threading.Thread(target=work, name="antin-resolve", daemon=True).start()
        try:
            result = answer.get(timeout=deadline.left())
        except queue.Empty as exc:
            raise TimeoutError("resolver") from exc
        if isinstance(result, OSError):
            raise result
        return result


@cache
def _system_tls() -> ssl.SSLContext:
    # Reading the system's roots takes tens of milliseconds; most runs never leave the house.
    return ssl.create_default_context()


def _head(target: Target, request: FetchRequest) -> bytes:
    lines = [
        f"{request.method} {target.path} HTTP/1.1",
        f"Host: {target.host_header}",
        f"User-Agent: {_USER_AGENT}",
        "Accept-Encoding: identity",
        "Connection: close",
        f"Accept: {request.accept or '*/*'}",
    ]
    if request.method == "POST":
        lines.append(f"Content-Length: {len(request.body)}")
        lines.append(f"Content-Type: {request.content_type or 'application/octet-stream'}")
    if any("\r" in line or "\n" in line for line in lines):
        raise FetchRefusedError(target.url, "line break in a header")
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def _send(sock: socket.socket, data: bytes, deadline: _Deadline) -> None:
    view = memoryview(data)
    while view:
        sock.settimeout(deadline.left())
        view = view[sock.send(view) :]


def _receive(
    sock: socket.socket, request: FetchRequest, deadline: _Deadline, count: _Count
) -> bytes:
    # Chunked framing of one-byte chunks is six times the body; twice is plenty for honest ones.
    wire = _Wire(sock, deadline, limit=_HEAD + 2 * request.max_bytes + _PIECE)
    # http.client asks nothing of its socket but makefile().
    response = http.client.HTTPResponse(cast("socket.socket", wire), method=request.method)
    response.begin()
    if response.status != http.HTTPStatus.OK:
        moved = 300 <= response.status < 400  # noqa: PLR2004 the class of redirects
        raise OSError(f"status {response.status}" + (", redirects are not followed" * moved))
    if response.getheader("Content-Encoding", "identity").strip().lower() != "identity":
        raise OSError("encoded body")
    media_type = response.getheader("Content-Type", "").partition(";")[0].strip().lower()
    if request.accept is not None and media_type != request.accept:
        raise OSError(f"media type {media_type or 'missing'}")
    if response.length is not None and response.length > request.max_bytes:
        raise OSError(f"more than {request.max_bytes} bytes announced")
    pieces: list[bytes] = []
    while piece := response.read(_PIECE):
        count.body += len(piece)
        if count.body > request.max_bytes:
            raise OSError(f"more than {request.max_bytes} bytes")
        pieces.append(piece)
    if response.length:
        raise OSError("the answer broke off")
    return b"".join(pieces)


def _reason(exc: Exception) -> str:
    return f"{exc}" if type(exc) is OSError and str(exc) else f"{type(exc).__name__}: {exc}"
