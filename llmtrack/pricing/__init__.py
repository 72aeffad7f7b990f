"""Usage to cost, with its provenance."""

from __future__ import annotations

from llmtrack.pricing.book import Book, BookEntry
from llmtrack.pricing.engine import Pricer, in_dollars
from llmtrack.pricing.reasons import Reason, counts_as_unpriced, in_words
from llmtrack.pricing.usage import Cost, Price, Usage

__all__ = [
    "Book",
    "BookEntry",
    "Cost",
    "Price",
    "Pricer",
    "Reason",
    "Usage",
    "counts_as_unpriced",
    "in_dollars",
    "in_words",
]
