"""OpenAI's chat completions and everybody's imitation of them; legacy completions differ only in a choice's text."""

from __future__ import annotations

from typing import Any

from llmtrack.capture.readers.chat_completions_content import assemble, input_messages, output_messages
from llmtrack.capture.readers.counts import kinds_sent
from llmtrack.capture.readers.event_stream import Events
from llmtrack.capture.readers.json_values import dig, objects, text
from llmtrack.capture.readers.openai_usage import plain_chat_usage, read_cost, read_usage
from llmtrack.capture.readers.parsed_response import Dialect, ParsedResponse, failure

Json = dict[str, Any]

CUT = frozenset({"length", "content_filter", "max_tokens", "model_length"})
"""Finish reasons that mean: the provider stopped before the model did."""

_OUTPUT = ("content", "tool_calls", "reasoning_content", "reasoning", "refusal", "function_call", "audio", "images")


def plain(body: Json, parsed: ParsedResponse) -> None:
    """Reads a chat completion."""
    parsed.response_model = text(body.get("model"))
    parsed.response_id = text(body.get("id"))
    parsed.service_tier = text(body.get("service_tier"))
    choices = objects(body.get("choices"))
    if choices:
        parsed.finish_reason = text(choices[0].get("finish_reason"))
        if choices[0].get("error"):  # OpenRouter, when the provider behind it failed
            parsed.failure = failure(choices[0]["error"])
        parsed.cut = parsed.finish_reason in CUT
    elif body.get("error"):
        parsed.failure = failure(body["error"])
    _use(body, parsed)


def stream(events: Events, parsed: ParsedResponse) -> None:
    """Reads the chunks of a chat completion. Of several reports of usage the last one counts: they are cumulative."""
    reporting: Json = {}
    for index, event in enumerate(events.values):
        if type(event) is not dict:
            continue
        if event.get("error"):
            parsed.failure = failure(event["error"])
            continue
        if _usage(event):
            reporting = event
        choices = event.get("choices")
        if type(choices) is list:
            for choice in choices:
                if type(choice) is dict:
                    if choice.get("finish_reason"):
                        _finish(choice, parsed)
                    if parsed.first_output is None and _speaks(choice):
                        parsed.first_output = index
    parsed.response_model = _latest(events.values, "model")
    parsed.response_id = _latest(events.values, "id")
    parsed.service_tier = _latest(events.values, "service_tier")
    parsed.complete = parsed.complete or events.done
    parsed.cut = parsed.finish_reason in CUT
    _use(reporting, parsed)


def _latest(events: list[Any], key: str) -> str | None:
    """What the last of `events` that says anything under `key` says."""
    for event in reversed(events):
        if type(event) is dict and event.get(key) and not event.get("error"):
            return text(event[key])
    return None


def _finish(choice: Json, parsed: ParsedResponse) -> None:
    parsed.complete = True
    if choice.get("index") in (0, None):
        parsed.finish_reason = text(choice["finish_reason"])


def _speaks(choice: Json) -> bool:
    """Whether a chunk's choice carries output."""
    if choice.get("text"):
        return True
    delta = choice.get("delta")
    return isinstance(delta, dict) and any(delta.get(key) for key in _OUTPUT)


def _usage(body: Json) -> Json | None:
    """The usage in an answer or a chunk. Groq may put it under ``x_groq``, Moonshot into the last chunk's choice.

    An example of Moonshot's: https://github.com/higress-group/higress/pull/1568
    """
    reported = body.get("usage")
    if reported:
        return reported if isinstance(reported, dict) else None
    for place in (body.get("x_groq"), *objects(body.get("choices"))[:1]):
        elsewhere = dig(place, "usage")
        if isinstance(elsewhere, dict) and "prompt_tokens" in elsewhere:
            return elsewhere
    return None


def _use(body: Json, parsed: ParsedResponse) -> None:
    reported = _usage(body)
    if reported is None:
        return
    # These models search once for every answer and do not report it.
    model = parsed.response_model or ""
    searches = 1 if "-search-preview" in model or "-search-api" in model else None
    parsed.reported = reported
    if searches is None:
        usage = plain_chat_usage(reported, text_only=bool(parsed.request))
        if usage is not None and not kinds_sent(parsed.request):
            parsed.usage, parsed.settled = usage, True
            return
    parsed.usage = read_usage(reported, web_searches=searches)
    parsed.reported_cost = read_cost(reported)


CHAT = Dialect(
    plain=plain, stream=stream, assemble=assemble, output=output_messages, input=input_messages, estimates=True
)
