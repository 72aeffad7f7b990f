"""Favourites, presets, prices beforehand and limits in a browser, as a person comes across them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.app_server import ROOT, AppServer, running_app
from tests.browser.chat_pictures import saying
from tests.browser.room import Room, keys
from tests.provider import Provider

GPT = "openai/gpt-4o"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, provider_server: Provider) -> Iterator[AppServer]:
    settings = keys(provider_server) | {"LLMTRACK_ATTACHMENT_MAX_MB": "1"}
    with running_app(tmp_path_factory.mktemp("choices"), settings) as started:
        yield started


@pytest.fixture
def own_server(tmp_path: Path, provider: Provider) -> Iterator[AppServer]:
    """An app of the test's own, for what is chosen and kept."""
    with running_app(tmp_path, keys(provider)) as started:
        yield started


@pytest.mark.compares_with("genai-prices")
def test_a_favourite_is_listed_first_also_in_another_tab(page: Page, own_server: AppServer, provider: Provider) -> None:
    room = Room(page, own_server)
    room.choose("OpenAI · gpt-4o")
    room.open_settings()
    room.switch("Favourite")
    room.close_settings()
    other = Room(page.context.new_page(), own_server)
    expect(other.model).not_to_contain_text("gpt-4o")
    other.open_models()
    first = other.page.locator(".ll-models section").first
    expect(first.get_by_role("heading")).to_have_text("Favourites")
    expect(first.get_by_role("button")).to_contain_text(["gpt-4o$2.50 / $10.00 · 128k"])
    first.get_by_role("button").click()
    expect(other.message).to_have_attribute("placeholder", "Message gpt-4o")
    other.idle()
    other.ask("Hello")
    assert provider.last.wanted["model"] == "gpt-4o"


def test_new_chats_begin_with_the_model_that_was_told_so(page: Page, own_server: AppServer, provider: Provider) -> None:
    room = Room(page, own_server)
    room.choose("OpenAI · gpt-4.1-mini")
    room.open_settings()
    room.switch("New chats begin with it")
    other = Room(page.context.new_page(), own_server)
    expect(other.message).to_have_attribute("placeholder", "Message gpt-4.1-mini")


def test_a_preset_is_saved_applied_in_a_new_tab_replaced_renamed_deleted_and_brought_back(
    page: Page, own_server: AppServer, provider: Provider
) -> None:
    room = Room(page, own_server, GPT)
    room.open_settings()
    room.tell_system("Answer in verse.")
    room.open_presets()
    dialog = page.get_by_role("dialog", name="Presets")
    expect(dialog).to_contain_text("Set now: gpt-4o · “Answer in verse.”")
    room.save_preset("Poet")
    expect(dialog.get_by_text("gpt-4o · “Answer in verse.”", exact=True)).to_be_visible()
    room.close_dialog()

    other = Room(page.context.new_page(), own_server)
    other.open_settings()
    other.apply_preset("Poet")
    expect(other.message).to_have_attribute("placeholder", "Message gpt-4o")
    expect(other.page.get_by_role("textbox", name="System prompt")).to_have_value("Answer in verse.")
    other.close_settings()
    other.ask("Hello")
    assert provider.last.wanted["model"] == "gpt-4o"
    assert provider.last.wanted["messages"][0] == {"role": "system", "content": "Answer in verse."}
    other.page.close()

    room.open_settings()
    room.tell_system("Answer in prose.")
    room.open_presets()
    room.do_with_preset("Poet", "Replace by what is set now")
    expect(dialog.get_by_text("gpt-4o · “Answer in prose.”", exact=True)).to_be_visible()
    room.do_with_preset("Poet", "Rename")
    dialog.get_by_role("textbox", name="New name").fill("Writer")
    dialog.get_by_role("button", name="Rename", exact=True).click()
    expect(dialog.get_by_text("Writer", exact=True)).to_be_visible()
    room.idle()
    room.do_with_preset("Writer", "Delete")
    expect(dialog.get_by_text("“Writer” was deleted.")).to_be_visible()
    room.idle()
    dialog.get_by_role("button", name="Undo").click()
    expect(dialog.get_by_text("Writer", exact=True)).to_be_visible()
    room.idle()
    dialog.get_by_role("button", name="Apply").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("“Writer” is applied.")).to_be_visible()


def test_what_a_preset_sets_from_its_dialog_holds_though_its_controls_are_out_of_sight(
    page: Page, own_server: AppServer, provider: Provider
) -> None:
    room = Room(page, own_server, GPT)
    room.open_settings()
    room.tell_system("Answer in verse.")
    room.open_presets()
    room.save_preset("Poet")
    room.close_dialog()
    room.open_settings()
    room.tell_system("Answer in prose.")
    room.open_presets()
    room.press(room.dialog.get_by_role("button", name="Apply"))
    expect(room.dialog).to_have_count(0)
    room.ask("Hello")
    room.ask("And again", 1)
    for request in provider.requests[-2:]:
        assert request.wanted["messages"][0] == {"role": "system", "content": "Answer in verse."}
    room.open_settings()
    expect(page.get_by_role("textbox", name="System prompt")).to_have_value("Answer in verse.")
    room.close_settings()

    # The instructions of a chat that was begun and left are not those of the next one.
    room.press(page.get_by_role("button", name="New chat"))
    room.open_settings()
    room.tell_system("Answer in rhymes.")
    room.close_settings()
    room.press(page.get_by_role("button", name="New chat"))
    room.ask("Hello once more")
    assert provider.last.wanted["messages"][0]["role"] == "user"


def test_a_name_that_only_resembles_a_listed_one_can_be_typed_and_part_of_a_name_finds_the_model(
    page: Page, server: AppServer, provider: Provider
) -> None:
    room = Room(page, server, GPT)
    for typed, taken in (("gpt-4o-mini-2024", "gpt-4o-mini-2024"), ("4.1-mi", "gpt-4.1-mini"), ("gpt-4o", "gpt-4o")):
        room.open_models()
        room.search.fill(typed)
        room.search.press("Enter")
        expect(room.message).to_have_attribute("placeholder", f"Message {taken}")
    room.idle()
    room.ask("Hello")
    assert provider.last.wanted["model"] == "gpt-4o"


@pytest.mark.compares_with("genai-prices")
def test_before_a_comparison_each_price_and_their_sum_are_told_and_the_winner_goes_on_alone(
    page: Page, server: AppServer, provider: Provider
) -> None:
    room = Room(page, server, GPT)
    room.compare_with("openai/gpt-4.1-mini")
    # 3 tokens in and 400 out: $2.50 and $10 a million, $0.40 and $1.60.
    expect(room.price_tag).to_contain_text("$0.004649")
    room.price_tag.hover()
    expect(room.price_parts).to_contain_text("gpt-4o$0.004008gpt-4.1-mini$0.000641Estimate$0.004649")
    room.send("Which of you is better?")
    better = page.get_by_role("button", name="Go on with this one")
    expect(better).to_have_count(2)
    for column in page.get_by_test_id("stColumn").all():
        expect(column).to_contain_text(re.compile(r"quoted [\d.]+ times its cost"))  # a short answer: 20 tokens
    room.idle()
    better.nth(1).click()
    expect(room.message).to_have_attribute("placeholder", "Message gpt-4.1-mini")
    room.idle()
    room.ask("Go on", 1)
    assert provider.last.wanted["model"] == "gpt-4.1-mini"


def test_a_cheaper_way_is_taken_with_a_press_and_earlier_files_can_be_left_behind(
    page: Page, server: AppServer, provider: Provider
) -> None:
    room = Room(page, server, GPT)
    room.attach({"name": "long.txt", "mimeType": "text/plain", "buffer": b"A line of a long report.\n" * 4000})
    provider.wish("tokens=4")
    room.ask("What is in it?")
    expect(room.price_parts).to_contain_text("of it is the history")
    room.type_model("claude-sonnet-4-5")
    # Another model has not counted the history: the file's tokens are estimated.
    expect(room.price_parts).to_contain_text(re.compile(r"\d+\s%\sits files"))
    room.price_tag.hover()
    hint = page.get_by_role("button", name="Leave earlier files behind")
    expect(hint).to_contain_text(re.compile(r"saves \$0\.\d+"))
    hint.click()
    expect(hint).to_have_count(0)
    room.idle()
    room.ask("And without it?", 1)
    said = provider.last.wanted["messages"]
    assert said[0] == {"role": "user", "content": "[The file 'long.txt' was here.]\nWhat is in it?"}
    room.open_settings()
    expect(page.get_by_role("switch", name="Send earlier files again")).not_to_be_checked()


def test_a_message_that_its_files_make_dear_tells_its_price_before_it_goes_out(
    page: Page, server: AppServer, provider: Provider
) -> None:
    room = Room(page, server, GPT)
    room.attach({"name": "long.txt", "mimeType": "text/plain", "buffer": b"word " * 100_000})
    room.send("Read this")
    # 125,000 tokens of the file at $2.50 a million, and a usual answer.
    expect(page.get_by_text("Not sent yet. ≈ $0.3165 with an answer of the usual length")).to_be_visible()
    room.idle()
    assert provider.requests == []
    page.get_by_role("button", name="Send it", exact=True).click()
    room.finished(0)
    expect(page.get_by_text("Not sent yet.")).to_have_count(0)
    assert "word word" in str(provider.last.wanted["messages"][0])


def test_enter_waits_for_a_file_that_is_still_on_its_way(page: Page, server: AppServer, provider: Provider) -> None:
    room = Room(page, server, GPT)
    held = []
    page.route("**/upload_file/**", lambda route: held.append(route) if route.request.method == "PUT" else None)
    bar = page.get_by_test_id("stChatInput")
    with page.expect_request(lambda one: "upload_file" in one.url and one.method == "PUT"):
        file: FilePayload = {"name": "birds.csv", "mimeType": "text/csv", "buffer": b"bird,eats\nheron,fish\n"}
        bar.locator("input[type=file]").set_input_files([file])
    expect(bar).to_contain_text("birds.csv")
    room.send("What do they eat?")
    expect(room.message).to_have_value("What do they eat?")  # it has not been sent
    expect(bar.get_by_test_id("stChatInputSubmitButton")).to_be_disabled()
    held[0].continue_()
    expect(bar.get_by_test_id("stChatInputSubmitButton")).to_be_enabled()
    room.message.press("Enter")
    room.finished(0)
    assert "heron,fish" in str(provider.last.wanted["messages"][0])


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ({"name": "long.txt", "mimeType": "text/plain", "buffer": b"x" * 1_040_000}, "'long.txt' has 1.0 MB, and 1 MB"),
        ({"name": "a.docx", "mimeType": "application/msword", "buffer": b"\xff\xfe\xff"}, "'a.docx' (application/msw"),
    ],
)
def test_a_file_that_cannot_be_sent_is_named_and_the_message_stays_in_the_box(
    page: Page, server: AppServer, provider: Provider, file: FilePayload, reason: str
) -> None:
    room = Room(page, server, GPT)
    room.attach(file)
    room.send("Read this")
    expect(page.get_by_role("alert")).to_contain_text(reason)
    expect(room.message).to_have_value("Read this")
    expect(page.get_by_text(f"attach {file['name']} anew")).to_be_visible()
    assert provider.requests == []
    room.idle()
    bar = page.get_by_test_id("stChatInput")
    expect(bar).to_contain_text(file["name"])  # it came back, too
    bar.get_by_role("button", name=re.compile("Remove|Delete")).click()
    expect(bar).not_to_contain_text(file["name"])
    room.message.press("Enter")
    room.finished(0)
    assert provider.last.wanted["messages"] == [{"role": "user", "content": "Read this"}]


LIMIT = """
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from llmtrack.capture.tracker import default_tracker
from llmtrack.limits import LimitExceeded


def refuse(call):
    if Path("limited").exists():
        resets = datetime(2026, 12, 1, tzinfo=UTC)
        raise LimitExceeded("The limit of $5.00 a month is reached.", spent=Decimal("5.02"), resets_at=resets)


default_tracker().before_send.append(refuse)
"""


def test_a_limit_says_what_is_spent_and_when_there_is_room_again_and_nothing_is_sent(
    page: Page, tmp_path: Path, provider: Provider
) -> None:
    (tmp_path / "sitecustomize.py").write_text(LIMIT)  # what an administrator's limit will do
    (tmp_path / "limited").touch()
    with running_app(tmp_path, keys(provider) | {"PYTHONPATH": f"{tmp_path}:{ROOT}"}) as server:
        room = Room(page, server, GPT)
        room.send("Hello")
        expect(page.get_by_role("alert")).to_contain_text(
            "The limit of $5.00 a month is reached. Spent so far: $5.02. "
            "There is room again from 1 December 2026, 00:00 UTC."
        )
        assert provider.requests == []
        (tmp_path / "limited").unlink()
        room.idle()
        page.get_by_role("button", name="Retry").click()
        room.finished(0)
        expect(page.get_by_role("alert")).to_have_count(0)
        assert len(provider.requests) == 1


def test_a_wide_table_scrolls_by_itself_on_a_phone(page: Page, server: AppServer, provider: Provider) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    room = Room(page, server, GPT)
    cells = ["`functools.lru_cache`", "a network away", "survives a restart", "shared by all", "about $40 a month"]
    table = "\n".join([f"| {' | '.join(cells)} |", "|---" * 5 + "|", f"| {' | '.join(cells)} |"])
    provider.script("/chat/completions", [saying("gpt-4o", table, (20, 60))])
    room.ask("In a table")
    expect(room.answers.get_by_role("table")).to_be_visible()
    beyond = "names => names.map(name => document.querySelector(name)).map(one => one.scrollWidth - one.clientWidth)"
    inside, outside = page.evaluate(beyond, ["[data-testid=stMarkdownContainer]:has(table)", ".stMain"])
    assert inside > 0
    assert outside == 0
