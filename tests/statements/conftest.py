"""A fresh ledger for each test, on each database."""

from __future__ import annotations

import pytest

from llmtrack.ledger import Ledger, open_ledger


@pytest.fixture
def ledger(ledger_url: str) -> Ledger:
    """An empty ledger."""
    return open_ledger(ledger_url)
