"""SQL of sums over rollups and over rows: the same numbers from either.

This is the SQL of, for example, cost by day: `_read_rollup` for whole slots, `_read_rows` for what is left over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from llmtrack.ids import first_at
from llmtrack.ledger.query.catalog import METRICS
from llmtrack.ledger.query.measures import Measure, Sum
from llmtrack.ledger.query.planner import Scan, Slice
from llmtrack.ledger.query.sql_filters import SqlBuilder
from llmtrack.ledger.schema.rollups import DAY, DAY_USER
from llmtrack.ledger.schema.row_measures import rollup_measure

if TYPE_CHECKING:
    from llmtrack.ledger.database.dialect import Dialect

GroupKey = tuple[object, ...]
"""A group of a result: the number of the bucket of time, then the ids or values of the dimensions."""
Sums = dict[GroupKey, list[int]]

_FEW_SLICES = 8


def _day_user_sums() -> dict[Sum, str]:
    columns: dict[Sum, str] = {}
    for name in ("generations", "messages", "errors", "unpriced", "input_tokens", "output_tokens"):
        formula = METRICS[name].formula
        if isinstance(formula, Measure):
            columns[formula.sum] = f"SUM(r.{name})"
    cost, simulated = METRICS["cost"].formula, METRICS["simulated_cost"].formula
    if isinstance(cost, Measure) and isinstance(simulated, Measure):
        columns[cost.sum] = "SUM(CASE WHEN r.simulated = 0 THEN r.cost ELSE 0 END)"
        columns[simulated.sum] = "SUM(CASE WHEN r.simulated = 1 THEN r.cost ELSE 0 END)"
        columns[Sum("generations", only=simulated.sum.only)] = (
            "SUM(CASE WHEN r.simulated = 1 THEN r.generations ELSE 0 END)"
        )
    return columns


DAY_USER_SUMS = _day_user_sums()
"""The sums that `rollup_day_user` has, each as SQL over its own columns."""


def read_sums(builder: SqlBuilder, sums: Sequence[Sum], scans: Sequence[Scan], rows: Sequence[Slice]) -> Sums:
    """Each sum by group, over all scans and over the slices of rows, some of which are subtracted."""
    totals: Sums = {}
    subtracts = any(span.subtract for span in rows)
    # With subtraction, the number of generations is read along: it says below which groups are left.
    read = (*sums, Sum("generations")) if subtracts else sums
    for scan in scans:
        for key, values in _read_rollup(builder, read, scan):
            _add(totals, key, values)
    if rows:
        for key, values, sign in _read_rows(builder, read, rows):
            _add(totals, key, values, sign)
    if not subtracts:
        return totals
    # A slot counted whole may have groups whose generations all lie outside the query: the result has no such group.
    return {key: values[:-1] for key, values in totals.items() if values[-1]}


def _add(totals: Sums, key: GroupKey, values: Sequence[int | None], sign: int = 1) -> None:
    total = totals.get(key)
    if total is None:
        totals[key] = [sign * int(value or 0) for value in values]
    else:
        for at, value in enumerate(values):
            if value:
                total[at] += sign * int(value)


def _read_rollup(builder: SqlBuilder, sums: Sequence[Sum], scan: Scan) -> list[tuple[GroupKey, Sequence[int | None]]]:
    narrow = scan.rollup is DAY_USER
    columns = ", ".join(DAY_USER_SUMS[entry] if narrow else _summed(builder, entry, "r") for entry in sums)
    keys, where = builder.group_keys("r", rows=False), builder.where("r", rows=False)
    width = len(builder.dimensions)
    grouping = ", ".join(str(n + 1) for n in range(width + 1))
    select, source, bucket_of = slot_spans(scan, builder)
    tables = source.format(scan.rollup.table, builder.joins("r"))
    sql = f"{select}{keys.text}, {columns} FROM {tables}{where.text} GROUP BY {grouping}"
    rows = builder.snapshot.rows(sql, (*keys.values, *where.values))
    return [((bucket_of(row[0]), *row[1 : width + 1]), row[width + 1 :]) for row in rows]


def slot_spans(scan: Scan, builder: SqlBuilder) -> tuple[str, str, Callable[[int], int]]:
    """How to read the slices of a scan from its table, which is called `r`.

    Returns the start of a SELECT up to its first column; what follows FROM, with places for the table and its joins;
    and the bucket as a function of that first column.

    A rollup's key is its order on disk, so what is cheap depends on the first column of the key:

    1. Time comes first, or a filter holds the first column to a few values: the slices are joined as a list of spans
       (the CTE `span`: bucket, first slot, slot after the last), and each is one range of the key.
    2. The first column is a user or a group and no filter is on it: a range of slots would read the whole table. Its
       values are listed (the CTE `lead_values`), and the slots are looked up for each of them: one range for each value
       and span.
    3. The same with many slices: values times slices would be many lookups of nearly nothing, so each value has a
       single one, over all slots from the first slice to the last. The first column is then the slot, and its bucket is
       found in Python.
    """
    in_span = "r.slot >= span.a AND r.slot < span.b"
    span_table = f"span(k, a, b) AS ({spans([(span.bucket, span.start, span.end) for span in scan.slices])})"
    if not scan.leading_column or scan.leading_column in builder.selective_columns:
        return f"WITH {span_table} SELECT span.k", f"span CROSS JOIN {{}} AS r{{}} WHERE {in_span}", int
    leading = f"lead_values(id) AS ({leading_values(scan)})"
    matches = f"r.{scan.leading_column} = lead_values.id"
    # CROSS JOIN, here and elsewhere: SQLite keeps the order of the tables, so the lists drive the lookups.
    if len(scan.slices) <= _FEW_SLICES:
        return (
            f"WITH {leading}, {span_table} SELECT span.k",
            f"lead_values CROSS JOIN span CROSS JOIN {{}} AS r{{}} WHERE {matches} AND {in_span}",
            int,
        )
    runs = _runs(scan.slices)
    # The outer bounds are the range of the key that is read; the runs leave out the gaps between slices within it.
    slots = f"r.slot >= {runs[0][0]} AND r.slot < {runs[-1][1]}"
    if len(runs) > 1:
        slots += f" AND ({' OR '.join(f'(r.slot >= {low} AND r.slot < {high})' for low, high in runs)})"
    buckets = {slot: span.bucket for span in scan.slices for slot in range(span.start, span.end)}
    return (
        f"WITH {leading} SELECT r.slot",
        f"lead_values CROSS JOIN {{}} AS r{{}} WHERE {matches} AND {slots}",
        buckets.__getitem__,
    )


def _runs(slices: Sequence[Slice]) -> list[tuple[int, int]]:
    """Adjacent slices joined, whichever bucket they are in: first slot, slot after the last."""
    runs: list[tuple[int, int]] = []
    for span in sorted(slices, key=lambda span: span.start):
        if runs and runs[-1][1] == span.start:
            runs[-1] = (runs[-1][0], span.end)
        else:
            runs.append((span.start, span.end))
    return runs


def leading_values(scan: Scan) -> str:
    """A SELECT of all values that a table's leading column can have in the time of a scan: groups, or users."""
    if scan.leading_column == "group_name":
        return "SELECT CAST(0 AS BIGINT) UNION ALL SELECT id FROM name WHERE kind = 'group'"
    first, last = scan.slices[0].start * scan.rollup.length, scan.slices[-1].end * scan.rollup.length - 1
    return f"SELECT DISTINCT app_user FROM rollup_day_user WHERE slot >= {first // DAY} AND slot <= {last // DAY}"


def _read_rows(
    builder: SqlBuilder, sums: Sequence[Sum], rows: Sequence[Slice]
) -> Iterator[tuple[GroupKey, Sequence[int | None], int]]:
    """Each sum by group, with the sign it is added with."""
    columns = ", ".join(_summed(builder, entry, "g") for entry in sums)
    keys, where = builder.group_keys("g", rows=True), builder.where("g", rows=True)
    width = len(builder.dimensions)
    grouping = ", ".join(str(n + 1) for n in range(width + 1))
    span_table, uses = id_spans(rows)
    sql = (
        f"{span_table} SELECT span.k{keys.text}, {columns} FROM span CROSS JOIN generation AS g{builder.joins('g')} "
        f"WHERE {within(builder.snapshot.dialect, rows)}{where.text} GROUP BY {grouping}"
    )
    for row in builder.snapshot.rows(sql, (*keys.values, *where.values)):
        for bucket, sign in uses[row[0]]:
            yield (bucket, *row[1 : width + 1]), row[width + 1 :], sign


def id_spans(rows: Sequence[Slice]) -> tuple[str, list[list[tuple[int, int]]]]:
    """A WITH clause of numbered spans of generation ids, and for each number its uses: bucket, and 1 or -1 (subtract).

    Slices of the same time are one span, read once: the hours subtracted from one day are those added to the next.
    """
    uses: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for span in rows:
        uses.setdefault((span.start, span.end), []).append((span.bucket, -1 if span.subtract else 1))
    ids = [(number, first_at(start), first_at(end)) for number, (start, end) in enumerate(uses)]
    return f"WITH span(k, a, b) AS ({spans(ids)})", list(uses.values())


def within(dialect: Dialect, rows: Sequence[Slice]) -> str:
    """The condition that a generation, called `g`, lies in the span."""
    in_span = "g.id >= span.a AND g.id < span.b"
    if not dialect.bound_spans:
        return in_span
    low, high = min(span.start for span in rows), max(span.end for span in rows)
    return f"{in_span} AND g.id >= {first_at(low)} AND g.id < {first_at(high)}"


def spans(numbers: Sequence[Sequence[int]]) -> str:
    """A SELECT of rows of numbers. They are our own and need no placeholders; the first row says their type."""
    head = "SELECT " + ", ".join(f"CAST({number} AS BIGINT)" for number in numbers[0])
    rest = ", ".join(f"({', '.join(map(str, row))})" for row in numbers[1:])
    return f"{head} UNION ALL VALUES {rest}" if rest else head


def _summed(builder: SqlBuilder, entry: Sum, alias: str) -> str:
    terms = []
    for column in entry.columns:
        sign, name = ("-", column[1:]) if column.startswith("-") else ("+", column)
        terms.append(f"{sign} {f'{alias}.{name}' if alias == 'r' else row_value(builder, name)}")
    value = " ".join(terms).removeprefix("+ ")
    condition = builder.condition(entry.only, alias)
    return f"SUM(CASE WHEN {condition} THEN {value} ELSE 0 END)" if condition else f"SUM({value})"


def row_value(builder: SqlBuilder, name: str) -> str:
    """What one generation, called `g`, adds to a column of the rollups, as SQL."""
    return rollup_measure(name).sql(builder.names.id)
