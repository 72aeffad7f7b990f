"""OpenAI's Responses."""

from __future__ import annotations

from typing import Any

from llmtrack.capture.readers.event_stream import Events
from llmtrack.capture.readers.json_values import count, dig, objects, text
from llmtrack.capture.readers.openai_usage import read_cost, read_usage
from llmtrack.capture.readers.parsed_response import Dialect, Said, failure
from llmtrack.capture.readers.responses_content import assemble, input_messages, output_messages

Json = dict[str, Any]

_LAST = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled"})
_OUTPUT = frozenset(
    {
        "response.output_text.done",
        "response.refusal.done",
        "response.function_call_arguments.done",
        "response.custom_tool_call_input.done",
        "response.image_generation_call.partial_image",
    }
)
_TOOLS = {
    "file_search_call": "file_search",
    "code_interpreter_call": "code_interpreter",
    "image_generation_call": "image_generation",
    "mcp_call": "mcp",
}


def plain(body: Json, said: Said) -> None:
    """Reads a response that came whole, as an answer or in the last event of a stream."""
    said.model = text(body.get("model")) or said.model
    said.id = text(body.get("id")) or said.id
    status = text(body.get("status"))
    said.finish_reason = text(dig(body, "incomplete_details", "reason")) or status
    said.service_tier = text(body.get("service_tier"))
    said.pending = status in ("queued", "in_progress")
    said.cancelled = status == "cancelled"
    said.cut = status == "incomplete"
    if body.get("error") or status == "failed":
        said.failure = failure(body.get("error"))
    reported = body.get("usage")
    searches, tools = _tools(body)
    said.usage = read_usage(reported if isinstance(reported, dict) else {}, web_searches=searches, tools=tools)
    said.cost = read_cost(reported) if isinstance(reported, dict) else None


def stream(events: Events, said: Said) -> None:
    """Reads the events of a response. The last one carries all of it."""
    whole: Json | None = None
    earlier: Json = {}
    for index, event in enumerate(events.values):
        if type(event) is not dict:
            continue
        kind = event.get("type")
        if type(kind) is not str:
            kind = ""
        if said.first_output is None and (kind.endswith(".delta") or kind in _OUTPUT or _calls(kind, event)):
            said.first_output = index
        if type(event.get("response")) is dict:
            whole = event["response"]
            earlier |= {key: whole[key] for key in ("model", "usage") if whole.get(key)}
            if kind in _LAST:
                said.complete = True
        if kind == "error" or (events.names and events.names[index] == "error") or (not kind and event.get("error")):
            said.failure = failure(event)
            said.complete = True
    if whole is not None:
        broken = said.failure
        plain({**whole, **earlier}, said)
        said.failure = said.failure or broken
        if not said.complete or broken:
            said.finish_reason = said.service_tier = None  # what it had on its way
    said.pending = False


def _calls(kind: str, event: Json) -> bool:
    """Whether the event begins a tool call."""
    return kind == "response.output_item.added" and str(dig(event, "item", "type")).endswith("_call")


def _tools(body: Json) -> tuple[int | None, dict[str, int]]:
    """How many web searches the provider ran, and how often each of its other tools."""
    tools: dict[str, int] = {}
    searches: int | None = None
    for item in objects(body.get("output")):
        kind = item.get("type")
        if kind == "web_search_call":
            # Opening a page and finding text in it are not charged.
            searches = (searches or 0) + (dig(item, "action", "type") in ("search", None))
        elif isinstance(kind, str) and kind in _TOOLS:
            tools[_TOOLS[kind]] = tools.get(_TOOLS[kind], 0) + 1
    reported = count(dig(body, "tool_usage", "web_search", "num_requests"))
    return searches if reported is None else reported, tools


RESPONSES = Dialect(
    plain=plain, stream=stream, assemble=assemble, output=output_messages, input=input_messages, estimates=True
)
