"""The pages of `docs/` that are made from the code, and what makes each.

    python -m tests.documents        # writes them all

A test compares each page with what its function returns, so that neither changes without the other.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"

PAGES = {
    "cli.md": "tests.documents.cli:in_markdown",
    "metrics.md": "llmtrack.ledger.query:in_markdown",
    "python-api.md": "tests.documents.python_api:in_markdown",
    "schema.md": "llmtrack.ledger.schema:in_markdown",
    "sql.md": "llmtrack.ledger.sql_access:in_markdown",
    "settings.md": "tests.documents.settings:in_markdown",
}
"""Each page with the function that returns its text, as ``module:function``."""


def made(page: str) -> str:
    """The text of a page as the code has it now."""
    module, _, function = PAGES[page].partition(":")
    make: Callable[[], str] = getattr(import_module(module), function)
    return make()
