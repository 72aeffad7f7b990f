"""The chat page: what a person reads while and after talking to a model."""

from __future__ import annotations

from llmtrack.chat.answers import reply
from llmtrack.limits import LimitExceeded
from tests.pages.conftest import OpenPage


def test_a_simulated_answer_names_itself_its_tokens_cost_and_times(open_page: OpenPage) -> None:
    app = open_page()
    app.chat_input[0].set_value("Hello").run()
    assert [message.name for message in app.chat_message] == ["user", "assistant"]
    assert app.chat_message[0].markdown[0].value == "Hello"
    assert "This is a simulated answer: no model was asked." in app.chat_message[1].markdown[0].value
    under = app.chat_message[1].caption[0].value
    assert under.startswith(r"demo\-gpt (simulated) · ")
    assert " tokens · " in under
    assert " simulated · " in under
    assert "first token" in under
    assert not reply.in_flight()


def test_the_next_message_sends_the_conversation_along(open_page: OpenPage) -> None:
    app = open_page()
    app.chat_input[0].set_value("Hello").run()
    app.chat_input[0].set_value("And now?").run()
    assert [message.name for message in app.chat_message] == ["user", "assistant"] * 2
    assert "all 3 messages so far were sent" in app.chat_message[3].markdown[0].value


def test_a_providers_error_is_told_in_words_and_the_message_stays(open_page: OpenPage) -> None:
    app = open_page()
    app.selectbox(key="chat_model").set_value("demo/demo-rate-limited").run()
    app.chat_input[0].set_value("Hello").run()
    assert app.chat_message[0].markdown[0].value == "Hello"
    assert "too many requests" in app.chat_message[1].error[0].value
    assert "retry" in app.chat_message[1].error[0].value


def test_an_empty_answer_is_told_in_words(open_page: OpenPage) -> None:
    app = open_page()
    app.selectbox(key="chat_model").set_value("demo/demo-empty").run()
    app.chat_input[0].set_value("Hello").run()
    assert "answered with nothing" in app.chat_message[1].error[0].value.replace("\\", "")


def test_a_model_without_its_key_is_listed_but_cannot_be_chosen(open_page: OpenPage) -> None:
    app = open_page()
    picker = app.selectbox(key="chat_model")
    assert "OpenAI · gpt-4o — set OPENAI_API_KEY to choose it" in picker.options
    picker.set_value("openai/gpt-4o").run()
    assert app.selectbox(key="chat_model").value == "demo/demo-gpt"
    assert app.toast[0].value == "gpt-4o cannot be chosen yet: set OPENAI_API_KEY and start the app again."


def test_a_message_that_is_too_long_is_refused_with_the_way_out(open_page: OpenPage) -> None:
    app = open_page()
    app.chat_input[0].set_value("x" * 200_000).run()
    assert "200,000 characters, and 100,000 can be sent" in app.error[0].value


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
    assert not [caption.value for caption in app.caption if "So far" in caption.value], "nothing was billed"
    reached.clear()
    next(button for button in app.button if button.label == "Retry").click().run()
    assert "This is a simulated answer" in app.chat_message[1].markdown[0].value
    assert not app.error
