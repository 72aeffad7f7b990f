"""Queries: metrics by dimensions are checked, planned, read and put together. `llmtrack.ledger.metrics` asks them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.lazy import lazy_names

if TYPE_CHECKING:
    from llmtrack.ledger.query.catalog import metric as metric
    from llmtrack.ledger.query.measures import Unit as Unit
    from llmtrack.ledger.query.query import Filter as Filter
    from llmtrack.ledger.query.result import MONEY as MONEY
    from llmtrack.ledger.query.result import Answer as Answer
    from llmtrack.ledger.query.result import Row as Row
    from llmtrack.ledger.query.what_if import cost_elsewhere as cost_elsewhere

_HOMES = {
    "Answer": "result",
    "Filter": "query",
    "MONEY": "result",
    "Row": "result",
    "Unit": "measures",
    "cost_elsewhere": "what_if",
    "metric": "catalog",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
