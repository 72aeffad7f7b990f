"""Ways of calling OpenAI's SDK."""

from __future__ import annotations

import io
from typing import Any

import httpx2
import openai

from tests.capture.ways import (
    CHAT,
    ESTIMATED,
    MESSAGES,
    OK,
    PLAIN,
    STREAM,
    Weather,
    all_of,
    each,
    got,
    inside,
    shown,
    way,
)  # fmt: skip


@way("openai", {**PLAIN, "request_model": "gpt-4o", "response_model": "gpt-4o-2024-08-06", "finish_reason": "stop"})
async def chat(c: Any) -> Any:
    return shown(await got(c.chat.completions.create(**CHAT)))


@way("openai", {**STREAM, "finish_reason": "stop"})
async def chat_stream(c: Any) -> Any:
    return [shown(chunk) for chunk in await all_of(await got(c.chat.completions.create(**CHAT, stream=True)))]


@way("openai", STREAM)
async def chat_stream_asking_for_usage(c: Any) -> Any:
    asked = {"stream_options": {"include_usage": True}}
    return shown(await all_of(await got(c.chat.completions.create(**CHAT, stream=True, **asked))))


@way("openai", STREAM)
async def chat_stream_asking_for_no_usage(c: Any) -> Any:
    asked = {"stream_options": {"include_usage": False}}
    return shown(await all_of(await got(c.chat.completions.create(**CHAT, stream=True, **asked))))


@way("openai", STREAM)
async def chat_stream_with_extra_body(c: Any) -> Any:
    extra = {"extra_body": {"stream_options": {"include_obfuscation": False}, "custom": 1}}
    return shown(await all_of(await got(c.chat.completions.create(**CHAT, stream=True, **extra))))


@way("openai", STREAM)
async def chat_stream_asking_in_extra_body(c: Any) -> Any:
    extra = {"extra_body": {"stream_options": {"include_usage": True}}}
    return shown(await all_of(await got(c.chat.completions.create(**CHAT, stream=True, **extra))))


@way("openai", STREAM)
async def chat_stream_with(c: Any) -> Any:
    async with inside(await got(c.chat.completions.create(**CHAT, stream=True))) as stream:
        return shown(await all_of(stream))


@way("openai", STREAM)
async def chat_stream_next(c: Any) -> Any:
    stream = await got(c.chat.completions.create(**CHAT, stream=True))
    seen = []
    try:
        while True:
            seen.append(shown(await got(stream.__anext__() if hasattr(stream, "__anext__") else next(stream))))
    except (StopIteration, StopAsyncIteration):
        return seen


@way("openai", {**ESTIMATED, "status": "abandoned"})
async def chat_stream_break_and_close(c: Any) -> Any:
    stream = await got(c.chat.completions.create(**{**CHAT, "model": "gpt-4o@stall=2"}, stream=True))
    async for chunk in each(stream):
        await got(stream.close())
        return shown(chunk)
    return None


@way("openai", {**ESTIMATED, "status": "abandoned"})
async def chat_stream_left_early(c: Any) -> Any:
    async with inside(await got(c.chat.completions.create(**{**CHAT, "model": "gpt-4o@stall=3"}, stream=True))) as s:
        async for chunk in each(s):
            return shown(chunk)
    return None


@way("openai", STREAM)
async def chat_stream_helper(c: Any) -> Any:
    async with inside(c.chat.completions.stream(**CHAT)) as stream:
        events = [event.type for event in await all_of(stream)]
        return events, shown(await got(stream.get_final_completion()))


@way("openai", {**ESTIMATED, "status": "abandoned"})
async def chat_stream_helper_left_early(c: Any) -> Any:
    async with inside(c.chat.completions.stream(**{**CHAT, "model": "gpt-4o@stall=3"})) as stream:
        async for event in each(stream):
            return event.type
    return None


@way("openai", PLAIN)
async def chat_parse(c: Any) -> Any:
    answer = await got(c.chat.completions.parse(**CHAT, response_format=Weather))
    return shown(answer), answer.choices[0].message.parsed.answer


@way("openai", PLAIN)
async def chat_raw(c: Any) -> Any:
    raw = await got(c.chat.completions.with_raw_response.create(**CHAT))
    return type(raw).__name__, raw.status_code, raw.content, raw.retries_taken, shown(raw.parse())


@way("openai", PLAIN)
async def chat_raw_not_parsed(c: Any) -> Any:
    return (await got(c.chat.completions.with_raw_response.create(**CHAT))).text


@way("openai", STREAM)
async def chat_raw_stream(c: Any) -> Any:
    raw = await got(c.chat.completions.with_raw_response.create(**CHAT, stream=True))
    return shown(await all_of(raw.parse()))


@way("openai", {**OK, "operation": "chat"})
async def chat_streaming_response(c: Any) -> Any:
    async with inside(c.chat.completions.with_streaming_response.create(**CHAT)) as response:
        return type(response).__name__, shown(await got(response.parse()))


@way("openai", {**OK, "operation": "chat"})
async def chat_streaming_response_bytes(c: Any) -> Any:
    async with inside(c.chat.completions.with_streaming_response.create(**CHAT)) as response:
        return await got(response.read()), response.status_code


@way("openai", STREAM)
async def chat_streaming_response_lines(c: Any) -> Any:
    async with inside(c.chat.completions.with_streaming_response.create(**CHAT, stream=True)) as response:
        return await all_of(response.iter_lines())


@way("openai", {"status": "abandoned", "operation": "chat", "http_status": 200})
async def chat_streaming_response_unread(c: Any) -> Any:
    async with inside(c.chat.completions.with_streaming_response.create(**CHAT, stream=True)) as response:
        return response.status_code


@way("openai", {**PLAIN, "output_tokens": 60})
async def chat_three_choices(c: Any) -> Any:
    return shown(await got(c.chat.completions.create(**CHAT, n=3)))


@way("openai", {**STREAM, "output_tokens": 60})
async def chat_stream_three_choices(c: Any) -> Any:
    return shown(await all_of(await got(c.chat.completions.create(**CHAT, n=3, stream=True))))


@way("openai", {**PLAIN, "finish_reason": "tool_calls"})
async def chat_tools(c: Any) -> Any:
    return shown(await got(c.chat.completions.create(**{**CHAT, "model": "gpt-4o@tools"})))


@way("openai", {**STREAM, "finish_reason": "tool_calls"})
async def chat_stream_tools(c: Any) -> Any:
    return shown(await all_of(await got(c.chat.completions.create(**{**CHAT, "model": "gpt-4o@tools"}, stream=True))))


@way("openai", {**PLAIN, "cache_read_tokens": 40, "reasoning_tokens": 5})
async def chat_cached_thinking(c: Any) -> Any:
    return shown(await got(c.chat.completions.create(**{**CHAT, "model": "gpt-4o@cached@thinking"})))


@way("openai", {**PLAIN, "status": "incomplete", "finish_reason": "length"})
async def chat_cut_off(c: Any) -> Any:
    return shown(await got(c.chat.completions.create(**{**CHAT, "model": "gpt-4o@length"})))


@way("openai", PLAIN)
async def chat_models_as_messages(c: Any) -> Any:
    message = openai.types.chat.ChatCompletionMessage(role="assistant", content="Before.")
    return shown(await got(c.chat.completions.create(model="gpt-4o", messages=[*MESSAGES, message])))


@way("openai", PLAIN)
async def chat_generator_as_messages(c: Any) -> Any:
    return shown(await got(c.chat.completions.create(model="gpt-4o", messages=(m for m in MESSAGES))))


@way("openai", PLAIN)
async def chat_gzipped(c: Any) -> Any:
    return shown(await got(c.chat.completions.create(**{**CHAT, "model": "gpt-4o@gzip"})))


@way("openai", STREAM)
async def chat_stream_gzipped(c: Any) -> Any:
    return shown(await all_of(await got(c.chat.completions.create(**{**CHAT, "model": "gpt-4o@gzip"}, stream=True))))


@way("openai", STREAM)
async def chat_stream_usage_on_each_chunk(c: Any) -> Any:
    options = {**CHAT, "model": "gpt-4o@usage=each"}
    return shown(await all_of(await got(c.chat.completions.create(**options, stream=True))))


@way("openai", {**ESTIMATED, "status": "ok"})
async def chat_stream_without_usage(c: Any) -> Any:
    options = {**CHAT, "model": "gpt-4o@usage=none"}
    return shown(await all_of(await got(c.chat.completions.create(**options, stream=True))))


@way("openai", {**ESTIMATED, "status": "ok", "attempts": 2})
async def chat_stream_options_refused(c: Any) -> Any:
    options = {**CHAT, "model": "gpt-4o@no-stream-options"}
    return shown(await all_of(await got(c.chat.completions.create(**options, stream=True))))


@way("openai", {**ESTIMATED, "status": "ok", "attempts": 2}, {**ESTIMATED, "status": "ok", "attempts": 1})
async def chat_stream_options_refused_is_remembered(c: Any) -> Any:
    options = {**CHAT, "model": "gpt-4o@no-stream-options=422"}
    first = await all_of(await got(c.chat.completions.create(**options, stream=True)))
    return shown(first), shown(await all_of(await got(c.chat.completions.create(**options, stream=True))))


@way("openai", {**PLAIN, "attempts": 2})
async def chat_retried(c: Any) -> Any:
    return shown(await got(c.chat.completions.create(**{**CHAT, "model": "gpt-4o@500-once"})))


@way("openai", {**STREAM, "attempts": 2})
async def chat_stream_retried(c: Any) -> Any:
    options = {**CHAT, "model": "gpt-4o@503-once"}
    return shown(await all_of(await got(c.chat.completions.create(**options, stream=True))))


def _error(status: int, kind: str, attempts: int = 1) -> dict[str, Any]:
    return {"status": "error", "http_status": status, "error_type": kind, "attempts": attempts, "input_tokens": None}


@way("openai", _error(400, "invalid_request"))
async def chat_400(c: Any) -> Any:
    return await got(c.chat.completions.create(**{**CHAT, "model": "gpt-4o@400"}))


@way("openai", _error(400, "invalid_request", 2))
async def chat_stream_400(c: Any) -> Any:
    return await got(c.chat.completions.create(**{**CHAT, "model": "gpt-4o@400"}, stream=True))


@way("openai", _error(401, "authentication"))
async def chat_401(c: Any) -> Any:
    return await got(c.chat.completions.create(**{**CHAT, "model": "gpt-4o@401"}))


@way("openai", _error(429, "rate_limit", 3))
async def chat_429(c: Any) -> Any:
    return await got(c.chat.completions.create(**{**CHAT, "model": "gpt-4o@429"}))


@way("openai", _error(500, "server", 3))
async def chat_raw_500(c: Any) -> Any:
    return await got(c.chat.completions.with_raw_response.create(**{**CHAT, "model": "gpt-4o@500"}))


@way("openai", _error(400, "context_length"))
async def chat_too_long(c: Any) -> Any:
    return await got(c.chat.completions.create(**{**CHAT, "model": "gpt-4o@context"}))


@way("openai", {"status": "error", "error_type": "connection", "http_status": None, "attempts": 2})
async def chat_nobody_there(c: Any) -> Any:
    try:
        await got(c.with_options(base_url="http://127.0.0.1:9/v1", max_retries=1).chat.completions.create(**CHAT))
    except openai.APIConnectionError as error:
        return shown(error)


@way("openai", {"status": "error", "error_type": "timeout", "http_status": None, "attempts": 1})
async def chat_timeout(c: Any) -> Any:
    slow = c.with_options(max_retries=0, timeout=0.2)
    try:
        await got(slow.chat.completions.create(**{**CHAT, "model": "gpt-4o@silent"}))
    except openai.APITimeoutError as error:
        return shown(error)


@way("openai", {"status": "error", "http_status": 200, "usage_estimated": 1, "error_type": "connection"})
async def chat_stream_dropped(c: Any) -> Any:
    seen = []
    try:
        options = {**CHAT, "model": "gpt-4o@drop=3"}
        async for chunk in each(await got(c.chat.completions.create(**options, stream=True))):
            seen.append(shown(chunk))
    except openai.APIConnectionError as error:
        return seen, shown(error)


@way("openai", {"status": "error", "http_status": 200, "error_type": "server"})
async def chat_stream_error_event(c: Any) -> Any:
    seen = []
    try:
        options = {**CHAT, "model": "gpt-4o@error-event"}
        async for chunk in each(await got(c.chat.completions.create(**options, stream=True))):
            seen.append(shown(chunk))
    except openai.APIError as error:
        return seen, shown(error)


@way("openai", {**OK, "operation": "text_completion"})
async def completions(c: Any) -> Any:
    return shown(await got(c.completions.create(model="gpt-3.5-turbo-instruct", prompt="Once")))


@way("openai", {**OK, "operation": "text_completion", "streamed": 1})
async def completions_stream(c: Any) -> Any:
    model = "gpt-3.5-turbo-instruct"
    return shown(await all_of(await got(c.completions.create(model=model, prompt="Once", stream=True))))


@way("openai", {**PLAIN, "finish_reason": "completed", "response_id": "resp_1"})
async def responses(c: Any) -> Any:
    return shown(await got(c.responses.create(model="gpt-4o", input="Hi")))


@way("openai", STREAM)
async def responses_stream(c: Any) -> Any:
    return shown(await all_of(await got(c.responses.create(model="gpt-4o", input="Hi", stream=True))))


@way("openai", STREAM)
async def responses_stream_helper(c: Any) -> Any:
    async with inside(c.responses.stream(model="gpt-4o", input="Hi")) as stream:
        return shown(await got(stream.get_final_response()))


@way("openai", PLAIN)
async def responses_parse(c: Any) -> Any:
    return shown(await got(c.responses.parse(model="gpt-4o", input="Hi", text_format=Weather)))


@way("openai", PLAIN)
async def responses_raw(c: Any) -> Any:
    return shown((await got(c.responses.with_raw_response.create(model="gpt-4o", input="Hi"))).parse())


@way("openai", {"status": "error", "http_status": 200, "operation": "chat"})
async def responses_failed(c: Any) -> Any:
    return shown(await got(c.responses.create(model="gpt-4o@failed", input="Hi")))


@way("openai", {"status": "error", "http_status": 200, "operation": "chat", "streamed": 1})
async def responses_stream_failed(c: Any) -> Any:
    return shown(await all_of(await got(c.responses.create(model="gpt-4o@failed", input="Hi", stream=True))))


@way("openai", {**STREAM, "status": "incomplete"})
async def responses_stream_cut_off(c: Any) -> Any:
    return shown(await all_of(await got(c.responses.create(model="gpt-4o@length", input="Hi", stream=True))))


@way("openai", {**OK, "operation": "chat", "response_id": "resp_1"})
async def responses_in_the_background(c: Any) -> Any:
    queued = await got(c.responses.create(model="gpt-4o", input="Hi", background=True))
    ready = await got(c.responses.retrieve(queued.id))
    again = await got(c.responses.retrieve(queued.id))
    return shown([queued, ready, again])


@way("openai", {**PLAIN, "response_id": "resp_1"})
async def responses_retrieved_later(c: Any) -> Any:
    answer = await got(c.responses.create(model="gpt-4o", input="Hi"))
    return shown([answer, await got(c.responses.retrieve(answer.id))])


@way("openai", {"status": "ok", "operation": "embeddings", "input_tokens": 8, "output_tokens": None})
async def embeddings(c: Any) -> Any:
    return shown(await got(c.embeddings.create(model="text-embedding-3-small", input="Hi", encoding_format="float")))


@way("openai", {"status": "ok", "operation": "embeddings", "input_tokens": 16})
async def embeddings_with_defaults(c: Any) -> Any:
    answer = await got(c.embeddings.create(model="text-embedding-3-small", input=["Hi", "there"]))
    return shown(answer), type(answer.data[0].embedding).__name__


@way("openai", {"status": "ok", "operation": "image", "input_tokens": 50, "output_tokens": 1056})
async def images(c: Any) -> Any:
    return shown(await got(c.images.generate(model="gpt-image-1", prompt="A pixel")))


@way("openai", {"status": "ok", "operation": "image", "input_tokens": 50, "output_tokens": 1056, "streamed": 1})
async def images_stream(c: Any) -> Any:
    return shown(await all_of(await got(c.images.generate(model="gpt-image-1", prompt="A pixel", stream=True))))


@way("openai", {"status": "ok", "operation": "image", "input_tokens": None, "request_model": "dall-e-2"})
async def images_edited(c: Any) -> Any:
    picture = ("a.png", b"no picture", "image/png")
    return shown(await got(c.images.edit(model="dall-e-2", prompt="A pixel", image=picture)))


@way("openai", {"status": "ok", "operation": "transcription", "input_tokens": 14, "output_tokens": 5})
async def transcription(c: Any) -> Any:
    return shown(
        await got(c.audio.transcriptions.create(model="gpt-4o-transcribe", file=("a.mp3", io.BytesIO(b"ID3"))))
    )


@way("openai", {"status": "ok", "operation": "transcription", "input_tokens": 14, "streamed": 1})
async def transcription_stream(c: Any) -> Any:
    sound = ("a.mp3", io.BytesIO(b"ID3"))
    events = await got(c.audio.transcriptions.create(model="gpt-4o-transcribe", file=sound, stream=True))
    return shown(await all_of(events))


@way("openai", {"status": "ok", "operation": "speech", "input_tokens": None})
async def speech(c: Any) -> Any:
    answer = await got(c.audio.speech.create(model="tts-1", voice="alloy", input="Hi"))
    return type(answer).__name__, answer.content


@way("openai", {"status": "ok", "operation": "speech", "input_tokens": None})
async def speech_streaming_response(c: Any) -> Any:
    request = c.audio.speech.with_streaming_response.create(model="tts-1", voice="alloy", input="Hi")
    async with inside(request) as response:
        return type(response).__name__, await all_of(response.iter_bytes())


@way("openai", {"status": "ok", "operation": "moderation", "input_tokens": None})
async def moderations(c: Any) -> Any:
    return shown(await got(c.moderations.create(model="omni-moderation-latest", input="Hi")))


@way("openai")
async def models_are_no_calls(c: Any) -> Any:
    return shown([item async for item in each(c.models.list())])


@way("openai", PLAIN)
async def with_options(c: Any) -> Any:
    return shown(await got(c.with_options(timeout=5).chat.completions.create(**CHAT)))


@way("openai", PLAIN)
async def copied(c: Any) -> Any:
    return shown(await got(c.copy(max_retries=0).chat.completions.create(**CHAT)))


@way("openai", PLAIN)
async def posted(c: Any) -> Any:
    return shown(await got(c.post("/chat/completions", cast_to=object, body=CHAT)))


@way("openai", PLAIN)
async def posted_for_a_response(c: Any) -> Any:
    response = await got(c.post("/chat/completions", cast_to=httpx2.Response, body=CHAT))
    return type(response).__name__, response.content, response.headers["content-type"]


@way("openai", PLAIN)
async def posted_for_text(c: Any) -> Any:
    return await got(c.post("/chat/completions", cast_to=str, body=CHAT))


@way("openai", PLAIN)
async def posted_for_a_dict(c: Any) -> Any:
    return await got(c.post("/chat/completions", cast_to=dict[str, object], body=CHAT))


@way("openai", {**PLAIN, "operation": "chat"})
async def posted_to_a_whole_url(c: Any) -> Any:
    return await got(c.post(f"{c.base_url}chat/completions", cast_to=object, body=CHAT))


@way("openai", PLAIN)
async def beta_chat_parse(c: Any) -> Any:
    return shown(await got(c.beta.chat.completions.parse(**CHAT, response_format=Weather)))


@way("openai", {**PLAIN, "user_id": "somebody"})
async def user_from_the_request(c: Any) -> Any:
    return shown(await got(c.chat.completions.create(**CHAT, user="somebody")))
