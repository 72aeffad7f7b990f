"""Answers on the chat page as a person lives with them: stopped, asked again, edited, continued, retried, judged."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app_server import AppServer, running_app
from tests.browser.room import Room, keys, stored, streamed
from tests.provider import Provider


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, provider_server: Provider) -> Iterator[AppServer]:
    with running_app(tmp_path_factory.mktemp("answers"), keys(provider_server)) as started:
        yield started


@pytest.mark.compares_with("genai-prices")
def test_an_answer_comes_piece_by_piece_and_names_its_cost(page: Page, server: AppServer, provider: Provider) -> None:
    room = Room(page, server, "openai/gpt-4o")
    provider.script("/chat/completions", [streamed("gpt-4o@tokens=30", stall_after=10)])
    room.send("Count")
    expect(room.answers).to_contain_text("one two three")
    expect(room.answers).not_to_contain_text("ten")  # the rest has not been sent
    provider.release()
    line = room.finished(0).text
    # 100 tokens in at $2.50 a million and 30 out at $10.
    assert line.startswith("gpt-4o · 100 → 30 tokens · $0.000550")
    assert re.search(r"\d\.\d\d s · first token \d\.\d\d s$", line)
    assert room.text(0).split()[:3] == ["one", "two", "three"]
    expect(page.get_by_text("$0.000550 · 130 tokens so far")).to_be_visible()
    room.price_tag.hover()
    expect(room.price_parts).to_contain_text(re.compile(r"Conversation so far, \d+\stokens\$0\.000\d+"))
    expect(room.price_parts).to_contain_text(re.compile(r"\d+\s?% of it is the history"))


def test_stop_in_mid_answer_closes_the_request_and_keeps_the_text(
    page: Page, server: AppServer, provider: Provider
) -> None:
    room = Room(page, server, "openai/gpt-4o@tokens=4000@stall=20")
    room.send("Count")
    expect(room.answers).to_contain_text("one two three")
    room.stop_button.click()
    assert "stopped" in room.finished(0).text
    provider.wait_until(lambda: provider.last.client_left)
    (row,) = stored(server)
    assert row.row.status == "cancelled"
    kept = "".join(part["content"] for message in row.output for part in message["parts"])
    assert kept.split() == room.text(0).split()
    assert kept.startswith("one two three")


@pytest.mark.parametrize("way", ["the square in the bar", "Escape"])
def test_stop_works_while_the_model_is_silent(page: Page, server: AppServer, provider: Provider, way: str) -> None:
    room = Room(page, server, "anthropic/claude-sonnet-4-5@silent")
    room.send("Say something")
    provider.wait_until(lambda: bool(provider.requests) and provider.last.path.endswith("/messages"))
    if way == "Escape":
        expect(room.stop_button).to_be_visible()
        page.keyboard.press("Escape")
    else:
        room.stop_button.click()
    provider.wait_until(lambda: provider.last.client_left)
    expect(room.answers).to_contain_text("stopped")
    room.idle()
    assert stored(server)[0].row.status == "cancelled"


def test_asked_again_also_of_another_model_and_every_version_can_be_walked(
    page: Page, server: AppServer, provider: Provider
) -> None:
    room = Room(page, server, "openai/gpt-4o@tokens=5")
    room.ask("Hello")
    room.do(room.answers, "Ask again")
    expect(room.answers.get_by_text("2/2")).to_be_visible()
    assert room.finished(0).text.startswith("gpt-4o")
    room.idle()
    room.type_model("anthropic/claude-sonnet-4-5@tokens=7")
    room.do(room.answers, "Ask claude-sonnet-4-5")
    expect(room.answers.get_by_text("3/3")).to_be_visible()
    assert room.finished(0).text.startswith("claude-sonnet-4-5")
    assert room.finished(0).tokens == (100, 7)
    room.idle()
    walk = room.answers.get_by_role("button", name="Earlier")
    walk.click()
    expect(room.answers.get_by_text("2/3")).to_be_visible()
    expect(room.answers).to_contain_text("100 → 5 tokens")
    assert [one.wanted["messages"] for one in provider.requests] == [[{"role": "user", "content": "Hello"}]] * 3


def test_an_edited_message_is_a_branch_and_the_old_one_stays(page: Page, server: AppServer, provider: Provider) -> None:
    room = Room(page, server, "openai/gpt-4o@tokens=5")
    room.ask("First thought")
    room.ask("And then?", 1)
    room.do(room.messages.first, "Edit and ask again")
    box = page.get_by_role("dialog").get_by_role("textbox", name="Message")
    expect(box).to_have_value("First thought")
    room.idle()
    box.fill("Second thought")
    page.get_by_role("dialog").get_by_role("button", name="Ask", exact=True).click()
    expect(room.messages).to_have_count(1)
    expect(room.messages).to_contain_text("Second thought")
    room.finished(0)
    assert provider.last.wanted["messages"] == [{"role": "user", "content": "Second thought"}]
    expect(room.messages.get_by_text("2/2")).to_be_visible()
    room.idle()
    room.messages.get_by_role("button", name="Earlier").click()
    expect(room.messages).to_have_count(2)
    expect(room.messages.first).to_contain_text("First thought")
    expect(room.messages.nth(1)).to_contain_text("And then?")


def test_an_answer_cut_by_length_goes_on(page: Page, server: AppServer, provider: Provider) -> None:
    room = Room(page, server, "openai/gpt-4o@length@tokens=6")
    assert "cut short" in room.ask("Count")
    provider.script("/chat/completions", [streamed("gpt-4o@tokens=3")])
    room.page.get_by_role("button", name="Continue").click()
    assert room.finished(1).tokens == (100, 3)
    sent = provider.last.wanted["messages"]
    assert [one["role"] for one in sent] == ["user", "assistant", "user"]
    assert sent[1]["content"].strip() == "one two three four five six"


def test_an_error_is_told_in_words_and_retry_asks_again(page: Page, server: AppServer, provider: Provider) -> None:
    room = Room(page, server, "openai/gpt-4o")
    provider.script("/chat/completions", [streamed("gpt-4o@tokens=9", drop_after=4)])
    room.send("Count")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(room.answers).to_contain_text("one")  # what had come is kept
    assert stored(server)[0].row.status == "error"
    room.idle()
    page.get_by_role("button", name="Retry").click()
    expect(room.answers).to_contain_text("Hello world")
    assert room.finished(0).tokens == (100, 20)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_reasoning_is_folded(page: Page, server: AppServer, provider: Provider) -> None:
    room = Room(page, server, "anthropic/claude-sonnet-4-5@thinking")
    room.ask("Think")
    expect(room.answers.get_by_text("Let me think.")).to_be_hidden()
    room.answers.get_by_text("Thought").click()
    expect(room.answers.get_by_text("Let me think.")).to_be_visible()


def test_a_reload_in_mid_answer_loses_neither_text_nor_row(page: Page, server: AppServer, provider: Provider) -> None:
    room = Room(page, server, "openai/gpt-4o@tokens=40@stall=20")
    room.send("Count on and on")
    expect(room.answers).to_contain_text("one two three")
    page.reload()
    expect(room.answers).to_contain_text("one two three")
    assert not provider.last.client_left
    provider.release()
    assert room.finished(0).tokens == (100, 40)
    assert len(room.text(0).split()) == 40
    assert stored(server)[0].row.status == "ok"


def test_whatever_is_set_or_opened_in_mid_answer_the_answer_goes_on(
    page: Page, server: AppServer, provider: Provider
) -> None:
    room = Room(page, server, "openai/gpt-4o@tokens=40@stall=20")
    room.send("Count while I look around")
    expect(room.answers).to_contain_text("one two three")
    page.get_by_test_id("stBottom").get_by_role("button", name="Settings").click()
    favourite = room.settings.get_by_role("switch", name="Favourite").or_(room.settings.get_by_label("Favourite"))
    room.settings.get_by_text("Favourite", exact=True).click()
    expect(favourite.first).to_be_checked()
    expect(room.answers).to_contain_text("one two three")
    page.get_by_role("link", name="Usage", exact=True).click()
    expect(page.get_by_test_id("statement-head")).to_be_visible()
    page.get_by_role("link", name="Chat", exact=True).click()
    expect(room.answers).to_contain_text("one two three")
    assert not provider.last.client_left
    provider.release()
    assert room.finished(0).tokens == (100, 40)
    assert stored(server)[0].row.status == "ok"


def test_a_closed_tab_lets_the_answer_end(page: Page, server: AppServer, provider: Provider) -> None:
    room = Room(page, server, "openai/gpt-4o@tokens=40@stall=20")
    room.send("Count while I am away")
    expect(room.answers).to_contain_text("one two three")
    address = f"?c={room.conversation_id}"
    other = page.context.new_page()
    page.close()
    provider.release()
    provider.wait_until(lambda: provider.last.answered)
    again = Room(other, server, query=address)
    assert again.finished(0).tokens == (100, 40)
    assert len(again.text(0).split()) == 40
    assert stored(server)[0].row.status == "ok"


def test_a_thumb_and_its_reason_are_kept_and_can_be_changed(page: Page, server: AppServer, provider: Provider) -> None:
    room = Room(page, server, "openai/gpt-4o")
    room.ask("Rate me")
    up = room.answers.get_by_role("radio", name="Thumbs up")
    down = room.answers.get_by_role("radio", name="Thumbs down")
    up.click(force=True)
    expect(up).to_be_checked()
    room.idle()
    room.reload()
    expect(up).to_be_checked()
    down.click(force=True)
    expect(down).to_be_checked()
    room.idle()
    room.answers.get_by_test_id("stPopover").get_by_role("button").click()
    why = page.get_by_role("textbox", name="What was good or bad about it?")
    why.fill("too short")
    why.press("Enter")
    room.idle()
    room.reload()
    expect(down).to_be_checked()
    room.answers.get_by_test_id("stPopover").get_by_role("button").click()
    expect(why).to_have_value("too short")
