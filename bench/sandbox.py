"""What does the box cost per call? Beside it, the same work in this process and in a new Python.

    .venv/bin/python bench/sandbox.py [RUNS]

Prints medians and ratios; the target is at most 15 ms on top of the work itself.
"""

import io
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from signer.jobs import JobFiles  # noqa: E402 - the line above makes it importable
from signer.render import PAGE_SIZES, PageSizesRequest  # noqa: E402 - the same
from signer.sandbox import Sandbox  # noqa: E402 - the same

FRESH = """
import sys
sys.path.insert(0, {root!r})
from signer.jobs import JobFiles
from signer.render import PageSizesRequest
from signer.rendering import sizes_job
sizes_job(PageSizesRequest(), JobFiles(input=sys.stdin.buffer, output=None))
"""


def one_page() -> bytes:
    import typst

    return bytes(typst.compile(b"= Quy\xe1\xba\xbft \xc4\x91\xe1\xbb\x8bnh\n#lorem(300)"))


def median(call: Callable[[], object], runs: int) -> float:
    took = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        took.append(time.perf_counter() - start)
    return statistics.median(took) * 1000


def main(runs: int) -> None:
    pdf = one_page()
    with Sandbox() as box:
        start = time.perf_counter()
        box.warm()
        boot = (time.perf_counter() - start) * 1000
        box.run(PAGE_SIZES, PageSizesRequest(), pdf=pdf)
        boxed = median(lambda: box.run(PAGE_SIZES, PageSizesRequest(), pdf=pdf), runs)
        walls = box.isolation()

    from signer.rendering import sizes_job

    here = median(
        lambda: sizes_job(PageSizesRequest(), JobFiles(input=io.BytesIO(pdf), output=None)), runs
    )
    script = FRESH.format(root=str(ROOT))
    fresh = median(
        lambda: subprocess.run([sys.executable, "-c", script], input=pdf, check=True), runs=5
    )
    print(f"walls: {walls}")
    print(f"start of the zygote, once      {boot:8.1f} ms")
    print(f"page sizes in this process     {here:8.2f} ms   (baseline)")
    print(f"page sizes in the box          {boxed:8.2f} ms   {boxed - here:+.2f} ms")
    print(f"page sizes in a fresh python   {fresh:8.2f} ms   {fresh / boxed:.0f} times the box")
    print(
        f"overhead {boxed - here:.1f} ms, target 15 ms: {'met' if boxed - here <= 15 else 'MISSED'}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
