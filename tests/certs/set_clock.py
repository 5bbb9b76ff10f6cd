"""A clock for tests."""

from datetime import UTC, datetime, timedelta


class SetClock:
    """A clock that stands still until told."""

    def __init__(self, at=None):
        self.at = at or datetime.now(UTC)

    def now(self):
        return self.at

    def advance(self, **amount):
        self.at += timedelta(**amount)
