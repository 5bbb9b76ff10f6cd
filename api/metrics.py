"""What `/metrics` counts.

1. Labels come from closed sets (route templates, methods, verdicts, outcomes): a stranger cannot
   make a new time series, whatever he asks for.
2. No name, number or digest of a document, no account and no address is ever a label.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECONDS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""From a cached page to the wall clock of three sandbox rounds."""


class Metrics:
    """The counters of one application; each has its own registry, so that two never mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "antin_http_requests_total",
            "Requests answered",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "antin_http_request_seconds",
            "Time to the last byte of the answer",
            ("route",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self.in_progress = Gauge(
            "antin_http_requests_in_progress", "Requests under way", registry=self.registry
        )
        self._verifications = Counter(
            "antin_verifications_total",
            "Documents verified",
            ("integrity", "indication"),
            registry=self.registry,
        )
        self._signatures = Counter(
            "antin_signatures_total",
            "Signatures asked for, by what came of it",
            ("outcome",),
            registry=self.registry,
        )
        self._received = Counter(
            "antin_documents_received_total",
            "Documents handed to the archive",
            ("kind", "duplicate"),
            registry=self.registry,
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; `route` is a template of the application, or `other`."""
        method = method if method in METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def verified(self, integrity: str, indication: str | None) -> None:
        """Count one verdict."""
        self._verifications.labels(integrity, indication or "none").inc()

    def signed(self, outcome: str) -> None:
        """Count one signing: `signed`, or the error's code."""
        self._signatures.labels(outcome).inc()

    def received(self, kind: str, *, duplicate: bool) -> None:
        """Count one document handed in."""
        self._received.labels(kind, "yes" if duplicate else "no").inc()

    def page(self) -> bytes:
        """Return the text that a scraper reads."""
        return generate_latest(self.registry)
