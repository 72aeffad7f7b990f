"""Ways of calling Anthropic's SDK."""

from __future__ import annotations

from typing import Any

import anthropic

from tests.capture.ways import CLAUDE, MESSAGES, OK, PLAIN, STREAM, Weather, all_of, each, got, inside, shown, way

MODEL = {"request_model": "claude-sonnet-4-6", "response_model": "claude-sonnet-4-6"}


@way("anthropic", {**PLAIN, **MODEL, "finish_reason": "end_turn", "response_id": "msg_fake"})
async def messages(c: Any) -> Any:
    return shown(await got(c.messages.create(**CLAUDE)))


@way("anthropic", {**STREAM, **MODEL, "finish_reason": "end_turn"})
async def messages_stream(c: Any) -> Any:
    return shown(await all_of(await got(c.messages.create(**CLAUDE, stream=True))))


@way("anthropic", STREAM)
async def messages_stream_helper(c: Any) -> Any:
    async with inside(c.messages.stream(**CLAUDE)) as stream:
        return "".join(await all_of(stream.text_stream)), shown(await got(stream.get_final_message()))


@way("anthropic", STREAM)
async def messages_stream_until_done(c: Any) -> Any:
    async with inside(c.messages.stream(**CLAUDE)) as stream:
        await got(stream.until_done())
        return shown(await got(stream.get_final_message()))


@way("anthropic", {"status": "abandoned", "streamed": 1, "input_tokens": 100, "http_status": 200})
async def messages_stream_helper_left_early(c: Any) -> Any:
    async with inside(c.messages.stream(**{**CLAUDE, "model": "claude-sonnet-4-6@stall=4"})) as stream:
        async for event in each(stream):
            return event.type
    return None


@way("anthropic", {"status": "abandoned", "streamed": 1, "input_tokens": 100, "http_status": 200})
async def messages_stream_break_and_close(c: Any) -> Any:
    stream = await got(c.messages.create(**{**CLAUDE, "model": "claude-sonnet-4-6@stall=4"}, stream=True))
    async for event in each(stream):
        await got(stream.close())
        return event.type
    return None


@way("anthropic", PLAIN)
async def messages_parse(c: Any) -> Any:
    return shown(await got(c.messages.parse(**CLAUDE, output_format=Weather)))


@way("anthropic", PLAIN)
async def messages_raw(c: Any) -> Any:
    raw = await got(c.messages.with_raw_response.create(**CLAUDE))
    return type(raw).__name__, raw.status_code, raw.retries_taken, shown(await got(raw.parse()))


@way("anthropic", STREAM)
async def messages_raw_stream(c: Any) -> Any:
    raw = await got(c.messages.with_raw_response.create(**CLAUDE, stream=True))
    return shown(await all_of(await got(raw.parse())))


@way("anthropic", {**OK, "operation": "chat"})
async def messages_streaming_response(c: Any) -> Any:
    async with inside(c.messages.with_streaming_response.create(**CLAUDE)) as response:
        return type(response).__name__, shown(await got(response.parse()))


@way("anthropic", STREAM)
async def messages_streaming_response_lines(c: Any) -> Any:
    async with inside(c.messages.with_streaming_response.create(**CLAUDE, stream=True)) as response:
        return await all_of(response.iter_lines())


@way("anthropic", {**PLAIN, "response_model": "claude-sonnet-4-6"})
async def beta_messages(c: Any) -> Any:
    return shown(await got(c.beta.messages.create(**CLAUDE)))


@way("anthropic", STREAM)
async def beta_messages_stream(c: Any) -> Any:
    return shown(await all_of(await got(c.beta.messages.create(**CLAUDE, stream=True, betas=["some-beta"]))))


@way("anthropic", STREAM)
async def beta_messages_stream_helper(c: Any) -> Any:
    async with inside(c.beta.messages.stream(**CLAUDE)) as stream:
        return shown(await got(stream.get_final_message()))


@way("anthropic", *[{**PLAIN, "finish_reason": "tool_use"}] * 2)
async def tool_runner(c: Any) -> Any:
    tool = _weather_later if isinstance(c, anthropic.AsyncAnthropic) else _weather
    options = {**CLAUDE, "model": "claude-sonnet-4-6@tools"}
    return shown(await all_of(c.beta.messages.tool_runner(**options, tools=[tool], max_iterations=2)))


@anthropic.beta_tool(name="get_weather")
def _weather(city: str) -> str:
    """The weather in a city."""
    return "sunny"


@anthropic.beta_async_tool(name="get_weather")
async def _weather_later(city: str) -> str:
    """The weather in a city."""
    return "sunny"


@way(
    "anthropic",
    {
        **PLAIN,
        "cache_read_tokens": 40,
        "cache_write_tokens": 30,
        "cache_write_1h_tokens": 10,
        "service_tier": "standard",
    },
)
async def messages_cached(c: Any) -> Any:
    return shown(await got(c.messages.create(**{**CLAUDE, "model": "claude-sonnet-4-6@cached@cache-write"})))


@way("anthropic", {**STREAM, "cache_read_tokens": 40, "cache_write_tokens": 30, "cache_write_1h_tokens": 10})
async def messages_stream_cached(c: Any) -> Any:
    options = {**CLAUDE, "model": "claude-sonnet-4-6@cached@cache-write"}
    return shown(await all_of(await got(c.messages.create(**options, stream=True))))


@way("anthropic", {**STREAM})
async def messages_stream_thinking(c: Any) -> Any:
    options = {**CLAUDE, "model": "claude-sonnet-4-6@thinking"}
    return shown(await all_of(await got(c.messages.create(**options, stream=True))))


@way("anthropic", {**PLAIN, "web_searches": 2})
async def messages_server_tools(c: Any) -> Any:
    return shown(await got(c.messages.create(**{**CLAUDE, "model": "claude-sonnet-4-6@server-tools"})))


@way("anthropic", PLAIN)
async def messages_models_as_messages(c: Any) -> Any:
    before = anthropic.types.TextBlock(type="text", text="Before.")
    history = [*MESSAGES, {"role": "assistant", "content": [before]}, *MESSAGES]
    return shown(await got(c.messages.create(**{**CLAUDE, "messages": history})))


@way("anthropic", PLAIN)
async def messages_generator(c: Any) -> Any:
    return shown(await got(c.messages.create(**{**CLAUDE, "messages": (m for m in MESSAGES)})))


@way("anthropic", STREAM)
async def messages_stream_gzipped(c: Any) -> Any:
    options = {**CLAUDE, "model": "claude-sonnet-4-6@gzip"}
    return shown(await all_of(await got(c.messages.create(**options, stream=True))))


@way("anthropic", {**PLAIN, "attempts": 2})
async def messages_retried(c: Any) -> Any:
    return shown(await got(c.messages.create(**{**CLAUDE, "model": "claude-sonnet-4-6@529-once"})))


@way("anthropic", {"status": "error", "http_status": 529, "error_type": "overloaded", "attempts": 3})
async def messages_529(c: Any) -> Any:
    return await got(c.messages.create(**{**CLAUDE, "model": "claude-sonnet-4-6@529"}))


@way("anthropic", {"status": "error", "http_status": 400, "error_type": "context_length", "attempts": 1})
async def messages_too_long(c: Any) -> Any:
    return await got(c.messages.create(**{**CLAUDE, "model": "claude-sonnet-4-6@context"}))


@way("anthropic", {"status": "error", "http_status": 401, "error_type": "authentication", "attempts": 1})
async def messages_stream_helper_401(c: Any) -> Any:
    async with inside(c.messages.stream(**{**CLAUDE, "model": "claude-sonnet-4-6@401"})):
        return None


@way("anthropic", {"status": "error", "error_type": "connection", "http_status": None, "attempts": 2})
async def messages_nobody_there(c: Any) -> Any:
    try:
        await got(c.with_options(base_url="http://127.0.0.1:9", max_retries=1).messages.create(**CLAUDE))
    except anthropic.APIConnectionError as error:
        return shown(error)


@way("anthropic", {"status": "error", "http_status": 200, "error_type": "connection", "input_tokens": 100})
async def messages_stream_dropped(c: Any) -> Any:
    seen = []
    try:
        options = {**CLAUDE, "model": "claude-sonnet-4-6@drop=4"}
        async for event in each(await got(c.messages.create(**options, stream=True))):
            seen.append(shown(event))
    except Exception as error:
        return seen, shown(error)


@way("anthropic", {"status": "error", "http_status": 200, "error_type": "overloaded", "input_tokens": 100})
async def messages_stream_error_event(c: Any) -> Any:
    seen = []
    try:
        options = {**CLAUDE, "model": "claude-sonnet-4-6@error-event"}
        async for event in each(await got(c.messages.create(**options, stream=True))):
            seen.append(shown(event))
    except anthropic.APIStatusError as error:
        return seen, shown(error)


@way("anthropic", {"status": "ok", "operation": "count_tokens", "output_tokens": None})
async def count_tokens(c: Any) -> Any:
    return shown(await got(c.messages.count_tokens(model="claude-sonnet-4-6", messages=MESSAGES)))


@way("anthropic", {"status": "ok", "operation": "batch", "input_tokens": None})
async def batches(c: Any) -> Any:
    asked = [{"custom_id": "1", "params": CLAUDE}]
    batch = await got(c.messages.batches.create(requests=asked))
    return shown(batch), shown(await all_of(await got(c.messages.batches.results(batch.id))))


@way("anthropic", PLAIN)
async def with_options(c: Any) -> Any:
    return shown(await got(c.with_options(timeout=5).messages.create(**CLAUDE)))


@way("anthropic", PLAIN)
async def copied(c: Any) -> Any:
    return shown(await got(c.copy(max_retries=0).messages.create(**CLAUDE)))


@way("anthropic", PLAIN)
async def posted(c: Any) -> Any:
    return shown(await got(c.post("/v1/messages", cast_to=object, body=CLAUDE)))


@way("anthropic")
async def models_are_no_calls(c: Any) -> Any:
    return shown([item async for item in each(c.models.list())])


@way("anthropic", {**PLAIN, "user_id": "somebody"})
async def user_from_the_request(c: Any) -> Any:
    return shown(await got(c.messages.create(**CLAUDE, metadata={"user_id": "somebody"})))
