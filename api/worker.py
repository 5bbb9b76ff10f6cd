"""Jobs: they look at rows and do what remains to be done (design.md D7).

1. A job carries no work, only its name: what remains is in the database, so a lost job loses
   nothing and a job that runs twice finds nothing the second time.
2. The queue is huey's: beside the SQLite database in the embedded default, in PostgreSQL where
   that is the database. Messages are JSON, never pickle: whoever can write the queue's table must
   not be able to run code here.
3. Embedded, the consumer runs on threads inside the server. The stock one registers signal
   handlers, which raises outside the main thread and swallows SIGTERM inside it; ours does not.
4. A job that fails is logged and comes again with the next minute; it never stops the others.
"""

import json
import logging
import signal
import threading
from collections.abc import Callable
from datetime import datetime
from types import FrameType
from typing import Any, Self

from huey import Huey, PostgresHuey, SqliteHuey, crontab
from huey.api import TaskWrapper
from huey.consumer import Consumer
from huey.registry import Message
from huey.serializer import Serializer

from api.wiring import House

DRAIN_SECONDS = 20.0
"""What a job may still take when the service stops; a longer one comes again at the next start."""

_log = logging.getLogger(__name__)


class JsonSerializer(Serializer):  # type: ignore[misc]  # huey ships no types
    """Rule 2."""

    def _serialize(self, data: Any) -> bytes:
        if isinstance(data, Message):
            return json.dumps({"message": data._asdict()}, default=_moment).encode()
        return json.dumps({"value": data}, default=_moment).encode()

    def _deserialize(self, data: bytes) -> Any:
        box = json.loads(data)
        if "message" not in box:
            return box["value"]
        fields = box["message"]
        for name in ("eta", "expires_resolved"):
            if isinstance(fields.get(name), str):
                fields[name] = datetime.fromisoformat(fields[name])
        fields["args"] = tuple(fields["args"] or ())
        return Message(**fields)


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not go into a queue")


class QuietConsumer(Consumer):  # type: ignore[misc]  # huey ships no types
    """Rule 3."""

    def _set_signal_handlers(self) -> None:
        """Leave signals to whoever runs the process."""


def jobs(house: House) -> dict[str, tuple[str, Callable[[], object]]]:
    """Return what there is to do: name → how often (minutes), and the work itself."""
    return {
        "recover": ("*", house.recover),
        "sweep": ("*/10", house.sweep),
        "fixity": ("17", house.archive.fixity),
    }


def open_queue(house: House) -> tuple[Huey, dict[str, TaskWrapper]]:
    """Return the queue, and its jobs by name."""
    url = house.settings.db_url
    if url.startswith("postgresql"):
        dsn = "postgresql://" + url.partition("://")[2]
        queue = PostgresHuey("antin", dsn=dsn, serializer=JsonSerializer(), results=False)
    else:
        house.settings.data.mkdir(parents=True, exist_ok=True)
        queue = SqliteHuey(
            "antin",
            filename=str(house.settings.data / "queue.db"),
            serializer=JsonSerializer(),
            results=False,
        )
    return queue, {
        name: queue.periodic_task(crontab(minute=minutes), name=name)(_logged(name, work))
        for name, (minutes, work) in jobs(house).items()
    }


def _logged(name: str, work: Callable[[], object]) -> Callable[[], None]:
    def job() -> None:
        try:
            found = work()
        except Exception:  # noqa: BLE001 - rule 4
            _log.exception("job %s failed; it comes again", name)
        else:
            _log.debug("job %s: %s", name, found)

    job.__name__ = name
    return job


class Worker:
    """The consumer on threads of this process; a context manager."""

    def __init__(self, house: House, *, threads: int = 1) -> None:
        self._queue, self._jobs = open_queue(house)
        self._consumer = QuietConsumer(
            self._queue,
            workers=threads,
            worker_type="thread",
            scheduler_interval=10,
            shutdown_timeout=DRAIN_SECONDS,
        )

    def enqueue(self, name: str) -> None:
        """Have a job done soon, instead of with its next turn."""
        self._queue.enqueue(self._jobs[name].s())

    def pending(self) -> list[bytes]:
        """Return the messages that wait."""
        return list(self._queue.storage.enqueued_items())

    def __enter__(self) -> Self:
        self._consumer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.stop(graceful=True)
        self._queue.storage.close()


def work_until_told(house: House, *, threads: int = 2) -> None:
    """Work until SIGTERM or SIGINT, then finish what is under way."""
    told = threading.Event()

    def tell(_signum: int, _frame: FrameType | None) -> None:
        told.set()

    signal.signal(signal.SIGTERM, tell)
    signal.signal(signal.SIGINT, tell)
    house.open()
    with Worker(house, threads=threads):
        _log.info("ready to work")
        told.wait()
