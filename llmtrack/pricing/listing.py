"""What the public price list (genai-prices) says about a model at a moment: rates by class, and for how long they hold.

The list's own matching is generous (``claude-opus-4-5`` also takes ``claude-opus-4-50``), so what it finds is used only
where the name is one it spells out, or a dated snapshot of one that is not newer than the list itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from llmtrack.pricing import names
from llmtrack.pricing.book import FOREVER, STANDARD
from llmtrack.pricing.classes import FROM_LIST
from llmtrack.pricing.reasons import Reason

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice, Provider

SOURCE = "genai-prices"

_STANDARD = frozenset({"", "standard", "default", "auto", "on_demand", "on-demand", "none", "null"})
_CONTEXTS: Mapping[str, tuple[Mapping[str, str], ...]] = {
    "batch": ({"processing": "batch"},),
    "fast": ({"service_tier": "fast"}, {"speed": "fast"}),
}
# Names the list's clauses cover without spelling them out, looked up by hand.
_KNOWN_TOO = {
    ("anthropic", "claude-2"): frozenset({"claude-2.0", "claude-2.1"}),
    ("openai", "moderation"): frozenset(
        {"omni-moderation-latest", "omni-moderation-2024-09-26", "text-moderation-latest", "text-moderation-stable"}
    ),
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


@dataclass(frozen=True, slots=True)
class Unlisted:
    """No price, why, and the microseconds between which that holds."""

    reason: Reason
    since: int
    until: int


def snapshot() -> DataSnapshot:
    """The price data in use: the installed package's, or what an opted-in refresh has fetched."""
    from genai_prices.data_snapshot import get_snapshot

    return get_snapshot()


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


def look_up(data: DataSnapshot, provider: str, model: str, tier: str, at: int) -> Listing | Unlisted:
    """The price of `model` at `provider` in `tier`, `at` microseconds since 1970."""
    found = _find(data, names.list_id(provider), model.strip().lower())
    if isinstance(found, Reason):
        return Unlisted(found, -FOREVER, FOREVER)
    info, listed_by, own = found
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
    return Listing(listed_by.id, info.id, tier, version(data), rates, since, until, least, own, uncounted)


def plain_rates(info: ModelInfo, at: int) -> dict[str, Decimal]:
    """What a listed model charges by class at that moment: the ordinary tier, short prompts."""
    prices = _given(info.get_prices(_moment(at)))
    return {FROM_LIST[key]: _steps(price)[0][1] for key, price in prices if key in FROM_LIST}


def rates_of_class(data: DataSnapshot, name: str, at: int) -> list[tuple[str, Decimal]]:
    """What each listed model charges for class `name` at that moment, with the provider that does."""
    return [
        (provider.id, rates[name])
        for provider in data.providers
        for info in provider.models
        if name in (rates := plain_rates(info, at))
    ]


def _find(data: DataSnapshot, provider_id: str, model: str) -> tuple[ModelInfo, Provider, bool] | Reason:
    provider = _providers(data).get(provider_id) or _at_host(data, provider_id)
    if provider is None:
        return Reason.NO_PRICE
    horizon = _horizon(data)
    alike = False
    for listed_by in (provider, *(_providers(data)[name] for name in provider.fallback_model_providers or ())):
        for spelling in _spellings(model):
            for info in listed_by.models:
                if not info.is_match(spelling):
                    continue
                if _is_known(info, listed_by, spelling, horizon):
                    return info, listed_by, listed_by is provider
                alike = True
    return Reason.NEWER_MODEL if alike else Reason.NO_PRICE


def _at_host(data: DataSnapshot, host: str) -> Provider | None:
    """The provider that answers at `host`, where a provider is known by its host only and the list has that address."""
    if "." not in host or "/" in host:
        return None
    address = f"https://{host}"
    for provider in data.providers:
        found = re.match(provider.api_pattern, address + "/")
        if found is not None and found.end() >= len(address):  # not api.openai.com.example.org
            return provider
    return None


def _spellings(model: str) -> Iterator[str]:
    yield model
    dashed = re.sub(r"(?<=[-@])(20\d\d)(\d\d)(\d\d)(?!\d)", r"\1-\2-\3", model)
    if dashed != model:
        yield dashed
    if model.startswith("models/"):
        yield model.removeprefix("models/")


def _is_known(info: ModelInfo, listed_by: Provider, name: str, horizon: str) -> bool:
    spelled, stems, patterns = _clauses(info.match)
    if name == info.id.lower() or name in spelled or name in _KNOWN_TOO.get((listed_by.id, info.id), ()):
        return True
    if names.is_newer(name, horizon):
        return False
    if any(re.fullmatch(pattern, name) for pattern in patterns if pattern.endswith("$")):
        return True
    base = names.tuned_from(name)
    if base is not None:
        return any(base in _clauses(other.match)[0] for other in listed_by.models)
    at_bedrock = listed_by.id == "aws"
    return any(names.continues(name, stem, at_bedrock=at_bedrock) for stem in (*stems, *spelled))


def _clauses(match: object) -> tuple[set[str], set[str], list[str]]:
    """The names a model's clauses spell out, the parts of names they look for, and their patterns."""
    from genai_prices import types

    if isinstance(match, types.ClauseEquals):
        return {match.equals.lower()}, set(), []
    if isinstance(match, types.ClauseRegex):
        return set(), set(), [match.regex]
    if isinstance(match, types.ClauseOr | types.ClauseAnd):
        parts = [_clauses(part) for part in (match.or_ if isinstance(match, types.ClauseOr) else match.and_)]
        return (
            set().union(*(part[0] for part in parts)),
            set().union(*(part[1] for part in parts)),
            [pattern for part in parts for pattern in part[2]],
        )
    text = next(str(getattr(match, key)) for key in ("starts_with", "ends_with", "contains") if hasattr(match, key))
    return set(), {text.lower().strip("-@/.:")}, []


@lru_cache(maxsize=4)
def _tables(_identity: int, data: _ById) -> tuple[dict[str, Provider], str]:
    providers = {provider.id: provider for provider in data.snapshot.providers}
    spelled = (name for provider in providers.values() for info in provider.models for name in _all_names(info))
    return providers, names.newest_date(spelled)


@dataclass(frozen=True, slots=True)
class _ById:
    """A snapshot as a dictionary key: by what it is, not by what is in it (it is large and not hashable)."""

    snapshot: DataSnapshot = field(compare=False)


def _all_names(info: ModelInfo) -> Iterator[str]:
    yield info.id
    yield from _clauses(info.match)[0]


def _providers(data: DataSnapshot) -> dict[str, Provider]:
    return _tables(id(data), _ById(data))[0]


def _horizon(data: DataSnapshot) -> str:
    return _tables(id(data), _ById(data))[1]


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
