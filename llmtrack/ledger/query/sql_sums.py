"""Sums over parts of rollups and rows, put together: the same whatever they were read from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from llmtrack.ids import first_at
from llmtrack.ledger.query.catalog import METRICS
from llmtrack.ledger.query.measures import Sum, Total
from llmtrack.ledger.query.planner import Part, Piece
from llmtrack.ledger.query.sql_filters import Scope
from llmtrack.ledger.schema.rollups import DAY, DAY_USER
from llmtrack.ledger.schema.row_measures import rollup_measure

if TYPE_CHECKING:
    from llmtrack.ledger.database.dialect import Dialect

Key = tuple[object, ...]
"""The number of a bucket of time, then the ids or values of the dimensions."""
Sums = dict[Key, list[int]]

_FEW_PIECES = 8


def _day_user_sums() -> dict[Sum, str]:
    found: dict[Sum, str] = {}
    for name in ("generations", "messages", "errors", "unpriced", "input_tokens", "output_tokens"):
        formula = METRICS[name].formula
        if isinstance(formula, Total):
            found[formula.sum] = f"SUM(r.{name})"
    cost, simulated = METRICS["cost"].formula, METRICS["simulated_cost"].formula
    if isinstance(cost, Total) and isinstance(simulated, Total):
        found[cost.sum] = "SUM(CASE WHEN r.simulated = 0 THEN r.cost ELSE 0 END)"
        found[simulated.sum] = "SUM(CASE WHEN r.simulated = 1 THEN r.cost ELSE 0 END)"
        found[Sum("generations", only=simulated.sum.only)] = (
            "SUM(CASE WHEN r.simulated = 1 THEN r.generations ELSE 0 END)"
        )
    return found


DAY_USER_SUMS = _day_user_sums()
"""The sums it holds, in its own columns."""


def read_sums(scope: Scope, sums: Sequence[Sum], parts: Sequence[Part], rows: Sequence[Piece]) -> Sums:
    """Each sum by bucket and dimensions, over all parts and over the rows of the pieces left over."""
    found: Sums = {}
    takes = any(piece.taken for piece in rows)
    read = (*sums, Sum("generations")) if takes else sums
    for part in parts:
        for key, values in _read_rollup(scope, read, part):
            _add(found, key, values)
    if rows:
        for key, values, sign in _read_rows(scope, read, rows):
            _add(found, key, values, sign)
    if not takes:
        return found
    # What was counted whole may hold groups of which nothing is left once the rest is taken away.
    return {key: values[:-1] for key, values in found.items() if values[-1]}


def _add(found: Sums, key: Key, values: Sequence[int | None], sign: int = 1) -> None:
    total = found.get(key)
    if total is None:
        found[key] = [sign * int(value or 0) for value in values]
    else:
        for at, value in enumerate(values):
            if value:
                total[at] += sign * int(value)


def _read_rollup(scope: Scope, sums: Sequence[Sum], part: Part) -> list[tuple[Key, Sequence[int | None]]]:
    narrow = part.rollup is DAY_USER
    columns = ", ".join(DAY_USER_SUMS[each] if narrow else _summed(scope, each, "r") for each in sums)
    keys, where = scope.keys("r", rows=False), scope.where("r", rows=False)
    width = len(scope.dimensions)
    grouping = ", ".join(str(n + 1) for n in range(width + 1))
    start, test, bucket = slot_spans(part, scope)
    source = test.format(part.rollup.table, scope.joins("r"))
    sql = f"{start}{keys.text}, {columns} FROM {source}{where.text} GROUP BY {grouping}"
    found = scope.snapshot.rows(sql, (*keys.values, *where.values))
    return [((bucket(row[0]), *row[1 : width + 1]), row[width + 1 :]) for row in found]


def slot_spans(part: Part, scope: Scope) -> tuple[str, str, Callable[[int], int]]:
    """How to read the pieces of a part: the start of a SELECT whose first column tells the bucket, what to put after
    FROM (with places for the table and its joins), and how to tell the bucket from that column."""
    within = "r.slot >= span.a AND r.slot < span.b"
    numbers = f"span(k, a, b) AS ({spans([(piece.bucket, piece.start, piece.end) for piece in part.pieces])})"
    if not part.lead or part.lead in scope.fixed:
        return f"WITH {numbers} SELECT span.k", f"span CROSS JOIN {{}} AS r{{}} WHERE {within}", int
    # Sorted by something else than time and not held to any of it: looked up for each of these that was there.
    led = f"led(id) AS ({leads(part)})"
    held = f"r.{part.lead} = led.id"
    if len(part.pieces) <= _FEW_PIECES:
        return (
            f"WITH {led}, {numbers} SELECT span.k",
            f"led CROSS JOIN span CROSS JOIN {{}} AS r{{}} WHERE {held} AND {within}",
            int,
        )
    runs = _runs(part.pieces)
    everything = f"r.slot >= {runs[0][0]} AND r.slot < {runs[-1][1]}"
    if len(runs) > 1:
        everything += f" AND ({' OR '.join(f'(r.slot >= {low} AND r.slot < {high})' for low, high in runs)})"
    buckets = {slot: piece.bucket for piece in part.pieces for slot in range(piece.start, piece.end)}
    return (
        f"WITH {led} SELECT r.slot",
        f"led CROSS JOIN {{}} AS r{{}} WHERE {held} AND {everything}",
        buckets.__getitem__,
    )


def _runs(pieces: Sequence[Piece]) -> list[tuple[int, int]]:
    """Where slots follow one another, whichever bucket they are in."""
    runs: list[tuple[int, int]] = []
    for piece in sorted(pieces, key=lambda piece: piece.start):
        if runs and runs[-1][1] == piece.start:
            runs[-1] = (runs[-1][0], piece.end)
        else:
            runs.append((piece.start, piece.end))
    return runs


def leads(part: Part) -> str:
    """A SELECT of all values that the dimension a table is sorted by can have in the time of a part."""
    if part.lead == "group_name":
        return "SELECT CAST(0 AS BIGINT) UNION ALL SELECT id FROM name WHERE kind = 'group'"
    first, last = part.pieces[0].start * part.rollup.length, part.pieces[-1].end * part.rollup.length - 1
    return f"SELECT DISTINCT app_user FROM rollup_day_user WHERE slot >= {first // DAY} AND slot <= {last // DAY}"


def _read_rows(
    scope: Scope, sums: Sequence[Sum], rows: Sequence[Piece]
) -> Iterator[tuple[Key, Sequence[int | None], int]]:
    columns = ", ".join(_summed(scope, each, "g") for each in sums)
    keys, where = scope.keys("g", rows=True), scope.where("g", rows=True)
    width = len(scope.dimensions)
    grouping = ", ".join(str(n + 1) for n in range(width + 1))
    start, uses = id_spans(rows)
    sql = (
        f"{start} SELECT span.k{keys.text}, {columns} FROM span CROSS JOIN generation AS g{scope.joins('g')} "
        f"WHERE {within(scope.snapshot.dialect, rows)}{where.text} GROUP BY {grouping}"
    )
    for row in scope.snapshot.rows(sql, (*keys.values, *where.values)):
        for bucket, sign in uses[row[0]]:
            yield (bucket, *row[1 : width + 1]), row[width + 1 :], sign


def id_spans(rows: Sequence[Piece]) -> tuple[str, list[list[tuple[int, int]]]]:
    """A WITH clause of numbered spans of generation ids, and what each is for: buckets, with -1 where it is taken away.

    What ends one day and begins the next is read once.
    """
    uses: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for piece in rows:
        uses.setdefault((piece.start, piece.end), []).append((piece.bucket, -1 if piece.taken else 1))
    ids = [(number, first_at(start), first_at(end)) for number, (start, end) in enumerate(uses)]
    return f"WITH span(k, a, b) AS ({spans(ids)})", list(uses.values())


def within(dialect: Dialect, rows: Sequence[Piece]) -> str:
    """The condition that a generation, called `g`, lies in the span."""
    test = "g.id >= span.a AND g.id < span.b"
    if not dialect.bound_spans:
        return test
    low, high = min(piece.start for piece in rows), max(piece.end for piece in rows)
    return f"{test} AND g.id >= {first_at(low)} AND g.id < {first_at(high)}"


def spans(pieces: Sequence[Sequence[int]]) -> str:
    """Rows of numbers. They are our own, so they need no parameters; the first row says their type."""
    head = "SELECT " + ", ".join(f"CAST({number} AS BIGINT)" for number in pieces[0])
    rest = ", ".join(f"({', '.join(map(str, piece))})" for piece in pieces[1:])
    return f"{head} UNION ALL VALUES {rest}" if rest else head


def _summed(scope: Scope, each: Sum, alias: str) -> str:
    terms = []
    for column in each.columns:
        sign, name = ("-", column[1:]) if column.startswith("-") else ("+", column)
        terms.append(f"{sign} {f'{alias}.{name}' if alias == 'r' else row_value(scope, name)}")
    value = " ".join(terms).removeprefix("+ ")
    condition = scope.condition(each.only, alias)
    return f"SUM(CASE WHEN {condition} THEN {value} ELSE 0 END)" if condition else f"SUM({value})"


def row_value(scope: Scope, name: str) -> str:
    """What one generation, called `g`, adds to a measure of the rollups."""
    return rollup_measure(name).sql(scope.words.id)
