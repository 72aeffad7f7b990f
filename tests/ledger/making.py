"""Records for tests of the ledger."""

from __future__ import annotations

import random
from typing import Any

from llmtrack.ids import new_id
from llmtrack.ledger.records import Generation
from llmtrack.pricing.usage import Cost, Price, Usage

NOON = 1_760_011_200_000_000
"""2025-10-09 12:00 UTC, in microseconds."""
HOUR = 3_600_000_000
PRICE = Price("genai-prices", "2025-10-01", "openai", "gpt-4o", "standard", {"input_mtok": "2.5", "output_mtok": "10"})


def generation(at: int = NOON, **given: Any) -> Generation:
    """A chat answered in two seconds: 100 tokens in, 20 out, $0.00045."""
    told: dict[str, Any] = {
        "id": new_id(at),
        "started_at": at,
        "provider": "openai",
        "operation": "chat",
        "status": "ok",
        "request_model": "gpt-4o",
        "response_model": "gpt-4o-2024-08-06",
        "user_id": "alice",
        "duration": 2_000_000,
        "usage": Usage(input_tokens=100, output_tokens=20),
        "cost": Cost("exact", total=450_000, input=250_000, output=200_000, price=PRICE),
    }
    return Generation(**{**told, **given})


def said(text: str) -> list[dict[str, Any]]:
    """One message of a user's."""
    return [{"role": "user", "parts": [{"type": "text", "content": text}]}]


def random_generation(chance: random.Random, since: int = NOON, until: int = NOON + 40 * 24 * HOUR) -> Generation:
    """A generation of any kind, as likely to lack something as to have it."""
    at = chance.randrange(since, until)
    status = chance.choice(["ok", "ok", "ok", "error", "cancelled", "incomplete", "pending", "refused"])
    into, out = chance.choice([None, 0, 7, 1200]), chance.choice([None, 0, 3, 900])
    kind = chance.choice(["exact", "estimated", "simulated", "unpriced", "no_usage"])
    if kind in ("unpriced", "no_usage"):
        reason = "no_usage" if kind == "no_usage" else chance.choice(["no_price", "usage_missing"])
        cost = Cost("unpriced", reason=reason)
    else:
        parts = [chance.randrange(10 ** chance.randrange(1, 10)) for _ in range(3)]
        cost = Cost(kind, total=sum(parts), input=parts[0], output=parts[1], cache_read=parts[2], price=PRICE)
    return generation(
        at,
        status=status,
        error_type=chance.choice(["timeout", "rate_limit"]) if status == "error" else None,
        provider=chance.choice(["openai", "anthropic"]),
        operation=chance.choice(["chat", "chat", "embeddings"]),
        request_model=chance.choice([None, "small", "large"]),
        response_model=chance.choice([None, "large"]),
        user_id=chance.choice([None, "alice", "bob", "carol"]),
        group=chance.choice([None, "red", "blue"]),
        feature=chance.choice([None, "chat", "summary"]),
        session_id=chance.choice([None, "s1", "s2"]),
        trace_id=chance.choice([None, "t1", "t2", "t3"]),
        duration=chance.choice([None, 0, chance.randrange(1, 10**8)]),
        time_to_first_token=chance.choice([None, chance.randrange(1, 10**6)]),
        usage=Usage(into, out, cache_read_tokens=chance.choice([None, 5]), web_searches=chance.choice([None, 2])),
        cost=cost,
        properties=chance.choice([{}, {"plan": "pro"}, {"plan": "free", "n": 1}]),
    )
