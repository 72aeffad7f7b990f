"""Counting what cannot be added up: different users, traces and sessions; feedback; and rows before they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from llmtrack.ids import first_at
from llmtrack.ledger.database.snapshot import Snapshot
from llmtrack.ledger.query.planner import TOTALS, Part, Piece, choose, reason
from llmtrack.ledger.query.sql_filters import Scope, Sql
from llmtrack.ledger.query.sql_sums import Key, Sums, id_spans, leads, spans, within
from llmtrack.ledger.schema.rollups import QUARTER, Rollup

Span = tuple[int, int, int]
_HALF = 48
_ALL = (1 << _HALF) - 1


class Cutter(Protocol):
    """Cuts the time asked about along the slots of `rollups`; where rows are gone, along those of `finer` instead."""

    def __call__(
        self, what: str, rollups: Sequence[Rollup], finer: Sequence[Rollup], why: str
    ) -> tuple[list[Part], list[Piece]]: ...


_QUARTERS = (Rollup("rollup_day_user", QUARTER, ("slot", "app_user")),)
"""Its slots are days, but it knows in which quarter-hours of them somebody was there."""


def users(scope: Scope, cut_along: Cutter) -> Mapping[Key, int]:
    """Different users who sent a generation."""
    if scope.columns <= {"app_user"} and "app_user" not in scope.fixed:
        parts, rest = cut_along("users", _QUARTERS, _QUARTERS, "the time is cut within a quarter of an hour")
        pieces = [piece for part in parts for piece in part.pieces]
        if pieces and not rest and not scope.columns:
            return _by_bucket(scope, pieces)
        selects = [_of_days(scope, pieces)] if pieces else []
    else:
        needed = scope.columns | {"app_user"}
        chain = choose(TOTALS, needed, scope.fixed)
        rollups, finer = (chain.live, chain.rollups) if chain else ((), ())
        parts, rest = cut_along("users", rollups, finer, reason(TOTALS, needed))
        selects = [_of_cube(scope, part) for part in parts]
    if rest:
        selects.append(_of_rows(scope, rest))
    return _count(scope, selects)


def _count(scope: Scope, selects: Sequence[Sql]) -> Mapping[Key, int]:
    if not selects:
        return {}
    width = len(scope.dimensions) + 1
    columns = ", ".join(f"c{n}" for n in range(width))
    union = " UNION ALL ".join(f"SELECT * FROM ({select.text}) AS p{n}" for n, select in enumerate(selects))
    sql = f"SELECT {columns}, COUNT(DISTINCT who) FROM ({union}) AS found GROUP BY {columns}"
    values = [value for select in selects for value in select.values]
    return {tuple(row[:width]): int(row[width]) for row in scope.snapshot.rows(sql, values)}


def _named(scope: Scope, alias: str, *, rows: bool) -> Sql:
    """The dimensions to select, called c1, c2, …"""
    keys = [scope.key(name, alias, rows=rows) for name in scope.dimensions]
    return Sql(
        "".join(f", {key.text} AS c{n}" for n, key in enumerate(keys, 1)), tuple(v for key in keys for v in key.values)
    )


_THERE = (
    "r.slot >= span.a AND r.slot < span.b "
    "AND ((r.quarters_am & span.am) <> 0 OR (r.quarters_pm & span.pm) <> 0) AND r.app_user <> 0"
)


def _by_bucket(scope: Scope, pieces: Sequence[Piece]) -> Mapping[Key, int]:
    """The same as `_count` of `_of_days`, bucket for bucket, which spares the database sorting all of them together."""
    sql = (
        f"WITH span(k, a, b, am, pm) AS ({spans(_days(pieces))}) SELECT b.k, (SELECT COUNT(DISTINCT r.app_user) "
        f"FROM span CROSS JOIN rollup_day_user AS r WHERE span.k = b.k AND {_THERE}) "
        "FROM (SELECT DISTINCT k FROM span) AS b"
    )
    return {(row[0],): int(row[1]) for row in scope.snapshot.rows(sql) if row[1]}


def _of_days(scope: Scope, pieces: Sequence[Piece]) -> Sql:
    """Users by day."""
    keys, where = _named(scope, "r", rows=False), scope.where("r", rows=False)
    sql = (
        f"WITH span(k, a, b, am, pm) AS ({spans(_days(pieces))}) SELECT span.k AS c0{keys.text}, r.app_user AS who "
        f"FROM span CROSS JOIN rollup_day_user AS r{scope.joins('r')} WHERE {_THERE}{where.text}"
    )
    return Sql(sql, (*keys.values, *where.values))


def _days(pieces: Sequence[Piece]) -> list[tuple[int, int, int, int, int]]:
    """Runs of quarter-hours as runs of days; the quarter-hours of a day that is cut are told by their bits."""
    days: list[tuple[int, int, int, int, int]] = []
    for piece in pieces:
        low, high = -(-piece.start // 96), piece.end // 96
        if low > high:  # within one day
            days.append((piece.bucket, high, high + 1, *_bits(piece.start - high * 96, piece.end - high * 96)))
            continue
        if piece.start < low * 96:
            days.append((piece.bucket, low - 1, low, *_bits(piece.start - (low - 1) * 96, 96)))
        if low < high:
            days.append((piece.bucket, low, high, _ALL, _ALL))
        if high * 96 < piece.end:
            days.append((piece.bucket, high, high + 1, *_bits(0, piece.end - high * 96)))
    return days


def _bits(low: int, high: int) -> tuple[int, int]:
    """The quarter-hours from `low` to before `high` as bits of the day's first and second half."""
    bits = (1 << high) - (1 << low)
    return bits & _ALL, bits >> _HALF


def _of_cube(scope: Scope, part: Part) -> Sql:
    keys, where = _named(scope, "r", rows=False), scope.where("r", rows=False)
    pieces = [(piece.bucket, piece.start, piece.end) for piece in part.pieces]
    led, source, held = "", "span", ""
    if part.lead and part.lead not in scope.fixed:
        led, source, held = f", led(id) AS ({leads(part)})", "led CROSS JOIN span", f"r.{part.lead} = led.id AND "
    sql = (
        f"WITH span(k, a, b) AS ({spans(pieces)}){led} SELECT DISTINCT span.k AS c0{keys.text}, r.app_user AS who "
        f"FROM {source} CROSS JOIN {part.rollup.table} AS r{scope.joins('r')} "
        f"WHERE {held}r.slot >= span.a AND r.slot < span.b AND r.generations > 0 AND r.app_user <> 0{where.text}"
    )
    return Sql(sql, (*keys.values, *where.values))


def _of_rows(scope: Scope, rows: Sequence[Piece]) -> Sql:
    keys, where = _named(scope, "g", rows=True), scope.where("g", rows=True)
    ids = [(piece.bucket, first_at(piece.start), first_at(piece.end)) for piece in rows]
    sql = (
        f"WITH span(k, a, b) AS ({spans(ids)}) SELECT span.k AS c0{keys.text}, g.app_user AS who "
        f"FROM span CROSS JOIN generation AS g{scope.joins('g')} "
        f"WHERE {within(scope.snapshot.dialect, rows)} AND g.app_user IS NOT NULL{where.text}"
    )
    return Sql(sql, (*keys.values, *where.values))


TOLD_BY = {"trace": frozenset({"app_user", "session"}), "session": frozenset({"app_user"})}
"""What traces and sessions know by themselves; anything else is asked of their generations."""


def begun(scope: Scope, buckets: Sequence[Span], table: str) -> Mapping[Key, int]:
    """Traces or sessions that began in the time and have a generation the filters let through."""
    if not buckets:
        return {}
    alone = scope.columns <= TOLD_BY[table]
    alias = "t" if alone else "g"
    keys, where = scope.keys(alias, rows=True), scope.where(alias, rows=True)
    join = "" if alone else f" JOIN generation AS g ON g.{table} = t.id"
    count = "COUNT(*)" if alone else "COUNT(DISTINCT t.id)"
    width = len(scope.dimensions) + 1
    sql = (
        f"WITH span(k, a, b) AS ({spans(buckets)}) SELECT span.k{keys.text}, {count} "
        f"FROM span CROSS JOIN {table} AS t{join}{scope.joins(alias)} "
        f"WHERE t.started_at >= span.a AND t.started_at < span.b AND t.generations > 0{where.text} "
        f"GROUP BY {', '.join(str(n + 1) for n in range(width))}"
    )
    found = scope.snapshot.rows(sql, (*keys.values, *where.values))
    return {tuple(row[:width]): int(row[width]) for row in found}


def judged(scope: Scope, buckets: Sequence[Span]) -> Sums:
    """Feedback, and good feedback, on traces that have a generation the filters let through."""
    if not buckets:
        return {}
    keys, where = _named(scope, "g", rows=True), scope.where("g", rows=True)
    width = len(scope.dimensions) + 1
    columns = ", ".join(f"c{n}" for n in range(width))
    join = f" JOIN generation AS g ON g.trace = f.trace{scope.joins('g')}" if scope.columns else ""
    sql = (
        f"WITH span(k, a, b) AS ({spans(buckets)}) SELECT {columns}, COUNT(*), "
        f"SUM(CASE WHEN score > 0 THEN 1 ELSE 0 END) "
        f"FROM (SELECT DISTINCT span.k AS c0{keys.text}, f.trace, f.app_user, f.score "
        f"FROM span CROSS JOIN feedback AS f{join} WHERE f.at >= span.a AND f.at < span.b{where.text}) AS found "
        f"GROUP BY {columns}"
    )
    found = scope.snapshot.rows(sql, (*keys.values, *where.values))
    return {tuple(row[:width]): [int(row[width]), int(row[width + 1])] for row in found}


def rows_within(view: Snapshot, scope: Scope, rows: Sequence[Piece]) -> int:
    """How many generations lie in these pieces at most, told from rollups; of a user only, where a filter names one."""
    user = next((c for c in scope.clauses if c.column == "app_user" and c.fixes and c.ids), None)
    if user:
        sql = (
            f"{id_spans(rows)[0]} SELECT COUNT(*) FROM span CROSS JOIN generation AS g "
            f"WHERE {within(view.dialect, rows)} AND g.app_user IN ({', '.join(map(str, user.ids))})"
        )
        return int(view.one(sql)[0])
    slots = [(piece.bucket, piece.start // QUARTER, -(-piece.end // QUARTER)) for piece in rows]
    sql = (
        f"WITH span(k, a, b) AS ({spans(slots)}) SELECT COALESCE(SUM(r.generations), 0) "
        f"FROM span CROSS JOIN rollup_quarter AS r WHERE r.slot >= span.a AND r.slot < span.b"
    )
    return int(view.one(sql)[0])
