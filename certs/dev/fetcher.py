"""The development PKI without a server: its own URLs are answered in this process."""

from http import HTTPStatus
from urllib.parse import urlsplit

from certs.dev.authority import DevelopmentAuthority
from certs.dev.responder import DevelopmentResponder
from certs.errors import FetchFailedError
from certs.model import Clock, Fetcher, FetchRequest


class DevelopmentFetcher:
    """`certs.model.Fetcher`: answers what lies below the PKI's base URL, hands on the rest.

    No socket is opened for the former, so the command line needs no server beside it, and no rule
    of the guarded fetcher has to be lifted for loopback.
    """

    def __init__(self, inner: Fetcher, authority: DevelopmentAuthority, clock: Clock) -> None:
        self._inner = inner
        self._clock = clock
        self._responder = DevelopmentResponder(authority)
        self._prefix = f"{authority.base_url}/"

    def fetch(self, request: FetchRequest) -> bytes:
        """See `certs.model.Fetcher`."""
        if not request.url.startswith(self._prefix):
            return self._inner.fetch(request)
        path = urlsplit(request.url).path
        status, media_type, body = self._responder.answer(
            request.method, path, request.body, self._clock.now()
        )
        if status != HTTPStatus.OK:
            raise FetchFailedError(request.url, f"status {status}")
        if request.accept is not None and media_type != request.accept:
            raise FetchFailedError(request.url, f"media type {media_type}")
        if len(body) > request.max_bytes:
            raise FetchFailedError(request.url, f"more than {request.max_bytes} bytes")
        return body
