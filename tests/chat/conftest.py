"""A quick simulated provider, and no reply left over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from llmtrack.chat.answers import reply


@pytest.fixture(autouse=True)
def quick_demo(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Simulated tokens come at once; every test has its own ledger, and what it started ends with it."""
    from llmtrack.capture.tracker import Tracker, set_default_tracker
    from llmtrack.settings import get_settings

    monkeypatch.setenv("LLMTRACK_DEMO_RATE", "20000")
    get_settings.cache_clear()
    tracker = Tracker()
    before = set_default_tracker(tracker)
    yield
    reply.shutdown(5)
    tracker.close(1)
    set_default_tracker(before)
    get_settings.cache_clear()
