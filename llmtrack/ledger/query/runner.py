"""From a question to its answer: what has to be read for it, and how the numbers read become metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil
from typing import TYPE_CHECKING, Any

from llmtrack.ledger.database.snapshot import Cancel, snapshot
from llmtrack.ledger.query import catalog
from llmtrack.ledger.query.executor import Reader, TooManyRows
from llmtrack.ledger.query.measures import (
    AcrossUsers,
    Distinct,
    Distribution,
    Metric,
    Percentile,
    Ratio,
    Sum,
    Total,
    UsersWith,
)
from llmtrack.ledger.query.query import Question
from llmtrack.ledger.query.result import Answer, Row
from llmtrack.ledger.query.sql_sums import Key, Sums

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

MAX_ROWS = 200_000
"""Generations a question may have to read before it is refused: about half a second's worth."""

__all__ = ["MAX_ROWS", "TooManyRows", "answer"]


@dataclass(slots=True)
class _Needs:
    """What has to be read for some metrics."""

    sums: dict[Sum, int] = field(default_factory=dict)
    user_sums: dict[Sum, int] = field(default_factory=dict)
    distributions: set[Distribution] = field(default_factory=set)
    distinct: set[str] = field(default_factory=set)
    judged: bool = False

    def add(self, metric: Metric) -> None:
        formula = metric.formula
        if isinstance(formula, Total):
            for each in (formula.sum, formula.missing, formula.known):
                if each is not None:
                    self.sums.setdefault(each, len(self.sums))
        elif isinstance(formula, Ratio):
            self.add(catalog.metric(formula.over))
            self.add(catalog.metric(formula.under))
        elif isinstance(formula, Percentile):
            self.distributions.add(formula.of)
        elif isinstance(formula, Distinct):
            self.distinct.add(formula.of)
        elif isinstance(formula, AcrossUsers | UsersWith):
            within = _Needs()
            within.add(catalog.metric(formula.of))
            for each in within.sums:
                self.user_sums.setdefault(each, len(self.user_sums))
        else:
            self.judged = True


@dataclass(slots=True)
class _Found:
    """What was read: for each group of the answer, and for all of it together."""

    sums: Sums = field(default_factory=dict)
    user_sums: dict[Key, dict[int, list[int]]] = field(default_factory=dict)
    distributions: dict[Distribution, Mapping[Key, Any]] = field(default_factory=dict)
    distinct: dict[str, Mapping[Key, int]] = field(default_factory=dict)
    judged: Sums = field(default_factory=dict)

    def keys(self) -> Iterable[Key]:
        """Every group something was found for."""
        for found in (self.sums, self.user_sums, self.judged):
            yield from found
        for each in (*self.distributions.values(), *self.distinct.values()):
            yield from each


def answer(
    ledger: Ledger, question: Question, *, max_rows: int | None = MAX_ROWS, cancel: Cancel | None = None
) -> Answer:
    """Answers a checked question; see `llmtrack.ledger.metrics.ask`."""
    metrics = [catalog.metric(name) for name in question.metrics]
    needs = _Needs()
    for metric in metrics:
        needs.add(metric)
    if question.dimensions:
        # Says which groups there are, also those of which nothing else is known.
        needs.sums.setdefault(Sum("generations"), len(needs.sums))
    with snapshot(ledger, cancel) as view:
        reader = Reader(view, ledger, question, max_rows, needs.judged)
        parts, whole = _read(reader, needs)
        keys = _keys(reader, parts)
        named = reader.names([key[1:] for key in keys])
        keys.sort(key=lambda key: _place(question, key, named[key[1:]]))
        rows = [_row(reader, key, named[key[1:]], metrics, needs, parts) for key in keys]
        totals = Row({metric.name: _value(metric, (), needs, whole) for metric in metrics})
        ordered = _ordered(rows, question)
        kept = ordered[: question.limit] if question.limit else ordered
        return Answer(
            rows=kept,
            totals=totals,
            by=question.by,
            units={metric.name: metric.unit for metric in metrics},
            period=reader.period,
            timezone=question.timezone,
            explain=reader.explain(),
            remarks=tuple(reader.remarks),
            additive=frozenset(metric.name for metric in metrics if metric.additive),
            cut=len(ordered) - len(kept),
            queries=view.queries,
        )


def _read(reader: Reader, needs: _Needs) -> tuple[_Found, _Found]:
    """Reads what is needed: by the groups of the answer, and all together under the key ()."""
    parts, whole = _Found(), _Found()
    if needs.sums:
        parts.sums = reader.sums(tuple(needs.sums))
        whole.sums = {(): _added(parts.sums.values(), len(needs.sums))}
    if needs.user_sums:
        parts.user_sums = reader.user_sums(tuple(needs.user_sums))
        whole.user_sums = {(): _merged_users(parts.user_sums.values())}
    for each in sorted(needs.distributions, key=str):
        parts.distributions[each] = reader.distribution(each)
        together = reader.merged(parts.distributions[each])
        whole.distributions[each] = {} if together is None else {(): together}
    for of in sorted(needs.distinct):
        parts.distinct[of] = reader.distinct(of)
        divided = bool(reader.question.by)
        together = reader.distinct(of, divided=False) if divided else parts.distinct[of]
        whole.distinct[of] = {(): next(iter(together.values()), 0)}
    if needs.judged:
        parts.judged = reader.judged()
        whole.judged = {(): _added(reader.judged(divided=False).values(), 2)}
    return parts, whole


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


def _keys(reader: Reader, found: _Found) -> list[Key]:
    """The groups of the answer: those found and, where time is divided, the stretches nothing was found in."""
    keys = set(found.keys())
    buckets = range(len(reader.buckets))
    if not reader.question.by:
        return [(0,)]
    if reader.question.grain and reader.question.fill:
        groups = {key[1:] for key in keys} or ({()} if not reader.question.dimensions else set())
        keys = {(bucket, *group) for bucket in buckets for group in groups}
    return list(keys)


def _place(question: Question, key: Key, names: Sequence[Any]) -> tuple[Any, ...]:
    """Where a group stands among the others: in the order of `by`, what is not given last."""
    rest = iter(names)
    values = [key[0] if name == question.grain else next(rest) for name in question.by]
    return tuple((value is None, str(type(value)), value if value is not None else 0) for value in values)


def _row(
    reader: Reader, key: Key, names: tuple[Any, ...], metrics: Sequence[Metric], needs: _Needs, found: _Found
) -> Row:
    values: dict[str, Any] = {}
    rest = iter(names)
    for name in reader.question.by:
        values[name] = reader.buckets[int(str(key[0]))].since if name == reader.question.grain else next(rest)
    for metric in metrics:
        values[metric.name] = _value(metric, key, needs, found)
    return Row(values)


def _value(metric: Metric, key: Key, needs: _Needs, found: _Found) -> Any:
    """A metric of one group; None is unknown."""
    formula = metric.formula
    if isinstance(formula, Total):
        return _total(metric, formula, found.sums.get(key), needs.sums)
    if isinstance(formula, Ratio):
        over, under = catalog.metric(formula.over), catalog.metric(formula.under)
        return _divided(_value(over, key, needs, found), _value(under, key, needs, found))
    if isinstance(formula, Percentile):
        from llmtrack.ledger.query.sql_percentiles import percentile

        return _in_unit(metric, percentile(found.distributions[formula.of].get(key), formula.q))
    if isinstance(formula, Distinct):
        return found.distinct[formula.of].get(key, 0)
    if isinstance(formula, AcrossUsers):
        return _across_users(formula, found.user_sums.get(key, {}), needs)
    if isinstance(formula, UsersWith):
        return len(_user_values(formula.of, found.user_sums.get(key, {}), needs))
    return found.judged.get(key, [0, 0])[0 if formula.of == "count" else 1]


def _total(metric: Metric, formula: Total, sums: Sequence[int] | None, places: Mapping[Sum, int]) -> Any:
    if sums is None:
        return _in_unit(metric, 0)
    missing, known = formula.missing, formula.known
    if missing and known and sums[places[missing]] and not sums[places[known]]:
        return None
    return _in_unit(metric, sums[places[formula.sum]])


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


def _user_values(of: str, users: Mapping[int, Sequence[int]], needs: _Needs) -> list[Any]:
    """The totals of a metric of all users with a name, as far as they are known."""
    metric = catalog.metric(of)
    assert isinstance(metric.formula, Total)
    values = [_total(metric, metric.formula, sums, needs.user_sums) for user, sums in users.items() if user]
    return [value for value in values if value is not None]


def _across_users(formula: AcrossUsers, users: Mapping[int, Sequence[int]], needs: _Needs) -> Any:
    values = _user_values(formula.of, users, needs)
    if not values:
        return None
    if formula.q is None:
        return _divided(sum(values), len(values))
    return sorted(values)[max(1, ceil(formula.q * len(values))) - 1]


def _ordered(rows: list[Row], question: Question) -> list[Row]:
    """In the order asked for; what is unknown comes last either way."""
    if question.order is None:
        return rows
    name, down = question.order.lstrip("-"), question.order.startswith("-")
    known = [row for row in rows if row[name] is not None]
    unknown = [row for row in rows if row[name] is None]
    return sorted(known, key=lambda row: row[name], reverse=down) + unknown
