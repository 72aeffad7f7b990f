"""Every model of the public list, in every tier and at every date it names: what genai-prices says, to the nano-dollar.

Where llmtrack gives no cost, or one that it calls an estimate, the test says for which models and why.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from typing import Any

import pytest
from genai_prices import Usage as TheirUsage
from genai_prices import calc_price
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, Provider, StartDateConstraint

from llmtrack.pricing import Pricer, Usage, UsageRecord, matching
from tests.pricing.costs import NOVEMBER, PARTS, moment

pytestmark = pytest.mark.compares_with("genai-prices")

THEIR_NAMES = {
    "reasoning_tokens": "output_reasoning_tokens",
    "cache_read_audio_tokens": "cache_audio_read_tokens",
    "cache_read_image_tokens": "cache_image_read_tokens",
    "characters": "input_characters",
}
PARTS_OF = {
    # a rate's name: the count it is for, and the wholes that count is part of
    "cache_read": ("cache_read_tokens", "input_tokens"),
    "cache_write": ("cache_write_tokens", "input_tokens"),
    "cache_write_1h": ("cache_write_1h_tokens", "cache_write_tokens", "input_tokens"),
    "input_audio": ("input_audio_tokens", "input_tokens"),
    "cache_read_audio": ("cache_read_audio_tokens", "cache_read_tokens", "input_audio_tokens", "input_tokens"),
    "input_image": ("input_image_tokens", "input_tokens"),
    "cache_read_image": ("cache_read_image_tokens", "cache_read_tokens", "input_image_tokens", "input_tokens"),
    "reasoning": ("reasoning_tokens", "output_tokens"),
    "output_audio": ("output_audio_tokens", "output_tokens"),
    "output_image": ("output_image_tokens", "output_tokens"),
}
APART = {"web_search": "web_searches", "audio_hour": "audio_seconds", "characters": "characters"}
PRICER = Pricer()


def of_list() -> Iterator[tuple[Provider, ModelInfo, str]]:
    """Each model with a name that it is served by: the first one that its clauses spell out, or its id."""
    for provider in get_snapshot().providers:
        for info in provider.models:
            for name in (*sorted(matching._clauses(info.match)[0]), info.id):
                if provider.find_model(name) is info:
                    yield provider, info, name
                    break


def moments(info: ModelInfo) -> set[int]:
    """Now, and just before and at each date on which a price of this model begins."""
    prices = info.prices if isinstance(info.prices, list) else []
    constraints = [one.constraint for one in (*prices, *(info.price_variants or ()))]
    dates = {one.start_date for one in constraints if isinstance(one, StartDateConstraint)}
    begins = {moment(day.year, day.month, day.day) for day in dates}
    return {NOVEMBER} | begins | {at - 1 for at in begins}


def tiers(info: ModelInfo) -> Iterator[tuple[str | None, dict[str, str] | None]]:
    """Each tier that it has a price for, with what genai-prices wants to be told for it."""
    yield None, None
    for variant in info.price_variants or ():
        (key, value), *more = variant.when.items()
        assert not more
        if key in ("processing", "service_tier", "speed"):
            yield value, dict(variant.when)


def usage(draw: random.Random, rates: Any, size: int) -> dict[str, Any]:
    """Counts for every class that has a rate, each part within its wholes."""
    used = {"input_tokens": draw.randrange(size)}
    if "output" in rates:
        used["output_tokens"] = draw.randrange(size)
    for name in rates:
        if name in PARTS_OF:
            count = draw.randrange(1, size)
            for place in PARTS_OF[name]:
                used[place] = used.get(place, 0) + count
        elif name in APART:
            used[APART[name]] = draw.randrange(11, 9_000)  # Groq's least is 10 seconds; genai-prices leaves that out
    return used


@pytest.mark.slow
@pytest.mark.parametrize("size", [20, 5_000, 300_000])
def test_every_listed_price_gives_the_same_cost(size: int) -> None:
    draw = random.Random(size)
    compared, wrong = 0, []
    for provider, info, name in of_list():
        for at in sorted(moments(info)):
            for tier, context in tiers(info):
                quote = PRICER.quote(provider.id, name, tier, at=at)
                if quote.reason is not None:
                    continue  # the next test looks at these
                used = usage(draw, quote.bands[0].rates.dollars, size)
                ours = PRICER.price(UsageRecord(Usage(**used), provider.id, name, at, service_tier=tier))
                theirs = calc_price(
                    TheirUsage(**{THEIR_NAMES.get(key, key): count for key, count in used.items()}),
                    name,
                    provider_id=provider.id,
                    genai_request_timestamp=datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at),
                    price_context=context,
                )
                kept = sum(getattr(ours, part) is not None for part in PARTS)
                same = ours.total is not None and abs(D(ours.total) / 10**9 - theirs.total_price) <= D("5e-10") * kept
                compared += 1
                if not same or (ours.status != "exact" and ours.reason != "class_assumed"):
                    wrong.append((provider.id, name, tier, at, used, ours, theirs.total_price))
    assert wrong == []
    assert compared > 3_000


def test_what_has_no_cost_though_it_is_on_the_list_is_known() -> None:
    """Entries without any rate (genai-prices says 0), pages of a scan, and a tier that is over or yet to come."""
    now = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=NOVEMBER)
    without: dict[str, set[str]] = {}
    for provider, info, name in of_list():
        for tier, context in tiers(info):
            reason = PRICER.quote(provider.id, name, tier, at=NOVEMBER).reason
            if reason == "no_price":
                assert not any(rate is not None for rate in vars(info.get_prices(now)).values()), name
            elif reason == "no_tier_price":
                assert info.get_prices(now, context) == info.get_prices(now), name
            elif reason is not None:
                without.setdefault(reason.value, set()).add(f"{provider.id}/{info.id}")
    assert without.keys() <= {"no_class_price"}
    assert all(name.startswith("mistral/mistral-ocr-") for names in without.values() for name in names)
