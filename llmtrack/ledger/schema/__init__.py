"""The tables: facts, rollups, and the migrations that lead from one version to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.lazy import lazy_names

if TYPE_CHECKING:
    from llmtrack.ledger.schema.document import in_markdown as in_markdown

_HOMES = {
    "in_markdown": "document",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
