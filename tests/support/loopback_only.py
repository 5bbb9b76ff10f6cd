"""No test talks to the outside: whatever tries, in this process, fails on the spot.

An audit hook sees every connect and every name lookup that goes through Python's socket module,
libraries included, and cannot be taken out again by one of them. `ANTIN_TEST_NETWORK=1` leaves the
network open for who wants to look at a live service by hand.
"""

import os
import sys

_LOCAL_NAMES = frozenset({None, "", "localhost", b"localhost", "::1"})


class OutsideConnectionError(OSError):
    """A test tried to leave the machine."""


def _local(host: object) -> bool:
    return host in _LOCAL_NAMES or str(host).startswith(("127.", "::ffff:127."))


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event in {"socket.connect", "socket.sendto"}:
        address = arguments[1]
        outside = isinstance(address, tuple) and not _local(address[0])
    elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        address = arguments[0]
        outside = not _local(address) and not _literal(address)
    else:
        return
    if outside:
        raise OutsideConnectionError(f"a test may not reach {address!r}: tests use loopback only")


def _literal(host: object) -> bool:
    """Return whether `host` is an address, whose lookup asks nobody."""
    text = str(host)
    return ":" in text or text.replace(".", "").isdigit()


def install() -> None:
    if os.environ.get("ANTIN_TEST_NETWORK") != "1":
        sys.addaudithook(_watch)
