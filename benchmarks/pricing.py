"""CPU time of pricing one call, warm: llmtrack beside genai-prices itself, in one run.

    python benchmarks/pricing.py

Prints microseconds a call, the best of five rounds, and exits with 1 if llmtrack takes more than 10 for any of them.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import genai_prices

from llmtrack.pricing import BookEntry, Pricer, Usage, UsageRecord

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
AT = int(NOW.timestamp()) * 1_000_000
ROUNDS = 5
TARGET = 10.0

CASES: dict[str, tuple[str, str, Usage]] = {
    "plain": ("openai", "gpt-4o-2024-08-06", Usage(input_tokens=1_000, output_tokens=300)),
    "cached, reasoning": (
        "openai", "gpt-5.5-2026-04-23",
        Usage(input_tokens=9_000, output_tokens=700, cache_read_tokens=8_000, reasoning_tokens=500),
    ),
    "cache reads, both writes": (
        "anthropic", "claude-opus-4-5-20251101",
        Usage(
            input_tokens=9_000, output_tokens=700, cache_read_tokens=6_000, cache_write_tokens=2_000,
            cache_write_1h_tokens=500,
        ),
    ),
    "over a step": (
        "anthropic", "claude-sonnet-4-5-20250929",
        Usage(input_tokens=250_000, output_tokens=700, cache_read_tokens=200_000, web_searches=2),
    ),
}  # fmt: skip


def micros(price: Callable[[], object], calls: int) -> float:
    """CPU microseconds a call takes, in the best round."""
    best = float("inf")
    for _ in range(ROUNDS):
        begun = time.process_time_ns()
        for _ in range(calls):
            price()
        best = min(best, (time.process_time_ns() - begun) / calls / 1_000)
    return best


def by_library(provider: str, model: str, usage: Usage) -> Callable[[], object]:
    """The same call, priced by genai-prices."""
    counts = {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "cache_write_1h_tokens": usage.cache_write_1h_tokens,
        "output_reasoning_tokens": usage.reasoning_tokens,
        "web_searches": usage.web_searches,
    }
    told = genai_prices.Usage(**{name: count for name, count in counts.items() if count is not None})
    return lambda: genai_prices.calc_price(told, model, provider_id=provider, genai_request_timestamp=NOW)


def main() -> int:
    """Print the table; 1 if the target is missed."""
    warnings.simplefilter("ignore")
    plain = Pricer()
    booked = Pricer([BookEntry("discount", "*", "*", 0, percent=Decimal(15), id=1)])
    print(f"{'call':28}{'llmtrack':>10}{'with book':>11}{'genai-prices':>14}  microseconds of CPU")
    worst = 0.0
    for name, (provider, model, usage) in CASES.items():
        call = UsageRecord(usage, provider, model, AT)
        times = [micros(lambda p=pricer, c=call: p.price(c), 20_000) for pricer in (plain, booked)]
        library = micros(by_library(provider, model, usage), 500)
        worst = max(worst, *times)
        print(f"{name:28}{times[0]:10.1f}{times[1]:11.1f}{library:14.1f}")
    print(f"\nworst of llmtrack: {worst:.1f}; target: at most {TARGET:.0f}")
    return int(worst > TARGET)


if __name__ == "__main__":
    sys.exit(main())
