"""A file taken from a page in a browser: by this browser, and by nobody else."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Download, Page, expect

from llmtrack.ledger import open_ledger
from tests.browser.app_server import running_app
from tests.ledger.making import generation


def test_explore_gives_its_answer_as_a_file_to_this_browser_alone(page: Page, tmp_path: Path) -> None:
    downloads: list[Download] = []
    page.on("download", lambda download: downloads.append(download))
    page.context.on("page", lambda tab: tab.on("download", lambda download: downloads.append(download)))
    with running_app(tmp_path) as app:
        open_ledger(app.database_url).write([generation(time.time_ns() // 1000, user_id="zoe")])
        page.goto(f"{app.url}/explore?metrics=cost&by=user")
        link = page.get_by_role("link", name="CSV")
        address = link.get_attribute("href") or ""
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{app.url}{address}")
        link.click()
        # It was used up: the next one has another address.
        expect(link).not_to_have_attribute("href", address)
        for _ in range(300):
            if not downloads:
                page.wait_for_timeout(100)
        assert downloads[0].suggested_filename.startswith("llmtrack 20")
        text = Path(downloads[0].path()).read_text(encoding="utf-8-sig")
        assert text.splitlines() == ['"user","cost"', "zoe,0.000450000"]
