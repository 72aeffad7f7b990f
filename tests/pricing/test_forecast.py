"""What a call will cost before it is made, and what a period would have cost elsewhere."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from llmtrack.pricing import BookEntry, Pricer, Usage, estimate, what_if
from llmtrack.pricing.tokens import estimate_input
from tests.pricing.costs import NOVEMBER, M, moment

pytestmark = pytest.mark.compares_with("genai-prices")

HELLO = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is a ledger?"}]


def test_an_estimate_is_a_range_around_the_counted_input_and_the_answer_to_expect() -> None:
    made = estimate(HELLO, "gpt-4o", max_tokens=1_000, expected_tokens=200, at=NOVEMBER)
    told = [{"parts": [{"type": "text", "content": message["content"]}]} for message in HELLO]
    tokens = estimate_input(told, (), "gpt-4o")
    assert made.input_tokens == tokens
    assert made.expected == tokens * D("2.50") / M + 200 * D(10) / M
    assert made.low == int(tokens * 0.75) * D("2.50") / M + 1 * D(10) / M
    assert made.high is not None
    assert made.high == -(-tokens * 135 // 100) * D("2.50") / M + 1_000 * D(10) / M
    assert made.price is not None
    assert made.price.model == "gpt-4o"
    assert "asked at openai" in made.assumptions


def test_an_estimate_without_a_limit_says_what_it_takes_for_one() -> None:
    made = estimate("Hello", "claude-opus-4-5-20251101", at=NOVEMBER)
    assert (made.output_tokens, made.most_output_tokens) == (400, 16_384)
    assert "an answer of at most 16,384 tokens, because the request sets no limit" in made.assumptions
    assert "asked at anthropic" in made.assumptions


def test_cached_input_makes_an_estimate_cheaper() -> None:
    long = "word " * 4_000
    plain = estimate(long, "gpt-4o", "openai", max_tokens=10, at=NOVEMBER)
    cached = estimate(long, "gpt-4o", "openai", max_tokens=10, cached_tokens=3_000, at=NOVEMBER)
    assert plain.expected is not None
    assert cached.expected is not None
    assert plain.expected - cached.expected == 3_000 * (D("2.50") - D("1.25")) / M


def test_images_are_counted_roughly_and_files_are_said_not_to_be() -> None:
    content = [
        {"type": "text", "text": "Look"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        {"type": "file", "file": {"file_id": "x"}},
    ]
    made = estimate([{"role": "user", "content": content}], "gpt-4o", at=NOVEMBER)
    assert made.input_tokens > 700
    assert "1 attached file not counted" in made.assumptions


def test_an_estimate_for_a_model_nobody_knows_says_why_there_is_none() -> None:
    made = estimate(HELLO, "gpt-99", "openai", at=NOVEMBER)
    assert (made.low, made.expected, made.high) == (None, None, None)
    assert made.reason is not None
    assert "no price is known for this model" in made.reason


def test_an_estimate_uses_the_price_book() -> None:
    own = BookEntry("price", "house", "*", moment(2026, 1, 1), rates={"input": D(1), "output": D(1)}, id=1)
    made = estimate("Hello", "small", "house", max_tokens=100, expected_tokens=100, at=NOVEMBER, pricer=Pricer([own]))
    assert made.expected == (made.input_tokens + 100) * D(1) / M


@pytest.mark.parametrize("name", ["max_tokens", "expected_tokens", "cached_tokens"])
def test_a_count_below_nothing_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is -1; give 0 or more tokens"):
        estimate("Hello", "gpt-4o", **{name: -1})  # type: ignore[arg-type]


MONTH = Usage(
    input_tokens=3_000_000_000, output_tokens=200_000_000,
    cache_read_tokens=2_000_000_000, cache_write_tokens=500_000_000, cache_write_1h_tokens=100_000_000,
)  # fmt: skip


def test_a_month_on_another_model_is_the_same_tokens_at_its_rates() -> None:
    asked = what_if(MONTH, "claude-opus-4-5-20251101", "anthropic", calls=40_000, at=NOVEMBER)
    assert asked.parts == {
        "input": 500_000_000 * D(5) / M,
        "cache_read": 2_000_000_000 * D("0.50") / M,
        "cache_write": 400_000_000 * D("6.25") / M + 100_000_000 * D(10) / M,
        "output": 200_000_000 * D(25) / M,
    }
    assert asked.cost == D(2_500) + D(1_000) + D(3_500) + D(5_000)
    assert asked.assumptions == (
        "the same number of tokens, although another model counts and answers differently",
        "the same share of the input read from a cache",
        "the same tokens written to a cache",
    )


def test_a_model_that_does_not_charge_for_writing_a_cache_takes_them_as_input() -> None:
    asked = what_if(MONTH, "gpt-4o", "openai", calls=40_000, at=NOVEMBER)
    assert asked.cost == 1_000_000_000 * D("2.50") / M + 2_000_000_000 * D("1.25") / M + 200_000_000 * D(10) / M
    assert "cache writes billed as ordinary input" in asked.assumptions
    assert "cache writes for one hour billed as others are" in asked.assumptions


def test_a_month_can_be_asked_for_without_its_cache() -> None:
    asked = what_if(MONTH, "gpt-4o", "openai", calls=40_000, caching=False, at=NOVEMBER)
    assert asked.cost == 3_000_000_000 * D("2.50") / M + 200_000_000 * D(10) / M
    assert "no caching: every input token at the full rate" in asked.assumptions


def test_steps_are_said_not_to_be_reached() -> None:
    asked = what_if(MONTH, "gpt-5.5", "openai", calls=40_000, at=NOVEMBER)
    assert "no prompt over 272,000 tokens, above which this model costs more" in asked.assumptions


def test_a_month_on_a_model_nobody_knows_has_no_cost() -> None:
    asked = what_if(MONTH, "gpt-99", "openai", calls=40_000, at=NOVEMBER)
    assert asked.cost is None
    assert asked.reason is not None


def test_searches_a_model_has_no_price_for_are_left_out_and_said_so() -> None:
    used = Usage(input_tokens=1_000, output_tokens=10, web_searches=3, tools={"code_execution": 2})
    asked = what_if(used, "gpt-4-0613", "openai", calls=3, at=NOVEMBER)
    assert asked.cost == 1_000 * D(30) / M + 10 * D(60) / M
    assert "3 web searches left out, because this model has no price for them" in asked.assumptions
    assert "runs of code_execution left out" in asked.assumptions
