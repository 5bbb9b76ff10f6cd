"""`test`: everything that can be checked on this machine, and a plain summary of it.

1. Style and types, the arrows between the rooms, then the tests; a failing step never stops the
   next one.
2. What was skipped is named with its reason: a suite that skipped in silence would read as whole.
3. With arguments, only pytest runs, with these arguments.
"""

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import typer

from api.cli import terms

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("certs", "signer", "archive", "office", "api")
STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ruff check", ("ruff", "check", ".")),
    ("ruff format", ("ruff", "format", "--check", ".")),
    ("mypy", ("mypy", *ROOMS)),
    ("import-linter", ("importlinter.cli", "lint_imports_command")),
)


def test(ctx: typer.Context) -> None:
    """Chạy mọi kiểm thử. / Run every check. Tham số thêm chuyển cho pytest. / Extra: pytest's."""
    extra = list(ctx.args)
    lines: list[str] = []
    wrong = False
    started = time.monotonic()
    if not extra:
        for name, command in STEPS:
            passed, seconds = _step(command)
            wrong |= not passed
            lines.append(f"{'ok  ' if passed else 'SAI '} {name:14s} {seconds:6.1f} s")
    code, counts, skips = _pytest(extra)
    wrong |= code != 0
    lines.append(
        f"{'ok  ' if code == 0 else 'SAI '} {'pytest':14s} {counts['seconds']:6.1f} s  "
        f"{counts['passed']:.0f} passed, {counts['failed']:.0f} failed, "
        f"{counts['skipped']:.0f} skipped"
    )
    lines += [f"BỎ QUA / SKIPPED {count} × {why}" for why, count in skips.most_common()]
    lines.append(f"{time.monotonic() - started:.0f} s")
    sys.stdout.write("\n" + "\n".join(lines) + "\n")
    terms.done(terms.WRONG if wrong else terms.OK)


def _step(command: tuple[str, ...]) -> tuple[bool, float]:
    started = time.monotonic()
    if command[0] == "importlinter.cli":
        # Its command has no module form of its own.
        call = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    else:
        call = [sys.executable, "-m", *command]
    done = subprocess.run(call, cwd=ROOT, check=False)  # noqa: S603 - our own tools
    return done.returncode == 0, time.monotonic() - started


def _pytest(extra: list[str]) -> tuple[int, dict[str, float], Counter[str]]:
    call = [sys.executable, "-m", "pytest", "-q"]
    if not extra and (os.cpu_count() or 1) > 1:
        # Two: the suites start servers and browsers of their own, more only waits for the disk.
        call += ["-n", "2", "--dist", "loadfile"]
    with tempfile.TemporaryDirectory(prefix="antin-test-") as folder:
        report = Path(folder) / "report.xml"
        done = subprocess.run(  # noqa: S603 - our own tools
            [*call, f"--junitxml={report}", *extra], cwd=ROOT, check=False
        )
        counts: dict[str, float] = {"passed": 0, "failed": 0, "skipped": 0, "seconds": 0}
        skips: Counter[str] = Counter()
        if report.is_file():
            tree = ET.parse(report)  # noqa: S314 - written by our own pytest a moment ago
            for suite in tree.iter("testsuite"):
                failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
                skipped = int(suite.get("skipped", 0))
                counts["failed"] += failed
                counts["skipped"] += skipped
                counts["passed"] += int(suite.get("tests", 0)) - failed - skipped
                counts["seconds"] += float(suite.get("time", 0))
            for skip in tree.iter("skipped"):
                skips[skip.get("message") or "?"] += 1
    return done.returncode, counts, skips
