"""Finding the next generations of a list: rollups say in which slots there are any, rows are read only there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmtrack.ids import first_at, started_at
from llmtrack.ledger.query.executor import TooManyRows
from llmtrack.ledger.query.planner import TOTALS, Extent, Piece, choose
from llmtrack.ledger.query.sql_distinct import rows_within
from llmtrack.ledger.query.sql_filters import Scope
from llmtrack.ledger.query.sql_sums import spans
from llmtrack.ledger.schema.rollups import QUARTER

_LED = {"app_user", "session", "trace"}
"""Columns with an index in the order of time."""
_FEW = 20_000
_SLOTS = 400
"""Slots looked up at once."""
_SEVERAL = 4_000
"""Rows looked through at once, where more filters apply than the rollups know."""


@dataclass(frozen=True, slots=True)
class Found:
    """Ids in the order of the list, and where the search stopped if it did before the end."""

    ids: Sequence[int]
    stopped_at: int | None = None
    read: int = 0


def by_time(scope: Scope, low: int, high: int, down: bool, count: int, budget: int, extent: Extent | None) -> Found:
    """The first `count` generations with ids from `low` to before `high`, the latest first if `down`.

    Looks through about `budget` rows at most where no rollup or index leads to them.
    """
    if extent is None:
        return Found(())
    low, high = max(low, first_at(extent.first)), min(high, first_at(extent.last + 1))
    if low >= high:
        return Found(())
    if not scope.clauses or scope.fixed & _LED or _few_properties(scope):
        return Found(_direct(scope, low, high, down, count))
    return _in_windows(scope, low, high, down, count, budget)


def by_value(
    scope: Scope,
    value: str,
    low: int,
    high: int,
    down: bool,
    after: Sequence[int] | None,
    count: int,
    max_rows: int | None,
) -> list[tuple[int, int]]:
    """The first `count` generations after a position, each after the value it is sorted by.

    Reads all there are in the time. Raises `TooManyRows` where these are too many.
    """
    number = rows_within(scope.snapshot, scope, [Piece(0, started_at(low), started_at(high))])
    if max_rows is not None and number > max_rows:
        raise TooManyRows(number, max_rows, "they have to be sorted by something else than time")
    where = scope.where("g", rows=True)
    compare, way = ("<", "DESC") if down else (">", "ASC")
    beyond = (
        f" AND (({value}) {compare} {after[0]} OR (({value}) = {after[0]} AND g.id {compare} {after[1]}))"
        if after
        else ""
    )
    sql = (
        f"SELECT {value}, g.id FROM generation AS g WHERE g.id >= {low} AND g.id < {high}{where.text}{beyond} "
        f"ORDER BY 1 {way}, 2 {way} LIMIT {count}"
    )
    return [(int(row[0]), int(row[1])) for row in scope.snapshot.rows(sql, where.values)]


def by_words(scope: Scope, terms: str, low: int, high: int, down: bool, count: int, budget: int) -> Found:
    """The first `count` generations whose texts have these `terms`, read off the full-text index in the order of ids.

    Where other filters let few of them through, about `budget` are looked through at most.
    """
    where = scope.where("g", rows=True)
    sql = scope.snapshot.dialect.search_page_sql("generation_search", down=down)
    order = f"ORDER BY g.id {'DESC' if down else 'ASC'}"
    found: list[int] = []
    read, some = 0, count
    while low < high and len(found) < count:
        if read >= budget:
            return Found(found, high if down else low, read)
        ids = [row[0] for row in scope.snapshot.rows(sql, (terms, low, high, some))]
        if not ids:
            break
        read += len(ids)
        within = f"g.id IN ({', '.join(map(str, ids))})"
        filtered = f"SELECT g.id FROM generation AS g WHERE {within}{where.text} {order}"
        passed = scope.snapshot.rows(filtered, where.values)
        found += [row[0] for row in passed[: count - len(found)]]
        low, high = (low, ids[-1]) if down else (ids[-1] + 1, high)
        if len(ids) < some:
            break
        some = min(_SEVERAL, 2 * some)
    return Found(found, None, read)


def _few_properties(scope: Scope) -> bool:
    """Whether a filter on a property leaves so few generations that its index is the way."""
    for clause in scope.clauses:
        if clause.column == "property_set" and clause.fixes and clause.inner:
            some = f"SELECT 1 FROM generation WHERE property_set IN ({clause.inner.text}) LIMIT {_FEW}"
            sql = f"SELECT COUNT(*) FROM ({some}) AS few"
            if scope.snapshot.one(sql, clause.inner.values)[0] < _FEW:
                return True
    return False


def _direct(scope: Scope, low: int, high: int, down: bool, count: int) -> list[int]:
    where = scope.where("g", rows=True)
    sql = (
        f"SELECT g.id FROM generation AS g WHERE g.id >= {low} AND g.id < {high}{where.text} "
        f"ORDER BY g.id {'DESC' if down else 'ASC'} LIMIT {count}"
    )
    return [row[0] for row in scope.snapshot.rows(sql, where.values)]


def _in_windows(scope: Scope, low: int, high: int, down: bool, count: int, budget: int) -> Found:
    known = {clause.column for clause in scope.clauses} & TOTALS[-1].dimensions
    chain = choose(TOTALS, known, scope.fixed & known) or TOTALS[0]
    finest = chain.live[-1]
    rough = any(clause.column not in known for clause in scope.clauses)
    only = scope.where("r", rows=False, leave_out={c.column for c in scope.clauses} - known)
    found: list[int] = []
    read = 0
    while low < high and len(found) < count:
        if read >= budget:
            return Found(found, high if down else low, read)
        first, last = started_at(low) // finest.length, -(-started_at(high) // finest.length)
        sql = (
            f"SELECT r.slot, SUM(r.generations) FROM {finest.table} AS r "
            f"WHERE r.slot >= {first} AND r.slot < {last}{only.text} "
            f"GROUP BY r.slot HAVING SUM(r.generations) > 0 ORDER BY r.slot {'DESC' if down else 'ASC'} LIMIT {_SLOTS}"
        )
        slots: list[int] = []
        matches, wanted = 0, _SEVERAL if rough else count - len(found)
        listed = scope.snapshot.rows(sql, only.values)
        for slot, number in listed:
            slots.append(slot)
            matches += int(number)
            if matches >= wanted:
                break
        if not slots:
            break
        pieces = [Piece(0, slot * finest.length, (slot + 1) * finest.length) for slot in slots]
        read += matches if finest.length > QUARTER else rows_within(scope.snapshot, scope, pieces)
        found += _within(scope, pieces, low, high, down, count - len(found))
        edge = slots[-1]
        low, high = (low, first_at(edge * finest.length)) if down else (first_at((edge + 1) * finest.length), high)
    return Found(found, None, read)


def _within(scope: Scope, pieces: Sequence[Piece], low: int, high: int, down: bool, count: int) -> list[int]:
    where = scope.where("g", rows=True)
    ids = [(0, max(low, first_at(piece.start)), min(high, first_at(piece.end))) for piece in pieces]
    sql = (
        f"WITH span(k, a, b) AS ({spans(ids)}) SELECT g.id FROM span CROSS JOIN generation AS g "
        f"WHERE g.id >= span.a AND g.id < span.b{where.text} ORDER BY g.id {'DESC' if down else 'ASC'} LIMIT {count}"
    )
    return [row[0] for row in scope.snapshot.rows(sql, where.values)]
