"""Runs a query: finds out what has to be read for its metrics, and computes the metrics from what was read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from math import ceil
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from llmtrack.ledger.database.replica import lag_of
from llmtrack.ledger.database.snapshot import Cancel, Snapshot, snapshot
from llmtrack.ledger.query import catalog
from llmtrack.ledger.query.executor import Executor, TooManyRows
from llmtrack.ledger.query.measures import (
    Combination,
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
from llmtrack.ledger.query.query import Query, Where, make_query, parse_order
from llmtrack.ledger.query.result import QueryResult, Row
from llmtrack.ledger.query.sql_sums import DAY_USER_SUMS, GroupKey, Sums, added_up, sums_of
from llmtrack.ledger.query.top_values import in_order, with_others

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

MAX_ROWS = 200_000
"""Generations a query may have to read before it is refused: about half a second's worth."""

__all__ = ["MAX_ROWS", "TooManyRows", "run"]


Places = tuple[int, int | None, int | None]
"""At which places of some sums those of a measure are: the sum, what is missing from it, what is present in it."""


@dataclass(slots=True)
class _Requirements:
    """What has to be read for some metrics. Sums are numbered in the order in which they are read."""

    sums: dict[Sum, int] = field(default_factory=dict)
    user_sums: dict[Sum, int] = field(default_factory=dict)
    user_means: dict[str, Measure] = field(default_factory=dict)
    """Measures of which means over users are wanted, by name; percentiles need the sums of every user."""
    user_percentiles: bool = False
    distributions: set[Distribution] = field(default_factory=set)
    distinct: set[str] = field(default_factory=set)
    feedback: bool = False
    _places: dict[str, Places] = field(default_factory=dict)

    def places(self, name: str, measure: Measure) -> Places:
        """At which places of the sums a measure is; worked out once, not for every row."""
        if name not in self._places:
            self._places[name] = _places(measure, self.sums)
        return self._places[name]

    def add(self, metric: Metric) -> None:
        formula = metric.formula
        if isinstance(formula, Measure):
            for needed in sums_of([formula]):
                self.sums.setdefault(needed, len(self.sums))
        elif isinstance(formula, Ratio):
            self.add(catalog.metric(formula.over))
            self.add(catalog.metric(formula.under))
        elif isinstance(formula, Combination):
            self.add(catalog.metric(formula.left))
            self.add(catalog.metric(formula.right))
        elif isinstance(formula, Percentile):
            self.distributions.add(formula.of)
        elif isinstance(formula, CountDistinct):
            self.distinct.add(formula.of)
        elif isinstance(formula, PerUser | UsersWith):
            of_each_user, of = _Requirements(), catalog.metric(formula.of)
            of_each_user.add(of)
            assert isinstance(of.formula, Measure)
            self.user_means[formula.of] = of.formula
            self.user_percentiles |= isinstance(formula, PerUser) and formula.q is not None
            for needed in of_each_user.sums:
                self.user_sums.setdefault(needed, len(self.user_sums))
        else:
            self.feedback = True


@dataclass(slots=True)
class _Numbers:
    """What was read, by group; of the whole query under the key ()."""

    sums: Sums = field(default_factory=dict)
    user_sums: dict[GroupKey, dict[int, list[int]]] = field(default_factory=dict)
    user_means: dict[GroupKey, list[tuple[int, int]]] | None = None
    """Of each measure of `_Requirements.user_means` the sum over users, and how many these are."""
    user_values: dict[GroupKey, list[list[int]]] = field(default_factory=dict)
    """Of each of these measures the value of every user, in order, where percentiles need them."""
    distributions: dict[Distribution, Mapping[GroupKey, Any]] = field(default_factory=dict)
    distinct: dict[str, Mapping[GroupKey, int]] = field(default_factory=dict)
    feedback: Sums = field(default_factory=dict)

    def keys(self) -> Iterable[GroupKey]:
        """Every group that has a number, with repeats."""
        for by_group in (self.sums, self.user_sums, self.user_means or {}, self.feedback):
            yield from by_group
        for mapping in (*self.distributions.values(), *self.distinct.values()):
            yield from mapping


WORTH_SAYING = 10.0
"""Seconds by which a replica is behind from which on a result says so."""


def run(ledger: Ledger, query: Query, *, max_rows: int | None = MAX_ROWS, cancel: Cancel | None = None) -> QueryResult:
    """The result of a checked query; see `llmtrack.ledger.metrics.ask`."""
    with snapshot(ledger, cancel) as view:
        if query.top is None:
            return _run(view, ledger, query, max_rows)
        return with_others(lambda part: _run(view, ledger, part, max_rows), query)


def _run(view: Snapshot, ledger: Ledger, query: Query, max_rows: int | None) -> QueryResult:
    """The result of a query, without regard to its `top`, as the ledger is in a snapshot."""
    metrics = [catalog.metric(name) for name in query.metrics]
    needs = _Requirements()
    for metric in metrics:
        needs.add(metric)
    if query.dimensions:
        # Finds all groups that there are, also those for which the metrics have no number.
        needs.sums.setdefault(Sum("generations"), len(needs.sums))
    executor = Executor(view, ledger, query, max_rows, needs.feedback)
    if ledger.replica is not None and (behind := lag_of(view.connection)) >= WORTH_SAYING:
        executor.warnings.append(f"This was read from a replica that is {round(behind)} s behind.")
    by_group, whole = _read(executor, needs)
    keys = _keys(executor, by_group)
    count = len(keys)
    keys = _first_keys(keys, query, needs, by_group)
    rows = _rows(executor, keys, metrics, needs, by_group)
    totals = Row({metric.name: _value(metric, (), needs, whole) for metric in metrics})
    ordered = in_order(rows, query.order)
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
        cut=count - len(limited),
        queries=view.queries,
    )


def _read(executor: Executor, needs: _Requirements) -> tuple[_Numbers, _Numbers]:
    """Reads what is needed: by group, and for the whole query under the key ().

    Sums of the whole are added up from the groups; what does not add up (distinct users, feedback) is read again.
    """
    by_group, whole = _Numbers(), _Numbers()
    at_once = _read_users_at_once(executor, needs, by_group, whole)
    if needs.sums:
        by_group.sums = by_group.sums or executor.sums(tuple(needs.sums))
        whole.sums = {(): _added(by_group.sums.values(), len(needs.sums))}
    if needs.user_sums and not at_once:
        _read_users(executor, needs, by_group, whole)
    for distribution in sorted(needs.distributions, key=str):
        by_group.distributions[distribution] = executor.distribution(distribution)
        merged = executor.merged(by_group.distributions[distribution])
        whole.distributions[distribution] = {} if merged is None else {(): merged}
    for of in sorted(needs.distinct - by_group.distinct.keys()):
        by_group.distinct[of] = executor.count_distinct(of)
        count = executor.count_distinct(of, grouped=False) if executor.query.by else by_group.distinct[of]
        whole.distinct[of] = {(): next(iter(count.values()), 0)}
    if needs.feedback:
        by_group.feedback = executor.feedback()
        whole.feedback = {(): _added(executor.feedback(grouped=False).values(), 2)}
    return by_group, whole


def _read_users_at_once(executor: Executor, needs: _Requirements, by_group: _Numbers, whole: _Numbers) -> bool:
    """What is taken over users, with their number and the sums by what is known of them; whether one table told it."""
    query = executor.query
    by_attribute = any(name.startswith(catalog.ATTRIBUTE) for name in query.dimensions)
    if not needs.user_means and not by_attribute:
        return False
    measures, each = tuple(needs.user_means.values()), needs.user_percentiles
    sums = tuple(needs.sums) if by_attribute and not each and DAY_USER_SUMS.keys() >= needs.sums.keys() else ()
    grouped = executor.of_users(measures, sums, each=each)
    if grouped is None:
        return False
    # Where time is not divided, nobody is in two groups: what is known of a user is the same for all of their calls.
    divided = query.grain or query.clock
    of_all = executor.of_users(measures, (), each=each, grouped=False) if divided else grouped
    assert of_all is not None
    of_all = added_up(of_all)
    by_group.sums = grouped.sums
    for numbers, read in ((by_group, grouped), (whole, of_all)):
        numbers.user_means, numbers.user_values = read.means, read.values
        if "user" in needs.distinct:
            numbers.distinct["user"] = read.users
    whole.distinct = {of: {(): next(iter(counts.values()), 0)} for of, counts in whole.distinct.items()}
    return True


def _read_users(executor: Executor, needs: _Requirements, by_group: _Numbers, whole: _Numbers) -> None:
    """What is taken over users: added up by the database where that is enough, else the sums of each of them."""
    measures = tuple(needs.user_means.values())
    if not needs.user_percentiles:
        by_group.user_means = executor.user_means(measures)
        means = executor.user_means(measures, grouped=False) if executor.query.by else by_group.user_means
        whole.user_means = {(): next(iter(means.values()))} if means else {}
    if by_group.user_means is None:
        whole.user_means = None
        by_group.user_sums = executor.user_sums(tuple(needs.user_sums))
        whole.user_sums = {(): _merged_users(by_group.user_sums.values())}


def _added(groups: Iterable[Sequence[int]], width: int) -> list[int]:
    return [sum(column) for column in zip(*groups, strict=True)] or [0] * width


def _merged_users(groups: Iterable[Mapping[int, list[int]]]) -> dict[int, list[int]]:
    users: dict[int, list[int]] = {}
    for group in groups:
        for user, values in group.items():
            users[user] = [a + b for a, b in zip(users[user], values, strict=True)] if user in users else values
    return users


def _keys(executor: Executor, numbers: _Numbers) -> list[GroupKey]:
    """The groups of the result: those with numbers and, where time is divided, every bucket of each."""
    keys = set(numbers.keys())
    buckets = range(len(executor.times.groups))
    if not executor.query.by:
        return [(0,)]
    if (executor.query.grain or executor.query.clock) and executor.query.fill:
        groups = {key[1:] for key in keys} or ({()} if not executor.query.dimensions else set())
        keys = {(bucket, *group) for bucket in buckets for group in groups}
    return list(keys)


def _first_keys(keys: list[GroupKey], query: Query, needs: _Requirements, numbers: _Numbers) -> list[GroupKey]:
    """The groups among which the first rows are, where rows are ordered by a metric and limited.

    Of many users only these get a name and a row. All of them where others are as large as the last of them.
    """
    if query.order is None or query.limit is None or query.limit >= len(keys):
        return keys
    name, descending = parse_order(query.order)
    if name not in query.metrics:
        return keys
    metric = catalog.metric(name)
    formula = metric.formula
    if isinstance(formula, Measure):  # whole nano-dollars and microseconds are in the order of dollars and seconds
        places, sums = needs.places(name, formula), numbers.sums
        values = {key: _known(sums.get(key), places) for key in keys}
    else:
        values = {key: _value(metric, key, needs, numbers) for key in keys}
    ranked = sorted((value for value in values.values() if value is not None), reverse=descending)
    if len(ranked) < query.limit:
        return keys
    last = ranked[query.limit - 1]
    return [
        key for key, value in values.items()
        if value is not None and (value >= last if descending else value <= last)
    ]  # fmt: skip


def _rows(
    executor: Executor, keys: Sequence[GroupKey], metrics: Sequence[Metric], needs: _Requirements, numbers: _Numbers
) -> list[Row]:
    """A row for each group, in the order of `by`, within it by value with "not given" last.

    There may be as many as users, so that what does not depend on the row is worked out before.
    """
    query, groups = executor.query, executor.times.groups
    texts = executor.texts([key[1:] for key in keys])
    # Where in a group's texts the value of a dimension is; None for what its group of time says.
    places = [query.dimensions.index(name) if name in query.dimensions else None for name in query.by]
    named = tuple(zip(query.by, places, strict=True))
    values_of = [(metric.name, _reader(metric, needs, numbers)) for metric in metrics]
    sortable: list[tuple[tuple[Any, ...], GroupKey]] = []
    for key in keys:
        own, order = texts[key[1:]], groups[key[0]].order  # type: ignore[call-overload]
        values = [order[name] if at is None else own[at] for name, at in named]
        sortable.append((tuple((v is None, str(type(v)), 0 if v is None else v) for v in values), key))
    sortable.sort(key=itemgetter(0))
    rows = []
    for _, key in sortable:
        own, of_time = texts[key[1:]], groups[key[0]].values  # type: ignore[call-overload]
        row = {name: of_time[name] if at is None else own[at] for name, at in named}
        for name, value_of in values_of:
            row[name] = value_of(key)
        rows.append(Row(row))
    return rows


def _reader(metric: Metric, needs: _Requirements, numbers: _Numbers) -> Callable[[GroupKey], Any]:
    """`_value` of a metric, as a function of the group."""
    formula = metric.formula
    if not isinstance(formula, Measure):
        return lambda key: _value(metric, key, needs, numbers)
    places, sums = needs.places(metric.name, formula), numbers.sums
    return lambda key: _in_unit(metric, _known(sums.get(key), places))


def _value(metric: Metric, key: GroupKey, needs: _Requirements, numbers: _Numbers) -> Any:
    """A metric of one group; None is unknown."""
    formula = metric.formula
    if isinstance(formula, Measure):
        return _in_unit(metric, _known(numbers.sums.get(key), needs.places(metric.name, formula)))
    if isinstance(formula, Ratio):
        over, under = catalog.metric(formula.over), catalog.metric(formula.under)
        return _divided(_value(over, key, needs, numbers), _value(under, key, needs, numbers))
    if isinstance(formula, Combination):
        one, other = catalog.metric(formula.left), catalog.metric(formula.right)
        return _combined(
            _value(one, key, needs, numbers), formula.operator, _value(other, key, needs, numbers),
        )  # fmt: skip
    if isinstance(formula, Percentile):
        from llmtrack.ledger.query.sql_percentiles import percentile

        return _in_unit(metric, percentile(numbers.distributions[formula.of].get(key), formula.q))
    if isinstance(formula, CountDistinct):
        return numbers.distinct[formula.of].get(key, 0)
    if isinstance(formula, PerUser | UsersWith) and numbers.user_means is not None:
        means = numbers.user_means.get(key)
        place = list(needs.user_means).index(formula.of)
        total, users = means[place] if means else (0, 0)
        if isinstance(formula, PerUser) and formula.q is not None:
            return (
                _in_unit(catalog.metric(formula.of), _ranked(numbers.user_values[key][place], formula.q))
                if users
                else None
            )
        if isinstance(formula, UsersWith):
            return users
        return _divided(_in_unit(catalog.metric(formula.of), total), users)
    if isinstance(formula, PerUser):
        return _per_user(formula, numbers.user_sums.get(key, {}), needs)
    if isinstance(formula, UsersWith):
        return len(_user_values(formula.of, numbers.user_sums.get(key, {}), needs))
    return numbers.feedback.get(key, [0, 0])[0 if formula.of == "all" else 1]


def totals_of_users(executor: Executor, measures: Mapping[str, Measure]) -> dict[str, list[Any]]:
    """For each measure the totals of all users with a name, as far as they are known, in order."""
    numbers = executor.of_users(tuple(measures.values()), (), each=True)
    if numbers is not None:
        values = numbers.values.get((0,), [[] for _ in measures])
        return {
            name: [_in_unit(catalog.metric(name), value) for value in of_users]
            for name, of_users in zip(measures, values, strict=True)
        }
    needs = _Requirements()
    for entry in sums_of(measures.values()):
        needs.user_sums.setdefault(entry, len(needs.user_sums))
    users = executor.user_sums(tuple(needs.user_sums)).get((0,), {})
    return {name: sorted(_user_values(name, users, needs)) for name in measures}


def _places(measure: Measure, sums: Mapping[Sum, int]) -> Places:
    if measure.missing and measure.present:
        return sums[measure.sum], sums[measure.missing], sums[measure.present]
    return sums[measure.sum], None, None


def _known(sums: Sequence[int] | None, places: Places) -> int | None:
    """A measure's sum; None where values are missing from it and none is known."""
    if sums is None:
        return 0
    at, missing, present = places
    if missing is not None and present is not None and sums[missing] and not sums[present]:
        return None
    return sums[at]


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
    if isinstance(over, Decimal) and not isinstance(under, Decimal):
        return over / _exact(under)
    return float(over) / float(under)


def _combined(left: Any, operator: str, right: Any) -> Any:
    """Two values added, subtracted or multiplied; of dollars and a number the result is dollars."""
    if left is None or right is None:
        return None
    if operator == "*":
        if isinstance(left, Decimal) and isinstance(right, Decimal):
            return float(left) * float(right)
        money = isinstance(left, Decimal) or isinstance(right, Decimal)
        return _exact(left) * _exact(right) if money else left * right
    return left + right if operator == "+" else left - right


def _exact(value: Any) -> Decimal | int:
    """A number that can be reckoned with dollars, which are never floats."""
    return Decimal(str(value)) if isinstance(value, float) else value


def _user_values(of: str, users: Mapping[int, Sequence[int]], needs: _Requirements) -> list[Any]:
    """The totals of a measure of all users with a name, as far as they are known."""
    metric = catalog.metric(of)
    assert isinstance(metric.formula, Measure)
    places = _places(metric.formula, needs.user_sums)
    values = [_known(sums, places) for user, sums in users.items() if user]
    return [_in_unit(metric, value) for value in values if value is not None]


def _per_user(formula: PerUser, users: Mapping[int, Sequence[int]], needs: _Requirements) -> Any:
    values = _user_values(formula.of, users, needs)
    if not values:
        return None
    if formula.q is None:
        return _divided(sum(values), len(values))
    return _ranked(sorted(values), formula.q)


def _ranked(values: Sequence[Any], q: float) -> Any:
    """The value that the share `q` of some stays at or below, of those in order: the nearest rank."""
    return values[max(1, ceil(q * len(values))) - 1]


def user_values(
    ledger: Ledger,
    metrics: Sequence[str],
    *,
    since: datetime | date | None = None,
    until: datetime | date | None = None,
    timezone: str = "UTC",
    where: Where | None = None,
    max_rows: int | None = MAX_ROWS,
    cancel: Cancel | None = None,
) -> Mapping[str, Sequence[Any]]:
    """For each metric the totals of all users with a name, as far as they are known, the smallest first.

    Raises ValueError for a metric that is not a sum, and `TooManyRows` as `ask` does.
    """
    measures: dict[str, Measure] = {}
    for name in metrics:
        formula = catalog.metric(name).formula
        if not isinstance(formula, Measure):
            raise ValueError(f"{name!r} is no sum over calls, so no user has a total of it.")
        measures[name] = formula
    query = make_query(metrics, since=since, until=until, timezone=timezone, where=where)
    with snapshot(ledger, cancel) as view:
        return totals_of_users(Executor(view, ledger, query, max_rows, False), measures)
