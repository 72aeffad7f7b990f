"""The classes of usage that can have a price of their own, and the unit each is priced by."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PER: Mapping[str, int] = MappingProxyType(
    {
        "input": 1_000_000,
        "cache_read": 1_000_000,
        "cache_write": 1_000_000,
        "cache_write_1h": 1_000_000,
        "cache_write_12h": 1_000_000,
        "output": 1_000_000,
        "reasoning": 1_000_000,
        "input_audio": 1_000_000,
        "cache_read_audio": 1_000_000,
        "output_audio": 1_000_000,
        "input_image": 1_000_000,
        "cache_read_image": 1_000_000,
        "output_image": 1_000_000,
        "characters": 1_000_000,
        "audio_hour": 3_600,
        "request": 1_000,
        "web_search": 1_000,
    }
)
"""How many of a class one price is for: tokens and characters by the million, audio by the hour, the rest by 1,000."""

TOOL = "tool:"
"""``tool:file_search`` and so on are classes too, priced per 1,000 runs."""

FROM_LIST: Mapping[str, str] = MappingProxyType(
    {
        "input_mtok": "input",
        "cache_read_mtok": "cache_read",
        "cache_write_mtok": "cache_write",
        "cache_write_1h_mtok": "cache_write_1h",
        "output_mtok": "output",
        "output_reasoning_mtok": "reasoning",
        "input_audio_mtok": "input_audio",
        "cache_audio_read_mtok": "cache_read_audio",
        "output_audio_mtok": "output_audio",
        "input_image_mtok": "input_image",
        "cache_image_read_mtok": "cache_read_image",
        "output_image_mtok": "output_image",
        "input_mchars": "characters",
        "audio_hours": "audio_hour",
        "input_audio_hours": "audio_hour",
        "requests_kcount": "request",
        "web_searches_kcount": "web_search",
        "storage_searches_kcount": "tool:file_search",
        "code_executions_kcount": "tool:code_execution",
    }
)
"""The names genai-prices has for them. Its other classes (pages, pixels, video, citations) are counted nowhere here."""


def per(name: str) -> int | None:
    """How many of class `name` one price is for; None where there is no such class."""
    if name.startswith(TOOL) and len(name) > len(TOOL):
        return 1_000
    return PER.get(name)


def unit(name: str) -> str:
    """The unit in words: ``per million tokens``."""
    if name == "audio_hour":
        return "per hour"
    if name == "characters":
        return "per million characters"
    if name == "web_search":
        return "per 1,000 searches"
    if name == "request":
        return "per 1,000 requests"
    if name.startswith(TOOL):
        return "per 1,000 runs"
    return "per million tokens"
