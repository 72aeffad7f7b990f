"""Several models at once, files, and what a message will cost before it is sent."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from llmtrack.chat.conversations.history import Conversations
from llmtrack.ledger import open_ledger
from tests.browser.app_server import AppServer, running_app
from tests.browser.room import Room, keys, streamed
from tests.provider import Provider


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, provider_server: Provider) -> Iterator[AppServer]:
    with running_app(tmp_path_factory.mktemp("compare"), keys(provider_server)) as started:
        yield started


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, "PNG")
    return out.getvalue()


@pytest.mark.compares_with("genai-prices")
def test_two_models_answer_side_by_side_and_the_better_one_goes_on(
    page: Page, server: AppServer, provider: Provider
) -> None:
    room = Room(page, server, "openai/gpt-4o")
    room.compare_with("openai/gpt-4o-mini")
    expect(room.message).to_have_attribute("placeholder", "Message gpt-4o and gpt-4o-mini")
    provider.script(
        "/chat/completions",
        [streamed("gpt-4o@tokens=20", stall_after=8), streamed("gpt-4o@tokens=20", stall_after=8)],
    )
    room.send("Which of you is better?")
    columns = page.get_by_test_id("stColumn")
    expect(columns.nth(0)).to_contain_text("one two three")
    expect(columns.nth(1)).to_contain_text("one two three")  # both are still being written
    provider.release()
    expect(columns.nth(0)).to_contain_text("gpt-4o · 100 → 20 tokens · $0.000450")
    expect(columns.nth(1)).to_contain_text(
        "gpt-4o-mini · 100 → 20 tokens · $0.000450"
    )  # gpt-4o served it, says the script
    expect(columns.nth(1)).to_contain_text(re.compile(r"first token \d\.\d\d s"))
    room.idle()
    columns.nth(1).get_by_role("button", name="Go on with this one").click()
    expect(columns).to_have_count(0)
    expect(room.answers).to_contain_text("gpt-4o-mini · 100 → 20 tokens")
    expect(room.answers.get_by_text("2/2")).to_be_visible()

    room.idle()
    ledger = open_ledger(server.database_url)
    mine = Conversations(ledger, "local")
    conversation = mine.open(int(room.conversation_id))
    assert conversation is not None
    found = mine.figures(conversation.everything)
    ledger.close()
    votes = {one.model: found[one.id].score for one in conversation.everything if one.id in found}
    assert votes == {"openai/gpt-4o": -1, "openai/gpt-4o-mini": 1}
    room.reload()
    room.ask("Go on", 1)
    asked = provider.last.wanted["messages"]
    assert [said["role"] for said in asked] == ["user", "assistant", "user"]


def test_a_picture_goes_to_a_model_that_sees_and_is_shown_small(
    page: Page, server: AppServer, provider: Provider
) -> None:
    room = Room(page, server, "openai/gpt-4o")
    room.attach({"name": "teal.png", "mimeType": "image/png", "buffer": picture()})
    room.ask("What is this?")
    content = provider.last.wanted["messages"][0]["content"]
    url = next(part["image_url"]["url"] for part in content if part["type"] == "image_url")
    assert base64.b64decode(url.partition("base64,")[2]) == picture()
    expect(room.messages.get_by_role("img", name="teal.png")).to_be_visible()
    room.reload()
    expect(room.messages.get_by_role("img", name="teal.png")).to_be_visible()


def test_a_picture_is_refused_in_words_where_the_model_cannot_see(
    page: Page, server: AppServer, provider: Provider
) -> None:
    room = Room(page, server, "openai/gpt-3.5-turbo")
    room.attach({"name": "teal.png", "mimeType": "image/png", "buffer": picture()})
    room.send("What is this?")
    expect(page.get_by_role("alert")).to_contain_text("gpt-3.5-turbo")
    expect(page.get_by_role("alert")).to_contain_text("teal.png")
    expect(room.message).to_have_value("What is this?")  # what was typed is not lost
    assert [one for one in provider.requests if one.path.endswith("/chat/completions")] == []


def test_the_price_is_told_before_and_how_good_that_was_after(
    page: Page, server: AppServer, provider: Provider
) -> None:
    room = Room(page, server, "openai/gpt-4o")
    room.ask("How much?")
    # A hundred tokens so far and the new message's frame, at $2.50 a million.
    expect(room.price_parts).to_contain_text(re.compile(r"Conversation so far, \d+\stokens\$0\.000\d+"))
    room.ask("And now?", 1)
    assert re.search(r"quoted|as quoted|within", room.finished(1).text)
    room.choose("OpenAI · gpt-4o-mini")
    expect(room.price_parts).to_contain_text(re.compile(r"Conversation so far, \d+\stokens\$0\.0000\d+"))


def test_parameters_go_along_and_only_those_the_model_knows(page: Page, server: AppServer, provider: Provider) -> None:
    room = Room(page, server, "openai/gpt-4o")
    room.open_settings()
    room.tell_system("Be brief.")
    longest = room.settings.get_by_role("spinbutton", name="Longest answer, in tokens")
    longest.fill("50")
    longest.press("Enter")
    expect(room.settings.get_by_role("combobox", name="Reasoning effort")).to_have_count(0)
    room.close_settings()
    room.ask("Hello")
    assert provider.last.wanted["messages"][0] == {"role": "system", "content": "Be brief."}
    assert 50 in (provider.last.wanted.get("max_tokens"), provider.last.wanted.get("max_completion_tokens"))
    assert "temperature" not in provider.last.wanted
