"""Anthropic's Messages."""

from __future__ import annotations

from typing import Any

from llmtrack.capture.readers.anthropic_usage import merge, plain_message_usage, read_usage
from llmtrack.capture.readers.counts import kinds_sent
from llmtrack.capture.readers.event_stream import Events
from llmtrack.capture.readers.json_values import dig, text
from llmtrack.capture.readers.messages_content import assemble, input_messages, output_messages
from llmtrack.capture.readers.openai_usage import read_cost
from llmtrack.capture.readers.parsed_response import Dialect, Failure, ParsedResponse, failure

Json = dict[str, Any]

CUT = frozenset({"max_tokens", "refusal", "model_context_window_exceeded"})
"""Stop reasons that mean: the provider, a limit or its filter, ended the answer."""


def plain(body: Json, parsed: ParsedResponse) -> None:
    """Reads a message."""
    if body.get("type") == "error":
        parsed.failure = failure(body)
        return
    _head(body, parsed)
    parsed.finish_reason = text(body.get("stop_reason"))
    parsed.cut = parsed.finish_reason in CUT
    reported = body.get("usage")
    if isinstance(reported, dict):
        _use(reported, parsed)
        parsed.reported_cost = read_cost(reported)


def stream(events: Events, parsed: ParsedResponse) -> None:
    """Reads the events of a message. The start announces the input; the deltas' usage replaces it."""
    usage: Json = {}
    announced = True
    for index, event in enumerate(events.values):
        if type(event) is not dict:
            continue
        kind = event.get("type")
        if kind == "content_block_delta":
            if parsed.first_output is None:
                parsed.first_output = index
        elif kind == "content_block_start":
            if parsed.first_output is None and _speaks(event.get("content_block")):
                parsed.first_output = index
        elif kind == "message_start":
            message = event.get("message")
            if isinstance(message, dict):
                _head(message, parsed)
                usage = merge(usage, message.get("usage"))
        elif kind == "message_delta":
            parsed.finish_reason = text(dig(event, "delta", "stop_reason")) or parsed.finish_reason
            parsed.complete = parsed.complete or parsed.finish_reason is not None
            if isinstance(event.get("usage"), dict):
                usage = merge(usage, event["usage"])
                parsed.reported_cost = read_cost(event["usage"]) or parsed.reported_cost
                announced = False
        elif kind == "message_stop":
            parsed.complete = True
        elif kind == "error":
            parsed.failure = failure(event)
    if events.names and "error" in events.names and parsed.failure is None:
        value = events.values[events.names.index("error")]
        parsed.failure = failure(value) if isinstance(value, dict) else Failure()
    parsed.cut = parsed.finish_reason in CUT
    if usage:
        if announced:
            usage.pop("iterations", None)  # they were still going on
        _use(usage, parsed)
        parsed.announced = announced


def _head(message: Json, parsed: ParsedResponse) -> None:
    parsed.response_model = text(message.get("model"))
    parsed.response_id = text(message.get("id"))


def _use(reported: Json, parsed: ParsedResponse) -> None:
    parsed.reported = reported
    usage = plain_message_usage(reported, text_only=bool(parsed.request))
    if usage is not None and not kinds_sent(parsed.request):
        parsed.usage, parsed.settled = usage, True
    else:
        parsed.usage = read_usage(reported, parsed.response_model)
    parsed.service_tier = _tier(reported)
    parsed.region = _region(reported, parsed.request)


def _tier(reported: Json) -> str | None:
    """The tier served. Fast mode is one: it is priced apart."""
    return "fast" if reported.get("speed") == "fast" else text(reported.get("service_tier"))


def _region(reported: Json, request: Json) -> str | None:
    """Where the answer says it was made, or the request asked it to be; models that cannot choose say so."""
    region = text(reported.get("inference_geo")) or text(request.get("inference_geo"))
    return None if region == "not_available" else region


def _speaks(block: Any) -> bool:
    """Whether the start of a block is output already: a tool call, or text that comes with it."""
    return isinstance(block, dict) and (block.get("type") not in ("text", "thinking") or bool(block.get("text")))


def _completion(body: Json, parsed: ParsedResponse) -> None:
    """Reads a legacy text completion, which reports no usage."""
    if body.get("type") == "error":
        parsed.failure = failure(body)
        return
    _head(body, parsed)
    parsed.finish_reason = text(body.get("stop_reason"))
    parsed.cut = parsed.finish_reason in CUT


def _completion_stream(events: Events, parsed: ParsedResponse) -> None:
    for index, event in enumerate(events.values):
        if not isinstance(event, dict):
            continue
        if event.get("type") == "error":
            parsed.failure = failure(event)
        elif "completion" in event:
            _completion(event, parsed)
            parsed.complete = parsed.complete or parsed.finish_reason is not None
            if parsed.first_output is None and event["completion"]:
                parsed.first_output = index


def _completed(body: Json) -> list[Json]:
    return output_messages({**body, "content": body.get("completion")})


def _joined(events: list[Any]) -> Json:
    pieces = [event for event in events if isinstance(event, dict) and isinstance(event.get("completion"), str)]
    last = pieces[-1] if pieces else {}
    return {**last, "completion": "".join(event["completion"] for event in pieces)}


COMPLETIONS = Dialect(
    plain=_completion,
    stream=_completion_stream,
    assemble=_joined,
    output=_completed,
    input=input_messages,
    estimates=True,
)

MESSAGES = Dialect(
    plain=plain, stream=stream, assemble=assemble, output=output_messages, input=input_messages, estimates=True
)
