"""What a model costs at a moment, once the price list and the price book have both been asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING

from llmtrack.pricing import listing
from llmtrack.pricing.book import Book, Decision, plain
from llmtrack.pricing.classes import per
from llmtrack.pricing.listing import Listing, Steps, Unlisted
from llmtrack.pricing.rates import Rates
from llmtrack.pricing.reasons import Reason
from llmtrack.pricing.supplements import supplement
from llmtrack.pricing.usage import Price

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot

_MILLION = 1_000_000
"""Classes priced by so many are tokens; surcharges are not charged on the others."""


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


def quote(
    data: DataSnapshot, book: Book, provider: str, model: str, tier: str, at: int, region: str | None = None
) -> Quote:
    """The quote for `model` at `provider` in `tier` (a name from `listing.tier_name`) and the `region` that served it.

    `at` is in microseconds since 1970.
    """
    decided = book.decide(provider, model, tier, at, region)
    if decided.same_as is not None:
        listed = listing.look_up(data, *decided.same_as, tier, at)
    else:
        listed = listing.look_up(data, provider, model, tier, at, region)
        if isinstance(listed, Listing) and decided.knows_place:
            listed = replace(listed, surcharge=Decimal(0), place_assumed=False)
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
        elif listed.place_assumed:
            doubt = Reason.REGION_ASSUMED
        elif "output_citation_mtok" in listed.uncounted:
            doubt = Reason.CLASS_ASSUMED
    bands = tuple(_band(above, steps, listed, decided, provider, model, tier, region) for above in edges)
    return Quote(since, until, bands, doubt=doubt)


def _combine(listed: Listing | Unlisted, decided: Decision) -> dict[str, Steps]:
    """The list's rates with its surcharge on tokens, under the book's discount, and the book's own in place of them."""
    steps: dict[str, Steps] = {}
    if isinstance(listed, Listing):
        supplements = {name: ((0, rate),) for name, rate in supplement(listed.provider, listed.model).items()}
        for name, rates in {**supplements, **listed.rates}.items():
            dearer = 1 + listed.surcharge / 100 if per(name) == _MILLION else 1
            steps[name] = tuple((above, rate * dearer * decided.on_list) for above, rate in rates)
    for name, rates in decided.rates.items():
        below = tuple(step for step in steps.get(name, ()) if step[0] < rates[0][0])
        steps[name] = (*below, *((above, rate * decided.on_own) for above, rate in rates))
    return steps


def _band(
    above: int, steps: Mapping[str, Steps], listed: Listing | Unlisted, decided: Decision,
    provider: str, model: str, tier: str, region: str | None,
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
        adjustment=_in_words(dollars, listed, decided, region) or None,
    )
    return Band(above, Rates(dollars, complete="input" in decided.rates, least_seconds=least), price)


def _in_words(dollars: Mapping[str, Decimal], listed: Listing | Unlisted, decided: Decision, region: str | None) -> str:
    """What the rates hold besides the list's or the book's own: borrowed classes, a surcharge, discounts, markups."""
    notes = []
    borrowed = [name for name in sorted(dollars) if name not in decided.rates]
    if isinstance(listed, Listing):
        if decided.covers and (from_list := [name for name in borrowed if name in listed.rates]):
            notes.append(f"{', '.join(from_list)}: the rate of {listing.SOURCE} {listed.version}")
        if listed.surcharge and borrowed:
            notes.append(f"+{plain(listed.surcharge)}% in {region}")
    if decided.words:
        notes.append(decided.words)
    return "; ".join(notes)


def _at(above: int, rates: Steps) -> Decimal | None:
    return next((rate for start, rate in reversed(rates) if start <= above), None)
