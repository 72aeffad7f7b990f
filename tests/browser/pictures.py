"""Takes the pictures of the numbers in docs/pictures/ from the running app on sample data: `python -m tests.browser.pictures`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, sync_playwright

from tests.browser.app_server import ROOT, AppServer, running_app
from tests.browser.fixtures import QUIET, SECONDS, chromium

TARGET = ROOT / "docs" / "pictures"
PAGES = {
    "usage": "/usage",
    "overview": "/overview",
    "users": "/users?span=90+days",
    "models": "/model-cost",
}
SETTINGS = {"LLMTRACK_SAMPLE": "1", "LLMTRACK_USER_ID": "grace"}


def settled(page: Page) -> None:
    """Wait until nothing is drawn any more: the server is idle, and every chart is there."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    page.wait_for_selector("[data-testid=stSkeleton]", state="detached")
    page.wait_for_load_state("networkidle")


def until(page: Page, condition: str, argument: object = None) -> None:
    """Wait until a JavaScript expression or function holds in the page.

    Playwright's own `wait_for_function` asks again by `eval` inside the page, which the app's Content Security Policy
    forbids: it works only where the condition holds at once.
    """
    deadline = time.monotonic() + SECONDS
    while not page.evaluate(condition, argument):
        assert time.monotonic() < deadline, f"still not: {condition}"
        page.wait_for_timeout(20)


def take(page: Page, server: AppServer, name: str, address: str, ending: str) -> None:
    """One picture of one page."""
    page.goto(f"{server.url}{address}")
    settled(page)
    path = TARGET / f"{name}{ending}.png"
    page.screenshot(path=path, animations="disabled")
    print(f"docs/pictures/{name}{ending}.png")


def main() -> None:
    """All pages, light and dark; or those that are named."""
    wanted = {name: address for name, address in PAGES.items() if name in (sys.argv[1:] or PAGES)}
    with tempfile.TemporaryDirectory() as directory:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        make = [sys.executable, "-m", "llmtrack", "sample"]
        subprocess.run(make, cwd=directory, env=environment, check=True)
        with running_app(Path(directory), SETTINGS) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=[*QUIET, "--no-sandbox"])
            schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
            for scheme in schemes:
                context = browser.new_context(
                    color_scheme=scheme, viewport={"width": 1280, "height": 860}, device_scale_factor=1
                )
                page = context.new_page()
                for name, address in wanted.items():
                    take(page, server, name, address, f"-{scheme}")
                context.close()
            browser.close()


if __name__ == "__main__":
    main()
