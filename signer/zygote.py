"""Imports the PDF libraries once, then forks one confined child per job.

Started (`python -m signer.zygote`) by `signer.sandbox` and by nothing else; single-threaded, so
that forking is safe.

1. An order comes on the control socket: a job's name and limits as JSON, and four descriptors (the
   job's own socket, a pipe for its end, the PDF, the output file if any).
2. The zygote imports the job's module, if it has not yet, and forks. It never looks at the PDF, the
   request or the answer.
3. The child confines itself (`signer.confinement`), reads the request, runs the function, writes
   one byte of kind and the JSON: `R` result, `E` an error of our own tree, `L` over a limit, `X`
   anything else with its traceback.
4. When a child ends, or has been killed for its wall clock, the zygote writes how to the pipe. The
   child does not hold that pipe: what it says about itself is never taken for it.
5. When the control socket closes, the parent is gone: everything is killed.
6. What validation needs is imported before the first order is taken, the rest in idle moments
   after: whoever verifies one file does not wait for what draws pages.
"""

import errno
import fcntl
import gc
import importlib
import json
import os
import resource
import selectors
import signal
import socket
import sys
import time
import traceback
import types
import typing
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from pydantic import ConfigDict, TypeAdapter
from pydantic_core import to_json

from signer import confinement
from signer import limits as caps
from signer.errors import SignerError
from signer.jobs import JobFiles, JobLimits

PRELOADED = ("signer.validation.document",)
PRELOADED_WHEN_IDLE = (
    "pyhanko.pdf_utils.filters",  # pyHanko imports it at the first compressed stream
    "encodings.cp1252",
    "encodings.utf_16_be",
    "signer.reading",
    "signer.rendering",
    "signer.picturing",
    "PIL.PngImagePlugin",
    "PIL.WebPImagePlugin",
    "pyhanko.pdf_utils.writer",
    "signer.preparing",
)
"""In the order in which they are likely to be asked for."""
LENGTH = 8


@dataclass(slots=True)
class _Job:
    status: int
    deadline: float
    cpu: int
    over: str | None = None


@dataclass(frozen=True, slots=True)
class _Function:
    call: Callable[[Any, JobFiles], Any]
    request: TypeAdapter[Any]


def main(control_fd: int) -> None:
    """Serve orders until the parent goes away."""
    walls = {"network": confinement.isolate_network(), "limits": "setrlimit"}
    confinement.drop_privileges()
    gc.disable()  # imports make no garbage, and looking for it is a fifth of their time
    for name in PRELOADED:
        _preload(name)
    root = Path(__file__).resolve().parent.parent
    ruleset = confinement.file_rules(confinement.readable_places(root, sys.path))
    _share_pages()
    control = socket.socket(fileno=control_fd)
    zygote = _Zygote(control, ruleset)
    control.send(json.dumps({"isolation": zygote.try_walls(walls)}).encode())
    zygote.serve()


def _preload(name: str) -> None:
    # A module that fails now fails again, with its traceback, at the first job that needs it.
    with suppress(Exception):
        importlib.import_module(name)


def _share_pages() -> None:
    gc.freeze()  # the children's collections then leave these pages shared


class _Zygote:
    def __init__(self, control: socket.socket, ruleset: int | None) -> None:
        self.control = control
        self.ruleset = ruleset
        self.jobs: dict[int, _Job] = {}
        self.functions: dict[str, _Function] = {}
        self.to_preload = list(reversed(PRELOADED_WHEN_IDLE))
        self.wake, wake_write = socket.socketpair()
        self.wake.setblocking(False)  # noqa: FBT003 - the socket's own signature
        wake_write.setblocking(False)  # noqa: FBT003 - the same
        self.wake_write = wake_write
        signal.set_wakeup_fd(wake_write.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> None:
        selector = selectors.DefaultSelector()
        selector.register(self.control, selectors.EVENT_READ)
        selector.register(self.wake, selectors.EVENT_READ)
        while True:
            now = time.monotonic()
            for pid, job in self.jobs.items():
                if job.over is None and job.deadline <= now:
                    job.over = "wall"
                    os.kill(pid, signal.SIGKILL)
            pending = [j.deadline for j in self.jobs.values() if j.over is None]
            wait = max(0.0, min(pending) - now) if pending else None
            ready = selector.select(0.0 if self.to_preload else wait)
            if not ready and self.to_preload:
                _preload(self.to_preload.pop())
                _share_pages()
            for key, _ in ready:
                if key.fileobj is self.wake:
                    with suppress(BlockingIOError):
                        self.wake.recv(4096)
                elif not self.take_order():
                    for pid in self.jobs:
                        os.kill(pid, signal.SIGKILL)
                    return
            self.reap()

    def take_order(self) -> bool:
        """Fork the child of one order; return False when the parent is gone."""
        try:
            order, fds, _, _ = socket.recv_fds(self.control, 1 << 16, 4)
        except ConnectionError:
            return False
        if not order:
            return False
        told = json.loads(order)
        limits = JobLimits(**told["limits"])
        data, status = fds[0], fds[1]
        try:
            function: _Function | str = self.find(told["target"])
        except Exception:  # noqa: BLE001 - whatever a module raises on import is reported
            function = traceback.format_exc()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                _child(fds, function, limits, self.ruleset, parent)
                code = 0
            finally:
                os._exit(code)
        self.jobs[pid] = _Job(status, time.monotonic() + limits.wall, limits.cpu)
        for fd in (data, *fds[2:]):
            os.close(fd)
        return True

    def find(self, target: str) -> _Function:
        if target not in self.functions:
            module, _, name = target.partition(":")
            call = getattr(importlib.import_module(module), name)
            request = next(iter(typing.get_type_hints(call).values()))
            # In a tuple, because a dataclass by itself takes no configuration from outside.
            wrapped: Any = types.GenericAlias(tuple, (request,))
            adapter: TypeAdapter[Any] = TypeAdapter(
                wrapped, config=ConfigDict(val_json_bytes="base64")
            )
            self.functions[target] = _Function(call, adapter)
        return self.functions[target]

    def reap(self) -> None:
        for pid in list(self.jobs):
            ended, wait_status, usage = os.wait4(pid, os.WNOHANG)
            if not ended:
                continue
            job = self.jobs.pop(pid)
            said = {
                "over": job.over or _over(wait_status, usage, job.cpu),
                "code": os.waitstatus_to_exitcode(wait_status),
                "peak_bytes": usage.ru_maxrss * 1024,
                "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 3),
            }
            with suppress(BrokenPipeError):
                os.write(job.status, json.dumps(said).encode())
            os.close(job.status)

    def try_walls(self, walls: dict[str, str]) -> dict[str, str]:
        """Fork a child that confines itself and tries the walls; return what it found."""
        read, write = os.pipe()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            try:
                _confine(caps.VERIFY, self.ruleset, parent, found := dict(walls))
                os.write(write, json.dumps(confinement.probe(found)).encode())
            finally:
                os._exit(0)
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            said = pipe.read()
        os.waitpid(pid, 0)
        return dict(json.loads(said))


def _over(wait_status: int, usage: resource.struct_rusage, cpu: int) -> str | None:
    if not os.WIFSIGNALED(wait_status):
        return None
    killer = os.WTERMSIG(wait_status)
    if killer == signal.SIGXCPU or usage.ru_utime + usage.ru_stime >= cpu:
        return "cpu"
    if killer == signal.SIGALRM:  # a job's own timer, for a part of its work
        return "wall"
    # A SIGKILL that is not ours is the kernel's, out of memory. Every other signal is a parser
    # that the document made stumble.
    return "memory" if killer == signal.SIGKILL else "crash"


# -- in the child


def _confine(
    limits: JobLimits, ruleset: int | None, parent: int, walls: dict[str, str] | None = None
) -> None:
    confinement.die_with_parent(parent)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    confinement.set_limits(limits)
    files = confinement.restrict_files(ruleset)
    calls = confinement.filter_calls()
    if not calls:
        confinement.guard_python()
    if walls is not None:
        filtered = "seccomp" if calls else "none"
        if calls:
            walls["network"] = (
                "seccomp" if walls["network"] == "none" else f"{walls['network']}, seccomp"
            )
        walls["processes"] = filtered
        walls["files_written"] = filtered if calls else "landlock" if files else "none"
        walls["files_read"] = "landlock" if files else "none"


def _child(
    fds: list[int],
    function: "_Function | str",
    limits: JobLimits,
    ruleset: int | None,
    parent: int,
) -> None:
    """Run the job and send its answer; never returns an exception."""
    gc.enable()
    data, _, source, *rest = fds
    data, source, ruleset, output = _only(data, source, ruleset, rest[0] if rest else None)
    channel = socket.socket(fileno=data)
    _confine(limits, ruleset, parent)
    if ruleset is not None:
        os.close(ruleset)
    answer = _answer(channel, function, limits, source, output)
    with suppress(OSError):
        channel.sendall(answer)


def _only(
    data: int, source: int, ruleset: int | None, output: int | None
) -> tuple[int, int, int | None, int | None]:
    """Keep these descriptors, from 3 on, and close the rest: other jobs' pipes are among them."""
    null = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    kept = [fd for fd in (data, source, output, ruleset) if fd is not None]
    high = [_above(fd) for fd in kept]
    for at, fd in enumerate(high, 3):
        os.dup2(fd, at)
    os.closerange(3 + len(kept), 4096)
    places = iter(range(3, 3 + len(kept)))
    new = [next(places) if fd is not None else None for fd in (data, source, output, ruleset)]
    return cast(int, new[0]), cast(int, new[1]), new[3], new[2]


def _above(fd: int) -> int:
    return fcntl.fcntl(fd, fcntl.F_DUPFD, 512)


def _answer(
    channel: socket.socket,
    function: "_Function | str",
    limits: JobLimits,
    source: int,
    output: int | None,
) -> bytes:
    if isinstance(function, str):
        return b"X" + _json({"traceback": function[-caps.TRACEBACK_CHARS :]})
    try:
        (request,) = function.request.validate_json(b"[" + _receive(channel) + b"]", strict=True)
        for fd in (source, output):
            if fd is not None:
                os.lseek(fd, 0, os.SEEK_SET)  # a lost zygote may have left it elsewhere
        files = JobFiles(
            input=cast(BinaryIO, os.fdopen(source, "rb")),
            output=None if output is None else cast(BinaryIO, os.fdopen(output, "r+b")),
        )
        result = function.call(request, files)
        if files.output is not None:
            files.output.flush()
        answer = b"R" + to_json(result, bytes_mode="base64")
    except BaseException as error:  # noqa: BLE001 - MemoryError and SystemExit are answers too
        return _failure(error)
    return answer if len(answer) <= limits.result_bytes else _limit("result")


def _failure(error: BaseException) -> bytes:
    if isinstance(error, MemoryError):
        error.__traceback__ = None  # lets go of what the frames hold
        confinement.release_reserve()
        return _limit("memory")
    if isinstance(error, RecursionError):
        return _limit("depth")
    if isinstance(error, SignerError):
        return b"E" + _json(_told(error))
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return _limit("output")
    said = "".join(traceback.format_exception(error, limit=-40))
    return b"X" + _json({"traceback": said[-caps.TRACEBACK_CHARS :]})


def _limit(name: str) -> bytes:
    return b"L" + _json({"over": name})


def _told(error: SignerError) -> dict[str, Any]:
    classes = [f"{c.__module__}:{c.__qualname__}" for c in type(error).__mro__]
    plain = {
        k: v for k, v in vars(error).items() if v is None or isinstance(v, (str, int, float, bool))
    }
    return {"classes": classes, "attributes": plain, "message": str(error)}


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _receive(channel: socket.socket) -> bytes:
    length = int.from_bytes(_exactly(channel, LENGTH), "big")
    return _exactly(channel, length)


def _exactly(channel: socket.socket, count: int) -> bytes:
    got = bytearray()
    while len(got) < count:
        chunk = channel.recv(min(1 << 20, count - len(got)))
        if not chunk:
            raise EOFError("the parent went away")
        got += chunk
    return bytes(got)


if __name__ == "__main__":
    main(int(sys.argv[1]))
