"""What holds for any usage, at any listed price."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmtrack.pricing import Pricer, Usage, UsageRecord
from tests.pricing.costs import NOVEMBER, PARTS

PRICER = Pricer()
MODELS = st.sampled_from(
    [
        ("openai", "gpt-4o-2024-08-06"),
        ("openai", "gpt-5.5-2026-04-23"),
        ("openai", "gpt-realtime-2025-08-28"),
        ("openai", "gpt-image-2"),
        ("anthropic", "claude-3-haiku-20240307"),
        ("anthropic", "claude-haiku-5-5"),
        ("anthropic", "claude-sonnet-4-5-20250929"),
        ("google", "gemini-2.5-pro"),
        ("deepseek", "deepseek-v4-pro"),
    ]
)
COUNT = st.integers(0, 10**6) | st.integers(0, 300) | st.integers(190_000, 280_000)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    fresh, read, output = draw(COUNT), draw(st.none() | COUNT), draw(COUNT)
    five_minutes, hour = draw(st.none() | COUNT), draw(COUNT)
    written = None if five_minutes is None else five_minutes + hour
    return Usage(
        input_tokens=fresh + (read or 0) + (written or 0),
        output_tokens=output,
        cache_read_tokens=read,
        cache_write_tokens=written,
        cache_write_1h_tokens=None if written is None else hour,
        reasoning_tokens=draw(st.none() | st.integers(0, output)),
    )


def priced(usage: Usage, model: tuple[str, str], **how: Any) -> Any:
    return PRICER.price(UsageRecord(usage, *model, NOVEMBER, **how))


@given(usages(), MODELS)
def test_the_parts_sum_to_the_total(usage: Usage, model: tuple[str, str]) -> None:
    cost = priced(usage, model)
    known = [getattr(cost, name) for name in PARTS if getattr(cost, name) is not None]
    assert cost.total == (sum(known) if cost.status != "unpriced" else None)
    assert all(part >= 0 for part in known)
    assert cost.status == "exact" or cost.reason


@pytest.mark.slow
@given(usages(), MODELS, st.integers(0, 100_000), st.integers(0, 100_000))
@settings(max_examples=200)
def test_more_tokens_never_cost_less(usage: Usage, model: tuple[str, str], into: int, out: int) -> None:
    assert usage.input_tokens is not None
    assert usage.output_tokens is not None
    more = replace(usage, input_tokens=usage.input_tokens + into, output_tokens=usage.output_tokens + out)
    less, dearer = priced(usage, model), priced(more, model)
    assert less.status == dearer.status
    assert less.total is None or less.total <= dearer.total


@given(COUNT, COUNT, COUNT, COUNT, MODELS)
def test_both_spellings_of_the_same_usage_cost_the_same(
    fresh: int, read: int, written: int, out: int, model: tuple[str, str]
) -> None:
    from llmtrack.capture.readers.anthropic_usage import read_usage as exclusive
    from llmtrack.capture.readers.openai_usage import read_usage as inclusive

    as_anthropic = exclusive(
        {
            "input_tokens": fresh,
            "cache_read_input_tokens": read,
            "cache_creation_input_tokens": written,
            "output_tokens": out,
        },
        None,
    )
    as_openai = inclusive(
        {
            "prompt_tokens": fresh + read + written,
            "completion_tokens": out,
            "prompt_tokens_details": {"cached_tokens": read, "cache_write_tokens": written},
        }
    )
    assert priced(as_anthropic, model).total == priced(as_openai, model).total


@given(st.decimals(min_value=0, max_value=10**6, places=12))
def test_a_reported_cost_is_kept_to_the_nano_dollar(reported: Decimal) -> None:
    cost = priced(Usage(), ("openrouter", "anything"), reported_cost=reported)
    assert cost.status == "provider_reported"
    assert abs(Decimal(cost.total) / 10**9 - reported) <= Decimal("0.5e-9")
