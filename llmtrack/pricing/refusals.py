"""What the price book refuses, and why: a wrong price costs more to find than to keep out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from statistics import median

from llmtrack.pricing import listing
from llmtrack.pricing.book import KINDS, STANDARD, BookEntry, plain
from llmtrack.pricing.classes import PER, TOOL, per, unit
from llmtrack.pricing.listing import Listing
from llmtrack.pricing.providers import provider_id

ABSURD = 1_000
"""A price this many times its neighbours, or this small a part of them, is a slip of the decimal point."""
MOST_MARKUP = Decimal(1000)


class PriceRefused(ValueError):
    """A price book entry that is not taken; the message says what is wrong with it and what would be right."""


def check(entry: BookEntry, others: Iterable[BookEntry], *, at: int) -> None:
    """Raises `PriceRefused` with one sentence if `entry` cannot stand beside `others`.

    `at` is the moment whose list prices it is compared with, in microseconds since 1970.
    """
    _shape(entry)
    _overlap(entry, others)
    for name, rate in entry.rates.items():
        _absurd(entry, name, rate, at)
    if entry.kind == "same_as":
        _lends(entry, at)


def _shape(entry: BookEntry) -> None:
    if entry.kind not in KINDS:
        raise PriceRefused(f"{entry.kind!r} is no kind of entry; there are {', '.join(KINDS)}.")
    for what, pattern in (("provider", entry.provider), ("model", entry.model), ("tier", entry.tiers)):
        if not pattern.strip() or len(pattern) > 200 or re.search(r"[\x00-\x1f]", pattern):
            raise PriceRefused(f"The {what} {pattern[:50]!r} must be a name of 1 to 200 characters, or * for any.")
    if entry.until is not None and entry.until <= entry.since:
        raise PriceRefused(f"It would end {_day(entry.until)}, before it begins {_day(entry.since)}; give a later end.")
    if entry.above < 0:
        raise PriceRefused(f"{entry.above} is no number of input tokens; give 0, or the tokens above which it holds.")
    if entry.kind == "price":
        _shape_of_rates(entry)
    elif entry.rates:
        raise PriceRefused(f"A {entry.kind} has no rates of its own; give them in an entry of kind price.")
    if entry.kind in ("discount", "markup"):
        _shape_of_percent(entry)
    elif entry.percent is not None:
        raise PriceRefused(f"An entry of kind {entry.kind} has no percentage; use discount or markup.")
    if entry.kind == "same_as" and not re.fullmatch(r"[^/\s]+/\S+", entry.same_as or ""):
        raise PriceRefused(f"{entry.same_as!r} must name a listed model as provider/model, such as openai/gpt-4o.")


def _shape_of_rates(entry: BookEntry) -> None:
    if not entry.rates:
        raise PriceRefused("A price needs at least one rate, such as input=2.5 (dollars per million tokens).")
    for name, rate in entry.rates.items():
        if per(name) is None:
            classes = ", ".join((*PER, TOOL + "NAME"))
            raise PriceRefused(f"{name!r} is no class of usage; there are {classes}.")
        if not rate.is_finite():
            raise PriceRefused(f"{name}={rate} is no amount of money; give dollars {unit(name)}.")
        if rate < 0:
            raise PriceRefused(f"{name}={rate} is negative; a price is 0 or more dollars {unit(name)}.")
        exponent = rate.normalize().as_tuple().exponent
        if rate >= 10**7 or (isinstance(exponent, int) and exponent < -9):
            raise PriceRefused(f"{name}={rate} must be below 10,000,000 dollars with at most nine decimal places.")


def _shape_of_percent(entry: BookEntry) -> None:
    percent = entry.percent
    if percent is None or not percent.is_finite() or percent <= 0:
        raise PriceRefused(f"A {entry.kind} needs a percentage above 0, such as 15; {percent} is none.")
    if entry.kind == "discount" and percent > 100:
        raise PriceRefused(f"A discount of {plain(percent)}% would make costs negative; give at most 100.")
    if entry.kind == "markup" and percent > MOST_MARKUP:
        raise PriceRefused(f"A markup of {plain(percent)}% is over {plain(MOST_MARKUP)}; check the decimal point.")
    exponent = percent.normalize().as_tuple().exponent
    if isinstance(exponent, int) and exponent < -6:
        raise PriceRefused(f"{percent}% has more than six decimal places; round it.")


def _overlap(entry: BookEntry, others: Iterable[BookEntry]) -> None:
    """Two entries for the same thing may follow each other, not hold at once: nobody could say which is meant.

    One without an end lasts until the next for the same begins.
    """
    for other in others:
        if not _same_subject(entry, other):
            continue
        shared = sorted(entry.rates.keys() & other.rates.keys())
        if entry.kind == "price" and not shared:
            continue
        first, second = sorted((entry, other), key=lambda entry: entry.since)
        if first.since < second.since and (first.until is None or first.until <= second.since):
            continue
        what = f"the price of {', '.join(shared)}" if shared else f"a {entry.kind}"
        end = "" if other.until is None else f" to {_day(other.until)}"
        raise PriceRefused(
            f"Entry {other.id} already says {what} for {other.provider}/{other.model} ({other.tiers}) from "
            f"{_day(other.since)}{end}; withdraw it first, or choose a time at which it does not hold."
        )


def _same_subject(entry: BookEntry, other: BookEntry) -> bool:
    if other.until is not None and other.until <= other.since:
        return False
    return (
        entry.kind == other.kind
        and entry.above == other.above
        and all(
            getattr(entry, name).strip().lower() == getattr(other, name).strip().lower()
            for name in ("provider", "model", "tiers")
        )
    )


def _absurd(entry: BookEntry, name: str, rate: Decimal, at: int) -> None:
    """Compares a rate with the list price of the same model, else with the same class at the provider, else anywhere.

    Nothing is a fair price for a model one runs oneself, so 0 passes.
    """
    neighbours, whose = _neighbours(entry, name, at)
    if not rate or not neighbours:
        return
    usual = median(neighbours)
    if usual and not usual / ABSURD < rate < usual * ABSURD:
        times = rate / usual if rate > usual else usual / rate
        direction = "above" if rate > usual else "below"
        hint = ""
        by_million = rate * 1_000_000
        if rate < usual and unit(name) == "per million tokens" and usual / 100 < by_million < usual * 100:
            hint = f" Is it per token? That would be {name}={plain(by_million)}."
        raise PriceRefused(
            f"{name}={plain(rate)} is {times:,.0f} times {direction} {whose} ({plain(usual)} dollars {unit(name)}); "
            f"check the decimal point.{hint}"
        )


def _neighbours(entry: BookEntry, name: str, at: int) -> tuple[Sequence[Decimal], str]:
    data = listing.snapshot()
    if not any(sign in entry.provider + entry.model for sign in "*?["):
        listed = listing.look_up(data, entry.provider, entry.model, STANDARD, at)
        if isinstance(listed, Listing) and name in listed.rates:
            return [rate for _, rate in listed.rates[name]], "the list price of this model"
    everywhere = listing.rates_of_class(data, name, at)
    provider = provider_id(entry.provider)
    if here := [rate for who, rate in everywhere if who == provider and rate]:
        return here, f"what {entry.provider} usually charges"
    return [rate for _, rate in everywhere if rate], "what providers usually charge"


def _lends(entry: BookEntry, at: int) -> None:
    provider, _, model = (entry.same_as or "").partition("/")
    if not isinstance(listing.look_up(listing.snapshot(), provider, model, STANDARD, at), Listing):
        raise PriceRefused(f"The price list has no {entry.same_as}; name a model it has, or give a price of your own.")


def _day(at: int) -> str:
    moment = datetime.fromtimestamp(at / 1_000_000, UTC)
    return f"{moment.day} {moment:%B %Y}" + ("" if moment.hour == moment.minute == 0 else f" {moment:%H:%M} UTC")
