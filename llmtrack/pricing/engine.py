"""Usage to cost: the one place where a call gets its price, and the reason where it gets none."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import cast

from llmtrack.frozen import value
from llmtrack.pricing import demo, listing
from llmtrack.pricing.book import STANDARD, Book, BookEntry
from llmtrack.pricing.quote import Quote, quote
from llmtrack.pricing.rates import NANO, Parts, Rates, to_nano
from llmtrack.pricing.reasons import Reason
from llmtrack.pricing.supplements import costs_as_standard
from llmtrack.pricing.usage import COUNTS, Cost, Price, Priceable, Usage
from llmtrack.statuses import FAILED, CostStatus, Status

_log = logging.getLogger(__name__)
_KEPT_KEYS = 4096
_KEPT_WINDOWS = 8
_EXACT, _ESTIMATED = CostStatus.EXACT.value, CostStatus.ESTIMATED.value
_UNPRICED, _SIMULATED = CostStatus.UNPRICED.value, CostStatus.SIMULATED.value
_FREE_OPERATIONS = frozenset({"count_tokens"})
_NOT_BILLED_HERE = frozenset({"batch"})  # asking for a batch costs nothing; its results are not seen here
_DEMO = Rates(demo.RATES)
_MOST_DOLLARS = Decimal(10**9)


@value(frozen=True, slots=True)
class _Priced:
    parts: Parts
    doubt: Reason | None
    price: Price


class Pricer:
    """Prices calls from the public price list and this installation's price book. Cheap once it has seen a model.

    Safe to use from several threads. Make a new one when the book has changed.
    """

    def __init__(self, book: Sequence[BookEntry] = ()) -> None:
        self._book = Book(book)
        self._data: object = None
        self._quotes: dict[tuple[str, str, str | None, str | None], tuple[Quote, ...]] = {}
        self._failed: set[str] = set()

    def price(self, call: Priceable) -> Cost:
        """What a call cost, in nano-dollars. Never raises: what cannot be priced is ``unpriced``, with the reason."""
        model, usage, provider = call.response_model, call.usage, call.provider
        name = model or call.request_model or ""
        try:
            tier, region = _placed(call.service_tier, call.region)
            status, operation, reported = call.status, call.operation, call.reported_cost
            if call.simulated:
                return _simulated(usage, name, status)
            if not call.sent:
                return _free(provider, name, "not_sent")
            if reported is not None and reported.is_finite() and 0 <= reported < _MOST_DOLLARS:
                return self._reported(reported, provider, name, tier, call.started_at, region)
            if operation in _FREE_OPERATIONS:
                return _free(provider, name, operation)
            nothing = usage.input_tokens is None and usage.output_tokens is None
            if nothing and (status in FAILED or operation in _NOT_BILLED_HERE):
                return _unpriced(Reason.NO_USAGE)
            if status == Status.PENDING:
                return _unpriced(Reason.PENDING)
            if not name:
                return _unpriced(Reason.NO_MODEL)
            doubt = Reason.USAGE_ESTIMATED if call.usage_estimated else None if model else Reason.MODEL_ASSUMED
            if usage.doubt and not call.usage_estimated:
                doubt = Reason(usage.doubt)
            if usage.others:
                return self._several(usage, provider, name, tier, call.started_at, region, doubt)
            priced = self._priced(usage, provider, name, tier, call.started_at, region)
            if type(priced) is not _Priced:
                return _unpriced(cast(Reason, priced))
            return _cost(priced.parts, priced.price, doubt or priced.doubt)
        except Exception:
            self._complain(name)
            return _unpriced(Reason.INTERNAL_ERROR)

    def _priced(
        self, usage: Usage, provider: str, model: str, tier: str | None, at: int, region: str | None
    ) -> _Priced | Reason:
        quoted = self._quote(provider, model, tier, at, region)
        if quoted.reason is not None:
            return quoted.reason
        bands = quoted.bands
        band = bands[0]
        if len(bands) > 1:
            size = usage.input_tokens or 0
            for band in reversed(bands):  # the last whose step the input has crossed
                if size > band.above or band is bands[0]:
                    break
        result = band.rates.apply(usage)
        if type(result) is not tuple:
            return cast(Reason, result)
        return _Priced(result[0], result[1] or quoted.doubt, band.price)

    def _quote(self, provider: str, model: str, tier: str | None, at: int, region: str | None) -> Quote:
        """The quote in force at that moment, from memory where one is there."""
        data = listing.snapshot()
        if data is not self._data:  # first use, or the price data has been refreshed
            self._quotes = {}
            self._data = data
        key = (provider, model, tier, region)
        quotes = self._quotes.get(key, ())
        for earlier in quotes:
            if earlier.since <= at < earlier.until:
                return earlier
        name = listing.tier_name(tier)
        made = quote(data, self._book, provider, model, name, at, region)
        if made.reason is Reason.NO_TIER_PRICE and costs_as_standard(provider, name):
            made = quote(data, self._book, provider, model, STANDARD, at, region)
        if len(self._quotes) >= _KEPT_KEYS:
            self._quotes = {}
        self._quotes[key] = (made, *quotes[: _KEPT_WINDOWS - 1])
        return made

    def quote(self, provider: str, model: str, tier: str | None = None, *, at: int, region: str | None = None) -> Quote:
        """The prices of a model as they hold at a moment, or the reason why there are none."""
        tier, region = _placed(tier, region)
        return self._quote(provider, model, tier, at, region)

    def _several(
        self, usage: Usage, provider: str, model: str, tier: str | None, at: int, region: str | None,
        doubt: Reason | None,
    ) -> Cost:  # fmt: skip
        """The cost of a call that did part of its work on other models, each at its own price."""
        own = _without_others(usage)
        if own is None:
            return _unpriced(Reason.INVALID_USAGE)
        done: list[_Priced] = []
        for name, used in ((model, own), *usage.others):
            priced = self._priced(used, provider, name, tier, at, region)
            if isinstance(priced, Reason):
                return _unpriced(priced)
            done.append(priced)
            doubt = doubt or (Reason(used.doubt) if used.doubt else priced.doubt)
        columns = zip(*(work.parts for work in done), strict=True)
        sums = cast(Parts, tuple(_add(column) for column in columns))
        return replace(_cost(sums, done[0].price, doubt), other_prices=tuple(work.price for work in done[1:]))

    def _reported(
        self, reported: Decimal, provider: str, model: str, tier: str | None, at: int, region: str | None
    ) -> Cost:
        adjustment = self._book.of_everything(provider, model, listing.tier_name(tier), at, region)
        factor, words = adjustment if adjustment is not None else (Decimal(1), None)
        price = Price("provider", "", provider, model, listing.tier_name(tier), MappingProxyType({}), adjustment=words)
        return Cost(CostStatus.PROVIDER_REPORTED.value, to_nano(reported * factor), price=price)

    def _complain(self, model: str) -> None:
        """Log a failure of ours once per model."""
        if model not in self._failed and len(self._failed) < _KEPT_KEYS:
            self._failed.add(model)
            _log.exception("Could not price a call of model %r; it is kept as unpriced", model)


def _placed(tier: str | None, region: str | None) -> tuple[str | None, str | None]:
    """Tier and region apart, where an earlier version kept them in one (``standard@us``)."""
    if tier is None or "@" not in tier:
        return tier, region
    tier, _, place = tier.partition("@")
    return tier, region or place


def _cost(parts: Parts, price: Price, doubt: Reason | None) -> Cost:
    total = sum([part for part in parts if part is not None])
    if doubt is None:
        return Cost(_EXACT, total, *parts, price)
    return Cost(_ESTIMATED, total, *parts, price, doubt.value)


def _unpriced(reason: Reason) -> Cost:
    return Cost(_UNPRICED, reason=reason.value)


def _add(parts: Sequence[int | None]) -> int | None:
    amounts = [part for part in parts if part is not None]
    return sum(amounts) if amounts else None


def _without_others(usage: Usage) -> Usage | None:
    """What is left for the call's own model once the work on others is taken out; None if that is less than nothing."""
    left: dict[str, int | None] = {}
    for name in COUNTS:
        count = getattr(usage, name)
        if count is not None:
            count -= sum(getattr(used, name) or 0 for _, used in usage.others)
            if count < 0:
                return None
        left[name] = count
    return replace(usage, others=(), **left)  # type: ignore[arg-type]  # counts, all of them


def _free(provider: str, model: str, operation: str) -> Cost:
    """A call that providers do not charge for, whatever it counted."""
    rates = MappingProxyType({"request": "0"})
    return Cost(_EXACT, 0, request=0, price=Price("free", operation, provider, model, STANDARD, rates))


def _simulated(usage: Usage, model: str, status: str | None) -> Cost:
    price = Price(
        demo.SOURCE, demo.VERSION, "demo", model, STANDARD,
        MappingProxyType({name: str(rate) for name, rate in demo.RATES.items()}),
    )  # fmt: skip
    result = _DEMO.apply(usage)
    if isinstance(result, Reason):
        failed = status in FAILED and result is Reason.USAGE_MISSING
        return Cost(_SIMULATED, price=price, reason=(Reason.NO_USAGE if failed else result).value)
    parts, doubt = result
    return replace(_cost(parts, price, doubt), status=_SIMULATED)


def in_dollars(nano: int | None) -> Decimal | None:
    """Nano-dollars as a `Decimal` of dollars, exactly; None stays None."""
    return None if nano is None else Decimal(nano) / NANO
