"""One sample for all tests of it: making it takes a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from llmtrack.ledger import Ledger, open_ledger
from llmtrack.sample import facts, make_sample
from llmtrack.settings import get_settings

PAGES = Path(__file__).parents[2] / "pages"
UNTIL = datetime.now(UTC)
TODAY = UNTIL.date()
OpenPage = Callable[..., AppTest]


@pytest.fixture(scope="session")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A sample that ends now, as the command makes it."""
    opened = open_ledger(f"sqlite:///{tmp_path_factory.mktemp('sample') / 'sample.db'}")
    make_sample(opened, UNTIL)
    yield opened
    opened.close()


@pytest.fixture
def open_page(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenPage]:
    """Opens a page of the app on the sample."""
    monkeypatch.setenv("LLMTRACK_SAMPLE", "true")
    monkeypatch.setenv("LLMTRACK_SAMPLE_DATABASE_URL", f"sqlite:///{ledger.name}")
    monkeypatch.setenv("LLMTRACK_PRELOAD", "false")
    monkeypatch.setenv("LLMTRACK_USER_ID", facts.HEAVIEST_USER)
    get_settings.cache_clear()

    def opened(page: str, /, **address: str | list[str]) -> AppTest:
        app = AppTest.from_file(PAGES / "main.py", default_timeout=60)
        for name, value in address.items():
            app.query_params[name] = value
        app.run()
        app.switch_page(page).run()
        assert not app.exception, [one.value for one in app.exception]
        return app

    yield opened
    get_settings.cache_clear()
