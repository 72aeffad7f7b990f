"""What the chat's own component leans on, and that the chat does without it."""

from __future__ import annotations

import logging
import re
from decimal import Decimal
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner

from pages.components.chat import comforts, cost_estimate
from tests.pages.conftest import OpenPage

ASSETS = Path(comforts.__file__).parent / "assets"


def test_streamlit_has_the_names_that_make_our_folder_known(open_page: OpenPage) -> None:
    app = open_page()
    assert [element.type for element in app.get("bidi_component")] == ["bidi_component"]


@pytest.mark.slow
def test_without_them_the_chat_works_and_says_so_once(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delattr(manifest_scanner, "ComponentManifest")
    comforts._log_once.cache_clear()
    with caplog.at_level(logging.WARNING, logger=comforts.__name__):
        app = open_page()
        app.chat_input[0].set_value("Hello").run()
    assert [message.name for message in app.chat_message] == ["user", "assistant"]
    assert not app.get("bidi_component")
    assert [record.message for record in caplog.records if record.name == comforts.__name__] == [
        "The chat goes without drafts, live estimate and keys"
    ]


def test_scripts_draw_nothing_from_data_as_html() -> None:
    """Every element of theirs is made by name, and text goes in as text."""
    for script in ASSETS.glob("*.js"):
        written = script.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", written), (
            script
        )


def test_names_of_streamlits_page_stand_in_one_script() -> None:
    elsewhere = {"page.js", "scroll.js", "keys.js", "draft.js", "copy.js", "menu.js"}
    assert {one.name for one in ASSETS.glob("*.js") if "data-testid" in one.read_text(encoding="utf-8")} <= elsewhere


@pytest.mark.compares_with("genai-prices")
def test_prices_for_the_browser_are_whole_picodollars() -> None:
    from llmtrack.chat.cost_estimate import quote
    from llmtrack.chat.models import get_catalog
    from llmtrack.pricing import Pricer

    asked = quote(None, get_catalog().find("openai/gpt-4o"), Pricer())
    (model,) = cost_estimate.browser_prices([asked])["models"]
    # $2.50 a million tokens in and $10 out: 3 tokens around a request, and 400 of an answer.
    assert asked.expected == Decimal("0.0040075")
    assert (model["standing"], model["input"]) == (4_007_500_000, 2_500_000)
    assert model["weights"]["word"] == 1.05
    assert not model["simulated"]
