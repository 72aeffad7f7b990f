"""The pages as a person sees them: `open_page` runs one against a ledger of the test's own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from llmtrack.chat.answers import reply
from llmtrack.ids import new_id
from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.records import Generation
from llmtrack.pricing.usage import Cost, Usage

MAIN = Path(__file__).parents[2] / "pages" / "main.py"
SECONDS = 60
"""The first page that draws a chart imports what it needs for it."""

OpenPage = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def page_settings(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pages without preloading, simulated models that do not dawdle, and a tracker that writes to this test's ledger."""
    from llmtrack.capture.tracker import Tracker, set_default_tracker
    from llmtrack.settings import get_settings

    monkeypatch.chdir(MAIN.parents[1])
    monkeypatch.setenv("LLMTRACK_PRELOAD", "false")
    monkeypatch.setenv("LLMTRACK_DEMO_RATE", "100000")
    monkeypatch.setenv("LLMTRACK_USER_ID", "kim")
    get_settings.cache_clear()
    tracker = Tracker()
    before = set_default_tracker(tracker)
    yield
    reply.shutdown(5)
    tracker.close(1)
    set_default_tracker(before)
    get_settings.cache_clear()


@pytest.fixture
def open_page() -> OpenPage:
    """Opens the app on a page, as ``open_page("usage.py", span="7d")``, and draws it once."""

    def opened(page: str | None = None, **address: str | list[str]) -> AppTest:
        app = AppTest.from_file(MAIN, default_timeout=SECONDS)
        for name, value in address.items():
            app.query_params[name] = value
        app.run()
        if page is not None:
            app.switch_page(page).run()
        assert not app.exception, [one.value for one in app.exception]
        return app

    return opened


@pytest.fixture
def ledger() -> Ledger:
    """The ledger the pages read."""
    return open_ledger()


_order = itertools.count(1)


def call(**given: Any) -> Generation:
    """A call of just now, each a little before the last one; a price in nano-dollars as `cost`, tokens as `(in, out)`."""
    at = given.pop("at", None) or datetime.now(UTC) - timedelta(milliseconds=next(_order))
    micros = int(at.timestamp() * 1_000_000)
    tokens = given.pop("tokens", (1000, 100))
    cost = given.pop("cost", 0)
    priced = given.pop("cost_status", "exact")
    status = "unpriced" if cost is None else priced
    defaults: dict[str, Any] = {
        "provider": "openai", "operation": "chat", "status": "ok", "request_model": "gpt-4o", "response_model": "gpt-4o",
        "user_id": "kim", "duration": 2_000_000, "time_to_first_token": 500_000,
    }  # fmt: skip
    return Generation(
        id=new_id(micros),
        started_at=micros,
        usage=Usage(input_tokens=tokens[0], output_tokens=tokens[1]),
        cost=Cost(status=status, total=cost, input=cost),
        **{**defaults, **given},
    )


def read(app: AppTest) -> Iterator[str]:
    """Every text on the page, in the order of its kinds."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "error", "warning", "info", "success")
    for kind in kinds:
        for one in getattr(app, kind):
            yield one.value
    for one in app.metric:
        yield f"{one.label}: {one.value}"
