"""The usual usage read in one look is the same as read the long way."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtrack.capture.readers import anthropic_usage, openai_usage
from llmtrack.capture.readers.anthropic_usage import plain_message_usage
from llmtrack.capture.readers.counts import settled, with_request
from llmtrack.capture.readers.openai_usage import plain_chat_usage
from llmtrack.pricing.usage import Usage
from tests.fuzz import tries

TEXT = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
COUNT: Any = st.integers(0, 30) | st.sampled_from([None, -1, 10**15, 10**16, 2.0, 1.5, True, "7", [], {}])


def details(*names: str) -> Any:
    return st.dictionaries(st.sampled_from(names), COUNT, max_size=4) | COUNT


CHAT = st.fixed_dictionaries(
    {"prompt_tokens": COUNT, "completion_tokens": COUNT},
    optional={
        "total_tokens": COUNT,
        "prompt_tokens_details": details("cached_tokens", "audio_tokens", "image_tokens", "cache_write_tokens"),
        "completion_tokens_details": details(
            "reasoning_tokens", "audio_tokens", "accepted_prediction_tokens", "rejected_prediction_tokens", "x_tokens"
        ),
        "cost": COUNT,
        "num_cached_tokens": COUNT,
        "queue_time": st.just(0.1),
    },
)
MESSAGES = st.fixed_dictionaries(
    {"input_tokens": COUNT, "output_tokens": COUNT},
    optional={
        "cache_read_input_tokens": COUNT,
        "cache_creation_input_tokens": COUNT,
        "cache_creation": details("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens", "other_input_tokens"),
        "service_tier": st.sampled_from(["standard", "batch", None, 3]),
        "inference_geo": st.sampled_from(["us", "not_available", None]),
        "server_tool_use": st.sampled_from([None, {}, {"web_search_requests": 2}]),
    },
)


def long_way(usage: Usage, reported: Any, request: Any) -> Usage:
    return with_request(settled(usage, reported, provider="openai", model="m", request=request), request)


@pytest.mark.slow
@tries(500)
@given(reported=CHAT, sums=st.booleans(), request=st.sampled_from([{}, TEXT]))
def test_the_usage_of_a_chat_completion(reported: Any, sums: bool, request: Any) -> None:
    if sums and all(type(reported[name]) is int for name in ("prompt_tokens", "completion_tokens")):
        reported["total_tokens"] = reported["prompt_tokens"] + reported["completion_tokens"]
    if (usage := plain_chat_usage(reported, text_only=bool(request))) is not None:
        assert usage == long_way(openai_usage.read_usage(reported), reported, request)
        assert openai_usage.read_cost(reported) is None


@pytest.mark.slow
@tries(500)
@given(reported=MESSAGES, sums=st.booleans(), request=st.sampled_from([{}, TEXT]))
def test_the_usage_of_a_message(reported: Any, sums: bool, request: Any) -> None:
    parts = reported.get("cache_creation")
    if sums and type(parts) is dict and len(parts) == 2 and all(type(part) is int for part in parts.values()):
        reported["cache_creation_input_tokens"] = sum(parts.values())
    if (usage := plain_message_usage(reported, text_only=bool(request))) is not None:
        assert usage == long_way(anthropic_usage.read_usage(reported, "m"), reported, request)


@pytest.mark.parametrize(
    "reported",
    [
        {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14},
        {
            "prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14,
            "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 3, "audio_tokens": 0,
                "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
            },
        },
    ],
)  # fmt: skip
def test_the_usage_that_openai_reports_goes_the_short_way(reported: Any) -> None:
    usage = plain_chat_usage(reported, text_only=True)
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.doubt, usage.text_only) == (9, 5, None, True)


def test_the_usage_that_anthropic_reports_goes_the_short_way() -> None:
    reported = {
        "input_tokens": 9, "output_tokens": 5, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
        "service_tier": "standard", "inference_geo": "not_available",
    }  # fmt: skip
    assert plain_message_usage(reported, text_only=True) == Usage(
        input_tokens=139, output_tokens=5, cache_read_tokens=100, cache_write_tokens=30, cache_write_1h_tokens=20,
        text_only=True,
    )  # fmt: skip
