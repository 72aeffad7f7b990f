"""Addresses inside the app are followed without a reload, one entry of the history for each step."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from llmtrack.ledger import open_ledger
from tests.browser.app_server import AppServer, running_app
from tests.browser.pictures import settled, until
from tests.ledger.making import generation

SPAN = "span=7+days"
# What a page of ours may hold: a link, a row with one, a chart's mark and its legend as Vega leaves them.
PUT = """() => {
    window.stays = true;
    const box = document.createElement("div");
    box.id = "tried";
    box.style = "position:fixed;top:0;right:0;z-index:9999999;background:white";
    box.innerHTML = `<a data-in href="users?span=7+days" data-key="j">to users</a>
        <table><tr><td>cell</td><td><a data-in href="latency?span=7+days">to latency</a></td></tr></table>
        <svg width=200 height=60><g class="role-legend"><text y=15 id=legend>legend</text></g>
        <path id=mark d="M0 20h50v20h-50z"></path></svg>
        <a href="https://example.invalid/" id=elsewhere>elsewhere</a>`;
    document.body.append(box);
    mark.__data__ = {datum: {url: "errors?span=7+days", series: "red", series_url: "overview?span=7+days"}};
    legend.__data__ = {datum: {value: "red"}};
}"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    directory: Path = tmp_path_factory.mktemp("links")
    with running_app(directory) as server:
        ledger = open_ledger(server.database_url)
        ledger.write([generation(int(time.time() * 1e6), user_id="ann", response_model="gpt-5")])
        ledger.close()
        yield server


def history_length(page: Page) -> int:
    return int(page.evaluate("history.length"))


def arrived(page: Page, served: AppServer, address: str, title: str) -> None:
    expect(page).to_have_url(f"{served.url}/{address}")
    expect(page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible()
    settled(page)


def test_a_link_a_row_a_mark_a_legend_and_a_key_are_one_step_each_without_a_reload(
    page: Page, served: AppServer
) -> None:
    page.goto(f"{served.url}/prices")
    settled(page)
    page.evaluate(PUT)
    length = history_length(page)
    steps = {
        "#tried a[data-key]": ("users", "Users"),
        "#tried td:first-child": ("latency", "Latency"),
        "#mark": ("errors", "Errors"),
        "#legend": ("overview", "Overview"),
    }
    for step, (selector, (path, title)) in enumerate(steps.items(), 1):
        page.locator(selector).click()
        arrived(page, served, f"{path}?{SPAN}", title)
        assert history_length(page) == length + step
    page.keyboard.press("j")
    arrived(page, served, f"users?{SPAN}", "Users")
    for path, title in reversed(list(steps.values())):
        page.go_back()
        arrived(page, served, f"{path}?{SPAN}", title) if path != "users" else arrived(
            page, served, f"users?{SPAN}", title
        )
    page.go_back()
    arrived(page, served, "prices", "Prices")
    assert page.evaluate("window.stays"), "the page was reloaded"


def test_a_link_works_with_the_keyboard_and_with_a_reload_where_there_is_no_script(
    page: Page, served: AppServer
) -> None:
    page.route("**/links.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.goto(f"{served.url}/prices")
    settled(page)
    page.evaluate(PUT)
    page.get_by_text("to users").focus()
    page.keyboard.press("Enter")
    arrived(page, served, f"users?{SPAN}", "Users")
    assert not page.evaluate("window.stays"), "nothing followed it here but the browser"


def test_back_leads_to_where_the_page_was_scrolled_to_with_its_filters_and_one_entry_for_each_step(
    page: Page, served: AppServer
) -> None:
    page.set_viewport_size({"width": 1280, "height": 500})
    start = f"overview?{SPAN}&where=model%3Ais%3Agpt-5"
    page.goto(f"{served.url}/{start}")
    settled(page)
    main, length = page.get_by_test_id("stMain"), history_length(page)
    top = main.evaluate("main => { main.scrollTo(0, 400); return main.scrollTop }")
    assert top == 400, "the page is long enough"
    page.get_by_role("link", name="ann", exact=True).evaluate("link => link.click()")  # where it is: nothing scrolls
    expect(page.get_by_role("heading", name="ann", exact=True, level=1)).to_be_visible()
    settled(page)
    assert main.evaluate("main => main.scrollTop") == 0, "another page begins at its top"
    page.locator("a.ll-tile[href^='errors']").evaluate("link => link.click()")
    expect(page.get_by_role("heading", name="Errors", exact=True, level=1)).to_be_visible()
    settled(page)
    assert history_length(page) == length + 2
    page.go_back()
    expect(page.get_by_role("heading", name="ann", exact=True, level=1)).to_be_visible()
    settled(page)
    page.go_back()
    arrived(page, served, start, "Overview")
    until(page, "top => document.querySelector('[data-testid=stMain]').scrollTop === top", top)
    expect(page.locator(".ll-chip")).to_contain_text("Model is gpt-5")
    assert history_length(page) == length + 2


def test_what_the_scripts_find_in_streamlits_page_is_still_called_so(page: Page, served: AppServer) -> None:
    page.goto(f"{served.url}/overview?show=generations")
    settled(page)
    for name in ("stApp", "stMain", "stSidebar", "stSidebarNavLink"):
        assert page.get_by_test_id(name).count(), name
    page.get_by_test_id("stSidebar").hover()
    assert page.locator("[data-testid=stSidebarCollapseButton] button").count(), "closes the sidebar on a phone"
    marks = page.locator("[data-testid=stMain] svg path")
    datums = marks.evaluate_all("marks => marks.map(mark => mark.__data__?.datum?.url).filter(Boolean)")
    assert any(str(url).startswith("calls?") for url in datums), "Vega leaves the row of its data on a mark"
    page.locator(".st-key-time button").click()
    expect(page.get_by_test_id("stPopoverBody")).to_be_visible()
