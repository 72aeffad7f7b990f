"""Limits as an admin and a user meet them in a browser: set, seen, raised, reset, released, and a refusal with a way on."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.limit_book import limit_use, policy_of
from llmtrack.ledger.limits import Entry, Holder, Wish, period_of
from llmtrack.pricing import Cost
from tests.browser.app_server import AppServer, running_app
from tests.browser.chatting import Chat
from tests.browser.pictures import settled
from tests.ledger.making import generation

DOLLAR = 10**9


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[AppServer, Ledger]]:
    """The app of kim, who has spent $2 today, and ann $1."""
    settings = {"LLMTRACK_USER_ID": "kim", "LLMTRACK_DEMO_RATE": "100000"}
    with running_app(tmp_path, settings) as server:
        ledger = open_ledger(server.database_url)
        at = int(datetime.now(UTC).timestamp() * 1_000_000)
        costs = {"kim": 2 * DOLLAR, "ann": DOLLAR}
        ledger.write([generation(at, user_id=user, cost=Cost("exact", cost)) for user, cost in costs.items()])
        yield server, ledger
        ledger.close()


def dialog(page: Page) -> Locator:
    """What lies on top of the page."""
    return page.get_by_test_id("stDialog")


def choose(page: Page, label: str, text: str) -> None:
    """Chooses in one of the dialog's lists, or types a name that the list lacks."""
    box = dialog(page).get_by_role("combobox", name=label)
    box.click()
    box.fill(text)
    page.get_by_role("option", name=re.compile(rf"(^|Add: ?|“|\"){re.escape(text)}")).first.click()
    settled(page)


def press(page: Page, name: str, *, within: Locator | None = None) -> None:
    (within or page).get_by_role("button", name=re.compile(name)).first.click()
    settled(page)


def set_one(page: Page, server: AppServer, amount: str, of: str = "Cost", per: str = "Month") -> None:
    """Sets a limit for kim on the page of limits, by clicking."""
    page.goto(f"{server.url}/limits")
    settled(page)
    press(page, "Limit$", within=page.get_by_role("main"))
    choose(page, "Which", "kim")
    if of != "Cost":
        choose(page, "Of", of)
    choose(page, "Per", per)
    dialog(page).get_by_role("textbox", name=re.compile("^Limit,")).fill(amount)
    press(page, "Set the limit", within=dialog(page))
    expect(dialog(page)).to_have_count(0)
    expect(page.get_by_text(re.compile(r"Limit \d+ holds everywhere within 5 seconds"))).to_be_visible()


def own(page: Page, server: AppServer) -> Locator:
    """The headline of the usage page."""
    page.goto(f"{server.url}/usage")
    head = page.get_by_test_id("statement-head")
    expect(head).to_be_visible()
    settled(page)
    return head


def test_a_limit_is_set_seen_by_its_user_raised_and_reset_by_clicking(
    page: Page, served: tuple[AppServer, Ledger]
) -> None:
    server, ledger = served
    set_one(page, server, "2.50")
    line = page.locator(".ll-table tbody tr", has_text="User kim")
    expect(line).to_contain_text("$2.00")
    expect(line).to_contain_text("$0.50")

    head = own(page, server)
    expect(head).to_contain_text("of your $2.50 limit")
    expect(head).to_contain_text("$0.50 left")
    expect(page.locator(".ll-of-warn").first).to_contain_text(
        "You have used $2.00 of your $2.50 per month, $0.50 left."
    )

    page.goto(f"{server.url}/limits")
    page.get_by_role("link", name="User kim", exact=True).click()
    expect(page).to_have_url(re.compile("limit=1"))
    settled(page)
    press(page, "^.*Raise…")
    dialog(page).get_by_role("textbox", name=re.compile("^Raise to")).fill("20")
    dialog(page).get_by_role("textbox", name=re.compile("^Raise to")).press("Tab")
    settled(page)
    press(page, "^Raise$", within=dialog(page))
    expect(page.get_by_text(re.compile(r"is raised to \$20\.00 until"))).to_be_visible()
    head = own(page, server)
    expect(head).to_contain_text("of your $20.00 limit")
    expect(page.locator(".ll-table").first).to_contain_text(re.compile(r"raised from \$2\.50 until"))

    page.goto(f"{server.url}/limits?limit=1")
    settled(page)
    press(page, "End it")
    press(page, "^.*Reset…")
    press(page, "^Reset$", within=dialog(page))
    expect(page.get_by_text(re.compile("counts from now on"))).to_be_visible()
    head = own(page, server)
    expect(head).to_contain_text("of your $2.50 limit")
    expect(head).to_contain_text("$2.50 left")
    (use,) = limit_use(ledger)
    assert (use.cap, use.spent, policy_of(ledger).limits[0].amount) == (2_500_000_000, 0, 2_500_000_000)


def test_what_a_lost_machine_holds_is_released_by_clicking(page: Page, served: tuple[AppServer, Ledger]) -> None:
    server, ledger = served
    set_one(page, server, "10")
    (limit,) = policy_of(ledger).limits
    now = time.time_ns() // 1000
    ledger.holds.register(Holder(7, "worker-9", 42, "/nowhere/x.holder", now - 7_200_000_000))
    entry = Entry(limit.id, "kim", period_of(limit, now)[0], 1_500_000_000, None)
    ledger.holds.enter([Wish(99, now, (entry,), '{"provider": "openai", "model": "gpt-4o", "user_id": "kim"}')], 7)
    expect(own(page, server)).to_contain_text("$6.50 left")  # $2.00 spent, $1.50 held

    page.goto(f"{server.url}/limits")
    settled(page)
    expect(page.get_by_role("main")).to_contain_text("worker-9, process 42")
    press(page, "Release worker-9, process 42")
    expect(dialog(page)).to_contain_text("booked as abandoned, at the amounts they hold")
    press(page, "^Release$", within=dialog(page))
    expect(page.get_by_text("1 call booked at what they held.")).to_be_visible()
    expect(page.get_by_role("main")).not_to_contain_text("worker-9, process 42")
    assert [(use.spent, use.held) for use in limit_use(ledger)] == [(3_500_000_000, 0)]


def test_a_refused_message_is_sent_again_for_a_shorter_answer_by_a_click(
    page: Page, served: tuple[AppServer, Ledger]
) -> None:
    server, ledger = served
    set_one(page, server, "600", of="Tokens", per="In total")
    chat = Chat(page, server)
    expect(page.get_by_text(re.compile("left of your 600 tokens in total"))).to_be_visible()
    chat.send("Hello")
    offer = page.get_by_role("button", name=re.compile("Ask for at most"))
    expect(offer).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("has no room for this call")
    offer.click()
    expect(offer).to_have_count(0)
    expect(chat.answers.first).to_contain_text("This is a simulated answer")
    settled(page)
    (use,) = limit_use(ledger)
    assert 0 < use.spent <= 600
