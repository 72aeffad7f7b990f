"""The price book in a browser: a model without a price is given one, and the next call has it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from playwright.sync_api import Page, expect

from llmtrack.ledger import open_ledger
from llmtrack.ledger.metrics import ask
from llmtrack.ledger.price_book import list_prices
from llmtrack.pricing import Pricer, Usage, UsageRecord
from tests.browser.app_server import AppServer
from tests.ledger.making import generation


def test_a_model_without_a_price_is_given_one_in_place_and_its_calls_are_priced(page: Page, app: AppServer) -> None:
    ledger = open_ledger(app.database_url)
    now = int(datetime.now(UTC).timestamp() * 1_000_000)
    used = Usage(input_tokens=1_000, output_tokens=500)
    unpriced = Pricer().price(UsageRecord(used, "ollama", "qwen3", now))
    ledger.write([generation(now, provider="ollama", response_model="qwen3", usage=used, cost=unpriced)])

    page.goto(f"{app.url}/prices")
    page.get_by_role("button", name="Give qwen3 a price").click()
    expect(page.get_by_label("Provider", exact=True)).to_have_value("ollama")
    expect(page.get_by_label("Model", exact=True)).to_have_value("qwen3")
    page.get_by_label("Input, $ per million").fill("0.10")
    page.get_by_label("Output, $ per million").fill("-0.30")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(
        page.get_by_text("output=-0.30 is negative; a price is 0 or more dollars per million tokens.")
    ).to_be_visible()
    assert list_prices(ledger) == ()

    page.get_by_label("Output, $ per million").fill("0.30")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("Added entry 1: ollama/qwen3: input $0.1, output $0.3.")).to_be_visible()
    (line,) = list_prices(ledger)
    later = Pricer([line.entry]).price(UsageRecord(used, "ollama", "qwen3", line.entry.since + 1))
    assert (later.status, later.total) == ("exact", 250_000)  # 1,000 x 0.10 + 500 x 0.30, per million

    page.get_by_role("button", name="See what they would cost").click()
    page.get_by_role("button", name="Price 1 call at $0.000250").click()
    expect(page.get_by_text("Priced 1 call at $0.000250. This can be undone below.")).to_be_visible()
    assert ask(ledger, ["cost", "unpriced"]).totals == {"cost": Decimal("0.00025"), "unpriced": 0}
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_text("1 call without a price again")).to_be_visible()
    assert ask(ledger, ["cost", "unpriced"]).totals == {"cost": None, "unpriced": 1}
    ledger.close()
