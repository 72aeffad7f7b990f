"""Every page, light and dark, looked at by axe: nothing that hinders people who see or move differently.

axe-core comes with `npm ci` in tests/node. Findings in what Streamlit draws by itself are listed with their reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from llmtrack.ledger import open_ledger
from llmtrack.sample import make_sample
from tests.browser.app_server import ROOT, AppServer, running_app
from tests.browser.pictures import settled, until

AXE = ROOT / "tests" / "node" / "node_modules" / "axe-core" / "axe.min.js"
PAGES = (
    "", "usage", "overview", "model-cost", "model?model=gpt-5-2025-08-07", "users", "users?above=1&span=90+days",
    "user?user=grace", "teams", "teams?team=research", "features", "features?feature=research", "limits", "prices",
    "feedback", "latency", "errors", "errors?where=status:is:error", "engagement", "compare", "explore", "sql", "traces",
    "conversations", "calls", "calls?where=status:is:error", "data", "people", "audit-log", "settings", "connect",
    "tokens", "user?user=nobody", "overview?where=feature:is:nothing",
)  # fmt: skip
ELSEWHERE = ("shared", "team", "closed")
"""A chat that somebody else shares, a lead's page and that of a server that cannot serve, which have no place here."""
GRAVE = ("serious", "critical")
STREAMLITS = {
    ("list", 'data-testid="stSidebarNavItems"'): "its menu puts the pages of a section into a div",
    ("listitem", '<li class="st-emotion-cache'): "the same",
}
"""Rules and what is found in Streamlit's own elements, which we cannot mend, with the reason."""
CONSOLE: list[str] = []
"""What the pages wrote into the browser's console."""
FIND = "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """The app on sample data that ends now."""
    directory = tmp_path_factory.mktemp("accessible")
    ledger = open_ledger(f"sqlite:///{directory / 'llmtrack-sample.db'}")
    make_sample(ledger, datetime.now(UTC))
    ledger.close()
    with running_app(directory, {"LLMTRACK_SAMPLE": "1", "LLMTRACK_USER_ID": "grace"}) as server:
        yield server


def is_streamlits(rule: str, html: str) -> bool:
    """Whether a finding is one of those listed."""
    return any(rule == of and part in html for of, part in STREAMLITS)


def grave_findings(found: list[dict[str, Any]]) -> list[str]:
    """What hinders people, as rule, element and advice."""
    return [
        f"{violation['id']}: {node['html'][:160]} ({node['failureSummary'].splitlines()[-1].strip()})"
        for violation in found
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
        if not is_streamlits(violation["id"], node["html"])
    ]


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Page]:
    """A tab that goes from page to page: what is loaded once need not be loaded again."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.on("console", lambda message: CONSOLE.append(message.text))
    yield page
    page.close()


def test_no_page_is_left_out() -> None:
    main = (ROOT / "pages" / "main.py").read_text(encoding="utf-8")
    listed = set(re.findall(r'url_path="([\w-]+)"', main))
    assert listed - {address.partition("?")[0] for address in PAGES} == set(ELSEWHERE)


@pytest.mark.parametrize("address", PAGES)
def test_a_page_hinders_nobody_and_leaves_the_console_empty(tab: Page, sample: AppServer, address: str) -> None:
    if not AXE.exists():
        pytest.skip("no axe-core: run `npm ci` in tests/node")
    CONSOLE.clear()
    tab.emulate_media(color_scheme="light")
    tab.goto(f"{sample.url}/{address}")
    settled(tab)
    assert background(tab) == "rgb(255, 255, 255)"
    tab.evaluate(AXE.read_text(encoding="utf-8"))
    in_light = grave_findings(tab.evaluate(FIND))
    tab.emulate_media(color_scheme="dark")
    until(tab, "getComputedStyle(document.querySelector('.stApp')).backgroundColor != 'rgb(255, 255, 255)'")
    settled(tab)
    assert {"in light": in_light, "in dark": grave_findings(tab.evaluate(FIND))} == {"in light": [], "in dark": []}
    assert CONSOLE == []


def background(tab: Page) -> str:
    return str(tab.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor"))
