"""OpenAI's Responses."""

from __future__ import annotations

from typing import Any

from llmtrack.capture.readers.event_stream import Events
from llmtrack.capture.readers.hosted_tools import doubt_of_tools, drawing, hosted_tools
from llmtrack.capture.readers.json_values import dig, text
from llmtrack.capture.readers.openai_usage import read_cost, read_usage
from llmtrack.capture.readers.parsed_response import Dialect, ParsedResponse, failure
from llmtrack.capture.readers.responses_content import assemble, input_messages, output_messages

Json = dict[str, Any]

_LAST = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled"})
OUTPUT = frozenset(
    {
        "response.output_text.done",
        "response.refusal.done",
        "response.function_call_arguments.done",
        "response.custom_tool_call_input.done",
        "response.image_generation_call.partial_image",
    }
)


def plain(body: Json, parsed: ParsedResponse) -> None:
    """Reads a response that came whole, as an answer or in the last event of a stream."""
    parsed.response_model = text(body.get("model")) or parsed.response_model
    parsed.response_id = text(body.get("id")) or parsed.response_id
    status = text(body.get("status"))
    parsed.finish_reason = text(dig(body, "incomplete_details", "reason")) or status
    parsed.service_tier = text(body.get("service_tier"))
    parsed.pending = status in ("queued", "in_progress")
    parsed.cancelled = status == "cancelled"
    parsed.cut = status == "incomplete"
    if body.get("error") or status == "failed":
        parsed.failure = failure(body.get("error"))
    parsed.background = body.get("background") is True
    parsed.open = parsed.pending
    reported = body.get("usage")
    parsed.reported = reported if isinstance(reported, dict) else {}
    searches, tools = hosted_tools(body, parsed.request)
    parsed.others = drawing(body, parsed)
    if parsed.others:
        tools.pop("image_generation", None)  # it is paid by its tokens
    parsed.usage = read_usage(parsed.reported, web_searches=searches, tools=tools)
    parsed.reported_cost = read_cost(parsed.reported)
    parsed.doubt = doubt_of_tools(body, parsed)


def stream(events: Events, parsed: ParsedResponse) -> None:
    """Reads the events of a response. The last one carries all of it."""
    whole: Json | None = None
    final = False
    earlier: Json = {}
    for index, event in enumerate(events.values):
        if type(event) is not dict:
            continue
        kind = event.get("type")
        if type(kind) is not str:
            kind = ""
        if parsed.first_output is None and (kind.endswith(".delta") or kind in OUTPUT or calls(kind, event)):
            parsed.first_output = index
        if type(event.get("response")) is dict:
            whole = event["response"]
            earlier |= {key: whole[key] for key in ("model", "usage") if whole.get(key)}
            if kind in _LAST:
                parsed.complete = final = True
        if kind == "error" or (events.names and events.names[index] == "error") or (not kind and event.get("error")):
            parsed.failure = failure(event)
            parsed.complete = True
    if whole is not None:
        broken = parsed.failure
        plain({**whole, **earlier}, parsed)
        parsed.failure = parsed.failure or broken
        if not parsed.complete or broken:
            parsed.finish_reason = parsed.service_tier = None  # what it had on its way
    stored = parsed.request.get("store") is not False or parsed.request.get("background") is True
    parsed.open = not final and parsed.response_id is not None and stored
    parsed.pending = False


def calls(kind: str, event: Json) -> bool:
    """Whether the event begins a tool call."""
    return kind == "response.output_item.added" and str(dig(event, "item", "type")).endswith("_call")


RESPONSES = Dialect(
    plain=plain, stream=stream, assemble=assemble, output=output_messages, input=input_messages, estimates=True
)
