"""The ids of the next generations of a list: rollups say in which slots there are any, rows are read only there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmtrack.ids import first_at, started_at
from llmtrack.ledger.query.executor import TooManyRows
from llmtrack.ledger.query.planner import TOTALS, Extent, Slice, choose_family
from llmtrack.ledger.query.sql_distinct import rows_within
from llmtrack.ledger.query.sql_filters import SqlBuilder
from llmtrack.ledger.query.sql_sums import spans
from llmtrack.ledger.schema.rollups import QUARTER

_INDEXED = {"app_user", "session", "trace"}
"""Columns with an index on (column, time)."""
_FEW = 20_000
"""Generations with a property, below which its index is read."""
_SLOTS = 400
"""Slots read at once."""
_BATCH = 4_000
"""Rows read at once where there are filters on columns that no rollup has."""


@dataclass(frozen=True, slots=True)
class IdPage:
    """Ids in the order of the list, and the id at which reading stopped before the end, if it did."""

    ids: Sequence[int]
    stopped_at: int | None = None
    read: int = 0


def by_time(
    builder: SqlBuilder, low: int, high: int, descending: bool, count: int, budget: int, extent: Extent | None
) -> IdPage:
    """The first `count` generations with ids from `low` to before `high`, the latest first if `descending`.

    Reads about `budget` rows at most where no rollup or index leads to them.
    """
    if extent is None:
        return IdPage(())
    low, high = max(low, first_at(extent.first)), min(high, first_at(extent.last + 1))
    if low >= high:
        return IdPage(())
    if not builder.clauses or builder.selective_columns & _INDEXED or _few_properties(builder):
        return IdPage(_direct(builder, low, high, descending, count))
    return _in_windows(builder, low, high, descending, count, budget)


def by_value(
    builder: SqlBuilder,
    value: str,
    low: int,
    high: int,
    descending: bool,
    after: Sequence[int] | None,
    count: int,
    max_rows: int | None,
) -> list[tuple[int, int]]:
    """The first `count` generations after a position, each after the value it is sorted by.

    Reads all generations of the time. Raises `TooManyRows` where these are more than `max_rows`.
    """
    rows = rows_within(builder.snapshot, builder, [Slice(0, started_at(low), started_at(high))])
    if max_rows is not None and rows > max_rows:
        raise TooManyRows(rows, max_rows, "they have to be sorted by something else than time")
    where = builder.where("g", rows=True)
    compare, direction = ("<", "DESC") if descending else (">", "ASC")
    beyond = (
        f" AND (({value}) {compare} {after[0]} OR (({value}) = {after[0]} AND g.id {compare} {after[1]}))"
        if after
        else ""
    )
    sql = (
        f"SELECT {value}, g.id FROM generation AS g WHERE g.id >= {low} AND g.id < {high}{where.text}{beyond} "
        f"ORDER BY 1 {direction}, 2 {direction} LIMIT {count}"
    )
    return [(int(row[0]), int(row[1])) for row in builder.snapshot.rows(sql, where.values)]


def by_words(builder: SqlBuilder, terms: str, low: int, high: int, descending: bool, count: int, budget: int) -> IdPage:
    """The first `count` generations whose texts have these `terms`, read off the full-text index in the order of ids.

    Where other filters let few of them through, about `budget` of them are read at most.
    """
    where = builder.where("g", rows=True)
    sql = builder.snapshot.dialect.search_page_sql("generation_search", down=descending)
    order = f"ORDER BY g.id {'DESC' if descending else 'ASC'}"
    ids: list[int] = []
    read, batch = 0, count
    while low < high and len(ids) < count:
        if read >= budget:
            return IdPage(ids, high if descending else low, read)
        candidates = [row[0] for row in builder.snapshot.rows(sql, (terms, low, high, batch))]
        if not candidates:
            break
        read += len(candidates)
        within = f"g.id IN ({', '.join(map(str, candidates))})"
        filtered = f"SELECT g.id FROM generation AS g WHERE {within}{where.text} {order}"
        passed = builder.snapshot.rows(filtered, where.values)
        ids += [row[0] for row in passed[: count - len(ids)]]
        low, high = (low, candidates[-1]) if descending else (candidates[-1] + 1, high)
        if len(candidates) < batch:
            break
        batch = min(_BATCH, 2 * batch)
    return IdPage(ids, None, read)


def _few_properties(builder: SqlBuilder) -> bool:
    """Whether a filter on a property leaves so few generations that its index is the way."""
    for clause in builder.clauses:
        if clause.column == "property_set" and clause.is_selective and clause.inner:
            first_few = f"SELECT 1 FROM generation WHERE property_set IN ({clause.inner.text}) LIMIT {_FEW}"
            sql = f"SELECT COUNT(*) FROM ({first_few}) AS few"
            if builder.snapshot.one(sql, clause.inner.values)[0] < _FEW:
                return True
    return False


def _direct(builder: SqlBuilder, low: int, high: int, descending: bool, count: int) -> list[int]:
    where = builder.where("g", rows=True)
    sql = (
        f"SELECT g.id FROM generation AS g WHERE g.id >= {low} AND g.id < {high}{where.text} "
        f"ORDER BY g.id {'DESC' if descending else 'ASC'} LIMIT {count}"
    )
    return [row[0] for row in builder.snapshot.rows(sql, where.values)]


def _in_windows(builder: SqlBuilder, low: int, high: int, descending: bool, count: int, budget: int) -> IdPage:
    """Reads a window of slots at a time: those with generations, until they hold enough of them."""
    rollup_columns = {clause.column for clause in builder.clauses} & TOTALS[-1].dimensions
    family = choose_family(TOTALS, rollup_columns, builder.selective_columns & rollup_columns) or TOTALS[0]
    finest = family.complete[-1]
    # The rollups show where generations are, but not whether they match filters on columns they do not have.
    rough = any(clause.column not in rollup_columns for clause in builder.clauses)
    where = builder.where("r", rows=False, leave_out={c.column for c in builder.clauses} - rollup_columns)
    ids: list[int] = []
    read = 0
    while low < high and len(ids) < count:
        if read >= budget:
            return IdPage(ids, high if descending else low, read)
        first, last = started_at(low) // finest.length, -(-started_at(high) // finest.length)
        sql = (
            f"SELECT r.slot, SUM(r.generations) FROM {finest.table} AS r "
            f"WHERE r.slot >= {first} AND r.slot < {last}{where.text} "
            "GROUP BY r.slot HAVING SUM(r.generations) > 0 "
            f"ORDER BY r.slot {'DESC' if descending else 'ASC'} LIMIT {_SLOTS}"
        )
        slots: list[int] = []
        matches, wanted = 0, _BATCH if rough else count - len(ids)
        listed = builder.snapshot.rows(sql, where.values)
        for slot, generations in listed:
            slots.append(slot)
            matches += int(generations)
            if matches >= wanted:
                break
        if not slots:
            break
        slices = [Slice(0, slot * finest.length, (slot + 1) * finest.length) for slot in slots]
        read += matches if finest.length > QUARTER else rows_within(builder.snapshot, builder, slices)
        ids += _within(builder, slices, low, high, descending, count - len(ids))
        edge = slots[-1]
        low, high = (
            (low, first_at(edge * finest.length)) if descending else (first_at((edge + 1) * finest.length), high)
        )
    return IdPage(ids, None, read)


def _within(
    builder: SqlBuilder, slices: Sequence[Slice], low: int, high: int, descending: bool, count: int
) -> list[int]:
    where = builder.where("g", rows=True)
    ids = [(0, max(low, first_at(span.start)), min(high, first_at(span.end))) for span in slices]
    sql = (
        f"WITH span(k, a, b) AS ({spans(ids)}) SELECT g.id FROM span CROSS JOIN generation AS g "
        f"WHERE g.id >= span.a AND g.id < span.b{where.text} "
        f"ORDER BY g.id {'DESC' if descending else 'ASC'} LIMIT {count}"
    )
    return [row[0] for row in builder.snapshot.rows(sql, where.values)]
