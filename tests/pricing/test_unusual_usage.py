"""Answers whose usage is unlike OpenAI's, from the body to the cost: golden cases with the arithmetic and its document.

Rates are dollars per million tokens on 20 November 2026. A case names the provider's document it follows.
"""

from __future__ import annotations

import json
from decimal import Decimal as D
from typing import Any

import pytest

from llmtrack.capture.readers import Exchange, Reading, read
from llmtrack.pricing import BookEntry, Cost, Pricer, UsageRecord
from tests.pricing.costs import NOVEMBER, M, moment, total

Json = dict[str, Any]
ASKED: Json = {"model": "x", "messages": [{"role": "user", "content": "Hi"}]}
SPOKEN: Json = {**ASKED, "messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": "aGk="}]}]}
GOOGLE_TOOLS: Json = {**ASKED, "tools": [{"type": "google_search"}]}


def chat(model: str, **usage: Any) -> Json:
    choices = [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi."}}]
    return {"id": "1", "object": "chat.completion", "model": model, "choices": choices, "usage": usage}


def response(model: str, usage: Json, *output: Json, **more: Any) -> Json:
    whole = {"id": "resp_1", "object": "response", "status": "completed", "model": model, "output": list(output)}
    return {**whole, "usage": usage, **more}


def message(model: str, **usage: Any) -> Json:
    whole = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "stop_reason": "end_turn"}
    return {**whole, "content": [{"type": "text", "text": "Hi."}], "usage": usage}


def priced(reader: str, provider: str, body: Json | bytes, request: Json, *book: BookEntry) -> tuple[Reading, Cost]:
    kind = "application/json" if isinstance(body, dict) else "text/event-stream"
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    exchange = Exchange(json.dumps(request).encode(), sent, kind, http_status=200, provider=provider)
    reading = read(reader, exchange, content=False)
    call = UsageRecord(
        reading.usage, provider, reading.response_model, NOVEMBER, service_tier=reading.service_tier,
        usage_estimated=reading.usage_estimated, reported_cost=reading.reported_cost, status=reading.status,
    )  # fmt: skip
    return reading, Pricer(book).price(call)


XAI = "https://docs.x.ai/docs/key-information/consumption-and-rate-limits"
GEMINI = "https://ai.google.dev/api/generate-content#UsageMetadata"
OPENAI = "https://developers.openai.com/api/docs/guides/reasoning"
MISTRAL = "https://docs.mistral.ai/api/endpoint/chat"
CHATS: dict[str, tuple[str, str, Json, Json, tuple[int, int, int | None], str, D, str | None]] = {
    # name: document, provider, request, body, (in, out, reasoning), status, dollars, reason
    "xAI: reasoning is beside the completion": (
        XAI, "x-ai", ASKED,
        chat(
            "grok-3-mini", prompt_tokens=12, completion_tokens=1, total_tokens=399,
            prompt_tokens_details={"cached_tokens": 4}, completion_tokens_details={"reasoning_tokens": 386},
        ),
        (12, 387, 386), "exact", 8 * D("0.30") / M + 4 * D("0.075") / M + 387 * D("0.50") / M, None,
    ),
    "xAI without a total: the document says so all the same": (
        XAI, "x-ai", ASKED,
        chat("grok-3-mini", prompt_tokens=12, completion_tokens=9, completion_tokens_details={"reasoning_tokens": 5}),
        (12, 14, 5), "exact", 12 * D("0.30") / M + 14 * D("0.50") / M, None,
    ),
    "xAI with a total that has reasoning inside": (
        XAI, "x-ai", ASKED,
        chat(
            "grok-3-mini", prompt_tokens=12, completion_tokens=9, total_tokens=21,
            completion_tokens_details={"reasoning_tokens": 5},
        ),
        (12, 9, 5), "exact", 12 * D("0.30") / M + 9 * D("0.50") / M, None,
    ),
    "Grok elsewhere: more cached than input, and the total is the sum of all": (
        XAI, "x-ai", ASKED,
        chat(
            "grok-3-mini", prompt_tokens=10, completion_tokens=1, total_tokens=10 + 1 + 90 + 50,
            prompt_tokens_details={"cached_tokens": 90}, completion_tokens_details={"reasoning_tokens": 50},
        ),
        (100, 51, 50), "exact", 10 * D("0.30") / M + 90 * D("0.075") / M + 51 * D("0.50") / M, None,
    ),
    "Gemini: thoughts are in the total only": (
        GEMINI, "google", ASKED, chat("gemini-2.5-flash", prompt_tokens=20, completion_tokens=198, total_tokens=623),
        (20, 603, 405), "exact", 20 * D("0.30") / M + 603 * D("2.50") / M, None,
    ),
    "Gemini with a tool of Google's: part of it is the tool's prompt": (
        GEMINI, "google", GOOGLE_TOOLS,
        chat("gemini-2.5-flash", prompt_tokens=20, completion_tokens=198, total_tokens=623),
        (20, 603, 405), "estimated", 20 * D("0.30") / M + 603 * D("2.50") / M, "counts_contradict",
    ),
    "Gemini with sound that nobody counted": (
        "https://ai.google.dev/gemini-api/docs/pricing", "google", SPOKEN,
        chat("gemini-2.5-flash", prompt_tokens=20, completion_tokens=10, total_tokens=30),
        (20, 10, None), "estimated", 20 * D("0.30") / M + 10 * D("2.50") / M, "class_not_counted",
    ),
    "OpenAI: reasoning is inside": (
        OPENAI, "openai", ASKED,
        chat(
            "gpt-5", prompt_tokens=500, completion_tokens=500, total_tokens=1000,
            completion_tokens_details={"reasoning_tokens": 200},
        ),
        (500, 500, 200), "exact", 500 * D("1.25") / M + 500 * D("10") / M, None,
    ),
    "anyone else with reasoning beside it: added, and an estimate": (
        OPENAI, "openai", ASKED,
        chat(
            "gpt-5", prompt_tokens=0, completion_tokens=10, total_tokens=40,
            completion_tokens_details={"reasoning_tokens": 30},
        ),
        (0, 40, 30), "estimated", 40 * D("10") / M, "counts_contradict",
    ),
    "a total that nothing explains": (
        OPENAI, "openai", ASKED, chat("gpt-5", prompt_tokens=500, completion_tokens=500, total_tokens=1001),
        (500, 500, None), "estimated", 500 * D("1.25") / M + 500 * D("10") / M, "counts_contradict",
    ),
    "a count that nothing takes up": (
        OPENAI, "openai", ASKED,
        chat("gpt-5", prompt_tokens=500, completion_tokens=500, prompt_tokens_details={"video_tokens": 7}),
        (500, 500, None), "estimated", 500 * D("1.25") / M + 500 * D("10") / M, "count_not_priced",
    ),
    "Voxtral: sound is billed by the minute, its tokens are in the total only": (
        MISTRAL, "mistral", SPOKEN,
        chat(
            "voxtral-small-latest", prompt_audio_seconds=300, prompt_tokens=40, completion_tokens=100,
            total_tokens=4140,
        ),
        (40, 100, None), "exact", 5 * D("0.004") + 40 * D("0.10") / M + 100 * D("0.40") / M, None,
    ),
    "Voxtral with text only": (
        MISTRAL, "mistral", ASKED,
        chat("voxtral-small-latest", prompt_tokens=40, completion_tokens=100, total_tokens=140),
        (40, 100, None), "exact", 40 * D("0.10") / M + 100 * D("0.40") / M, None,
    ),
    "Voxtral with sound that nobody counted": (
        MISTRAL, "mistral", SPOKEN,
        chat("voxtral-small-latest", prompt_tokens=40, completion_tokens=100, total_tokens=140),
        (40, 100, None), "estimated", 40 * D("0.10") / M + 100 * D("0.40") / M, "class_not_counted",
    ),
    "Groq: flex costs what the standard tier does": (
        "https://console.groq.com/docs/flex-processing", "groq", ASKED,
        {**chat("openai/gpt-oss-20b", prompt_tokens=73, completion_tokens=40, total_tokens=113), "service_tier": "flex"},
        (73, 40, None), "exact", 73 * D("0.075") / M + 40 * D("0.30") / M, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CHATS)
def test_a_chat_is_counted_as_its_provider_counts(case: str) -> None:
    _, provider, request, body, tokens, status, dollars, reason = CHATS[case]
    reading, cost = priced("openai.chat", provider, body, request)
    usage = reading.usage
    assert (usage.input_tokens, usage.output_tokens, usage.reasoning_tokens) == tokens
    assert (cost.status, cost.reason, total(cost)) == (status, reason, dollars)


def test_groks_exclusive_counts_on_azure_are_added_up() -> None:
    body = chat(
        "grok-4.6", prompt_tokens=12, completion_tokens=1, total_tokens=110,
        completion_tokens_details={"reasoning_tokens": 97},
    )  # fmt: skip
    reading, cost = priced("openai.chat", "azure", body, ASKED)
    assert (reading.usage.input_tokens, reading.usage.output_tokens, reading.usage.doubt) == (12, 98, None)
    assert cost.status != "exact" or total(cost) == 12 * D("2") / M + 98 * D("6") / M


WRITES = {"ttl_12h_tokens": 100_000, "ttl_30m_tokens": 0}
CACHED_LONG = response(
    "gpt-6-astra",
    {
        "input_tokens": 101_000,
        "input_tokens_details": {
            "cached_tokens": 0,
            "cache_write_tokens": 100_000,
            "cache_write_tokens_details": WRITES,
        },
        "output_tokens": 100,
    },
)


def test_what_is_cached_for_twelve_hours_is_not_priced_as_for_thirty_minutes() -> None:
    # 10 in, 12.50 written for 30 minutes, 50 out; twice as much for 12 hours
    _, cost = priced("openai.responses", "openai", CACHED_LONG, ASKED)
    assert (cost.status, cost.reason) == ("estimated", "rate_derived")
    assert total(cost) == 1_000 * D("10") / M + 100_000 * D("25") / M + 100 * D("50") / M  # 2.515


def test_a_price_for_twelve_hours_in_the_book_makes_it_exact() -> None:
    own = BookEntry("price", "openai", "gpt-6-astra", moment(2026, 1, 1), rates={"cache_write_12h": D("24")}, id=1)
    _, cost = priced("openai.responses", "openai", CACHED_LONG, ASKED, own)
    assert (cost.status, total(cost)) == ("exact", D("0.01") + D("2.4") + D("0.005"))


USED = {"input_tokens": 1_820, "output_tokens": 210, "total_tokens": 2_030}
DREW = {"image_gen": {"input_tokens": 60, "output_tokens": 7_024, "output_tokens_details": {"image_tokens": 7_024}}}
PICTURE: Json = {"type": "image_generation_call", "result": "aGk="}


@pytest.mark.parametrize("place", ["request", "answer"])
def test_a_picture_is_priced_at_the_model_that_drew_it(place: str) -> None:
    """https://developers.openai.com/api/docs/guides/tools-image-generation"""
    tools = [{"type": "image_generation", "model": "gpt-image-1"}]  # text 5, picture 40
    request = {"model": "gpt-5", "input": "Draw.", **({"tools": tools} if place == "request" else {})}
    body = response("gpt-5", USED, PICTURE, tool_usage=DREW, **({"tools": tools} if place == "answer" else {}))
    reading, cost = priced("openai.responses", "openai", body, request)
    assert total(cost) == 1_820 * D("1.25") / M + 210 * D("10") / M + 60 * D("5") / M + 7_024 * D("40") / M  # 0.285635
    assert cost.status == "exact"
    usage = reading.usage
    assert (usage.input_tokens, usage.output_tokens, usage.output_image_tokens) == (1_880, 7_234, 7_024)


def test_a_picture_drawn_by_nobody_knows_whom_makes_an_estimate() -> None:
    tools = [{"type": "image_generation"}]
    _, cost = priced("openai.responses", "openai", response("gpt-5", USED, PICTURE, tool_usage=DREW, tools=tools), {})
    assert (cost.status, cost.reason) == ("estimated", "tool_not_priced")


SEARCHED: Json = {"type": "web_search_call", "action": {"type": "search", "query": "x"}}
SHELL: Json = {"type": "shell_call", "environment": {"type": "container_reference", "container_id": "c"}}
TOOLS: dict[str, tuple[str, Json, list[Json], str, D, str | None]] = {
    # model, item, tools given, status, dollars, reason
    "a search": ("gpt-4o", SEARCHED, [{"type": "web_search"}], "exact", D("0.010"), None),
    "the older search on a model that does not reason": (
        "gpt-4o", SEARCHED, [{"type": "web_search_preview_2025_03_11"}], "exact", D("0.025"), None,
    ),
    "the older search on a model that reasons": (
        "gpt-5", SEARCHED, [{"type": "web_search_preview"}], "exact", D("0.010"), None,
    ),
    "a search on a mini model, whose 8,000 tokens are not in the usage": (
        "gpt-4o-mini", SEARCHED, [{"type": "web_search"}], "estimated", D("0.010"), "search_not_counted",
    ),
    "both search tools": (
        "gpt-4o", SEARCHED, [{"type": "web_search"}, {"type": "web_search_preview"}], "estimated", D("0.010"),
        "tool_not_priced",
    ),
    "a shell in a container of theirs": ("gpt-5", SHELL, [{"type": "shell"}], "estimated", D(0), "tool_not_priced"),
    "a shell on one's own machine": (
        "gpt-5", {"type": "shell_call", "environment": {"type": "local"}}, [{"type": "shell"}], "exact", D(0), None,
    ),
    "a tool of tomorrow": ("gpt-5", {"type": "telescope_call"}, [], "estimated", D(0), "tool_not_priced"),
    "a function of one's own": ("gpt-5", {"type": "function_call"}, [], "exact", D(0), None),
}  # fmt: skip


@pytest.mark.parametrize("case", TOOLS)
def test_the_providers_own_tools_are_charged_or_said_not_to_be(case: str) -> None:
    """https://community.openai.com/t/search-web-using-openai-api/1363698: 10 or 25 dollars per 1,000 searches."""
    model, item, given, status, dollars, reason = TOOLS[case]
    body = response(model, {"input_tokens": 0, "output_tokens": 0}, item, tools=given)
    _, cost = priced("openai.responses", "openai", body, {})
    assert (cost.status, cost.reason, total(cost)) == (status, reason, dollars)


def test_a_search_on_a_mini_model_whose_usage_shows_it_is_exact() -> None:
    body = response(
        "gpt-4o-mini", {"input_tokens": 8_100, "output_tokens": 10}, SEARCHED, tools=[{"type": "web_search"}]
    )
    _, cost = priced("openai.responses", "openai", body, {})
    assert (cost.status, total(cost)) == ("exact", D("0.010") + 8_100 * D("0.15") / M + 10 * D("0.60") / M)


def stream(*events: Json) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)


SAYS: Json = {"id": "1", "model": "openai/gpt-oss-20b", "choices": [{"index": 0, "delta": {"content": "Hi"}}]}
ENDS: Json = {"id": "1", "model": "openai/gpt-oss-20b", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
COUNTS = {"prompt_tokens": 73, "completion_tokens": 40, "total_tokens": 113}


@pytest.mark.parametrize(
    "last",
    [
        {**ENDS, "x_groq": {"id": "req_1", "usage": {**COUNTS, "queue_time": 0.1, "total_time": 0.4}}},
        {**ENDS, "choices": [{**ENDS["choices"][0], "usage": COUNTS}]},
    ],
)
def test_the_usage_of_a_stream_is_found_where_groq_and_moonshot_put_it(last: Json) -> None:
    """As recorded from Groq, and https://github.com/higress-group/higress/pull/1568 for Moonshot."""
    reading, cost = priced("openai.chat", "groq", stream(SAYS, last) + b"data: [DONE]\n\n", {**ASKED, "stream": True})
    assert (reading.usage.input_tokens, reading.usage.output_tokens, reading.estimated) == (73, 40, ())
    assert (cost.status, total(cost)) == ("exact", 73 * D("0.075") / M + 40 * D("0.30") / M)


CLAUDE = "anthropic/claude-sonnet-4.5"


def claude_stream(at_first: Json, at_last: Json) -> bytes:
    return stream(
        {"type": "message_start", "message": {**message(CLAUDE, **at_first), "content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi."}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": at_last},
        {"type": "message_stop"},
    )


@pytest.mark.parametrize(
    "body",
    [
        message(CLAUDE, input_tokens=1_000, output_tokens=200, cost=0.0089),
        claude_stream({"input_tokens": 1_000, "output_tokens": 1, "cost": 0}, {"output_tokens": 200, "cost": 0.0089}),
    ],
)
def test_a_cost_that_is_reported_in_anthropics_dialect_wins(body: Json | bytes) -> None:
    _, cost = priced("anthropic.messages", "openrouter", body, {**ASKED, "stream": isinstance(body, bytes)})
    assert (cost.status, total(cost)) == ("provider_reported", D("0.0089"))


@pytest.mark.parametrize(
    "usage", [{"cost_in_usd_ticks": 0}, {"cost": 0, "is_byok": True}, {"cost": None}, {"cost": "free"}]
)
def test_a_cost_that_was_not_worked_out_is_not_said(usage: Json) -> None:
    body = chat("grok-3-mini", prompt_tokens=10, completion_tokens=10, total_tokens=20, **usage)
    _, cost = priced("openai.chat", "x-ai", body, ASKED)
    assert (cost.status, total(cost)) == ("exact", 10 * D("0.30") / M + 10 * D("0.50") / M)


def test_a_transcription_is_billed_by_its_length_where_tokens_are_counted_beside_it() -> None:
    """0.18 dollars an hour on the public list; the tokens made of the sound are in the total."""
    usage = {"prompt_audio_seconds": 200, "prompt_tokens": 4, "completion_tokens": 635, "total_tokens": 3_264}
    _, cost = priced("openai.audio", "mistral", {"model": "voxtral-mini-2602", "text": "Hi.", "usage": usage}, {})
    assert (cost.status, total(cost)) == ("exact", 200 * D("0.18") / 3_600)


def test_times_and_speeds_in_a_usage_are_no_counts() -> None:
    times = {"time_to_first_token": 0.2, "total_latency": 0.9, "completion_tokens_per_sec": 91.5, "queue_time": 0.1}
    _, cost = priced("openai.chat", "openai", chat("gpt-5", prompt_tokens=1, completion_tokens=1, **times), ASKED)
    assert cost.status == "exact"
