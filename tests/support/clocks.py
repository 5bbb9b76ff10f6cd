"""Clocks for tests."""

from datetime import UTC, datetime, timedelta


class StoppedClock:
    """Says what it is told; moves on only when told."""

    def __init__(self, now: datetime = datetime(2026, 11, 21, 3, 4, 5, 678901, tzinfo=UTC)) -> None:
        self.moment = now

    def now(self) -> datetime:
        return self.moment

    def advance(self, **by: float) -> None:
        self.moment += timedelta(**by)
