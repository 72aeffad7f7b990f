"""Conversations as a person keeps them: found, renamed, pinned, put away, deleted and brought back, in two tabs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app_server import AppServer, running_app
from tests.browser.room import Room, keys
from tests.provider import Provider

MODEL = "openai/gpt-4o"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, provider_server: Provider) -> Iterator[AppServer]:
    with running_app(tmp_path_factory.mktemp("conversations"), keys(provider_server)) as started:
        yield started


def test_conversations_are_found_renamed_pinned_archived_deleted_and_brought_back(
    page: Page, server: AppServer, provider: Provider
) -> None:
    room = Room(page, server, MODEL)
    room.ask("All about pelicans")
    room.press(room.sidebar.get_by_role("button", name="New chat"))
    expect(room.messages).to_have_count(0)
    room.ask("All about herons")
    search = room.sidebar.get_by_role("textbox", name="Search conversations")
    search.fill("pelicans")
    search.press("Enter")
    expect(room.listed("All about herons")).to_have_count(0)
    room.press(room.listed("All about pelicans"))
    expect(room.messages).to_contain_text("All about pelicans")
    search.fill("")
    search.press("Enter")
    expect(room.listed("All about herons")).to_be_visible()
    room.idle()

    room.do_with_conversation("Rename")
    box = page.get_by_role("dialog").get_by_role("textbox", name="Title")
    room.idle()
    box.fill("Large birds")
    page.get_by_role("dialog").get_by_role("button", name="Rename", exact=True).click()
    expect(room.listed("Large birds")).to_be_visible()
    room.idle()

    room.do_with_conversation("Pin")
    expect(room.sidebar.get_by_text("Pinned")).to_be_visible()
    room.idle()

    room.do_with_conversation("Archive")
    expect(room.listed("Large birds")).to_have_count(0)
    room.idle()
    room.sidebar.get_by_text("Archived").click()
    expect(room.listed("Large birds")).to_be_visible()
    room.idle()
    room.do_with_conversation("Take out of the archive")
    expect(room.listed("Large birds")).to_have_count(0)
    room.idle()
    room.sidebar.get_by_text("Archived").click()
    expect(room.listed("Large birds")).to_be_visible()
    room.idle()

    room.do_with_conversation("Delete")
    expect(page.get_by_text("“Large birds” was deleted.")).to_be_visible()
    expect(room.listed("Large birds")).to_have_count(0)
    room.press(page.get_by_role("button", name="Undo"))
    expect(room.listed("Large birds")).to_be_visible()
    expect(room.messages).to_contain_text("All about pelicans")


def test_a_conversation_opens_by_its_address_and_keeps_everything(
    page: Page, server: AppServer, provider: Provider
) -> None:
    room = Room(page, server, f"{MODEL}@tokens=7")
    room.ask("Where is it kept?")
    address = f"?c={room.conversation_id}"
    other = Room(page.context.new_page(), server, query=address)
    expect(other.messages).to_contain_text("Where is it kept?")
    assert other.finished(0).tokens == (100, 7)
    expect(other.message).to_have_attribute("placeholder", "Message gpt-4o@tokens=7")


def test_two_tabs_do_not_overwrite_each_other(page: Page, server: AppServer, provider: Provider) -> None:
    one = Room(page, server, MODEL)
    one.ask("The beginning")
    two = Room(page.context.new_page(), server, query=f"?c={one.conversation_id}")
    two.ask("Said in the second tab", 1)
    one.ask("Said in the first tab", 1)
    # The first tab had not seen what the second said: both are kept, as versions of one turn.
    expect(one.messages.nth(1)).to_contain_text("Said in the first tab")
    expect(one.messages.nth(1).get_by_text("2/2")).to_be_visible()
    assert [said["content"] for said in provider.last.wanted["messages"]] == [
        "The beginning",
        "Hello world",
        "Said in the first tab",
    ]
    one.press(one.messages.nth(1).get_by_role("button", name="Earlier"))
    expect(one.messages.nth(1)).to_contain_text("Said in the second tab")


def test_a_conversation_is_taken_out_as_markdown_and_json(page: Page, server: AppServer, provider: Provider) -> None:
    room = Room(page, server, f"{MODEL}@tokens=3")
    room.ask("Take me with you")
    room.main.get_by_role("button", name="Share or export").click()
    with page.expect_download() as markdown:
        page.get_by_role("button", name="Markdown").click()
    assert markdown.value.suggested_filename == "take-me-with-you.md"
    text = Path(markdown.value.path()).read_text()
    assert "Take me with you" in text
    assert "one two three" in text
    with page.expect_download() as exported:
        page.get_by_role("button", name="JSON").click()
    assert exported.value.suggested_filename == "take-me-with-you.json"
    assert "one two three" in json.dumps(json.loads(Path(exported.value.path()).read_text()))
