"""What a call will cost, before it is made: a range and what it assumes."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from llmtrack.pricing.engine import Pricer, in_dollars
from llmtrack.pricing.reasons import in_words
from llmtrack.pricing.tokens import estimate_input
from llmtrack.pricing.usage import Price, Usage, UsageRecord

LOW, HIGH = 0.75, 1.35
"""Nine requests of text in ten lie between these parts of their estimated tokens (see `llmtrack.pricing.tokens`)."""
USUAL_OUTPUT = 400
"""Tokens of a usual answer, where the caller knows no better."""
MOST_OUTPUT = 16_384
"""Tokens an answer may have where the request sets no limit: what most models stop at."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a call may cost in US dollars; all None where the model has no price, with the `reason` in words."""

    low: Decimal | None
    """Fewer input tokens than estimated, and hardly any answer."""
    expected: Decimal | None
    high: Decimal | None
    """More input tokens than estimated, and the longest answer allowed."""
    input_tokens: int
    output_tokens: int
    """Of the answer, as expected."""
    most_output_tokens: int
    assumptions: tuple[str, ...]
    price: Price | None = None
    reason: str | None = None


def estimate(
    messages: Iterable[Mapping[str, Any]] | str,
    model: str,
    provider: str | None = None,
    *,
    max_tokens: int | None = None,
    expected_tokens: int | None = None,
    cached_tokens: int = 0,
    tools: Sequence[Any] = (),
    tier: str | None = None,
    at: int | None = None,
    pricer: Pricer | None = None,
) -> Estimate:
    """What asking `model` with these `messages` may cost: low, expected and high, with what is assumed.

    `messages` are as the SDKs take them, or one text. `max_tokens` is the request's limit, `expected_tokens` the length
    of answer to expect (such as what this user usually gets), `cached_tokens` the input that a cache is known to hold.
    Prices hold `at` microseconds since 1970 (default: now). Raises `ValueError` for a count below 0.
    """
    for name, count in (("max_tokens", max_tokens), ("expected_tokens", expected_tokens), ("cached", cached_tokens)):
        if count is not None and count < 0:
            raise ValueError(f"{name} is {count}; give 0 or more tokens.")
    assumed: list[str] = []
    if provider is None:
        provider = "anthropic" if "claude" in model.lower() else "openai"
        assumed.append(f"asked at {provider}")
    counted, left_out = _messages(messages)
    tokens = estimate_input(counted, tools, model)
    assumed.append(f"about {tokens:,} input tokens, counted without the model's own tokeniser")
    if left_out:
        assumed.append(f"{left_out} attached file{'s' if left_out > 1 else ''} not counted")
    most = max_tokens if max_tokens is not None else max(MOST_OUTPUT, expected_tokens or 0)
    if max_tokens is None:
        assumed.append(f"an answer of at most {most:,} tokens, because the request sets no limit")
    usual = min(most, USUAL_OUTPUT if expected_tokens is None else expected_tokens)
    if expected_tokens is None:
        assumed.append(f"an answer of about {usual:,} tokens")
    assumed.append(f"{cached_tokens:,} tokens read from a cache" if cached_tokens else "nothing read from a cache")
    pricer = pricer or Pricer()
    moment = at if at is not None else time.time_ns() // 1_000
    costs = []
    for into, out in ((math.floor(tokens * LOW), min(1, most)), (tokens, usual), (math.ceil(tokens * HIGH), most)):
        usage = Usage(input_tokens=into, output_tokens=out, cache_read_tokens=min(cached_tokens, into) or None)
        costs.append(pricer.price(UsageRecord(usage, provider, model, moment, service_tier=tier)))
    reason = next((in_words(cost.reason) for cost in costs if cost.total is None), None)
    low, expected, high = (in_dollars(cost.total) for cost in costs)
    if reason is not None:
        low = expected = high = None
    return Estimate(low, expected, high, tokens, usual, most, tuple(assumed), costs[1].price, reason)


def _messages(messages: Iterable[Mapping[str, Any]] | str) -> tuple[list[dict[str, Any]], int]:
    """The messages with their contents as parts, and how many files in them cannot be counted."""
    if isinstance(messages, str):
        return [{"parts": [{"type": "text", "content": messages}]}], 0
    counted: list[dict[str, Any]] = []
    left_out = 0
    for message in messages:
        content = message.get("parts", message.get("content"))
        pieces = content if isinstance(content, list | tuple) else [content]
        parts = [_part(piece) for piece in pieces if piece is not None]
        left_out += sum(part is None for part in parts)
        calls = message.get("tool_calls") or ()
        functions = [call.get("function") or {} for call in calls if isinstance(call, Mapping)]
        counted.append({"parts": [*(part for part in parts if part is not None), *functions]})
    return counted, left_out


def _part(piece: Any) -> dict[str, Any] | None:
    """A part as the estimate wants it; None for a file whose tokens nobody can guess."""
    if isinstance(piece, str):
        return {"type": "text", "content": piece}
    if not isinstance(piece, Mapping):
        return None
    kind = str(piece.get("type", ""))
    if piece.get("modality") == "image" or kind in ("image", "image_url", "input_image"):
        return {"modality": "image"}
    if isinstance(piece.get("text"), str):
        return {"type": "text", "content": piece["text"]}
    if "content" in piece or "input" in piece or "arguments" in piece or "response" in piece:
        texts = {key: piece[key] for key in ("content", "name", "arguments", "response") if key in piece}
        return texts | ({"arguments": piece["input"]} if "input" in piece else {})
    return None
