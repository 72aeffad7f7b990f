"""What the chat's own script adds, and with it each name of Streamlit's page that it leans on."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import FilePayload, Page, expect

from llmtrack.pricing.tokens import CLAUDE, GPT, estimate_text
from tests.browser.app_server import AppServer, running_app
from tests.browser.room import Room, keys, streamed
from tests.provider import Provider

GPT4O = "openai/gpt-4o"
NOTE: FilePayload = {"name": "birds.csv", "mimeType": "text/csv", "buffer": b"bird,eats\nheron,fish\n"}
TEXTS = (
    "Plain words, some of them extraordinarily long: incomprehensibilities.",
    "3.14159 and 1,000,000 — in 2026\n\n\tdef f(x):\n        return x ** 2  # squared\n",
    "今天的问题是日本的天气。ありがとう 감사합니다",
    "Привет, Ünïcode straße ½ ² Ⅳ กรุงเทพมหานคร עברית العربية",
    "👩‍👩‍👧‍👦 emoji __under__ `code` $x_1$ …",
    "word " * 20_000,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, provider_server: Provider) -> Iterator[AppServer]:
    with running_app(tmp_path_factory.mktemp("comforts"), keys(provider_server)) as started:
        yield started


def asset(page: Page, name: str) -> str:
    """Where the browser got a script of the component from."""
    expect(page.locator(".ll-comforts[data-ready]")).to_have_count(1)
    loaded = page.evaluate("performance.getEntriesByType('resource').map(one => one.name)")
    return str(next(one for one in loaded if name in one))


def test_the_browser_counts_tokens_and_writes_dollars_as_the_server_does(page: Page, server: AppServer) -> None:
    Room(page, server)
    counted = page.evaluate(
        """async ([address, texts, weights]) => {
            const estimate = await import(address);
            return texts.map(text => weights.map(one => estimate.tokensOf(text, one)));
        }""",
        [asset(page, "/estimate.js"), TEXTS, [weights_of(GPT), weights_of(CLAUDE)]],
    )
    for text, (gpt, claude) in zip(TEXTS, counted, strict=True):
        assert gpt == pytest.approx(estimate_text(text, GPT)), text[:40]
        assert claude == pytest.approx(estimate_text(text, CLAUDE)), text[:40]
    amounts = [0, 1, 519_000_000, 7_056_000_000, 12_345_678_900, 1_500_000_000_000, 1_234_567_800_000_000]
    shown = page.evaluate(
        "async ([address, amounts]) => { const { dollars } = await import(address); return amounts.map(dollars) }",
        [asset(page, "/estimate.js"), amounts],
    )
    assert shown == ["$0.00", "<$0.000001", "$0.000519", "$0.007056", "$0.0123", "$1.50", "$1,234.57"]


def weights_of(weights: object) -> dict[str, float]:
    """Weights as they are handed to the browser."""
    return {name: getattr(weights, name) for name in type(weights).__slots__}  # type: ignore[attr-defined]


@pytest.mark.compares_with("genai-prices")
def test_the_price_follows_what_is_typed_and_attached_without_asking_the_server(
    page: Page, server: AppServer, provider: Provider
) -> None:
    room = Room(page, server, GPT4O)
    expect(room.price_tag).to_contain_text("≈\u00a0$0.004008")
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", sent.append))
    room.message.fill("What do herons eat in winter?")
    # 4 for the frame of a message, and 6 words at 1.05 with a mark at 1.2, rounded up: 12 tokens at $2.50 a million.
    expect(room.price_tag).to_contain_text("≈\u00a0$0.004038")
    room.price_tag.hover()
    expect(room.price_parts).to_contain_text("Your message, 12\u00a0tokens$0.000030")
    expect(room.price_parts).to_contain_text("Estimate$0.004038")
    room.message.fill("")
    expect(room.price_tag).to_contain_text("≈\u00a0$0.004008")
    room.attach(NOTE)
    expect(room.price_tag).not_to_contain_text("$0.004008")
    assert sent == []


def test_a_draft_outlives_a_reload_with_its_files_and_goes_with_its_message(
    page: Page, server: AppServer, provider: Provider
) -> None:
    room = Room(page, server, GPT4O)
    room.attach(NOTE)
    room.message.fill("Half a thought")
    page.wait_for_timeout(300)
    room.reload()
    expect(room.message).to_have_value("Half a thought")
    expect(page.get_by_test_id("stChatInput")).to_contain_text("birds.csv")
    expect(page.get_by_test_id("stChatInput").get_by_role("button", name="Send message")).to_be_enabled()
    room.type_model(GPT4O)
    room.message.press("Enter")
    room.finished(0)
    assert "heron,fish" in str(provider.last.wanted["messages"][0])
    room.idle()
    room.reload()
    expect(room.message).to_have_value("")
    expect(page.get_by_test_id("stChatInput")).not_to_contain_text("birds.csv")
    page.goto(server.url)
    room.reload()
    expect(room.message).to_have_value("")


def test_drafts_belong_to_their_conversation_and_to_their_person(
    page: Page, server: AppServer, provider: Provider
) -> None:
    room = Room(page, server, GPT4O)
    room.ask("The first conversation")
    room.message.fill("More on the first")
    room.press(room.sidebar.get_by_role("button", name="New chat"))
    expect(room.message).to_have_value("")
    room.message.fill("Something else")
    page.wait_for_timeout(300)
    room.press(room.listed("The first conversation"))
    expect(room.message).to_have_value("More on the first")
    room.press(room.sidebar.get_by_role("button", name="New chat"))
    expect(room.message).to_have_value("Something else")
    page.evaluate("localStorage.setItem('llmtrack.draft.somebodyelse.new', 'private')")
    room.reload()
    expect(room.message).to_have_value("Something else")
    assert page.evaluate("Object.keys(localStorage).filter(name => name.includes('somebodyelse'))") == []


def test_an_answer_is_copied_as_it_was_written_also_on_plain_http(
    page: Page, server: AppServer, provider: Provider
) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    room = Room(page, server, f"{GPT4O}@tokens=3")
    room.ask("Count")
    room.answers.get_by_role("button", name="Copy").click()
    expect(room.answers.get_by_role("button", name="Copied")).to_be_visible()
    room.message.click()
    page.keyboard.press("Control+V")
    expect(room.message).to_have_value(re.compile(r"^one two three\s*$"))


def test_keys_stop_edit_copy_find_and_tell_what_they_do(page: Page, server: AppServer, provider: Provider) -> None:
    room = Room(page, server, f"{GPT4O}@tokens=3")
    expect(room.message).to_be_focused()  # one can write at once
    room.ask("Count")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("dialog").get_by_role("textbox", name="Message")).to_have_value("Count")
    room.close_dialog()
    page.keyboard.press("Control+k")
    expect(room.sidebar.get_by_role("textbox", name="Search conversations")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    expect(sheet).to_contain_text("Stop the answer")
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    page.keyboard.press("/")
    expect(room.message).to_be_focused()
    page.keyboard.press("Control+Shift+O")
    expect(room.messages).to_have_count(0)


def test_a_button_leads_to_the_end_and_sending_does_too(page: Page, server: AppServer, provider: Provider) -> None:
    room = Room(page, server, f"{GPT4O}@tokens=1500")
    room.ask("Count far")
    button = page.get_by_role("button", name="To the end")
    page.get_by_test_id("stAppScrollToBottomContainer").evaluate("main => main.scrollTo(0, 0)")
    expect(button).to_be_visible()
    button.click()
    expect(button).to_be_hidden()
    page.get_by_test_id("stAppScrollToBottomContainer").evaluate("main => main.scrollTo(0, 0)")
    room.type_model(f"{GPT4O}@tokens=3")
    page.get_by_test_id("stAppScrollToBottomContainer").evaluate("main => main.scrollTo(0, 0)")
    room.ask("And on", 1)
    expect(room.answers.nth(1)).to_be_in_viewport()
    expect(button).to_be_hidden()


def test_rows_have_one_menu_on_hover_right_click_and_key(page: Page, server: AppServer, provider: Provider) -> None:
    room = Room(page, server, f"{GPT4O}@tokens=3")
    room.ask("Pin me to the top")
    row = room.listed("Pin me to the top")
    row.hover()
    page.get_by_role("button", name="What can be done with Pin me to the top").click()
    room.press(page.get_by_role("menuitem", name="Pin"))
    expect(room.sidebar.get_by_role("region", name="Pinned")).to_contain_text("Pin me to the top")
    row.click(button="right")
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_role("dialog").get_by_role("textbox", name="Title").fill("At the top")
    room.press(page.get_by_role("dialog").get_by_role("button", name="Rename", exact=True))
    row = room.listed("At the top")
    expect(page).to_have_title("At the top · llmtrack")
    row.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("menuitem", name="Rename")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page.get_by_text("“At the top” was deleted.")).to_be_visible()
    expect(row).to_have_count(0)


def test_a_message_that_was_lost_to_an_error_is_in_the_box_again(
    page: Page, server: AppServer, provider: Provider
) -> None:
    room = Room(page, server, GPT4O)
    room.message.fill("x")  # so that there is a name to put it under
    page.wait_for_timeout(300)
    page.evaluate(
        """() => {
            const name = Object.keys(localStorage).find(one => one.startsWith('llmtrack.draft.'));
            localStorage.setItem(name.replace('draft', 'aside'), 'Lost on its way');
            localStorage.removeItem(name);
        }"""
    )
    room.message.fill("")
    room.reload()
    expect(room.message).to_have_value("Lost on its way")


def test_a_message_that_was_sent_right_before_a_reload_is_not_in_the_box_again(
    page: Page, server: AppServer, provider: Provider
) -> None:
    room = Room(page, server, GPT4O)
    room.ask("The first")
    page.evaluate(
        """() => {
            const plain = Storage.prototype.setItem;
            Storage.prototype.setItem = function (name, value) {  // set aside: it is on its way
                plain.call(this, name, value);
                if (String(name).startsWith('llmtrack.aside.')) setTimeout(() => location.reload(), 20);
            };
        }"""
    )
    room.message.fill("Sent before the reload")
    with page.expect_navigation():
        room.message.press("Enter")
    room.finished(1)
    room.idle()
    expect(page.get_by_label("Chat message from user")).to_have_count(2)
    expect(room.message).to_have_value("")
    page.wait_for_timeout(500)  # it would come back a moment later
    expect(room.message).to_have_value("")


def test_on_a_phone_the_sidebar_closes_after_a_choice_and_the_box_stays_low(
    page: Page, server: AppServer, provider: Provider
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    room = Room(page, server, f"{GPT4O}@tokens=60")
    room.ask("Count a little")
    card = page.get_by_test_id("stBottomBlockContainer").bounding_box()
    assert card is not None
    assert card["height"] <= 120
    text = room.answers.get_by_test_id("stMarkdown").first.bounding_box()
    assert text is not None
    assert text["x"] <= 16
    room.press(page.get_by_test_id("stExpandSidebarButton"))
    expect(room.listed("Count a little").first).to_be_in_viewport()
    room.press(room.listed("Count a little").first)
    expect(room.listed("Count a little").first).not_to_be_in_viewport()
    provider.script("/chat/completions", [streamed("gpt-4o@tokens=3")])
