"""The most that a request can use, and the most that it can cost: an upper bound, not an estimate.

Input is bounded by the bytes of the body, since a token is at least a byte, with what providers add for pictures and
tools; and by the model's context window. Output is bounded by ``max_tokens``, or what the model can write.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from llmtrack.billing.limits.ceilings import MostUsed, most_cost
from llmtrack.billing.limits.facts import BOUNDABLE, FREE, RequestFacts
from llmtrack.pricing import Pricer, Reason
from llmtrack.pricing.listing import context_window

OVERHEAD = 500
"""Tokens that a provider adds to any request: how its messages are framed, how a schema is explained."""
TOOLS_OVERHEAD = 1_000
"""Tokens of the instructions that come with tools, and …"""
TOOL_OVERHEAD = 250
"""… for each of them. Anthropic states up to 804 for the choice of tools and up to 735 for a tool of its own:
https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview"""
_PICTURE = {"anthropic": 5_000, "openai": 12_000}
"""Tokens of the largest picture, as providers state it: https://platform.claude.com/docs/en/build-with-claude/vision,
https://developers.openai.com/api/docs/guides/images-vision."""
_MINI_PICTURE = 50_000
"""The same at ``gpt-4o-mini``: 2,833, and 5,667 for each of 8 tiles."""
_NEVER_BOUNDED = ("image_generation", "advisor", "hosted_shell")
"""Tools that are charged by the picture, by the minute, or at another model's price."""
_LONG_CONTEXT = 1_000_000
"""The context window with Anthropic's ``context-1m`` beta."""
_WRITES = (
    ("gpt-4o", 16_384), ("gpt-4.1", 32_768), ("gpt-5", 128_000), ("o1", 100_000), ("o3", 100_000), ("o4", 100_000),
    ("gpt-3.5-turbo", 4_096), ("gpt-4-turbo", 4_096), ("chatgpt-4o", 16_384),
)  # fmt: skip
"""The most that models write at once, as their maker states it: https://developers.openai.com/api/docs/models. With the
beginning of the model's name; the first that fits counts."""


class Where(Protocol):
    """To whom a request goes."""

    @property
    def provider(self) -> str: ...

    @property
    def model(self) -> str | None: ...

    @property
    def operation(self) -> str: ...

    @property
    def region(self) -> str | None: ...

    @property
    def long_context(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Bound:
    """What one attempt cannot exceed."""

    input_tokens: int
    output_tokens: int
    used: MostUsed

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class Unbounded:
    """There is no bound, and why: a sentence that says what would bound it."""

    why: str


def bound_of(where: Where, facts: RequestFacts) -> Bound | Unbounded:
    """The most that a request can use."""
    if where.operation in FREE:
        return Bound(0, 0, MostUsed(requests=0))
    if where.operation == "speech" and facts.characters:
        return _spoken(where, facts)
    if where.operation not in BOUNDABLE:
        return Unbounded(f"nothing in a request for {where.operation} bounds what it costs")
    dear = sorted(name for name in facts.server_tools if name.startswith(_NEVER_BOUNDED))
    if dear:
        return Unbounded(f"the tool {dear[0]} is charged by what nothing in the request bounds; leave it out")
    unlimited = sorted(name for name, uses in facts.server_tools.items() if uses is None)
    if unlimited:
        return Unbounded(
            f"the tool {unlimited[0]} may run as often as it likes; give it max_uses, or the request max_tool_calls"
        )
    window = _window(where)
    held = facts.size + facts.pictures * _picture(where) + OVERHEAD
    if facts.tools:
        held += TOOLS_OVERHEAD + TOOL_OVERHEAD * facts.tools
    if facts.points_elsewhere or facts.server_tools:
        if window is None:
            return Unbounded(
                f"the request points at content that it does not hold, and the context window of {where.model} is not "
                "known; send the content itself, as text"
            )
        held = window
    into = held if window is None else min(held, window)
    out = _output(where, facts, window)
    if out is None:
        return Unbounded(f"how much {where.model} may write is not known; give max_tokens")
    turns = 1 + sum(uses or 0 for uses in facts.server_tools.values())
    input_tokens, output_tokens = into * turns, out * turns
    searches = sum(uses or 0 for name, uses in facts.server_tools.items() if name.startswith("web_search"))
    used = MostUsed(input_tokens, output_tokens, 1, searches, turns - 1 - searches)
    return Bound(input_tokens, output_tokens, used)


def cost_of(pricer: Pricer, where: Where, facts: RequestFacts, bound: Bound, at: int) -> int | Reason:
    """Nano-dollars that one attempt cannot exceed; why not, where the model has no price."""
    if where.operation in FREE:
        return 0
    if where.model is None:
        return Reason.NO_MODEL
    return most_cost(pricer, where.provider, where.model, _tiers(where, facts), where.region, at, bound.used)


def _spoken(where: Where, facts: RequestFacts) -> Bound | Unbounded:
    if where.model is None or not where.model.startswith("tts-1"):
        return Unbounded(f"nothing in a request for speech bounds what {where.model} costs")
    return Bound(0, 0, MostUsed(characters=facts.characters))


def _output(where: Where, facts: RequestFacts, window: int | None) -> int | None:
    """Tokens of output of one turn, all choices together."""
    if where.operation == "embeddings":
        return 0
    stated = next((most for name, most in _WRITES if (where.model or "").startswith(name)), None)
    limits = [number for number in (facts.max_tokens, stated, window) if number is not None]
    if facts.max_tokens is not None:
        one = facts.max_tokens if window is None else min(facts.max_tokens, window)
    elif limits:
        one = min(limits)
    else:
        return None
    return (one + facts.predicted) * facts.choices


def _window(where: Where) -> int | None:
    if where.model is None:
        return None
    window = context_window(where.provider, where.model)
    if where.long_context:
        return max(window or 0, _LONG_CONTEXT)
    return window


def _picture(where: Where) -> int:
    if where.model is not None and "gpt-4o-mini" in where.model:
        return _MINI_PICTURE
    return _PICTURE.get(where.provider, _MINI_PICTURE)


def _tiers(where: Where, facts: RequestFacts) -> tuple[str | None, ...]:
    """The service tiers a request may be served in: what is asked for may be declined, and `auto` be set elsewhere."""
    tier = (facts.tier or "auto").lower()
    fast = ("fast",) if facts.fast else ()
    if tier in ("default", "standard", "standard_only"):
        return (None, *fast)
    if tier in ("auto", "priority"):
        return (None, "priority", *fast)
    return (None, tier, *fast)
