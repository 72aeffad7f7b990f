"""What a person chooses on the chat page and finds again: models with a star, presets, several models at once."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from llmtrack.chat.answers.prompt import Parameters
from llmtrack.chat.error_messages import ChatError
from llmtrack.chat.models.known_models import KnownModel
from llmtrack.chat.models.providers import VENDORS
from pages.components.chat import parameters
from tests.pages.conftest import OpenPage, models_listed, quoted, took

GPT, CLAUDE, MINI = "demo/demo-gpt", "demo/demo-claude", "demo/demo-gpt-mini"
REPLACE = ":material/published_with_changes: Replace by what is set now"
RENAME = ":material/edit: Rename"
DELETE = ":material/delete: Delete"


@pytest.fixture(autouse=True)
def with_a_key(monkeypatch: pytest.MonkeyPatch, page_settings: None) -> None:
    """OpenAI's models can be chosen here; nothing is ever sent to them."""
    from llmtrack.settings import get_settings

    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("LLMTRACK_MODEL_LISTS", "false")
    get_settings.cache_clear()


def choose(app: AppTest, model: str) -> AppTest:
    return next(box for box in app.text_input if box.label == "Search or type a model").set_value(model).run()


def labelled(controls: Any, label: str) -> Any:
    return next(control for control in controls if control.label == label)


def compare_box(app: AppTest) -> Any:
    return next(box for box in app.multiselect if box.label == "Compare with")


def toggle(app: AppTest, label: str) -> AppTest:
    return next(one for one in app.toggle if one.label == label).set_value(True).run()


def press(app: AppTest, label: str) -> AppTest:
    return next(one for one in app.button if one.label == label).click().run()


def captions(app: AppTest) -> list[str]:
    return [one.value.replace("\\", "") for one in app.caption]


def save_preset(app: AppTest, name: str) -> AppTest:
    """As a person does it: the button in the settings, a name, Save."""
    app.button(key="manage_presets").click().run()
    next(one for one in app.text_input if one.label == "Name of the preset").set_value(name)
    return press(app, "Save")


@pytest.mark.slow
@pytest.mark.compares_with("genai-prices")
def test_the_list_of_models_tells_price_context_and_what_each_takes(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = datetime.now(UTC).date() + timedelta(days=30)
    openai = replace(VENDORS[0], models=(KnownModel("gpt-4o", 128_000, ends),))
    monkeypatch.setattr("llmtrack.chat.models.providers.VENDORS", (openai, *VENDORS[1:]))
    listed = models_listed(open_page())
    assert ("OpenAI", "gpt-4o", f"$2.50 / $10.00 · 128k · ends {ends.day} {ends:%B %Y}") in listed
    assert ("Not set up", "claude-opus-4-6", "set ANTHROPIC_API_KEY") in listed
    assert ("Simulated, nothing is paid", "demo-gpt", "answers in OpenAI's protocol") in listed
    assert ("Simulated, and made to fail", "demo-silent", "says nothing for a long while: try Stop") in listed


@pytest.mark.slow
def test_a_favourite_stands_first_in_a_group_of_its_own_also_the_next_time(open_page: OpenPage) -> None:
    app = toggle(choose(open_page(), CLAUDE), "Favourite")
    assert models_listed(app)[0] == ("Favourites", "demo-claude", "answers in Anthropic's protocol")
    again = open_page()
    assert models_listed(again)[0][:2] == ("Favourites", "demo-claude")
    assert again.session_state["chat_model_chosen"] != CLAUDE  # listed first, not chosen
    choose(again, CLAUDE)
    next(one for one in again.toggle if one.label == "Favourite").set_value(False).run()
    assert "Favourites" not in {group for group, _, _ in models_listed(again)}


@pytest.mark.slow
def test_new_chats_begin_with_the_model_that_was_told_so(open_page: OpenPage) -> None:
    toggle(choose(open_page(), MINI), "New chats begin with it")
    assert open_page().session_state["chat_model_chosen"] == MINI


@pytest.mark.slow
def test_a_preset_keeps_model_parameters_and_system_prompt_and_sets_them_again(open_page: OpenPage) -> None:
    app = choose(open_page(), "openai/gpt-4o")
    app.text_area(key="system_new").set_value("Answer in verse.").run()
    app.toggle(key="free_new").set_value(False).run()
    app.slider(key="heat_new").set_value(1.5).run()
    app.number_input(key="most_new").set_value(100).run()
    save_preset(app, "Poet")
    again = open_page()
    assert again.session_state["chat_model_chosen"] != "openai/gpt-4o"
    again.selectbox(key="preset_choice").set_value("Poet").run()
    assert again.session_state["chat_model_chosen"] == "openai/gpt-4o"
    assert labelled(again.text_area, "System prompt").value == "Answer in verse."
    assert labelled(again.slider, "Temperature").value == 1.5
    assert labelled(again.number_input, "Longest answer, in tokens").value == 100
    # Other controls than before: a browser in which they are out of sight would not be told of new values.
    assert labelled(again.text_area, "System prompt").key != "system_new"
    assert again.toast[0].value == "“Poet” is applied."
    assert again.selectbox(key="preset_choice").value is None  # so that it can be applied once more


@pytest.mark.slow
def test_a_preset_of_a_model_that_thinks_sets_its_effort(open_page: OpenPage) -> None:
    app = choose(open_page(), "openai/gpt-5.5")
    app.selectbox(key="effort_new_openai/gpt-5.5").set_value("high").run()
    save_preset(app, "Thorough")
    again = open_page()
    again.selectbox(key="preset_choice").set_value("Thorough").run()
    assert labelled(again.selectbox, "Reasoning effort").value == "high"


@pytest.mark.slow
def test_a_preset_is_renamed_replaced_deleted_and_brought_back(open_page: OpenPage) -> None:
    app = open_page()
    app.text_area(key="system_new").set_value("Answer in verse.").run()
    save_preset(app, "Poet")
    app.menu_button(key="preset_menu_Poet").click(RENAME).run()
    next(one for one in app.text_input if one.label == "New name").set_value("Bard")
    press(app, "Rename")
    again = open_page()
    assert again.selectbox(key="preset_choice").options == ["Bard"]
    again.text_area(key="system_new").set_value("Answer in prose.").run()
    again.button(key="manage_presets").click().run()
    again.menu_button(key="preset_menu_Bard").click(REPLACE).run()
    assert any("“Answer in prose.”" in one and "Set now" not in one for one in captions(again))
    again.menu_button(key="preset_menu_Bard").click(DELETE).run()
    assert "“Bard” was deleted." in captions(again)
    press(again, "Undo")
    assert open_page().selectbox(key="preset_choice").options == ["Bard"]


@pytest.mark.slow
def test_a_name_that_is_taken_or_empty_is_refused_in_the_dialog(open_page: OpenPage) -> None:
    app = save_preset(open_page(), "One")
    next(one for one in app.text_input if one.label == "Name of the preset").set_value(" ")
    press(app, "Save")
    assert app.error[0].value == "The preset has no name: give it one."
    next(one for one in app.text_input if one.label == "Name of the preset").set_value("Two")
    press(app, "Save")
    app.menu_button(key="preset_menu_Two").click(RENAME).run()
    next(one for one in app.text_input if one.label == "New name").set_value("One")
    press(app, "Rename")
    assert app.error[0].value.startswith("There is a preset called 'One' already")


@pytest.mark.slow
def test_presets_are_nobody_elses_business(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    from llmtrack.settings import get_settings

    save_preset(open_page(), "Private")
    monkeypatch.setenv("LLMTRACK_USER_ID", "mallory")
    get_settings.cache_clear()
    assert open_page().selectbox(key="preset_choice").options == []


@pytest.mark.slow
def test_a_preset_of_a_model_that_cannot_be_chosen_any_more_says_so(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llmtrack.settings import get_settings

    save_preset(choose(open_page(), "openai/gpt-4o"), "Old")
    monkeypatch.delenv("OPENAI_API_KEY")
    get_settings.cache_clear()
    app = open_page()
    app.selectbox(key="preset_choice").set_value("Old").run()
    assert app.toast[0].value == "gpt-4o cannot be chosen yet: set OPENAI_API_KEY and start the app again."
    assert app.session_state["chat_model_chosen"] == GPT


@pytest.mark.slow
def test_a_new_chat_begins_without_the_last_ones_system_prompt(open_page: OpenPage) -> None:
    app = open_page()
    choose(app, GPT)
    app.text_area(key="system_new").set_value("Answer in verse.").run()
    app.chat_input[0].set_value("Hello").run()
    app.button(key="new_chat").click().run()
    assert labelled(app.text_area, "System prompt").value == ""
    labelled(app.text_area, "System prompt").set_value("Answer in prose.").run()
    app.button(key="new_chat").click().run()  # without a message in between: the control was there all the time
    assert labelled(app.text_area, "System prompt").value == ""
    assert "system_new" not in app.session_state


@pytest.mark.slow
def test_a_new_chat_after_a_comparison_asks_one_model(open_page: OpenPage) -> None:
    app = choose(open_page(), GPT)
    compare_box(app).set_value([CLAUDE, MINI]).run()
    app.chat_input[0].set_value("Who is best?").run()
    app.button(key="new_chat").click().run()
    assert compare_box(app).value == []
    app.chat_input[0].set_value("Hello").run()
    assert [message.name for message in app.chat_message] == ["user", "assistant"]


@pytest.mark.slow
def test_a_model_asked_beside_another_is_left_out_with_a_press(open_page: OpenPage) -> None:
    app = choose(open_page(), GPT)
    compare_box(app).set_value([CLAUDE, MINI]).run()
    assert app.chat_input[0].placeholder == "Message demo-gpt and demo-claude and demo-gpt-mini"
    app.button(key=f"without_{CLAUDE}").click().run()
    assert app.chat_input[0].placeholder == "Message demo-gpt and demo-gpt-mini"


@pytest.mark.slow
def test_before_several_models_are_asked_each_ones_price_is_named_and_their_sum(open_page: OpenPage) -> None:
    app = choose(open_page(), "openai/gpt-4o")
    compare_box(app).set_value(["openai/gpt-4.1-mini"]).run()
    # An answer of 400 tokens and 3 tokens of input: $10 and $1.60, $2.50 and $0.40 a million.
    figure, parts = quoted(app)
    assert figure.endswith("≈\xa0$0.004649")
    assert "gpt-4o $0.004008 gpt-4.1-mini $0.000641 Estimate $0.004649" in parts
    compare_box(app).set_value(["openai/gpt-4.1-mini", CLAUDE]).run()
    assert quoted(app)[0].endswith("≈\xa0$0.004649 + $0.000803 simulated")  # never one sum
    app.session_state["chat_model_chosen"] = "openai/gpt-nobody-knows"
    app.run()
    assert quoted(app)[1].endswith("The price of gpt-nobody-knows is unknown.")


@pytest.mark.slow
def test_after_several_models_answered_each_tells_how_good_its_quote_was_and_the_winner_goes_on_alone(
    open_page: OpenPage,
) -> None:
    app = choose(open_page(), GPT)
    compare_box(app).set_value([CLAUDE]).run()
    app.chat_input[0].set_value("Who is best?").run()
    lines = took(app)
    assert len(lines) == 2
    assert all("quoted" in line for line in lines)
    [button for button in app.button if button.key.startswith("better_")][1].click().run()
    assert app.session_state["chat_model_chosen"] == CLAUDE
    assert compare_box(app).value == []
    assert app.chat_input[0].placeholder == "Message demo-claude"


@pytest.mark.slow
def test_a_message_that_is_refused_is_in_the_box_again_and_its_files_are_named(open_page: OpenPage) -> None:
    app = choose(open_page(), MINI)
    app.chat_input[0].set_value("Look at this").upload("teal.pdf", b"%PDF-1.4", "application/pdf").run()
    assert app.error[0].value.startswith("demo-gpt-mini cannot take PDF files")
    assert app.chat_input[0].proto.value == "Look at this"
    assert "Nothing was sent. The message is in the box again; attach teal.pdf anew if it is missing." in captions(app)
    assert not app.chat_message


@pytest.mark.slow
def test_a_message_that_its_files_make_dear_tells_its_price_first_and_can_be_kept(open_page: OpenPage) -> None:
    app = choose(open_page(), "openai/gpt-4o")
    app.chat_input[0].set_value("Read this").upload("long.txt", b"word " * 100_000, "text/plain").run()
    told = next(one.value for one in app.markdown if one.value.startswith("**Not sent yet.**")).replace("\\", "")
    # 125,000 tokens of the file at $2.50 a million, and a usual answer.
    assert told.startswith(
        "**Not sent yet.** ≈ $0.3165 with an answer of the usual length. long.txt makes 100\u202f% of"
    )
    assert not app.chat_message
    app.button(key="new_chat").click().run()
    app.button(key="held_keep").click().run()
    assert app.chat_input[0].proto.value == "Read this"
    assert not [one for one in app.markdown if "Not sent yet" in one.value]


@pytest.mark.slow
def test_nobody_is_asked_about_the_price_of_what_cannot_be_sent(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llmtrack.settings import get_settings

    monkeypatch.setenv("LLMTRACK_ATTACHMENT_MAX_MB", "0.4")
    get_settings.cache_clear()
    app = choose(open_page(), "openai/gpt-4o")
    app.chat_input[0].set_value("Read this").upload("long.txt", b"word " * 100_000, "text/plain").run()
    assert app.error[0].value.startswith("'long.txt' has 0.5 MB, and 0.4 MB can be sent")
    assert not [one for one in app.markdown if "Not sent yet" in one.value]


@pytest.mark.slow
def test_a_simulated_message_costs_nothing_and_is_sent_at_once_whatever_comes_with_it(open_page: OpenPage) -> None:
    app = choose(open_page(), GPT)
    app.chat_input[0].set_value("Read this").upload("long.txt", b"word " * 100_000, "text/plain").run()
    assert [message.name for message in app.chat_message] == ["user", "assistant"]


@pytest.mark.slow
def test_a_cheaper_way_is_taken_with_a_press(open_page: OpenPage) -> None:
    app = choose(open_page(), "openai/gpt-4o")
    app.text_area(key="system_new").set_value("Be brief.").run()
    hint = app.button(key="hint_other_model")
    label = hint.label.replace("\\", "")
    assert re.fullmatch(r"Use gpt-[\w.-]+: saves \$0\.\d+", label)
    name = label.removeprefix("Use ").partition(":")[0]
    hint.click().run()
    assert app.session_state["chat_model_chosen"] == f"openai/{name}"


def test_parameters_are_told_in_a_few_words() -> None:
    told = Parameters("Answer in\nverse.", 1.5, 2000, "high")
    assert parameters.summary(told) == "temperature 1.5 · effort high · at most 2,000 tokens · “Answer in verse.”"
    assert parameters.summary(Parameters()) == ""


def test_a_part_of_a_name_finds_the_model_and_a_new_name_is_taken_as_typed() -> None:
    from llmtrack.chat.models.catalog import get_catalog
    from pages.components.chat.model_picker import named

    catalog = get_catalog()
    assert named(catalog, "GPT-4o", "openai/gpt-5").key == "openai/gpt-4o"
    assert named(catalog, "gpt-6", "openai/gpt-4o").key == "openai/gpt-6.1-sol"
    assert named(catalog, "nano", "openai/gpt-4o").key == "openai/gpt-5.4-nano"
    assert named(catalog, "gpt-4o-mini-2024", "openai/gpt-4o").key == "openai/gpt-4o-mini-2024"
    assert named(catalog, "openai/gpt-6", "openai/gpt-4o").key == "openai/gpt-6"
    label = "★ OpenAI · gpt-4.1 — $2.00 / $8.00 · 1M · images and PDF · ends 14 January 2027"
    assert named(catalog, label, "openai/gpt-4o").key == "openai/gpt-4.1"
    with pytest.raises(ChatError, match="'gpt-9' is no model here"):
        named(catalog, "gpt-9", GPT)
