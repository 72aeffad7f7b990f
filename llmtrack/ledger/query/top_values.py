"""The largest values of a dimension, and all others as one: what a chart with a few series needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from llmtrack.ledger.query.query import Filter, Query, Value, parse_order
from llmtrack.ledger.query.result import QueryResult, Row

OTHERS = "all others"
"""What stands in a row in place of the values that are not among the largest."""


def with_others(run: Callable[[Query], QueryResult], query: Query) -> QueryResult:
    """The result of a query with a `top`: its first dimension has those values alone, and `OTHERS` for the rest.

    The others are asked for anew and not added up, so that averages, percentiles and counts of different users are
    theirs, too. `run` answers a query without a top.
    """
    name = query.dimensions[0]
    by_value = run(replace(query, by=(name,), order=f"-{query.metrics[0]}", limit=None, fill=False, top=None))
    values = query.top if isinstance(query.top, tuple) else _values(by_value, name)[: query.top]
    kept_where = (*query.where, Filter(name, values))
    plain = replace(query, limit=None, top=None)
    largest = run(replace(plain, where=kept_where)) if values else None
    rows = list(largest.rows) if largest else []
    results = [by_value, *([largest] if largest else [])]
    if not set(_values(by_value, name)) <= set(values):
        by = tuple(each for each in query.by if each != name)
        order = None if query.order is None or parse_order(query.order)[0] == name else query.order
        rest = run(replace(plain, by=by, order=order, where=(*query.where, Filter(name, values, negated=True))))
        rows += [
            Row({each: OTHERS if each == name else row[each] for each in (*query.by, *query.metrics)}) for row in rest
        ]
        results.append(rest)
    ordered = in_order(sorted(rows, key=lambda row: _place(row, query.by)), query.order)
    limited = ordered[: query.limit] if query.limit else ordered
    return replace(
        by_value,
        rows=limited,
        by=query.by,
        explain="; ".join(dict.fromkeys(result.explain for result in results)),
        warnings=tuple(dict.fromkeys(warning for result in results for warning in result.warnings)),
        cut=len(ordered) - len(limited),
        queries=results[-1].queries,
        top=values,
    )


def in_order(rows: list[Row], order: str | None) -> list[Row]:
    """The rows in the order asked for; rows whose value is unknown come last either way."""
    if order is None:
        return rows
    name, descending = parse_order(order)
    with_value = [row for row in rows if row[name] is not None]
    without_value = [row for row in rows if row[name] is None]
    return sorted(with_value, key=lambda row: row[name], reverse=descending) + without_value


def _values(result: QueryResult, name: str) -> tuple[Value, ...]:
    return tuple(row[name] for row in result)


def _place(row: Row, by: Sequence[str]) -> tuple[Any, ...]:
    """Sorts rows in the order of `by`, each by value: "not given" after the values, and the others last."""
    values = [row[name] for name in by]
    return tuple(
        (value is OTHERS, value is None, str(type(value)), value if value is not None else 0) for value in values
    )
