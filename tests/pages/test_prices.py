"""The page of the price book: what an admin reads and does there."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

import pytest
from streamlit.testing.v1 import AppTest

from llmtrack.ledger import Ledger
from llmtrack.ledger.metrics import ask
from llmtrack.ledger.price_book import add_price, list_prices
from llmtrack.ledger.repricing import runs
from llmtrack.pricing import BookEntry, Pricer, Usage, UsageRecord
from tests.pages.conftest import OpenPage, call, html_of, read, table_with
from tests.pricing.costs import NOVEMBER, moment

PAGE = "admin/prices.py"


def button(app: AppTest, label: str) -> AppTest:
    next(one for one in app.button if one.label == label).click()
    return app.run()


def texts(app: AppTest) -> str:
    assert not app.exception, [one.value for one in app.exception]
    return "\n".join(read(app))


def test_an_empty_book_says_what_it_is_for(open_page: OpenPage) -> None:
    shown = texts(open_page(PAGE))
    assert "No prices of your own" in shown
    assert "has a price" in shown
    assert "Public price list: genai-prices" in shown


@pytest.mark.slow
def test_a_model_without_a_price_is_shown_and_can_be_given_one_in_place(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(cost=None, response_model="gpt-99"), call(cost=1_000)])
    app = open_page(PAGE)
    (missing,) = table_with(app, "Why")
    assert (missing["Model"], missing["Unpriced calls"]) == ("gpt-99", "1")
    assert "no price is known for this model" in missing["Why"]

    button(app, r"Give gpt\-99 a price")
    assert app.text_input("provider").value == "openai"
    assert app.text_input("model").value == "gpt-99"
    app.text_input("rate input").input("3")
    app.text_input("rate output").input("12")
    shown = texts(button(app, "Add"))
    assert "Added entry 1" in shown
    (line,) = list_prices(ledger)
    assert (line.entry.provider, line.entry.model, dict(line.entry.rates)) == (
        "openai", "gpt-99", {"input": D(3), "output": D(12)},
    )  # fmt: skip
    assert line.created_by == "kim"
    assert app.text_input("model").value == ""
    assert "it has a price in the book now" in table_with(app, "Why")[0]["Why"]
    used = Usage(input_tokens=1_000_000, output_tokens=0)
    made = Pricer(ledger.book()[1]).price(UsageRecord(used, "openai", "gpt-99", 2**61))
    assert made.total == 3_000_000_000


@pytest.mark.slow
def test_a_wrong_price_is_refused_with_the_reason_and_nothing_is_kept(open_page: OpenPage, ledger: Ledger) -> None:
    app = open_page(PAGE)
    app.text_input("provider").input("openai")
    app.text_input("model").input("gpt-4o")
    app.text_input("rate input").input("0.0000025")
    button(app, "Add")
    assert "Is it per token?" in app.error[0].value
    app.text_input("rate input").input("cheap")
    button(app, "Add")
    assert "is no number; write it as 2" in app.error[0].value
    assert list_prices(ledger) == ()


@pytest.mark.slow
def test_a_discount_is_added_with_its_days_and_tier(open_page: OpenPage, ledger: Ledger) -> None:
    app = open_page(PAGE)
    app.segmented_control("kind").select("discount").run()
    app.text_input("provider").input("openai")
    app.text_input("model").input("*")
    app.text_input("percent").input("15")
    app.date_input("since").set_value(moment_day(2026, 12, 1))
    shown = texts(button(app, "Add"))
    assert "Added entry 1" in shown
    (line,) = list_prices(ledger)
    assert (line.entry.kind, line.entry.percent, line.entry.since) == ("discount", D(15), moment(2026, 12, 1))


@pytest.mark.slow
def test_an_entry_is_retired_and_still_listed(open_page: OpenPage, ledger: Ledger) -> None:
    own = BookEntry("price", "ollama", "*", moment(2026, 1, 1), rates={"input": D(0), "output": D(0)})
    add_price(ledger, own, by="ada", at=NOVEMBER)
    app = open_page(PAGE)
    assert "ollama/*: input $0, output $0" in table_with(app, "State")[0]["What"]
    assert table_with(app, "State")[0]["State"] == "holds"
    app.checkbox("never").check()
    shown = texts(button(app, "Retire"))
    assert "Retired entry 1" in shown
    assert table_with(app, "State")[0]["State"] == "never holds"
    assert list_prices(ledger)[0].withdrawn_by == "kim"


@pytest.mark.slow
def test_the_price_of_a_model_is_told_with_its_source(open_page: OpenPage) -> None:
    app = open_page(PAGE)
    app.text_input("asked provider").input("openai")
    app.text_input("asked model").input("gpt-4o-2024-08-06").run()
    assert {row["Class"]: row["Price"] for row in table_with(app, "Class")}["cache_read"] == "$1.25"
    assert "genai" in texts(app)
    app.text_input("asked model").input("gpt-99").run()
    assert "no price is known for this model" in app.warning[0].value


def moment_day(*when: int) -> date:

    return date(*when)


@pytest.mark.slow
def test_unpriced_calls_are_priced_after_a_look_and_that_is_undone(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(cost=None, response_model="gpt-99"), call(cost=None, response_model="gpt-98"), call(cost=1_000)])
    own = BookEntry("price", "openai", "gpt-99", 0, rates={"input": D(1_000), "output": D(1_000)})
    add_price(ledger, own, by="ada", at=NOVEMBER)
    app = open_page(PAGE)
    assert "there is a price by now, and calls made before have none." in texts(app)
    button(app, "See what they would cost")
    assert [row["Calls"] for row in table_with(app, "Month")] == ["1"]
    assert "1 call still without a price." in texts(app)
    cost = D("1.1")  # 1,000 tokens in and 100 out at a thousand dollars a million

    shown = texts(button(app, next(one.label for one in app.button if one.label.startswith("Price 1 call at "))))
    assert "Priced 1 call at " in shown
    assert ask(ledger, ["cost", "unpriced"]).totals == {"cost": cost + D("0.000001"), "unpriced": 1}
    assert [run.by for run in runs(ledger)] == ["kim"]
    assert "there is a price by now" not in shown

    assert "is undone" in texts(button(app, "Undo"))
    assert ask(ledger, ["cost", "unpriced"]).totals == {"cost": D("0.000001"), "unpriced": 2}
    assert "there is a price by now" in texts(app)


@pytest.mark.slow
def test_an_admin_enters_the_rate_of_a_month_and_it_is_shown(
    open_page: OpenPage, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llmtrack.ledger.people import audit_log
    from llmtrack.ledger.statements import rates
    from llmtrack.settings import get_settings

    monkeypatch.setenv("LLMTRACK_BILLING_MARKUP_PERCENT", "15")
    get_settings.cache_clear()
    app = open_page("admin/prices.py")
    assert any("List prices plus 15" in body for body in html_of(app))
    for currency, month, rate, problem in (
        ("eur", "2026-11", "0.9217", "'eur' must be three capital letters"),
        ("EUR", "2026-13", "0.9217", "'2026-13' is no month"),
        ("EUR", "2026-11", "-1", "'-1' must be a number above 0"),
        ("EUR", "2026-11", "0.9217", ""),
    ):
        app.text_input(key="rate_currency").set_value(currency)
        app.text_input(key="rate_month").set_value(month)
        app.text_input(key="rate_value").set_value(rate)
        next(button for button in app.button if button.label == "Enter the rate").click().run()
        assert [problem.strip("'")[:3] in error.value for error in app.error] == [True] * bool(problem)
    (record,) = rates(ledger)
    assert (record.currency, record.month, record.rate) == ("EUR", 2026 * 12 + 10, "0.9217")
    assert table_with(app, "One US dollar")[0]["One US dollar"] == "0.9217 EUR"
    assert audit_log(ledger)[0].action == "exchange rate"
