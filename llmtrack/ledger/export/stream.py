"""Export as CSV, JSON Lines or Parquet, streamed: no more than one batch of rows is in memory at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from llmtrack.ledger.database.snapshot import Cancel
from llmtrack.ledger.export.formats import FORMATS, Column, encoded
from llmtrack.ledger.lists.generation_rows import PARTS, GenerationRow, read_rows
from llmtrack.ledger.lists.pagination import dollars
from llmtrack.ledger.periods import GRAINS
from llmtrack.ledger.query.context import QueryContext, query_context
from llmtrack.ledger.query.query import Where
from llmtrack.ledger.query.result import QueryResult

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

__all__ = ["FORMATS", "Column", "generation_columns", "stream_generations", "stream_result"]

BATCH = 2_000
"""Generations read at once."""
_KINDS = {
    "at": "time", "cost": "money", "duration": "number", "time_to_first_token": "number", "streamed": "flag",
    "usage_estimated": "flag", "id": "integer", "http_status": "integer", "attempts": "integer", "span_id": "integer",
}  # fmt: skip
_DOCS = {
    "at": "When it was sent, UTC.",
    "duration": "Seconds from sending to the last byte.",
    "time_to_first_token": "Seconds from sending to the first output of any kind.",
    "input_tokens": "All input tokens, cached ones included.",
    "output_tokens": "All output tokens, reasoning included.",
    "cost": "US dollars; what it would have cost, where cost_status says that nobody pays it. Empty is unknown, not 0.",
    "cost_status": "How far to trust the cost: exact, estimated, provider_reported or unpriced; or not paid: "
    "simulated, api_equivalent (of a subscription).",
}
_UNITS = {"usd": "money", "tokens": "integer", "count": "integer"}


def generation_columns(*, text: bool = False) -> tuple[Column, ...]:
    """The columns of exported generations, in order; with `text` also prompts, answers and error messages."""
    own = [
        Column(field.name, _KINDS.get(field.name, "integer" if field.name.endswith("_tokens") else "text"),
               _DOCS.get(field.name, ""))
        for field in fields(GenerationRow)
    ]  # fmt: skip
    parts = [Column(f"{part}_cost", "money", f"The part of the cost for {part.replace('_', ' ')}.") for part in PARTS]
    rest = [Column("properties", "text", "Properties as a JSON object.")]
    if text:
        rest += [Column(name, "text", f"{name.capitalize()} as JSON messages.") for name in ("input", "output")]
        rest.append(Column("error_message", "text", "The provider's error message."))
    return (*own, *parts, *rest)


def stream_generations(
    ledger: Ledger,
    format: str = "csv",
    *,
    since: datetime | date | None = None,
    until: datetime | date | None = None,
    timezone: str = "UTC",
    where: Where | None = None,
    text: bool = False,
    progress: Callable[[int], None] | None = None,
    cancel: Cancel | None = None,
) -> Iterator[bytes]:
    """The generations of a time as a file, piece by piece, oldest first.

    `progress` is called with the number of generations exported so far. Generations recorded meanwhile are included if
    they come after those already read. Raises ValueError for a format or a filter there is not.
    """
    batches = _batches(ledger, since, until, timezone, where, text, progress, cancel)
    return encoded(format, generation_columns(text=text), batches)


def stream_result(result: QueryResult, format: str = "csv") -> Iterator[bytes]:
    """The rows of a query result as a file, piece by piece."""
    columns = [Column(name, "time" if name in GRAINS else "text", "") for name in result.by]
    columns += [Column(name, _UNITS.get(unit, "number"), "") for name, unit in result.units.items()]
    rows = [[_text_or(row[column.name], column) for column in columns] for row in result]
    return encoded(format, tuple(columns), (rows[at : at + BATCH] for at in range(0, len(rows), BATCH)))


def _text_or(value: Any, column: Column) -> Any:
    return str(value) if column.kind == "text" and value is not None else value


def _batches(
    ledger: Ledger,
    since: datetime | date | None,
    until: datetime | date | None,
    timezone: str,
    where: Where | None,
    text: bool,
    progress: Callable[[int], None] | None,
    cancel: Cancel | None,
) -> Iterator[list[list[Any]]]:
    """Rows in the order of `generation_columns`. Each batch has a snapshot of its own, so that no writer waits."""
    low, exported = 0, 0
    while True:
        with query_context(ledger, since, until, timezone, where, cancel) as context:
            condition = context.builder.where("g", rows=True)
            ids = context.snapshot.rows(
                f"SELECT g.id FROM generation AS g WHERE g.id >= {max(low, context.low)} AND g.id < {context.high}"
                f"{condition.text} ORDER BY g.id LIMIT {BATCH}",
                condition.values,
            )
            if not ids:
                return
            batch = [id for (id,) in ids]
            rows = read_rows(context.snapshot, context.names, batch, "UTC")
            more = _more(context, batch, text)
        yield [[*(getattr(row, field.name) for field in fields(GenerationRow)), *more[row.id]] for row in rows]
        low = batch[-1] + 1
        exported += len(batch)
        if progress is not None:
            progress(exported)


def _more(context: QueryContext, ids: Sequence[int], text: bool) -> Mapping[int, list[Any]]:
    """Cost parts, properties and, if asked for, texts, by id."""
    parts = ", ".join(f"g.{part}_cost" for part in PARTS)
    texts = ", t.input, t.output, t.error" if text else ""
    join = " LEFT JOIN generation_text AS t ON t.id = g.id" if text else ""
    sql = (
        f"SELECT g.id, ps.properties{texts}, {parts} FROM generation AS g "
        f"LEFT JOIN property_set AS ps ON ps.id = g.property_set{join} WHERE g.id IN ({', '.join(map(str, ids))})"
    )
    values = {}
    width = 5 if text else 2
    for row in context.snapshot.rows(sql):
        properties = (
            None if row[1] is None else json.dumps(context.snapshot.dialect.from_json(row[1]), ensure_ascii=False)
        )
        values[row[0]] = [*(dollars(nano) for nano in row[width:]), properties, *row[2:width]]
    return values
