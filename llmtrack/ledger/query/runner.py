"""Runs a query: finds out what has to be read for its metrics, and computes the metrics from what was read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil
from typing import TYPE_CHECKING, Any

from llmtrack.ledger.database.snapshot import Cancel, snapshot
from llmtrack.ledger.query import catalog
from llmtrack.ledger.query.executor import Executor, TooManyRows
from llmtrack.ledger.query.measures import (
    CountDistinct,
    Distribution,
    Measure,
    Metric,
    Percentile,
    PerUser,
    Ratio,
    Sum,
    UsersWith,
)
from llmtrack.ledger.query.query import Query
from llmtrack.ledger.query.result import QueryResult, Row
from llmtrack.ledger.query.sql_sums import GroupKey, Sums

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

MAX_ROWS = 200_000
"""Generations a query may have to read before it is refused: about half a second's worth."""

__all__ = ["MAX_ROWS", "TooManyRows", "run"]


@dataclass(slots=True)
class _Requirements:
    """What has to be read for some metrics. Sums are numbered in the order in which they are read."""

    sums: dict[Sum, int] = field(default_factory=dict)
    user_sums: dict[Sum, int] = field(default_factory=dict)
    distributions: set[Distribution] = field(default_factory=set)
    distinct: set[str] = field(default_factory=set)
    feedback: bool = False

    def add(self, metric: Metric) -> None:
        formula = metric.formula
        if isinstance(formula, Measure):
            for needed in (formula.sum, formula.missing, formula.present):
                if needed is not None:
                    self.sums.setdefault(needed, len(self.sums))
        elif isinstance(formula, Ratio):
            self.add(catalog.metric(formula.over))
            self.add(catalog.metric(formula.under))
        elif isinstance(formula, Percentile):
            self.distributions.add(formula.of)
        elif isinstance(formula, CountDistinct):
            self.distinct.add(formula.of)
        elif isinstance(formula, PerUser | UsersWith):
            of_each_user = _Requirements()
            of_each_user.add(catalog.metric(formula.of))
            for needed in of_each_user.sums:
                self.user_sums.setdefault(needed, len(self.user_sums))
        else:
            self.feedback = True


@dataclass(slots=True)
class _Numbers:
    """What was read, by group; of the whole query under the key ()."""

    sums: Sums = field(default_factory=dict)
    user_sums: dict[GroupKey, dict[int, list[int]]] = field(default_factory=dict)
    distributions: dict[Distribution, Mapping[GroupKey, Any]] = field(default_factory=dict)
    distinct: dict[str, Mapping[GroupKey, int]] = field(default_factory=dict)
    feedback: Sums = field(default_factory=dict)

    def keys(self) -> Iterable[GroupKey]:
        """Every group that has a number, with repeats."""
        for by_group in (self.sums, self.user_sums, self.feedback):
            yield from by_group
        for mapping in (*self.distributions.values(), *self.distinct.values()):
            yield from mapping


def run(ledger: Ledger, query: Query, *, max_rows: int | None = MAX_ROWS, cancel: Cancel | None = None) -> QueryResult:
    """The result of a checked query; see `llmtrack.ledger.metrics.ask`."""
    metrics = [catalog.metric(name) for name in query.metrics]
    needs = _Requirements()
    for metric in metrics:
        needs.add(metric)
    if query.dimensions:
        # Finds all groups that there are, also those for which the metrics have no number.
        needs.sums.setdefault(Sum("generations"), len(needs.sums))
    with snapshot(ledger, cancel) as view:
        executor = Executor(view, ledger, query, max_rows, needs.feedback)
        by_group, whole = _read(executor, needs)
        keys = _keys(executor, by_group)
        texts = executor.texts([key[1:] for key in keys])
        keys.sort(key=lambda key: _sort_key(query, key, texts[key[1:]]))
        rows = [_row(executor, key, texts[key[1:]], metrics, needs, by_group) for key in keys]
        totals = Row({metric.name: _value(metric, (), needs, whole) for metric in metrics})
        ordered = _ordered(rows, query)
        limited = ordered[: query.limit] if query.limit else ordered
        return QueryResult(
            rows=limited,
            totals=totals,
            by=query.by,
            units={metric.name: metric.unit for metric in metrics},
            period=executor.period,
            timezone=query.timezone,
            explain=executor.explain(),
            warnings=tuple(executor.warnings),
            additive=frozenset(metric.name for metric in metrics if metric.additive),
            cut=len(ordered) - len(limited),
            queries=view.queries,
        )


def _read(executor: Executor, needs: _Requirements) -> tuple[_Numbers, _Numbers]:
    """Reads what is needed: by group, and for the whole query under the key ().

    Sums of the whole are added up from the groups; what does not add up (distinct users, feedback) is read again.
    """
    by_group, whole = _Numbers(), _Numbers()
    if needs.sums:
        by_group.sums = executor.sums(tuple(needs.sums))
        whole.sums = {(): _added(by_group.sums.values(), len(needs.sums))}
    if needs.user_sums:
        by_group.user_sums = executor.user_sums(tuple(needs.user_sums))
        whole.user_sums = {(): _merged_users(by_group.user_sums.values())}
    for distribution in sorted(needs.distributions, key=str):
        by_group.distributions[distribution] = executor.distribution(distribution)
        merged = executor.merged(by_group.distributions[distribution])
        whole.distributions[distribution] = {} if merged is None else {(): merged}
    for of in sorted(needs.distinct):
        by_group.distinct[of] = executor.count_distinct(of)
        count = executor.count_distinct(of, grouped=False) if executor.query.by else by_group.distinct[of]
        whole.distinct[of] = {(): next(iter(count.values()), 0)}
    if needs.feedback:
        by_group.feedback = executor.feedback()
        whole.feedback = {(): _added(executor.feedback(grouped=False).values(), 2)}
    return by_group, whole


def _added(groups: Iterable[Sequence[int]], width: int) -> list[int]:
    total = [0] * width
    for values in groups:
        for at, value in enumerate(values):
            total[at] += value
    return total


def _merged_users(groups: Iterable[Mapping[int, list[int]]]) -> dict[int, list[int]]:
    users: dict[int, list[int]] = {}
    for group in groups:
        for user, values in group.items():
            users[user] = [a + b for a, b in zip(users[user], values, strict=True)] if user in users else values
    return users


def _keys(executor: Executor, numbers: _Numbers) -> list[GroupKey]:
    """The groups of the result: those with numbers and, where time is divided, every bucket of each."""
    keys = set(numbers.keys())
    buckets = range(len(executor.buckets))
    if not executor.query.by:
        return [(0,)]
    if executor.query.grain and executor.query.fill:
        groups = {key[1:] for key in keys} or ({()} if not executor.query.dimensions else set())
        keys = {(bucket, *group) for bucket in buckets for group in groups}
    return list(keys)


def _sort_key(query: Query, key: GroupKey, texts: Sequence[Any]) -> tuple[Any, ...]:
    """Sorts groups in the order of `by`; within it by value, with "not given" last."""
    rest = iter(texts)
    values = [key[0] if name == query.grain else next(rest) for name in query.by]
    return tuple((value is None, str(type(value)), value if value is not None else 0) for value in values)


def _row(
    executor: Executor,
    key: GroupKey,
    texts: tuple[Any, ...],
    metrics: Sequence[Metric],
    needs: _Requirements,
    numbers: _Numbers,
) -> Row:
    values: dict[str, Any] = {}
    rest = iter(texts)
    for name in executor.query.by:
        values[name] = executor.buckets[int(str(key[0]))].since if name == executor.query.grain else next(rest)
    for metric in metrics:
        values[metric.name] = _value(metric, key, needs, numbers)
    return Row(values)


def _value(metric: Metric, key: GroupKey, needs: _Requirements, numbers: _Numbers) -> Any:
    """A metric of one group; None is unknown."""
    formula = metric.formula
    if isinstance(formula, Measure):
        return _measured(metric, formula, numbers.sums.get(key), needs.sums)
    if isinstance(formula, Ratio):
        over, under = catalog.metric(formula.over), catalog.metric(formula.under)
        return _divided(_value(over, key, needs, numbers), _value(under, key, needs, numbers))
    if isinstance(formula, Percentile):
        from llmtrack.ledger.query.sql_percentiles import percentile

        return _in_unit(metric, percentile(numbers.distributions[formula.of].get(key), formula.q))
    if isinstance(formula, CountDistinct):
        return numbers.distinct[formula.of].get(key, 0)
    if isinstance(formula, PerUser):
        return _per_user(formula, numbers.user_sums.get(key, {}), needs)
    if isinstance(formula, UsersWith):
        return len(_user_values(formula.of, numbers.user_sums.get(key, {}), needs))
    return numbers.feedback.get(key, [0, 0])[0 if formula.of == "all" else 1]


def _measured(metric: Metric, measure: Measure, sums: Sequence[int] | None, places: Mapping[Sum, int]) -> Any:
    """The measure's sum; None where values are missing from it and none is known."""
    if sums is None:
        return _in_unit(metric, 0)
    missing, present = measure.missing, measure.present
    if missing and present and sums[places[missing]] and not sums[places[present]]:
        return None
    return _in_unit(metric, sums[places[measure.sum]])


def _in_unit(metric: Metric, value: float | int | None) -> Any:
    """Nano-dollars as dollars, microseconds as seconds."""
    if value is None:
        return None
    if metric.unit == "usd":
        return Decimal(round(value)).scaleb(-9)
    return value / 1_000_000 if metric.unit == "seconds" else value


def _divided(over: Any, under: Any) -> Any:
    if over is None or under is None or not under:
        return None
    if isinstance(over, Decimal) and isinstance(under, int):
        return over / under
    return float(over) / float(under)


def _user_values(of: str, users: Mapping[int, Sequence[int]], needs: _Requirements) -> list[Any]:
    """The totals of a measure of all users with a name, as far as they are known."""
    metric = catalog.metric(of)
    assert isinstance(metric.formula, Measure)
    values = [_measured(metric, metric.formula, sums, needs.user_sums) for user, sums in users.items() if user]
    return [value for value in values if value is not None]


def _per_user(formula: PerUser, users: Mapping[int, Sequence[int]], needs: _Requirements) -> Any:
    values = _user_values(formula.of, users, needs)
    if not values:
        return None
    if formula.q is None:
        return _divided(sum(values), len(values))
    return sorted(values)[max(1, ceil(formula.q * len(values))) - 1]  # nearest rank


def _ordered(rows: list[Row], query: Query) -> list[Row]:
    """The rows in the order asked for; rows whose value is unknown come last either way."""
    if query.order is None:
        return rows
    name, descending = query.order.lstrip("-"), query.order.startswith("-")
    with_value = [row for row in rows if row[name] is not None]
    without_value = [row for row in rows if row[name] is None]
    return sorted(with_value, key=lambda row: row[name], reverse=descending) + without_value
