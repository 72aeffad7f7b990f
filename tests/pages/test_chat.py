"""The chat page: what a person reads while and after talking to a model."""

from __future__ import annotations

from typing import Any

import pytest

from llmtrack.chat.answers import reply
from llmtrack.chat.conversations import Conversations
from llmtrack.limits import LimitExceeded
from tests.pages.conftest import OpenPage, html_of, models_listed, took


@pytest.mark.slow
def test_a_simulated_answer_names_itself_its_tokens_cost_and_times(open_page: OpenPage) -> None:
    app = open_page()
    app.chat_input[0].set_value("Hello").run()
    assert [message.name for message in app.chat_message] == ["user", "assistant"]
    assert app.chat_message[0].markdown[0].value == "Hello"
    assert "This is a simulated answer: no model was asked." in app.chat_message[1].markdown[0].value
    (under,) = took(app)
    assert under.startswith("demo-gpt (simulated) · ")
    assert " tokens · " in under
    assert " simulated · " in under
    assert "first token" in under
    assert not reply.in_flight()


@pytest.mark.slow
def test_the_next_message_sends_the_conversation_along(open_page: OpenPage) -> None:
    app = open_page()
    app.chat_input[0].set_value("Hello").run()
    app.chat_input[0].set_value("And now?").run()
    assert [message.name for message in app.chat_message] == ["user", "assistant"] * 2
    assert "all 3 messages so far were sent" in app.chat_message[3].markdown[0].value


@pytest.mark.slow
def test_no_figures_are_read_between_enter_and_the_request(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page()
    app.chat_input[0].set_value("Hello").run()
    order: list[str] = []

    def noted(name: str, work: Any) -> Any:
        def working(*given: Any, **named: Any) -> Any:
            order.append(name)
            return work(*given, **named)

        return working

    monkeypatch.setattr(Conversations, "figures", noted("figures", Conversations.figures))
    monkeypatch.setattr(reply, "start", noted("request", reply.start))
    app.chat_input[0].set_value("And now?").run()
    assert order.index("request") == 0
    assert "figures" in order, "the page reads them after it"


def test_a_providers_error_is_told_in_words_and_the_message_stays(open_page: OpenPage) -> None:
    app = open_page()
    app.text_input(key="chat_model").set_value("demo/demo-rate-limited").run()
    app.chat_input[0].set_value("Hello").run()
    assert app.chat_message[0].markdown[0].value == "Hello"
    assert "too many requests" in app.chat_message[1].error[0].value
    assert "retry" in app.chat_message[1].error[0].value


@pytest.mark.slow
def test_an_empty_answer_is_told_in_words(open_page: OpenPage) -> None:
    app = open_page()
    app.text_input(key="chat_model").set_value("demo/demo-empty").run()
    app.chat_input[0].set_value("Hello").run()
    assert "answered with nothing" in app.chat_message[1].error[0].value.replace("\\", "")


def test_a_model_without_its_key_is_listed_but_cannot_be_chosen(open_page: OpenPage) -> None:
    app = open_page()
    assert ("Not set up", "gpt-4o", "set OPENAI_API_KEY") in models_listed(app)
    app.text_input(key="chat_model").set_value("openai/gpt-4o").run()
    assert app.session_state["chat_model_chosen"] == "demo/demo-gpt"
    assert app.toast[0].value == "gpt-4o cannot be chosen yet: set OPENAI_API_KEY and start the app again."


@pytest.mark.slow
def test_a_paste_of_more_than_a_message_holds_goes_along_as_a_file(open_page: OpenPage) -> None:
    app = open_page()
    app.chat_input[0].set_value("herons " * 20_000).run()
    assert not app.error
    assert "pasted" in app.chat_message[0].markdown[0].value
    assert "140 kB" in app.chat_message[0].markdown[0].value
    assert [message.name for message in app.chat_message] == ["user", "assistant"]


@pytest.mark.slow
def test_a_refusal_by_a_limit_is_told_in_the_limits_own_words_and_retry_goes_out(open_page: OpenPage) -> None:
    from llmtrack.capture.tracker import default_tracker

    words = "The limit of $5.00 a month is reached: $5.02 is spent, and there is room again on 1 December."
    reached = [True]

    def refuse(call: object) -> None:
        if reached:
            raise LimitExceeded(words)

    default_tracker().before_send.append(refuse)
    app = open_page()
    app.chat_input[0].set_value("Hello").run()
    assert app.chat_message[0].markdown[0].value == "Hello"
    assert app.chat_message[1].error[0].value.replace("\\", "") == words
    assert not [body for body in html_of(app) if "so far</span>" in body], "nothing was billed"
    reached.clear()
    next(button for button in app.button if button.label == "Retry").click().run()
    assert "This is a simulated answer" in app.chat_message[1].markdown[0].value
    assert not app.error
