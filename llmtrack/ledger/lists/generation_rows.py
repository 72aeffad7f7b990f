"""Rows and details of generations, read by id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlmodel import SQLModel

from llmtrack.ids import started_at
from llmtrack.ledger.database.snapshot import Snapshot
from llmtrack.ledger.lists.pagination import dollars, seconds
from llmtrack.ledger.periods import from_micros
from llmtrack.ledger.query.names import NameLookup, texts_of
from llmtrack.ledger.schema import tables

_NAMES = ("provider", "operation", "model", "request_model", "response_model", "status", "error_type", "error_code",
          "feature", "group_name", "finish_reason", "service_tier", "region", "cost_status", "cost_reason")  # fmt: skip
_PLAIN = ("http_status", "attempts", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens",
          "cache_write_1h_tokens", "reasoning_tokens", "response_id", "request_id", "span_id")  # fmt: skip
_OTHER = (
    "id",
    "app_user",
    "session",
    "trace",
    "streamed",
    "usage_estimated",
    "duration",
    "time_to_first_token",
    "cost",
)
_COLUMNS = (*_OTHER, *_NAMES, *_PLAIN)
_OF_COST = ("cost", "price", "reported_cost", "usage_details", "property_set")
PARTS = ("input", "cache_read", "cache_write", "output", "reasoning", "audio", "image", "request", "tool")
"""What a cost is made of."""
_TABLE = SQLModel.metadata.tables[str(tables.Generation.__tablename__)]
_MORE = tuple(
    column.name
    for column in _TABLE.columns
    if column.name not in {*_COLUMNS, *_OF_COST, *(f"{part}_cost" for part in PARTS)}
)
"""Columns neither in a row of a list nor part of the cost: a new one is shown without being named here."""
_WORDS = frozenset(column.name for column in _TABLE.columns if "kind" in column.info)


@dataclass(frozen=True, slots=True)
class GenerationRow:
    """A generation as a list shows it. None is unknown or not given."""

    id: int
    at: datetime
    """When it was sent, in the time zone of the list."""
    user: str | None
    session: str | None
    trace: str | None
    provider: str
    operation: str
    model: str | None
    request_model: str | None
    response_model: str | None
    status: str
    error_type: str | None
    error_code: str | None
    feature: str | None
    group: str | None
    finish_reason: str | None
    service_tier: str | None
    region: str | None
    http_status: int | None
    streamed: bool
    attempts: int
    duration: float | None
    """Seconds."""
    time_to_first_token: float | None
    """Seconds."""
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    cache_write_1h_tokens: int | None
    reasoning_tokens: int | None
    usage_estimated: bool
    cost: Decimal | None
    """US dollars; of a simulated generation what it would have cost (see `cost_status`)."""
    cost_status: str
    cost_reason: str | None
    """A code of `llmtrack.pricing.reasons`."""
    response_id: str | None
    request_id: str | None
    span_id: int | None


@dataclass(frozen=True, slots=True)
class GenerationDetail:
    """A generation with its texts, properties and the parts of its cost."""

    row: GenerationRow
    input: Sequence[Any] | None
    """Messages, as OpenTelemetry GenAI has them; None where text is not kept."""
    output: Sequence[Any] | None
    error_message: str | None
    properties: Mapping[str, Any]
    cost_parts: Mapping[str, Decimal]
    """What the cost is made of, as far as known; the parts add up to it."""
    reported_cost: Decimal | None
    price: Mapping[str, Any] | None
    """The price applied: source, version, provider, model, tier, adjustment and rates."""
    details: Mapping[str, Any]
    """The rest of the usage: tools, work on other models, counts that were too large to be right."""
    more: Mapping[str, str | int]
    """What is known of the columns that `row` has no field for: further counts, and words."""


def read_rows(view: Snapshot, names: NameLookup, ids: Sequence[int], timezone: str) -> list[GenerationRow]:
    """The generations with these ids, in this order."""
    if not ids:
        return []
    listed = ", ".join(map(str, ids))
    fetched = view.rows(f"SELECT {', '.join(_COLUMNS)} FROM generation WHERE id IN ({listed})")
    rows = {row[0]: dict(zip(_COLUMNS, row, strict=True)) for row in fetched}
    texts = {
        name: texts_of(view, name, {row[column] for row in rows.values() if row[column]})
        for name, column in (("user", "app_user"), ("session", "session"), ("trace", "trace"))
    }
    return [_row(rows[id], names, texts, timezone) for id in ids if id in rows]


def _row(
    row: Mapping[str, Any], names: NameLookup, texts: Mapping[str, Mapping[int, str]], timezone: str
) -> GenerationRow:
    named = {("group" if name == "group_name" else name): names.text(row[name]) for name in _NAMES}
    return GenerationRow(
        id=row["id"],
        at=from_micros(started_at(row["id"]), timezone),
        user=texts["user"].get(row["app_user"]),
        session=texts["session"].get(row["session"]),
        trace=texts["trace"].get(row["trace"]),
        streamed=bool(row["streamed"]),
        usage_estimated=bool(row["usage_estimated"]),
        duration=seconds(row["duration"]),
        time_to_first_token=seconds(row["time_to_first_token"]),
        cost=dollars(row["cost"]),
        **{name: row[name] for name in _PLAIN},
        **named,  # type: ignore[arg-type]
    )


def read_detail(view: Snapshot, names: NameLookup, id: int, timezone: str) -> GenerationDetail | None:
    """The details of a generation; None where there is none of that id."""
    rows = read_rows(view, names, [id], timezone)
    if not rows:
        return None
    columns = ", ".join([*(f"g.{part}_cost" for part in PARTS), *(f"g.{column}" for column in _MORE)])
    row = view.one(
        "SELECT t.input, t.output, t.error, ps.properties, g.usage_details, g.reported_cost, "
        f"p.source, p.version, p.provider, p.model, p.tier, p.adjustment, p.rates, {columns} FROM generation AS g "
        "LEFT JOIN generation_text AS t ON t.id = g.id LEFT JOIN property_set AS ps ON ps.id = g.property_set "
        f"LEFT JOIN price AS p ON p.id = g.price WHERE g.id = {int(id)}"
    )
    load = view.dialect.from_json
    costs, more = row[13 : 13 + len(PARTS)], row[13 + len(PARTS) :]
    price = dict(zip(("source", "version", "provider", "model", "tier", "adjustment"), row[6:12], strict=True))
    return GenerationDetail(
        row=rows[0],
        input=load(row[0]),
        output=load(row[1]),
        error_message=row[2],
        properties=load(row[3]) or {},
        cost_parts={part: d for part, nano in zip(PARTS, costs, strict=True) if (d := dollars(nano)) is not None},
        reported_cost=dollars(row[5]),
        price={**price, "rates": load(row[12])} if row[6] is not None else None,
        details=load(row[4]) or {},
        more={
            column: (names.text(value) or "") if column in _WORDS else value
            for column, value in zip(_MORE, more, strict=True)
            if value is not None
        },
    )
