"""The fake provider answers the bare SDKs as the real ones do."""

from __future__ import annotations

import threading

import anthropic
import httpx2
import openai
import pytest

from tests.provider import Answer, Provider

HI = [{"role": "user", "content": "Hi"}]


@pytest.fixture
def gpt(provider: Provider):
    with openai.OpenAI() as client:
        yield client


@pytest.fixture
def claude(provider: Provider):
    with anthropic.Anthropic() as client:
        yield client


def test_a_chat_completion_has_text_and_usage_and_names_the_dated_model(gpt, provider):
    answer = gpt.chat.completions.create(model="gpt-4o", messages=HI, n=2)
    assert [choice.message.content for choice in answer.choices] == ["Hello world"] * 2
    assert (answer.model, answer.usage.prompt_tokens, answer.usage.completion_tokens) == ("gpt-4o-2024-08-06", 100, 40)
    assert provider.last.path == "/openai/v1/chat/completions"
    assert provider.last.wanted["messages"] == HI
    assert provider.last.headers["authorization"] == "Bearer sk-test"


@pytest.mark.parametrize("asked", [True, False])
def test_a_chat_stream_reports_usage_only_where_asked(gpt, asked):
    options = {"stream_options": {"include_usage": True}} if asked else {}
    with gpt.chat.completions.create(model="gpt-4o@cached", messages=HI, stream=True, **options) as stream:
        chunks = list(stream)
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "Hello world"
    usages = [c.usage for c in chunks if c.usage]
    assert [u.prompt_tokens_details.cached_tokens for u in usages] == ([40] if asked else [])


def test_a_server_may_reject_stream_options(gpt):
    with pytest.raises(openai.UnprocessableEntityError, match="stream_options"):
        gpt.chat.completions.create(
            model="llama@no-stream-options=422", messages=HI, stream=True, stream_options={"include_usage": True}
        )


def test_a_server_may_repeat_usage_on_each_chunk_and_the_last_is_the_truth(gpt):
    with gpt.chat.completions.create(model="llama@usage=each", messages=HI, stream=True) as stream:
        counts = [chunk.usage.completion_tokens for chunk in stream]
    assert counts == sorted(counts)
    assert counts[-1] == 20


def test_the_helpers_of_the_openai_sdk_understand_its_streams(gpt):
    with gpt.chat.completions.stream(model="gpt-5@thinking@tools", messages=HI) as stream:
        called = stream.get_final_completion().choices[0].message.tool_calls[0].function
    assert (called.name, called.arguments) == ("get_weather", '{"city": "Paris"}')
    with gpt.responses.stream(model="gpt-5@thinking", input="Hi") as stream:
        final = stream.get_final_response()
    assert (final.output_text, final.usage.output_tokens_details.reasoning_tokens) == ("Hello world", 5)
    with gpt.responses.stream(model="gpt-5@tools", input="Hi") as stream:
        assert stream.get_final_response().output[0].arguments == '{"city": "Paris"}'


@pytest.mark.parametrize(
    ("model", "status"), [("gpt-5", "completed"), ("gpt-5@failed", "failed"), ("gpt-5@length", "incomplete")]
)
def test_a_background_response_is_queued_and_later_found_done(gpt, model, status):
    queued = gpt.responses.create(model=model, input="Hi", background=True)
    assert (queued.status, queued.usage) == ("queued", None)
    found = gpt.responses.retrieve(queued.id)
    assert (found.status, found.id) == (status, queued.id)
    assert gpt.responses.cancel(queued.id).status == "cancelled"


def test_openais_other_operations_answer(gpt):
    assert gpt.completions.create(model="gpt-3.5-turbo-instruct", prompt="Hi").choices[0].text == "Hello world"
    assert len(gpt.embeddings.create(model="text-embedding-3-small", input=["a", "b"]).data) == 2
    assert gpt.images.generate(model="gpt-image-1", prompt="A cat").usage.total_tokens == 1106
    sound = ("a.wav", b"RIFF", "audio/wav")
    assert gpt.audio.transcriptions.create(model="gpt-4o-transcribe", file=sound).usage.input_tokens == 14
    assert gpt.audio.transcriptions.create(model="whisper-1", file=sound).usage.seconds == 3
    assert gpt.audio.speech.create(model="tts-1", voice="alloy", input="Hi").content == b"ID3 not really music"
    assert not gpt.moderations.create(input="Hi").results[0].flagged
    assert next(model.id for model in gpt.models.list()) == "gpt-4o"


def test_a_message_counts_cache_reads_and_both_kinds_of_writes_apart_from_its_input(claude):
    usage = claude.messages.create(model="claude-sonnet-4-5@cached@cache-write", max_tokens=9, messages=HI).usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (30, 40, 30)
    assert (usage.cache_creation.ephemeral_5m_input_tokens, usage.cache_creation.ephemeral_1h_input_tokens) == (20, 10)


def test_the_helper_of_the_anthropic_sdk_understands_its_streams(claude):
    asked = {"max_tokens": 99, "messages": HI}
    with claude.messages.stream(model="claude-sonnet-4-5@thinking@server-tools", **asked) as stream:
        message = stream.get_final_message()
    assert [block.type for block in message.content] == [
        "thinking",
        "server_tool_use",
        "web_search_tool_result",
        "text",
    ]
    assert (message.content[-1].text, message.usage.output_tokens) == ("Hello world", 20)
    assert message.usage.server_tool_use.web_search_requests == 2
    with claude.messages.stream(model="claude-sonnet-4-5@tools", **asked) as stream:
        assert stream.get_final_message().content[0].input == {"city": "Paris"}


def test_anthropics_other_operations_answer(claude):
    assert claude.messages.count_tokens(model="claude-sonnet-4-5", messages=HI).input_tokens == 100
    assert next(iter(claude.models.list())).id == "claude-sonnet-4-5"
    params = {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": HI}
    batch = claude.messages.batches.create(requests=[{"custom_id": "a", "params": params}])
    assert claude.messages.batches.retrieve(batch.id).processing_status == "ended"
    (result,) = claude.messages.batches.results(batch.id)
    assert (result.custom_id, result.result.message.usage.output_tokens) == ("a", 20)


@pytest.mark.parametrize(
    ("status", "of_openai", "of_anthropic"),
    [
        (400, openai.BadRequestError, anthropic.BadRequestError),
        (401, openai.AuthenticationError, anthropic.AuthenticationError),
        (403, openai.PermissionDeniedError, anthropic.PermissionDeniedError),
        (404, openai.NotFoundError, anthropic.NotFoundError),
        (429, openai.RateLimitError, anthropic.RateLimitError),
        (529, openai.InternalServerError, anthropic.APIStatusError),
    ],
)
def test_a_status_in_the_models_name_is_the_error_that_comes(gpt, claude, provider, status, of_openai, of_anthropic):
    with pytest.raises(of_openai):
        gpt.chat.completions.create(model=f"gpt-4o@{status}", messages=HI)
    with pytest.raises(of_anthropic):
        claude.messages.create(model=f"claude-sonnet-4-5@{status}", max_tokens=9, messages=HI)
    retried = status in (429, 529)
    assert len(provider.requests) == (6 if retried else 2)


def test_an_error_once_is_gone_at_the_second_attempt(gpt, provider):
    assert gpt.chat.completions.create(model="gpt-4o@500-once", messages=HI).choices[0].message.content == "Hello world"
    assert [request.attempt for request in provider.requests] == [0, 1]


def test_an_error_event_comes_in_the_middle_of_a_stream(gpt, claude):
    with pytest.raises(openai.APIError, match="had an error"):
        list(gpt.chat.completions.create(model="gpt-4o@error-event=2", messages=HI, stream=True))
    *_, last = gpt.responses.create(model="gpt-4o@error-event", input="Hi", stream=True)
    assert (last.type, last.message) == ("error", "The server had an error.")
    with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
        list(claude.messages.create(model="claude-3-opus-20240229@error-event", max_tokens=9, messages=HI, stream=True))


def test_a_dropped_stream_breaks_and_a_truncated_one_just_ends(gpt, provider):
    with pytest.raises((openai.APIConnectionError, httpx2.RemoteProtocolError)):
        list(gpt.chat.completions.create(model="gpt-4o@drop=2", messages=HI, stream=True))
    assert len(list(gpt.chat.completions.create(model="gpt-4o@truncate=2", messages=HI, stream=True))) == 2
    assert provider.last.events_sent == 2


def test_a_silent_model_says_nothing_until_released(gpt, provider):
    answers = []

    def ask():
        answers.append(gpt.chat.completions.create(model="gpt-4o@silent", messages=HI))

    asking = threading.Thread(target=ask)
    asking.start()
    provider.wait_until(lambda: provider.requests)
    assert answers == []
    provider.release()
    asking.join()
    assert answers[0].choices[0].message.content == "Hello world"


def test_it_sees_that_a_client_has_left_a_stalled_stream(gpt, provider):
    with gpt.chat.completions.create(model="gpt-4o@stall=2", messages=HI, stream=True) as stream:
        assert next(stream).choices[0].delta.role == "assistant"
    provider.wait_until(lambda: provider.last.client_left)
    assert not provider.last.answered


def test_a_stream_can_come_compressed_and_a_long_answer_has_as_many_tokens_as_wished(gpt):
    stream = gpt.chat.completions.create(model="gpt-4o@gzip@tokens=50", messages=HI, stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream).split()[-1] == "ten"


def test_what_is_wished_for_holds_for_every_model_until_it_is_taken_back(gpt, provider):
    provider.wish("tokens=3")
    assert gpt.chat.completions.create(model="gpt-4o", messages=HI).choices[0].message.content == "one two three "
    provider.wish("")
    assert gpt.chat.completions.create(model="gpt-4o", messages=HI).choices[0].message.content == "Hello world"


def test_scripted_answers_come_in_order_whatever_the_model(gpt, provider):
    provider.script("/models", [Answer({"object": "list", "data": []}), Answer({"data": "?"}, status=404)])
    assert list(gpt.models.list()) == []
    with pytest.raises(openai.NotFoundError):
        gpt.models.list()
    assert len(list(gpt.models.list())) == 5
