"""What a page of numbers costs the database: how many questions it asks, and that none of them reads call after call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from llmtrack.ledger import Ledger, metrics
from llmtrack.ledger.query import QueryResult
from llmtrack.ledger.records import Identity
from tests.pages.conftest import OpenPage, call

DAYS = 40
# The most questions of each page, and the most statements these are sent to the database as, at any number of calls.
PAGES = {
    "admin/overview.py": (12, 60),
    "admin/users.py": (14, 90),
    "admin/models.py": (8, 60),
    "admin/teams.py": (8, 40),
    "admin/features.py": (8, 40),
    "admin/latency.py": (8, 60),
    "admin/errors.py": (14, 60),
    "admin/prices.py": (3, 20),
}

FROM_ROWS: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "admin/errors.py": [((), ("generations",))],  # how many attempts a call took is in no total: left out where many
}


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_few_questions_and_reads_totals(
    open_page: OpenPage, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    times = [midnight - timedelta(days=number, hours=-9) for number in range(1, DAYS)]
    ledger.write(
        [
            Identity("kim", {"plan": "pro"}, 1),
            *(call(cost=10**9, at=at, feature="chat", group="blue", user_id=user) for at in times for user in ("kim", "bo")),
        ]
    )  # fmt: skip
    answers: list[QueryResult] = []
    answered = metrics.ask

    def asked_for(*given: object, **more: object) -> QueryResult:
        answers.append(answered(*given, **more))  # type: ignore[arg-type]
        return answers[-1]

    monkeypatch.setattr("llmtrack.ledger.metrics.ask", asked_for)
    open_page(page)
    questions, statements = PAGES[page]
    assert 0 < len(answers) <= questions, [(answer.by, list(answer.units)) for answer in answers]
    assert sum(answer.queries for answer in answers) <= statements
    from_rows = [(answer.by, tuple(answer.units)) for answer in answers if "rows" in answer.explain]
    assert from_rows == FROM_ROWS.get(page, [])
