"""Changes of the costs of rows that are there, and what they change in the totals, traces and sessions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.write import sealed_days
from llmtrack.ledger.write.generation_row import AT, Row
from llmtrack.ledger.write.interning import Interning, Remembered, plain_json, price_key
from llmtrack.ledger.write.limit_counters import LimitCounters
from llmtrack.ledger.write.rollup_delta import CountingRules, RollupDelta
from llmtrack.ledger.write.trace_totals import TraceDelta
from llmtrack.pricing.usage import PARTS, Cost
from llmtrack.statuses import CostStatus

_CHANGED = ("cost_status", "cost", *(f"{part}_cost" for part in PARTS), "price", "cost_reason", "usage_details")


class CostChanges:
    """Changes of rows' costs, and what they change in the totals."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection, self._dialect = connection, dialect
        self._interning = Interning(connection, dialect, Remembered())
        self._interning.want_names([("cost_status", CostStatus.UNPRICED.value)])
        rules = CountingRules(self._interning.names)
        self._totals, self._interactions = RollupDelta(rules), TraceDelta(rules)
        self._limits = LimitCounters(connection, dialect)
        changes = ", ".join(f"{column} = {dialect.placeholder}" for column in _CHANGED)
        self._set = f"UPDATE generation SET {changes} WHERE id = {dialect.placeholder}"

    def price(self, batch: Sequence[tuple[Row, Cost]], number: int) -> None:
        """Gives these rows their costs, and stores what they had before, for `restore`."""
        if not batch:
            return
        costs = [cost for _, cost in batch]
        interning = self._interning
        interning.want_names(("cost_status", cost.status) for cost in costs)
        interning.want_names(("cost_reason", cost.reason) for cost in costs if cost.reason)
        interning.want_prices({
            price_key(price): price for cost in costs for price in (cost.price, *cost.other_prices) if price is not None
        })  # fmt: skip
        before = [(number, row[0], row[AT["cost_reason"]], row[AT["usage_details"]]) for row, _ in batch]
        columns = ("run", "generation", "cost_reason", "usage_details")
        self._connection.exec_driver_sql(self._dialect.insert_sql("repriced", columns), before)
        self._write([(row, self._columns_of(row, cost)) for row, cost in batch])

    def restore(self, batch: Sequence[tuple[Row, int | None, str | None]]) -> None:
        """Makes these rows unpriced again, for the reason and with the details given."""
        unpriced = self._interning.names["cost_status", CostStatus.UNPRICED.value]
        nothing = (None,) * (len(_CHANGED) - 3)
        self._write([(row, (unpriced, *nothing, reason, details)) for row, reason, details in batch])

    def store(self) -> None:
        """Writes what has changed to all totals."""
        edge = sealed_days.edge(self._connection)
        self._totals.store(self._connection, self._dialect, edge)
        self._interactions.store(self._connection, self._dialect, self._interning)
        self._limits.store()

    def _columns_of(self, row: Row, cost: Cost) -> tuple[Any, ...]:
        names, prices = self._interning.names, self._interning.prices
        details = row[AT["usage_details"]]
        if cost.other_prices:
            numbers = [prices[price_key(price)] for price in cost.other_prices]
            details = plain_json({**json.loads(details or "{}"), "prices": numbers})
        return (
            names["cost_status", cost.status],
            cost.total,
            *(getattr(cost, part) for part in PARTS),
            None if cost.price is None else prices[price_key(cost.price)],
            names["cost_reason", cost.reason] if cost.reason else None,
            details,
        )

    def _write(self, changes: Sequence[tuple[Row, tuple[Any, ...]]]) -> None:
        for row, values in changes:
            new = list(row)
            for column, value in zip(_CHANGED, values, strict=True):
                new[AT[column]] = value
            for counted in (self._totals, self._interactions, self._limits):
                counted.add(row, -1)
                counted.add(tuple(new))
        self._connection.exec_driver_sql(self._set, [(*values, row[0]) for row, values in changes])
