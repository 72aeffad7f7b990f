"""No usage of any dialect whose counts contradict each other makes an exact cost, and one that agrees does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmtrack.pricing import Pricer, UsageRecord
from tests.pricing.costs import NOVEMBER
from tests.reading.bodies import DONE, Json, lines, named, seen

PRICER = Pricer()
CHAT: Json = {"model": "gpt-5", "messages": [{"role": "user", "content": "Hi"}]}


def chat(usage: Json) -> tuple[Json | bytes, Json]:
    choices = [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi."}}]
    return {"id": "1", "model": "gpt-5", "choices": choices, "usage": usage}, CHAT


def chat_stream(usage: Json) -> tuple[Json | bytes, Json]:
    says = {
        "id": "1",
        "model": "gpt-5",
        "choices": [{"index": 0, "delta": {"content": "Hi."}, "finish_reason": "stop"}],
    }
    return lines(says, {"id": "1", "model": "gpt-5", "choices": [], "usage": usage}) + DONE, {**CHAT, "stream": True}


def response(usage: Json) -> tuple[Json | bytes, Json]:
    whole = {"id": "r", "object": "response", "status": "completed", "model": "gpt-5", "output": [], "usage": usage}
    return whole, {"model": "gpt-5", "input": "Hi"}


def response_stream(usage: Json) -> tuple[Json | bytes, Json]:
    whole = response(usage)[0]
    return named({"type": "response.completed", "response": whole}), {"model": "gpt-5", "input": "Hi", "stream": True}


def message(usage: Json) -> tuple[Json | bytes, Json]:
    whole = {"id": "m", "type": "message", "role": "assistant", "model": "claude-opus-5", "stop_reason": "end_turn"}
    return {**whole, "content": [], "usage": usage}, {**CHAT, "model": "claude-opus-5"}


def message_stream(usage: Json) -> tuple[Json | bytes, Json]:
    whole = message({"input_tokens": 1, "output_tokens": 1})[0]
    assert isinstance(whole, dict)
    events = (
        {"type": "message_start", "message": {**whole, "stop_reason": None}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi."}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage},
        {"type": "message_stop"},
    )
    return named(*events), {**CHAT, "model": "claude-opus-5", "stream": True}


def embeddings(usage: Json) -> tuple[Json | bytes, Json]:
    return {"object": "list", "model": "gpt-5", "data": [], "usage": usage}, {"model": "gpt-5", "input": "Hi"}


def image(usage: Json) -> tuple[Json | bytes, Json]:
    return {"data": [], "model": "gpt-5", "usage": usage}, {"model": "gpt-5", "prompt": "a cat"}


def words(usage: Json) -> tuple[Json | bytes, Json]:
    return {"text": "Hi.", "model": "gpt-5", "usage": {"type": "tokens", **usage}}, {}


Shape = Callable[[Json], tuple[Json | bytes, Json]]
INCLUSIVE: dict[str, tuple[str, str, Shape]] = {
    "chat": ("openai.chat", "old", chat),
    "chat, streamed": ("openai.chat", "old", chat_stream),
    "legacy completions": ("openai.completions", "old", chat),
    "embeddings": ("openai.embeddings", "old", embeddings),
    "moderation": ("openai.moderations", "old", embeddings),
    "unknown endpoint": ("any", "old", chat),
    "responses": ("openai.responses", "new", response),
    "responses, streamed": ("openai.responses", "new", response_stream),
    "decisions": ("openai.decisions", "new", embeddings),
    "images": ("openai.images", "new", image),
    "transcription": ("openai.audio", "new", words),
    "unknown endpoint like Responses": ("any", "new", response),
}
EXCLUSIVE: dict[str, tuple[str, Shape]] = {
    "messages": ("anthropic.messages", message),
    "messages, streamed": ("anthropic.messages", message_stream),
    "unknown endpoint like Messages": ("any", message),
}
SOME = st.integers(1, 10**6)


def cost_of(reader: str, shaped: tuple[Json | bytes, Json], provider: str) -> Any:
    body, request = shaped
    reading = seen(reader, body, request, content=False, provider=provider)
    call = UsageRecord(
        reading.usage, provider, reading.response_model, NOVEMBER, request_model=reading.request_model,
        usage_estimated=reading.usage_estimated, status=reading.status,
    )  # fmt: skip
    return PRICER.price(call)


@st.composite
def agreeing(draw: st.DrawFn, names: str) -> Json:
    """Counts in OpenAI's way that agree: every part within its whole, the total their sum."""
    into, out = ("prompt_tokens", "completion_tokens") if names == "old" else ("input_tokens", "output_tokens")
    cached, fresh, thought, spoken = (draw(st.integers(0, 10**6)) for _ in range(4))
    usage: Json = {
        into: cached + fresh + 1,
        out: thought + spoken + 1,
        into + "_details": {"cached_tokens": cached},
        out + "_details": {"reasoning_tokens": thought},
    }
    return {**usage, "total_tokens": usage[into] + usage[out]} if draw(st.booleans()) else usage


@st.composite
def contradicting(draw: st.DrawFn, names: str) -> Json:
    """The same with one thing wrong."""
    usage = draw(agreeing(names))
    into, out = ("prompt_tokens", "completion_tokens") if names == "old" else ("input_tokens", "output_tokens")
    i, o, more = usage[into], usage[out], draw(SOME)
    of_input, of_output = usage[into + "_details"], usage[out + "_details"]
    total = i + o
    wrong: dict[str, Json] = {
        "total above": {"total_tokens": total + more},
        "total below": {"total_tokens": max(0, total - more)},
        "reasoning above output": {out + "_details": {"reasoning_tokens": o + more}},
        "cached above input": {into + "_details": {"cached_tokens": i + more}},
        "written above input": {into + "_details": {"cached_tokens": 0, "cache_write_tokens": i + more}},
        "read and written above input": {into + "_details": {"cached_tokens": i, "cache_write_tokens": more}},
        "text above input": {into + "_details": {**of_input, "text_tokens": i + more}},
        "text above output": {out + "_details": {**of_output, "text_tokens": o + more}},
        "prediction above output": {out + "_details": {**of_output, "rejected_prediction_tokens": o + more}},
        "writes that do not add up": {
            into + "_details": {
                "cached_tokens": 0,
                "cache_write_tokens": i,
                "cache_write_tokens_details": {"ttl_12h_tokens": 0, "ttl_30m_tokens": i + more},
            }
        },
        "two cached counts": {into + "_details": {"cached_tokens": i}, "cached_tokens": i + more},
        "a negative count": {into + "_details": {"cached_tokens": -more}},
        "a count that is no number": {out + "_details": {"reasoning_tokens": "many"}},
        "a count nobody knows": {into + "_details": {**of_input, draw(st.sampled_from(UNKNOWN)): more}},
        "a unit nobody knows": {draw(st.sampled_from(UNKNOWN)): more},
    }  # fmt: skip
    return {**usage, **draw(st.sampled_from(sorted(wrong)).map(wrong.__getitem__))}


UNKNOWN = ["video_tokens", "citation_tokens", "num_sources_used", "input_pages", "music_seconds", "premium_requests"]
PROVIDERS = st.sampled_from(["openai", "azure"])


@pytest.mark.parametrize("dialect", INCLUSIVE)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_counts_that_contradict_each_other_are_never_exact(dialect: str, data: st.DataObject) -> None:
    reader, names, shape = INCLUSIVE[dialect]
    usage = data.draw(contradicting(names))
    cost = cost_of(reader, shape(usage), data.draw(PROVIDERS))
    assert cost.status != "exact", usage
    assert cost.reason


@pytest.mark.parametrize("dialect", INCLUSIVE)
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_counts_that_agree_are_exact(dialect: str, data: st.DataObject) -> None:
    reader, names, shape = INCLUSIVE[dialect]
    usage = data.draw(agreeing(names))
    assert cost_of(reader, shape(usage), "openai").status == "exact", usage


@st.composite
def anthropics(draw: st.DrawFn) -> tuple[Json, Json]:
    """Counts in Anthropic's way that agree, and what may be put in their place so that they do not."""
    fresh, read, short, long, out = (draw(SOME) for _ in range(5))
    more = draw(SOME)
    usage: Json = {
        "input_tokens": fresh,
        "output_tokens": out,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": short + long,
        "cache_creation": {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long},
        "output_tokens_details": {"thinking_tokens": draw(st.integers(0, out))},
    }
    run = {"type": "message", "input_tokens": fresh, "output_tokens": out}
    wrong: list[Json] = [
        {"total_tokens": fresh + read + short + long + out + more},
        {"total_tokens": draw(st.integers(0, fresh + out - 1))},
        {"output_tokens_details": {"thinking_tokens": out + more}},
        {"cache_creation": {"ephemeral_5m_input_tokens": short + more, "ephemeral_1h_input_tokens": long}},
        {"cache_creation": {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long + more}},
        {"cache_read_input_tokens": -more},
        {"output_tokens": "many"},
        {draw(st.sampled_from(UNKNOWN)): more},
        {"iterations": [{**run, "output_tokens": 0}]},
    ]
    return usage, draw(st.sampled_from(wrong))


@pytest.mark.parametrize("dialect", EXCLUSIVE)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(anthropics())
def test_anthropics_counts_are_exact_only_where_they_agree(dialect: str, drawn: tuple[Json, Json]) -> None:
    reader, shape = EXCLUSIVE[dialect]
    usage, wrong = drawn
    assert cost_of(reader, shape(usage), "anthropic").status == "exact", usage
    assert cost_of(reader, shape({**usage, **wrong}), "anthropic").status != "exact", (usage, wrong)


@given(st.integers(0, 10**6), SOME, SOME, st.sampled_from(["x-ai", "google"]))
@settings(max_examples=60, deadline=None)
def test_a_total_that_the_documents_do_not_explain_is_not_exact_at_xai_and_google(
    into: int, out: int, more: int, provider: str
) -> None:
    details = {"reasoning_tokens": out}
    total = into + out + out + more  # neither with the reasoning nor without
    usage = {
        "prompt_tokens": into,
        "completion_tokens": out,
        "total_tokens": total,
        "completion_tokens_details": details,
    }
    body, request = chat(usage)
    assert isinstance(body, dict)
    model = {"x-ai": "grok-3-mini", "google": "gemini-2.5-flash"}[provider]
    assert cost_of("openai.chat", ({**body, "model": model}, request), provider).status != "exact"


def test_a_stopped_stream_is_not_exact_though_it_reported_counts() -> None:
    says = {"id": "1", "model": "gpt-5", "choices": [{"index": 0, "delta": {"content": "Hi"}}]}
    counted = {**says, "usage": {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10, "cost": 0.1}}
    reading = seen("openai.chat", lines(counted), {**CHAT, "stream": True}, ended="closed")
    assert (reading.status, reading.usage.doubt, reading.reported_cost) == ("abandoned", "stopped_early", None)
    assert (reading.usage.input_tokens, reading.usage.output_tokens) == (9, 1)
