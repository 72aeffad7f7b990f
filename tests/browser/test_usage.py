"""The usage page in a browser: a click on a bar, a legend's entry or an hour narrows the table below."""

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
from tests.ledger.making import generation


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    directory: Path = tmp_path_factory.mktemp("usage")
    with running_app(directory, {"LLMTRACK_USER_ID": "kim"}) as server:
        ledger = open_ledger(server.database_url)
        at = int(datetime.now(UTC).timestamp() * 1_000_000)
        ledger.write([generation(at, user_id="kim", response_model=model) for model in ("gpt-5", "gpt-5", "o3")])
        ledger.close()
        yield server


def models(page: Page) -> list[str]:
    """The first column of the table."""
    return page.locator(".ll-table").first.locator("tr td:first-child").all_inner_texts()


def test_a_click_on_a_bar_a_legends_entry_or_an_hour_narrows_the_table(page: Page, served: AppServer) -> None:
    page.goto(f"{served.url}/usage")
    expect(page.get_by_test_id("statement-head")).to_contain_text("3 messages")
    settled(page)
    page.evaluate("window.stays = true")

    page.locator(".ll-legend a", has_text="gpt-5").click()
    expect(page).to_have_url(re.compile(r"[?&]model=gpt-5(&|$)"))
    expect(page.locator(".ll-chips")).to_contain_text("Model: gpt-5")
    expect(page.locator(".ll-table tfoot").first).to_contain_text("All models")
    settled(page)
    assert models(page) == ["gpt-5", "All models"]

    page.locator(".ll-chips a").click()
    expect(page.locator(".ll-chips")).to_have_count(0)
    settled(page)
    bar = page.locator("[data-testid=stVegaLiteChart] svg .mark-rect.role-mark path[aria-label*='o3']").first
    bar.click()
    expect(page).to_have_url(re.compile(r"model=o3"))
    expect(page).to_have_url(re.compile(r"day=\d{4}-\d\d-\d\d"))
    expect(page.locator(".ll-chips")).to_contain_text("Day: ")
    settled(page)
    assert models(page) == ["o3", "All models"]

    page.goto(f"{served.url}/usage")
    page.locator(".ll-heat a").first.click()
    expect(page.locator(".ll-chips")).to_contain_text("Hours: ")
    settled(page)
    assert sorted(models(page)) == ["All models", "gpt-5", "o3"]


def test_on_a_phone_the_cost_is_on_screen_without_scrolling(page: Page, served: AppServer) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{served.url}/usage")
    head = page.get_by_test_id("statement-head")
    expect(head).to_contain_text("$0.001350")  # three calls at $0.00045
    box = head.bounding_box()
    assert box is not None
    assert box["y"] + 60 < 844
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
