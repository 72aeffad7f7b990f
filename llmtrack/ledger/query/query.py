"""A checked query: which metrics, grouped by what, over which period, of which generations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from llmtrack.ledger.periods import GRAINS, check_anchor_day, instant, zone
from llmtrack.ledger.query import catalog

Value = str | int | None
Where = Mapping[str, Any] | Sequence["Filter"]
Operator = Literal["is", "contains", "above", "below"]
_NUMBERS = ("http_status", "attempts")
"""Dimensions whose values are numbers and not names."""
CLOCK = ("hour_of_day", "weekday")
"""Dimensions that clock and calendar show: they cut the time of a query, and are no columns."""
_NOT_CONTAINED = (*_NUMBERS, "streamed", *CLOCK)


@dataclass(frozen=True, slots=True)
class Filter:
    """Only generations whose `dimension` is one of `values` or, `negated`, none of them; None is "not given".

    With another `operator` than ``is`` it has one of `values` in it (``contains``; the case of ASCII letters does not
    matter), or is a number that is larger (``above``) or smaller (``below``) than one of them. What is no number, or
    not given, is neither.
    """

    dimension: str
    values: tuple[Value, ...]
    negated: bool = False
    operator: Operator = "is"


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
    top: int | tuple[Value, ...] | None = None
    """How many values of the first dimension have rows of their own, or which; the rest are one."""

    @property
    def grain(self) -> str | None:
        """The length of time the result is grouped by, if any."""
        return next((name for name in self.by if name in GRAINS), None)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """What the result is grouped by besides time."""
        return tuple(name for name in self.by if name not in GRAINS and name not in CLOCK)

    @property
    def clock(self) -> tuple[str, ...]:
        """Those of `CLOCK` that the result is grouped by."""
        return tuple(name for name in self.by if name in CLOCK)


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
    top: int | Sequence[Value] | None = None,
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
    if order is not None and parse_order(order)[0] not in (*names, *groups):
        raise ValueError(f"The rows cannot be ordered by {order!r}, which was not asked for.")
    if limit is not None and limit < 1:
        raise ValueError(f"The limit is {limit}; it has to be at least 1.")
    zone(timezone)
    check_anchor_day(anchor_day)
    start = None if since is None else instant(since, timezone)
    end = None if until is None else instant(until, timezone)
    if start is not None and end is not None and end < start:
        raise ValueError(f"The time asked about ends ({until}) before it begins ({since}); swap them.")
    query = Query(names, groups, start, end, timezone, anchor_day, filters(where), order, limit, fill)
    return query if top is None else replace(query, top=_top(top, query))


def _top(top: int | Sequence[Value], query: Query) -> int | tuple[Value, ...]:
    """How many values are kept, or which, checked."""
    if not query.dimensions:
        raise ValueError("The largest values are those of a dimension; split by one, such as 'model'.")
    if not isinstance(top, int):
        return tuple(top)
    if top < 1:
        raise ValueError(f"The number of values to keep is {top}; it has to be at least 1.")
    return top


def filters(where: Where | None) -> tuple[Filter, ...]:
    """The filters of ``{"user": "alice", "operation": ["chat"], "feature": None}`` or of a list of them, checked."""
    if where is None:
        return ()
    if isinstance(where, Mapping):
        conditions = tuple(Filter(name, _values(value)) for name, value in where.items())
    else:
        conditions = tuple(where)
    for condition in conditions:
        _check(condition)
    return conditions


def _check(condition: Filter) -> None:
    """Raises ValueError for a filter on what there is not, or that its dimension cannot have."""
    name, operator = condition.dimension, condition.operator
    catalog.dimension(name)
    if operator == "is":
        return
    if None in condition.values:
        raise ValueError(f"{operator!r} on {name!r} needs a text or a number; whether there is one, 'is' asks.")
    if operator == "contains":
        if name in _NOT_CONTAINED:
            raise ValueError(f"{name!r} holds numbers and contains no text; ask what it is, or is above or below.")
        return
    if operator not in ("above", "below"):
        raise ValueError(f"There is no filter {operator!r}; there are is, contains, above and below.")
    if name not in _NUMBERS and not name.startswith((catalog.PROPERTY, catalog.ATTRIBUTE)):
        raise ValueError(
            f"{name!r} holds names, which are not {operator} each other; "
            f"{' and '.join(_NUMBERS)}, property.<key> and user.<key> may hold numbers."
        )
    for value in condition.values:
        limit(value)


def limit(value: Value) -> Decimal:
    """The number of a filter ``above`` or ``below``. Raises ValueError for what is none."""
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ValueError(f"{value!r} is no number; write it as 12 or 0.5.")
    return number


def parse_order(order: str) -> tuple[str, bool]:
    """What an order sorts by, and whether the largest or latest come first: ``cost``, or ``-cost`` for downwards."""
    return order.removeprefix("-"), order.startswith("-")


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
