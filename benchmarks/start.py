"""How long the app takes to start and to paint its first page, preload off and on.

    python benchmarks/start.py

Medians of five starts each. Needs what the tests need (``pip install -e '.[test]'``), a Chromium
(``LLMTRACK_TEST_CHROMIUM`` names it) and Linux's ``/proc``.
"""

from __future__ import annotations

import re
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.browser.app_server import AppServer, running_app
from tests.browser.fixtures import QUIET, chromium

RUNS = 5


def healthy(server: AppServer) -> None:
    """Ask until the server answers."""
    while True:
        try:
            urllib.request.urlopen(f"{server.url}/healthz", timeout=5).close()
            return
        except OSError:
            time.sleep(0.01)


def once(browser: Browser, settings: dict[str, str]) -> tuple[float, float, float, float]:
    """Seconds from the command to health, from opening to the first and to a second paint; megabytes after that."""
    with tempfile.TemporaryDirectory() as directory:
        began = time.perf_counter()
        with running_app(Path(directory), settings) as server:
            healthy(server)
            health = time.perf_counter() - began
            paints = []
            for _ in range(2):
                page = browser.new_page()
                began = time.perf_counter()
                page.goto(server.url)
                page.get_by_role("textbox", name=re.compile("^Message")).wait_for()
                paints.append(time.perf_counter() - began)
                page.close()
            memory = Path(f"/proc/{server.process.pid}/status").read_text().partition("VmRSS:")[2].split()[0]
            return health, paints[0], paints[1], int(memory) / 1024


def main() -> None:
    """Medians over `RUNS` starts of each kind."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*QUIET, "--no-sandbox"])
        for name, settings in (("preload off", {"LLMTRACK_PRELOAD": "false"}), ("preload on", {})):
            columns = zip(*(once(browser, settings) for _ in range(RUNS)), strict=True)
            health, first, second, memory = (statistics.median(column) for column in columns)
            print(
                f"{name}: healthy after {health:.2f} s, first paint {first:.2f} s after opening, "
                f"second {second:.2f} s, {memory:.0f} MB"
            )
        browser.close()


if __name__ == "__main__":
    main()
