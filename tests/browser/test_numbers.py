"""The pages of numbers in a browser: clocks of other zones, rows that open, charts that must not add up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from llmtrack.ledger import open_ledger
from llmtrack.pricing.usage import Cost
from tests.browser.app_server import AppServer, running_app
from tests.browser.fixtures import SECONDS
from tests.browser.pictures import settled
from tests.ledger.making import generation, said

CLOCKS = {"America/New_York": ("day", "week"), "Asia/Kolkata": ("month",), "Europe/Berlin": ()}
"""Of the browsers, with what else than hours is looked at in each."""
MIDNIGHT = datetime(2026, 10, 24, 22, tzinfo=UTC)
"""Of 25 October 2026 in Berlin, the day the clock goes back there."""
THAT_DAY = "span=Dates&days=2026-10-25&days=2026-10-25"
HOURS = [*(f"{hour:02}:00" for hour in range(3)), "02:00", *(f"{hour:02}:00" for hour in range(3, 24))]
MARKS = ", ".join(
    f"[data-testid=stVegaLiteChart] svg .{kind}.role-mark path[aria-label]" for kind in ("mark-rect", "mark-symbol")
)
"""The bars and dots of the page's charts."""
ROW = 35
"""Height of a table's row, and of its heading, in pixels."""


@pytest.fixture(scope="module")
def berlin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """The app of an installation in Berlin, with a call in each hour of the day the clock goes back."""
    directory: Path = tmp_path_factory.mktemp("berlin")
    with running_app(directory, {"LLMTRACK_TIMEZONE": "Europe/Berlin"}) as server:
        ledger = open_ledger(server.database_url)
        ledger.write([
            generation(
                int((MIDNIGHT + timedelta(hours=hour, minutes=5)).timestamp()) * 1_000_000,
                user_id="ann" if hour % 2 else "bob",
                response_model="gpt-4o" if hour % 3 else "gpt-5",
                trace_id=f"trace {hour}",
                session_id=f"session {hour % 2}",
                cost=Cost("exact", total=(hour + 1) * 1_000_000),
                output=said(f"Hour {hour}"),
            )
            for hour in range(25)
        ])  # fmt: skip
        ledger.close()
        yield server


def bars(page: Page) -> list[str]:
    """What each bar, or dot, of the page's only chart says, from the left."""
    marks = page.locator(MARKS).all()
    return [str(mark.get_attribute("aria-label")) for mark in marks]


def axis_labels(page: Page) -> list[str]:
    """The labels below the bars, those too that are hidden because they would overlap."""
    axis = page.locator("[data-testid=stVegaLiteChart] svg [aria-roledescription=axis]").first
    return axis.locator(".role-axis-label text").all_text_contents()


def test_charts_and_tables_show_the_clock_of_the_installation_in_whatever_zone_the_browser_is(
    browser: Browser, berlin: AppServer
) -> None:
    summer = [f"25 Oct 2026, {hour:02}:00 CEST" for hour in range(3)]
    winter = [f"25 Oct 2026, {hour:02}:00 CET" for hour in range(2, 24)]
    by_grain = set()
    for clock, grains in CLOCKS.items():
        context = browser.new_context(viewport={"width": 1600, "height": 900}, locale="en-GB", timezone_id=clock)
        page = context.new_page()
        page.set_default_timeout(SECONDS * 1000)
        page.goto(f"{berlin.url}/explore?{THAT_DAY}&metrics=generations&by=hour")
        settled(page)
        expect(page.locator("[data-testid=stVegaLiteChart] svg")).to_be_visible()
        assert axis_labels(page) == HOURS
        assert [bar.removesuffix(", Calls: 1") for bar in bars(page)] == [*summer, *winter]
        for hour in ("02:00 CEST", "02:00 CET", "03:00 CET"):
            expect(page.locator(".ll-table td").get_by_text(f"25 Oct 2026, {hour}")).to_be_visible()
        page.locator(MARKS).nth(3).hover()
        expect(page.locator("#vg-tooltip-element")).to_contain_text("25 Oct 2026, 02:00 CET")
        for grain in grains:
            page.goto(f"{berlin.url}/explore?{THAT_DAY}&metrics=generations&by={grain}")
            settled(page)
            expect(page.locator("[data-testid=stVegaLiteChart] svg")).to_be_visible()
            by_grain.add((grain, *axis_labels(page), *bars(page)))
        page.goto(f"{berlin.url}/calls?{THAT_DAY}")
        settled(page)
        times = re.findall(r"25 Oct(?: 2026)?, (\d\d:\d\d)", page.locator(".ll-table").inner_text())
        assert sorted(times) == sorted(f"{hour[:2]}:05" for hour in HOURS)
        context.close()
    hatched = "cut by the chosen time"
    assert by_grain == {
        ("day", "25 Oct", "25 Oct 2026, Calls: 25"),
        ("week", "19 Oct", "19\u201325 Oct 2026 (cut by the chosen time), Calls: 25", hatched),
        ("month", "Oct 2026", "October 2026 (cut by the chosen time), Calls: 25", hatched),
    }


def test_a_click_anywhere_on_a_row_opens_it(page: Page, berlin: AppServer) -> None:
    def click_row(address: str, number: int, across: float) -> None:
        page.goto(f"{berlin.url}/{address}")
        settled(page)
        row = page.locator(".ll-table tbody tr").nth(number)
        box = row.bounding_box()
        assert box is not None
        row.click(position={"x": across * box["width"], "y": box["height"] / 2})

    for number, across in ((0, 0.02), (2, 0.4), (4, 0.99)):
        click_row(f"calls?{THAT_DAY}", number, across)
        expect(page.get_by_text(f"Hour {24 - number}", exact=True)).to_be_visible()
    click_row(f"users?{THAT_DAY}", 0, 0.6)
    expect(page.get_by_role("heading", name="bob")).to_be_visible()
    click_row(f"traces?{THAT_DAY}", 0, 0.7)
    expect(page.get_by_text("Hour 24", exact=True)).to_be_visible()
    click_row(f"conversations?{THAT_DAY}", 0, 0.02)
    expect(page.get_by_role("heading", name="session 1")).to_be_visible()


def test_averages_are_drawn_beside_each_other_and_never_on_top_of_each_other(page: Page, berlin: AppServer) -> None:
    # gpt-5 in hours 0, 3, …, 24: the mean of (1 + 4 + … + 25) thousandths of a dollar; gpt-4o in the others.
    page.goto(f"{berlin.url}/explore?{THAT_DAY}&metrics=cost_per_generation&by=day&by=model")
    settled(page)
    expect(page.locator("[data-testid=stVegaLiteChart] svg")).to_be_visible()
    assert sorted(bars(page)) == ["25 Oct 2026, gpt-4o: $0.0130", "25 Oct 2026, gpt-5: $0.0130"]
    dots = page.locator(MARKS)
    heights = {round(box["y"]) for dot in dots.all() if (box := dot.bounding_box())}
    assert len(heights) == 1, "the same average at the same height"
