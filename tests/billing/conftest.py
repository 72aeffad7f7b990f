"""A ledger with limits on each database, and clients whose calls count against them."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

import llmtrack
import llmtrack.anthropic
import llmtrack.openai
from llmtrack.capture.tracker import Tracker
from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.limit_book import LimitUse, limit_use
from llmtrack.ledger.limits import Limit
from tests.conftest import postgres_database
from tests.provider import Provider

_TLS = ssl.create_default_context()


@pytest.fixture
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database: SQLite, or PostgreSQL where a test asks for it with `BOTH`."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.db'}"
    else:
        yield from postgres_database()


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """An empty ledger."""
    ledger = open_ledger(ledger_url)
    yield ledger
    ledger.close()


@pytest.fixture
def make_tracker(ledger_url: str, tmp_path: Path) -> Iterator[Callable[..., Tracker]]:
    """Makes trackers on the test's ledger, and closes them after it."""
    made: list[Tracker] = []

    def make(**options: Any) -> Tracker:
        made.append(Tracker(**{"database_url": ledger_url, "journal_dir": tmp_path / "journal", **options}))
        return made[-1]

    yield make
    for tracker in made:
        tracker.close(5)


@pytest.fixture
def tracker(make_tracker: Callable[..., Tracker]) -> Tracker:
    """A tracker on the test's ledger."""
    return make_tracker()


@pytest.fixture
def client(provider: Provider, tracker: Tracker) -> Iterator[Callable[..., Any]]:
    """Makes tracked clients: ``client("AsyncOpenAI", max_retries=0)``."""
    made: list[Any] = []

    def make(name: str = "OpenAI", *, tracker: Tracker = tracker, **options: Any) -> Any:
        family, ours = (openai, llmtrack.openai) if "OpenAI" in name else (anthropic, llmtrack.anthropic)
        http = family.DefaultAsyncHttpxClient if "Async" in name else family.DefaultHttpxClient
        plain = getattr(ours, name)(**{"max_retries": 0, "http_client": http(verify=_TLS), **options})
        made.append(plain)
        return llmtrack.track(plain, provider=family.__name__, tracker=tracker)

    yield make
    for one in made:
        if not one.__class__.__name__.startswith("Async"):  # those are closed where their loop runs
            one.close()


@pytest.fixture
def used(ledger: Ledger, tracker: Tracker) -> Callable[[], LimitUse]:
    """What is used of the only limit by its only subject, once all calls are booked."""

    def look() -> LimitUse:
        assert tracker.flush(30).waiting == 0
        uses = limit_use(ledger)
        assert len(uses) <= 1
        return uses[0] if uses else LimitUse(Limit(0, "all", "cost", "day", 0), "", 0, 0, 0, 0, None)

    return look
