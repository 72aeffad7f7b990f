"""People, each in two tabs, who send, stop and reload while the server is killed: nothing lost, doubled or mixed.

The short form, with two of them, runs with the others; ``pytest -m full tests/browser/test_chat_trial.py`` is four people
for ten minutes.
"""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import llmtrack
from llmtrack.chat.conversations.history import Conversations
from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.lists import generations
from tests.browser.app_server import PATIENCE, AppServer, free_port, running_app
from tests.serving.proxy import proxy

PEOPLE = ("ada", "bob", "cleo", "dan")
SECRET = "s" * 40
SETTINGS = {"LLMTRACK_SIGN_IN": "header", "LLMTRACK_HEADER_SECRET": SECRET}
SECONDS = 60


class Tab:
    """One tab of one person, and what was sent in it."""

    def __init__(self, page: Page, address: str, person: str, number: int) -> None:
        self.page, self.address, self.person, self.number = page, address, person, number
        self.sent: list[str] = []
        page.set_default_timeout(PATIENCE * 1000)  # eight tabs load at once, as soon as a killed server is back

    def load(self) -> None:
        """Open the app, or the conversation this tab was in."""
        url = self.page.url if self.page.url.startswith(self.address) else self.address
        self.page.goto(url)
        expect(self.box).to_be_visible()

    @property
    def box(self):  # type: ignore[no-untyped-def]
        """Where one writes."""
        return self.page.get_by_role("textbox", name=re.compile("^Message"))

    def send(self) -> None:
        """Send a message, and wait until the page shows it as sent."""
        text = f"{self.person} {self.number} {len(self.sent)}: a long answer of 400 words, please"
        expect(self.box).to_be_enabled()
        self.box.fill(text)
        self.box.press("Enter")
        expect(self.page.get_by_text(text).last).to_be_visible()
        expect(self.box).to_have_value("")
        self.sent.append(text)

    def stop(self) -> None:
        """Press Escape, which ends an answer that is being written."""
        self.page.keyboard.press("Escape")

    def reload(self) -> None:
        """Load the page again in mid-answer."""
        self.page.reload()
        expect(self.box).to_be_visible()


def stored(ledger: Ledger, person: str) -> list[str]:
    """Everything a person has written, in all conversations and branches."""
    mine = Conversations(ledger, f"{person}@firm.test")
    chats = [chat for heading in mine.list() if (chat := mine.open(heading.id))]
    return [message.text for chat in chats for message in chat.everything if message.role == "user"]


def act(tabs: list[Tab], chance: random.Random, goes_on: Callable[[int], bool]) -> None:
    """Everyone sends in turn; some stop, some reload, some leave the answer alone."""
    number = 0
    while goes_on(number):
        for tab in tabs:
            tab.send()
        for tab in chance.sample(tabs, len(tabs)):
            chance.choice((tab.stop, tab.reload, lambda: None))()
        number += 1


def trial(
    browser: Browser, directory: Path, people: tuple[str, ...], goes_on: Callable[[int], bool], rate: int
) -> None:
    settings = SETTINGS | {"LLMTRACK_DEMO_RATE": str(rate)}
    port, chance = free_port(), random.Random(18)
    with ExitStack() as open_things:
        tabs = []
        for person in people:
            headers = {"X-Llmtrack-Secret": SECRET, "X-Forwarded-Email": f"{person}@firm.test"}
            address = open_things.enter_context(proxy(port, headers))
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            open_things.callback(context.close)
            tabs += [Tab(context.new_page(), address, person, number) for number in (1, 2)]
        with running_app(directory, settings, port=port) as server:
            for tab in tabs:
                tab.load()
            act(tabs, chance, goes_on)
            for tab in tabs:
                tab.send()
            server.process.kill()  # while answers are on their way
            server.process.wait()
        with running_app(directory, settings, port=port) as server:
            for tab in tabs:
                tab.load()
            act(tabs, chance, lambda number: number < 1)
            check(server, tabs)


def check(server: AppServer, tabs: list[Tab]) -> None:
    """What is in the ledger against what was sent."""
    ledger = open_ledger(server.database_url)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and in_flight(ledger):
        time.sleep(0.5)
    assert not in_flight(ledger), "answers that nobody ends"
    for person in PEOPLE:
        sent = Counter(text for tab in tabs if tab.person == person for text in tab.sent)
        assert Counter(stored(ledger, person)) == sent
        mine = Conversations(ledger, f"{person}@firm.test")
        for heading in mine.list():
            chat = mine.open(heading.id)
            assert chat is not None
            answers = [message for message in chat.everything if message.role == "assistant"]
            assert all(answer.status in ("ok", "cancelled", "abandoned", "incomplete") for answer in answers)
            assert len({answer.trace_id for answer in answers}) == len(answers)
            assert len(answers) == sum(message.role == "user" for message in chat.everything)
    llmtrack.flush(10)
    rows = Counter((row.user, row.trace) for row in generations(ledger))
    assert set(rows.values()) <= {1}, "a call that counts twice"
    for person in PEOPLE:
        user = f"{person}@firm.test"
        traces = {answer.trace_id for answer in answers_of(ledger, user)}
        assert {trace for who, trace in rows if who == user} <= traces, "a call that is somebody else's"
    for tab in tabs:
        shown = tab.page.get_by_role("main").inner_text()
        assert not [other for other in PEOPLE if other != tab.person and f"{other} 1 " in shown]
    ledger.close()


def answers_of(ledger: Ledger, user: str) -> list:  # type: ignore[type-arg]
    mine = Conversations(ledger, user)
    chats = [chat for heading in mine.list() if (chat := mine.open(heading.id))]
    return [message for chat in chats for message in chat.everything if message.role == "assistant"]


def in_flight(ledger: Ledger) -> int:
    return sum(message.in_flight for person in PEOPLE for message in answers_of(ledger, f"{person}@firm.test"))


def test_nothing_is_lost_doubled_or_seen_by_another_though_the_server_is_killed(
    browser: Browser, tmp_path: Path
) -> None:
    trial(browser, tmp_path, PEOPLE[:2], lambda number: number < 1, rate=150)


@pytest.mark.full
def test_nothing_is_lost_doubled_or_seen_by_another_for_ten_minutes(browser: Browser, tmp_path: Path) -> None:
    end = time.monotonic() + 600
    trial(browser, tmp_path, PEOPLE, lambda number: time.monotonic() < end, rate=60)
