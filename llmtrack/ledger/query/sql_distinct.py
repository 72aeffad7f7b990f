"""SQL of counts that do not add up (different users, traces, sessions, judgements), and of rows before a read."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

from llmtrack.ids import first_at
from llmtrack.ledger.database.snapshot import Snapshot
from llmtrack.ledger.query.planner import TOTALS, Scan, Slice, choose_family, why_rows
from llmtrack.ledger.query.sql_filters import Sql, SqlBuilder
from llmtrack.ledger.query.sql_sums import GroupKey, Sums, id_spans, leading_values, named_keys, spans, within
from llmtrack.ledger.schema.rollups import CUBES, DAY, DAY_USER, QUARTER, SEEN, Rollup
from llmtrack.statuses import Status

Span = tuple[int, int, int]
_QUARTERS_A_DAY = 96
_HALF = 48
"""A day's 96 quarter-hours are bits of two integers, because neither database has integers of 96 bits."""
_ALL_BITS = (1 << _HALF) - 1


class Planner(Protocol):
    """Plans the scans of `rollups` and the rows to read for the query's time; see `Executor._plan`."""

    def __call__(
        self, what: str, rollups: Sequence[Rollup], finer: Sequence[Rollup], why: str
    ) -> tuple[list[Scan], list[Slice]]: ...


_QUARTERS = (Rollup("rollup_day_user", QUARTER, ("slot", "app_user")),)
"""The table's slots are days, but its bits say in which quarter-hours of a day the user sent a generation: for this
module it is a table of quarter-hours."""


def count_users(builder: SqlBuilder, plan: Planner) -> Mapping[GroupKey, int]:
    """Different users who sent a generation, by group.

    Counts do not add up: a user of two slots is one user. So every source (days of a rollup, rows) gives pairs of group
    and user, and the pairs of all sources are counted together, each once.
    """
    if builder.columns <= {"app_user"} and "app_user" not in builder.selective_columns:
        scans, rows = plan("users", _QUARTERS, _QUARTERS, "the time is cut within a quarter of an hour")
        quarters = [span for scan in scans for span in scan.slices]
        if quarters and not rows and not builder.columns:
            return _count_by_bucket(builder, quarters)
        sources = [_users_of_quarters(builder, quarters)] if quarters else []
        distinct = False
    else:
        needed = builder.columns | {"app_user"}
        family = choose_family(TOTALS, needed, builder.selective_columns)
        rollups, finer = (family.complete, family.rollups) if family else ((), ())
        if needed <= set(SEEN.key) and "app_user" not in builder.selective_columns:
            rollups = _DAYS_SEEN
        elif _counts_failed(builder):
            rollups = (DAY_USER,)
        scans, rows = plan("users", rollups, finer, why_rows(TOTALS, needed))
        sources, distinct = [source for scan in scans for source in _sources_of(builder, scan)], True
    if rows:
        sources.append(_users_of_rows(builder, rows))
    return _count(builder, sources, distinct=distinct and not rows)


def users_of(builder: SqlBuilder, plan: Planner) -> Mapping[GroupKey, set[int]]:
    """The different users who sent a generation themselves, by group."""
    family = choose_family(TOTALS, needed := builder.columns | {"app_user"}, builder.selective_columns)
    rollups, finer = (family.complete, family.rollups) if family else ((), ())
    if needed <= set(SEEN.key) and "app_user" not in builder.selective_columns:
        rollups = _DAYS_SEEN
    elif needed == {"app_user"} and "app_user" not in builder.selective_columns:
        rollups = (DAY_USER,)
    scans, rows = plan("users", rollups, finer, why_rows(TOTALS, needed))
    sources = [source for scan in scans for source in _sources_of(builder, scan)]
    if rows:
        sources.append(_users_of_rows(builder, rows))
    users: dict[GroupKey, set[int]] = {}
    for source in sources:
        for *key, user in builder.snapshot.rows(source.text, source.values):
            users.setdefault(tuple(key), set()).add(user)
    return users


_DAYS_SEEN = (Rollup(SEEN.table, DAY, ("slot", *(column for column in SEEN.key if column != "slot"))),)
"""`rollup_seen`, whose slots are months, but whose bits say on which days a user was seen: a table of days, that is."""


def _counts_failed(builder: SqlBuilder) -> bool:
    """Whether it is users of failed calls that are counted, and nothing else is asked of the calls."""
    if builder.dimensions or len(builder.clauses) != 1:
        return False
    (clause,) = builder.clauses
    failed = (builder.names.id("status", Status.ERROR.value),)
    return clause.column == "status" and clause.is_selective and clause.ids == failed


def _users_failed(builder: SqlBuilder, scan: Scan) -> Sql:
    """Pairs of group and user with a failed call, from `rollup_day_user`."""
    slots = [(span.bucket, span.start, span.end) for span in scan.slices]
    return Sql(
        f"WITH span(k, a, b) AS ({spans(slots)}) SELECT DISTINCT span.k AS c0, {builder.user_key('r')} AS who "
        f"FROM span CROSS JOIN {DAY_USER.table} AS r "
        "WHERE r.slot >= span.a AND r.slot < span.b AND r.errors > 0 AND r.app_user <> 0"
    )


def _sources_of(builder: SqlBuilder, scan: Scan) -> list[Sql]:
    """Pairs of group and user, from the slices of one rollup."""
    if scan.rollup is DAY_USER and _counts_failed(builder):
        return [_users_failed(builder, scan)]
    if scan.rollup.table != SEEN.table:
        return [_users_of_rollup(builder, scan)]
    sources = [_users_of_months(builder, scan.slices)]
    # What is pending is not in `rollup_seen`: its model may yet be another.
    pending = builder.names.id("status", Status.PENDING.value)
    slots = [(span.bucket, span.start, span.end) for span in scan.slices]
    days = builder.snapshot.rows(
        f"WITH span(k, a, b) AS ({spans(slots)}) SELECT DISTINCT span.k, r.slot FROM span CROSS JOIN rollup_day AS r "
        f"WHERE r.slot >= span.a AND r.slot < span.b AND r.status = {pending} AND r.generations > 0"
    )
    if days:
        some = Scan(_USER_DAY, tuple(Slice(int(bucket), int(day), int(day) + 1) for bucket, day in days))
        sources.append(_users_of_rollup(builder, some, f" AND r.status = {pending}"))
    return sources


_USER_DAY = next(rollup for rollup in CUBES if rollup.table == "rollup_user_day")


def _users_of_months(builder: SqlBuilder, days: Sequence[Slice]) -> Sql:
    """Pairs of group and user, from `rollup_seen`."""
    keys, where = named_keys(builder, "r", rows=False), builder.where("r", rows=False)
    sql = (
        f"WITH span(k, a, bits) AS ({spans(_month_spans(days))}) "
        f"SELECT DISTINCT span.k AS c0{keys.text}, {builder.user_key('r')} AS who "
        f"FROM span CROSS JOIN {SEEN.table} AS r{builder.joins('r')} "
        f"WHERE r.slot = span.a AND (r.days & span.bits) <> 0 AND r.app_user <> 0{where.text}"
    )
    return Sql(sql, (*keys.values, *where.values))


def _month_spans(days: Sequence[Slice]) -> list[tuple[int, int, int]]:
    """Slices of days since 1970 as bucket, month as `rollup_seen` counts them, and the days' bits in it."""
    spans_of: list[tuple[int, int, int]] = []
    for span in days:
        day = span.start
        while day < span.end:
            first = date.fromordinal(day + _EPOCH_DAY)
            in_month = min(span.end - day, monthrange(first.year, first.month)[1] - first.day + 1)
            bits = ((1 << in_month) - 1) << first.day - 1
            spans_of.append((span.bucket, first.year * 12 + first.month - 1, bits))
            day += in_month
    return spans_of


_EPOCH_DAY = date(1970, 1, 1).toordinal()


def _count(builder: SqlBuilder, sources: Sequence[Sql], *, distinct: bool) -> Mapping[GroupKey, int]:
    """Counts the different users of all sources together, by group (the columns c0, c1, …).

    `distinct`: no source says anything twice.
    """
    if not sources:
        return {}
    width = len(builder.dimensions) + 1
    columns = ", ".join(f"c{n}" for n in range(width))
    if distinct and len(sources) == 1:
        sql = f"SELECT {columns}, COUNT(*) FROM ({sources[0].text}) AS found GROUP BY {columns}"
        return {tuple(row[:width]): int(row[width]) for row in builder.snapshot.rows(sql, sources[0].values)}
    union = " UNION ALL ".join(f"SELECT * FROM ({source.text}) AS p{n}" for n, source in enumerate(sources))
    sql = f"SELECT {columns}, COUNT(DISTINCT who) FROM ({union}) AS found GROUP BY {columns}"
    values = [value for source in sources for value in source.values]
    return {tuple(row[:width]): int(row[width]) for row in builder.snapshot.rows(sql, values)}


# The bits of the span (`am`, `pm`) say which quarter-hours of its days are meant: all of them, or some of one day.
PRESENT = (
    "r.slot >= span.a AND r.slot < span.b "
    "AND ((r.quarters_am & span.am) <> 0 OR (r.quarters_pm & span.pm) <> 0) AND r.app_user <> 0"
)


def _count_by_bucket(builder: SqlBuilder, quarters: Sequence[Slice]) -> Mapping[GroupKey, int]:
    """The same as `_count` of `_users_of_quarters`, with a subselect for each bucket.

    The database sorts the users of one bucket at a time instead of those of all buckets together.
    """
    sql = (
        f"WITH span(k, a, b, am, pm) AS ({spans(day_spans(quarters))}) "
        f"SELECT b.k, (SELECT COUNT(DISTINCT {builder.user_key('r')}) "
        f"FROM span CROSS JOIN rollup_day_user AS r WHERE span.k = b.k AND {PRESENT}) "
        "FROM (SELECT DISTINCT k FROM span) AS b"
    )
    return {(row[0],): int(row[1]) for row in builder.snapshot.rows(sql) if row[1]}


def _users_of_quarters(builder: SqlBuilder, quarters: Sequence[Slice]) -> Sql:
    """Pairs of group and user, from `rollup_day_user`."""
    keys, where = named_keys(builder, "r", rows=False), builder.where("r", rows=False)
    sql = (
        f"WITH span(k, a, b, am, pm) AS ({spans(day_spans(quarters))}) "
        f"SELECT span.k AS c0{keys.text}, {builder.user_key('r')} AS who "
        f"FROM span CROSS JOIN rollup_day_user AS r{builder.joins('r')} WHERE {PRESENT}{where.text}"
    )
    return Sql(sql, (*keys.values, *where.values))


def day_spans(quarters: Sequence[Slice]) -> list[tuple[int, int, int, int, int]]:
    """Slices of quarter-hours as spans of days for `PRESENT`: bucket, first day, day after the last, bits.

    A slice from 18:00 on one day to 06:00 two days later becomes three spans: the bits of the first day from 18:00 on,
    all bits of the whole day between, and the bits of the last day before 06:00.
    """
    days: list[tuple[int, int, int, int, int]] = []
    for span in quarters:
        # The whole days within the slice: its start rounded up to a day, its end rounded down.
        low, high = -(-span.start // _QUARTERS_A_DAY), span.end // _QUARTERS_A_DAY
        if low > high:  # it begins and ends within one day
            midnight = high * _QUARTERS_A_DAY
            days.append((span.bucket, high, high + 1, *_bits(span.start - midnight, span.end - midnight)))
            continue
        if span.start < low * _QUARTERS_A_DAY:
            first = span.start - (low - 1) * _QUARTERS_A_DAY
            days.append((span.bucket, low - 1, low, *_bits(first, _QUARTERS_A_DAY)))
        if low < high:
            days.append((span.bucket, low, high, _ALL_BITS, _ALL_BITS))
        if high * _QUARTERS_A_DAY < span.end:
            days.append((span.bucket, high, high + 1, *_bits(0, span.end - high * _QUARTERS_A_DAY)))
    return days


def _bits(low: int, high: int) -> tuple[int, int]:
    """The quarter-hours from `low` to before `high` as bits of the day's first and second half."""
    bits = (1 << high) - (1 << low)
    return bits & _ALL_BITS, bits >> _HALF


def _users_of_rollup(builder: SqlBuilder, scan: Scan, more: str = "") -> Sql:
    """Pairs of group and user, from a rollup that has both the user and the dimensions; `more` is a condition on it."""
    keys, where = named_keys(builder, "r", rows=False), builder.where("r", rows=False)
    slots = [(span.bucket, span.start, span.end) for span in scan.slices]
    leading, source, matches = "", "span", ""
    if scan.leading_column and scan.leading_column not in builder.selective_columns:
        # Looked up for each value of the leading column; see `sql_sums.slot_spans`.
        leading = f", lead_values AS ({leading_values(scan)})"
        source, matches = "lead_values CROSS JOIN span", f"r.{scan.leading_column} = lead_values.id AND "
    sql = (
        f"WITH span(k, a, b) AS ({spans(slots)}){leading} "
        f"SELECT DISTINCT span.k AS c0{keys.text}, {builder.user_key('r')} AS who "
        f"FROM {source} CROSS JOIN {scan.rollup.table} AS r{builder.joins('r')} "
        f"WHERE {matches}r.slot >= span.a AND r.slot < span.b AND r.generations > 0 AND r.app_user <> 0"
        f"{more}{where.text}"
    )
    return Sql(sql, (*keys.values, *where.values))


def _users_of_rows(builder: SqlBuilder, rows: Sequence[Slice]) -> Sql:
    """Pairs of group and user, from the generations themselves."""
    keys, where = named_keys(builder, "g", rows=True), builder.where("g", rows=True)
    ids = [(span.bucket, first_at(span.start), first_at(span.end)) for span in rows]
    sql = (
        f"WITH span(k, a, b) AS ({spans(ids)}) SELECT span.k AS c0{keys.text}, {builder.user_key('g')} AS who "
        f"FROM span CROSS JOIN generation AS g{builder.joins('g')} "
        f"WHERE {within(builder.snapshot.dialect, rows)} AND g.app_user IS NOT NULL{where.text}"
    )
    return Sql(sql, (*keys.values, *where.values))


OWN_COLUMNS = {"trace": frozenset({"app_user", "session"}), "session": frozenset({"app_user"})}
"""The dimensions that traces and sessions have in their own tables; other ones are those of their generations."""


def count_started(builder: SqlBuilder, buckets: Sequence[Span], table: str) -> Mapping[GroupKey, int]:
    """Traces or sessions that started in the time and have a generation the filters let through, by group."""
    if not buckets:
        return {}
    own = builder.columns <= OWN_COLUMNS[table]
    alias = "t" if own else "g"
    keys, where = builder.group_keys(alias, rows=True), builder.where(alias, rows=True)
    join = "" if own else f" JOIN generation AS g ON g.{table} = t.id"
    count = "COUNT(*)" if own else "COUNT(DISTINCT t.id)"
    width = len(builder.dimensions) + 1
    sql = (
        f"WITH span(k, a, b) AS ({spans(buckets)}) SELECT span.k{keys.text}, {count} "
        f"FROM span CROSS JOIN {table} AS t{join}{builder.joins(alias)} "
        f"WHERE t.started_at >= span.a AND t.started_at < span.b AND t.generations > 0{where.text} "
        f"GROUP BY {', '.join(str(n + 1) for n in range(width))}"
    )
    rows = builder.snapshot.rows(sql, (*keys.values, *where.values))
    return {tuple(row[:width]): int(row[width]) for row in rows}


def count_feedback(builder: SqlBuilder, buckets: Sequence[Span]) -> Sums:
    """Judgements, and good ones, of traces that have a generation the filters let through, by group.

    A trace with several generations joins its judgement several times: DISTINCT makes it one again.
    """
    if not buckets:
        return {}
    keys, where = named_keys(builder, "g", rows=True), builder.where("g", rows=True, joined=True)
    width = len(builder.dimensions) + 1
    columns = ", ".join(f"c{n}" for n in range(width))
    join = f" JOIN generation AS g ON g.trace = f.trace{builder.joins('g')}" if builder.columns else ""
    sql = (
        f"WITH span(k, a, b) AS ({spans(buckets)}) SELECT {columns}, COUNT(*), "
        f"SUM(CASE WHEN score > 0 THEN 1 ELSE 0 END) "
        f"FROM (SELECT DISTINCT span.k AS c0{keys.text}, f.trace, f.app_user, f.score "
        f"FROM span CROSS JOIN feedback AS f{join} WHERE f.at >= span.a AND f.at < span.b{where.text}) AS found "
        f"GROUP BY {columns}"
    )
    rows = builder.snapshot.rows(sql, (*keys.values, *where.values))
    return {tuple(row[:width]): [int(row[width]), int(row[width + 1])] for row in rows}


def rows_within(view: Snapshot, builder: SqlBuilder, rows: Sequence[Slice]) -> int:
    """An upper bound of the generations in these slices, from the quarter-hours they touch.

    Where a filter names users, their generations are counted exactly through the index on (user, time).
    """
    user = next((c for c in builder.clauses if c.column == "app_user" and c.is_selective and c.ids), None)
    if user:
        sql = (
            f"{id_spans(rows)[0]} SELECT COUNT(*) FROM span CROSS JOIN generation AS g "
            f"WHERE {within(view.dialect, rows)} AND g.app_user IN ({', '.join(map(str, user.ids))})"
        )
        return int(view.one(sql)[0])
    slots = [(span.bucket, span.start // QUARTER, -(-span.end // QUARTER)) for span in rows]
    sql = (
        f"WITH span(k, a, b) AS ({spans(slots)}) SELECT COALESCE(SUM(r.generations), 0) "
        f"FROM span CROSS JOIN rollup_quarter AS r WHERE r.slot >= span.a AND r.slot < span.b"
    )
    return int(view.one(sql)[0])
