"""The server looks who came near a limit by itself, and says so to a webhook."""

from __future__ import annotations

import json
import time

import pytest

from llmtrack.ledger import open_ledger
from llmtrack.ledger.limit_book import set_limit
from llmtrack.ledger.limits import Limit
from llmtrack.pricing import Cost
from llmtrack.serving import warning_sender
from llmtrack.settings import get_settings
from tests.billing.webhook_receiver import receiving
from tests.ledger.making import generation

SECONDS = 60


@pytest.mark.slow
def test_the_thread_tells_each_crossing_once_and_ends_when_it_is_asked_to(
    clean_environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving() as hook:
        monkeypatch.setenv("LLMTRACK_WEBHOOKS__OPS__URL", hook.url)
        monkeypatch.setenv("LLMTRACK_WEBHOOKS__OPS__SECRET", "whsec_" + "A" * 40)
        get_settings.cache_clear()
        ledger = open_ledger()
        assert warning_sender.look() == 0
        set_limit(ledger, Limit(0, "user", "cost", "total", 10**9, "*"), by="root")
        now = time.time_ns() // 1000
        ledger.write([generation(now, cost=Cost("exact", total=6 * 10**8, input=6 * 10**8))])
        warning_sender.start(first_look=0.01, every=0.05)
        try:
            deadline = time.monotonic() + SECONDS
            while not hook.requests and time.monotonic() < deadline:
                time.sleep(0.02)
            ledger.write([generation(now + 1, cost=Cost("exact", total=3 * 10**8, input=3 * 10**8))])
            while len(hook.requests) < 2 and time.monotonic() < deadline:
                time.sleep(0.02)
        finally:
            warning_sender.stop(10)
    shares = [json.loads(body)["data"]["threshold"] for _, _, body in hook.requests]
    assert shares == [50, 80]
    get_settings.cache_clear()


def test_a_database_that_is_away_is_said_once_and_looked_for_again(
    clean_environment: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("LLMTRACK_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    get_settings.cache_clear()
    warning_sender.start(first_look=0.0, every=0.01)
    deadline = time.monotonic() + SECONDS
    while "could not be looked up" not in caplog.text and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)
    warning_sender.stop(10)
    assert caplog.text.count("could not be looked up") == 1
    get_settings.cache_clear()
