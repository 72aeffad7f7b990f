"""llmtrack's readers and prices beside genai-prices given the provider's own usage object: the same to the nano-dollar.

`benchmarks/replay_prices.py` does this for recorded traffic; these are the kinds of answers in it, written by hand.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal as D
from typing import Any

import pytest
from genai_prices import calc_price, extract_usage

from llmtrack.capture.readers import Exchange, read
from llmtrack.pricing import Cost, Pricer, UsageRecord
from tests.pricing.costs import NOVEMBER

pytestmark = pytest.mark.compares_with("genai-prices")

NOW = datetime.fromtimestamp(NOVEMBER / 1_000_000, UTC)


def chat(model: str, **usage: Any) -> dict[str, Any]:
    answer = {"role": "assistant", "content": "Hello."}
    return {
        "id": "chatcmpl-1", "object": "chat.completion", "model": model,
        "choices": [{"index": 0, "finish_reason": "stop", "message": answer}], "usage": usage,
    }  # fmt: skip


def message(model: str, **usage: Any) -> dict[str, Any]:
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": model, "stop_reason": "end_turn",
        "content": [{"type": "text", "text": "Hello."}], "usage": usage,
    }  # fmt: skip


def response(model: str, **usage: Any) -> dict[str, Any]:
    text = {"type": "output_text", "text": "Hello.", "annotations": []}
    return {
        "id": "resp_1", "object": "response", "status": "completed", "model": model,
        "output": [{"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [text]}],
        "usage": usage,
    }  # fmt: skip


ANSWERS = {
    "chat": ("openai", "openai.chat", "chat", chat("gpt-4o-mini-2024-07-18", prompt_tokens=15, completion_tokens=68, total_tokens=83)),
    "chat with details": (
        "openai", "openai.chat", "chat",
        chat(
            "gpt-5-2025-08-07", prompt_tokens=5_021, completion_tokens=1_337, total_tokens=6_358,
            prompt_tokens_details={"cached_tokens": 4_864, "audio_tokens": 0},
            completion_tokens_details={"reasoning_tokens": 1_216, "audio_tokens": 0},
        ),
    ),
    "responses": (
        "openai", "openai.responses", "responses",
        response(
            "gpt-5.5-2026-04-23", input_tokens=272_001, output_tokens=77, total_tokens=272_078,
            input_tokens_details={"cached_tokens": 200_001}, output_tokens_details={"reasoning_tokens": 64},
        ),
    ),
    "embeddings": (
        "openai", "openai.embeddings", "embeddings",
        {"object": "list", "model": "text-embedding-3-large", "data": [], "usage": {"prompt_tokens": 7, "total_tokens": 7}},
    ),
    "messages": (
        "anthropic", "anthropic.messages", "default",
        message(
            "claude-haiku-4-5-20251001", input_tokens=3, output_tokens=417,
            cache_read_input_tokens=14_901, cache_creation_input_tokens=2_003,
            cache_creation={"ephemeral_5m_input_tokens": 2_003, "ephemeral_1h_input_tokens": 0},
        ),
    ),
    "messages with both writes": (
        "anthropic", "anthropic.messages", "default",
        message(
            "claude-opus-4-6", input_tokens=11, output_tokens=29,
            cache_read_input_tokens=0, cache_creation_input_tokens=9_007,
            cache_creation={"ephemeral_5m_input_tokens": 4_001, "ephemeral_1h_input_tokens": 5_006},
        ),
    ),
    "deepseek": (
        "deepseek", "openai.chat", "chat",
        chat(
            "deepseek-chat", prompt_tokens=1_009, completion_tokens=101, total_tokens=1_110,
            prompt_tokens_details={"cached_tokens": 960}, prompt_cache_hit_tokens=960, prompt_cache_miss_tokens=49,
        ),
    ),
    "mistral": ("mistral", "openai.chat", "default", chat("mistral-small-latest", prompt_tokens=17, completion_tokens=3, total_tokens=20)),
}  # fmt: skip


def price(provider: str, reader: str, answer: dict[str, Any]) -> Cost:
    exchange = Exchange(
        request=b"{}", response=json.dumps(answer).encode(), content_type="application/json", http_status=200
    )
    reading = read(reader, exchange, content=False)
    call = UsageRecord(reading.usage, provider, reading.response_model, NOVEMBER, service_tier=reading.service_tier)
    return Pricer().price(call)


@pytest.mark.parametrize("kind", ANSWERS)
def test_a_cost_agrees_with_the_library_within_a_nano_dollar_a_part(kind: str) -> None:
    provider, reader, flavour, answer = ANSWERS[kind]
    ours = price(provider, reader, answer)
    theirs = calc_price(
        extract_usage(answer, provider_id=provider, api_flavor=flavour).usage,
        answer["model"],
        provider_id=provider,
        genai_request_timestamp=NOW,
    )
    assert ours.status == "exact"
    parts = (ours.input, ours.cache_read, ours.cache_write)
    into = sum((D(part) for part in parts if part is not None), D(0)) / 10**9
    assert abs(into - theirs.input_price) <= D("1e-9")
    assert abs(D(ours.output or 0) / 10**9 - theirs.output_price) <= D("1e-9")


def test_the_searches_of_an_answer_are_charged_though_its_usage_does_not_count_them() -> None:
    """An intended difference: the library has the price of a search, but does not see it in this dialect."""
    answer = response("gpt-4.1-2025-04-14", input_tokens=100, output_tokens=50, total_tokens=150)
    answer["output"].insert(0, {"type": "web_search_call", "id": "ws_1", "status": "completed"})
    ours = price("openai", "openai.responses", answer)
    assert ours.tool == 10_000_000  # one search at 10 dollars per 1,000


def test_audio_without_a_rate_is_not_priced_as_text() -> None:
    """An intended difference: the library bills it like text, which is many times too little."""
    details = {"cached_tokens": 0, "audio_tokens": 2}
    answer = chat(
        "gpt-4o-audio-preview-2025-06-03", prompt_tokens=21, completion_tokens=1, prompt_tokens_details=details
    )
    assert price("openai", "openai.chat", answer).reason == "no_class_price"


@pytest.mark.parametrize(
    ("told", "tier", "region"),
    [
        ({"service_tier": "standard", "inference_geo": "global"}, "standard", "global"),
        ({"service_tier": "standard", "speed": "fast"}, "fast", None),
        ({"service_tier": "standard", "inference_geo": "us"}, "standard", "us"),
        ({"service_tier": "standard", "inference_geo": "not_available"}, "standard", None),
    ],
)
def test_what_makes_a_message_dearer_is_read_as_its_tier_and_region(
    told: dict[str, str], tier: str, region: str | None
) -> None:
    answer = message("claude-opus-5", input_tokens=10, output_tokens=10, **told)
    exchange = Exchange(response=json.dumps(answer).encode(), content_type="application/json", http_status=200)
    reading = read("anthropic.messages", exchange, content=False)
    assert (reading.service_tier, reading.region) == (tier, region)


@pytest.mark.parametrize(("served", "rate"), [("default", D("5")), ("flex", D("2.50")), ("priority", D("12.50"))])
def test_the_tier_that_was_asked_for_and_not_served_does_not_matter(served: str, rate: D) -> None:
    answer = chat("gpt-5.5-2026-04-23", prompt_tokens=1_000, completion_tokens=0, total_tokens=1_000)
    for asked in ("auto", "flex", "priority"):
        exchange = Exchange(
            request=json.dumps({"model": "gpt-5.5", "messages": [], "service_tier": asked}).encode(),
            response=json.dumps({**answer, "service_tier": served}).encode(),
            content_type="application/json",
            http_status=200,
        )
        reading = read("openai.chat", exchange, content=False)
        call = UsageRecord(reading.usage, "openai", reading.response_model, NOVEMBER, service_tier=reading.service_tier)
        cost = Pricer().price(call)
        assert D(cost.total or 0) / 10**9 == 1_000 * rate / 1_000_000
