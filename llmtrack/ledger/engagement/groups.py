"""Two groups of users side by side: what each user adds to some rates, and how far the groups differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from llmtrack.ledger import intervals
from llmtrack.ledger.database.snapshot import Cancel, snapshot
from llmtrack.ledger.intervals import FEWEST_USERS, Interval
from llmtrack.ledger.query import catalog
from llmtrack.ledger.query.context import query_context
from llmtrack.ledger.query.executor import Executor
from llmtrack.ledger.query.measures import Measure, Sum, Unit
from llmtrack.ledger.query.names import texts_of
from llmtrack.ledger.query.query import Filter, Where, filters, make_query
from llmtrack.ledger.query.runner import MAX_ROWS

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

_MONEY, _TIME = 1e9, 1e6


@dataclass(frozen=True, slots=True)
class Rate:
    """One sum over users divided by another; without the second, by the number of users."""

    name: str
    title: str
    unit: Unit
    over: str
    under: str | None
    scale: float = 1


RATES = (
    Rate("calls", "Calls per user", "number", "generations", None),
    Rate("cost_per_user", "Cost per user", "usd", "cost", None, _MONEY),
    Rate("cost_per_call", "Cost per call", "usd", "cost", "priced", _MONEY),
    Rate("tokens", "Tokens per call", "tokens", "total_tokens", "input_known"),
    Rate("duration", "Time of an answer, mean", "seconds", "answer_duration", "timed_answers", _TIME),
    Rate("first_token", "First token, mean", "seconds", "total_time_to_first_token", "first_tokens", _TIME),
    Rate("errors", "Failed calls", "ratio", "errors", "generations"),
    Rate("good", "Good answers", "ratio", "good", "judged"),
)
"""What two groups are compared by."""
_MEASURES = tuple(
    dict.fromkeys(
        name for rate in RATES for name in (rate.over, rate.under) if name is not None and name in catalog.METRICS
    )
)
JUDGEMENTS = ("good", "judged")
UserSums = Mapping[int, Mapping[str, int]]
"""What each user adds, by the number of the user: the measures of `RATES`, in nano-dollars and microseconds."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A rate of two groups; a value is None where nothing is known, the difference where too few users are."""

    rate: Rate
    one: float | None
    other: float | None
    difference: Interval | None
    users: tuple[int, int]
    """How many users of each group the rate is about: those with a call, or a judgement."""

    @property
    def too_few(self) -> bool:
        """Whether either group is too small to say anything about others."""
        return min(self.users) < FEWEST_USERS


def sums_per_user(
    ledger: Ledger,
    *,
    since: datetime | date | None = None,
    until: datetime | date | None = None,
    timezone: str = "UTC",
    where: Where | None = None,
    among: Collection[int] | None = None,
    max_rows: int | None = MAX_ROWS,
    cancel: Cancel | None = None,
) -> UserSums:
    """What each user adds to the rates with the calls the filters let through. Raises `TooManyRows` as `ask` does.

    With `among` only these users are read, by their numbers. Judgements count for the user of the interaction, by when
    they were given.
    """
    query = make_query("generations_per_user", since=since, until=until, timezone=timezone, where=where)
    wanted: dict[Sum, str] = {}
    for name in _MEASURES:
        formula = catalog.METRICS[name].formula
        assert isinstance(formula, Measure)
        wanted[formula.sum] = name
    with snapshot(ledger, cancel) as view:
        if among is not None:
            names = texts_of(view, "user", among).values()
            query = replace(query, where=(*query.where, Filter("user", tuple(names))))
        executor = Executor(view, ledger, query, max_rows, False)
        by_user = executor.user_sums(tuple(wanted)).get((0,), {})
    sums: dict[int, dict[str, int]] = {
        user: dict(zip(wanted.values(), values, strict=True)) for user, values in by_user.items() if user
    }
    for user, judged, good in _judgements(ledger, since, until, timezone, where, cancel):
        if among is not None and user not in among:
            continue
        sums.setdefault(user, dict.fromkeys(_MEASURES, 0)).update(judged=judged, good=good)
    return sums


def users_by_value(
    ledger: Ledger,
    dimension: str,
    *,
    since: datetime | date | None = None,
    until: datetime | date | None = None,
    timezone: str = "UTC",
    where: Where | None = None,
    max_rows: int | None = MAX_ROWS,
    cancel: Cancel | None = None,
) -> Mapping[str | None, set[int]]:
    """The users who have calls with each value of a dimension, such as a feature, by their numbers."""
    query = make_query("users", [dimension], since=since, until=until, timezone=timezone, where=where)
    with snapshot(ledger, cancel) as view:
        executor = Executor(view, ledger, query, max_rows, False)
        by_group = executor.users()
        texts = executor.texts([key[1:] for key in by_group])
    return {texts[key[1:]][0]: users for key, users in by_group.items()}


def calls_by_value(
    ledger: Ledger,
    dimension: str,
    *,
    since: datetime | date | None = None,
    until: datetime | date | None = None,
    timezone: str = "UTC",
    where: Where | None = None,
    max_rows: int | None = MAX_ROWS,
    cancel: Cancel | None = None,
) -> Mapping[str | None, int]:
    """How many calls with each value of a dimension are users': those of all less those of nobody."""
    everybody = filters(where)
    calls: Counter[str | None] = Counter()
    with snapshot(ledger, cancel) as view:
        for sign, conditions in ((1, everybody), (-1, (*everybody, Filter("user", (None,))))):
            query = make_query(
                "generations", [dimension], since=since, until=until, timezone=timezone, where=conditions
            )
            executor = Executor(view, ledger, query, max_rows, False)
            by_group = executor.sums((Sum("generations"),))
            texts = executor.texts([key[1:] for key in by_group])
            for key, (count,) in by_group.items():
                calls[texts[key[1:]][0]] += sign * count
    return calls


def chosen(sums: UserSums, users: Iterable[int]) -> UserSums:
    """Those of these users who are among the sums."""
    return {user: sums[user] for user in users if user in sums}


def compare(one: UserSums, other: UserSums, rates: Sequence[Rate] = RATES) -> list[Comparison]:
    """Each rate of two groups with the difference, first less second, and its 95 % interval over users."""
    return [_compared(rate, one, other) for rate in rates]


def _compared(rate: Rate, one: UserSums, other: UserSums) -> Comparison:
    first, second = _by_user(rate, one), _by_user(rate, other)
    users = (len(first), len(second))
    enough = min(users) >= FEWEST_USERS
    return Comparison(
        rate, _value(first), _value(second), intervals.difference_of_ratios(first, second) if enough else None, users
    )


def _by_user(rate: Rate, sums: UserSums) -> dict[int, tuple[float, float]]:
    """What each user the rate is about adds above and below its line."""
    pairs = {
        user: (values.get(rate.over, 0) / rate.scale, float(values.get(rate.under, 0) if rate.under else 1))
        for user, values in sums.items()
    }
    return {user: pair for user, pair in pairs.items() if pair[1]}


def _value(pairs: Mapping[int, tuple[float, float]]) -> float | None:
    below = sum(under for _, under in pairs.values())
    return sum(over for over, _ in pairs.values()) / below if below else None


def _judgements(
    ledger: Ledger,
    since: datetime | date | None,
    until: datetime | date | None,
    timezone: str,
    where: Where | None,
    cancel: Cancel | None,
) -> list[tuple[int, int, int]]:
    """User, judgements and good ones, of interactions that have a call the filters let through."""
    with query_context(ledger, since, until, timezone, where, cancel) as context:
        builder = context.builder
        joined = " JOIN generation AS g ON g.trace = f.trace" if builder.clauses else ""
        condition = builder.where("g", rows=True)
        sql = (
            "SELECT who, COUNT(*), SUM(CASE WHEN score > 0 THEN 1 ELSE 0 END) FROM (SELECT DISTINCT f.trace, "
            f"f.app_user AS judge, f.score, {builder.user_key('t')} AS who FROM feedback AS f "
            f"JOIN trace AS t ON t.id = f.trace{joined} "
            f"WHERE f.at >= {context.since} AND f.at < {context.until}{condition.text}) AS judged "
            "WHERE who IS NOT NULL GROUP BY who"
        )
        return [(int(who), int(n), int(good)) for who, n, good in context.snapshot.rows(sql, condition.values)]
