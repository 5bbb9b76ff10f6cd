"""A skipped test is a promise not checked: say so last and loudly, and fail where none may be.

`ANTIN_TEST_NO_SKIP=1` (continuous integration) turns any skip into a failed run.
"""

import os

import pytest


def _skips(terminalreporter: pytest.TerminalReporter) -> list[str]:
    lines = []
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        lines.append(f"{report.nodeid}: {reason.removeprefix('Skipped: ')}")
    return lines


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if skips := _skips(terminalreporter):
        terminalreporter.section("BỎ QUA / SKIPPED: not checked on this machine", red=True)
        for reason in sorted({line.split(": ", 1)[1] for line in skips}):
            count = sum(line.endswith(": " + reason) for line in skips)
            terminalreporter.write_line(f"  {count} × {reason}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("ANTIN_TEST_NO_SKIP") == "1" and reporter and _skips(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
