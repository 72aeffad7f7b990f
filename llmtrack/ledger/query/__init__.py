"""Queries: metrics by dimensions, checked, planned and run. `llmtrack.ledger.metrics.ask` is the way in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.lazy import lazy_names

if TYPE_CHECKING:
    from llmtrack.ledger.query.catalog import metric as metric
    from llmtrack.ledger.query.document import in_markdown as in_markdown
    from llmtrack.ledger.query.histogram_buckets import Histogram as Histogram
    from llmtrack.ledger.query.histogram_buckets import histograms as histograms
    from llmtrack.ledger.query.measures import Unit as Unit
    from llmtrack.ledger.query.query import Filter as Filter
    from llmtrack.ledger.query.result import MONEY as MONEY
    from llmtrack.ledger.query.result import QueryResult as QueryResult
    from llmtrack.ledger.query.result import Row as Row
    from llmtrack.ledger.query.what_if import cost_elsewhere as cost_elsewhere

_HOMES = {
    "Filter": "query",
    "Histogram": "histogram_buckets",
    "MONEY": "result",
    "QueryResult": "result",
    "Row": "result",
    "Unit": "measures",
    "cost_elsewhere": "what_if",
    "histograms": "histogram_buckets",
    "in_markdown": "document",
    "metric": "catalog",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
