"""The chat page by keyboard, on a phone, for three people at once, and after its server was killed."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from llmtrack.chat.conversations.history import Conversations
from llmtrack.ledger import open_ledger
from tests.browser.app_server import PATIENCE, AppServer, running_app
from tests.browser.room import Room, keys, stored, streamed
from tests.provider import Provider


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, provider_server: Provider) -> Iterator[AppServer]:
    with running_app(tmp_path_factory.mktemp("phone"), keys(provider_server)) as started:
        yield started


def kept(server: AppServer, conversation_id: str) -> str:
    """What the ledger holds of a conversation's last message."""
    ledger = open_ledger(server.database_url)
    try:
        conversation = Conversations(ledger, "local").open(int(conversation_id))
        return conversation.messages[-1].text if conversation else ""
    finally:
        ledger.close()


def test_enter_sends_and_shift_enter_is_a_new_line(page: Page, server: AppServer, provider: Provider) -> None:
    room = Room(page, server, "openai/gpt-4o@tokens=3")
    room.message.click()
    page.keyboard.type("First line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("Second line")
    page.keyboard.press("Enter")
    room.finished(0)
    assert provider.last.wanted["messages"] == [{"role": "user", "content": "First line\nSecond line"}]
    room.idle()
    expect(room.message).to_be_focused()
    expect(room.message).to_have_value("")


def test_it_is_usable_on_a_phone(page: Page, server: AppServer, provider: Provider) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    room = Room(page, server, "openai/gpt-4o@tokens=200")
    room.ask("Count, with_a_very_long_word_" + "that_goes_on_" * 12)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for control in (room.message, room.model, room.answers.get_by_role("button", name="More")):
        box = control.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    room.do(room.answers, "Ask again")
    expect(room.answers.get_by_text("2/2")).to_be_visible()


def test_three_people_at_once_see_only_their_own(browser: Browser, server: AppServer, provider: Provider) -> None:
    tabs = [browser.new_context(viewport={"width": 1000, "height": 800}).new_page() for _ in range(3)]
    rooms = [Room(tab, server, f"openai/gpt-4o@tokens={30 + number}@stall=12") for number, tab in enumerate(tabs)]
    for number, room in enumerate(rooms):
        room.send(f"Question of person {number}")
    for room in rooms:
        expect(room.answers).to_contain_text("one two three")
    provider.release()
    for number, room in enumerate(rooms):
        assert room.finished(0).tokens == (100, 30 + number)
        assert len(room.text(0).split()) == 30 + number
        expect(room.messages).to_have_count(1)
        expect(room.messages).to_contain_text(f"Question of person {number}")
    for tab in tabs:
        tab.context.close()


def test_after_a_kill_in_mid_answer_the_text_and_the_row_are_there(
    page: Page, tmp_path: Path, provider: Provider
) -> None:
    with running_app(tmp_path, keys(provider)) as server:
        room = Room(page, server, "openai/gpt-4o")
        provider.script("/chat/completions", [streamed("gpt-4o@tokens=400", stall_after=40)])
        room.send("Count as far as you can")
        expect(room.answers).to_contain_text("nine ten one two")
        conversation_id = room.conversation_id
        deadline = time.monotonic() + PATIENCE
        while "nine ten one two" not in kept(server, conversation_id):  # put down about once a second
            assert time.monotonic() < deadline, "What had come of the answer was not put down"
            page.wait_for_timeout(100)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    provider.wait_until(lambda: provider.last.client_left)
    page.goto("about:blank")
    with running_app(tmp_path, keys(provider)) as server:
        again = Room(page, server, query=f"?c={conversation_id}")
        expect(again.messages).to_contain_text("Count as far as you can")
        expect(again.answers).to_contain_text("one two three four five")
        expect(page.get_by_role("alert")).to_contain_text("The server went down while this was being written")
        expect(page.get_by_role("button", name="Retry")).to_be_visible()
        (row,) = stored(server)
        assert (row.row.status, row.row.cost_status) == ("abandoned", "estimated")
        assert row.row.output_tokens is not None
        assert row.row.output_tokens > 0
        assert re.search(r"\d+ → \d+ tokens", again.answers.inner_text())
