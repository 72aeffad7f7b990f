"""The Connect page: what it says to copy is pasted into a shell, and the page turns green by itself."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app_server import PATIENCE, AppServer, running_app
from tests.browser.room import keys, stored
from tests.provider import Provider


@pytest.fixture
def server(tmp_path: Path, provider_server: Provider) -> Iterator[AppServer]:
    with running_app(tmp_path, keys(provider_server)) as started:
        yield started


@pytest.mark.compares_with("genai-prices")
def test_the_line_for_curl_works_as_it_is_copied_and_the_page_turns_green(
    page: Page, server: AppServer, provider: Provider
) -> None:
    page.goto(f"{server.url}/usage")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Connect").click()
    page.get_by_role("button", name="Make a token").click()
    expect(page.get_by_text("Waiting for your first call with llmt_")).to_be_visible()
    page.get_by_role("tab", name="curl").click()
    lines = page.get_by_role("tabpanel", name="curl").locator("code").first.inner_text()
    assert lines.startswith(f"curl {server.url}/openai/v1/chat/completions")
    done = subprocess.run(["sh", "-c", lines], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert '"role": "assistant"' in done.stdout or '"role":"assistant"' in done.stdout
    expect(page.get_by_text("It works: your call is in the ledger.")).to_be_visible()
    (call,) = [detail.row for detail in stored(server, 5)]
    assert call.request_model == "gpt-4o-mini"
    expect(page.locator(".ll-facts")).to_contain_text(f"{call.input_tokens} → {call.output_tokens}")
    expect(page.get_by_role("tab", name="curl")).to_have_attribute("aria-selected", "true")  # nothing jumped away
    page.get_by_role("link", name="Open this call").click()
    page.wait_for_url(f"{server.url}/calls?call={call.id}*")
    expect(page.get_by_role("tab", name="Messages")).to_be_visible()
