"""Jobs for the sandbox tests: honest ones, and every unpleasant thing that a parser taken over
by a document might try."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path

from signer.errors import LimitExceededError, PdfRejectedError, SignerError
from signer.jobs import JobFiles, JobLimits, JobSpec

LIMITS = JobLimits(
    wall=20.0, cpu=5, address_space=512 << 20, output_bytes=1 << 20, result_bytes=1 << 20
)


class Colour(StrEnum):
    RED = "đỏ"
    BLUE = "xanh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    blob: bytes
    when: datetime | None
    day: date
    colours: frozenset[Colour]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    what: str
    number: float = 0.0
    inner: tuple[Inner, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    text: str
    blob: bytes = b""
    ask: Ask | None = None


class UnknownToTheParentError(PdfRejectedError):
    code = "known.only.here"


_seen: list[str] = []


def job(request: Ask, files: JobFiles) -> Told:
    return BEHAVIOURS[request.what](request, files)


def _echo(request, files):
    return Told(text=request.what, blob=files.input.read(), ask=request)


def _state(request, files):
    _seen.append("been here")
    return Told(text=str(len(_seen)))


def _sleep(request, files):
    time.sleep(request.number)
    return Told(text="slept", blob=str(os.getpid()).encode())


def _busy(request, files):
    while True:
        pass


def _swell(request, files):
    kept = []
    while True:
        kept.append(bytearray(8 << 20))


def _swell_in_c(request, files):
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    for _ in range(10_000):
        if not libc.malloc(8 << 20):
            os.abort()  # what a C++ library does when it cannot go on


def _deep(request, files):
    def down(n):
        return down(n + 1)

    return down(0)


def _deep_in_c(request, files):
    nest = []
    for _ in range(200_000):
        nest = [nest]
    return Told(text=repr(nest))


def _attempt(call):
    try:
        got = call()
    except (OSError, ValueError) as error:
        return Told(text=f"refused {error!r}")
    return Told(text=f"worked {got!r}")


def _connect(address):
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    socket.socket(family).connect(address)


def _fork():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    return pid


def _write_output(request, files):
    block = b"x" * (1 << 16)
    for _ in range(int(request.number)):
        files.output.write(block)
    return Told(text="written")


def _fill_output_slowly(request, files):
    files.output.write(b"half")
    files.output.flush()
    time.sleep(request.number)
    files.output.write(b" and half")
    return Told(text="written")


def _descriptors(request, files):
    held = []
    for fd in range(4096):
        try:
            os.fstat(fd)
        except OSError:
            continue
        held.append(fd)
    return Told(text=" ".join(map(str, held)))


def _raise(error):
    def behaviour(request, files):
        raise error

    return behaviour


BEHAVIOURS = {
    "echo": _echo,
    "state": _state,
    "sleep": _sleep,
    "busy": _busy,
    "swell": _swell,
    "swell in C": _swell_in_c,
    "deep": _deep,
    "deep in C": _deep_in_c,
    "output": _write_output,
    "slow output": _fill_output_slowly,
    "descriptors": _descriptors,
    "environment": lambda r, f: Told(text=" ".join(sorted(os.environ))),
    "write the input": lambda r, f: _attempt(lambda: os.write(f.input.fileno(), b"x")),
    "reopen the input": lambda r, f: _attempt(
        lambda: os.open(f"/proc/self/fd/{f.input.fileno()}", os.O_RDWR)
    ),
    "fork": lambda r, f: _attempt(_fork),
    "vfork by libc": lambda r, f: Told(text=f"worked {ctypes.CDLL(None).fork()}"),
    "exec": lambda r, f: _attempt(lambda: subprocess.run(["/bin/true"], check=False)),
    "tcp": lambda r, f: _attempt(lambda: _connect(("127.0.0.1", int(r.number)))),
    "udp": lambda r, f: _attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)),
    "unix": lambda r, f: _attempt(lambda: _connect("/run/docker.sock")),
    "write a file": lambda r, f: _attempt(lambda: Path("/tmp/boxed-job-was-here").write_text("x")),  # noqa: S108
    "remove a file": lambda r, f: _attempt(lambda: Path(__file__).with_name("none").unlink()),
    "read a secret": lambda r, f: _attempt(lambda: Path("/etc/passwd").read_text()),
    "read the parent": lambda r, f: _attempt(lambda: Path("/proc/1/environ").read_bytes()),
    "kill the zygote": lambda r, f: _attempt(lambda: os.kill(os.getppid(), signal.SIGKILL)),
    "kill everything": lambda r, f: _attempt(lambda: os.kill(-1, signal.SIGKILL)),
    "hide memory": lambda r, f: _attempt(lambda: os.memfd_create("hoard")),
    "raise the limits": lambda r, f: _attempt(
        lambda: __import__("resource").setrlimit(0, (1000, 1000))
    ),
    "exit": lambda r, f: sys.exit(0),
    "exit hard": lambda r, f: os._exit(0),
    "segfault": lambda r, f: ctypes.string_at(0),
    "killed": lambda r, f: os.kill(os.getpid(), signal.SIGTERM),
    "wrong type": lambda r, f: {"text": 5},
    "not even JSON": lambda r, f: object(),
    "giant": lambda r, f: Told(text="x" * (2 << 20)),
    "rejected": _raise(PdfRejectedError("file.damaged", "hỏng", "damaged")),
    "limit": _raise(LimitExceededError("pages", "nhiều trang quá", "too many pages")),
    "plain": _raise(SignerError("vi", "en")),
    "unknown error": _raise(UnknownToTheParentError("file.damaged", "hỏng", "damaged")),
    "unexpected": _raise(ZeroDivisionError("số không")),
}

BOXED = JobSpec("boxed_jobs:job", Ask, Told, LIMITS)
MISSING = JobSpec("boxed_jobs:there_is_no_such_job", Ask, Told, LIMITS)
