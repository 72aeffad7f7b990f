"""Queries: metrics by dimensions, checked, planned and run. `llmtrack.ledger.metrics.ask` is the way in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.lazy import lazy_names

if TYPE_CHECKING:
    from llmtrack.ledger.query.catalog import metric as metric
    from llmtrack.ledger.query.document import in_markdown as in_markdown
    from llmtrack.ledger.query.measures import Unit as Unit
    from llmtrack.ledger.query.query import Filter as Filter
    from llmtrack.ledger.query.result import MONEY as MONEY
    from llmtrack.ledger.query.result import QueryResult as QueryResult
    from llmtrack.ledger.query.result import Row as Row
    from llmtrack.ledger.query.what_if import ModelName as ModelName
    from llmtrack.ledger.query.what_if import cost_elsewhere as cost_elsewhere
    from llmtrack.ledger.query.what_if import costs_elsewhere as costs_elsewhere

_HOMES = {
    "Filter": "query",
    "MONEY": "result",
    "ModelName": "what_if",
    "QueryResult": "result",
    "Row": "result",
    "Unit": "measures",
    "cost_elsewhere": "what_if",
    "costs_elsewhere": "what_if",
    "in_markdown": "document",
    "metric": "catalog",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
