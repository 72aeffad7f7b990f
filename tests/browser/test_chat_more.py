"""The rest of the chat page in a browser: what others exported, files of every kind, and choices kept for next time."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from llmtrack.ids import new_id
from tests.browser.app_server import AppServer, running_app
from tests.browser.room import Room, keys
from tests.provider import Provider

PDF = b"%PDF-1.4\n1 0 obj << /Type /Catalog >> endobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, provider_server: Provider) -> Iterator[AppServer]:
    settings = keys(provider_server) | {"LLMTRACK_ATTACHMENT_MAX_MB": "1"}
    with running_app(tmp_path_factory.mktemp("more"), settings) as started:
        yield started


def node(id: str, parent: str | None, role: str, text: str, *children: str) -> dict[str, Any]:
    """A message as ChatGPT's export has it."""
    message = {
        "author": {"role": role},
        "content": {"content_type": "text", "parts": [text]},
        "create_time": 1_760_000_000.5,
        "metadata": {"model_slug": "gpt-4o"} if role == "assistant" else {},
    }
    return {"id": id, "parent": parent, "children": list(children), "message": message if text else None}


def exported(title: str) -> bytes:
    """ChatGPT's conversations.json, with a question that was asked twice and the output of a tool."""
    conversation = {
        "title": title,
        "create_time": 1_760_000_000.5,
        "update_time": 1_760_000_600.0,
        "current_node": "last",
        "mapping": {
            "root": node("root", None, "system", "", "ask", "again"),
            "ask": node("ask", "root", "user", "What do they eat?", "old"),
            "old": node("old", "ask", "assistant", "Seeds.", "looked"),
            "looked": node("looked", "old", "tool", "3 pages found"),
            "again": node("again", "root", "user", "What do kingfishers eat?", "last"),
            "last": node("last", "again", "assistant", "Mostly small fish."),
        },
    }
    return json.dumps([conversation]).encode()


def bring(room: Room, name: str, data: bytes) -> None:
    """Import a file."""
    room.idle()
    room.sidebar.get_by_role("button", name="Import").click()
    uploader = room.page.get_by_test_id("stFileUploader")
    uploader.locator("input[type=file]").set_input_files({"name": name, "mimeType": "application/json", "buffer": data})


def test_what_chatgpt_exported_comes_in_with_its_branches_and_can_go_on(
    page: Page, server: AppServer, provider: Provider
) -> None:
    room = Room(page, server, "openai/gpt-4o")
    title = f"Kingfishers {new_id()}"
    bring(room, "conversations.json", exported(title))
    told = page.get_by_role("dialog").get_by_role("status")
    expect(told).to_have_text(re.compile(r"1 conversation with 4 messages came in\. 1 message left out: tools' output"))
    page.keyboard.press("Escape")
    room.idle()
    expect(room.listed(title)).to_have_count(1)
    room.press(room.listed(title))
    expect(room.messages).to_contain_text("What do kingfishers eat?")
    expect(room.answers).to_contain_text("Mostly small fish.")
    expect(room.messages.get_by_text("2/2")).to_be_visible()
    room.idle()
    room.press(room.messages.get_by_role("button", name="Earlier"))
    expect(room.answers).to_contain_text("Seeds.")
    room.idle()
    room.press(room.messages.get_by_role("button", name="Later"))
    expect(room.answers).to_contain_text("Mostly small fish.")
    room.idle()
    room.ask("And in winter?", 1)
    assert [said["content"] for said in provider.last.wanted["messages"]] == [
        "What do kingfishers eat?",
        "Mostly small fish.",
        "And in winter?",
    ]


def test_a_file_that_is_no_export_is_refused_in_words(page: Page, server: AppServer, provider: Provider) -> None:
    room = Room(page, server)
    bring(room, "shopping.json", b'{"eggs": 6}')
    expect(page.get_by_role("alert")).to_contain_text("no export of this app or of ChatGPT")
    expect(page.get_by_role("alert")).to_contain_text("shopping.json")


def test_a_text_and_a_pdf_go_along_and_are_listed_with_the_message(
    page: Page, server: AppServer, provider: Provider
) -> None:
    room = Room(page, server, "anthropic/claude-sonnet-4-5")
    room.attach(
        {"name": "birds.csv", "mimeType": "text/csv", "buffer": b"bird,eats\nheron,fish\n"},
        {"name": "birds.pdf", "mimeType": "application/pdf", "buffer": PDF},
    )
    room.ask("Do these agree?")
    text, document, question = provider.last.wanted["messages"][0]["content"]
    assert text == {"type": "text", "text": '<file name="birds.csv">\nbird,eats\nheron,fish\n\n</file>'}
    assert (document["type"], document["title"]) == ("document", "birds.pdf")
    assert base64.b64decode(document["source"]["data"]) == PDF
    assert question == {"type": "text", "text": "Do these agree?"}
    room.reload()
    expect(room.messages).to_contain_text("birds.csv · 1 kB")
    expect(room.messages).to_contain_text("birds.pdf · 1 kB")


def test_a_pdf_is_refused_where_the_model_cannot_read_one(page: Page, server: AppServer, provider: Provider) -> None:
    room = Room(page, server, "openai/gpt-3.5-turbo")
    room.attach({"name": "birds.pdf", "mimeType": "application/pdf", "buffer": PDF})
    room.send("Read this")
    expect(page.get_by_role("alert")).to_contain_text("gpt-3.5-turbo cannot take PDF files: remove 'birds.pdf'")
    assert provider.requests == []


def test_a_text_that_is_none_is_refused_by_name(page: Page, server: AppServer, provider: Provider) -> None:
    room = Room(page, server, "openai/gpt-4o")
    room.attach({"name": "noise.txt", "mimeType": "text/plain", "buffer": b"\xff\xfe\x00\xd8"})
    room.send("Read this")
    expect(page.get_by_role("alert")).to_contain_text("'noise.txt' (text/plain) cannot be sent")
    assert provider.requests == []
