"""Our verification beside naive pyHanko, on the same files in the same run.

    .venv/bin/python bench/verify.py FOLDER… [--heavy FOLDER] [--cold FILE] [--limit N]

Ours is the whole verdict as `./antin verify` gives it: the sandbox with its limits, embedded and
cached evidence, two parsers, our own difference analysis, and the picture comparison; reading the
page is left out, because pyHanko does not read it. Naive pyHanko is `validate_pdf_signature` on every
signature, in a warm process without limits (killed after `PATIENCE` seconds); what it raises is
counted, not an answer. The machine may be shared, so everything is done in turns: each file goes
to both, one right after the other, and each `TURN` files then go through two children. Memory is the peak of the largest child, as the kernel counted it.
`--heavy` adds the documents of `bench/heavy.py`, made in that folder if they are not there.
`--cold` times the whole process for one file, started anew each time, beside `pdfsig -nocert`.
"""

import argparse
import json
import os
import selectors
import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

from api.settings import load  # noqa: E402 - found through the line above
from api.wiring import verification  # noqa: E402
from certs.model import TrustStore  # noqa: E402
from office.flows.verify import Verifier  # noqa: E402
from signer.sandbox import JobUsage, Sandbox  # noqa: E402

PATIENCE = 120.0
"""Seconds that naive pyHanko gets for one file."""
TURN = 16
COLD_RUNS = 11
MIB = 1 << 20


# -- naive pyHanko, in a process of its own


def naive(root: str) -> None:
    """Answer each path on standard input with one line of JSON."""
    import logging
    import resource

    from asn1crypto import pem, x509
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
    from pyhanko_certvalidator import ValidationContext

    logging.disable()
    roots = []
    if root:
        data = Path(root).read_bytes()
        roots = [x509.Certificate.load(pem.unarmor(data)[2] if pem.detect(data) else data)]
    for line in sys.stdin:
        said: dict[str, object] = {"error": None, "signatures": 0}
        start = time.perf_counter()
        try:
            with Path(line.rstrip("\n")).open("rb") as file:
                reader = PdfFileReader(file)
                for found in reader.embedded_signatures:
                    context = ValidationContext(trust_roots=roots, allow_fetching=False)
                    said["signatures"] += 1  # type: ignore[operator]
                    if found.sig_object.get("/Type") == "/DocTimeStamp":
                        validate_pdf_timestamp(found, context)
                    else:
                        validate_pdf_signature(found, context)
        except Exception as error:  # noqa: BLE001 - that is what is counted
            said["error"] = type(error).__name__
        said["seconds"] = time.perf_counter() - start
        said["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps(said), flush=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """What one file cost."""

    seconds: float
    peak: int
    said: str


class Naive:
    """A warm process of naive pyHanko, started anew when it had to be killed."""

    def __init__(self, root: Path | None) -> None:
        self._command = [sys.executable, str(Path(__file__).resolve()), "--naive", str(root or "")]
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._asked = False

    def ask(self, path: Path) -> Took:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{path}\n".encode())
        self._process.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            line = self._process.stdout.readline() if selector.select(PATIENCE) else b""
        if not line:
            self.close()
            self._start()
            return Took(seconds=PATIENCE, peak=0, said=f"no answer in {PATIENCE:.0f} s")
        told = json.loads(line)
        said = told["error"] or f"{told['signatures']} signatures"
        return Took(
            seconds=told["seconds"], peak=told["peak"], said="!" * bool(told["error"]) + said
        )

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


# -- ours


class Usage:
    """Gathers what the children took."""

    def __init__(self) -> None:
        self.jobs: list[JobUsage] = []

    def take(self) -> int:
        """Return the largest peak since the last time, in bytes."""
        largest = max((job.peak_bytes for job in self.jobs), default=0)
        self.jobs.clear()
        return largest


def ours(verifier: Verifier, trust: TrustStore, path: Path, usage: Usage) -> Took:
    start = time.perf_counter()
    report = verifier.verify(path, trust=trust, read=False).report
    took = time.perf_counter() - start
    said = f"{report.integrity.value} / {report.indication.value if report.indication else '–'}"
    if report.integrity.value == "UNREADABLE":
        said += " " + ", ".join(reason.code for reason in report.reasons)
    return Took(seconds=took, peak=usage.take(), said=said)


def warmed(box: Sandbox, verifier: Verifier, trust: TrustStore, first: Path) -> None:
    box.warm()
    verifier.verify(first, trust=trust, read=False)
    time.sleep(1)  # the zygote goes on loading when it is idle


# -- the tables


def row(*cells: object) -> None:
    print("| " + " | ".join(str(cell) for cell in cells) + " |")


def milliseconds(values: Sequence[float]) -> tuple[str, str, str]:
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return (
        f"{statistics.median(ordered) * 1000:.0f}",
        f"{p95 * 1000:.0f}",
        f"{sum(ordered):.1f}",
    )


def folder_table(folder: Path, files: Sequence[Path]) -> None:
    usage = Usage()
    peer = Naive(None)
    data = load(Path(os.devnull) / "none")  # no data directory: nobody is trusted
    mine, theirs, two = [], [], 0.0
    with (
        Sandbox(children=2, observe=usage.jobs.append) as box,
        verification(data, (), sandbox=box) as (verifier, trust),
        ThreadPoolExecutor(2) as pool,
    ):
        warmed(box, verifier, trust, files[0])
        peer.ask(files[0])
        for at in range(0, len(files), TURN):
            turn = files[at : at + TURN]
            for path in turn:
                mine.append(ours(verifier, trust, path, usage))
                theirs.append(peer.ask(path))
            start = time.perf_counter()
            deque(pool.map(lambda f: verifier.verify(f, trust=trust, read=False), turn), maxlen=0)
            two += time.perf_counter() - start
    peer.close()
    raised = [t for t in theirs if t.said.startswith("!") or t.seconds >= PATIENCE]
    answered = [(m, t) for m, t in zip(mine, theirs, strict=True) if not t.said.startswith("!")]
    print(f"\n### {folder.name}: {len(files)} files\n")
    row("", "median ms", "p95 ms", "total s", "largest process MiB", "no answer")
    row(*["---"] * 6)
    total = sum(m.seconds for m in mine)
    unread = sum(m.said.startswith("UNREADABLE file.limit") for m in mine)
    row(
        "ours, one child",
        *milliseconds([m.seconds for m in mine]),
        max(m.peak for m in mine) // MIB,
        unread,
    )
    row("ours, two children", "", "", f"{two:.1f} ({total / two:.2f}×)", "", "")
    row(
        "naive pyHanko",
        *milliseconds([t.seconds for t in theirs]),
        max(t.peak for t in theirs) // MIB,
        f"{len(raised)} (raised)",
    )
    if answered:
        ratios = [m.seconds / t.seconds for m, t in answered]
        a, b = sum(m.seconds for m, _ in answered), sum(t.seconds for _, t in answered)
        print(
            f"\nWhere pyHanko answers ({len(answered)} files): ours / pyHanko, median of the ratios "
            f"{statistics.median(ratios):.2f}, of the totals {a / b:.2f}."
        )


def heavy_table(data: Path) -> None:
    from heavy import HEAVY, heavy

    documents = heavy(data)
    root = data / "dev-pki" / "root.pem"
    usage = Usage()
    print("\n### Heavy documents, trusted, evidence fetched from the development PKI\n")
    row("document", "MB", "ours s", "peak MiB", "verdict", "naive pyHanko s", "peak MiB", "it says")
    row(*["---"] * 8)
    with (
        Sandbox(children=1, observe=usage.jobs.append) as box,
        verification(load(data), None, sandbox=box) as (verifier, trust),
    ):
        box.warm()
        time.sleep(1)
        for name, path in documents.items():
            mine = ours(verifier, trust, path, usage)
            peer = Naive(root)
            theirs = peer.ask(path)
            peer.close()
            row(
                HEAVY[name][0],
                f"{path.stat().st_size / 1e6:.1f}",
                f"{mine.seconds:.2f}",
                mine.peak // MIB,
                mine.said,
                f"{theirs.seconds:.2f}",
                theirs.peak // MIB,
                theirs.said,
            )


def cold_table(path: Path) -> None:
    commands = {
        "./antin verify --offline": [str(ROOT / "antin"), "verify", "--offline", str(path)],
        "python -c 'import pyhanko…'": [
            sys.executable,
            "-c",
            "import pyhanko.sign.validation.ades, pikepdf",
        ],
        "pdfsig -nocert": ["pdfsig", "-nocert", str(path)],
    }
    took: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(COLD_RUNS):
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
            took[name].append(time.perf_counter() - start)
    print(f"\n### One file, the process started anew ({COLD_RUNS} times)\n")
    row("", "median ms", "least ms")
    row("---", "---", "---")
    for name, each in took.items():
        row(name, f"{statistics.median(each) * 1000:.0f}", f"{min(each) * 1000:.0f}")


def pdfs(folder: Path) -> Iterator[Path]:
    yield from sorted(p for p in folder.rglob("*") if p.suffix.lower() == ".pdf" and p.is_file())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--heavy", type=Path, metavar="FOLDER")
    parser.add_argument("--cold", type=Path, metavar="FILE")
    parser.add_argument("--limit", type=int, help="files of each folder")
    parser.add_argument("--naive", metavar="ROOT", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.naive is not None:
        naive(asked.naive)
        return
    print(f"{os.cpu_count()} cores, load at the start {os.getloadavg()[0]:.1f}")
    for folder in asked.folders:
        folder_table(folder, list(pdfs(folder))[: asked.limit])
    if asked.heavy:
        heavy_table(asked.heavy.absolute())
    if asked.cold:
        cold_table(asked.cold.absolute())
    print(f"\nload at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
