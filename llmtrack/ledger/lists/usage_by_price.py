"""Usage summed by the price that was applied to it: the lines of a statement. Reads every row of the time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from llmtrack.ledger.lists.generation_rows import PARTS
from llmtrack.ledger.lists.pagination import dollars
from llmtrack.ledger.query.context import QueryContext, query_context
from llmtrack.ledger.query.query import Where
from llmtrack.ledger.schema.row_measures import MESSAGE, UNPRICED

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

QUANTITIES = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "output_tokens",
              "reasoning_tokens", "web_searches")  # fmt: skip
"""What is counted of each line. The input holds what was read from and written to a cache, the output the reasoning."""
_PRICE = ("source", "version", "provider", "model", "tier", "above", "adjustment")


@dataclass(frozen=True, slots=True)
class PricedUsage:
    """The calls of one model that were priced alike."""

    provider: str
    model: str | None
    cost_status: str
    price: Mapping[str, Any] | None
    """Source, version, provider, model, tier, above, adjustment and rates; None where none was applied."""
    calls: int
    messages: int
    unpriced: int
    """Calls that may have cost something nobody knows."""
    quantities: Mapping[str, int]
    """By the names of `QUANTITIES`: as far as they were reported."""
    parts: Mapping[str, Decimal]
    """The cost by part (`generation_rows.PARTS`), in US dollars; they add up to it."""
    cost: Decimal
    """US dollars, as far as known; of simulated calls what they would have cost."""


def priced_usage(
    ledger: Ledger,
    *,
    since: datetime | date,
    until: datetime | date,
    timezone: str = "UTC",
    where: Where | None = None,
) -> list[PricedUsage]:
    """The generations of a time that have rows, summed by provider, model, how the cost is known, and price."""
    with query_context(ledger, since, until, timezone, where, None) as context:
        return [_usage(context, row) for row in context.snapshot.rows(*_sql(context))]


def _sql(context: QueryContext) -> tuple[str, tuple[Any, ...]]:
    where = context.builder.where("g", rows=True)
    sums = [f"COALESCE(SUM(g.{column}), 0)" for column in (*QUANTITIES, *(f"{part}_cost" for part in PARTS), "cost")]
    counts = [
        f"SUM(CASE WHEN {condition.sql(context.names.id)} THEN 1 ELSE 0 END)" for condition in (MESSAGE, UNPRICED)
    ]
    inner = (
        f"SELECT g.provider, g.model, g.cost_status, g.price, COUNT(*), {', '.join(counts)}, {', '.join(sums)} "
        f"FROM generation AS g WHERE g.id >= {context.low} AND g.id < {context.high}{where.text} "
        "GROUP BY g.provider, g.model, g.cost_status, g.price"
    )
    columns = [f"c{number}" for number in range(7 + len(sums))]
    prices = ", ".join(f"p.{column}" for column in (*_PRICE, "rates"))
    sql = (
        f"WITH usage({', '.join(columns)}) AS ({inner}) SELECT u.*, {prices} FROM usage AS u "
        "LEFT JOIN price AS p ON p.id = u.c3 ORDER BY u.c0, u.c1, u.c2, u.c3"
    )
    return sql, where.values


def _usage(context: QueryContext, row: Any) -> PricedUsage:
    values = list(row)
    names, price = context.names, values[-8:]
    sums = [int(value) for value in values[7:-8]]
    parts = {part: amount for part, nano in zip(PARTS, sums[len(QUANTITIES) : -1], strict=True)
             if nano and (amount := dollars(nano)) is not None}  # fmt: skip
    return PricedUsage(
        provider=names.text(values[0]) or "",
        model=names.text(values[1]),
        cost_status=names.text(values[2]) or "",
        price=None if price[0] is None else _price(context, price),
        calls=int(values[4]),
        messages=int(values[5]),
        unpriced=int(values[6]),
        quantities=dict(zip(QUANTITIES, sums, strict=False)),
        parts=parts,
        cost=Decimal(sums[-1]).scaleb(-9),
    )


def _price(context: QueryContext, values: list[Any]) -> dict[str, Any]:
    return {**dict(zip(_PRICE, values, strict=False)), "rates": context.snapshot.dialect.from_json(values[-1])}
