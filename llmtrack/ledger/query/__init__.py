"""Queries: metrics by dimensions, checked, planned and run. `llmtrack.ledger.metrics.ask` is the way in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.lazy import lazy_names

if TYPE_CHECKING:
    from llmtrack.ledger.query.catalog import metric as metric
    from llmtrack.ledger.query.distribution import Histogram as Histogram
    from llmtrack.ledger.query.distribution import histogram as histogram
    from llmtrack.ledger.query.distribution import histograms as histograms
    from llmtrack.ledger.query.document import in_markdown as in_markdown
    from llmtrack.ledger.query.filter_values import is_recorded as is_recorded
    from llmtrack.ledger.query.filter_values import stored_keys as stored_keys
    from llmtrack.ledger.query.filter_values import stored_values as stored_values
    from llmtrack.ledger.query.measures import Unit as Unit
    from llmtrack.ledger.query.query import Filter as Filter
    from llmtrack.ledger.query.query import Operator as Operator
    from llmtrack.ledger.query.query import Where as Where
    from llmtrack.ledger.query.query import filters as filters
    from llmtrack.ledger.query.query import parse_order as parse_order
    from llmtrack.ledger.query.result import MONEY as MONEY
    from llmtrack.ledger.query.result import QueryResult as QueryResult
    from llmtrack.ledger.query.result import Row as Row
    from llmtrack.ledger.query.runner import user_values as user_values
    from llmtrack.ledger.query.what_if import ModelName as ModelName
    from llmtrack.ledger.query.what_if import cost_elsewhere as cost_elsewhere
    from llmtrack.ledger.query.what_if import costs_elsewhere as costs_elsewhere

_HOMES = {
    "Filter": "query",
    "Histogram": "distribution",
    "MONEY": "result",
    "ModelName": "what_if",
    "Operator": "query",
    "QueryResult": "result",
    "Row": "result",
    "Unit": "measures",
    "Where": "query",
    "cost_elsewhere": "what_if",
    "costs_elsewhere": "what_if",
    "filters": "query",
    "histogram": "distribution",
    "histograms": "distribution",
    "in_markdown": "document",
    "is_recorded": "filter_values",
    "metric": "catalog",
    "parse_order": "query",
    "stored_keys": "filter_values",
    "stored_values": "filter_values",
    "user_values": "runner",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
