"""What a model costs at a moment, once the price list and the price book have both been asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING

from llmtrack.pricing import listing
from llmtrack.pricing.book import Book, Decision, plain
from llmtrack.pricing.listing import Listing, Steps, Unlisted
from llmtrack.pricing.rates import Rates
from llmtrack.pricing.reasons import Reason
from llmtrack.pricing.supplements import supplement
from llmtrack.pricing.usage import Price

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot


@dataclass(frozen=True, slots=True)
class Band:
    """The rates for calls with more than `above` input tokens, with their identity."""

    above: int
    rates: Rates
    price: Price


@dataclass(frozen=True, slots=True)
class Quote:
    """The prices of one model and tier, and the microseconds between which they hold; or the reason there are none."""

    since: int
    until: int
    bands: tuple[Band, ...] = ()
    """By the length of the input, shortest first; the first holds for any."""
    reason: Reason | None = None
    doubt: Reason | None = None
    """Why a cost from this quote is an estimate."""


def quote(data: DataSnapshot, book: Book, provider: str, model: str, tier: str, at: int) -> Quote:
    """The quote for `model` at `provider` in `tier` (a name from `listing.tier_name`), `at` microseconds since 1970."""
    decided = book.decide(provider, model, tier, at)
    named = decided.same_as or (provider, model)
    listed = listing.look_up(data, *named, tier.partition("@")[0] if decided.knows_place else tier, at)
    since, until = max(decided.since, listed.since), min(decided.until, listed.until)
    if isinstance(listed, Unlisted) and not decided.rates:
        return Quote(since, until, reason=listed.reason)
    steps = _combine(listed, decided)
    if "input" not in steps and "output" not in steps and "request" not in steps and isinstance(listed, Unlisted):
        # The book prices some class of this model (its cache reads, say), but nobody its tokens.
        return Quote(since, until, reason=listed.reason)
    edges = sorted({above for rates in steps.values() for above, _ in rates} | {0})
    doubt = None
    if isinstance(listed, Listing) and not decided.covers:
        if not listed.own and decided.same_as is None:
            doubt = Reason.OTHER_LIST
        elif "output_citation_mtok" in listed.uncounted:
            doubt = Reason.CLASS_ASSUMED
    bands = tuple(_band(above, steps, listed, decided, provider, model, tier) for above in edges)
    return Quote(since, until, bands, doubt=doubt)


def _combine(listed: Listing | Unlisted, decided: Decision) -> dict[str, Steps]:
    """The list's rates under its discount, with the book's own in place of them class by class."""
    steps: dict[str, Steps] = {}
    if isinstance(listed, Listing):
        for name, rates in listed.rates.items():
            steps[name] = tuple((above, rate * decided.on_list) for above, rate in rates)
        for name, rate in supplement(listed.provider, listed.model).items():
            steps.setdefault(name, ((0, rate * decided.on_list),))
    for name, rates in decided.rates.items():
        below = tuple(step for step in steps.get(name, ()) if step[0] < rates[0][0])
        steps[name] = (*below, *((above, rate * decided.on_own) for above, rate in rates))
    return steps


def _band(
    above: int, steps: Mapping[str, Steps], listed: Listing | Unlisted, decided: Decision,
    provider: str, model: str, tier: str,
) -> Band:  # fmt: skip
    dollars = {name: rate for name, rates in steps.items() if (rate := _at(above, rates)) is not None}
    own = isinstance(listed, Unlisted) or decided.covers
    least = listed.least_seconds if isinstance(listed, Listing) else 0
    version = decided.version if own else listed.version if isinstance(listed, Listing) else ""
    if not own and decided.version:
        version = f"{version} + book {decided.version}"
    price = Price(
        source="book" if own else listing.SOURCE,
        version=version,
        provider=provider if own or not isinstance(listed, Listing) else listed.provider,
        model=model if own or not isinstance(listed, Listing) else listed.model,
        tier=tier,
        rates=MappingProxyType({name: plain(rate) for name, rate in sorted(dollars.items())}),
        above=above,
        adjustment=decided.words,
    )
    return Band(above, Rates(dollars, said="input" in decided.rates, least_seconds=least), price)


def _at(above: int, rates: Steps) -> Decimal | None:
    return next((rate for start, rate in reversed(rates) if start <= above), None)
