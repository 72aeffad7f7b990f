"""SQL of counts that do not add up (different users, traces, sessions, judgements), and of rows before a read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from llmtrack.ids import first_at
from llmtrack.ledger.database.snapshot import Snapshot
from llmtrack.ledger.query.planner import TOTALS, Scan, Slice, choose_family, why_rows
from llmtrack.ledger.query.sql_filters import Sql, SqlBuilder
from llmtrack.ledger.query.sql_sums import GroupKey, Sums, id_spans, leading_values, spans, within
from llmtrack.ledger.schema.rollups import QUARTER, Rollup

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
    else:
        needed = builder.columns | {"app_user"}
        family = choose_family(TOTALS, needed, builder.selective_columns)
        rollups, finer = (family.complete, family.rollups) if family else ((), ())
        scans, rows = plan("users", rollups, finer, why_rows(TOTALS, needed))
        sources = [_users_of_rollup(builder, scan) for scan in scans]
    if rows:
        sources.append(_users_of_rows(builder, rows))
    return _count(builder, sources)


def _count(builder: SqlBuilder, sources: Sequence[Sql]) -> Mapping[GroupKey, int]:
    """Counts the different users of all sources together, by group (the columns c0, c1, …)."""
    if not sources:
        return {}
    width = len(builder.dimensions) + 1
    columns = ", ".join(f"c{n}" for n in range(width))
    union = " UNION ALL ".join(f"SELECT * FROM ({source.text}) AS p{n}" for n, source in enumerate(sources))
    sql = f"SELECT {columns}, COUNT(DISTINCT who) FROM ({union}) AS found GROUP BY {columns}"
    values = [value for source in sources for value in source.values]
    return {tuple(row[:width]): int(row[width]) for row in builder.snapshot.rows(sql, values)}


def _named_columns(builder: SqlBuilder, alias: str, *, rows: bool) -> Sql:
    """The dimensions to select, named c1, c2, …"""
    keys = [builder.group_key(name, alias, rows=rows) for name in builder.dimensions]
    return Sql(
        "".join(f", {key.text} AS c{n}" for n, key in enumerate(keys, 1)), tuple(v for key in keys for v in key.values)
    )


# The bits of the span (`am`, `pm`) say which quarter-hours of its days are meant: all of them, or some of one day.
_PRESENT = (
    "r.slot >= span.a AND r.slot < span.b "
    "AND ((r.quarters_am & span.am) <> 0 OR (r.quarters_pm & span.pm) <> 0) AND r.app_user <> 0"
)


def _count_by_bucket(builder: SqlBuilder, quarters: Sequence[Slice]) -> Mapping[GroupKey, int]:
    """The same as `_count` of `_users_of_quarters`, with a subselect for each bucket.

    The database sorts the users of one bucket at a time instead of those of all buckets together.
    """
    sql = (
        f"WITH span(k, a, b, am, pm) AS ({spans(_day_spans(quarters))}) "
        f"SELECT b.k, (SELECT COUNT(DISTINCT {builder.user_key('r')}) "
        f"FROM span CROSS JOIN rollup_day_user AS r WHERE span.k = b.k AND {_PRESENT}) "
        "FROM (SELECT DISTINCT k FROM span) AS b"
    )
    return {(row[0],): int(row[1]) for row in builder.snapshot.rows(sql) if row[1]}


def _users_of_quarters(builder: SqlBuilder, quarters: Sequence[Slice]) -> Sql:
    """Pairs of group and user, from `rollup_day_user`."""
    keys, where = _named_columns(builder, "r", rows=False), builder.where("r", rows=False)
    sql = (
        f"WITH span(k, a, b, am, pm) AS ({spans(_day_spans(quarters))}) "
        f"SELECT span.k AS c0{keys.text}, {builder.user_key('r')} AS who "
        f"FROM span CROSS JOIN rollup_day_user AS r{builder.joins('r')} WHERE {_PRESENT}{where.text}"
    )
    return Sql(sql, (*keys.values, *where.values))


def _day_spans(quarters: Sequence[Slice]) -> list[tuple[int, int, int, int, int]]:
    """Slices of quarter-hours as spans of days: bucket, first day, day after the last, bits of the quarter-hours.

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


def _users_of_rollup(builder: SqlBuilder, scan: Scan) -> Sql:
    """Pairs of group and user, from a rollup that has both the user and the dimensions."""
    keys, where = _named_columns(builder, "r", rows=False), builder.where("r", rows=False)
    slots = [(span.bucket, span.start, span.end) for span in scan.slices]
    leading, source, matches = "", "span", ""
    if scan.leading_column and scan.leading_column not in builder.selective_columns:
        # Looked up for each value of the leading column; see `sql_sums.slot_spans`.
        leading = f", lead_values(id) AS ({leading_values(scan)})"
        source, matches = "lead_values CROSS JOIN span", f"r.{scan.leading_column} = lead_values.id AND "
    sql = (
        f"WITH span(k, a, b) AS ({spans(slots)}){leading} "
        f"SELECT DISTINCT span.k AS c0{keys.text}, {builder.user_key('r')} AS who "
        f"FROM {source} CROSS JOIN {scan.rollup.table} AS r{builder.joins('r')} "
        f"WHERE {matches}r.slot >= span.a AND r.slot < span.b AND r.generations > 0 AND r.app_user <> 0{where.text}"
    )
    return Sql(sql, (*keys.values, *where.values))


def _users_of_rows(builder: SqlBuilder, rows: Sequence[Slice]) -> Sql:
    """Pairs of group and user, from the generations themselves."""
    keys, where = _named_columns(builder, "g", rows=True), builder.where("g", rows=True)
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
    keys, where = _named_columns(builder, "g", rows=True), builder.where("g", rows=True)
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
