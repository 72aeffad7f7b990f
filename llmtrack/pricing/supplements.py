"""Prices that providers print and the public list lacks: few, each with where it is printed and when that was read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from llmtrack.pricing.providers import provider_id

SEARCH_BLOCK = 8_000
"""Tokens of input that one web search on a mini model is billed as, by OpenAI's pricing page as quoted in
https://www.modelcostwatch.com/openai/tool-costs/web-search (12 March 2026)."""


@dataclass(frozen=True, slots=True)
class Supplement:
    """A rate of one class on the models whose names fit, in dollars per the units of `llmtrack.pricing.classes`."""

    provider: str
    models: str
    """A regular expression that fits the whole name."""
    name: str
    rate: Decimal
    source: str
    read: str
    """The day on which `source` said so."""


# OpenAI's pricing page, as quoted there.
_OPENAI = "https://community.openai.com/t/search-web-using-openai-api/1363698"
_PREVIEW = "tool:web_search_preview"
SUPPLEMENTS = (
    # The older search tool costs more on models that do not reason, and what it finds is not charged there.
    Supplement("openai", r"gpt-4.*", _PREVIEW, Decimal(25), _OPENAI, "2026-11-29"),
    Supplement("openai", r"(o\d|gpt-(?!4)\d)(?!.*chat).*", _PREVIEW, Decimal(10), _OPENAI, "2026-11-29"),
)  # fmt: skip

# Tiers that cost what the standard one does: https://console.groq.com/docs/flex-processing (2026-11-29)
_AS_STANDARD = frozenset({("groq", "flex")})


def supplement(provider: str, model: str) -> Mapping[str, Decimal]:
    """The rates by class that the list lacks for `model` at `provider` (the list's names)."""
    name = model.lower()
    return {
        entry.name: entry.rate
        for entry in SUPPLEMENTS
        if entry.provider == provider and re.fullmatch(entry.models, name)
    }


def costs_as_standard(provider: str, tier: str) -> bool:
    """Whether `tier`, which has no price of its own, is charged like the standard one at `provider`."""
    return (provider_id(provider), tier) in _AS_STANDARD


def bills_search_blocks(provider: str, model: str | None) -> bool:
    """Whether a web search on `model` is billed as `SEARCH_BLOCK` tokens of input, however much it found."""
    mini = re.match(r"(gpt-4o|gpt-4\.1)-mini(?!-search)", (model or "").lower())
    return mini is not None and provider_id(provider) in ("openai", "azure", "")
