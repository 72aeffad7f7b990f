"""The house style as a browser lays it out: the first number near the top, nothing sticking out, names on tabs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from llmtrack.ledger import open_ledger
from tests.browser.app_server import AppServer, running_app
from tests.browser.pictures import settled
from tests.ledger.making import generation

PAGES = {
    "overview": "Overview",
    "users": "Users",
    "model-cost": "Models",
    "prices": "Prices",
    "data": "Data",
    "explore": "Explore",
}
LONG = "a user with a name that goes on and on " * 4


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """The app with calls of a few days, of people with long names and of one called <b>."""
    with running_app(tmp_path_factory.mktemp("style")) as server:
        ledger = open_ledger(server.database_url)
        now = datetime.now(UTC)
        ledger.write(
            [
                generation(
                    int((now - timedelta(days=number % 6, minutes=number)).timestamp() * 1e6),
                    user_id=f"{LONG if number % 2 else '<b>'}{number}",
                    response_model="gpt-5" if number % 3 else "long/" * 30,
                )
                for number in range(30)
            ]
        )
        ledger.close()
        yield server


@pytest.mark.parametrize("address", PAGES)
def test_the_first_number_stands_within_200_pixels_and_the_tab_is_named(
    page: Page, served: AppServer, address: str
) -> None:
    page.goto(f"{served.url}/{address}")
    settled(page)
    number = page.locator(".ll-value").first.bounding_box()
    assert number is not None
    assert number["y"] < 200
    expect(page).to_have_title(f"{PAGES[address]} · llmtrack")


def test_on_a_phone_nothing_sticks_out_to_the_side(page: Page, served: AppServer) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for address in PAGES:
        page.goto(f"{served.url}/{address}")
        settled(page)
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390, address


def test_a_row_opens_what_it_is_about_wherever_it_is_clicked_and_by_keyboard(page: Page, served: AppServer) -> None:
    page.goto(f"{served.url}/users")
    settled(page)
    row = page.get_by_role("row").filter(has_text="<b>0")
    row.locator("td").last.click(force=True)  # the link lies over the whole row
    expect(page.get_by_role("heading", name="<b>0", level=1)).to_be_visible()
    page.go_back()
    settled(page)
    page.get_by_role("link", name="<b>0", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="<b>0", level=1)).to_be_visible()


def test_the_colours_of_the_page_are_those_of_the_theme(page: Page, served: AppServer) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(f"{served.url}/overview")
    settled(page)
    label = page.locator(".ll-tile .ll-label").first
    assert label.evaluate("element => getComputedStyle(element).color") == "rgb(159, 173, 180)"
    mask = page.locator(".ll-spark").first.evaluate("element => getComputedStyle(element).backgroundColor")
    assert mask == "rgb(95, 201, 217)"


def test_erasing_somebody_wants_their_name_typed(page: Page, served: AppServer) -> None:
    page.goto(f"{served.url}/data")
    page.get_by_label("User to erase").fill("<b>2")
    page.get_by_role("button", name="Erase…").click()
    expect(page.get_by_text("This cannot be undone.")).to_be_visible()
    page.get_by_label("Type the user id to confirm").fill("<b>")
    page.get_by_role("button", name="Erase", exact=True).click()
    expect(page.get_by_text("nothing was erased")).to_be_visible()
    page.get_by_label("Type the user id to confirm").fill("<b>2")
    page.get_by_role("button", name="Erase", exact=True).click()
    expect(page.get_by_text("<b>2 is erased-")).to_be_visible()
