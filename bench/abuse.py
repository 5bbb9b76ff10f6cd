"""What strangers can do to the public verification, measured from outside (loopback only).

    .venv/bin/python bench/abuse.py [--uploads 300] [--threads 8]

A real server is started on a development installation and met with:

1. a burst from one address, under the default limits: how many are let in, how many get 429;
2. uploads from many addresses at once, good and hostile in turn, with the rate lifted so that the
   sandbox is really worked, while slow uploads that never end hold on and others are too large;
3. the same again: what memory the second time adds is what would go on growing.

Baseline: `GET /healthz` of the same server before anybody else came. Printed: statuses, p50 and p99
of /healthz under load and as a ratio, resident memory of the server and of its sandbox, open files,
and what is left on the disk.
"""

import argparse
import collections
import http.client
import itertools
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

LIMIT = 2_000_000
BOUNDARY = "antin-abuse"


def hostile() -> dict[str, bytes]:
    """Small files that cost careless parsers seconds and gigabytes."""
    head = b"%PDF-1.7\n"
    loop = b"xref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 1/Root 1 0 R/Prev 9>>\nstartxref\n9\n%%EOF\n"
    index = (
        b"1 0 obj\n<</Type/XRef/Size 9/W[1 2 1]/Index[0 999999999]/Root 1 0 R/Length 4>>\nstream\n"
        b"\x01\x00\x01\x00\nendstream\nendobj\nstartxref\n9\n%%EOF\n"
    )
    bomb = zlib.compress(zlib.compress(bytes(64 << 20), 9), 9)
    stream = b"1 0 obj\n<</Type/ObjStm/N 9/First 9/Filter[/FlateDecode/FlateDecode]/Length %d>>\nstream\n"
    return {
        "loop": head + loop,
        "index": head + index,
        "bomb": head + stream % len(bomb) + bomb + b"\nendstream\nendobj\n" + loop,
        "deep": head + b"1 0 obj\n" + b"[" * 100_000 + b"\nendobj\n" + loop,
        "zeros": bytes(500_000),
        "text": b"khong phai PDF " * 1000,
        "empty": b"",
    }


def multipart(content: bytes) -> bytes:
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n'
        "Content-Type: application/pdf\r\n\r\n"
    )
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


class Server:
    """`./antin serve` on a data directory of its own."""

    def __init__(self, data: Path, **settings: str) -> None:
        self.scratch = data.parent / "scratch"
        self.scratch.mkdir(exist_ok=True)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith("ANTIN_")},
            "ANTIN_UPLOAD_LIMIT": str(LIMIT),
            "ANTIN_LOG_LEVEL": "ERROR",
            "TMPDIR": str(self.scratch),
            "PYTHONPATH": str(ROOT),
            **settings,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "api", "serve", "--data", str(data), "--port", str(self.port)],
            env=environ,
            stdout=subprocess.DEVNULL,
            stderr=(data.parent / "log").open("wb"),
        )
        self.log = data.parent / "log"
        for _ in range(600):
            try:
                if self.get("/healthz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("the server does not answer")

    def get(self, path: str) -> tuple[int, float]:
        started = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            return answer.status, time.perf_counter() - started
        finally:
            connection.close()

    def upload(self, content: bytes, address: str) -> int | str:
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=120, source_address=(address, 0)
        )
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        try:
            connection.request("POST", "/api/v1/verifications", multipart(content), headers)
            answer = connection.getresponse()
            body = json.loads(answer.read())
            return body.get("integrity", answer.status) if answer.status == 200 else answer.status
        except (BrokenPipeError, ConnectionResetError):
            return "cut off"
        finally:
            connection.close()

    def memory(self) -> tuple[float, float]:
        """Return resident megabytes of the server, and of all below it."""
        own = _resident(self.process.pid)
        return own, sum(_resident(p) for p in _below(self.process.pid))

    def open_files(self) -> int:
        return sum(1 for _ in Path(f"/proc/{self.process.pid}/fd").iterdir())

    def left_on_disk(self) -> int:
        return sum(f.stat().st_size for f in self.scratch.rglob("*") if f.is_file())

    def stop(self) -> float:
        started = time.perf_counter()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        return time.perf_counter() - started


def _resident(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    except OSError:
        return 0.0
    return 0.0


def _below(pid: int) -> list[int]:
    found = []
    try:
        lists = [(t / "children").read_text() for t in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return found  # it ended while we looked
    for child in map(int, " ".join(lists).split()):
        found += [child, *_below(child)]
    return found


class Slow(threading.Thread):
    """Opens an upload and sends one byte now and then, until it is cut off or told to stop."""

    def __init__(self, server: Server, address: str) -> None:
        super().__init__(daemon=True)
        self.server, self.address = server, address
        self.told = threading.Event()
        self.outcome = "held on"

    def run(self) -> None:
        head = (
            "POST /api/v1/verifications HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
        )
        started = time.perf_counter()
        with socket.create_connection(
            ("127.0.0.1", self.server.port), source_address=(self.address, 0)
        ) as sock:
            try:
                sock.sendall(head.encode() + multipart(b"%PDF-1.7\n")[:200])
                sock.settimeout(0.5)
                while not self.told.is_set():
                    try:
                        answer = sock.recv(200)
                    except TimeoutError:
                        sock.sendall(b"x")
                        continue
                    status = answer.split(b" ", 2)[1].decode() if answer else "cut off"
                    self.outcome = f"{status} after {time.perf_counter() - started:.0f} s"
                    return
            except OSError:
                self.outcome = f"cut off after {time.perf_counter() - started:.0f} s"


class Pulse(threading.Thread):
    """Asks /healthz all the while."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self.server, self.seconds, self.told = server, [], threading.Event()
        self.most = 0.0
        """Resident megabytes of server and sandbox together, at the worst moment seen."""

    def run(self) -> None:
        while not self.told.is_set():
            self.seconds.append(self.server.get("/healthz")[1])
            self.most = max(self.most, sum(self.server.memory()))
            time.sleep(0.02)


def flood(server: Server, files: list[bytes], count: int, threads: int) -> collections.Counter:
    """Upload `count` files in turn from `threads` threads, each of many addresses."""
    numbers, lock = itertools.count(), threading.Lock()
    seen: collections.Counter = collections.Counter()

    def work() -> None:
        while (n := next(numbers)) < count:
            told = server.upload(files[n % len(files)], f"127.0.{1 + n % 7}.{1 + n % 199}")
            with lock:
                seen[told] += 1

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    return seen


def signed_sample(data: Path, folder: Path) -> bytes:
    from office.samples import names, sample
    from signer.typeset import Typesetter

    (folder / "plain.pdf").write_bytes(sample(names()[0], Typesetter()).pdf)
    subprocess.run(
        [sys.executable, "-m", "api", "sign", "--data", str(data), "--identity", "lanh-dao-1",
         "--level", "B-B", "--out", str(folder / "signed.pdf"), str(folder / "plain.pdf")],
        env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return (folder / "signed.pdf").read_bytes()


def milliseconds(seconds: list[float]) -> str:
    cut = statistics.quantiles(seconds, n=100)
    return f"p50 {cut[49] * 1000:.1f} ms, p99 {cut[98] * 1000:.1f} ms"


def attack(server: Server, files: list[bytes], asked: argparse.Namespace, at_rest: float) -> None:
    """Upload fast and slowly at once, and print what came of it."""
    # Two to an address, from addresses that upload nothing else.
    slow = [Slow(server, f"127.0.100.{n // 2 + 1}") for n in range(asked.slow)]
    pulse = Pulse(server)
    for thread in (*slow, pulse):
        thread.start()
    started = time.perf_counter()
    seen = flood(server, files, asked.uploads, asked.threads)
    seconds = time.perf_counter() - started
    pulse.told.set()
    pulse.join()
    give_up = time.monotonic() + 45  # longer than the patience that they are given
    for thread in slow:
        thread.join(max(0.0, give_up - time.monotonic()))
        thread.told.set()
        thread.join()
    ratio = statistics.median(pulse.seconds) / at_rest
    own, below = server.memory()
    print(f"   {asked.uploads} uploads in {seconds:.0f} s: {dict(seen)}")
    print(f"   slow: {dict(collections.Counter(s.outcome for s in slow))}")
    print(f"   /healthz under load: {milliseconds(pulse.seconds)} (median ×{ratio:.1f})")
    print(f"   memory: at most {pulse.most:.0f} MB, then server {own:.0f}, sandbox {below:.0f};"
          f" open files {server.open_files()}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--uploads", type=int, default=300)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--slow", type=int, default=12)
    asked = parser.parse_args()
    from api.settings import load
    from api.wiring import make_development_pki

    with tempfile.TemporaryDirectory(prefix="antin-abuse-") as name:
        folder = Path(name)
        data = folder / "data"
        make_development_pki(load(data))
        signed = signed_sample(data, folder)
        files = [signed, *hostile().values(), signed, bytes(LIMIT + 1)]

        server = Server(data)
        try:
            burst = collections.Counter(server.upload(signed, "127.0.0.9") for _ in range(60))
            print(f"1  60 from one address, one after the other: {dict(burst)}")
        finally:
            server.stop()

        # One place for each thread: what is measured is the work, not the refusal.
        lifted = {
            "ANTIN_VERIFY_PER_MINUTE": "100000",
            "ANTIN_VERIFY_AT_ONCE": str(asked.threads),
        }
        server = Server(data, **lifted)
        try:
            quiet = [server.get("/healthz")[1] for _ in range(200)]
            flood(server, files, 40, 2)  # what is made at first use is not growth
            own, below = server.memory()
            print(f"   /healthz at rest: {milliseconds(quiet)}")
            print(f"   memory: server {own:.0f}, sandbox {below:.0f} MB;"
                  f" open files {server.open_files()}")  # fmt: skip
            for part in (2, 3):
                print(f"{part}")
                attack(server, files, asked, statistics.median(quiet))
            print(f"   left on disk: {server.left_on_disk()} bytes")
            print(f"   errors logged: {server.log.stat().st_size} bytes")
        finally:
            print(f"   stopped in {server.stop():.1f} s")


if __name__ == "__main__":
    main()
