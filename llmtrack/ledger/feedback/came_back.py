"""What users did after a good, a bad and a failed answer: whether they came back within some days.

What is counted are days of users, not answers: somebody with forty failures on one day left or stayed once. Coming back
is a call on a later day, at most `DAYS` after it; going on the same day says little, since people try again at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from llmtrack.ids import first_at
from llmtrack.ledger import intervals
from llmtrack.ledger.database.snapshot import Cancel
from llmtrack.ledger.feedback.judgements import judgements
from llmtrack.ledger.intervals import Interval
from llmtrack.ledger.periods import DAY, edges_of
from llmtrack.ledger.query.context import QueryContext, query_context
from llmtrack.ledger.query.planner import Slice
from llmtrack.ledger.query.query import Where
from llmtrack.ledger.query.sql_distinct import PRESENT, day_spans
from llmtrack.ledger.query.sql_filters import Sql
from llmtrack.ledger.query.sql_sums import spans
from llmtrack.ledger.schema.rollups import QUARTER
from llmtrack.statuses import Status

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

DAYS = 7
KINDS = ("good", "bad", "failed")


@dataclass(frozen=True, slots=True)
class Returns:
    """Of the days on which a user had such an answer, after how many they came back."""

    kind: str
    """``good``, ``bad`` (both judged by somebody) or ``failed`` (the call ended in an error)."""
    times: int
    back: int

    @property
    def share(self) -> Interval | None:
        """The share with its 95 % interval (Wilson's); None of no days."""
        return intervals.share(self.back, self.times)


def returns(
    ledger: Ledger,
    *,
    since: datetime | date | None = None,
    until: datetime | date | None = None,
    timezone: str = "UTC",
    where: Where | None = None,
    now: int,
    cancel: Cancel | None = None,
) -> list[Returns]:
    """Each of `KINDS`, over the days of the time after which `DAYS` days have passed whole before `now`.

    `now` is microseconds since 1970. The filters say which answers count; coming back is any call at all. Days whose
    rows are deleted are left out.
    """
    with query_context(ledger, since, until, timezone, where, cancel) as context:
        days = _days(context, now)
        if not days:
            return [Returns(kind, 0, 0) for kind in KINDS]
        counted = _count(context, days)
    return [Returns(kind, *counted.get(kind, (0, 0))) for kind in KINDS]


def _days(context: QueryContext, now: int) -> list[tuple[int, int, int, int]]:
    """Each day that counts: what of it does from when to when, its end, and the end of the days for coming back."""
    if context.extent is None:
        return []
    begin = max(context.since, context.extent.first, context.extent.sealed_until)
    end = min(context.until, now)
    if begin >= end:
        return []
    edges = edges_of(begin, end + (DAYS + 2) * DAY, "day", context.timezone)
    days = []
    for place, (start, stop) in enumerate(pairwise(edges)):
        if start >= end or place + DAYS + 1 >= len(edges) or edges[place + DAYS + 1] > now:
            break
        days.append((max(start, begin), min(stop, context.until), stop, edges[place + DAYS + 1]))
    return days


def _count(context: QueryContext, days: Sequence[tuple[int, int, int, int]]) -> Mapping[str, tuple[int, int]]:
    judged, failed = _judged(context), _failed(context, days)
    rows = [(number, start, end) for number, (start, end, _, _) in enumerate(days)]
    # Who called when is known to the quarter of an hour, where days of every time zone begin.
    later = day_spans([Slice(n, after // QUARTER, limit // QUARTER) for n, (_, _, after, limit) in enumerate(days)])
    key = context.builder.user_key("c")
    called = (
        f"SELECT 1 FROM span CROSS JOIN rollup_day_user AS r WHERE span.k = had.k AND r.app_user {{}} AND {PRESENT}"
    )
    back = f"EXISTS ({called.format('= had.who')})"
    if context.names.aliases:  # the other ids of the same person count too
        others = "IN (SELECT a.app_user FROM user_alias AS a WHERE a.target = had.who)"
        back += f" OR EXISTS ({called.format(others)})"
    sql = (
        f"WITH day(k, a, e) AS ({spans(rows)}), span(k, a, b, am, pm) AS ({spans(later)}), "
        f"had AS MATERIALIZED (SELECT DISTINCT c.kind, {key} AS who, day.k AS k "
        f"FROM ({judged.text} UNION ALL {failed.text}) AS c "
        "JOIN day ON c.at >= day.a AND c.at < day.e WHERE c.app_user IS NOT NULL) "
        f"SELECT had.kind, COUNT(*), SUM(CASE WHEN {back} THEN 1 ELSE 0 END) FROM had GROUP BY had.kind"
    )
    rows_read = context.snapshot.rows(sql, (*judged.values, *failed.values))
    return {kind: (int(times), int(back)) for kind, times, back in rows_read}


def _judged(context: QueryContext) -> Sql:
    source = judgements(context)
    kind = "CASE WHEN score > 0 THEN 'good' ELSE 'bad' END"
    return Sql(f"SELECT {kind} AS kind, who AS app_user, at FROM ({source.text}) AS judged", source.values)


def _failed(context: QueryContext, days: Sequence[tuple[int, int, int, int]]) -> Sql:
    """Failed calls. `rollup_day_user` says which users had any on which UTC day; only their rows are read."""
    builder = context.builder
    error = builder.names.id("status", Status.ERROR)
    where = builder.where("g", rows=True)
    low, high = days[0][0], days[-1][1]
    a_day = DAY << 12
    at = f"(g.id >> 12) + {-(first_at(0) >> 12)}"
    return Sql(
        f"SELECT 'failed' AS kind, g.app_user, {at} AS at FROM rollup_day_user AS r CROSS JOIN generation AS g "
        f"WHERE r.slot >= {low // DAY} AND r.slot <= {high // DAY} AND r.errors > 0 AND r.app_user <> 0 "
        f"AND g.app_user = r.app_user AND g.id >= r.slot * {a_day} + {first_at(0)} "
        f"AND g.id < (r.slot + 1) * {a_day} + {first_at(0)} "
        f"AND g.id >= {first_at(low)} AND g.id < {first_at(high)} AND g.status = {error}{where.text}",
        where.values,
    )
