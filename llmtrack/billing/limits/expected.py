"""What a request will probably use: its input as estimated, and as much output as nearly all of the user's answers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from llmtrack.billing.limits.facts import RequestFacts
from llmtrack.pricing.tokens import estimate_text, weights_for

LOOKED_AT = 4_096
"""Characters at the beginning and at the end that stand for all of a longer text: this runs before each call."""
UNKNOWN_OUTPUT = 1_000
"""Tokens of output that are expected of somebody who never called."""
FEW = 20
"""Answers from which on a user's own are enough to go by."""


def expected_input(facts: RequestFacts, model: str | None) -> int:
    """About how many tokens of input a request makes."""
    weights = weights_for(model)
    text, scale = facts.text, 1.0
    if len(text) > 2 * LOOKED_AT:
        scale = len(text) / (2 * LOOKED_AT)
        text = text[:LOOKED_AT] + text[-LOOKED_AT:]
    tools = weights.tools if facts.tools else 0
    return math.ceil(estimate_text(text, weights) * scale + facts.pictures * weights.image + tools + weights.message)


def expected_output(facts: RequestFacts, p95: int | None) -> int:
    """About how many tokens of output a request makes at most, all choices together; `p95` is of earlier answers."""
    one = UNKNOWN_OUTPUT if p95 is None else p95
    if facts.max_tokens is not None:
        one = min(one, facts.max_tokens)
    return one * facts.choices


def p95_of(outputs: Sequence[int]) -> int | None:
    """What 95 % of these counts do not exceed; None where there are none."""
    if not outputs:
        return None
    return sorted(outputs)[max(0, math.ceil(len(outputs) * 0.95) - 1)]
