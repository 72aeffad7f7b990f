"""The files of a folder on the chat page: managed in a dialog, priced beside the box, named where they do not go along."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from llmtrack.chat.answers import File
from llmtrack.chat.conversations import Conversations
from llmtrack.ledger import Ledger
from llmtrack.settings import get_settings
from tests.pages.conftest import OpenPage, html_of, quoted
from tests.pages.test_chat_choices import labelled
from tests.pages.test_conversations import said, say

FILES = ":material/folder_open: Files of the folder"


def mine(ledger: Ledger) -> Conversations:
    return Conversations(ledger, get_settings().effective_user_id)


def put(ledger: Ledger, *names: str, folder: str = "Birds") -> None:
    files = [File(name, "text/plain", f"{name}: {'x' * 4_000}"[:4_000].encode()) for name in names]
    mine(ledger).folder_files.add(folder, files)


def in_birds(app: AppTest) -> AppTest:
    """A conversation that is moved into the folder Birds."""
    say(app, "Herons?")
    app.menu_button(key="conversation_menu").click(":material/folder: Move to a folder").run()
    app.pills[-1].set_value("Birds") if app.pills else labelled(app.text_input, "Folder").set_value("Birds")
    labelled(app.button, "Move").click().run()
    return app


def pressed(app: AppTest, label: str) -> AppTest:
    labelled(app.button, label).click().run()
    return app


def texts(app: AppTest) -> str:
    return "\n".join(one.value for kind in (app.caption, app.markdown, app.warning) for one in kind)


@pytest.mark.slow
def test_files_are_uploaded_looked_through_and_removed_in_a_dialog(open_page: OpenPage, ledger: Ledger) -> None:
    app = in_birds(open_page())
    app.menu_button(key="conversation_menu").click(FILES).run()
    uploader = labelled(app.file_uploader, "Add text files, pictures or PDFs")
    uploader.upload("a<b>.txt", b"Herons", "text/plain").run()
    assert ":material/draft: a\\<b\\>\\.txt" in texts(app)
    assert "1 of 20 files, 1\xa0kB of 20\xa0MB" in texts(app)
    uploader = labelled(app.file_uploader, "Add text files, pictures or PDFs")
    uploader.upload("b.bin", b"\xff\x00", "application/zip").run()
    assert app.error[0].value.startswith("'b.bin' (application/zip) cannot be sent")
    pressed(app, "Remove")
    assert "0 of 20 files" in texts(app)
    assert mine(ledger).folder_files.counts() == {}


@pytest.mark.slow
def test_the_price_beside_the_box_has_them_until_they_are_left_out(open_page: OpenPage, ledger: Ledger) -> None:
    put(ledger, "a.txt", "b.txt")
    app = in_birds(open_page())
    assert "2 files of the folder, 2,000\xa0tokens $0.002000" in quoted(app)[1]  # simulated, at $1 a million
    say(app, "And gulls?")
    assert "with 2 files of the folder" in texts(app)
    labelled(app.toggle, "Send the files of “Birds”").set_value(False).run()
    assert "of the folder" not in quoted(app)[1]


@pytest.mark.slow
def test_what_does_not_go_along_is_named_in_sight_and_under_the_answer(
    open_page: OpenPage, ledger: Ledger, monkeypatch: Any
) -> None:
    monkeypatch.setenv("LLMTRACK_FOLDER_MAX_TOKENS", "1200")
    get_settings.cache_clear()
    put(ledger, "a.txt", "b.txt")
    app = in_birds(open_page())
    words = "'b.txt' (about 1,000 tokens, and 200 are left for files)"
    assert f"Not sent from the folder: {words}." in texts(app).replace("\\", "")
    say(app, "And gulls?")
    assert f"with 1 file of the folder · left out: {words}" in texts(app).replace("\\", "")


@pytest.mark.slow
def test_a_chat_begins_in_a_folder_and_a_temporary_one_without_its_files(open_page: OpenPage, ledger: Ledger) -> None:
    put(ledger, "a.txt")
    app = in_birds(open_page())
    app.menu_button(key="conversation_menu").click(FILES).run()
    pressed(app, "New chat in this folder")
    assert not app.chat_message
    assert "In “Birds”" in texts(app)
    assert labelled(app.toggle, "Send its 1 file").value is True
    assert "1 file of the folder, 1,000\xa0tokens" in quoted(app)[1]
    labelled(app.toggle, "Temporary").set_value(True).run()
    assert labelled(app.toggle, "Send its 1 file").value is False
    assert "of the folder" not in quoted(app)[1]
    labelled(app.toggle, "Temporary").set_value(False).run()
    say(app, "Gulls?")
    assert said(app)[0] == "Gulls?"
    assert [heading.title for heading in mine(ledger).in_folders()] == ["Gulls?", "Herons?"]
    app.button(key="new_chat").click().run()
    assert "In “Birds”" not in texts(app)


@pytest.mark.slow
def test_a_folder_is_deleted_after_a_second_press_and_listed_while_it_has_files(
    open_page: OpenPage, ledger: Ledger
) -> None:
    put(ledger, "a.txt")
    app = in_birds(open_page())
    app.menu_button(key="conversation_menu").click(":material/folder: Move to a folder").run()
    pressed(app, "Take it out")
    (listed,) = (body for body in html_of(app) if "ll-talks" in body)
    assert '<summary data-folder="Birds" title="1 file with every message">' in listed
    app = in_birds(app.button(key="new_chat").click().run())
    app.menu_button(key="conversation_menu").click(FILES).run()
    pressed(app, "Delete the folder…")
    assert "Its 1 file will be gone for good." in texts(app)
    pressed(app, "Keep it")
    assert mine(ledger).folder_files.counts() == {"Birds": 1}
    pressed(app, "Delete the folder…")
    pressed(app, "Delete it")
    assert mine(ledger).folder_files.counts() == {}
    assert mine(ledger).in_folders() == []
    assert said(app)[0] == "Herons?"


@pytest.mark.slow
def test_several_models_are_each_told_what_they_are_not_sent(open_page: OpenPage, ledger: Ledger) -> None:
    put(ledger, "a.txt")
    app = in_birds(open_page())
    labelled(app.multiselect, "Compare with").set_value(["demo/demo-claude"]).run()
    assert "1 file of the folder included." in quoted(app)[1]
