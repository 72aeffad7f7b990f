"""An export brought in the browser: larger than an attachment may be, and with a conversation that is damaged."""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app_server import AppServer, running_app
from tests.browser.room import Room


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    with running_app(tmp_path_factory.mktemp("import")) as started:
        yield started


def test_a_zip_of_30_mb_with_pictures_comes_in_and_the_page_says_what_was_left_out(
    page: Page, server: AppServer, tmp_path: Path
) -> None:
    message = {"author": {"role": "user"}, "content": {"content_type": "text", "parts": ["All about herons"]}}
    good = {
        "id": "1",
        "title": "Herons",
        "create_time": 1e300,
        "update_time": 1e300,
        "mapping": {"q": {"message": message}},
    }
    export = tmp_path / "export.zip"
    with zipfile.ZipFile(export, "w") as archive:
        archive.writestr("conversations-000.json", json.dumps([good, {"title": "Torn *page*"}]))
        archive.writestr("file-1-photo.png", random.Random(1).randbytes(30_000_000))
    room = Room(page, server)
    room.sidebar.get_by_role("button", name="Import").click()
    room.idle()
    page.locator("input[type=file][accept*=zip]").set_input_files(export)
    expect(page.get_by_text("1 conversation with 1 message came in.")).to_be_visible()
    expect(page.get_by_text("Conversation 2 (“Torn *page*”) is no export of this app")).to_be_visible()
    room.idle()
    page.keyboard.press("Escape")
    room.press(room.listed("Herons"))
    expect(room.messages).to_contain_text("All about herons")
