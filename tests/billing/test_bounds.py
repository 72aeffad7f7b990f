"""The worst case is an upper bound: whatever a dialect can report costs no more than was held for it."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmtrack.billing.limits import Destination, Sizing, facts_of
from llmtrack.ledger.limits import EACH, Limit
from llmtrack.pricing import Pricer, Usage, UsageRecord

PRICER = Pricer()
AT = time.time_ns() // 1000
COST = Limit(1, "user", "cost", "day", 10**9, EACH, mode="worst_case")
TOKENS = Limit(2, "user", "tokens", "day", 10**9, EACH, mode="worst_case")
EXPECTED = Limit(3, "user", "cost", "day", 10**9, EACH)
MODELS = (
    ("openai", "gpt-4o"), ("openai", "gpt-4o-mini"), ("openai", "gpt-5"), ("openai", "gpt-4.1"), ("openai", "o3"),
    ("openai", "gpt-4o-audio-preview"), ("openai", "gpt-5.4"), ("anthropic", "claude-sonnet-4-5"),
    ("anthropic", "claude-haiku-4-5"), ("anthropic", "claude-opus-4-5"), ("anthropic", "claude-sonnet-4-6"),
)  # fmt: skip

FLEX = ("gpt-5", "o3", "gpt-5.4")
"""Those of them that the list has a price in that tier for."""


def sizing(body: dict, provider: str, model: str, tries: int = 1, operation: str = "chat") -> Sizing:
    where = Destination(provider, model, operation)
    return Sizing(where, facts_of({"model": model, **body}), tries, AT, lambda: PRICER, lambda: None)


@st.composite
def requests(draw):
    """A model and a body of one of the dialects."""
    provider, model = draw(st.sampled_from(MODELS))
    text = draw(st.text(min_size=1, max_size=200))
    count = draw(st.integers(1, 5000))
    body: dict = {"messages": [{"role": "user", "content": text}]}
    if draw(st.booleans()):
        body["tools"] = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    if provider == "anthropic":
        body["max_tokens"] = count
    elif draw(st.booleans()):
        body = {**body, "max_completion_tokens": count, "n": draw(st.integers(1, 4))}
    elif draw(st.booleans()):
        body = {"input": text, "max_output_tokens": count}
    tier = draw(st.sampled_from([None, "auto", "default", "priority", "flex"]))
    if tier == "flex" and model not in FLEX:
        tier = "default"
    if provider == "openai" and tier is not None:
        body["service_tier"] = tier
    return provider, model, body


@st.composite
def answers(draw, body, bound):
    """What a provider may report: no more tokens than bytes and output asked for, split into any classes."""
    read = draw(st.integers(0, bound.input_tokens))
    write = draw(st.integers(0, bound.input_tokens - read))
    return Usage(
        input_tokens=bound.input_tokens,
        output_tokens=bound.output_tokens,
        cache_read_tokens=read,
        cache_write_tokens=write,
        cache_write_1h_tokens=draw(st.integers(0, write)),
        reasoning_tokens=draw(st.integers(0, bound.output_tokens)),
    )


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_answer_costs_more_than_was_held_for_it(data) -> None:
    provider, model, body = data.draw(requests())
    size = sizing(body, provider, model)
    held = size.amount(COST)
    usage = data.draw(answers(body, size.bound))
    asked = body.get("service_tier")
    served = (
        [None]
        if asked == "default" or provider == "anthropic"
        else [None, "priority"]
        if asked != "flex"
        else [None, "flex"]
    )
    for tier in served:
        cost = PRICER.price(UsageRecord(usage, provider, model, AT, service_tier=tier))
        assert cost.total is None or cost.total <= held, (provider, model, tier, cost)
    assert size.amount(TOKENS) == usage.input_tokens + usage.output_tokens
    assert size.amount(EXPECTED) <= held


@given(st.text(max_size=400))
def test_a_token_is_at_least_a_byte_of_the_body(text) -> None:
    body = {"messages": [{"role": "user", "content": text}]}
    assert facts_of(body).size >= len(text.encode("utf-8", "replace"))


@pytest.mark.parametrize(
    ("body", "input_tokens"),
    [
        # A picture in the request counts as the largest there is, one elsewhere as the whole window: 128,000 and a twentieth.
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]}]}, None),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]}]}, 134_400),
        ({"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "file-1"}}]}]}, 134_400),
        ({"input": "Hello", "previous_response_id": "resp_1"}, 134_400),
        ({"input": "Hello", "prompt": {"id": "pmpt_1"}}, 134_400),
        ({"input": "x" * 1_000_000}, 134_400),
    ],
)  # fmt: skip
def test_input_is_bounded_by_the_body_or_by_the_window(body, input_tokens) -> None:
    bound = sizing({**body, "max_tokens": 10}, "openai", "gpt-4o").bound
    expected = len(json.dumps({"model": "gpt-4o", **body, "max_tokens": 10}, separators=(",", ":"))) + 500 + 12_000
    assert bound.input_tokens == (expected if input_tokens is None else input_tokens)


NULLABLE = {"type": ["string", "null"]}
PARAMETERS = {"type": "object", "properties": {"type": {"type": "string"}, "path": NULLABLE}}


@pytest.mark.parametrize(
    "strange",
    [
        {"tools": [{"type": "function", "name": "open_file", "parameters": PARAMETERS}]},
        {"tools": [{"name": "open_file", "input_schema": PARAMETERS}]},
        {"tools": {"type": ["function"]}, "functions": 3},
        {"messages": [{"type": {"a": 1}, "content": [{"type": ["image"]}]}]},
    ],
)
def test_the_schema_of_a_tool_and_what_is_strange_is_text_like_any_other(strange) -> None:
    facts = facts_of({"model": "gpt-5", **strange})
    assert (facts.points_elsewhere, facts.pictures) == (False, 0)
    assert facts.tools == (1 if isinstance(strange.get("tools"), list) else 0)


def test_output_is_bounded_by_what_is_asked_or_what_the_model_can_write() -> None:
    messages = {"messages": [{"role": "user", "content": "Hello"}]}
    assert sizing({**messages, "max_tokens": 10, "n": 3}, "openai", "gpt-4o").bound.output_tokens == 30
    assert sizing(messages, "openai", "gpt-4o").bound.output_tokens == 16_384
    assert sizing(messages, "anthropic", "claude-haiku-4-5").bound.output_tokens == 210_000


def test_the_longest_that_a_model_writes_is_found_by_the_longest_name() -> None:
    messages = {"input": "Hello"}
    assert sizing(messages, "openai", "gpt-5").bound.output_tokens == 128_000
    assert sizing(messages, "openai", "gpt-5-pro-2025-10-06").bound.output_tokens == 272_000


def test_tools_that_the_provider_describes_hold_more_than_their_bytes() -> None:
    """Anthropic adds up to 935 tokens of instructions, 735 for its computer, 700 for its editor and 245 for bash."""
    body = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 10}
    tools = [
        {"type": "computer_20250124", "name": "computer", "display_width_px": 800, "display_height_px": 600},
        {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"},
        {"type": "bash_20250124", "name": "bash"},
    ]
    size = len(json.dumps({"model": "claude-sonnet-4-5", **body, "tools": tools}, separators=(",", ":")))
    bound = sizing({**body, "tools": tools}, "anthropic", "claude-sonnet-4-5").bound
    assert bound.input_tokens == size + 500 + 1_000 + 3 * (250 + 800)
    assert bound.input_tokens - size >= 935 + 735 + 700 + 245
    mine = [{"name": "weather", "description": "", "input_schema": {"type": "object"}}]
    size = len(json.dumps({"model": "claude-sonnet-4-5", **body, "tools": mine}, separators=(",", ":")))
    assert sizing({**body, "tools": mine}, "anthropic", "claude-sonnet-4-5").bound.input_tokens == size + 1_750


def test_every_attempt_may_be_billed() -> None:
    body = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 10}
    assert sizing(body, "openai", "gpt-4o", tries=3).amount(COST) == 3 * sizing(body, "openai", "gpt-4o").amount(COST)


def test_tools_of_the_provider_run_as_often_as_they_may() -> None:
    body = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 10}
    search = {"type": "web_search_20250305", "name": "web_search"}
    several = sizing({**body, "tools": [{**search, "max_uses": 3}]}, "anthropic", "claude-haiku-4-5")
    assert several.bound.output_tokens == 40
    assert several.bound.input_tokens == 4 * 210_000
    # 840,000 tokens at most at the dearest rate for input, 40 of output at $5 for a million, and three searches at $10
    # for a thousand; nine nano-dollars for rounding. The dearest is twice that of five-minute cache writes ($1.25): what
    # is assumed for twelve hours where no list says; one-hour writes are $2.
    assert several.amount(COST) == 2_100_000_000 + 200_000 + 30_000_000 + 9
    assert "max_uses" in sizing({**body, "tools": [search]}, "anthropic", "claude-haiku-4-5").bound.why
