"""What moved a cost: users, calls per user, tokens per call and price per token, which multiply up to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import Any

from pages.components import formatting

METRICS = ("users", "generations", "total_tokens", "cost")
"""What has to be asked for, of the time and of the one before."""
MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor of a cost, before and now."""

    name: str
    before: Decimal
    now: Decimal
    change: Decimal
    """US dollars: its part of the change. The parts add up to the whole change."""

    @property
    def times(self) -> Decimal:
        """By how much it was multiplied."""
        return self.now / self.before


def factors(now: Mapping[str, Any], before: Mapping[str, Any]) -> Sequence[Factor] | None:
    """The factors of the cost, users first; None where one of them is 0 or unknown, so that nothing can be divided.

    A factor's part of the change is in proportion to its logarithm: parts that multiply become parts that add up, in
    whatever order they are taken.
    """
    if not all(total[metric] for total in (now, before) for metric in METRICS):
        return None
    values = [(name, _values(before)[name], value) for name, value in _values(now).items()]
    begin, end = Decimal(before["cost"]), Decimal(now["cost"])
    # The logarithmic mean: the change divided by the logarithm of the whole factor, also where that is 0.
    mean = (end - begin) / (end / begin).ln() if end != begin else end
    return [Factor(name, old, new, mean * (new / old).ln()) for name, old, new in values]


def _values(totals: Mapping[str, Any]) -> dict[str, Decimal]:
    users, calls, tokens = (Decimal(totals[metric]) for metric in METRICS[:3])
    return {
        "Users": users,
        "Calls per user": calls / users,
        "Tokens per call": tokens / calls,
        "Cost per 1M tokens": MILLION * Decimal(totals["cost"]) / tokens,
    }


def signed(amount: Decimal) -> str:
    """A change in dollars, with its sign: ``+$18.13``."""
    return f"+{formatting.usd(amount)}" if amount >= 0 else formatting.usd(amount)


def signed_with(amount: Decimal, decimals: int) -> str:
    """A change in dollars with so many decimals, as a column has them."""
    return f"{'+' if amount >= 0 else ''}{formatting.usd_with(amount, decimals)}"


def times(value: Decimal) -> str:
    """A factor, with two decimals after the sign of a product."""
    return f"\N{MULTIPLICATION SIGN}{formatting.NBSP}{value:,.2f}"


def rows(factors: Sequence[Factor], change: Decimal) -> list[dict[str, str]]:
    """The factors as rows of texts. Their parts are rounded so that they add up to the `change` as it is shown."""
    decimals = formatting.decimals_for(change)
    parts = [formatting.rounded(factor.change, decimals) for factor in factors]
    largest = max(range(len(parts)), key=lambda at: abs(parts[at]))
    parts[largest] += formatting.rounded(change, decimals) - sum(parts, Decimal(0))
    return [
        {
            "name": factor.name,
            "before": text(factor, factor.before),
            "now": text(factor, factor.now),
            "times": times(factor.times),
            "change": f"{'+' if part >= 0 else formatting.MINUS}${abs(part):,}",
            "tone": "muted" if not part else ("bad" if part > 0 else "good"),
        }
        for factor, part in zip(factors, parts, strict=True)
    ]


def text(factor: Factor, value: Decimal) -> str:
    """A value of a factor as people read it."""
    if factor.name == "Cost per 1M tokens":
        return formatting.usd(value)
    whole = factor.name == "Users" or value >= 1000
    return f"{value:,.0f}" if whole else f"{value:,.1f}"


def sentence(factors: Sequence[Factor], change: Decimal) -> str:
    """Which factor most of the change is due to, as HTML."""
    if not change:
        return "The cost is what it was."
    most = max(factors, key=lambda factor: factor.change if change > 0 else -factor.change)
    return (
        f"<strong>{escape(most.name)}</strong> went from {text(most, most.before)} to {text(most, most.now)}: "
        f"{signed(most.change)} of the {signed(change)}."
    )
