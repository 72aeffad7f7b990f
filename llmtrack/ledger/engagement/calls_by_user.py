"""How many calls each user made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING

from llmtrack.ledger.database.snapshot import Cancel, snapshot
from llmtrack.ledger.query.executor import Executor
from llmtrack.ledger.query.measures import Sum
from llmtrack.ledger.query.query import Where, make_query
from llmtrack.ledger.query.runner import MAX_ROWS

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger


def calls_per_user(
    ledger: Ledger,
    *,
    since: datetime | date | None = None,
    until: datetime | date | None = None,
    timezone: str = "UTC",
    where: Where | None = None,
    max_rows: int | None = MAX_ROWS,
    cancel: Cancel | None = None,
) -> Mapping[int, int]:
    """Calls by the number of the user; calls without a user are left out. Raises `TooManyRows` as `ask` does."""
    query = make_query("generations_per_user", since=since, until=until, timezone=timezone, where=where)
    with snapshot(ledger, cancel) as view:
        executor = Executor(view, ledger, query, max_rows, False)
        by_user = executor.user_sums((Sum("generations"),)).get((0,), {})
        return {user: calls for user, (calls,) in by_user.items() if user and calls}
