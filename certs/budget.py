"""What one document may cost in outgoing requests (`certs.model.Fetcher` around another).

A hostile PDF can name hundreds of revocation addresses: measured, 200 AIA entries made 200
requests. The limits are design.md's (§3): a chain of three with time-stamp needs at most six
answers, a national CA's CRL has under 10 MB.

1. At most 8 requests, 20 MB of bodies and 10 s spent fetching, over the life of this object.
2. A request that the rest of the budget cannot hold is refused, not shortened in silence: its own
   cap and time are lowered to what is left, so an answer that still fits is used.
3. Failures count: the request, its time, and the bytes that arrived before it failed.
4. Where a document's requests go out by two ways with different rules, both draw on one budget.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from certs.errors import FetchFailedError, FetchRefusedError
from certs.model import Fetcher, FetchRequest
from certs.targets import shown

MAX_FETCHES = 8
MAX_BYTES = 20_000_000
MAX_SECONDS = 10.0


class FetchBudget:
    """A fetcher for one document. Make a new one for the next."""

    def __init__(
        self,
        inner: Fetcher,
        *,
        fetches: int = MAX_FETCHES,
        total_bytes: int = MAX_BYTES,
        seconds: float = MAX_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inner = inner
        self._fetches = fetches
        self._bytes = total_bytes
        self._seconds = seconds
        self._monotonic = monotonic
        # Held during the request: what is left is only known when the one before has ended.
        self._lock = threading.Lock()

    def fetch(self, request: FetchRequest) -> bytes:
        """See `certs.model.Fetcher`."""
        return self._spend(self._inner, request)

    def through(self, other: Fetcher) -> Fetcher:
        """Return `other`, drawing on this budget (rule 4)."""
        return _OtherWay(self, other)

    def _spend(self, inner: Fetcher, request: FetchRequest) -> bytes:
        with self._lock:
            if self._fetches <= 0 or self._bytes <= 0 or self._seconds <= 0:
                raise FetchRefusedError(
                    shown(request.url), "this document has used up its share of requests"
                )
            self._fetches -= 1
            started = self._monotonic()
            try:
                body = inner.fetch(
                    replace(
                        request,
                        max_bytes=min(request.max_bytes, self._bytes),
                        timeout=min(request.timeout, self._seconds),
                    )
                )
            except FetchFailedError as exc:
                self._bytes -= exc.received
                raise
            finally:
                self._seconds -= self._monotonic() - started
            self._bytes -= len(body)
            return body


class _OtherWay:
    """`certs.model.Fetcher`: rule 4."""

    def __init__(self, budget: FetchBudget, inner: Fetcher) -> None:
        self._budget = budget
        self._inner = inner

    def fetch(self, request: FetchRequest) -> bytes:
        """See `certs.model.Fetcher`."""
        return self._budget._spend(self._inner, request)  # noqa: SLF001 - one budget, two ways
