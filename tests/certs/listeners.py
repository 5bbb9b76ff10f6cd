"""Real TCP listeners on loopback for the tests of this room."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator


class Listener:
    """Counts every connection and hands it to `talk` in a thread of its own."""

    def __init__(self, talk: Callable[[socket.socket], None]) -> None:
        self._talk = talk
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.connections = 0
        self.threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, contextlib.suppress(OSError):
            self._talk(sock)

    def close(self) -> None:
        # shutdown() wakes a blocked accept(); close() alone does not on Linux.
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._accepting.join(5)


@contextlib.contextmanager
def listening(talk: Callable[[socket.socket], None]) -> Iterator[Listener]:
    listener = Listener(talk)
    try:
        yield listener
    finally:
        listener.close()


def read_request(sock: socket.socket) -> bytes:
    """Read one whole request with an announced body."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        if not piece:
            return data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    announced = [ln for ln in head.split(b"\r\n") if ln.lower().startswith(b"content-length:")]
    missing = int(announced[0].split(b":")[1]) - len(body) if announced else 0
    while missing > 0:
        piece = sock.recv(65536)
        if not piece:
            break
        data += piece
        missing -= len(piece)
    return data


def answering(raw: bytes) -> Callable[[socket.socket], None]:
    """Return a `talk` that reads a request and answers with `raw`, whatever was asked."""

    def talk(sock: socket.socket) -> None:
        read_request(sock)
        sock.sendall(raw)

    return talk


def ok(body: bytes, content_type: str = "application/octet-stream") -> bytes:
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
        % (content_type.encode(), len(body))
    ) + body
