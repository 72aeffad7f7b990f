"""The slots of models and features among the colours of charts, as they were given when first recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

KINDS = ("model", "feature")
"""The dimensions whose values have slots."""


def slots(ledger: Ledger, kind: str) -> Mapping[str, int]:
    """The slot of each model or feature by its name, from 1. Raises ValueError for a kind that has none."""
    if kind not in KINDS:
        raise ValueError(f"A {kind!r} has no stored colour; there are {' and '.join(KINDS)}.")
    sql = f"SELECT text, slot FROM name WHERE kind = {ledger.dialect.placeholder} AND slot IS NOT NULL"
    with ledger.reading() as connection:
        return {row.text: row.slot for row in connection.exec_driver_sql(sql, (kind,))}
