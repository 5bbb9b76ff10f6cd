"""The walls around a sandbox child: what Linux offers, asked for through ctypes.

1. A network namespace without interfaces (`unshare`), made once by the zygote. Without privilege
   it needs a user namespace, which some systems forbid.
2. Resource limits of the job (`setrlimit`), no core dump, no new privileges, no capabilities; the
   child dies with the zygote.
3. A system call filter (seccomp-bpf): no socket, no new process or program, no signal or trace to
   another process, no opening for writing, no changes in the file tree, no memory that escapes
   RLIMIT_AS (memfd, System V). What is not named stays allowed: Python and the PDF libraries need
   more calls than one could list with a clear conscience.
4. Landlock: files may be read in the interpreter, its libraries, our own two rooms and the fonts
   alone; not keys, not the database, not /proc.

Each wall is tried, none is taken for granted: `probe` runs in a child and says which ones stand.
"""

import ctypes
import errno
import os
import platform
import resource
import signal
import socket
import struct
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from signer import limits as caps
from signer.jobs import JobLimits

_libc = ctypes.CDLL(None, use_errno=True)

CLONE_NEWUSER, CLONE_NEWNET, CLONE_THREAD = 0x10000000, 0x40000000, 0x00010000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
SECCOMP_MODE_FILTER = 2

# Numbers on x86_64 and aarch64, from the kernel's own tables. `None`: no such call there.
_CALLS: Final[dict[str, tuple[int | None, int | None]]] = {
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "creat": (85, None),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "rmdir": (84, None),
    "link": (86, None),
    "linkat": (265, 37),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "symlink": (88, None),
    "symlinkat": (266, 36),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "chown": (92, None),
    "lchown": (94, None),
    "fchown": (93, 55),
    "fchownat": (260, 54),
    "truncate": (76, 45),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "utimensat": (280, 88),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "memfd_create": (319, 279),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
}
_ARCHITECTURES: Final = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_CLONE, _CLONE3, _OPEN, _OPENAT, _OPENAT2 = (56, 220), (435, 435), (2, None), (257, 56), (437, 437)
_KILL, _TGKILL, _PRLIMIT = (62, 129), (234, 131), (302, 261)
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_LANDLOCK_READ = 1 << 2 | 1 << 3 | 1 << 0  # read file, read directory, execute (shared libraries)
_LANDLOCK_ALL = (1 << 13) - 1  # every right of its first version
_SYSTEM_PLACES: Final = (
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/share",  # fonts, time zones
    "/usr/local/share",
    "/lib",
    "/lib64",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/mime.types",
    "/dev/null",
    "/dev/urandom",
)


def isolate_network() -> str:
    """Move this process into a network namespace of its own; return how, or `none`."""
    uid = os.geteuid()
    if _libc.unshare(CLONE_NEWNET) == 0:
        return "network namespace"
    if _libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0:
        try:
            # Keeps our own name inside, so that the home directory and the like still resolve.
            Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1", encoding="ascii")
        except OSError:
            return "user and network namespace (unmapped)"
        return "user and network namespace"
    return "none"


def drop_privileges() -> None:
    """No new privileges, no capabilities, no core dump, no tracing by others."""
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    _prctl(PR_SET_DUMPABLE, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    header = struct.pack("Ii", 0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this thread
    _libc.capset(ctypes.c_char_p(header), ctypes.c_char_p(bytes(24)))


def die_with_parent(parent: int) -> None:
    """Ask for SIGKILL when the parent thread ends; leave at once if it already has.

    Only for children of a single-threaded process: the signal comes when the *thread* that forked
    ends, so a parent that starts helpers from worker threads must not use this.
    """
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def set_limits(job: JobLimits) -> None:
    """Apply the job's limits; the last `RESERVE_BYTES` are for saying that the rest is gone."""
    _limit(resource.RLIMIT_CPU, job.cpu, job.cpu + 1)
    _limit(resource.RLIMIT_AS, job.address_space - caps.RESERVE_BYTES, job.address_space)
    _limit(resource.RLIMIT_FSIZE, job.output_bytes, job.output_bytes)
    _limit(resource.RLIMIT_NOFILE, caps.OPEN_FILES, caps.OPEN_FILES)
    _limit(resource.RLIMIT_STACK, caps.STACK_BYTES, caps.STACK_BYTES)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # an OSError (EFBIG) says more than a death
    sys.setrecursionlimit(caps.RECURSION)


def release_reserve() -> None:
    """Give the reserve back after a MemoryError."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _limit(what: int, soft: int, hard: int) -> None:
    _, most = resource.getrlimit(what)
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    resource.setrlimit(what, (soft, hard))


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


# -- system call filter


def filter_calls() -> bool:
    """Install the system call filter for this process; return whether it stands."""
    program = _program(platform.machine(), os.getpid())
    if program is None:
        return False
    buffer = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog { unsigned short len; struct sock_filter *filter; }
    fprog = struct.pack("H6xP", len(program) // 8, ctypes.addressof(buffer))
    return bool(_libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.c_char_p(fprog), 0, 0) == 0)


def _program(machine: str, pid: int) -> bytes | None:
    """Return the filter as an array of `struct sock_filter`, or `None` for an unknown machine."""
    if machine not in _ARCHITECTURES:
        return None
    column, audit = _ARCHITECTURES[machine]
    load, equal, test, at_least, ret = 0x20, 0x15, 0x45, 0x35, 0x06
    allow, kill = 0x7FFF0000, 0x80000000
    refuse, absent, denied = (0x00050000 | e for e in (errno.EPERM, errno.ENOSYS, errno.EACCES))

    def op(code: int, k: int, yes: int = 0, no: int = 0) -> bytes:
        return struct.pack("HBBI", code, yes, no, k)

    number = op(load, 0)

    def when(call: tuple[int | None, int | None], *then: bytes) -> bytes:
        nr = call[column]
        return b"" if nr is None else number + op(equal, nr, 0, len(then)) + b"".join(then)

    def argument(index: int) -> bytes:
        return op(load, 16 + 8 * index)  # its low half; both machines are little-endian

    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
    out = op(load, 4) + op(equal, audit, 1, 0) + op(ret, kill)
    if machine == "x86_64":  # the x32 numbers would walk past the list
        out += number + op(at_least, 0x40000000, 0, 1) + op(ret, refuse)
    for call in _CALLS.values():
        out += when(call, op(ret, refuse))
    # A thread is fine, a process is not; clone3 hides its flags, so libc is sent back to clone.
    out += when(_CLONE, argument(0), op(test, CLONE_THREAD, 1, 0), op(ret, refuse))
    out += when(_CLONE3, op(ret, absent))
    out += when(_OPEN, argument(1), op(test, writing, 0, 1), op(ret, denied))
    out += when(_OPENAT, argument(2), op(test, writing, 0, 1), op(ret, denied))
    out += when(_OPENAT2, op(ret, absent))
    # Signals to itself only: abort() must work, killing the neighbours must not.
    out += when(_KILL, argument(0), op(equal, pid, 1, 0), op(ret, refuse))
    out += when(_TGKILL, argument(0), op(equal, pid, 1, 0), op(ret, refuse))
    out += when(_PRLIMIT, argument(0), op(equal, 0, 1, 0), op(ret, refuse))
    return out + op(ret, allow)


# -- files


def file_rules(readable: Iterable[Path]) -> int | None:
    """Return a Landlock ruleset that allows reading below `readable` alone, or `None`."""
    rights = struct.pack("Q", _LANDLOCK_ALL)
    ruleset = _libc.syscall(_LANDLOCK_CREATE, ctypes.c_char_p(rights), 8, 0)
    if ruleset < 0:
        return None
    for path in readable:
        try:
            fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        allowed = _LANDLOCK_READ if path.is_dir() else _LANDLOCK_READ & ~(1 << 3)
        rule = struct.pack("=Qi", allowed, fd)
        _libc.syscall(_LANDLOCK_ADD, ruleset, 1, ctypes.c_char_p(rule), 0)
        os.close(fd)
    return int(ruleset)


def restrict_files(ruleset: int | None) -> bool:
    """Put the ruleset in force for this process; return whether it stands."""
    return ruleset is not None and _libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0) == 0


def readable_places(root: Path, search: Iterable[str]) -> list[Path]:
    """Return where a child may read: interpreter, libraries, fonts, `signer/` and `certs/`."""
    places = [Path(sys.prefix), Path(sys.base_prefix) / "lib", root / "signer", root / "certs"]
    places += [Path(p) for p in _SYSTEM_PLACES]
    # Elsewhere on the module path too, but never the checkout itself: it may hold ./data.
    places += [
        p for p in map(Path, search) if p.is_absolute() and p not in root.parents and p != root
    ]
    return [p for p in places if p.exists()]


# -- what stands


def guard_python() -> None:
    """Take the obvious ways out of Python away, for systems without the walls above."""

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "not in the sandbox")

    for module, names in ((socket, ("socket", "create_connection")), (os, ("fork", "system"))):
        for name in names:
            setattr(module, name, refused)


def probe(walls: Mapping[str, str]) -> dict[str, str]:
    """Try, in a confined child, what must not work; return what enforces each wall, or `none`."""
    found = dict(walls)

    def works(attempt: object) -> bool:
        try:
            attempt()  # type: ignore[operator]
        except (OSError, ValueError):
            return False
        return True

    def listen() -> None:
        with _Socket() as s:
            s.bind(("127.0.0.1", 0))

    if works(listen) and found["network"] == "none":
        found["network"] = "none"
    if works(lambda: os.open("/proc/1/status", os.O_RDONLY)):
        found["files_read"] = "none"
    if works(lambda: os.open("/dev/null", os.O_WRONLY)):
        found["files_written"] = "none"
    if works(lambda: os.kill(1, 0)):
        found["processes"] = "none"
    return found


_Socket = socket.socket
