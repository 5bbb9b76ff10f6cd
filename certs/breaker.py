"""Stop asking a server that does not answer.

A dead OCSP responder costs its whole time limit, for every certificate of every document. After
three failures in a row its host is left alone for a minute; then one request tries again.
"""

import threading
from datetime import datetime, timedelta

from certs.model import Clock

FAILURES = 3
PAUSE = timedelta(minutes=1)


class CircuitBreaker:
    """Counts failures per host. Thread-safe."""

    def __init__(self, clock: Clock, *, failures: int = FAILURES, pause: timedelta = PAUSE) -> None:
        self._clock = clock
        self._failures = failures
        self._pause = pause
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}
        self._open_until: dict[str, datetime] = {}

    def allows(self, host: str) -> bool:
        """Return whether `host` may be asked now; after a pause, one caller is told yes."""
        with self._lock:
            until = self._open_until.get(host)
            if until is None:
                return True
            now = self._clock.now()
            if now < until:
                return False
            self._open_until[host] = now + self._pause
            return True

    def failed(self, host: str) -> None:
        """Note that `host` did not answer."""
        with self._lock:
            self._counts[host] = self._counts.get(host, 0) + 1
            if self._counts[host] >= self._failures:
                self._open_until[host] = self._clock.now() + self._pause

    def succeeded(self, host: str) -> None:
        """Note that `host` answered."""
        with self._lock:
            self._counts.pop(host, None)
            self._open_until.pop(host, None)
