"""In which of some periods each user made a call, read as one number of bits for each user.

Retention, new, returning and lost users all follow from these bits, without reading anything again: bit 0 says whether
the user made a call before the first period, bit n whether they made one in the n-th.

Without filters the quarter-hours of `rollup_day_user` tell it for any time zone. Under filters it is read from
`rollup_user_day` and, where a period cuts a UTC day, from that day's rows; what no rollup knows is read from rows.
Either way the database returns one row for each user, however many calls they made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from llmtrack.ids import first_at
from llmtrack.ledger.database.snapshot import Cancel
from llmtrack.ledger.periods import DAY, Period, buckets, from_micros
from llmtrack.ledger.query.context import QueryContext, query_context
from llmtrack.ledger.query.executor import TooManyRows
from llmtrack.ledger.query.planner import TOTALS, Slice, choose_family, plan_scans, plan_sealed, why_rows
from llmtrack.ledger.query.query import Where
from llmtrack.ledger.query.runner import MAX_ROWS
from llmtrack.ledger.query.sql_distinct import rows_within
from llmtrack.ledger.query.sql_filters import Sql
from llmtrack.ledger.query.sql_sums import spans, within
from llmtrack.ledger.schema.rollups import QUARTER

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

MOST_PERIODS = 61
"""As many bits, and one for before, as a sum of them may have in a signed integer of 64."""
_QUARTERS, _HALF = 96, 48
_NAMED = "app_user IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Presence:
    """Who made a call when."""

    periods: Sequence[Period]
    users: Mapping[int, int]
    """By the number of a user (`app_user.id`): bit 0 for a call before the first period, bit n for one in the n-th."""
    read: str
    """Where it was read, for people who ask why it took long."""
    warnings: tuple[str, ...] = ()

    def bit(self, period: int) -> int:
        """The bit of a period, counted from 0."""
        return 1 << (period + 1)


def presence(
    ledger: Ledger,
    grain: str,
    *,
    since: datetime | date | None,
    until: datetime | date | None,
    timezone: str = "UTC",
    where: Where | None = None,
    max_rows: int | None = MAX_ROWS,
    cancel: Cancel | None = None,
) -> Presence:
    """In which of the `grain`s (``day``, ``week``, ``month``) of a time each user made a call the filters let through.

    The first and the last period are whole, though the time may cut them. Raises ValueError for more than
    `MOST_PERIODS`, and `TooManyRows` where more calls would have to be read one by one.
    """
    with query_context(ledger, since, until, timezone, where, cancel) as context:
        periods = buckets(context.since, context.until, grain, timezone)
        if len(periods) > MOST_PERIODS:
            raise ValueError(
                f"{len(periods)} {grain}s are more than the {MOST_PERIODS} that can be told at once; "
                "choose a shorter time or longer periods."
            )
        if context.extent is None or not periods:
            return Presence(periods, {}, "nothing to read")
        return _Reading(context, periods, max_rows).presence()


class _Reading:
    def __init__(self, context: QueryContext, periods: Sequence[Period], max_rows: int | None) -> None:
        assert context.extent is not None
        self._context = context
        self._builder = context.builder
        self._extent = context.extent
        self._periods = periods
        self._max_rows = max_rows
        self._read: list[str] = []
        self._warnings: list[str] = []

    def presence(self) -> Presence:
        sources = self._sources()
        before = self._before()
        if not sources:
            return Presence(self._periods, {}, "; ".join(self._read), tuple(self._warnings))
        union = " UNION ALL ".join(f"SELECT * FROM ({source.text}) AS p{n}" for n, source in enumerate(sources))
        sql = f"SELECT who, SUM(DISTINCT k), {before.text} FROM ({union}) AS found GROUP BY who"
        values = (*before.values, *(value for source in sources for value in source.values))
        users: dict[int, int] = {}
        aliases = self._context.names.aliases
        for who, bits, earlier in self._context.snapshot.rows(sql, values):
            user = aliases.get(who, who)  # several ids of one person are one user
            users[user] = users.get(user, 0) | int(bits) | bool(earlier)
        users = {user: bits for user, bits in users.items() if bits > 1}
        return Presence(self._periods, users, "; ".join(self._read), tuple(self._warnings))

    def _spans(self) -> list[tuple[int, int, int]]:
        return [(1 << (number + 1), period.start, period.end) for number, period in enumerate(self._periods)]

    def _sources(self) -> list[Sql]:
        """Pairs of a period's bit and a user."""
        aligned = all(not edge % QUARTER for period in self._periods for edge in (period.start, period.end))
        if aligned and not self._builder.clauses:
            return [self._of_quarters()]
        needed = self._builder.columns | {"app_user"}
        family = choose_family(TOTALS, needed, self._builder.selective_columns)
        scans, rest = plan_scans(self._spans(), family.complete if family else (), self._extent)
        sealed, rows = plan_sealed(rest, family.rollups if family else (), self._extent)
        self._warn(rest, bool(family))
        sources = []
        where = self._builder.where("r", rows=False)
        for scan in (*scans, *sealed):
            slots = [(span.bucket, span.start, span.end) for span in scan.slices]
            sql = (
                f"WITH span(k, a, b) AS ({spans(slots)}) SELECT DISTINCT span.k AS k, r.app_user AS who "
                f"FROM span CROSS JOIN {scan.rollup.table} AS r "
                f"WHERE r.slot >= span.a AND r.slot < span.b AND r.generations > 0 AND r.app_user <> 0{where.text}"
            )
            sources.append(Sql(sql, where.values))
            self._read.append(str(scan))
        if rows:
            sources.append(self._of_rows(rows, why_rows(TOTALS, needed)))
        return sources

    def _of_quarters(self) -> Sql:
        days = [(bit, *cut) for bit, start, end in self._spans() for cut in day_cuts(start // QUARTER, end // QUARTER)]
        start = self._periods[0].start // QUARTER
        if start % _QUARTERS:  # what comes before the first period on its own UTC day
            midnight = start - start % _QUARTERS
            days += [(1, *cut) for cut in day_cuts(midnight, start)]
        self._read.append("rollup_day_user")
        return Sql(
            f"WITH span(k, a, b, am, pm) AS ({spans(days)}) SELECT span.k AS k, r.app_user AS who "
            "FROM span CROSS JOIN rollup_day_user AS r WHERE r.slot >= span.a AND r.slot < span.b "
            "AND ((r.quarters_am & span.am) <> 0 OR (r.quarters_pm & span.pm) <> 0) AND r.app_user <> 0"
        )

    def _of_rows(self, rows: Sequence[Slice], why: str) -> Sql:
        self._allow(rows, why)
        where = self._builder.where("g", rows=True)
        ids = [(span.bucket, first_at(span.start), first_at(span.end)) for span in rows]
        sql = (
            f"WITH span(k, a, b) AS ({spans(ids)}) SELECT DISTINCT span.k AS k, g.app_user AS who "
            f"FROM span CROSS JOIN generation AS g WHERE {within(self._context.snapshot.dialect, rows)} "
            f"AND g.{_NAMED}{where.text}"
        )
        return Sql(sql, where.values)

    def _before(self) -> Sql:
        """Whether a user (`who`) made a call before the first period: looked up for each of them, not read for all."""
        start = self._periods[0].start
        tests: list[Sql] = []
        needed = self._builder.columns | {"app_user"}
        if needed <= TOTALS[-1].dimensions:
            where = self._builder.where("e", rows=False)
            tests.append(
                Sql(
                    "EXISTS (SELECT 1 FROM rollup_user_day AS e WHERE e.app_user = found.who "
                    f"AND e.slot < {start // DAY} AND e.generations > 0{where.text})",
                    where.values,
                )
            )
            low = start - start % DAY
        else:
            low = self._extent.first
            self._allow([Slice(0, low, start)] if low < start else [], why_rows(TOTALS, needed))
        if low < start:
            where = self._builder.where("e", rows=True)
            tests.append(
                Sql(
                    "found.who IN (SELECT e.app_user FROM generation AS e WHERE e.app_user IS NOT NULL "
                    f"AND e.id >= {first_at(low)} AND e.id < {first_at(start)}{where.text})",
                    where.values,
                )
            )
        either = " OR ".join(test.text for test in tests) or "1 = 0"
        return Sql(f"CASE WHEN {either} THEN 1 ELSE 0 END", tuple(v for test in tests for v in test.values))

    def _allow(self, rows: Sequence[Slice], why: str) -> None:
        if not rows:
            return
        count = rows_within(self._context.snapshot, self._builder, rows)
        if self._max_rows is not None and count > self._max_rows:
            raise TooManyRows(count, self._max_rows, why)
        self._read.append(f"at most {count:,} rows")

    def _warn(self, rows: Sequence[Slice], in_rollups: bool) -> None:
        edge = self._extent.sealed_until
        if in_rollups or all(span.start >= edge for span in rows):
            return
        until = from_micros(edge).date()
        self._warnings.append(f"Calls before {until} are not counted in all of this: their rows are deleted.")


def day_cuts(start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Quarter-hours from `start` to before `end` as days: first, the one after the last, and the bits of two halves."""
    at = start
    while at < end:
        day = at // _QUARTERS
        if at % _QUARTERS == 0 and end - at >= _QUARTERS:
            last = end // _QUARTERS
            yield day, last, *_bits(0, _QUARTERS)
            at = last * _QUARTERS
            continue
        stop = min(end, (day + 1) * _QUARTERS)
        yield day, day + 1, *_bits(at - day * _QUARTERS, stop - day * _QUARTERS)
        at = stop


def _bits(low: int, high: int) -> tuple[int, int]:
    bits = (1 << high) - (1 << low)
    return bits & ((1 << _HALF) - 1), bits >> _HALF
