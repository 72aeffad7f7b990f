"""A real browser for tests, which talks to nobody but the app."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.browser.app_server import SERVING, AppServer, running_app

SECONDS = 60
"""For anything to appear, on a busy machine."""

# Chromium calls home for updates, field trials and more; a test has no business doing so.
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
)


def chromium() -> str | None:
    """The browser to drive: `LLMTRACK_TEST_CHROMIUM`, or the first one installed.

    Chromium's headless shell draws pages with the same engine and has no windows to manage: a third less work.
    """
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("LLMTRACK_TEST_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for the whole run."""
    path = chromium()
    if path is None:
        pytest.skip("no Chromium found; install one or name it in LLMTRACK_TEST_CHROMIUM")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses to run as root with one.
    with sync_playwright() as playwright:
        expect.set_options(timeout=SECONDS * 1000)
        started = playwright.chromium.launch(executable_path=path, args=[*QUIET, *sandbox])
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh tab with no history. Fails the test if the page logged an error or asked for anything from elsewhere."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB", timezone_id="UTC")
    tab = context.new_page()
    tab.set_default_timeout(SECONDS * 1000)
    complaints: list[str] = []

    def complain(text: str) -> None:
        if any(tab.url.startswith(url) for url in SERVING):  # a tab whose app was stopped has reason to complain
            complaints.append(text)

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            complain(f"{message.text} ({message.location})")

    def asked(request: Request) -> None:
        host = urlsplit(request.url).hostname
        if host not in (None, "127.0.0.1", "localhost"):
            complain(f"asked for {request.url}")

    tab.on("console", heard)
    tab.on("request", asked)
    tab.on("pageerror", lambda error: complain(str(error)))
    yield tab
    context.close()
    assert complaints == []


@pytest.fixture
def app(tmp_path: Path) -> Iterator[AppServer]:
    """The app with no keys and an empty database, started as a newcomer starts it."""
    directory = tmp_path / "app"
    directory.mkdir()
    with running_app(directory) as server:
        yield server
