"""Run pyHanko's coroutines where there is no network, not even a socket pair.

The sandbox forbids every socket, and asyncio's stock loops open a pair to wake themselves. Nothing
that we run waits for the outside world: evidence is at hand or missing. So this loop has no
selector to speak of; a coroutine that would wait for ever is a fault, and is told so.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _NothingOutside:
    """In the place of a selector: no file, no socket, no waiting."""

    def select(self, timeout: float | None) -> list[Any]:
        """Return no events; refuse to wait."""
        if timeout is None or timeout > 0:
            raise RuntimeError("a validation step waits for something that cannot come")
        return []


class _Loop(asyncio.BaseEventLoop):
    def __init__(self) -> None:
        super().__init__()
        self._selector = _NothingOutside()

    def _process_events(self, event_list: list[Any]) -> None:
        """Nothing comes from outside."""

    def _write_to_self(self) -> None:
        """No other thread wakes us."""


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run `coroutine` to its end and return its result."""
    loop = _Loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()
