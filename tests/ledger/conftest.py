"""A fresh ledger for each test, on each database; and a look at every statement that is sent to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event

from llmtrack.ledger import Ledger, open_ledger
from tests.ledger.spread_statements import refused


@pytest.fixture
def ledger(ledger_url: str) -> Ledger:
    """An empty ledger."""
    return open_ledger(ledger_url)


@pytest.fixture(autouse=True)
def statements_that_spread() -> Iterator[None]:
    """No test makes the ledger send a statement that is refused where its tables are spread over servers."""
    refusals: dict[str, str] = {}

    def look(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if (reason := refused(statement)) is not None:
            refusals[statement] = reason

    event.listen(Engine, "before_cursor_execute", look)
    yield
    event.remove(Engine, "before_cursor_execute", look)
    assert refusals == {}
