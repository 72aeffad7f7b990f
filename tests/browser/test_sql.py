"""A question in SQL, in a real browser: an example, Ctrl+Enter, the table, the chart, the file."""

from __future__ import annotations

import re
import time
from pathlib import Path

from playwright.sync_api import Page, expect

from llmtrack.ledger import open_ledger
from tests.browser.app_server import AppServer
from tests.browser.pictures import settled
from tests.ledger.making import generation


def test_an_example_is_run_by_a_key_shown_drawn_and_taken_away(page: Page, app: AppServer) -> None:
    ledger = open_ledger(app.database_url)
    now = int(time.time() * 1e6)
    ledger.write([generation(now, response_model="gpt-5"), generation(now, response_model="gpt-5-mini")])
    ledger.close()
    page.goto(f"{app.url}/sql")
    settled(page)
    page.get_by_role("button", name="Cost by model").click()
    editor = page.get_by_role("textbox", name="Statement")
    expect(editor).to_have_value(re.compile("FROM daily_totals"))
    editor.press("Control+Enter")
    expect(page.get_by_text(re.compile(r"^2 rows in "))).to_be_visible()
    with page.expect_download() as file:
        page.get_by_role("button", name="CSV").click()
    lines = Path(file.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines[0] == "model,calls,cost,cost_per_call"
    assert sorted(lines[1:]) == ["gpt-5,1,0.00045,0.00045", "gpt-5-mini,1,0.00045,0.00045"]
    page.get_by_role("link", name="Chart", exact=True).click()
    expect(page.locator('[data-testid=stVegaLiteChart][aria-label="cost by model"]')).to_be_visible()
    editor.fill("SELECT *\nFROM nothing")
    editor.press("Control+Enter")
    expect(page.get_by_text("Line 2, column 6.")).to_be_visible()
    settled(page)
