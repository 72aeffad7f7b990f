"""The simulated provider, seen through the real SDKs: what it says, counts, and how it fails."""

from __future__ import annotations

import anthropic
import openai
import pytest
from openai.types.chat import ChatCompletionUserMessageParam

from llmtrack.chat import demo
from llmtrack.chat.demo import tokens

FAST = 100_000.0  # tokens a second


@pytest.fixture
def gpt():
    with openai.OpenAI(
        api_key=demo.KEY, base_url="http://demo.invalid/v1", http_client=demo.http_client(FAST, 0)
    ) as client:
        yield client


@pytest.fixture
def claude():
    with anthropic.Anthropic(
        api_key=demo.KEY, base_url="http://demo.invalid", http_client=demo.http_client(FAST, 0)
    ) as client:
        yield client


def user(text: str) -> ChatCompletionUserMessageParam:
    return {"role": "user", "content": text}


def test_the_tokens_join_up_to_the_text():
    text = "Grüße, “you”!\n\n  a = 1\tnaïve_name 汉字汉字汉 🎉"
    assert "".join(tokens.pieces(text)) == text
    assert tokens.count(text) == len(tokens.pieces(text))


def test_an_answer_is_the_same_streamed_or_not_and_says_that_it_is_simulated(gpt):
    whole = gpt.chat.completions.create(model="demo-gpt", messages=[user("Hello there")])
    stream = gpt.chat.completions.create(
        model="demo-gpt", messages=[user("Hello there")], stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert "You wrote: “Hello there”" in text
    assert "This is a simulated answer" in text
    assert chunks[-1].usage == whole.usage


def test_the_counts_add_up_with_the_text(gpt):
    answer = gpt.chat.completions.create(model="demo-gpt", messages=[user("one two three")])
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == 3 + 4 + 4  # "one", " two", " thr", "ee"; around the message; around all
    assert answer.usage.completion_tokens == tokens.count(answer.choices[0].message.content or "")
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_a_repeated_long_beginning_is_counted_as_cached(gpt):
    said = user("word " * 2000)
    answer = gpt.chat.completions.create(model="demo-gpt", messages=[said, user("And now?")])
    assert answer.usage is not None
    assert answer.usage.prompt_tokens_details is not None
    cached = answer.usage.prompt_tokens_details.cached_tokens
    assert cached == (tokens.of_messages([said])) // 128 * 128
    assert cached >= 1024


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("Show me some code", "```python\nfrom llmtrack.openai import OpenAI"),
        ("Give me a table", "| Column | Example | Meaning |"),
        ("Do some math", "$$"),
        ("What are you?", "**llmtrack** records every call"),
    ],
)
def test_it_shows_what_was_asked_for(gpt, asked, shown):
    answer = gpt.chat.completions.create(model="demo-gpt", messages=[user(asked)])
    assert shown in (answer.choices[0].message.content or "")


def test_a_long_answer_has_about_the_length_asked_for(gpt):
    answer = gpt.chat.completions.create(model="demo-gpt", messages=[user("Write 4,000 tokens about costs")])
    assert answer.usage is not None
    assert 3_500 < answer.usage.completion_tokens < 5_500


def test_a_limit_cuts_the_answer_and_says_so(gpt, claude):
    cut = gpt.chat.completions.create(model="demo-gpt", messages=[user("Hi")], max_completion_tokens=5)
    assert cut.choices[0].finish_reason == "length"
    assert cut.usage.completion_tokens == 5
    message = claude.messages.create(model="demo-claude", messages=[user("Hi")], max_tokens=5)
    assert message.stop_reason == "max_tokens"
    assert message.usage.output_tokens == 5


def test_the_claude_dialect_streams_reasoning_before_the_text(claude):
    with claude.messages.stream(
        model="demo-claude-thinking", messages=[user("Hi")], max_tokens=4000, system="Be brief."
    ) as stream:
        events = [event.type for event in stream]
        message = stream.get_final_message()
    assert events.index("thinking") < events.index("text")
    thinking, text = message.content
    assert thinking.type == "thinking"
    assert text.type == "text"
    assert "Your system prompt says: “Be brief.”" in text.text
    thought = tokens.count(thinking.thinking)
    assert message.usage.output_tokens == thought + tokens.count(text.text)
    assert message.usage.output_tokens_details is not None
    assert message.usage.output_tokens_details.thinking_tokens == thought
    whole = claude.messages.create(
        model="demo-claude-thinking", messages=[user("Hi")], max_tokens=4000, system="Be brief."
    )
    assert whole.content[1].text == text.text
    assert whole.usage == message.usage


def test_a_token_count_can_be_asked_for(claude):
    counted = claude.messages.count_tokens(model="demo-claude", messages=[user("one two three")])
    assert counted.input_tokens == 11


def test_the_models_that_fail_fail_as_real_ones_do(gpt, claude):
    with pytest.raises(openai.RateLimitError, match="Simulated rate limit") as limited:
        gpt.chat.completions.create(model="demo-rate-limited", messages=[user("Hi")])
    assert limited.value.code == "rate_limit_exceeded"
    with pytest.raises(anthropic.OverloadedError, match="Overloaded"):
        claude.messages.create(model="demo-overloaded", messages=[user("Hi")], max_tokens=10)
    with pytest.raises(openai.NotFoundError, match="no model 'demo-gtp'"):
        gpt.chat.completions.create(model="demo-gtp", messages=[user("Hi")])
    empty = gpt.chat.completions.create(model="demo-empty", messages=[user("Hi")])
    assert empty.choices[0].message.content == ""
    assert empty.usage.completion_tokens == 0


def test_a_dropped_connection_ends_a_stream_half_way(gpt):
    whole = gpt.chat.completions.create(model="demo-gpt", messages=[user("Hi")]).choices[0].message.content
    got = ""

    def read() -> None:
        nonlocal got
        for chunk in gpt.chat.completions.create(model="demo-drops", messages=[user("Hi")], stream=True):
            got += chunk.choices[0].delta.content or ""

    with pytest.raises(openai.APIConnectionError):
        read()
    assert whole.startswith(got)
    assert tokens.count(got) == tokens.count(whole) // 2


async def test_the_async_clients_get_the_same(gpt):
    async with openai.AsyncOpenAI(
        api_key=demo.KEY, base_url="http://demo.invalid/v1", http_client=demo.async_http_client(FAST, 0)
    ) as client:
        stream = await client.chat.completions.create(model="demo-gpt", messages=[user("Hi")], stream=True)
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
        with pytest.raises(openai.APIConnectionError):
            async for _ in await client.chat.completions.create(model="demo-drops", messages=[user("Hi")], stream=True):
                pass
    assert text == gpt.chat.completions.create(model="demo-gpt", messages=[user("Hi")]).choices[0].message.content
