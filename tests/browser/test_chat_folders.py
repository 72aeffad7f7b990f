"""A folder's files in a browser: put there from the list's menu, sent with each message, named in the price."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.app_server import AppServer, running_app
from tests.browser.room import Room, keys
from tests.provider import Provider

HERONS: FilePayload = {"name": "herons.txt", "mimeType": "text/plain", "buffer": b"Herons stand still. " * 200}


@pytest.fixture
def server(tmp_path: Path, provider: Provider) -> Iterator[AppServer]:
    with running_app(tmp_path, keys(provider)) as started:
        yield started


def picture(page: Page, name: str) -> None:
    if pictures := os.environ.get("LLMTRACK_TEST_PICTURES"):
        page.screenshot(path=Path(pictures) / f"{name}.png")


@pytest.mark.compares_with("genai-prices")
def test_files_are_put_into_a_folder_and_go_along_with_each_message_in_it(
    page: Page, server: AppServer, provider: Provider
) -> None:
    room = Room(page, server, "openai/gpt-4o")
    room.ask("Which birds?")
    room.do_with_conversation("Move to a folder")
    room.dialog.get_by_role("textbox", name="Folder").fill("Birds")
    room.press(room.dialog.get_by_role("button", name="Move", exact=True))

    folder = room.sidebar.locator("summary", has_text="Birds")
    folder.hover()
    page.get_by_role("button", name="What can be done with Birds").click()
    picture(page, "folder-menu")
    page.get_by_role("menuitem", name="Files").click()
    expect(room.dialog).to_contain_text("0 of 20 files")
    room.dialog.locator("input[type=file]").set_input_files([HERONS])
    expect(room.dialog).to_contain_text("herons.txt")
    expect(room.dialog).to_contain_text("1 of 20 files")
    picture(page, "folder-files")
    room.close_dialog()

    room.price_tag.hover()
    expect(room.price_parts).to_contain_text("1 file of the folder, 1,000\xa0tokens")
    expect(room.price_parts).to_contain_text("$0.002500")
    picture(page, "folder-price")
    room.ask("And in winter?", 1)
    sent = provider.last.wanted["messages"]
    assert "Herons stand still." in str(sent[0]["content"])
    assert sent[-1] == {"role": "user", "content": "And in winter?"}
    expect(room.answers.last).to_contain_text("with 1 file of the folder")

    folder.focus()
    folder.press("ArrowRight")
    page.get_by_role("menuitem", name="New chat here").click()
    expect(page.get_by_text("In “Birds”")).to_be_visible()
    picture(page, "folder-new")
    room.ask("Which stand still?")
    assert "Herons stand still." in str(provider.last.wanted["messages"][0]["content"])
    expect(room.sidebar.locator("summary", has_text="Birds")).to_contain_text("2")
