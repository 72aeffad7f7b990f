"""Reading a recorded exchange: `read`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from llmtrack.capture.exchange import Exchange
from llmtrack.capture.readers import aws_event_stream, event_stream
from llmtrack.capture.readers.chat_completions import CHAT
from llmtrack.capture.readers.counts import settled, with_others, with_request
from llmtrack.capture.readers.images_and_audio import AUDIO, IMAGES
from llmtrack.capture.readers.json_values import dig, text
from llmtrack.capture.readers.messages import COMPLETIONS, MESSAGES
from llmtrack.capture.readers.outcome import outcome
from llmtrack.capture.readers.parsed_response import Dialect, ParsedResponse, Reading
from llmtrack.capture.readers.responses import RESPONSES
from llmtrack.capture.readers.short_answers import BATCHES, COUNTS, DECISIONS, EMBEDDINGS, MODERATIONS, VIDEOS
from llmtrack.capture.readers.unknown_endpoints import ANY
from llmtrack.masking import mask
from llmtrack.pricing.reasons import Reason
from llmtrack.pricing.tokens import estimate_input, estimate_output
from llmtrack.pricing.usage import Usage
from llmtrack.statuses import Status

Json = dict[str, Any]

READERS: Mapping[str, Dialect] = {
    "openai.chat": CHAT,
    "openai.completions": CHAT,
    "openai.responses": RESPONSES,
    "openai.embeddings": EMBEDDINGS,
    "openai.images": IMAGES,
    "openai.audio": AUDIO,
    "openai.moderations": MODERATIONS,
    "openai.decisions": DECISIONS,
    "openai.videos": VIDEOS,
    "openai.count_tokens": COUNTS,
    "anthropic.messages": MESSAGES,
    "anthropic.completions": COMPLETIONS,
    "anthropic.count_tokens": COUNTS,
    "anthropic.batches": BATCHES,
    "any": ANY,
}
"""Every reader by its name."""

_STREAMS = ("event-stream", aws_event_stream.CONTENT_TYPE)
_NOTHING = Dialect(plain=lambda body, parsed: None)


@dataclass(slots=True)
class _Answer:
    """The body of an answer on its way to being understood."""

    parsed: ParsedResponse
    whole: Json
    events: event_stream.Events | None = None


def read(reader: str, exchange: Exchange, *, content: bool) -> Reading:
    """The reading of `exchange` by the reader of that name. Never raises.

    With `content`, the messages are in it too, images and files by type, size and hash.
    """
    reading = parse(reader, exchange, content=content)
    return reading.reading() if isinstance(reading, ParsedResponse) else reading


def parse(reader: str, exchange: Exchange, *, content: bool) -> Reading:
    """The same, for whoever takes over at once what is in it: it still holds what it was read from."""
    try:
        return _read(READERS.get(reader, _NOTHING), exchange, content)
    except Exception as error:
        try:
            status, trouble = outcome(exchange, ParsedResponse(), streamed=False)
        except Exception:
            status, trouble = Status.ERROR, None
        kind = trouble[0] if trouble else None
        note = f"The answer could not be read: {type(error).__name__}."
        return Reading(status=status.value, error_type=kind, note=note)


def _read(dialect: Dialect, exchange: Exchange, content: bool) -> ParsedResponse:
    loaded = event_stream.load(exchange.request) if exchange.request else None
    request: Json = loaded if isinstance(loaded, dict) else {}
    answer = _understand(dialect, exchange, request)
    parsed = answer.parsed
    streamed = answer.events is not None or (not answer.whole and _wants_stream(exchange, request))
    status, trouble = outcome(exchange, parsed, streamed=streamed, read=bool(answer.whole))
    messages, reply = None, None
    if content or _lacks_tokens(dialect, parsed, exchange, streamed):
        messages, reply, broken = _messages(dialect, request, answer)
        parsed.note = parsed.note or broken
    parsed.usage = _certain(parsed, request, streamed)
    if _lacks_tokens(dialect, parsed, exchange, streamed):
        parsed.usage, parsed.estimated = _estimate(parsed, messages or [], reply or [], request)
    parsed.status, parsed.streamed, parsed.user_id = status.value, streamed, _user(request)
    parsed.request_model = text(request.get("model")) or parsed.request_model or _model_in(exchange.path)
    if streamed and not parsed.complete:
        parsed.reported_cost = None  # of a part of it
    if trouble is not None:
        parsed.error_type, parsed.error_code = trouble[0], _masked(trouble[1])
    if content:
        parsed.input, parsed.output = messages, reply
        parsed.error_message = _masked(trouble[2]) if trouble is not None else None
    return parsed


def _masked(text: str | None) -> str | None:
    # Most was masked before it reached the journal, but not an error inside a compressed stream.
    return None if text is None else mask(text)


def _understand(dialect: Dialect, exchange: Exchange, request: Json) -> _Answer:
    answer = _Answer(ParsedResponse(request=request, provider=exchange.provider), {})
    if not exchange.response:
        if dialect.raw is not None and exchange.http_status == 200 and exchange.ended == "read":
            answer.whole = dialect.raw(exchange.size, exchange.content_type, answer.parsed)
        return answer
    body, chunks = event_stream.unpack(exchange.response, exchange.content_encoding, exchange.chunks)
    try:
        if dialect.stream is not None and _is_stream(exchange, request, body):
            amazon = aws_event_stream.CONTENT_TYPE in exchange.content_type
            answer.events = aws_event_stream.aws_events(body) if amazon else event_stream.events(body)
            dialect.stream(answer.events, answer.parsed)
            first = answer.parsed.first_output
            if first is not None:
                answer.parsed.time_to_first_token = event_stream.time_of(answer.events.ends[first], chunks)
            return answer
        value = event_stream.load(body) if dialect.raw is None or "json" in exchange.content_type else None
        if dialect.raw is not None and not isinstance(value, dict):
            answer.whole = dialect.raw(body, exchange.content_type, answer.parsed)
        elif isinstance(value, dict):
            answer.whole = value
            dialect.plain(value, answer.parsed)
        else:
            answer.parsed.note = "The answer is not a JSON object."
    except Exception as error:
        answer.parsed.note = f"The answer could not be read to its end: {type(error).__name__}."
    return answer


def _certain(parsed: ParsedResponse, request: Json, streamed: bool) -> Usage:
    """The usage with what lies outside the reported counts and what other models did, and why it is not certain."""
    usage = parsed.usage
    if parsed.reported:
        if not parsed.settled:
            usage = settled(
                usage, parsed.reported, provider=parsed.provider, model=parsed.response_model, request=request
            )
        if streamed and not parsed.complete:
            usage = replace(usage, doubt=Reason.STOPPED_EARLY.value)
    if parsed.doubt is not None and usage.doubt is None:
        usage = replace(usage, doubt=parsed.doubt)
    return with_others(usage if parsed.settled else with_request(usage, request), parsed.others)


def _is_stream(exchange: Exchange, request: Json, body: bytes) -> bool:
    """Whether `body` is a stream of events. Some servers forget to say so, others say so of a plain error."""
    if exchange.content_type == "application/json" and "stream" not in request:
        return False  # Nearly always.
    start = body[:64].lstrip()
    if aws_event_stream.CONTENT_TYPE in exchange.content_type:
        return True
    if "event-stream" in exchange.content_type:
        return start[:1] != b"{"
    return _wants_stream(exchange, request) and start.startswith((b"data:", b"event:", b": "))


def _wants_stream(exchange: Exchange, request: Json) -> bool:
    return request.get("stream") is True or any(kind in exchange.content_type for kind in _STREAMS)


def _messages(
    dialect: Dialect, request: Json, answer: _Answer
) -> tuple[list[Json] | None, list[Json] | None, str | None]:
    note = None
    try:
        messages: list[Json] | None = dialect.input(request) if request else None
    except Exception as error:
        messages, note = None, f"The request could not be read: {type(error).__name__}."
    try:
        whole = answer.whole if answer.events is None else dialect.assemble(answer.events.values)
        reply: list[Json] | None = dialect.output(whole) if whole else None
    except Exception as error:
        reply, note = None, f"The reply could not be read: {type(error).__name__}."
    return messages, reply, note


def _lacks_tokens(dialect: Dialect, parsed: ParsedResponse, exchange: Exchange, streamed: bool) -> bool:
    """Whether tokens were spent that nobody reported: a stream began to answer and reported none."""
    if parsed.announced:
        return True
    if not (streamed and dialect.estimates) or parsed.usage.output_tokens is not None:
        return False
    began = parsed.response_id is not None or parsed.first_output is not None
    return began or (exchange.http_status == 200 and parsed.failure is None)


def _estimate(
    parsed: ParsedResponse, messages: list[Json], reply: list[Json], request: Json
) -> tuple[Usage, tuple[str, ...]]:
    """The usage with its gaps filled. What the provider announced stays; no output seen is no estimate."""
    usage, estimated = parsed.usage, list[str]()
    model = parsed.response_model or text(request.get("model"))
    if usage.input_tokens is None and messages:
        definitions = [request[key] for key in _DEFINITIONS if request.get(key)]
        usage = replace(usage, input_tokens=estimate_input(messages, definitions, model))
        estimated.append("input_tokens")
    if parsed.first_output is not None and (tokens := estimate_output(reply, model)):
        usage = replace(usage, output_tokens=max(tokens, usage.output_tokens or 0))
        estimated.append("output_tokens")
    elif parsed.announced and usage.output_tokens is not None:
        estimated.append("output_tokens")  # the number that was announced stands for any
    return usage, tuple(estimated)


_DEFINITIONS = ("tools", "functions", "response_format", "text", "output_config")
"""What a request tells the model beside its messages: tools, and the shape the answer must have."""

_IN_PATH = re.compile(r"/(?:deployments|model|models|engines)/([^/?:]+(?::\d+)?)(?=[/?:]|$)")


def _model_in(path: str) -> str | None:
    """The model that the URL names: an Azure deployment, a Bedrock or a Vertex model."""
    match = _IN_PATH.search(path)
    return unquote(match[1]) if match else None


def _user(request: Json) -> str | None:
    named = text(request.get("safety_identifier")) or text(request.get("user"))
    return named or text(dig(request, "metadata", "user_id"))
