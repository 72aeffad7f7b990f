"""Token counts as OpenAI and its look-alikes report them: ``input_tokens`` holds the cached ones."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from llmtrack.capture.readers.json_values import MOST, count, dig, dollars, plus
from llmtrack.pricing.usage import Usage

Json = dict[str, Any]

_CACHED = (
    "cached_tokens", "num_cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens"
)  # fmt: skip
"""Names of the tokens read from a cache: of OpenAI, Mistral and DeepSeek, and of Anthropic behind a gateway."""


def read_usage(reported: Json, *, web_searches: int | None = None, tools: dict[str, int] | None = None) -> Usage:
    """The usage in `reported`, in any of the shapes that speak of prompt and completion or of input and output."""
    old = "prompt_tokens" in reported and not reported.get("input_tokens")
    into, out = ("prompt_tokens", "completion_tokens") if old else ("input_tokens", "output_tokens")
    of_input = _details(reported, into)
    of_output = _details(reported, out)
    if web_searches is None:
        web_searches = _searches(reported)
    of_written = _object(of_input.get("cache_write_tokens_details"))
    of_cached = _object(of_input.get("cached_tokens_details"))
    half_day = count(of_written.get("ttl_12h_tokens"))
    written = count(of_input.get("cache_write_tokens", reported.get("cache_creation_input_tokens")))
    if written is None and of_written:
        written = plus(half_day, count(of_written.get("ttl_30m_tokens")))
    tools = tools or other_tools(reported.get("server_tool_use"))
    usage = Usage(
        input_tokens=count(reported.get(into)),
        output_tokens=count(reported.get(out)),
        cache_read_tokens=_cached(reported, of_input),
        cache_write_tokens=written,
        cache_write_12h_tokens=half_day or None,
        reasoning_tokens=count(of_output.get("reasoning_tokens", reported.get("reasoning_tokens"))),
        input_audio_tokens=count(of_input.get("audio_tokens")),
        output_audio_tokens=count(of_output.get("audio_tokens")),
        cache_read_audio_tokens=count(of_cached.get("audio_tokens")),
        input_image_tokens=count(of_input.get("image_tokens")),
        cache_read_image_tokens=count(of_cached.get("image_tokens")),
        output_image_tokens=count(of_output.get("image_tokens")),
        web_searches=web_searches,
        audio_seconds=_seconds(reported.get("prompt_audio_seconds")),
    )
    return replace(usage, tools=tools) if tools else usage


_OF_INPUT = frozenset({"cached_tokens", "audio_tokens"})
_OF_OUTPUT = frozenset({"reasoning_tokens", "audio_tokens", "accepted_prediction_tokens", "rejected_prediction_tokens"})
_NO_DETAILS: Json = {}


def plain_chat_usage(reported: Json, *, text_only: bool) -> Usage | None:
    """The usage of a chat completion that reports the usual counts, which agree with each other; None of any other.

    The same as what `read_usage` and `counts` make of it, in one look: nearly every answer's is. `text_only`: the
    request is known to hold nothing but text.
    """
    into, out = reported.get("prompt_tokens"), reported.get("completion_tokens")
    if type(into) is not int or type(out) is not int or into < 0 or out < 0 or into + out > MOST:
        return None
    if reported.get("total_tokens") != into + out or type(reported["total_tokens"]) is not int:
        return None
    of_input, of_output, members = _NO_DETAILS, _NO_DETAILS, 3
    if "prompt_tokens_details" in reported:
        members += 1
        of_input = _NO_DETAILS if (details := reported["prompt_tokens_details"]) is None else details
        if not _fit(of_input, _OF_INPUT, into):
            return None
    if "completion_tokens_details" in reported:
        members += 1
        of_output = _NO_DETAILS if (details := reported["completion_tokens_details"]) is None else details
        if not _fit(of_output, _OF_OUTPUT, out):
            return None
    if len(reported) != members:
        return None
    return Usage(
        into,
        out,
        of_input.get("cached_tokens"),
        reasoning_tokens=of_output.get("reasoning_tokens"),
        input_audio_tokens=of_input.get("audio_tokens"),
        output_audio_tokens=of_output.get("audio_tokens"),
        text_only=text_only and into > 0,
    )


def _fit(details: Any, names: frozenset[str], whole: int) -> bool:
    """Whether a breakdown has members of these names only, none of which is more than the whole."""
    if type(details) is not dict or not names.issuperset(details):
        return False
    for part in details.values():
        if part is not None and (type(part) is not int or not 0 <= part <= whole):
            return False
    return True


def _details(reported: Json, name: str) -> Json:
    """The breakdown of the count `name`. Transcriptions call it ``input_token_details``."""
    details = reported.get(name + "_details")
    if details is None:
        details = reported.get(name.replace("tokens", "token_details"))
    return _object(details)


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _cached(reported: Json, of_input: Json) -> int | None:
    """Tokens read from a cache. Some count them beside the breakdown (Moonshot, Together) or by names of their own."""
    for name in _CACHED:
        cached = count(reported[name] if name in reported else of_input.get(name))
        if cached is not None:
            return cached
    return None


def other_tools(reported: Any) -> dict[str, int]:
    """The runs of each tool of the provider but web search: ``web_fetch_requests`` and the like."""
    if not isinstance(reported, dict):
        return {}
    return {
        key.removesuffix("_requests"): number
        for key, value in reported.items()
        if key.endswith("_requests") and key != "web_search_requests" and (number := count(value))
    }


def _seconds(value: Any) -> Decimal | None:
    """Audio that is billed by its length (Mistral). Without any there is none to bill."""
    return dollars(value) or None


def _searches(reported: Json) -> int | None:
    """Web searches, where a look-alike counts them in its usage (OpenRouter, Perplexity)."""
    searches = count(dig(reported, "server_tool_use", "web_search_requests"))
    return count(reported.get("num_search_queries")) if searches is None else searches


def read_cost(reported: Json) -> Decimal | None:
    """What the provider says it charged, in US dollars, where it says so.

    OpenRouter: ``cost``, to which the price of the model behind it comes when one's own key is used there.
    Perplexity: ``cost.total_cost``. xAI: ``cost_in_usd_ticks``, of 10^-10 dollars. DeepInfra: ``estimated_cost``.
    """
    cost = reported.get("cost")
    if isinstance(cost, dict):
        return dollars(cost.get("total_cost"))
    if cost is not None:
        amount = dollars(cost)
        if amount is None or reported.get("is_byok") is not True:
            return amount
        upstream = dollars(dig(reported, "cost_details", "upstream_inference_cost"))
        return None if upstream is None else amount + upstream
    ticks = count(reported.get("cost_in_usd_ticks"))
    if ticks:  # 0 stands where the cost was not worked out
        return Decimal(ticks).scaleb(-10)
    return dollars(reported.get("estimated_cost"))
