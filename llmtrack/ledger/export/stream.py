"""Getting data out as CSV, JSON Lines or Parquet, streamed: no more than one batch of rows is in memory at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from llmtrack.ledger.database.snapshot import Cancel
from llmtrack.ledger.export.formats import FORMATS, Column, encoded
from llmtrack.ledger.lists.generation_rows import PARTS, GenerationRow, entries
from llmtrack.ledger.lists.pagination import dollars
from llmtrack.ledger.periods import GRAINS
from llmtrack.ledger.query.context import Opened, opened
from llmtrack.ledger.query.query import Where
from llmtrack.ledger.query.result import Answer

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

__all__ = ["FORMATS", "Column", "generation_columns", "stream_answer", "stream_generations"]

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
    "cost": "US dollars; of a simulated generation what it would have cost (see cost_status). Empty is unknown, not 0.",
    "cost_status": "How far to trust the cost: exact, estimated, provider_reported, simulated or unpriced.",
}
_UNITS = {"usd": "money", "tokens": "integer", "count": "integer"}


def generation_columns(*, text: bool = False) -> tuple[Column, ...]:
    """The columns of exported generations, in order; with `text` also what was said."""
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

    `progress` is told how many generations were written so far. Generations written meanwhile are included where they
    come later than what was read. Raises ValueError for a format or a filter there is not.
    """
    batches = _batches(ledger, since, until, timezone, where, text, progress, cancel)
    return encoded(format, generation_columns(text=text), batches)


def stream_answer(answer: Answer, format: str = "csv") -> Iterator[bytes]:
    """The rows of an answer as a file, piece by piece."""
    columns = [Column(name, "time" if name in GRAINS else "text", "") for name in answer.by]
    columns += [Column(name, _UNITS.get(unit, "number"), "") for name, unit in answer.units.items()]
    rows = [[_text_or(row[column.name], column) for column in columns] for row in answer]
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
    """Rows in the order of `generation_columns`. Each batch is read by itself, so that no writer is kept waiting."""
    low, done = 0, 0
    while True:
        with opened(ledger, since, until, timezone, where, cancel) as view:
            condition = view.scope.where("g", rows=True)
            ids = view.snapshot.rows(
                f"SELECT g.id FROM generation AS g WHERE g.id >= {max(low, view.low)} AND g.id < {view.high}"
                f"{condition.text} ORDER BY g.id LIMIT {BATCH}",
                condition.values,
            )
            if not ids:
                return
            found = [id for (id,) in ids]
            rows = entries(view.snapshot, view.words, found, "UTC")
            more = _more(view, found, text)
        yield [[*(getattr(row, field.name) for field in fields(GenerationRow)), *more[row.id]] for row in rows]
        low = found[-1] + 1
        done += len(found)
        if progress is not None:
            progress(done)


def _more(view: Opened, ids: Sequence[int], text: bool) -> Mapping[int, list[Any]]:
    """Cost parts, properties and, if asked for, texts, by id."""
    parts = ", ".join(f"g.{part}_cost" for part in PARTS)
    said = ", t.input, t.output, t.error" if text else ""
    join = " LEFT JOIN generation_text AS t ON t.id = g.id" if text else ""
    sql = (
        f"SELECT g.id, ps.properties{said}, {parts} FROM generation AS g "
        f"LEFT JOIN property_set AS ps ON ps.id = g.property_set{join} WHERE g.id IN ({', '.join(map(str, ids))})"
    )
    found = {}
    width = 5 if text else 2
    for row in view.snapshot.rows(sql):
        properties = None if row[1] is None else json.dumps(view.snapshot.dialect.from_json(row[1]), ensure_ascii=False)
        found[row[0]] = [*(dollars(nano) for nano in row[width:]), properties, *row[2:width]]
    return found
