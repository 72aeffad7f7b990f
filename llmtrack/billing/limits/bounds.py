"""The most that a request can use, and the most that it can cost: an upper bound, not an estimate.

Input is bounded by the bytes of the body, since a token is at least a byte, with what providers add for pictures and
tools; and by the model's context window. Output is bounded by ``max_tokens``, or what the model can write.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from llmtrack.billing.limits.ceilings import MostUsed, most_cost
from llmtrack.billing.limits.facts import BOUNDABLE, FREE, SEARCHES, WRITES_NOTHING, RequestFacts
from llmtrack.pricing import Pricer, Reason
from llmtrack.pricing.listing import context_window
from llmtrack.pricing.surcharges import surcharge

OVERHEAD = 500
"""Tokens that a provider adds to any request: how its messages are framed, how a schema is explained."""
TOOLS_OVERHEAD = 1_000
"""Tokens of the instructions that come with tools, and …"""
TOOL_OVERHEAD = 250
"""… for each of them. Anthropic lists its instructions by model: 159 to 530 tokens for Claude 3
(https://docs.anthropic.com/en/docs/tool-use-pricing-and-tokens), 313 to 346 for Claude 4; the most that anybody reports
of a later one is 935 (November 2026). OpenAI lists nothing: there a definition is fewer tokens than bytes."""
OWN_TOOL_OVERHEAD = 800
"""Tokens for a tool that the provider describes itself, so that its description is not in the request: Anthropic's
computer (735), text editor and bash, by https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview, which
could not be read again in November 2026."""
_PICTURE = {"anthropic": 5_500, "openai": 12_000}
"""Tokens of the largest picture. Anthropic's is scaled to 1,568 pixels, from Opus 4.7 on to 2,576 and 3.75
megapixels, and is a token for 750 of them: 5,000 (https://platform.claude.com/docs/en/build-with-claude/vision;
release of April 2026). OpenAI's has 10,000 patches of 32 by 32 pixels at most (10.24 megapixels, the detail
``original``) of 1.2 tokens, or at smaller models 1,536 of 2.46
(https://developers.openai.com/api/docs/guides/images-vision; factors as measured on community.openai.com in March
2026). One that is charged as text, as ``gpt-5.4-mini`` did, is in the bytes of the body."""
_MINI_PICTURE = 50_000
"""The same at ``gpt-4o-mini``: 2,833, and 5,667 for each tile of 512 by 512 pixels, of which 768 by 2,048 have
eight."""
_NEVER_BOUNDED = ("image_generation", "advisor", "hosted_shell")
"""Tools that are charged by the picture, by the minute, or at another model's price."""
_SEARCHES_UNASKED = ("deep-research", "compound", ":online")
"""In the names of models that search as often as they like, whatever the request says: of Perplexity, Groq and
OpenRouter."""
_SEARCHES_ONCE = ("-search-preview", "-search-api")
"""In the names of models that search once for every answer; see `llmtrack.capture.readers.chat_completions`."""
_ROUNDED = 20
"""The price list rounds context windows, down by a twentieth at most: it has 1,000,000 for 1,048,576 tokens (Gemini),
for 1,047,576 (GPT-4.1) and for 1,050,000 (GPT-5.5)."""
_LONG_CONTEXT = 1_000_000
"""The context window with Anthropic's ``context-1m`` beta."""
_WRITES = (
    ("gpt-4o", 16_384), ("gpt-4.1", 32_768), ("gpt-5-pro", 272_000), ("gpt-5", 128_000), ("o1", 100_000),
    ("o3", 100_000), ("o4", 100_000), ("gpt-3.5-turbo", 4_096), ("gpt-4-turbo", 4_096), ("chatgpt-4o", 16_384),
)  # fmt: skip
"""The most that models write at once, as their maker states it on their pages under
https://developers.openai.com/api/docs/models; of a family the largest (``gpt-4o-2024-05-13`` writes 4,096). Other
lists agreed in November 2026 for all but ``gpt-5-pro``, which none had. With the beginning of the model's name; the
first that fits counts."""


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
    if _is_free(where):
        return Bound(0, 0, MostUsed(requests=0))
    if where.operation == "speech" and facts.characters:
        return _spoken(where, facts)
    if where.operation not in BOUNDABLE:
        return Unbounded(f"nothing in a request for {where.operation} bounds what it costs")
    dear = sorted(name for name in facts.server_tools if name.startswith(_NEVER_BOUNDED))
    if dear:
        return Unbounded(f"the tool {dear[0]} is charged by what nothing in the request bounds; leave it out")
    if _is_named(where, _SEARCHES_UNASKED) and not facts.server_tools:
        return Unbounded(f"{where.model} searches as often as it likes, and nothing in the request bounds that")
    unlimited = sorted(name for name, uses in facts.server_tools.items() if uses is None)
    if unlimited:
        instead = "leave it out" if unlimited[0] in SEARCHES else "give it max_uses, or the request max_tool_calls"
        return Unbounded(f"the tool {unlimited[0]} may run as often as it likes; {instead}")
    window = _window(where)
    into = _input(where, facts, window)
    if into is None:
        return Unbounded(
            "the request points at content that it does not hold, and the context window of "
            f"{where.model} is not known; send the content itself, as text"
        )
    out = _output(where, facts, window)
    if out is None:
        return Unbounded(f"how much {where.model} may write is not known; give max_tokens")
    unasked = int(_is_named(where, _SEARCHES_ONCE))
    runs = sum(uses or 0 for uses in facts.server_tools.values()) + unasked
    searches = sum(uses or 0 for name, uses in facts.server_tools.items() if name.startswith("web_search")) + unasked
    turns = 1 + runs
    input_tokens, output_tokens = into * turns, out * turns
    if facts.compacts:  # before each turn all of it may be read once more, for a summary that nothing limits
        if window is None:
            return Unbounded(f"how long a summary of {where.model} may be is not known; leave out context_management")
        input_tokens, output_tokens = 2 * input_tokens, output_tokens + window * turns
    used = MostUsed(input_tokens, output_tokens, 1, searches, runs - searches)
    return Bound(input_tokens, output_tokens, used)


def cost_of(pricer: Pricer, where: Where, facts: RequestFacts, bound: Bound, at: int) -> int | Reason:
    """Nano-dollars that one attempt cannot exceed; why not, where the model has no price."""
    if _is_free(where):
        return 0
    if where.model is None:
        return Reason.NO_MODEL
    costs = []
    for region in _regions(where, facts):
        cost = most_cost(pricer, where.provider, where.model, _tiers(where, facts), region, at, bound.used)
        if isinstance(cost, Reason):
            return cost
        costs.append(cost)
    return max(costs)


def _spoken(where: Where, facts: RequestFacts) -> Bound | Unbounded:
    if where.model is None or not where.model.startswith("tts-1"):
        return Unbounded(f"nothing in a request for speech bounds what {where.model} costs")
    return Bound(0, 0, MostUsed(characters=facts.characters))


def _is_free(where: Where) -> bool:
    return where.operation in FREE or (where.operation == "moderation" and where.provider in ("openai", "azure"))


def _is_named(where: Where, parts: tuple[str, ...]) -> bool:
    name = (where.model or "").lower()
    return any(part in name for part in parts)


def _input(where: Where, facts: RequestFacts, window: int | None) -> int | None:
    """Tokens of input of one turn; None where nothing bounds it."""
    several = where.operation in WRITES_NOTHING  # texts, each of which may fill the window
    if facts.points_elsewhere or facts.server_tools or _is_named(where, _SEARCHES_ONCE):
        return None if window is None or several else window * facts.prompts
    held = facts.size + facts.pictures * _picture(where) + OVERHEAD
    if facts.tools:
        held += TOOLS_OVERHEAD + TOOL_OVERHEAD * facts.tools + OWN_TOOL_OVERHEAD * facts.own_tools
    return held if window is None or several else min(held, window * facts.prompts)


def _output(where: Where, facts: RequestFacts, window: int | None) -> int | None:
    """Tokens of output of one turn, all choices together."""
    if where.operation in WRITES_NOTHING:
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
        window = max(window or 0, _LONG_CONTEXT)
    return None if window is None else window + window // _ROUNDED


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


def _regions(where: Where, facts: RequestFacts) -> tuple[str | None, ...]:
    """Where a request may be served: at Anthropic the workspace says so where the request does not."""
    if where.provider != "anthropic" or where.model is None:
        return (where.region,)
    if facts.geography is not None:
        return (facts.geography,)
    return (where.region, "us") if surcharge("anthropic", where.model, "us").sure else (where.region,)
