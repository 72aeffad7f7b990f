"""The page that says what is kept, for how long, and what went."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from llmtrack.ledger import Ledger
from llmtrack.ledger.maintenance.daily import retain_daily
from llmtrack.ledger.maintenance.retention import Keep
from llmtrack.settings import get_settings
from tests.pages.conftest import OpenPage, call, read, tables_of

DATA = "admin/data.py"


def said(text: str) -> list[dict[str, object]]:
    return [{"role": "user", "parts": [{"type": "text", "content": text}]}]


def text_of(app: AppTest) -> str:
    return " ".join(read(app)).replace("\\", "")


def test_it_says_that_nothing_is_ever_removed_unless_told(open_page: OpenPage) -> None:
    app = open_page(DATA)
    assert "Nothing is ever removed." in text_of(app)
    kept = {row["Setting"]: row["Kept for"] for row in tables_of(app)[0]}
    assert kept["LLMTRACK_KEEP_TEXT_DAYS"] == kept["LLMTRACK_KEEP_ROW_DAYS"] == "ever"


@pytest.mark.slow
def test_it_says_what_is_set_when_it_last_ran_and_what_that_removed(
    open_page: OpenPage, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMTRACK_KEEP_TEXT_DAYS", "30")
    get_settings.cache_clear()
    app = open_page(DATA)
    assert "for the first time within minutes of the start" in text_of(app)
    old = datetime.now(UTC) - timedelta(days=40)
    ledger.write([call(at=old, input=said("old")), call(input=said("new"))])
    now = datetime.now(UTC)
    retain_daily(ledger, Keep(text_days=30), int(now.timestamp() * 1e6))

    app = open_page(DATA)

    assert f"once a day while the app runs, last on {now.day} {now:%b %Y}, {now:%H:%M:%S}." in text_of(app)
    assert [row["Kept for"] for row in tables_of(app)[0]] == ["30 days", "ever", "ever", "ever"]
    assert [row["What"] for row in tables_of(app)[1]] == ["1 text"]
    assert [row["By"] for row in tables_of(app)[1]] == ["retention"]


@pytest.mark.slow
def test_a_person_is_forgotten_once_their_name_is_typed(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(user_id="ann", input=said("I am ann"), cost=5)])
    app = open_page(DATA)
    app.text_input[0].set_value("ann")
    press(app, "Erase…")
    assert "All that **ann** said" in text_of(app)
    app.text_input(key="typed_name").set_value("anna")
    press(app, "Erase")
    assert list(app.success) == []
    app.text_input[0].set_value("ann")
    press(app, "Erase…")
    app.text_input(key="typed_name").set_value("ann")
    press(app, "Erase")
    assert "ann is erased-" in app.success[0].value.replace("\\", "")
    assert "1 text, 0 conversations and 0 backups are gone." in app.success[0].value.replace("\\", "")
    assert [row["By"] for row in tables_of(app)[1]] == ["kim"]
    assert tables_of(app)[1][0]["What"].startswith("Erased a user, erased-")


def test_somebody_unknown_cannot_be_forgotten(open_page: OpenPage) -> None:
    app = open_page(DATA)
    app.text_input[0].set_value("nobody")
    press(app, "Erase…")
    assert "Nobody called 'nobody' is in the ledger" in app.error[0].value.replace("\\", "")


def press(app: AppTest, label: str) -> None:
    next(one for one in app.button if one.label == label).click().run()
