"""The most that a call can cost: every token at the dearest rate it could be billed at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from llmtrack.pricing.classes import TOOL
from llmtrack.pricing.engine import Pricer
from llmtrack.pricing.rates import NANO
from llmtrack.pricing.reasons import Reason
from llmtrack.pricing.usage import PARTS

_INPUT = (
    "input", "cache_read", "cache_write", "cache_write_1h", "cache_write_12h", "input_audio", "cache_read_audio",
    "input_image", "cache_read_image",
)  # fmt: skip
_OUTPUT = ("output", "reasoning", "output_audio", "output_image")


@dataclass(frozen=True, slots=True)
class MostUsed:
    """The most that a call can use, all attempts and choices together."""

    input_tokens: int = 0
    output_tokens: int = 0
    requests: int = 1
    web_searches: int = 0
    tool_runs: int = 0
    """Of other server-side tools."""
    characters: int = 0


def most_cost(
    pricer: Pricer, provider: str, model: str, tiers: Iterable[str | None], region: str | None, at: int, used: MostUsed
) -> int | Reason:
    """Nano-dollars that a call cannot exceed in any of `tiers`; the reason where the first of them has no price.

    A later tier without a price is left out: nobody can say what a call costs in it, before or after.
    """
    costs: list[int] = []
    for tier in tiers:
        quote = pricer.quote(provider, model, tier, at=at, region=region)
        if quote.reason is not None:
            if not costs:
                return quote.reason
            continue
        for band in quote.bands:
            cost = _cost(band.rates.dollars, used)
            if isinstance(cost, Reason):
                return cost
            costs.append(cost)
    return max(costs)


def _cost(dollars: Mapping[str, Decimal], used: MostUsed) -> int | Reason:
    into = [dollars[name] for name in _INPUT if name in dollars]
    if "cache_write" in dollars and "cache_write_12h" not in dollars:
        into.append(2 * dollars["cache_write"])  # as `Rates` derives it
    out = [dollars[name] for name in _OUTPUT if name in dollars]
    if (used.input_tokens and not into and "characters" not in dollars) or (used.output_tokens and not out and into):
        # A model that has no rate for output (embeddings) makes none.
        out = out or [Decimal(0)]
        if not into:
            return Reason.NO_CLASS_PRICE
    if used.web_searches and "web_search" not in dollars:
        return Reason.NO_CLASS_PRICE
    million, thousand = Decimal(1_000_000), Decimal(1_000)
    cost = max(into, default=Decimal(0)) * used.input_tokens / million
    cost += max(out, default=Decimal(0)) * used.output_tokens / million
    cost += dollars.get("request", Decimal(0)) * used.requests / thousand
    runs = used.web_searches + used.tool_runs
    tools = [rate for name, rate in dollars.items() if name == "web_search" or name.startswith(TOOL)]
    cost += max(tools, default=Decimal(0)) * runs / thousand
    cost += dollars.get("characters", Decimal(0)) * used.characters / million
    # Each part of a cost is rounded on its own, by half a nano-dollar at most.
    return int((cost * NANO).to_integral_value(ROUND_CEILING)) + len(PARTS)
