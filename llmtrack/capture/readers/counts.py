"""One rule for every reader: counts that contradict each other, or that nobody reads, never make an exact cost.

Where a provider's documents say what a difference is, it is counted as that; elsewhere the usage says why it is
in doubt.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from itertools import combinations
from typing import Any

from llmtrack.capture.readers.json_values import MOST, count, objects, plus
from llmtrack.pricing.providers import provider_id
from llmtrack.pricing.reasons import Reason
from llmtrack.pricing.usage import Usage

Json = dict[str, Any]

SIDES = {
    "prompt_tokens_details": "input",
    "input_tokens_details": "input",
    "prompt_token_details": "input",
    "input_token_details": "input",
    "completion_tokens_details": "output",
    "output_tokens_details": "output",
    "completion_token_details": "output",
    "output_token_details": "output",
}
"""The breakdowns of a count, by the names they go by."""

READ = frozenset(
    {
        "prompt_tokens", "completion_tokens", "input_tokens", "output_tokens", "total_tokens",
        "cached_tokens", "num_cached_tokens", "prompt_cache_hit_tokens", "prompt_cache_miss_tokens", "reasoning_tokens",
        "input.cached_tokens", "input.cache_write_tokens", "input.audio_tokens", "input.image_tokens",
        "input.text_tokens",
        "input.cached_tokens_details.audio_tokens", "input.cached_tokens_details.image_tokens",
        "input.cached_tokens_details.text_tokens",
        "input.cache_write_tokens_details.ttl_12h_tokens", "input.cache_write_tokens_details.ttl_30m_tokens",
        "output.reasoning_tokens", "output.audio_tokens", "output.image_tokens", "output.text_tokens",
        "output.thinking_tokens", "output.accepted_prediction_tokens", "output.rejected_prediction_tokens",
        "cached_tokens_details.cached_image_tokens", "cached_tokens_details.cached_text_tokens",
        "cache_read_input_tokens", "cache_creation_input_tokens",
        "cache_creation.ephemeral_5m_input_tokens", "cache_creation.ephemeral_1h_input_tokens",
        "num_search_queries", "prompt_audio_seconds", "seconds",
    }
)  # fmt: skip
"""Counts that a reader takes up, or that are part of one it takes up, by their path."""

_COUNTS = re.compile(
    r"^(?!time_).*(?<![^_])(?:tokens?|seconds|minutes|requests|queries|characters|chars|images?|pages|calls|searches|sources|units"
    r"|count|used)$|^num_"
)
"""What the name of a count looks like; times, costs and rates do not."""

_SPELLINGS = (
    ("prompt_tokens", "input_tokens"),
    ("completion_tokens", "output_tokens"),
    ("input.cached_tokens", "cached_tokens", "num_cached_tokens", "prompt_cache_hit_tokens"),
    ("output.reasoning_tokens", "reasoning_tokens"),
)
"""Names of the same count; where several are given, they must agree."""

_OTHER_SPELLINGS = frozenset(name for spellings in _SPELLINGS for name in spellings[1:])
_KINDS_OF_CONTENT = frozenset(
    f"{side}.{kind}_tokens" for side in ("input", "output") for kind in ("text", "audio", "image")
)

_SUMS = (
    ("cache_creation_input_tokens", "cache_creation."),
    ("input.cache_write_tokens", "input.cache_write_tokens_details."),
    ("prompt_tokens", "prompt_cache_"),
)
"""Counts whose breakdown, where there is one, must add up to them."""

_SPEECH_TOKENS = 20
"""More tokens than Mistral makes of a second of speech; it counts them in the total and bills the seconds."""


def settled(usage: Usage, reported: Json, *, provider: str, model: str | None, request: Json) -> Usage:
    """`usage`, which was read from `reported`, with what lies outside its counts added, and its doubt if it has one."""
    usage, sure = _with_outside(usage, reported, provider, model, request)
    doubt = usage.doubt or doubt_of(reported, usage) if sure else Reason.COUNTS_CONTRADICT.value
    return usage if doubt == usage.doubt else replace(usage, doubt=doubt)


def doubt_of(reported: Json, usage: Usage) -> str | None:
    """Why the counts in `reported`, read as `usage`, cannot all be right or are not all of it; None where they can."""
    members: Json = {}
    _collect(reported, "", members)
    unread = False
    for path, value in members.items():
        if type(value) is int and 0 <= value <= MOST:
            unread = unread or (value > 0 and path not in READ and _is_count(path))
        elif path in READ:
            if count(value) is None and not _may_be_fraction(path, value):
                return Reason.COUNTS_CONTRADICT.value
        elif isinstance(value, (int, float)) and value > 0 and not isinstance(value, bool):
            unread = unread or _is_count(path)
    if _disagree(members, usage):
        return Reason.COUNTS_CONTRADICT.value
    return Reason.COUNT_NOT_PRICED.value if unread else None


def _collect(reported: Json, prefix: str, members: Json) -> None:
    """Puts every plain value in `reported` into `members` by its path, each breakdown of input or output under one."""
    for key, value in reported.items():
        if isinstance(value, dict):
            _collect(value, f"{prefix}{SIDES.get(key, key)}.", members)
        elif value is not None and not isinstance(value, list):
            members[prefix + key] = value


@lru_cache(1024)
def _is_count(path: str) -> bool:
    """Whether a member of this path, which no reader takes up, is a count."""
    if path.startswith("server_tool_use.") and path.endswith("_requests"):
        return False
    return _COUNTS.search(path.rpartition(".")[2]) is not None


def with_others(usage: Usage, others: list[tuple[str, Usage]]) -> Usage:
    """`usage` with work on other models added to its totals; None stays None where neither side is known."""
    if not others:
        return usage
    every = [usage, *(other for _, other in others)]
    totals = {name: plus(*(getattr(usage, name) for usage in every)) for name in _ADDED}
    return replace(usage, **totals, others=(*usage.others, *others))  # type: ignore[arg-type]  # counts, all of them


_ADDED = (
    "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens",
    "input_image_tokens", "cache_read_image_tokens", "output_image_tokens",
)  # fmt: skip


# -- what lies outside ---------------------------------------------------------------------------------------------


def _with_outside(usage: Usage, reported: Json, provider: str, model: str | None, request: Json) -> tuple[Usage, bool]:
    """`usage` with the parts that were reported beside their whole added to it, and whether that is sure.

    xAI counts reasoning beside ``completion_tokens`` and inside ``total_tokens`` only
    (https://docs.x.ai/docs/key-information/consumption-and-rate-limits), wherever its models are served; Gemini does so
    with thoughts, and does not name them in OpenAI's dialect (https://ai.google.dev/api/generate-content#UsageMetadata).
    """
    into, out = usage.input_tokens, usage.output_tokens or 0
    if into is None:
        return usage, True
    total = count(reported.get("total_tokens"))
    fresh = count(reported.get("input_tokens"))
    beside = None if total is None or total == plus(fresh, out) else total - into - out
    reasoning, read, written = usage.reasoning_tokens or 0, usage.cache_read_tokens or 0, usage.cache_write_tokens or 0
    if not beside and reasoning <= out and read + written <= into and not (total is None and reasoning):
        return usage, True  # Nearly always.
    parts = {"reasoning": reasoning, "read": read, "written": written}
    overfull = {"reasoning"} if parts["reasoning"] > out else set[str]()
    if parts["read"] + parts["written"] > into:
        overfull |= {"read"} if parts["read"] > into else {"read", "written"}
    by_xai = provider_id(provider) == "x-ai" or "grok" in (model or "").lower()
    if not beside and not overfull:
        if total is None and by_xai and parts["reasoning"] and "prompt_tokens" in reported:
            return _added(usage, parts, ("reasoning",)), True
        return usage, True
    outside = _outside(beside or 0, parts, overfull)
    if outside is not None:
        by_google = provider_id(provider) == "google" and outside == ("reasoning",)
        return _added(usage, parts, outside), by_xai or by_google
    if overfull:
        outside = tuple(overfull)
        return _added(usage, parts, outside), by_xai and total is None and outside == ("reasoning",)
    return _with_unnamed(usage, beside or 0, provider, request)


def _with_unnamed(usage: Usage, beside: int, provider: str, request: Json) -> tuple[Usage, bool]:
    """`usage` with tokens that only the total holds, where it is known what they are."""
    if beside > 0 and provider_id(provider) == "google" and not usage.reasoning_tokens:
        thought = replace(usage, output_tokens=(usage.output_tokens or 0) + beside, reasoning_tokens=beside)
        # What Google's own tools put into the prompt is in the total, too.
        tools = objects(request.get("tools"))
        return thought, "google" not in request and all(tool.get("type") == "function" for tool in tools)
    if usage.audio_seconds and 0 < beside <= usage.audio_seconds * _SPEECH_TOKENS:
        return usage, True
    return usage, False


def _outside(beside: int, parts: dict[str, int], overfull: set[str]) -> tuple[str, ...] | None:
    """Which parts make up what the total has `beside` input and output, those that do not fit inside among them."""
    given = [name for name, size in parts.items() if size]
    for size in range(1, len(given) + 1):
        for names in combinations(given, size):
            if sum(parts[name] for name in names) == beside and overfull <= set(names):
                return names
    return None


def _added(usage: Usage, parts: dict[str, int], outside: tuple[str, ...]) -> Usage:
    more_in = sum(parts[name] for name in outside if name != "reasoning")
    more_out = parts["reasoning"] if "reasoning" in outside else 0
    into, out = usage.input_tokens or 0, usage.output_tokens or 0
    return replace(usage, input_tokens=into + more_in, output_tokens=out + more_out)


# -- what cannot be --------------------------------------------------------------------------------------------------


def _disagree(members: Json, usage: Usage) -> bool:
    """Whether the counts cannot all be right: two spellings that differ, parts greater than their whole."""
    if not _OTHER_SPELLINGS.isdisjoint(members):
        for spellings in _SPELLINGS:
            if len({members[name] for name in spellings if members.get(name)}) > 1:
                return True
    for whole, prefix in _SUMS:
        if whole in members and (of_whole := count(members[whole])) is not None:
            parts = [count(value) or 0 for path, value in members.items() if path.startswith(prefix)]
            if parts and (sum(parts) > of_whole or (len(parts) > 1 and sum(parts) != of_whole)):
                return True
    return _overflows(members, "input.", usage.input_tokens) or _overflows(members, "output.", usage.output_tokens)


def _may_be_fraction(path: str, value: Any) -> bool:
    """Seconds may come in fractions; everything else is counted whole."""
    return path.endswith("seconds") and isinstance(value, float) and value >= 0


def _overflows(members: Json, side: str, whole: int | None) -> bool:
    """Whether parts of one side are more than all of it, each alone or the kinds of content together."""
    if whole is None:
        return False
    kinds = of_cached = 0
    for path, value in members.items():
        if value and path.startswith(side):
            part = count(value) or 0
            if part > whole and path.endswith("tokens"):
                return True
            if path in _KINDS_OF_CONTENT:
                kinds += part
            elif "cached_tokens_details." in path:
                of_cached += part
    return kinds > whole or (of_cached > 0 and of_cached > (count(members.get(side + "cached_tokens")) or 0))


# -- what the request holds --------------------------------------------------------------------------------------------

_KINDS = {
    "input_audio": "input_audio",
    "audio_url": "input_audio",
    "audio": "input_audio",
    "image_url": "input_image",
    "input_image": "input_image",
    "image": "input_image",
}
_TEXTS = frozenset(
    {
        "text", "input_text", "output_text", "refusal", "tool_use", "tool_result", "thinking", "reasoning", "message",
        "function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output",
    }
)  # fmt: skip
_ELSEWHERE = ("previous_response_id", "conversation", "prompt")
"""Members of a Responses request by which it takes in what is kept at the provider."""


def with_request(usage: Usage, request: Json) -> Usage:
    """`usage` with what the request tells of it: that all of it is text, or that sound or pictures were not counted."""
    if not request or (usage.input_audio_tokens and usage.input_image_tokens):
        return usage
    kinds = kinds_sent(request)
    if not kinds:
        return replace(usage, text_only=True) if usage.input_tokens else usage
    missing = tuple(
        name
        for name, counted in (
            ("input_audio", usage.input_audio_tokens or usage.audio_seconds),
            ("audio_hour", usage.input_audio_tokens or usage.audio_seconds),
            ("input_image", usage.input_image_tokens),
        )
        if not counted and name.replace("audio_hour", "input_audio") in kinds
    )
    return replace(usage, uncounted=missing) if missing else usage


def kinds_sent(request: Json) -> set[str]:
    """The kinds of content in a request that are not text: classes of price, or ``other`` for what is not known."""
    kinds: set[str] = set()
    if "messages" not in request and "input" in request and any(request.get(name) for name in _ELSEWHERE):
        kinds.add("other")
    messages = request.get("messages")
    for message in objects(messages if messages is not None else request.get("input")):
        if type(message.get("content")) is str:
            continue  # Nearly always.
        content = message.get("content", message.get("output"))
        for part in [message] if content is None else objects(content):
            kind = part.get("type")
            if kind is not None:
                kinds.add(kind_of_content(kind))
    kinds.discard("text")
    return kinds


def kind_of_content(kind: Any) -> str:
    """What a part of a message is, by its type: ``text``, a class of price, or ``other`` for what is not known."""
    return "text" if str(kind) in _TEXTS else _KINDS.get(str(kind), "other")
