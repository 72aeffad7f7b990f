"""What the public price list (genai-prices) says about a model at a moment: rates by class, and for how long they hold.

Which model a name means is decided in `matching`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from llmtrack.pricing import matching
from llmtrack.pricing.book import FOREVER, STANDARD
from llmtrack.pricing.classes import FROM_LIST
from llmtrack.pricing.providers import provider_id
from llmtrack.pricing.reasons import Reason
from llmtrack.pricing.surcharges import surcharge

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice

SOURCE = "genai-prices"

_STANDARD = frozenset({"", "standard", "default", "auto", "on_demand", "on-demand", "none", "null"})
_CONTEXTS: Mapping[str, tuple[Mapping[str, str], ...]] = {
    "batch": ({"processing": "batch"},),
    "fast": ({"service_tier": "fast"}, {"speed": "fast"}),
}
# Groq's minimum, which the list keeps in code: https://groq.com/pricing
_LEAST_SECONDS = {("groq", "whisper-large-v3"): 10, ("groq", "whisper-large-v3-turbo"): 10}
# Where an entry without any rate means that nothing is charged; elsewhere it means that nothing is known.
_FREE = frozenset({("openai", "moderation")})
_FREE_PROVIDERS = frozenset({"github-copilot"})

Steps = tuple[tuple[int, Decimal], ...]
"""Rates of one class by context length: each holds for calls with more input tokens than the number beside it."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The price of one model and tier on the public list, in dollars, and the microseconds between which it holds."""

    provider: str
    model: str
    tier: str
    version: str
    rates: Mapping[str, Steps]
    since: int
    until: int
    least_seconds: int = 0
    """Audio shorter than this is billed as this long."""
    own: bool = True
    """False where the provider has no list of its own and its maker's price is assumed (Azure for OpenAI's models)."""
    uncounted: frozenset[str] = field(default_factory=frozenset)
    """Classes the list has a price for and llmtrack no count."""
    surcharge: Decimal = Decimal(0)
    """Percent charged for the region on top of `rates`, which do not have it."""
    place_assumed: bool = False
    """Whether nobody says for sure what this model costs in that region."""


@dataclass(frozen=True, slots=True)
class Unlisted:
    """No price, why, and the microseconds between which that holds."""

    reason: Reason
    since: int
    until: int


def snapshot() -> DataSnapshot:
    """The price data in use: the installed package's, or what an opted-in refresh has fetched."""
    return _snapshots()()


@cache
def _snapshots() -> Callable[[], DataSnapshot]:
    from genai_prices.data_snapshot import get_snapshot

    return get_snapshot


def version(data: DataSnapshot) -> str:
    """What identifies the price data: the package's version and, after a refresh, when that was."""
    from genai_prices import __version__

    if not data.from_auto_update:
        return __version__
    return f"{__version__}+{data.timestamp.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def tier_name(tier: str | None) -> str:
    """The service tier as prices know it; what providers call the ordinary one is ``standard``."""
    name = (tier or "").strip().lower()
    return STANDARD if name in _STANDARD else name


def look_up(
    data: DataSnapshot, provider: str, model: str, tier: str, at: int, region: str | None = None
) -> Listing | Unlisted:
    """The price of `model` at `provider` in `tier` and `region`, `at` microseconds since 1970."""
    id, name = provider_id(provider), model.strip().lower()
    if id == "aws":
        match, placed = matching.find_at_bedrock(data, name, region)
    else:
        match, placed = matching.find(data, id, name), True
    if isinstance(match, Reason):
        return Unlisted(match, -FOREVER, FOREVER)
    info, listed_by, own = match
    since, until = _window(info, at)
    moment = _moment(at)
    prices: dict[str, Any] = dict(_given(info.get_prices(moment)))
    if tier != STANDARD:
        changed = _variant(info, tier, moment)
        if not changed or not own:
            return Unlisted(Reason.NO_TIER_PRICE, since, until)
        prices.update(changed)
    if not prices and not _is_free(listed_by.id, info.id):
        return Unlisted(Reason.NO_PRICE, since, until)
    rates = {FROM_LIST[key]: _steps(value) for key, value in prices.items() if key in FROM_LIST}
    uncounted = frozenset(prices) - FROM_LIST.keys()
    if prices and not rates:
        return Unlisted(Reason.NO_CLASS_PRICE, since, until)
    least = _LEAST_SECONDS.get((listed_by.id, info.id), 0)
    extra = surcharge(id, name, region)
    return Listing(
        listed_by.id, info.id, tier, version(data), rates, since, until, least, own, uncounted,
        extra.percent, place_assumed=not (extra.sure and placed),
    )  # fmt: skip


def plain_rates(info: ModelInfo, at: int) -> dict[str, Decimal]:
    """What a listed model charges by class at that moment: the ordinary tier, short prompts."""
    prices = _given(info.get_prices(_moment(at)))
    return {FROM_LIST[key]: _steps(price)[0][1] for key, price in prices if key in FROM_LIST}


def provider_named(name: str, path: str = "") -> str:
    """The provider by that name or host: ours, or one that only the price list in use knows."""
    id = provider_id(name, path)
    if id != name.strip().lower() or "." not in id:
        return id
    return _listed_at(version(snapshot()), id, path) or id


@lru_cache(1000)
def _listed_at(_version: str, host: str, path: str) -> str | None:
    """The provider that this version of the list has the address for."""
    address = f"https://{host}"
    for provider in snapshot().providers:
        match = re.match(provider.api_pattern, f"{address}/{path.lstrip('/')}")
        if match is None:
            continue
        rest = address[match.end() :]  # not api.openai.com.example.org; but a pattern may leave out the top level
        if not rest or (match[0].endswith(".") and rest.isalpha()):
            return provider_id(provider.id)
    return None


def rates_of_class(data: DataSnapshot, name: str, at: int) -> list[tuple[str, Decimal]]:
    """What each listed model charges for class `name` at that moment, with the provider that does."""
    return [
        (provider.id, rates[name])
        for provider in data.providers
        for info in provider.models
        if name in (rates := plain_rates(info, at))
    ]


def _is_free(provider: str, model: str) -> bool:
    return (provider, model) in _FREE or provider in _FREE_PROVIDERS or model.endswith(":free")


def _variant(info: ModelInfo, tier: str, moment: datetime) -> dict[str, Any]:
    """What a served tier changes at `moment`; nothing where the list does not know the tier for this model."""
    changed: dict[str, Any] = {}
    for context in _CONTEXTS.get(tier, ({"service_tier": tier},)):
        for variant in info.price_variants or ():
            if variant.when != context or (variant.constraint is not None and not variant.constraint.active(moment)):
                continue
            for key, price in _given(variant.prices):
                changed.setdefault(key, price)
    return changed


def _given(price: ModelPrice) -> Iterator[tuple[str, Any]]:
    return ((key, value) for key, value in vars(price).items() if value is not None and not key.startswith("_"))


def _steps(price: Any) -> Steps:
    from genai_prices.types import TieredPrices

    if isinstance(price, TieredPrices):
        return ((0, price.base), *((tier.start, tier.price) for tier in price.tiers))
    return ((0, price),)


def _moment(at: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)


def _micros(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _window(info: ModelInfo, at: int) -> tuple[int, int]:
    """The moments around `at` between which no constraint of this model's prices begins or ends."""
    from genai_prices.types import StartDateConstraint, TimeOfDateConstraint

    edges = [-FOREVER, FOREVER]
    today = _moment(at).date()
    conditions = [] if not isinstance(info.prices, list) else [price.constraint for price in info.prices]
    for constraint in (*conditions, *(variant.constraint for variant in info.price_variants or ())):
        if isinstance(constraint, StartDateConstraint):
            edges.append(_micros(datetime.combine(constraint.start_date, time(), UTC)))
        elif isinstance(constraint, TimeOfDateConstraint):
            for day in (today - timedelta(days=1), today, today + timedelta(days=1)):
                for edge in (constraint.start_time, constraint.end_time):
                    zoned = edge if edge.tzinfo is not None else edge.replace(tzinfo=UTC)
                    edges.append(_micros(datetime.combine(day, zoned)))
    return max(edge for edge in edges if edge <= at), min(edge for edge in edges if edge > at)


def context_window(provider: str, model: str) -> int | None:
    """How many tokens a model can take at once, by the list; None where it does not say, or knows no such model."""
    id, name = provider_id(provider), model.strip().lower()
    data = snapshot()
    match = matching.find_at_bedrock(data, name, None)[0] if id == "aws" else matching.find(data, id, name)
    return None if isinstance(match, Reason) else match[0].context_window
