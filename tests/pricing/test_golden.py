"""Costs worked out by hand, the arithmetic visible. Rates are dollars per million tokens, as the price list has them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from llmtrack.pricing import Pricer, Usage, in_dollars

NOVEMBER = int(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()) * 1_000_000
M = Decimal(1_000_000)


def dollars(usage: Usage, *, provider: str, model: str, tier: str | None = None, at: int = NOVEMBER) -> Decimal | None:
    cost = Pricer().cost(usage, provider=provider, model=model, tier=tier, at=at)
    assert cost.status == "exact", cost
    return in_dollars(cost.total)


@pytest.mark.parametrize(
    ("provider", "model", "into", "out"),
    [
        ("anthropic", "claude-3-opus-20240229", "15", "75"),
        ("anthropic", "claude-3-sonnet-20240229", "3", "15"),
        ("anthropic", "claude-3-haiku-20240307", "0.25", "1.25"),
        ("openai", "gpt-4o-2024-08-06", "2.50", "10"),
        ("openai", "gpt-4o-2024-05-13", "5", "15"),
        ("openai", "gpt-4o-mini-2024-07-18", "0.15", "0.60"),
    ],
)
def test_the_models_of_the_tutorials_cost_what_their_makers_said(
    provider: str, model: str, into: str, out: str
) -> None:
    usage = Usage(input_tokens=1_000, output_tokens=500)
    expected = 1_000 * Decimal(into) / M + 500 * Decimal(out) / M
    assert dollars(usage, provider=provider, model=model) == expected
