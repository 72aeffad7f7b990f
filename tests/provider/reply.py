"""What the fake model says and counts, before a dialect puts it on the wire."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.provider.faults import Wishes

SERVED = {
    "gpt-4o": "gpt-4o-2024-08-06",
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
    "gpt-5": "gpt-5-2025-08-07",
    "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
    "claude-haiku-4-5": "claude-haiku-4-5-20251001",
    "claude-3-opus-latest": "claude-3-opus-20240229",
}
"""The dated model that answers for a name; any other name answers for itself."""

WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
REASONING = "Let me think."
REFUSAL = "I cannot help with that."
TOOL_NAME = "get_weather"
TOOL_INPUT = {"city": "Paris"}
TOOL_JSON = json.dumps(TOOL_INPUT)


@dataclass(frozen=True)
class Reply:
    """One reply, as words and counts.

    Wishes: ``@tokens=50`` and ``@long`` (4,000) give the number of tokens, ``@empty`` no text, ``@tools`` a call of
    `TOOL_NAME`, ``@refusal`` a refusal, ``@thinking`` reasoning before the text, ``@length`` and ``@filter`` a reply
    the provider cut off, ``@cached`` and ``@cache-write`` parts of the input that a cache held or took.
    """

    model: str
    wishes: Wishes
    structured: bool = False
    """The caller asked for JSON."""

    @property
    def served(self) -> str:
        """The model that answered."""
        return SERVED.get(self.model, self.model)

    @property
    def pieces(self) -> list[str]:
        """The text, a token at a time."""
        if self.structured:
            return ['{"answer":', " 42}"]
        if any(word in self.wishes for word in ("empty", "tools", "refusal")):
            return []
        if "tokens" in self.wishes or "long" in self.wishes:
            return [f"{WORDS[i % 10]} " for i in range(int(self.wishes.get("tokens") or 4000))]
        return ["Hello", " world"]

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.pieces)

    @property
    def thinks(self) -> bool:
        """Whether reasoning comes first."""
        return "thinking" in self.wishes

    @property
    def calls_tool(self) -> bool:
        """Whether a tool is called instead of saying something."""
        return "tools" in self.wishes

    @property
    def refuses(self) -> bool:
        """Whether the model declines."""
        return "refusal" in self.wishes

    @property
    def input_tokens(self) -> int:
        """All input, whatever a cache held of it."""
        return 100

    @property
    def cached_tokens(self) -> int:
        """Input read from a cache."""
        return 40 if "cached" in self.wishes else 0

    @property
    def cache_write_tokens(self) -> int:
        """Input written to a cache."""
        return 30 if "cache-write" in self.wishes else 0

    @property
    def cache_write_1h_tokens(self) -> int:
        """Those of them written for an hour."""
        return 10 if "cache-write" in self.wishes else 0

    @property
    def output_tokens(self) -> int:
        """All output, reasoning included."""
        if "tokens" in self.wishes or "long" in self.wishes:
            return len(self.pieces) + self.reasoning_tokens
        return 0 if "empty" in self.wishes else 20

    @property
    def reasoning_tokens(self) -> int:
        """Output spent on thinking."""
        return 5 if self.thinks else 0


def reply_for(model: str, wishes: Wishes, body: dict[str, Any]) -> Reply:
    """The reply to one request in any dialect."""
    formats = (
        body.get("response_format"),
        (body.get("text") or {}).get("format"),
        body.get("output_format"),
        (body.get("output_config") or {}).get("format"),
    )
    structured = any(isinstance(one, dict) and one.get("type") in ("json_schema", "json_object") for one in formats)
    return Reply(model, wishes, structured)
