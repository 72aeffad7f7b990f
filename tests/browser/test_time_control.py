"""The control of the time lies in a popover: a step back in the browser holds, whatever it showed when it was closed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from llmtrack.ledger import open_ledger
from tests.browser.app_server import AppServer, running_app
from tests.browser.pictures import settled
from tests.ledger.making import HOUR, generation


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    directory: Path = tmp_path_factory.mktemp("time")
    with running_app(directory, {"LLMTRACK_USER_ID": "kim"}) as server:
        ledger = open_ledger(server.database_url)
        at = int(datetime.now(UTC).timestamp() * 1_000_000)
        ledger.write([generation(at - days * 24 * HOUR, user_id="kim") for days in (0, 40)])
        ledger.close()
        yield server


def test_a_step_back_from_another_time_span_is_not_undone_by_the_next_run(page: Page, served: AppServer) -> None:
    page.goto(f"{served.url}/overview")
    page.locator(".st-key-time button").click()
    page.get_by_text("7 days", exact=True).click()
    expect(page).to_have_url(re.compile(r"span=7"))
    settled(page)
    page.keyboard.press("Escape")
    page.go_back()
    expect(page).to_have_url(f"{served.url}/overview")
    settled(page)
    page.get_by_role("button", name="Views").click()  # a run
    expect(page.get_by_role("textbox", name="Save this view as")).to_be_visible()
    settled(page)
    expect(page).to_have_url(f"{served.url}/overview")
    page.keyboard.press("Escape")
    page.locator(".st-key-time button").click()
    expect(page.get_by_role("radio", name="30 days")).to_be_checked()


def test_a_step_back_from_another_cycle_is_not_undone_by_the_next_run(page: Page, served: AppServer) -> None:
    page.goto(f"{served.url}/usage")
    page.locator(".st-key-usage_time button").click()
    page.get_by_role("combobox", name="Billing cycle").click()
    page.get_by_role("option").nth(1).click()
    expect(page).to_have_url(re.compile(r"cycle=\d{4}"))
    settled(page)
    page.keyboard.press("Escape")
    page.go_back()
    expect(page).to_have_url(f"{served.url}/usage")
    settled(page)
    page.get_by_role("radio").nth(1).click()  # a run
    expect(page).to_have_url(re.compile(r"usage\?split="))
    settled(page)
    assert "cycle" not in page.url
    assert "since" not in page.url
