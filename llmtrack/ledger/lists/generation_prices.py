"""What each of some calls was made up of, and the price it was priced with: the cost columns of a list of calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from llmtrack.ledger.database.snapshot import snapshot
from llmtrack.ledger.lists.generation_rows import PARTS
from llmtrack.ledger.lists.pagination import dollars

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class CallPrice:
    """The parts of a call's cost and the price applied."""

    parts: Mapping[str, Decimal]
    """US dollars by the names of `generation_rows.PARTS`; they add up to the cost."""
    price: str | None
    """Source, version and model of the price, as ``genai-prices 2026-11-24: gpt-5``; None where there was none."""


def call_prices(ledger: Ledger, ids: Sequence[int]) -> dict[int, CallPrice]:
    """The prices of the generations with these ids, by id."""
    if not ids:
        return {}
    costs = ", ".join(f"g.{part}_cost" for part in PARTS)
    sql = (
        f"SELECT g.id, p.source, p.version, p.model, p.adjustment, {costs} FROM generation AS g "
        f"LEFT JOIN price AS p ON p.id = g.price WHERE g.id IN ({', '.join(str(int(id)) for id in ids)})"
    )
    with snapshot(ledger) as view:
        rows = view.rows(sql)
    return {row[0]: CallPrice(_parts(row[5:]), _named(*row[1:5])) for row in rows}


def _parts(values: Sequence[int | None]) -> dict[str, Decimal]:
    return {part: amount for part, nano in zip(PARTS, values, strict=True) if (amount := dollars(nano)) is not None}


def _named(source: str | None, version: str | None, model: str | None, adjustment: str | None) -> str | None:
    return None if source is None else f"{source} {version}: {model}" + (f", {adjustment}" if adjustment else "")
