"""Token counts as Anthropic reports them: ``input_tokens`` leaves cache reads and writes out; they are added here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from llmtrack.capture.readers.counts import doubt_of
from llmtrack.capture.readers.json_values import MOST, count, dig, objects, plus
from llmtrack.capture.readers.openai_usage import other_tools
from llmtrack.pricing.reasons import Reason
from llmtrack.pricing.usage import Usage

Json = dict[str, Any]


def merge(old: Json, new: Any) -> Json:
    """The usage after a later report of it: counts are cumulative and *replace* earlier ones, up or down.

    What the later report leaves out stands (older versions of the API repeat no input tokens), except for the list of
    iterations, which is told with the counts it explains or not at all.
    """
    if not isinstance(new, dict):
        return old
    earlier = {key: value for key, value in old.items() if key != "iterations"}
    written = new.get("cache_creation_input_tokens")
    if written is not None and new.get("cache_creation") is None and not _an_hour(old):
        earlier.pop("cache_creation", None)  # it broke down another sum, and says nothing that the sum does not
    return {**earlier, **{key: value for key, value in new.items() if value is not None}}


def read_usage(reported: Json, model: str | None) -> Usage:
    """The usage in `reported`, of an answer by `model`.

    ``iterations`` lists each sampling the provider ran. What it lists beyond the top level, such as a compaction or an
    advisor on another model, is billed too, so the sums over it are the totals. See
    https://platform.claude.com/docs/en/build-with-claude/compaction
    """
    top = _read(reported)
    iterations = objects(reported.get("iterations"))
    if not iterations:
        return top
    # What an iteration does not mention, it did not use.
    runs = [
        (run.get("model"), _read({**run, "input_tokens": count(run.get("input_tokens")) or 0})) for run in iterations
    ]
    summed = _sum([usage for _, usage in runs])
    if (summed.input_tokens or 0) + (summed.output_tokens or 0) < (top.input_tokens or 0) + (top.output_tokens or 0):
        return replace(top, doubt=Reason.COUNTS_CONTRADICT.value)  # the list is not complete
    doubts = (doubt_of(run, usage) for run, (_, usage) in zip(iterations, runs, strict=True))
    others: dict[str, list[Usage]] = {}
    for name, usage in runs:
        if isinstance(name, str) and name and name != model:
            others.setdefault(name, []).append(usage)
    return replace(
        top,
        input_tokens=summed.input_tokens,
        output_tokens=summed.output_tokens,
        cache_read_tokens=summed.cache_read_tokens,
        cache_write_tokens=summed.cache_write_tokens,
        cache_write_1h_tokens=summed.cache_write_1h_tokens,
        others=tuple((name, _sum(usages)) for name, usages in others.items()),
        doubt=next((doubt for doubt in doubts if doubt is not None), None),
    )


_OF_MESSAGES = frozenset(
    {
        "input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "cache_creation",
        "service_tier", "inference_geo",
    }
)  # fmt: skip
_KINDS_OF_WRITES = {"ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"}
_WORDS = ("service_tier", "inference_geo")


def plain_message_usage(reported: Json, *, text_only: bool) -> Usage | None:
    """The usage of a message that reports the usual counts, which agree with each other; None of any other.

    The same as what `read_usage` and `counts` make of it, in one look. `text_only`: the request is known to hold
    nothing but text.
    """
    if not _OF_MESSAGES.issuperset(reported):
        return None
    fresh, out = reported.get("input_tokens"), reported.get("output_tokens")
    read, written = reported.get("cache_read_input_tokens"), reported.get("cache_creation_input_tokens")
    if type(fresh) is not int or type(out) is not int or fresh < 0 or not 0 <= out <= MOST:
        return None
    if (read is not None and (type(read) is not int or read < 0)) or (
        written is not None and (type(written) is not int or written < 0)
    ):
        return None
    hour = None
    if parts := reported.get("cache_creation"):
        if type(parts) is not dict or parts.keys() != _KINDS_OF_WRITES:
            return None
        hour, minutes = parts["ephemeral_1h_input_tokens"], parts["ephemeral_5m_input_tokens"]
        if type(hour) is not int or type(minutes) is not int or hour < 0 or minutes < 0 or hour + minutes != written:
            return None
    for name in _WORDS:
        if type(reported.get(name)) not in (str, type(None)):
            return None
    into = fresh + (read or 0) + (written or 0)
    if into > MOST:
        return None
    return Usage(into, out, read, written, hour, text_only=text_only and into > 0)


def _an_hour(reported: Json) -> int | None:
    return count(dig(reported, "cache_creation", "ephemeral_1h_input_tokens"))


def _read(reported: Json) -> Usage:
    read, written = count(reported.get("cache_read_input_tokens")), count(reported.get("cache_creation_input_tokens"))
    an_hour = None
    if reported.get("cache_creation"):
        an_hour = _an_hour(reported)
        if written is None:
            written = plus(an_hour, count(dig(reported, "cache_creation", "ephemeral_5m_input_tokens")))
        elif an_hour is not None:
            an_hour = min(an_hour, written)  # a later report may lower the sum and leave out the breakdown
    fresh = count(reported.get("input_tokens"))
    server_tools = reported.get("server_tool_use")
    searches = count(dig(server_tools, "web_search_requests"))
    tools = other_tools(server_tools)
    usage = Usage(
        input_tokens=None if fresh is None else plus(fresh, read, written),
        output_tokens=count(reported.get("output_tokens")),
        cache_read_tokens=read,
        cache_write_tokens=written,
        cache_write_1h_tokens=an_hour,
        reasoning_tokens=count(dig(reported, "output_tokens_details", "thinking_tokens")),
        web_searches=searches,
    )
    return replace(usage, tools=tools) if tools else usage


def _sum(usages: list[Usage]) -> Usage:
    def over(name: str) -> int | None:
        return plus(*(getattr(usage, name) for usage in usages))

    return Usage(
        input_tokens=over("input_tokens"),
        output_tokens=over("output_tokens"),
        cache_read_tokens=over("cache_read_tokens"),
        cache_write_tokens=over("cache_write_tokens"),
        cache_write_1h_tokens=over("cache_write_1h_tokens"),
    )
