"""Export: rows and query results as CSV, JSON Lines or Parquet, streamed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.lazy import lazy_names

if TYPE_CHECKING:
    from llmtrack.ledger.export.formats import Column as Column
    from llmtrack.ledger.export.formats import encoded as encoded
    from llmtrack.ledger.export.stream import BATCH as BATCH
    from llmtrack.ledger.export.stream import FORMATS as FORMATS
    from llmtrack.ledger.export.stream import generation_columns as generation_columns
    from llmtrack.ledger.export.stream import stream_generations as stream_generations
    from llmtrack.ledger.export.stream import stream_result as stream_result

_HOMES = {
    "BATCH": "stream",
    "Column": "formats",
    "FORMATS": "stream",
    "encoded": "formats",
    "generation_columns": "stream",
    "stream_result": "stream",
    "stream_generations": "stream",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
