"""Two groups of users side by side: what each does, how far they differ, and what that is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from llmtrack.ledger import intervals
from llmtrack.ledger.engagement import Comparison
from llmtrack.ledger.intervals import FEWEST_USERS, Interval
from pages.components import formatting, tables
from pages.components.tables import Column

WITHIN_CHANCE = "within chance"
MOST_FEATURES = 5


def text_of(value: float | None, unit: str) -> str:
    """A value as people read it."""
    if value is None:
        return formatting.UNKNOWN
    if unit == "usd":
        return formatting.usd(Decimal(repr(round(value, 9))))
    if unit == "seconds":
        return formatting.seconds(value)
    if unit == "ratio":
        return formatting.rate(value)
    return formatting.three_digits(value)


def _signed(value: float, unit: str) -> str:
    if unit == "ratio":
        return formatting.points(value, 0.0) or "± 0"
    return f"{formatting.MINUS if value < 0 else '+'}{text_of(abs(value), unit)}"


def meaning(difference: Interval | None, users: tuple[int, int], unit: str) -> str:
    """What a difference says about others than these users."""
    if min(users) < FEWEST_USERS or difference is None:
        return f"too few users to say ({min(users)})"
    if not difference.excludes_zero:
        return WITHIN_CHANCE
    if unit == "ratio":
        return f"95 % interval {_bound(difference.low)} to {_bound(difference.high)} points"
    return f"95 % interval {_signed(difference.low, unit)} to {_signed(difference.high, unit)}"


def _bound(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", formatting.MINUS)


def rows_of(comparisons: Sequence[Comparison]) -> list[dict[str, Any]]:
    """A row for each rate that either group has a value of."""
    rows = []
    for one in comparisons:
        if one.one is None and one.other is None:
            continue
        unit = one.rate.unit
        difference = one.one - one.other if one.one is not None and one.other is not None else None
        rows.append(
            {
                "what": one.rate.title, "one": text_of(one.one, unit), "other": text_of(one.other, unit),
                "difference": "" if difference is None else _signed(difference, unit),
                "meaning": meaning(one.difference, one.users, unit),
            }
        )  # fmt: skip
    return rows


def feature_rows(
    by_feature: Mapping[str | None, set[int]], one: Sequence[int], other: Sequence[int]
) -> list[dict[str, Any]]:
    """For the most used features, the share of the users of each group that use it."""
    rows = []
    first, second = set(one), set(other)
    largest = sorted(by_feature, key=lambda name: -len(by_feature[name]))[:MOST_FEATURES]
    for name in largest:
        users = by_feature[name]
        here, there = len(users & first), len(users & second)
        between = intervals.difference_of_shares(here, len(first), there, len(second))
        rows.append(
            {
                "what": f"Use {name or 'no feature given'}",
                "one": formatting.percent(here, len(first)), "other": formatting.percent(there, len(second)),
                "difference": "" if between is None else _signed(between.value, "ratio"),
                "meaning": meaning(between, (len(first), len(second)), "ratio"),
            }
        )  # fmt: skip
    return rows


def draw(rows: Sequence[Mapping[str, Any]], one: str, other: str, *, alt_text: str) -> None:
    """The table; `one` and `other` are what the groups are called."""
    columns = [
        Column("what", "", pinned=True),
        Column("one", one, "written"),
        Column("other", other, "written"),
        Column("difference", "Difference", "written", wide_only=True),
        Column("meaning", "What it means", tone=_tone),
    ]
    tables.table(rows, columns, alt_text=alt_text)


def _tone(row: Mapping[str, Any]) -> str:
    return "" if str(row["meaning"]).startswith("95") else "muted"
