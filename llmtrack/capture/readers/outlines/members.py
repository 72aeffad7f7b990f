"""What of an answer may stand in an outline: usage whose every member is known by its name, and the names of things."""

from __future__ import annotations

from typing import Any

from llmtrack.capture.readers import counts

_LONGEST = 200
"""Characters of an id or a name; what is longer may be anything."""
_WORDS = frozenset({"service_tier", "inference_geo", "speed"})
"""Members of a usage that are words."""
_NAMES = frozenset(
    {
        *(name for path in counts.READ for name in path.split(".") if name not in ("input", "output")),
        *counts.SIDES,
        *_WORDS,
        "cost", "is_byok", "cost_details", "upstream_inference_cost", "cost_in_usd_ticks", "estimated_cost",
        "total_cost", "server_tool_use", "web_search_requests", "web_fetch_requests", "queue_time", "prompt_time",
        "completion_time", "total_time",
    }
)  # fmt: skip


class _Unknown(ValueError):
    """Something that an outline has no place for."""


def text_in(value: Any) -> Any:
    """An id or a name, as it is. Raises `ValueError` where it is no such thing."""
    if value is None or (type(value) is str and len(value) <= _LONGEST):
        return value
    raise _Unknown


def usage_in(usage: Any) -> bool:
    """Whether a usage reports something, all of it by names that are known, and in numbers."""
    return type(usage) is dict and bool(usage) and _is_known(usage)


def _is_known(usage: dict[str, Any]) -> bool:
    if not _NAMES.issuperset(usage):
        return False
    for name, value in usage.items():
        kind = type(value)
        if kind is int or value is None or kind is float or kind is bool:
            continue
        if kind is dict:
            if not _is_known(value):
                return False
        elif kind is not str or name not in _WORDS or len(value) > _LONGEST:
            return False
    return True


_ITEMS = frozenset({"message", "reasoning", "function_call", "custom_tool_call"})
_TOOLS = frozenset({"function", "custom"})


def response_in(body: dict[str, Any]) -> dict[str, Any] | None:
    """What is read off a response that ran no tool of the provider's; None of others. Raises `ValueError`."""
    usage, details = body.get("usage"), body.get("incomplete_details")
    if body.get("error") or body.get("tool_usage") or (usage and not usage_in(usage)):
        return None
    for name, kinds in (("output", _ITEMS), ("tools", _TOOLS)):
        items = body.get(name)
        if items is not None and type(items) is not list:
            return None
        if any(type(item) is not dict or item.get("type") not in kinds for item in items or ()):
            return None
    left = {name: text_in(body.get(name)) for name in ("id", "model", "status", "service_tier")}
    left["background"] = body.get("background") is True
    left["usage"] = usage if usage else None
    if type(details) is dict:
        left["incomplete_details"] = {"reason": text_in(details.get("reason"))}
    return left
