"""Conversations on the chat page: kept, found, opened, changed, and brought back."""

from __future__ import annotations

import re
from html import unescape

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import OpenPage, html_of, took

EDIT = ":material/edit: Edit and ask again"


def say(app: AppTest, text: str) -> AppTest:
    return app.chat_input[0].set_value(text).run()


def said(app: AppTest) -> list[str]:
    """The first line of each message on the page."""
    return [message.markdown[0].value.split("\n")[0] for message in app.chat_message]


def address(app: AppTest) -> str:
    """The conversation's name in the page's address."""
    told = app.query_params["c"]
    return told if isinstance(told, str) else told[0]


def titles(app: AppTest) -> list[str]:
    """The conversations in the sidebar, as they are listed."""
    lists = [body for body in html_of(app) if "ll-talks" in body]
    return [unescape(title) for body in lists for title in re.findall(r"data-c=[^>]*>([^<]*)<", body)]


def rows(app: AppTest) -> list[str]:
    """Their addresses."""
    return [id for body in html_of(app) if "ll-talks" in body for id in re.findall(r'data-c="(\d+)"', body)]


@pytest.mark.slow
def test_a_reload_keeps_the_conversation(open_page: OpenPage) -> None:
    app = say(open_page(), "Hello there")
    again = open_page(c=address(app))
    assert said(again) == said(app)
    assert said(again)[0] == "Hello there"
    assert titles(again) == ["Hello there"]


@pytest.mark.slow
def test_a_new_chat_leaves_the_old_one_in_the_list(open_page: OpenPage) -> None:
    app = say(open_page(), "The first")
    app.button(key="new_chat").click().run()
    assert not app.chat_message
    say(app, "The second")
    assert titles(app) == ["The second", "The first"]
    app.query_params["c"] = rows(app)[-1]
    app.run()
    assert said(app)[0] == "The first"


@pytest.mark.slow
def test_search_finds_words_of_title_and_text(open_page: OpenPage) -> None:
    app = say(open_page(), "About pelicans")
    app.button(key="new_chat").click().run()
    say(app, "About herons")
    app.text_input(key="history_search").set_value("pelicans").run()
    assert titles(app) == ["About pelicans"]
    assert any("<small>About <mark>pelicans</mark></small>" in body for body in html_of(app))
    app.text_input(key="history_search").set_value("ostrich").run()
    assert titles(app) == []


@pytest.mark.slow
def test_a_deleted_conversation_can_be_brought_back(open_page: OpenPage) -> None:
    app = say(open_page(), "Precious")
    app.menu_button(key="conversation_menu").click(":material/delete: Delete").run()
    assert titles(app) == []
    assert not app.chat_message
    app.button(key="undo").click().run()
    assert titles(app) == ["Precious"]
    assert said(app)[0] == "Precious"


@pytest.mark.slow
def test_a_pinned_conversation_stands_at_the_top(open_page: OpenPage) -> None:
    app = say(open_page(), "Keep me")
    app.menu_button(key="conversation_menu").click(":material/keep: Pin").run()
    app.button(key="new_chat").click().run()
    say(app, "Newer")
    assert titles(app) == ["Keep me", "Newer"]


@pytest.mark.slow
def test_a_conversation_is_moved_into_a_folder_and_taken_out_again(open_page: OpenPage) -> None:
    app = say(open_page(), "Herons & friends")
    app.button(key="new_chat").click().run()
    say(app, "Loose")
    app.query_params["c"] = rows(app)[-1]
    app.run()
    app.menu_button(key="conversation_menu").click(":material/folder: Move to a folder").run()
    next(one for one in app.text_input if one.label == "Folder").set_value(" Birds  <b>")
    next(one for one in app.button if one.label == "Move").click().run()
    (listed,) = (body for body in html_of(app) if "ll-talks" in body)
    assert re.search(
        r"<details open><summary data-folder=\"Birds &lt;b&gt;\">.*<span>Birds &lt;b&gt;</span><small>1</small></summary>",
        listed,
    )
    assert titles(app) == ["Herons & friends", "Loose"]
    app.menu_button(key="conversation_menu").click(":material/folder: Move to a folder").run()
    next(one for one in app.button if one.label == "Take it out").click().run()
    assert not [body for body in html_of(app) if "<details" in body and "ll-talks" in body]
    assert titles(app) == ["Loose", "Herons & friends"]


@pytest.mark.slow
def test_asking_again_gives_a_second_version_and_a_way_back(open_page: OpenPage) -> None:
    app = say(open_page(), "Hello")
    menu = next(one for one in app.menu_button if one.key.startswith("again_"))
    assert re.fullmatch(r":material/refresh: Ask again · ≈ \\\$0\\.00\d+", menu.options[0])
    menu.click(menu.options[0]).run()
    assert len(app.chat_message) == 2
    assert "2/2" in [one.value for one in app.chat_message[1].caption]
    back = next(one for one in app.chat_message[1].button if one.label == "Earlier")
    back.click().run()
    assert "1/2" in [one.value for one in app.chat_message[1].caption]


@pytest.mark.slow
def test_somebody_elses_conversation_is_not_there(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    private = address(say(open_page(), "Private"))
    monkeypatch.setenv("LLMTRACK_USER_ID", "mallory")
    from llmtrack.settings import get_settings

    get_settings.cache_clear()
    app = open_page(c=private)
    assert "This conversation is not there" in app.warning[0].value
    assert not app.chat_message
    assert titles(app) == []


def test_an_address_that_is_no_conversation_says_so(open_page: OpenPage) -> None:
    app = open_page(c="../etc")
    assert "This conversation is not there" in app.warning[0].value


@pytest.mark.slow
def test_several_models_answer_side_by_side_and_the_better_one_goes_on(open_page: OpenPage) -> None:
    app = open_page()
    app.multiselect(key="compare_with").set_value(["demo/demo-claude", "demo/demo-gpt-mini"]).run()
    say(app, "Who is best?")
    assert len(app.chat_message) == 1
    better = [button for button in app.button if button.key.startswith("better_")]
    assert len(better) == 3
    better[1].click().run()
    assert len(app.chat_message) == 2
    assert "2/3" in [one.value for one in app.chat_message[1].caption]
    assert took(app)[0].startswith("demo-claude (simulated)")
    again = open_page(c=address(app))
    assert not [button for button in again.button if button.key.startswith("better_")]


@pytest.mark.slow
def test_an_edited_message_becomes_a_branch(open_page: OpenPage) -> None:
    app = say(open_page(), "Frist")
    next(one for one in app.menu_button if one.options == [EDIT]).click(EDIT).run()
    next(one for one in app.text_area if one.label == "Message").set_value("First")
    next(one for one in app.button if one.label == "Ask").click().run()
    assert said(app)[0] == "First"
    assert "2/2" in [one.value for one in app.chat_message[0].caption]


@pytest.mark.slow
def test_the_price_of_the_next_message_stands_beside_the_bar(open_page: OpenPage) -> None:
    app = say(open_page(), "Hello")
    (figure,) = (body for body in html_of(app) if "ll-quote" in body)
    assert re.search(r'<b data-quote="total">≈\xa0\$0\.00\d+ simulated</b>', figure)
    (parts,) = (body for body in html_of(app) if "ll-parts" in body)
    assert re.search(r"<dt>Conversation so far, \d+\xa0tokens</dt><dd>\$0\.000\d+</dd>", parts)
    assert "of it is the history" in parts


@pytest.mark.slow
def test_the_system_prompt_of_a_conversation_is_kept_with_it(open_page: OpenPage) -> None:
    app = open_page()
    app.text_area(key="system_new").set_value("Answer in one word.").run()
    say(app, "Hello")
    assert open_page(c=address(app)).text_area[0].value == "Answer in one word."


@pytest.mark.slow
def test_how_good_the_quote_was_is_told_from_the_second_message_on_and_after_a_reload(open_page: OpenPage) -> None:
    app = say(say(open_page(), "Hello"), "And now?")
    again = open_page(c=address(app))
    assert [bool(re.search("quoted", line)) for line in took(again)] == [False, True]
