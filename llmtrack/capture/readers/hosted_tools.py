"""What the provider's own tools did inside a response of OpenAI's, as far as it is charged apart from the model."""

from __future__ import annotations

from typing import Any

from llmtrack.capture.readers.counts import doubt_of, settled, with_request
from llmtrack.capture.readers.json_values import count, dig, objects, text
from llmtrack.capture.readers.openai_usage import read_usage
from llmtrack.capture.readers.parsed_response import Said
from llmtrack.pricing.reasons import Reason
from llmtrack.pricing.supplements import SEARCH_BLOCK, bills_search_blocks
from llmtrack.pricing.usage import Usage

Json = dict[str, Any]

_OWN = frozenset(
    {
        "function_call", "custom_tool_call", "computer_call", "local_shell_call", "apply_patch_call",
        "tool_search_call", "web_search_call", "shell_call", "program_call",
    }
)  # fmt: skip
"""Calls that the caller's program carries out or that cost nothing but tokens; the last few are looked at apart."""
_COUNTED = ("image_gen", "web_search")
"""The tools whose use is read from ``tool_usage``."""


def hosted_tools(body: Json, request: Json) -> tuple[int | None, dict[str, int]]:
    """How many web searches the provider ran, and how often each of its other tools.

    Searches of the older tool, ``web_search_preview``, have a price of their own and are among the other tools. A shell
    in a container of the provider's is charged by the container and the minute, which no answer counts.
    """
    tools: dict[str, int] = {}
    searches: int | None = None
    for item in objects(body.get("output")):
        kind = item.get("type")
        if kind == "web_search_call":
            # Opening a page and finding text in it are not charged.
            searches = (searches or 0) + (dig(item, "action", "type") in ("search", None))
        elif kind == "shell_call":
            if not _runs_locally(item, body, request):
                tools["hosted_shell"] = tools.get("hosted_shell", 0) + 1
        elif isinstance(kind, str) and kind.endswith("_call") and kind not in _OWN:
            name = kind.removesuffix("_call")
            tools[name] = tools.get(name, 0) + 1
    reported = count(dig(body, "tool_usage", "web_search", "num_requests"))
    searches = searches if reported is None else reported
    if searches and _searches_with(body, request) == {"web_search_preview"}:
        tools["web_search_preview"], searches = searches, None
    return searches, tools


def _declared(body: Json, request: Json) -> list[Json]:
    """The tools that the model was given, as the answer repeats them or the request named them."""
    return objects(body.get("tools")) or objects(request.get("tools"))


def _searches_with(body: Json, request: Json) -> set[str]:
    """Which search tools the model was given, without the date that a name may end with."""
    kinds = {str(tool.get("type")) for tool in _declared(body, request)}
    return {
        "web_search_preview" if kind.startswith("web_search_preview") else "web_search"
        for kind in kinds
        if kind.startswith("web_search")
    }


def _runs_locally(item: Json, body: Json, request: Json) -> bool:
    environment = dig(item, "environment", "type")
    if environment is None:
        shells = [tool for tool in _declared(body, request) if tool.get("type") == "shell"]
        return bool(shells) and all(dig(tool, "environment", "type") in ("local", None) for tool in shells)
    return bool(environment == "local")


def drawing(body: Json, parsed: Said) -> list[tuple[str, Usage]]:
    """The tokens of pictures that were drawn, with the model that drew them, where both are told."""
    reported = dig(body, "tool_usage", "image_gen")
    models = {
        text(tool.get("model")) for tool in _declared(body, parsed.request) if tool.get("type") == "image_generation"
    }
    model = models.pop() if len(models) == 1 else None
    if not isinstance(reported, dict) or model is None:
        return []
    usage = read_usage(_inside(reported))
    if not usage.input_tokens and not usage.output_tokens:
        return []
    usage = settled(usage, _inside(reported), provider=parsed.provider, model=model, request=parsed.request)
    return [(model, with_request(usage, parsed.request))]


def _inside(reported: Json) -> Json:
    """The usage of drawing with what was cached where other usages have it: inside the breakdown of the input."""
    cached = reported.get("cached_tokens_details")
    more: Json = {} if reported.get("cached_tokens") is None else {"cached_tokens": reported["cached_tokens"]}
    if isinstance(cached, dict):
        more["cached_tokens_details"] = {
            "image_tokens": cached.get("cached_image_tokens"),
            "text_tokens": cached.get("cached_text_tokens"),
        }
    rest = {key: value for key, value in reported.items() if not key.startswith("cached_tokens")}
    details = rest.get("input_tokens_details")
    return (
        {**rest, "input_tokens_details": {**(details if isinstance(details, dict) else {}), **more}} if more else rest
    )


def doubt_of_tools(body: Json, parsed: Said) -> str | None:
    """Why the cost of the provider's tools in this response is not certain."""
    usage = parsed.usage
    blocks = usage.web_searches if bills_search_blocks(parsed.provider, parsed.model) else None
    if blocks and (usage.input_tokens or 0) < SEARCH_BLOCK * blocks:
        return Reason.SEARCH_NOT_COUNTED.value
    if usage.web_searches and "web_search_preview" in _searches_with(body, parsed.request):
        return Reason.TOOL_NOT_PRICED.value  # which of the two tools it was, nobody says
    reported = body.get("tool_usage")
    others = (
        {key: value for key, value in reported.items() if key not in _COUNTED} if isinstance(reported, dict) else {}
    )
    if doubt_of(others, Usage()) is not None:
        return Reason.COUNT_NOT_PRICED.value
    drawn = dig(reported, "image_gen")
    if isinstance(drawn, dict) and (count(drawn.get("output_tokens")) or count(drawn.get("input_tokens"))):
        return None if parsed.others else Reason.TOOL_NOT_PRICED.value  # by which model, nobody says
    return None
