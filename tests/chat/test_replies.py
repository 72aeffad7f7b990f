"""Answers in flight: what a page sees of them, from the real SDKs against the fake and the simulated provider."""

from __future__ import annotations

import threading
from typing import Any, Literal

import pytest

from llmtrack.chat.answers import reply as replies
from llmtrack.chat.answers.prompt import File, Parameters, Prompt, PromptMessage
from llmtrack.chat.answers.reply import Reply
from llmtrack.chat.error_messages import ChatError
from llmtrack.chat.models import catalog
from tests.provider.server import Provider

PATIENCE = 30  # seconds


def prompt(key: str, *texts: str, **parameters: Any) -> Prompt:
    """A conversation of these texts, the user's and the model's in turn."""
    roles: tuple[Literal["user", "assistant"], ...] = ("user", "assistant")
    said = tuple(PromptMessage(roles[n % 2], text) for n, text in enumerate(texts or ("Hello",)))
    return Prompt(catalog.get_catalog().find(key), said, Parameters(**parameters), user_id="alice")


def ended(reply: Reply) -> Reply:
    assert reply.done.wait(PATIENCE), "the reply did not end"
    return reply


@pytest.mark.parametrize("key", ["openai/gpt-4o", "anthropic/claude-sonnet-4-6"])
def test_an_answer_arrives_from_either_provider(provider: Provider, key: str):
    reply = ended(replies.start(prompt(key)))
    assert (reply.status, reply.text, reply.error) == ("ok", "Hello world", None)
    assert reply.seconds is not None
    assert reply.first_token_seconds is not None
    assert 0 < reply.first_token_seconds <= reply.seconds


@pytest.mark.parametrize("key", ["demo/demo-gpt", "demo/demo-claude"])
def test_the_simulated_models_answer_through_the_same_path(key: str):
    reply = ended(replies.start(prompt(key)))
    assert reply.status == "ok"
    assert "This is a simulated answer" in reply.text


def test_reasoning_is_kept_apart_from_the_text(provider: Provider):
    reply = ended(replies.start(prompt("anthropic/claude-sonnet-4-6@thinking")))
    assert (reply.reasoning, reply.text) == ("Let me think.", "Hello world")


def test_what_is_sent_is_the_branch_with_its_parameters(provider: Provider):
    wanted = {"system": "Be kind.", "temperature": 0.5, "max_tokens": 7}
    ended(replies.start(prompt("openai/gpt-4o", "One", "Two", "Three", **wanted)))
    ended(replies.start(prompt("anthropic/claude-sonnet-4-6", "One", "Two", "Three", **wanted)))
    for_openai, for_anthropic = (request.wanted for request in provider.requests)
    turns = [
        {"role": "user", "content": "One"},
        {"role": "assistant", "content": "Two"},
        {"role": "user", "content": "Three"},
    ]
    assert for_openai["messages"] == [{"role": "system", "content": "Be kind."}, *turns]
    assert (for_openai["temperature"], for_openai["max_completion_tokens"]) == (0.5, 7)
    assert for_anthropic["messages"] == turns
    assert (for_anthropic["system"], for_anthropic["temperature"], for_anthropic["max_tokens"]) == ("Be kind.", 0.5, 7)


def test_only_parameters_the_model_knows_are_sent(provider: Provider):
    wanted = {"temperature": 0.5, "effort": "high"}
    ended(replies.start(prompt("openai/gpt-5.2", **wanted)))
    ended(replies.start(prompt("openai/gpt-4o", **wanted)))
    ended(replies.start(prompt("anthropic/claude-opus-4-8", **wanted)))
    reasons, talks, thinks = (request.wanted for request in provider.requests)
    assert reasons["reasoning_effort"] == "high"
    assert "temperature" not in reasons
    assert talks["temperature"] == 0.5
    assert "reasoning_effort" not in talks
    assert thinks["output_config"] == {"effort": "high"}
    assert thinks["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert thinks["max_tokens"] == 8192
    assert "temperature" not in thinks


def test_files_travel_in_each_dialects_way(provider: Provider):
    files = (
        File("a.png", "image/png", b"png"),
        File("b.pdf", "application/pdf", b"pdf"),
        File("c.txt", "text/plain", b"hi"),
    )
    for key in ("openai/gpt-4o", "anthropic/claude-sonnet-4-6"):
        ended(replies.start(Prompt(catalog.get_catalog().find(key), (PromptMessage("user", "Look", files),))))
    for_openai, for_anthropic = (request.wanted["messages"][0]["content"] for request in provider.requests)
    assert for_openai == [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,cG5n"}},
        {"type": "file", "file": {"filename": "b.pdf", "file_data": "data:application/pdf;base64,cGRm"}},
        {"type": "text", "text": '<file name="c.txt">\nhi\n</file>'},
        {"type": "text", "text": "Look"},
    ]
    assert for_anthropic == [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "cG5n"}},
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "cGRm"},
            "title": "b.pdf",
        },
        {"type": "text", "text": '<file name="c.txt">\nhi\n</file>'},
        {"type": "text", "text": "Look"},
    ]


@pytest.mark.slow
def test_stop_keeps_the_text_and_closes_the_connection(provider: Provider):
    reply = replies.start(prompt("openai/gpt-4o@tokens=500@stall=5"))
    while not reply.text:
        reply.wait_change(0, PATIENCE)
    reply.cancel()
    ended(reply)
    assert reply.status == "cancelled"
    assert reply.text.startswith("one ")
    provider.wait_until(lambda: provider.requests[0].client_left)


def test_stop_works_while_the_provider_is_silent(provider: Provider):
    reply = replies.start(prompt("anthropic/claude-sonnet-4-6@silent"))
    provider.wait_until(lambda: len(provider.requests) == 1)
    reply.cancel()
    ended(reply)
    assert (reply.status, reply.text, reply.error) == ("cancelled", "", None)


def test_a_reply_can_be_cancelled_before_it_has_begun_and_after_it_ended(provider: Provider):
    early = replies.start(prompt("openai/gpt-4o@silent"))
    early.cancel()
    assert ended(early).status == "cancelled"
    late = ended(replies.start(prompt("openai/gpt-4o")))
    late.cancel()
    assert late.status == "ok"


def test_an_answer_cut_by_length_is_incomplete_and_an_empty_one_says_so(provider: Provider):
    cut = ended(replies.start(prompt("openai/gpt-4o@length")))
    assert (cut.status, cut.finish) == ("incomplete", "length")
    empty = ended(replies.start(prompt("openai/gpt-4o@empty")))
    assert empty.status == "empty"
    assert empty.error == "gpt-4o@empty answered with nothing. Retry, or change the message."


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("openai/gpt-4o@401", "OpenAI does not accept the key it was given. Check OPENAI_API_KEY."),
        ("anthropic/claude-sonnet-4-6@401", "Anthropic does not accept the key it was given. Check ANTHROPIC_API_KEY."),
        ("openai/gpt-4o@429", "OpenAI refuses for now: too many requests: “Rate limit reached."),
        ("anthropic/claude-sonnet-4-6@529", "Anthropic is overloaded at the moment. Wait a little and retry"),
        ("openai/gpt-4o@500", "OpenAI has an internal problem (HTTP 500"),
        ("openai/gpt-4o@context", "The conversation is too long for gpt-4o@context: “This model's maximum context"),
        ("anthropic/claude-sonnet-4-6@context", "The conversation is too long for claude-sonnet-4-6@context: “prompt"),
        ("openai/gpt-4o@404", "has no model 'gpt-4o@404'"),
    ],
)
def test_a_refusal_is_put_into_words_with_a_way_out(provider: Provider, key: str, words: str):
    reply = ended(replies.start(prompt(key)))
    assert reply.status == "error"
    assert words in (reply.error or "")
    assert "\n" not in (reply.error or "")
    assert "Traceback" not in (reply.error or "")


@pytest.mark.parametrize("key", ["openai/gpt-4o@drop=4", "anthropic/claude-sonnet-4-6@tokens=9@drop=5"])
def test_a_connection_lost_in_mid_answer_keeps_the_text(provider: Provider, key: str):
    reply = ended(replies.start(prompt(key)))
    assert reply.status == "error"
    assert reply.text
    assert "was lost in mid-answer. What arrived is kept; retry for the rest." in (reply.error or "")


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("openai/gpt-4o@tokens=9@error-event", "OpenAI broke off with an error"),
        ("anthropic/claude-sonnet-4-6@tokens=9@error-event", "Anthropic is overloaded at the moment"),
        ("openai/gpt-4o@filtered", "OpenAI did not accept the request (HTTP 400"),
    ],
)
def test_an_error_in_the_middle_of_a_stream_is_put_into_words_too(provider: Provider, key: str, words: str):
    reply = ended(replies.start(prompt(key)))
    assert reply.status == "error"
    assert (reply.error or "").startswith(words)
    assert reply.error.endswith(".")


@pytest.mark.slow
def test_a_server_that_is_down_is_named_with_its_address(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LLMTRACK_PROVIDERS__OLLAMA__BASE_URL", "http://127.0.0.1:9/v1")
    reply = ended(replies.start(prompt("ollama/llama3")))
    assert reply.error == (
        "No connection to ollama at http://127.0.0.1:9/v1. "
        "Check that the server is running and the address is right, then retry."
    )


def test_a_compatible_server_is_asked_in_its_own_way(provider: Provider, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LLMTRACK_PROVIDERS__LOCAL__BASE_URL", provider.openai_url)
    monkeypatch.setenv("LLMTRACK_PROVIDERS__LOCAL__HEADERS", '{"x-team": "blue"}')
    reply = ended(replies.start(prompt("local/my-model", max_tokens=5)))
    assert reply.text == "Hello world"
    (request,) = provider.requests
    assert request.wanted["max_tokens"] == 5
    assert request.headers["x-team"] == "blue"
    assert request.headers["authorization"] == "Bearer none"


def test_what_cannot_be_sent_is_refused_in_one_sentence(provider: Provider, monkeypatch: pytest.MonkeyPatch):
    image = File("cat.png", "image/png", b"x")
    gpt = catalog.get_catalog().find("openai/gpt-4o")
    old = catalog.get_catalog().find("openai/gpt-3.5-turbo")
    cases = [
        (Prompt(gpt, (PromptMessage("user", "  \n"),)), "The message is empty: write something first."),
        (Prompt(gpt, (PromptMessage("user", "x" * 200_000),)), "The message has 200,000 characters, and 100,000 can be sent"),
        (Prompt(old, (PromptMessage("user", "Look", (image,)),)), "gpt-3.5-turbo cannot take images: remove 'cat.png', or choose"),
        (Prompt(gpt, (PromptMessage("user", "Hi"),), Parameters(temperature=3)), "A temperature of 3 is outside of what models"),
        (Prompt(gpt, (PromptMessage("user", "Hi", (File("a.zip", "application/zip", b"\xff\xfe\x00"),)),)), "'a.zip' (application/zip) cannot be sent"),
        (Prompt(gpt, (PromptMessage("user", "Hi", (File("a.txt", "text/plain", b""),)),)), "'a.txt' is empty"),
        (Prompt(gpt, (PromptMessage("user", "Hi", (File("a.txt", "text/plain", b"x" * 10_000_001),)),)), "'a.txt' has 10.0 MB"),
    ]  # fmt: skip
    for bad, words in cases:
        with pytest.raises(ChatError) as refused:
            replies.start(bad)
        assert words in str(refused.value)
    assert provider.requests == []


def test_a_model_without_a_key_cannot_be_asked():
    with pytest.raises(ChatError, match="set OPENAI_API_KEY and start the app again"):
        replies.start(prompt("openai/gpt-4o"))


def test_the_end_of_the_server_cancels_what_is_in_flight(provider: Provider):
    running = [replies.start(prompt("openai/gpt-4o@silent")) for _ in range(3)]
    provider.wait_until(lambda: len(provider.requests) == 3)
    assert set(replies.in_flight()) == set(running)
    assert replies.shutdown(PATIENCE)
    assert [reply.status for reply in running] == ["cancelled"] * 3
    assert replies.in_flight() == ()


def test_a_keeper_is_told_the_end_and_its_failure_takes_nothing_away(provider: Provider):
    told: list[tuple[str, str]] = []

    def keep(reply: Reply) -> None:
        told.append((reply.status, reply.text))
        raise OSError("disk full")

    reply = ended(replies.start(prompt("openai/gpt-4o"), keep))
    assert told == [("ok", "Hello world")]
    assert reply.status == "ok"


def test_the_end_is_put_down_after_everything_else(provider: Provider, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(replies, "SAVE_SECONDS", 0.001)
    slow, go_on = threading.Event(), threading.Event()
    order: list[str] = []

    def keep(reply: Reply) -> None:
        status = reply.status
        if status == "streaming" and not slow.is_set():
            slow.set()
            go_on.wait(PATIENCE)
        order.append(status)

    reply = replies.start(prompt("openai/gpt-4o@tokens=50@stall=9"), keep)
    assert slow.wait(PATIENCE)
    reply.cancel()
    provider.wait_until(lambda: provider.last.client_left)
    go_on.set()
    ended(reply)
    assert order[-2:] == ["streaming", "cancelled"]


def test_ten_answers_at_once_do_not_mix(provider: Provider):
    models = [f"openai/gpt-4o@tokens={n}" for n in range(1, 11)]
    running = [replies.start(prompt(model)) for model in models]
    for n, reply in enumerate(running, start=1):
        assert len(ended(reply).text.split()) == n


def test_a_call_that_a_limit_refuses_is_answered_in_the_limits_own_words(provider: Provider):
    from llmtrack.capture.tracker import Tracker, set_default_tracker
    from llmtrack.limits import LimitExceeded

    words = "The limit of $5.00 a month is reached: $5.02 is spent, and there is room again on 1 December."

    def refuse(call: object) -> None:
        raise LimitExceeded(words)

    before = set_default_tracker(limited := Tracker(before_send=[refuse]))
    try:
        reply = ended(replies.start(prompt("openai/gpt-4o")))
    finally:
        set_default_tracker(before)
        limited.close()
    assert (reply.status, reply.error) == ("error", words)
    assert provider.requests == []
