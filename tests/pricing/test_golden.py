"""Costs worked out by hand, the arithmetic visible. Rates are dollars per million tokens, as providers print them.

``C1`` to ``C7`` are the cost bugs other trackers were reported for most: written caches charged twice, read ones counted
in two buckets or at the wrong rate, another provider's price, an own price on top of the list's, the wrong tier, and $0
for what nobody knows.
"""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from llmtrack.pricing import BookEntry, Usage
from tests.pricing.costs import NOVEMBER, M, cost, moment, parts, total

pytestmark = pytest.mark.compares_with("genai-prices")

GPT_4O = "gpt-4o-2024-08-06"  # 2.50 in, 1.25 cached, 10 out
OPUS = "claude-opus-4-5-20251101"  # 5 in, 0.50 read, 6.25 written, 10 written for an hour, 25 out
SONNET = "claude-sonnet-4-5-20250929"  # 3 in, 15 out; over 200,000 in: 6 and 22.50


@pytest.mark.parametrize(
    ("provider", "model", "into", "out"),
    [
        ("anthropic", "claude-3-opus-20240229", "15", "75"),
        ("anthropic", "claude-3-sonnet-20240229", "3", "15"),
        ("anthropic", "claude-3-haiku-20240307", "0.25", "1.25"),
        ("openai", "gpt-4o-2024-08-06", "2.50", "10"),
        ("openai", "gpt-4o-2024-05-13", "5", "15"),
        ("openai", "gpt-4o-mini-2024-07-18", "0.15", "0.60"),
        ("openai", "gpt-3.5-turbo-0125", "0.50", "1.50"),
    ],
)
def test_the_models_of_the_tutorials_cost_what_their_makers_said(
    provider: str, model: str, into: str, out: str
) -> None:
    priced = cost(Usage(input_tokens=1_000, output_tokens=500), provider, model)
    assert priced.status == "exact"
    assert parts(priced) == {"input": 1_000 * D(into) / M, "output": 500 * D(out) / M}
    assert total(priced) == 1_000 * D(into) / M + 500 * D(out) / M


CASES = {
    "C1: a cache write is charged once, as a write": (
        "anthropic", OPUS,
        # 1,000 fresh + 20,000 written = 21,000 in all
        Usage(input_tokens=21_000, output_tokens=500, cache_read_tokens=0, cache_write_tokens=20_000),
        {"input": 1_000 * D("5") / M, "cache_read": 0, "cache_write": 20_000 * D("6.25") / M, "output": 500 * D("25") / M},
        "0.1425",  # 0.005 + 0.125 + 0.0125
    ),
    "C2: a cached read is counted once, in the cache's bucket": (
        "openai", GPT_4O,
        Usage(input_tokens=10_000, output_tokens=100, cache_read_tokens=8_000),
        {"input": 2_000 * D("2.50") / M, "cache_read": 8_000 * D("1.25") / M, "output": 100 * D("10") / M},
        "0.016",  # 0.005 + 0.010 + 0.001
    ),
    "C3: a cached read gets its discount, and is not priced as output": (
        "anthropic", OPUS,
        Usage(input_tokens=100_000, output_tokens=10, cache_read_tokens=100_000, cache_write_tokens=0),
        {"input": 0, "cache_read": 100_000 * D("0.50") / M, "cache_write": 0, "output": 10 * D("25") / M},
        "0.05025",
    ),
    "C4: Gemini's cached prompt is priced by Google's list": (
        "google", "gemini-2.5-flash",  # 0.30 in, 0.03 cached, 2.50 out
        Usage(input_tokens=500_000, output_tokens=2_000, cache_read_tokens=450_000),
        {"input": 50_000 * D("0.30") / M, "cache_read": 450_000 * D("0.03") / M, "output": 2_000 * D("2.50") / M},
        "0.0335",  # 0.015 + 0.0135 + 0.005
    ),
    "C4: the same model costs what the serving provider asks, here a region of Bedrock": (
        "aws.bedrock", "us.anthropic.claude-opus-4-5-20251101-v1:0",  # 10 % over Anthropic's own
        Usage(input_tokens=1_000, output_tokens=1_000),
        {"input": 1_000 * D("5.50") / M, "output": 1_000 * D("27.50") / M},
        "0.033",
    ),
    "C4: and here Bedrock without a region": (
        "aws.bedrock", "global.anthropic.claude-opus-4-5-20251101-v1:0",
        Usage(input_tokens=1_000, output_tokens=1_000),
        {"input": 1_000 * D("5") / M, "output": 1_000 * D("25") / M},
        "0.03",
    ),
    "reads and writes of both lengths together": (
        "anthropic", OPUS,
        # 100 fresh, 2,000 read, 300 written for five minutes and 400 for an hour
        Usage(input_tokens=2_800, output_tokens=50, cache_read_tokens=2_000, cache_write_tokens=700, cache_write_1h_tokens=400),
        {
            "input": 100 * D("5") / M,
            "cache_read": 2_000 * D("0.50") / M,
            "cache_write": 300 * D("6.25") / M + 400 * D("10") / M,
            "output": 50 * D("25") / M,
        },
        "0.008625",  # 0.0005 + 0.001 + 0.001875 + 0.004 + 0.00125
    ),
    "one-hour writes alone": (
        "anthropic", OPUS,
        Usage(input_tokens=1_000, output_tokens=1, cache_write_tokens=1_000, cache_write_1h_tokens=1_000),
        {"input": 0, "cache_write": 1_000 * D("10") / M, "output": 1 * D("25") / M},
        "0.010025",
    ),
    "reasoning is part of the output": (
        "openai", "o4-mini-2025-04-16",  # 1.10 in, 4.40 out
        Usage(input_tokens=100, output_tokens=1_000, reasoning_tokens=900),
        {"input": 100 * D("1.10") / M, "output": 1_000 * D("4.40") / M},
        "0.00451",
    ),
    "a web search is paid apart": (
        "anthropic", SONNET,  # 10 dollars per 1,000
        Usage(input_tokens=1_000, output_tokens=100, web_searches=3),
        {"input": 1_000 * D("3") / M, "output": 100 * D("15") / M, "tool": 3 * D("10") / 1_000},
        "0.0345",
    ),
    "a file search is paid apart": (
        "openai", GPT_4O,  # 2.50 dollars per 1,000
        Usage(input_tokens=1_000, output_tokens=100, tools={"file_search": 2}),
        {"input": 1_000 * D("2.50") / M, "output": 100 * D("10") / M, "tool": 2 * D("2.50") / 1_000},
        "0.0085",
    ),
    "audio has rates of its own": (
        "openai", "gpt-realtime-2025-08-28",  # text 4 and 16, cached 0.40; audio 32 and 64, cached 0.40
        Usage(
            input_tokens=1_000, output_tokens=300, cache_read_tokens=200,
            input_audio_tokens=600, cache_read_audio_tokens=100, output_audio_tokens=250,
        ),
        # 1,000 in: 600 audio (100 of it cached), 100 cached text, 300 text
        {
            "input": 300 * D("4") / M,
            "cache_read": 100 * D("0.40") / M,
            "output": 50 * D("16") / M,
            "audio": 500 * D("32") / M + 100 * D("0.40") / M + 250 * D("64") / M,
        },
        "0.03408",
    ),
    "images have rates of their own": (
        "openai", "gpt-image-2",  # text 5, image 8 in; 30 out
        Usage(input_tokens=1_300, output_tokens=4_000, input_image_tokens=1_000, output_image_tokens=4_000),
        {"input": 300 * D("5") / M, "output": 4_000 * D("30") / M, "image": 1_000 * D("8") / M},
        "0.1295",
    ),
    "images read from a cache have a rate of their own": (
        "openai", "gpt-image-1.5",  # text 5, cached 1.25; image 8, cached 2; text out 10, image out 32
        Usage(
            input_tokens=1_300, output_tokens=1_000, cache_read_tokens=900,
            input_image_tokens=1_000, cache_read_image_tokens=800, output_image_tokens=1_000,
        ),
        # 1,300 in: 200 images, 800 cached images, 100 cached text, 200 text
        {
            "input": 200 * D("5") / M,
            "cache_read": 100 * D("1.25") / M,
            "output": 0,
            "image": 200 * D("8") / M + 800 * D("2") / M + 1_000 * D("32") / M,
        },
        "0.036325",
    ),
    "an embedding has no output": (
        "openai", "text-embedding-3-small",  # 0.02
        Usage(input_tokens=7),
        {"input": 7 * D("0.02") / M},
        "0.00000014",
    ),
    "transcription by the minute": (
        "openai", "whisper-1",  # 0.006 a minute
        Usage(audio_seconds=90),
        {"input": D("0.006") * 90 / 60},
        "0.009",
    ),
    "transcription of a moment, where ten seconds are the least": (
        "groq", "whisper-large-v3",  # 0.111 an hour
        Usage(audio_seconds=4),
        {"input": round(D("0.111") * 10 / 3600, 9)},
        "0.000308333",
    ),
    "speech by the character": (
        "openai", "tts-1",  # 15 per million characters
        Usage(characters=1_000),
        {"input": 1_000 * D("15") / M},
        "0.015",
    ),
    "no tokens cost nothing, exactly": (
        "openai", GPT_4O,
        Usage(input_tokens=0, output_tokens=0, cache_read_tokens=0),
        {"input": 0, "cache_read": 0, "output": 0},
        "0",
    ),
    "a thousand million tokens": (
        "openai", GPT_4O,
        Usage(input_tokens=10**9, output_tokens=10**9),
        {"input": 10**9 * D("2.50") / M, "output": 10**9 * D("10") / M},
        "12500",
    ),
    "moderation is free": ("openai", "omni-moderation-latest", Usage(), {}, "0"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_call_costs_what_the_list_says(case: str) -> None:
    provider, model, usage, expected, sum_of_them = CASES[case]
    priced = cost(usage, provider, model)
    assert priced.status == "exact", priced
    assert parts(priced) == expected
    assert total(priced) == D(sum_of_them)


@pytest.mark.parametrize(
    ("model", "tokens", "into", "out"),
    [
        (SONNET, 199_999, "3", "15"),
        (SONNET, 200_000, "3", "15"),
        (SONNET, 200_001, "6", "22.50"),
        ("gpt-5.5-2026-04-23", 271_999, "5", "30"),
        ("gpt-5.5-2026-04-23", 272_000, "5", "30"),
        ("gpt-5.5-2026-04-23", 272_001, "10", "45"),
    ],
)
def test_a_long_prompt_moves_the_whole_call_to_the_next_step(model: str, tokens: int, into: str, out: str) -> None:
    provider = "anthropic" if model == SONNET else "openai"
    priced = cost(Usage(input_tokens=tokens, output_tokens=1_000), provider, model)
    assert parts(priced) == {"input": tokens * D(into) / M, "output": 1_000 * D(out) / M}
    assert priced.price is not None
    assert priced.price.rates["input"] == str(int(into))
    assert priced.price.above == (
        0 if tokens <= 272_000 and tokens != 200_001 else 200_000 if model == SONNET else 272_000
    )


def test_cached_tokens_count_towards_the_step() -> None:
    usage = Usage(input_tokens=200_001, output_tokens=0, cache_read_tokens=200_000)
    # Over the step everything costs double: 6 instead of 3, 0.60 instead of 0.30.
    assert parts(cost(usage, "anthropic", SONNET)) == {
        "input": 1 * D("6") / M,
        "cache_read": 200_000 * D("0.60") / M,
        "output": 0,
    }


@pytest.mark.parametrize(
    ("served", "into", "cached", "out"),
    [
        (None, "5", "0.50", "30"),
        ("default", "5", "0.50", "30"),
        ("flex", "2.50", "0.25", "15"),  # C6: half, and not twice over
        ("priority", "12.50", "1.25", "75"),  # C6: not as default
        ("batch", "2.50", "0.25", "15"),
    ],
)
def test_the_served_tier_is_priced(served: str | None, into: str, cached: str, out: str) -> None:
    usage = Usage(input_tokens=2_000, output_tokens=100, cache_read_tokens=1_000)
    priced = cost(usage, "openai", "gpt-5.5-2026-04-23", service_tier=served)
    assert parts(priced) == {
        "input": 1_000 * D(into) / M,
        "cache_read": 1_000 * D(cached) / M,
        "output": 100 * D(out) / M,
    }
    assert priced.price is not None
    assert priced.price.tier == ("standard" if served in (None, "default") else served)


def test_a_tier_nobody_has_a_price_for_is_not_priced_as_the_ordinary_one() -> None:
    priced = cost(Usage(input_tokens=10, output_tokens=10), "openai", GPT_4O, service_tier="flex")
    assert (priced.status, priced.total, priced.reason) == ("unpriced", None, "no_tier_price")


def test_a_price_change_between_two_calls_is_noticed_to_the_microsecond() -> None:
    usage = Usage(input_tokens=1_000_000, output_tokens=1_000_000)
    change = moment(2025, 6, 10)  # o3 went from 10 and 40 to 2 and 8
    assert total(cost(usage, "openai", "o3-2025-04-16", at=change - 1)) == D(50)
    assert total(cost(usage, "openai", "o3-2025-04-16", at=change)) == D(10)


@pytest.mark.parametrize(
    ("when", "into"),
    [
        ((2026, 11, 20, 0, 59, 59), "0.15"),
        ((2026, 11, 20, 1, 0), "0.30"),  # 01:00 to 04:00 UTC costs double
        ((2026, 11, 20, 3, 59, 59), "0.30"),
        ((2026, 11, 20, 4, 0), "0.15"),
        ((2026, 11, 20, 6, 0), "0.30"),
        ((2026, 11, 21, 2, 0), "0.30"),
    ],
)
def test_the_time_of_day_is_priced(when: tuple[int, ...], into: str) -> None:
    priced = cost(Usage(input_tokens=1_000, output_tokens=0), "deepseek", "deepseek-flash", at=moment(*when))
    assert parts(priced)["input"] == 1_000 * D(into) / M


def test_c5_an_own_price_replaces_the_listed_one_instead_of_adding_to_it() -> None:
    own = BookEntry("price", "openai", "gpt-4o", moment(2026, 1, 1), rates={"input": D("2"), "output": D("8")}, id=7)
    priced = cost(Usage(input_tokens=1_000, output_tokens=1_000), "openai", GPT_4O, book=[own])
    assert (priced.status, total(priced)) == ("exact", 1_000 * D("2") / M + 1_000 * D("8") / M)
    assert priced.price is not None
    assert (priced.price.source, priced.price.version) == ("book", "7")


def test_a_discount_is_taken_off_the_list_price() -> None:
    off = BookEntry("discount", "openai", "*", moment(2026, 1, 1), percent=D("15"), id=3)
    usage = Usage(input_tokens=1_000, output_tokens=1_000, cache_read_tokens=400)
    priced = cost(usage, "openai", GPT_4O, book=[off])
    assert parts(priced) == {
        "input": 600 * D("2.50") * D("0.85") / M,
        "cache_read": 400 * D("1.25") * D("0.85") / M,
        "output": 1_000 * D("10") * D("0.85") / M,
    }
    assert priced.price is not None
    assert (priced.price.source, priced.price.adjustment) == ("genai-prices", "-15% (book 3)")


@pytest.mark.parametrize(
    ("model", "usage", "reason"),
    [
        ("a-model-nobody-knows", Usage(input_tokens=5, output_tokens=5), "no_price"),  # C7
        (GPT_4O, Usage(input_tokens=5), "usage_missing"),
        (GPT_4O, Usage(output_tokens=5), "usage_missing"),
        (GPT_4O, Usage(), "usage_missing"),
        (GPT_4O, Usage(input_tokens=10**9 + 1, output_tokens=0), "too_many"),
        (GPT_4O, Usage(input_tokens=0, output_tokens=10**9 + 1), "too_many"),
        (GPT_4O, Usage(input_tokens=5, output_tokens=5, cache_read_tokens=6), "invalid_usage"),
        (GPT_4O, Usage(input_tokens=-1, output_tokens=5), "invalid_usage"),
        (GPT_4O, Usage(input_tokens=5, output_tokens=5, input_audio_tokens=5), "no_class_price"),
        ("gpt-4o-mini-transcribe", Usage(input_tokens=5, output_tokens=5, web_searches=1), "no_class_price"),
    ],
)
def test_what_nobody_can_know_costs_nothing_known_and_says_why(model: str, usage: Usage, reason: str) -> None:
    priced = cost(usage, "openai", model)
    assert (priced.status, priced.total, priced.reason) == ("unpriced", None, reason)
    assert parts(priced) == {}


def test_half_a_nano_dollar_rounds_to_the_even_one_in_each_part() -> None:
    # 0.0005 dollars a million is half a nano-dollar a token.
    rates = {"input": D("0.0005"), "output": D("0.0005")}
    own = BookEntry("price", "house", "tiny", moment(2026, 1, 1), rates=rates, id=1)
    for tokens, nano in ((1, 0), (2, 1), (3, 2), (5, 2), (7, 4)):
        priced = cost(Usage(input_tokens=tokens, output_tokens=tokens), "house", "tiny", book=[own])
        assert (priced.input, priced.output, priced.total) == (nano, nano, 2 * nano)


def test_the_price_is_named_on_every_cost() -> None:
    priced = cost(Usage(input_tokens=1, output_tokens=1), "openai", GPT_4O, at=NOVEMBER)
    price = priced.price
    assert price is not None
    assert (price.source, price.provider, price.model, price.tier) == ("genai-prices", "openai", "gpt-4o", "standard")
    assert price.version
    assert price.rates == {
        "input": "2.5", "cache_read": "1.25", "output": "10", "web_search": "10", "tool:file_search": "2.5",
        "tool:web_search_preview": "25",
    }  # fmt: skip


def test_the_books_markup_for_a_region_takes_the_place_of_the_surcharge_there() -> None:
    usage = Usage(input_tokens=1_000, output_tokens=1_000)
    priced = cost(usage, "anthropic", OPUS, service_tier="standard@us")  # as an earlier version wrote the region
    assert (priced.status, priced.reason) == ("estimated", "region_assumed")  # this model refuses to be kept anywhere
    more = BookEntry("markup", "anthropic", "*", moment(2026, 1, 1), percent=D(10), tier="*@us", id=2)
    priced = cost(usage, "anthropic", OPUS, service_tier="standard@us", book=[more])
    assert (priced.status, total(priced)) == ("exact", 1_000 * D("5.50") / M + 1_000 * D("27.50") / M)
    assert total(cost(usage, "anthropic", OPUS, book=[more])) == D("0.030")


def test_fast_mode_is_priced_as_such() -> None:
    priced = cost(Usage(input_tokens=1_000, output_tokens=1_000), "anthropic", "claude-opus-5", service_tier="fast")
    assert parts(priced) == {"input": 1_000 * D(10) / M, "output": 1_000 * D(50) / M}


def test_how_much_of_the_images_was_cached_is_assumed_where_nobody_says() -> None:
    # Text 5, cached 1.25; image 8, cached 2. Of 100 text and 400 image tokens 300 were cached: 200 of them are images.
    usage = Usage(input_tokens=500, output_tokens=0, cache_read_tokens=300, input_image_tokens=400)
    priced = cost(usage, "openai", "gpt-image-1.5")
    assert (priced.status, priced.reason) == ("estimated", "class_assumed")
    assert parts(priced) == {
        "input": 0,
        "cache_read": 100 * D("1.25") / M,
        "output": 0,
        "image": 200 * D("8") / M + 200 * D("2") / M,
    }


def test_more_cached_images_than_images_are_no_usage() -> None:
    usage = Usage(
        input_tokens=500, output_tokens=0, cache_read_tokens=300, input_image_tokens=100, cache_read_image_tokens=200
    )
    assert cost(usage, "openai", "gpt-image-1.5").reason == "invalid_usage"
