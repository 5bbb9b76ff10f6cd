"""How often, and how many at once, strangers may ask for work.

1. A token bucket per address: a burst of a minute's worth, then one at a time.
2. A number of places for all strangers together: verifying may take a core for seconds, and those
   who are signed in must not wait behind a crowd.
3. Of one address only so many requests at once, and of all strangers together so many, from before
   their bodies are read until the answer is out: an upload fills the disk while it comes in.
4. The table of addresses is bounded; the one that asked longest ago goes first. IPv6 addresses
   count by their /64, which is what one subscriber has.
"""

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from office.errors import TooManyAttemptsError

ADDRESSES = 10_000
"""About 2 MB; above it a flood from many addresses only forgets who asked long ago."""
PER_ADDRESS = 4
"""A person with a few pages open; an office behind one address whose people are not signed in."""
IN_ALL = 32
"""Bodies of the largest size from all of them at once take 8 GiB of disk."""
BUSY_SECONDS = 5
"""When all places are taken: half of the longest verification."""


class Throttle:
    """All three limits. Thread-safe."""

    def __init__(
        self,
        *,
        per_minute: int,
        at_once: int,
        per_address: int = PER_ADDRESS,
        in_all: int = IN_ALL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate = per_minute / 60
        self._burst = float(per_minute)
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._per_address = per_address
        self._in_all = in_all
        self._inside: dict[str, int] = {}
        """Requests under way by address; those who left are not in it."""
        self._places = threading.BoundedSemaphore(at_once)

    def admit(self, address: str) -> None:
        """Count one request of `address`.

        Raises:
            TooManyAttemptsError: rule 1.

        """
        key, now = _subscriber(address), self._clock()
        with self._lock:
            tokens, since = self._buckets.pop(key, (self._burst, now))
            tokens = min(self._burst, tokens + (now - since) * self._rate)
            allowed = tokens >= 1
            self._buckets[key] = (tokens - 1 if allowed else tokens, now)
            if len(self._buckets) > ADDRESSES:
                self._buckets.popitem(last=False)
        if not allowed:
            raise TooManyAttemptsError(max(1, round((1 - tokens) / self._rate)))

    @contextmanager
    def inside(self, address: str) -> Iterator[None]:
        """Be counted as under way.

        Raises:
            TooManyAttemptsError: rule 3.

        """
        key = _subscriber(address)
        with self._lock:
            here = self._inside.get(key, 0)
            if here >= self._per_address or sum(self._inside.values()) >= self._in_all:
                raise TooManyAttemptsError(BUSY_SECONDS)
            self._inside[key] = here + 1
        try:
            yield
        finally:
            with self._lock:
                self._inside[key] -= 1
                if not self._inside[key]:
                    del self._inside[key]

    @contextmanager
    def place(self) -> Iterator[None]:
        """Take a place for the work.

        Raises:
            TooManyAttemptsError: rule 2.

        """
        if not self._places.acquire(blocking=False):
            raise TooManyAttemptsError(BUSY_SECONDS)
        try:
            yield
        finally:
            self._places.release()


def _subscriber(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
