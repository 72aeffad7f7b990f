"""What providers charge on top for serving a call in a region of the caller's choice; the price list leaves it out.

Bedrock's regional prices are on the list and need no row here.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from llmtrack.pricing.names import continues
from llmtrack.pricing.regions import GLOBAL


@dataclass(frozen=True, slots=True)
class Surcharge:
    """A provider's surcharge on the token rates of its list, and which models it is and is not charged on."""

    provider: str
    percent: Decimal
    source: str
    """The provider's page that says so."""
    checked: str
    """When it was read: ``YYYY-MM-DD``."""
    charged: tuple[str, ...]
    """Models by name, each with its dated snapshots; ``*`` for all."""
    free: tuple[str, ...] = ()
    """Models whose price is the same everywhere. A model in neither list is assumed to cost the surcharge."""
    regions: tuple[str, ...] = ()
    """The regions known to cost it; none given: all but ``global``."""


SURCHARGES = (
    Surcharge(
        # For models released on or after 5 March 2026.
        "openai", Decimal(10), "https://developers.openai.com/api/docs/guides/data-residency", "2026-11-29",
        charged=(
            "gpt-5.4", "gpt-5.4-mini", "gpt-5.4-nano", "gpt-5.4-pro", "gpt-5.5", "gpt-5.5-pro", "gpt-5.6-luna",
            "gpt-5.6-sol", "gpt-5.6-terra", "gpt-6-astra", "gpt-6-luna", "gpt-6-sol", "gpt-6.1-sol", "gpt-6.1-terra",
        ),
        free=(
            "gpt-3.5-turbo", "gpt-4", "gpt-4-turbo", "gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini",
            "gpt-4.1-nano", "o1", "o1-mini", "o1-preview", "o1-pro", "o3", "o3-mini", "o3-pro", "o4-mini", "gpt-5",
            "gpt-5-mini", "gpt-5-nano", "gpt-5-pro", "gpt-5.1", "gpt-5.2", "gpt-5.2-pro", "gpt-5.3-codex",
            "gpt-image-1", "gpt-image-1-mini", "text-embedding-3-small", "text-embedding-3-large",
            "text-embedding-ada-002", "whisper-1", "tts-1", "tts-1-hd", "gpt-4o-transcribe", "gpt-4o-mini-transcribe",
            "gpt-4o-mini-tts",
        ),
    ),
    Surcharge(
        # `inference_geo`, also on Claude Platform on AWS; older models refuse it.
        "anthropic", Decimal(10), "https://platform.claude.com/docs/en/manage-claude/data-residency", "2026-11-29",
        charged=(
            "claude-opus-4-6", "claude-sonnet-4-6", "claude-opus-4-7", "claude-opus-4-8", "claude-opus-5",
            "claude-opus-5-5", "claude-sonnet-5", "claude-sonnet-5-5", "claude-haiku-5-5", "claude-fable-5",
            "claude-fable-5-1", "claude-fable-5-2", "claude-mythos-5", "claude-mythos-5-1", "claude-mythos-5-2",
        ),
        regions=("us",),
    ),
    Surcharge(
        # Claude from Sonnet 4.5 on and newer Gemini models, on regional and multi-region endpoints.
        "google", Decimal(10), "https://cloud.google.com/vertex-ai/generative-ai/pricing", "2026-11-29",
        charged=(
            "claude-sonnet-4-5", "claude-haiku-4-5", "claude-opus-4-5", "claude-opus-4-6", "claude-sonnet-4-6",
            "claude-opus-4-7", "claude-opus-4-8", "claude-opus-5", "claude-opus-5-5", "claude-sonnet-5",
            "claude-sonnet-5-5", "claude-haiku-5-5", "claude-fable-5", "claude-fable-5-1", "claude-fable-5-2",
            "gemini-3.5-flash", "gemini-3.5-flash-lite",
        ),
        free=(
            "claude-3-haiku", "claude-3-opus", "claude-3-sonnet", "claude-3-5-haiku", "claude-3-5-sonnet",
            "claude-3-5-sonnet-v2", "claude-3-7-sonnet", "claude-sonnet-4", "claude-opus-4", "claude-opus-4-1",
            "gemini-1.5-flash", "gemini-1.5-pro", "gemini-2.0-flash", "gemini-2.0-flash-lite", "gemini-2.5-flash",
            "gemini-2.5-flash-lite", "gemini-2.5-pro", "gemini-embedding-001",
        ),
    ),
    Surcharge(
        "mistral", Decimal(10), "https://docs.mistral.ai/inference/regional-inference", "2026-11-29",
        charged=("*",), regions=("eu", "us"),
    ),
    Surcharge(
        "together", Decimal(25), "https://docs.together.ai/docs/serverless/geo-specific-inference", "2026-11-29",
        charged=("*",), regions=("us", "ca"),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Applied:
    """The surcharge on one model in one region."""

    percent: Decimal
    sure: bool
    """False where the table knows neither this model nor this region; the percentage is then assumed."""


NONE = Applied(Decimal(0), sure=True)


def surcharge(provider: str, model: str, region: str | None) -> Applied:
    """What `provider` charges on top of its list for `model` served in `region`."""
    if region in (None, GLOBAL):
        return NONE
    row = next((row for row in SURCHARGES if row.provider == provider), None)
    if row is None:
        return NONE
    name = model.lower()
    if any(continues(name, free) for free in row.free):
        return NONE
    is_listed = "*" in row.charged or any(continues(name, charged) for charged in row.charged)
    return Applied(row.percent, sure=is_listed and (not row.regions or region in row.regions))
