"""How slowly a body may come in.

An upload holds a place, a connection and a file for as long as it lasts. Measured before this was
written: a dozen connections that sent one byte every half second held theirs for as long as anybody
cared to look, at no cost to themselves.

1. Whoever sends has 30 seconds of patience. Waiting for bytes uses it up, bytes that come give it
   back at 8 KiB a second (half of what a bad telephone connection does), never above 30 seconds.
2. No body takes longer than half an hour: the largest document at 150 KiB a second.
3. Only waiting counts, not our own work between two pieces. After the body nothing is counted: what
   comes then is the end of the connection, for which event streams wait all day.
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from office.errors import UploadTooSlowError

PATIENCE = 30.0
"""Seconds: a telephone that changes cells comes back sooner."""
PACE = 8 << 10
"""Bytes a second."""
LONGEST = 1800.0
"""Seconds of waiting, for one body."""


class Pace:
    """The layer that reads bodies for the layers inside it."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        patience: float = PATIENCE,
        pace: float = PACE,
        longest: float = LONGEST,
    ) -> None:
        self._app = app
        self._patience = patience
        self._pace = pace
        self._longest = longest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Raises:
            UploadTooSlowError: out of whatever inside asks for the body.

        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        left, total, reading = self._patience, 0.0, True
        now = asyncio.get_running_loop().time

        async def paced() -> Message:
            nonlocal left, total, reading
            if not reading:
                return await receive()
            started = now()
            try:
                async with asyncio.timeout(min(left, self._longest - total)):
                    message = await receive()
            except TimeoutError as exc:
                raise UploadTooSlowError from exc
            waited = now() - started
            total += waited
            got = len(message.get("body", b""))
            left = min(self._patience, left - waited + got / self._pace)
            reading = bool(message.get("more_body", False))
            return message

        await self._app(scope, paced, send)
