"""What a cost is worth: reported, simulated, assumed, shared between models, missing, and how it says so."""

from __future__ import annotations

import logging
import threading
from decimal import Decimal as D

import pytest

from llmtrack.pricing import BookEntry, Cost, Priceable, Pricer, Reason, Usage, UsageRecord, in_dollars, in_words
from llmtrack.pricing.reasons import NOTHING_BILLED
from tests.pricing.costs import NOVEMBER, M, cost, moment, parts, total

pytestmark = pytest.mark.compares_with("genai-prices")

USED = Usage(input_tokens=1_000, output_tokens=100)


def test_what_the_provider_says_it_charged_wins_over_any_price() -> None:
    own = BookEntry("price", "openrouter", "*", moment(2026, 1, 1), rates={"input": D(9), "output": D(9)}, id=1)
    priced = cost(USED, "openrouter", "google/gemini-2.5-flash", book=[own], reported_cost=D("0.00123456789"))
    assert (priced.status, total(priced)) == ("provider_reported", D("0.001234568"))
    assert parts(priced) == {}
    assert priced.price is not None
    assert priced.price.source == "provider"


@pytest.mark.parametrize("nonsense", [D("-1"), D("NaN"), D("Infinity"), D(10) ** 9])
def test_a_reported_cost_that_cannot_be_one_is_not_believed(nonsense: D) -> None:
    assert cost(USED, "openai", "gpt-4o", reported_cost=nonsense).status == "exact"


def test_a_simulated_call_has_the_stated_demo_price_and_says_so() -> None:
    usage = Usage(input_tokens=1_000, output_tokens=500)
    priced = cost(usage, "demo", "demo-fast", simulated=True)
    assert priced.status == "simulated"
    assert parts(priced) == {"input": 1_000 * D(1) / M, "output": 500 * D(2) / M}
    assert priced.price is not None
    assert (priced.price.source, priced.price.rates["output"]) == ("demo", "2")


def test_the_requested_model_stands_in_where_the_answer_named_none() -> None:
    priced = cost(USED, "openai", None, request_model="gpt-4o")
    assert (priced.status, priced.reason) == ("estimated", "model_assumed")
    assert total(priced) == D("0.0035")


def test_estimated_tokens_make_an_estimated_cost() -> None:
    priced = cost(USED, "openai", "gpt-4o", usage_estimated=True)
    assert (priced.status, priced.reason, total(priced)) == ("estimated", "usage_estimated", D("0.0035"))


def test_no_model_at_all_is_no_price() -> None:
    assert cost(USED, "openai", None).reason == "no_model"


def test_cached_tokens_the_list_has_no_rate_for_are_taken_as_input_and_make_an_estimate() -> None:
    usage = Usage(input_tokens=1_000, output_tokens=0, cache_read_tokens=400)
    priced = cost(usage, "openai", "gpt-4-0613")  # 30 in
    assert (priced.status, priced.reason) == ("estimated", "class_assumed")
    assert parts(priced) == {"input": 600 * D(30) / M, "cache_read": 400 * D(30) / M, "output": 0}


def test_one_hour_writes_are_never_priced_as_five_minute_ones() -> None:
    usage = Usage(input_tokens=1_000, output_tokens=0, cache_write_tokens=500, cache_write_1h_tokens=500)
    priced = cost(usage, "aws", "us.anthropic.claude-sonnet-4-20250514-v1:0")
    assert (priced.status, priced.reason) == ("unpriced", "no_class_price")


def test_one_hour_writes_are_charged_as_such_where_only_they_are_reported() -> None:
    usage = Usage(input_tokens=1_000, output_tokens=0, cache_write_1h_tokens=500)
    priced = cost(usage, "anthropic", "claude-opus-4-5-20251101")
    assert parts(priced) == {"input": 500 * D(5) / M, "cache_write": 500 * D(10) / M, "output": 0}


def test_a_tool_without_a_price_makes_an_estimate_and_a_free_one_does_not() -> None:
    assert (
        cost(Usage(input_tokens=1, output_tokens=1, tools={"web_fetch": 2}), "anthropic", "claude-opus-5").status
        == "exact"
    )
    priced = cost(Usage(input_tokens=1, output_tokens=1, tools={"code_execution": 1}), "anthropic", "claude-opus-5")
    assert (priced.status, priced.reason) == ("estimated", "tool_not_priced")


def test_work_on_another_model_inside_a_call_is_priced_as_that_model() -> None:
    # 1,500 in and 120 out altogether, of which an advisor on Opus did 500 and 20.
    usage = Usage(
        input_tokens=1_500,
        output_tokens=120,
        others=(("claude-opus-4-5-20251101", Usage(input_tokens=500, output_tokens=20)),),
    )
    priced = cost(usage, "anthropic", "claude-sonnet-4-5-20250929")
    assert priced.status == "exact"
    assert parts(priced) == {
        "input": 1_000 * D(3) / M + 500 * D(5) / M,
        "output": 100 * D(15) / M + 20 * D(25) / M,
    }
    assert [price.model for price in priced.other_prices] == ["claude-opus-4-5"]


def test_work_on_a_model_nobody_knows_leaves_the_whole_call_without_a_price() -> None:
    usage = Usage(input_tokens=10, output_tokens=10, others=(("who", Usage(input_tokens=5, output_tokens=5)),))
    assert cost(usage, "anthropic", "claude-opus-5").reason == "no_price"


@pytest.mark.parametrize(
    ("status", "usage", "reason", "counts"),
    [
        ("error", Usage(), "no_usage", False),
        ("refused", Usage(), "no_usage", False),
        ("pending", Usage(), "pending", False),
        ("ok", Usage(), "usage_missing", True),
        ("cancelled", Usage(), "usage_missing", True),
        ("abandoned", Usage(input_tokens=5), "usage_missing", True),
        ("error", Usage(input_tokens=5), "usage_missing", True),
    ],
)
def test_a_call_nobody_billed_is_no_missing_price(status: str, usage: Usage, reason: str, counts: bool) -> None:
    priced = cost(usage, "openai", "gpt-4o", status=status)
    assert (priced.status, priced.total, priced.reason) == ("unpriced", None, reason)
    assert (priced.reason not in NOTHING_BILLED) is counts


def test_counting_tokens_is_free_whatever_it_counts() -> None:
    priced = cost(Usage(input_tokens=900), "anthropic", "claude-opus-5", operation="count_tokens", status="ok")
    assert (priced.status, priced.total) == ("exact", 0)


def test_every_reason_has_words() -> None:
    assert all(in_words(reason.value) != reason.value for reason in Reason)
    assert in_words("something_newer") == "something_newer"
    assert in_words(None) == ""


def test_pricing_never_raises_and_complains_once(caplog: pytest.LogCaptureFixture) -> None:
    pricer = Pricer()
    broken = Usage(input_tokens="many", output_tokens=1)  # type: ignore[arg-type]
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            priced = pricer.price(UsageRecord(broken, "openai", "gpt-4o", NOVEMBER))
            assert (priced.status, priced.reason) == ("unpriced", "internal_error")
    assert len(caplog.records) == 1


def test_one_pricer_serves_many_threads_and_moments() -> None:
    pricer = Pricer()
    wrong: list[Cost] = []

    def price(hour: int) -> None:
        for day in range(1, 21):
            priced = pricer.price(UsageRecord(USED, "deepseek", "deepseek-flash", moment(2026, 11, day, hour)))
            rate = D("0.30") if hour in (1, 2, 3, 6, 7, 8, 9) else D("0.15")
            if in_dollars(priced.input) != 1_000 * rate / M:
                wrong.append(priced)

    threads = [threading.Thread(target=price, args=(hour,)) for hour in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_generation_of_the_ledger_can_be_priced_as_it_is() -> None:
    from llmtrack.ledger.records import Generation

    made: Priceable = Generation(1, NOVEMBER, "openai", "chat", "ok", response_model="gpt-4o", usage=USED)
    assert total(Pricer().price(made)) == D("0.0035")


def test_an_unknown_model_costs_something_once_the_book_says_what() -> None:
    assert cost(USED, "ollama", "llama3.2").status == "unpriced"
    own = BookEntry("price", "ollama", "*", moment(2026, 1, 1), rates={"input": D(0), "output": D(0)}, id=1)
    priced = cost(USED, "ollama", "llama3.2", book=[own])
    assert (priced.status, priced.total) == ("exact", 0)
