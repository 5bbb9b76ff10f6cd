"""What a sandbox job is: the words that the parent and the child share.

A job is a function `f(request: Req, files: JobFiles) -> Res` in a module of its own, which may
import pyHanko, pikepdf or pypdfium2 as it likes: it runs in the child only. The parent knows it by
a `JobSpec` in a light module that imports none of them.

1. Requests and results are frozen dataclasses (nested, if need be) of str, int, float, bool, None,
   bytes, datetime, date, enum, tuple and frozenset. They cross as JSON and are validated on both
   sides; nothing is ever unpickled.
2. The function's annotations must name the same types as its `JobSpec`.
3. A job keeps nothing: the next one runs in a fresh fork.
"""

from dataclasses import dataclass
from typing import BinaryIO, Generic, TypeVar

Req = TypeVar("Req")
Res = TypeVar("Res")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLimits:
    """What one run of a job may use. `signer.limits` holds those in force, with their reasons."""

    wall: float
    """Seconds of wall clock, from the fork on; waiting for a free place is not counted."""
    cpu: int
    """Seconds of processor time."""
    address_space: int
    """Bytes of virtual memory, the libraries' own mappings (about 250 MiB) included."""
    output_bytes: int
    """Bytes that the job may write to its output file."""
    result_bytes: int = 16 << 20
    """Bytes of the result as JSON (bytes in it as base64, so a third longer)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFiles:
    """The files of a job, open and at their start, as the function in the child gets them."""

    input: BinaryIO
    """The PDF. Read only."""
    output: BinaryIO | None
    """Where to write a new file, empty; `None` where the caller wants none."""


@dataclass(frozen=True, slots=True)
class JobSpec(Generic[Req, Res]):
    """Names a job, its types and its limits."""

    target: str
    """`package.module:function`."""
    request: type[Req]
    result: type[Res]
    limits: JobLimits
