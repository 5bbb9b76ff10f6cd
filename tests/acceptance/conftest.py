"""A real browser in front of a real server process that somebody started with `./antin demo`."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WIDTHS = {"phone": (390, 844), "desktop": (1366, 900)}
VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (e) => window.violations.push(`${e.violatedDirective} ${e.blockedURI}`));
"""


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in Path(item.fspath).parents:
            item.add_marker(pytest.mark.browser)


def _chromium():
    for name in (os.environ.get("ANTIN_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"):
        if name and (found := shutil.which(name)):
            return found
    return None


@pytest.fixture(scope="session")
def chromium():
    found = _chromium()
    if found is None and os.environ.get("ANTIN_TEST_INSTALL") == "1":
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in ("update -qq", "install -y -qq --no-install-recommends chromium"):
            subprocess.run(
                ["apt-get", *command.split()],
                stdout=subprocess.DEVNULL,
                env=environment,
                check=False,  # what counts is whether there is a browser afterwards
            )
        found = _chromium()
    if found is None:
        pytest.skip("no Chromium (apt install chromium, or ANTIN_TEST_INSTALL=1)")
    return found


class Demo:
    """The process, and what it printed."""

    def __init__(self, data, address):
        self.data = data
        self.address = address
        self.passwords = json.loads((data / "accounts.json").read_bytes())

    def sample(self, number):
        return next(iter(sorted((self.data / "samples").glob(f"{number:02d}-*.pdf"))))


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    data = tmp_path_factory.mktemp("demo")
    said, faults = data / "stdout.txt", data / "stderr.txt"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ANTIN_")}
    with said.open("w") as out, faults.open("w") as err:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "api",
                "demo",
                "--port",
                "0",
                "--no-browser",
                "--data",
                str(data),
            ],
            stdout=out,
            stderr=err,
            cwd=ROOT,
            env=environment,
        )
        try:
            deadline = time.monotonic() + 120
            while (found := re.search(r"http://127\.0\.0\.1:\d+", said.read_text("utf-8"))) is None:
                assert process.poll() is None, faults.read_text("utf-8")
                assert time.monotonic() < deadline, "the demo did not start"
                time.sleep(0.1)
            yield Demo(data, found[0])
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture(scope="module")
def chrome(chromium):
    # Not for the whole session: Playwright keeps an event loop running in this thread, and tests
    # elsewhere start their own.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Where screenshots go: `ANTIN_SCREENSHOTS`, or a folder that is told at the end."""
    named = os.environ.get("ANTIN_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Desk:
    """One window of the browser, and everything that went wrong in it."""

    def __init__(self, context, demo, *, scripts):
        self.context = context
        self.scripts = scripts
        self.demo = demo
        self.page = context.new_page()
        self.page.set_default_timeout(20_000)
        self.complaints = []
        self.page.on("pageerror", lambda e: self.complaints.append(f"error: {e}"))
        self.page.on("console", self._heard)
        self.page.on("dialog", self._asked)

    def _heard(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def _asked(self, dialog):
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def go(self, path):
        self.page.goto(self.demo.address + path)
        return self.page

    def log_in(self, account="chutich"):
        self.go("/login")
        self.page.fill("#account", account)
        self.page.fill("#password", self.demo.passwords[account])
        self.page.press("#password", "Enter")
        self.page.wait_for_url(self.demo.address + "/")

    def fits(self):
        """Nothing sticks out to the right, at this width."""
        return self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    def picture(self, path, *, full=True):
        if full and self.scripts:
            # What comes while scrolling must be there before a picture of the whole is taken.
            self.page.evaluate(
                """async () => { for (const i of document.images) i.loading = "eager";
                await Promise.all([...document.images].map((i) => i.decode().catch(() => {}))); }"""
            )
        self.page.wait_for_load_state("networkidle")
        self.page.screenshot(path=path, full_page=full)

    def violations(self):
        return self.page.evaluate("window.violations")


@pytest.fixture
def desk(chrome, demo):
    """Open a window; at the end nothing may have been complained about in it."""
    opened = []

    def open_window(width="desktop", *, scripts=True, **options):
        size = WIDTHS.get(width, width)
        context = chrome.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale="vi-VN",
            timezone_id="Asia/Ho_Chi_Minh",
            java_script_enabled=scripts,
            has_touch=size[0] < 500,
            **options,
        )
        if scripts:
            context.add_init_script(VIOLATIONS)
        opened.append(Desk(context, demo, scripts=scripts))
        return opened[-1]

    yield open_window
    complaints = [c for d in opened for c in d.complaints]
    for window in opened:
        window.context.close()
    assert complaints == []
