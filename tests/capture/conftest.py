"""A tracker of the test's own, clients bare and tracked, and a look at the rows."""

from __future__ import annotations

import gc
import logging
import ssl
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anthropic
import openai
import pytest

import llmtrack
import llmtrack.anthropic
import llmtrack.openai
from llmtrack.capture.tracker import Tracker, set_default_tracker
from tests.capture.rows import rows as read_rows
from tests.new_ledgers import fill
from tests.provider import Provider

_TLS = ssl.create_default_context()
"""Made once, as it takes longer than a test."""
BARE = {"openai": openai, "anthropic": anthropic}
OURS = {"openai": llmtrack.openai, "anthropic": llmtrack.anthropic}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where the tracker's ledger is, without rows."""
    path = tmp_path / "capture.db"
    fill(path)
    return path


@pytest.fixture
def make_tracker(tmp_path: Path, database: Path) -> Iterator[Callable[..., Tracker]]:
    """Makes trackers on the test's database, and closes them after it."""
    made: list[Tracker] = []

    def make(**options: Any) -> Tracker:
        tracker = Tracker(**{"database_url": f"sqlite:///{database}", "journal_dir": tmp_path / "journal", **options})
        made.append(tracker)
        return tracker

    yield make
    for tracker in made:
        tracker.close(0.1)


@pytest.fixture
def tracker(make_tracker: Callable[..., Tracker]) -> Iterator[Tracker]:
    """A tracker that is the default one during the test."""
    tracker = make_tracker()
    before = set_default_tracker(tracker)
    yield tracker
    set_default_tracker(before)


@pytest.fixture
def rows(tracker: Tracker, database: Path) -> Callable[[], list[SimpleNamespace]]:
    """What the tracker has written, once all of it is."""

    def look() -> list[SimpleNamespace]:
        flushed = tracker.flush(30)
        assert flushed.waiting == 0
        assert flushed.failed == 0
        assert tracker.health.counts() == {}
        return read_rows(database)

    return look


@pytest.fixture
def clients(provider: Provider) -> Callable[..., Any]:
    """Makes clients for the fake provider: `clients("AsyncOpenAI")`, or the SDK's own with ``bare=True``."""

    def make(name: str = "OpenAI", *, bare: bool = False, **options: Any) -> Any:
        family = "openai" if "OpenAI" in name else "anthropic"
        module = (BARE if bare else OURS)[family]
        http = BARE[family].DefaultAsyncHttpxClient if "Async" in name else BARE[family].DefaultHttpxClient
        client = getattr(module, name)(**{"max_retries": 2, "http_client": http(verify=_TLS), **options})
        return client if bare else llmtrack.track(client, provider=family)

    return make


@pytest.fixture(scope="session", autouse=True)
def _quick_collections() -> Iterator[None]:
    """Keeps what is imported out of the collections that tests ask for, which would take a second each."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def temporary_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a program leaves what it can write nowhere else: no other test looks there."""
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """The SDKs' retries need not be in the output of a failing test."""
    logging.getLogger("httpx2").setLevel(logging.WARNING)
