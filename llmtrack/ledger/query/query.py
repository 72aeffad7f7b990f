"""A checked query: which metrics, grouped by what, over which period, of which generations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from llmtrack.ledger.periods import GRAINS, check_anchor_day, instant, zone
from llmtrack.ledger.query import catalog

Value = str | int | None
Where = Mapping[str, Any] | Sequence["Filter"]


@dataclass(frozen=True, slots=True)
class Filter:
    """Only generations whose `dimension` is one of `values` or, `negated`, none of them; None is "not given"."""

    dimension: str
    values: tuple[Value, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """The arguments of `ask` in their plainest form. Instants are microseconds since 1970, UTC."""

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None
    timezone: str = "UTC"
    anchor_day: int = 1
    where: tuple[Filter, ...] = ()
    order: str | None = None
    limit: int | None = None
    fill: bool = True

    @property
    def grain(self) -> str | None:
        """The length of time the result is grouped by, if any."""
        return next((name for name in self.by if name in GRAINS), None)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """What the result is grouped by besides time."""
        return tuple(name for name in self.by if name not in GRAINS)


def make_query(
    metrics: str | Sequence[str],
    by: str | Sequence[str] = (),
    *,
    since: datetime | date | None = None,
    until: datetime | date | None = None,
    timezone: str = "UTC",
    anchor_day: int = 1,
    where: Where | None = None,
    order: str | None = None,
    limit: int | None = None,
    fill: bool = True,
) -> Query:
    """A checked query. Raises ValueError, in one sentence that names what is wrong and what would be right."""
    names = _names(metrics)
    groups = _names(by)
    if not names:
        raise ValueError("No metric was asked for; give at least one, such as 'cost'.")
    for name in names:
        catalog.metric(name)
    grains = [name for name in groups if name in GRAINS]
    if len(grains) > 1:
        raise ValueError(f"Time cannot be divided by {' and '.join(grains)} at once; choose one of them.")
    for name in groups:
        if name not in GRAINS:
            catalog.dimension(name)
    if order is not None and order.lstrip("-") not in (*names, *groups):
        raise ValueError(f"The rows cannot be ordered by {order!r}, which was not asked for.")
    if limit is not None and limit < 1:
        raise ValueError(f"The limit is {limit}; it has to be at least 1.")
    zone(timezone)
    check_anchor_day(anchor_day)
    start = None if since is None else instant(since, timezone)
    end = None if until is None else instant(until, timezone)
    if start is not None and end is not None and end < start:
        raise ValueError(f"The time asked about ends ({until}) before it begins ({since}); swap them.")
    return Query(names, groups, start, end, timezone, anchor_day, filters(where), order, limit, fill)


def filters(where: Where | None) -> tuple[Filter, ...]:
    """The filters of ``{"user": "alice", "operation": ["chat"], "feature": None}`` or of a list of them, checked."""
    if where is None:
        return ()
    if isinstance(where, Mapping):
        conditions = tuple(Filter(name, _values(value)) for name, value in where.items())
    else:
        conditions = tuple(where)
    for condition in conditions:
        catalog.dimension(condition.dimension)
    return conditions


def parse_filters(texts: Sequence[str]) -> list[Filter]:
    """Filters as they are typed: ``user=alice``, ``model!=gpt-4o``, ``status=ok,error``, ``feature=`` (those without).

    A name given twice means either of its values, or with ``!=`` neither. Raises ValueError for what is no filter.
    """
    values: dict[tuple[str, bool], list[str | None]] = {}
    for text in texts:
        name, equals, chosen = text.partition("=")
        if not equals:
            raise ValueError(f"{text!r} is no filter; write it as NAME=VALUE, such as user=alice.")
        key = (name.rstrip("!").strip(), name.endswith("!"))
        values.setdefault(key, []).extend(value or None for value in chosen.split(","))
    return [Filter(name, tuple(chosen), negated) for (name, negated), chosen in values.items()]


def _values(value: Any) -> tuple[Value, ...]:
    many = isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)
    return tuple(_plain(item) for item in value) if many else (_plain(value),)


def _plain(value: Any) -> Value:
    """A value as it is compared: JSON's true and false are compared as the texts ``true`` and ``false``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, str | int):
        return value
    return str(value)


def _names(names: str | Sequence[str]) -> tuple[str, ...]:
    """One name or several as a tuple, each once."""
    listed = (names,) if isinstance(names, str) else tuple(names)
    return tuple(dict.fromkeys(listed))
