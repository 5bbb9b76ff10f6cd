"""The system's clock (`certs.model.Clock`)."""

from datetime import UTC, datetime


class SystemClock:
    """Reads the machine's time; the only place in the house that does."""

    def now(self) -> datetime:
        """See `certs.model.Clock`."""
        return datetime.now(UTC)
