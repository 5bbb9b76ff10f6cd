"""How often, and how many at once, strangers may ask for work.

1. A token bucket per address: a burst of a minute's worth, then one at a time.
2. A number of places for all strangers together: verifying may take a core for seconds, and those
   who are signed in must not wait behind a crowd.
3. The table of addresses is bounded; the one that asked longest ago goes first. IPv6 addresses
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
BUSY_SECONDS = 5
"""When all places are taken: half of the longest verification."""


class Throttle:
    """Both limits. Thread-safe."""

    def __init__(
        self, *, per_minute: int, at_once: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = per_minute / 60
        self._burst = float(per_minute)
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
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
