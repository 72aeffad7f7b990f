"""What there is to filter by: dimensions, and the values of one with how many calls have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmtrack.ledger.query import Filter, Operator, stored_keys, stored_values
from pages.components import queries
from pages.components.conditions import both, dimension_name, without
from pages.components.span import Span
from pages.components.viewer import require_numbers

FIRST = (
    "model", "user", "group", "feature", "status", "error_type", "provider", "operation", "cost_status",
    "finish_reason", "request_model", "response_model", "service_tier", "region", "error_code", "http_status",
    "attempts", "streamed", "hour_of_day", "weekday", "session", "trace",
)  # fmt: skip
"""The dimensions, those first that are asked for most."""
COMMON = FIRST[: FIRST.index("finish_reason")]
"""Those that stand before what a product tells of its own: attributes and properties."""
NUMBERS = ("http_status", "attempts")
MOST_VALUES = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """One value there is."""

    value: str | int | None
    calls: int | None
    """How many calls have it in the time and under the other filters; None where nobody counted."""


def dimensions() -> list[str]:
    """Every dimension, property and attribute of users."""
    return [*FIRST, *stored_keys(queries.ledger())]


def operators(dimension: str) -> list[tuple[Operator, bool]]:
    """What can be asked of a dimension."""
    whole: list[tuple[Operator, bool]] = [("is", False), ("is", True)]
    parts: list[tuple[Operator, bool]] = [("contains", False), ("contains", True)]
    sizes: list[tuple[Operator, bool]] = [("above", False), ("below", False)]
    if dimension in ("streamed", "hour_of_day", "weekday"):
        return whole
    if dimension in NUMBERS:
        return [*whole, *sizes]
    return [*whole, *parts, *(sizes if dimension.startswith(("property.", "user.")) else [])]


def choices(dimension: str, span: Span, where: Sequence[Filter], within: Sequence[Filter] = ()) -> list[Choice]:
    """The values of a dimension, those with the most calls first; not counted where that would take long.

    Of calls `within` these filters alone, where there are any: a value may be nobody else's business.
    """
    from llmtrack.ledger import metrics

    others = both(without(where, dimension), within)
    require_numbers(others)
    try:
        answer = metrics.ask(
            queries.ledger(), ["generations"], [dimension], since=span.period.since, until=span.period.until,
            timezone=span.timezone, where=others, order="-generations", limit=MOST_VALUES, fill=False,
        )  # fmt: skip
    except metrics.TooManyRows:
        if within:
            return []
        return [Choice(value, None) for value in stored_values(queries.ledger(), dimension, MOST_VALUES)]
    return [Choice(row[dimension], row["generations"]) for row in answer.rows]


def sorted_names(names: Sequence[str]) -> list[str]:
    """Dimensions as a list offers them: the most common ones, then attributes and properties by name, then the rest."""
    own = len(COMMON)

    def place(name: str) -> tuple[int, str]:
        at = FIRST.index(name) if name in FIRST else own
        return (at if at < own else own + (name in FIRST) * (1 + at), dimension_name(name))

    return sorted(names, key=place)
