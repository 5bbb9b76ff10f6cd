"""What is written down about the work, and what never is.

1. The service logs JSON, one object a line, to standard error, each with the id of its request.
2. The command line shows one sentence a line on standard error; the traceback goes to a file only,
   because a clerk reads the terminal.
3. Nothing that opens something is written: values under a secret's name are starred wherever they
   stand, and `name=value` inside a message too (ASVS 16.2.5).
4. A line is a line: control characters are escaped, so that nobody forges a second one.
"""

import logging
import os
import re
import sys
import tempfile
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, TextIO

SECRET = re.compile(
    r"(?i)(^|[_-])pin($|[_-])|pass(word|phrase)|secret|token|authori[sz]ation"
    r"|cookie|api_?key|csrf|session"
)
SECRET_IN_TEXT = re.compile(
    r"(?i)\b((?:[a-z_-]*[_-])?(?:pin|password|passphrase|secret|token|api_?key)[a-z_-]*\s*[=:]\s*)"
    r"(\"[^\"]*\"|'[^']*'|[^\s,;&'\"]+)"
)
AUTHORIZATION = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]+")
URL_PASSWORD = re.compile(r"(?<=://)([^\s:/@]+):([^\s/@]+)@")
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
STARS = "***"


def redact_text(text: str) -> str:
    """Return `text` without what opens something (rule 3)."""
    text = SECRET_IN_TEXT.sub(rf"\1{STARS}", text)
    text = AUTHORIZATION.sub(rf"\1 {STARS}", text)
    return URL_PASSWORD.sub(rf"\1:{STARS}@", text)


def redact(value: Any, name: str = "") -> Any:
    """Return `value` without secrets, all the way down; `name` is the key that it stands under."""
    if name and SECRET.search(name) and value is not None and not isinstance(value, bool):
        return STARS
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, dict):
        return {k: redact(v, str(k)) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [redact(v) for v in value]
    return value


def one_line(text: str) -> str:
    """Return `text` on one line (rule 4)."""
    return CONTROL.sub(lambda m: m.group().encode("unicode_escape").decode("ascii"), text)


class TerminalFormatter(logging.Formatter):
    """One sentence a line, no traceback (rule 2)."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        message = redact_text(record.getMessage())
        # A child's traceback comes inside the message, after its first line.
        first = message.partition("\n")[0].partition("Traceback (most recent")[0].rstrip(" :")
        return f"{record.levelname.lower()}: {one_line(first)}"


class FileFormatter(logging.Formatter):
    """Everything, with traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the entry."""
        return redact_text(super().format(record))


class LateFile(logging.Handler):
    """Keeps tracebacks in a file that is made when the first one comes, never before.

    `verify` must leave no trace on a machine where nothing went wrong.
    """

    def __init__(self, path: Path | None) -> None:
        super().__init__(logging.ERROR)
        self._path = path
        self._stream: TextIO | None = None
        self.setFormatter(FileFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))

    @property
    def path(self) -> Path | None:
        """Where it is, once there is one."""
        return self._path if self._stream else None

    def emit(self, record: logging.LogRecord) -> None:
        """Write the entry."""
        try:
            if self._stream is None:
                self._stream = self._open()
            self._stream.write(self.format(record) + "\n")
            self._stream.flush()
        except OSError:
            self.handleError(record)

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        super().close()

    def _open(self) -> TextIO:
        if self._path is None:
            handle, name = tempfile.mkstemp(prefix="antin-", suffix=".log")
            self._path = Path(name)
            return os.fdopen(handle, "w", encoding="utf-8")
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return os.fdopen(handle, "a", encoding="utf-8")


def for_terminal(level: str, file: Path | None) -> LateFile:
    """Set up logging for a command (rule 2); return where tracebacks go."""
    shown = logging.StreamHandler(sys.stderr)
    shown.setLevel(max(logging.WARNING, logging.getLevelName(level)))
    shown.setFormatter(TerminalFormatter())
    kept = LateFile(file)
    logging.basicConfig(level=level, handlers=[shown, kept], force=True)
    logging.raiseExceptions = False
    return kept


def for_service(level: str, stream: TextIO | None = None) -> None:
    """Set up logging for `serve` and `work` (rule 1). Both logging and structlog end up here."""
    import structlog

    def starred(
        _logger: Any, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        return {k: redact(v, "" if k == "event" else str(k)) for k, v in event.items()}

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        starred,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                # JSON escapes control characters itself: rule 4.
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("uvicorn.access", "httpx", "alembic", "huey"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
