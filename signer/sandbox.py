"""Runs work on PDFs in a box: one forked child per job, with limits, without network or state.

1. No PDF is opened in this process, ever (design.md D3). Files cross as descriptors, requests and
   results as JSON that is validated again on arrival; nothing is unpickled.
2. A zygote (`signer.zygote`) imports the heavy libraries once and forks a child per job, so that a
   job costs milliseconds and nothing survives it. This process itself never forks Python code: it
   has threads.
3. A child that goes over a limit, or that the document makes crash, is `LimitExceededError`. An
   error of our own tree arrives as itself. Anything else is our fault: `SandboxError`, with the
   traceback in the log and not on the screen.
4. A dead zygote is replaced, and the job that lost it is run once more. Jobs do not write outside
   their output file, which is emptied first, so running twice is running once.
5. Places are given in order of arrival: a flood from one caller does not starve the others.

A job's own wall clock is enforced by the zygote; this process waits `GRACE_SECONDS` longer before
it gives up on the zygote too.

This module imports nothing heavy at its top, so that a command can start the zygote first and load
the rest while the zygote loads its own.
"""

import json
import logging
import os
import selectors
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

from signer import limits as caps
from signer.errors import LimitExceededError, SandboxError, SignerError
from signer.jobs import JobFiles, JobLimits, JobSpec, Req, Res

__all__ = ["JobFiles", "JobLimits", "JobSpec", "JobUsage", "Sandbox"]

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent.parent
KEPT_ENVIRONMENT = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "TZ",
    "HOME",
    # Compiling our own modules anew at each start would cost a fifth of a second; the zygote may
    # keep them where its parent may (children may write nothing).
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONPYCACHEPREFIX",
)
LENGTH = 8
CHUNK = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class JobUsage:
    """What one run of a job took, as the kernel counted it."""

    target: str
    peak_bytes: int
    """Resident at most, pages shared with the zygote (about 60 MiB) included."""
    cpu_seconds: float
    over: str | None
    """The limit that ended it, if one did."""


class _ZygoteLostError(Exception):
    """The zygote died under a job."""


@dataclass(frozen=True, slots=True)
class _Zygote:
    process: subprocess.Popen[bytes]
    control: socket.socket
    stderr: int
    isolation: Mapping[str, str]


class _Turnstile:
    """Lets `places` callers in at once, the others in order of arrival."""

    def __init__(self, places: int) -> None:
        self._lock = threading.Lock()
        self._free = places
        self._waiting: deque[threading.Lock] = deque()

    def __enter__(self) -> None:
        with self._lock:
            if self._free and not self._waiting:
                self._free -= 1
                return
            ticket = threading.Lock()
            ticket.acquire()
            self._waiting.append(ticket)
        ticket.acquire()

    def __exit__(self, *_: object) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1


class Sandbox:
    """The box. Thread-safe; starts its zygote at the first job; close it when done."""

    def __init__(
        self,
        *,
        children: int = caps.CHILDREN,
        observe: Callable[[JobUsage], None] | None = None,
    ) -> None:
        """`observe` is told of every job that ended, on the thread that ran it."""
        self._observe = observe
        self._places = _Turnstile(children)
        self._lock = threading.Lock()
        self._zygote: _Zygote | None = None
        self._stop: weakref.finalize[Any, Any] | None = None
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def run(
        self,
        job: JobSpec[Req, Res],
        request: Req,
        *,
        pdf: Path | bytes | BinaryIO,
        output: BinaryIO | None = None,
        limits: JobLimits | None = None,
    ) -> Res:
        """Run `job` on `pdf` in a fresh child and return its result.

        `pdf` is read from its start whatever its position, and never written. `output` is emptied
        first; on success it holds what the job wrote, on failure anything. Both may be any
        seekable binary file; one without a descriptor is copied.

        Raises:
            SignerError: what the job itself raised, as the same class.
            LimitExceededError: the child went over a limit, or the document made it crash.
            SandboxError: the box failed, or the job did something it should not.
            OSError: `pdf` cannot be read.

        """
        from pydantic_core import to_json

        allowed = limits or job.limits
        body = to_json(request, bytes_mode="base64")
        with self._places, ExitStack() as held:
            source = held.enter_context(_readable(pdf))
            target = held.enter_context(_writable(output)) if output is not None else None
            for last in (False, True):
                zygote = self._running()
                try:
                    data, status = _exchange(zygote, job.target, body, allowed, source, target)
                except _ZygoteLostError as lost:
                    self._bury(zygote)
                    if self._closed or last:
                        raise SandboxError(*_failed("the helper process died")) from lost
                    if target is not None:
                        os.ftruncate(target, 0)
                    continue
                if self._observe is not None:
                    self._observe(
                        JobUsage(
                            target=job.target,
                            peak_bytes=status["peak_bytes"],
                            cpu_seconds=status["cpu_seconds"],
                            over=status["over"],
                        )
                    )
                result = _answer(job, data, status, allowed)
                if output is not None and target is not None:
                    _hand_back(output, target)
                return result
        raise AssertionError("unreachable")

    def isolation(self) -> Mapping[str, str]:
        """Return which walls stand on this machine, as tried out by a child: for `doctor`.

        Keys `network`, `processes`, `files_written`, `files_read`, `limits`; the value says what
        enforces it, or `none`.
        """
        return dict(self._running().isolation)

    def warm(self) -> None:
        """Start the zygote now, so that the first job does not wait for it."""
        self._running()

    def warm_up(self) -> None:
        """Begin to start the zygote, without waiting; whoever needs it gets the error, if any."""

        def start() -> None:
            with suppress(SandboxError):
                self._running()

        threading.Thread(target=start, name="antin-warm", daemon=True).start()

    def close(self) -> None:
        """Kill what runs and forget the zygote. Jobs under way end in `SandboxError`."""
        with self._lock:
            self._closed = True
            self._zygote = None
            if self._stop is not None:
                self._stop()
                self._stop = None

    def _running(self) -> _Zygote:
        with self._lock:
            if self._closed:
                raise SandboxError(*_failed("it is closed"))
            if self._zygote is None:
                self._zygote = zygote = _start()
                self._stop = weakref.finalize(
                    self, _end, zygote.process, zygote.control, zygote.stderr
                )
            return self._zygote

    def _bury(self, zygote: _Zygote) -> None:
        """Put a dead zygote away, unless another thread has done so and started the next."""
        with self._lock:
            if self._zygote is not zygote:
                return
            self._zygote = None
            said = _tail(zygote.stderr)
            if self._stop is not None:
                self._stop()
                self._stop = None
        log.warning("sandbox zygote lost, starting another: %s", said or "it said nothing")


def _start() -> _Zygote:
    control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    stderr = os.memfd_create("zygote-stderr")
    env = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
    env |= {
        # The child finds modules where we do, and never in the working directory (-P).
        "PYTHONPATH": os.pathsep.join(p for p in (str(ROOT), *sys.path) if Path(p).is_absolute()),
        "OMP_THREAD_LIMIT": "1",  # OCR with more threads under a CPU limit is slower, not faster
        "MALLOC_ARENA_MAX": "2",  # each glibc arena reserves 64 MiB of the address space
        "PYTHONUTF8": "1",
    }
    try:
        process = subprocess.Popen(  # noqa: S603 - our own module, our own arguments
            [sys.executable, "-P", "-m", "signer.zygote", str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            env=env,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,  # a Ctrl-C at the terminal is for us to handle
        )
    except BaseException:
        control.close()
        os.close(stderr)
        raise
    finally:
        theirs.close()
    try:
        control.settimeout(caps.BOOT_SECONDS)
        hello = control.recv(1 << 16)
        isolation = json.loads(hello)["isolation"]
        control.settimeout(caps.GRACE_SECONDS)
    except (OSError, ValueError, KeyError) as error:
        said = _tail(stderr)
        _end(process, control, stderr)
        log.error("sandbox zygote did not start: %s", said)  # noqa: TRY400 - the cause is theirs
        raise SandboxError(*_failed("its helper process did not start")) from error
    return _Zygote(process, control, stderr, isolation)


def _end(process: subprocess.Popen[bytes], control: socket.socket, stderr: int) -> None:
    # Its children carry PR_SET_PDEATHSIG and die with it.
    process.kill()
    process.wait()
    control.close()
    os.close(stderr)


def _exchange(
    zygote: _Zygote,
    target: str,
    body: bytes,
    limits: JobLimits,
    source: int,
    output: int | None,
) -> tuple[bytes, dict[str, Any]]:
    """Have one job run; return what the child sent and how it ended."""
    mine, childs = socket.socketpair()
    status_read, status_write = os.pipe()
    with mine:
        try:
            order = json.dumps({"target": target, "limits": asdict(limits)}).encode()
            fds = [childs.fileno(), status_write, source] + ([output] if output is not None else [])
            socket.send_fds(zygote.control, [order], fds)
        except (OSError, ValueError) as error:
            os.close(status_read)
            raise _ZygoteLostError from error
        finally:
            childs.close()
            os.close(status_write)
        try:
            deadline = time.monotonic() + limits.wall + caps.GRACE_SECONDS
            data = _talk(mine, body, limits.result_bytes, deadline)
            mine.close()  # a child still writing beyond its cap ends here
            status = _read_status(status_read, deadline)
        finally:
            os.close(status_read)
    return data, status


def _talk(mine: socket.socket, body: bytes, cap: int, deadline: float) -> bytes:
    """Send the request and gather the answer, up to one byte above `cap`."""
    frame = memoryview(len(body).to_bytes(LENGTH, "big") + body)
    got = bytearray()
    mine.setblocking(False)  # noqa: FBT003 - the socket's own signature
    with selectors.DefaultSelector() as selector:
        selector.register(mine, selectors.EVENT_READ | selectors.EVENT_WRITE)
        while len(got) <= cap:
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                raise _ZygoteLostError("the zygote did not end an overdue job")
            events = ready[0][1]
            try:
                if events & selectors.EVENT_READ:
                    chunk = mine.recv(CHUNK)
                    if not chunk:
                        break
                    got += chunk
                if events & selectors.EVENT_WRITE and frame:
                    frame = frame[mine.send(frame) :]
            except (BrokenPipeError, ConnectionResetError):
                frame = frame[:0]
                if not events & selectors.EVENT_READ:
                    break
            if not frame:
                selector.modify(mine, selectors.EVENT_READ)
    return bytes(got)


def _read_status(pipe: int, deadline: float) -> dict[str, Any]:
    """Return how the child ended, as the zygote tells; the child cannot write here."""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        if not selector.select(max(0.0, deadline - time.monotonic())):
            raise _ZygoteLostError("no word of how the job ended")
    said = os.read(pipe, 1 << 12)
    if not said:
        raise _ZygoteLostError("the zygote died")
    return cast(dict[str, Any], json.loads(said))


def _answer(job: JobSpec[Any, Res], data: bytes, status: dict[str, Any], limits: JobLimits) -> Res:
    """Turn what the child sent, and how it ended, into the result or the error it means."""
    if status["over"] is not None:
        raise _over(status["over"])
    if len(data) > limits.result_bytes:
        raise _over("result")
    kind, payload = data[:1], data[1:]
    if kind == b"R":
        from pydantic import ConfigDict, TypeAdapter, ValidationError

        try:
            adapter = TypeAdapter(tuple[job.result], config=ConfigDict(val_json_bytes="base64"))  # type: ignore[name-defined]
            (result,) = adapter.validate_json(b"[" + payload + b"]", strict=True)
        except (ValidationError, ValueError) as error:
            log.error("%s answered with a wrong shape: %s", job.target, str(error)[:2000])  # noqa: TRY400 - the stack is ours, the fault the job's
            raise SandboxError(*_failed("a job answered nonsense")) from error
        return cast(Res, result)
    if kind in {b"E", b"L", b"X"}:
        try:
            told = json.loads(payload)
            if kind == b"E":
                raise _same_error(told)
            if kind == b"L":
                raise _over(str(told["over"]))
            log.error("%s failed in the sandbox:\n%s", job.target, told["traceback"])
        except (ValueError, KeyError, TypeError) as error:
            raise SandboxError(*_failed("a job answered nonsense")) from error
        raise SandboxError(*_failed("an unexpected error, see the log"))
    log.error("%s ended without an answer: %s", job.target, status)
    raise SandboxError(*_failed("a job ended without an answer"))


def _same_error(told: dict[str, Any]) -> SignerError:
    """Rebuild an error of our own tree; a class we do not know becomes its nearest known base."""
    known = {f"{c.__module__}:{c.__qualname__}": c for c in _tree(SignerError)}
    cls = next((known[name] for name in told["classes"] if name in known), SignerError)
    error = cls.__new__(cls)
    attributes = {str(k): v for k, v in told["attributes"].items()}
    error.__dict__.update(attributes)
    Exception.__init__(error, str(told["message"]))
    if not isinstance(getattr(error, "vi", None), str) or not isinstance(error.en, str):
        raise TypeError("an error without its sentences")
    return error


def _tree(cls: type[SignerError]) -> Iterator[type[SignerError]]:
    yield cls
    for sub in cls.__subclasses__():
        yield from _tree(sub)


def _over(limit: str) -> LimitExceededError:
    vi, en = {
        "wall": ("mất quá nhiều thời gian", "takes too long"),
        "cpu": ("cần quá nhiều tính toán", "needs too much computing"),
        "memory": ("cần quá nhiều bộ nhớ", "needs too much memory"),
        "depth": ("lồng nhau quá sâu", "is nested too deeply"),
        "crash": ("làm bộ đọc PDF ngừng đột ngột", "makes the PDF reader crash"),
        "output": ("cho ra tệp quá lớn", "makes too large a file"),
        "result": ("cho ra kết quả quá lớn", "makes too large a result"),
    }.get(limit, ("vượt giới hạn", "is over a limit"))
    return LimitExceededError(
        limit,
        f"Tệp này vượt giới hạn xử lý: {vi}.",
        f"This file is over the limits of processing: it {en}.",
    )


def _failed(why: str) -> tuple[str, str]:
    return (
        "Hộp cách ly xử lý PDF gặp lỗi nội bộ; tệp không có lỗi. Hãy thử lại.",
        f"The sandbox that works on PDFs failed ({why}); the file is not to blame. Try again.",
    )


@contextmanager
def _readable(pdf: Path | bytes | BinaryIO) -> Iterator[int]:
    """Yield a read-only descriptor of its own, at the start, of what `pdf` holds."""
    with ExitStack() as held:
        if isinstance(pdf, Path):
            fd = os.open(pdf, os.O_RDONLY | os.O_CLOEXEC)
        else:
            if isinstance(pdf, bytes):
                fileno = held.enter_context(_memory(pdf))
            elif _has_descriptor(pdf):
                fileno = pdf.fileno()
            else:
                fileno = held.enter_context(_memory(_whole(pdf)))
            # Reopened, because a descriptor that is merely passed shares its position with ours
            # and its right to write with the child.
            fd = os.open(f"/proc/self/fd/{fileno}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield fd
        finally:
            os.close(fd)


@contextmanager
def _writable(output: BinaryIO) -> Iterator[int]:
    """Yield an empty, writable descriptor that ends up in `output`."""
    with ExitStack() as held:
        if _has_descriptor(output):
            output.flush()
            fileno = output.fileno()
        else:
            fileno = held.enter_context(_memory(b""))
        fd = os.open(f"/proc/self/fd/{fileno}", os.O_RDWR | os.O_CLOEXEC)
        try:
            os.ftruncate(fd, 0)
            yield fd
        finally:
            os.close(fd)


def _hand_back(output: BinaryIO, fd: int) -> None:
    if _has_descriptor(output):
        output.seek(0, os.SEEK_END)
        return
    os.lseek(fd, 0, os.SEEK_SET)
    output.seek(0)
    output.truncate()
    while chunk := os.read(fd, 1 << 20):
        output.write(chunk)


def _has_descriptor(file: BinaryIO) -> bool:
    try:
        file.fileno()
    except (OSError, ValueError, AttributeError):
        return False
    return True


def _whole(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()


@contextmanager
def _memory(data: bytes) -> Iterator[int]:
    fd = os.memfd_create("pdf")
    try:
        with os.fdopen(fd, "wb", closefd=False) as file:
            file.write(data)
        yield fd
    finally:
        os.close(fd)


def _tail(fd: int) -> str:
    """Return the end of what the zygote wrote to its standard error."""
    size = os.fstat(fd).st_size
    at = max(0, size - caps.TRACEBACK_CHARS)
    return os.pread(fd, caps.TRACEBACK_CHARS, at).decode(errors="replace").strip()
