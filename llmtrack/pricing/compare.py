"""What the same work would have cost on another model, from the sums of its token classes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from llmtrack.pricing.engine import Pricer
from llmtrack.pricing.reasons import Reason, in_words
from llmtrack.pricing.usage import PARTS, Price, Usage

_NO_LIMIT = 2**62


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What a period would have cost in US dollars; None where nobody can say, with the `reason` in words."""

    cost: Decimal | None
    parts: Mapping[str, Decimal]
    """The cost by class; only those that there are."""
    assumptions: tuple[str, ...]
    price: Price | None = None
    reason: str | None = None


def what_if(
    usage: Usage,
    model: str,
    provider: str,
    *,
    calls: int,
    tier: str | None = None,
    caching: bool = True,
    at: int | None = None,
    pricer: Pricer | None = None,
) -> WhatIf:
    """What `calls` calls that used `usage` in sum would have cost on `model` at `provider`, and what that assumes.

    With `caching` off, what was read from or written to a cache is taken as ordinary input. Prices are those `at`
    microseconds since 1970 (default: now); a price with steps is taken at its lowest, because sums do not say how long
    each prompt was.
    """
    quote = (pricer or Pricer()).quote(provider, model, tier, at=at if at is not None else time.time_ns() // 1_000)
    if quote.reason is not None or not quote.bands:
        return WhatIf(None, {}, (), reason=in_words(quote.reason))
    band = quote.bands[0]
    rates = band.rates.dollars
    assumed = ["the same number of tokens, although another model counts and answers differently"]
    if len(quote.bands) > 1:
        assumed.append(f"no prompt over {quote.bands[1].above:,} tokens, above which this model costs more")
    usage = _uncached(usage, assumed) if not caching else _with_its_cache(usage, rates, assumed)
    usage = _without_tools(usage, rates, assumed)
    result = band.rates.apply(usage, _NO_LIMIT)
    if isinstance(result, Reason):
        return WhatIf(None, {}, tuple(assumed), band.price, in_words(result))
    parts = {name: Decimal(nano) / 10**9 for name, nano in zip(PARTS, result[0], strict=True) if nano is not None}
    if "request" in parts:
        parts["request"] *= calls
    total = sum(parts.values(), Decimal(0))
    return WhatIf(total, parts, tuple(assumed), band.price)


def _uncached(usage: Usage, assumed: list[str]) -> Usage:
    if usage.cache_read_tokens or usage.cache_write_tokens:
        assumed.append("no caching: every input token at the full rate")
    return replace(
        usage,
        cache_read_tokens=None,
        cache_write_tokens=None,
        cache_write_1h_tokens=None,
        cache_read_audio_tokens=None if usage.cache_read_audio_tokens is None else 0,
        cache_read_image_tokens=None,
    )


def _with_its_cache(usage: Usage, rates: Mapping[str, Decimal], assumed: list[str]) -> Usage:
    """The usage as this model would bill its cache: what has no rate there is ordinary input."""
    if usage.cache_read_tokens:
        hit = "the same share of the input read from a cache"
        assumed.append(hit if "cache_read" in rates else "no discount for cached input, because this model has none")
    if usage.cache_write_tokens:
        charged = "cache_write" in rates
        assumed.append("the same tokens written to a cache" if charged else "cache writes billed as ordinary input")
    if usage.cache_write_1h_tokens and "cache_write_1h" not in rates:
        assumed.append("cache writes for one hour billed as others are")
        return replace(usage, cache_write_1h_tokens=0)
    return usage


def _without_tools(usage: Usage, rates: Mapping[str, Decimal], assumed: list[str]) -> Usage:
    if usage.web_searches and "web_search" not in rates:
        assumed.append(f"{usage.web_searches:,} web searches left out, because this model has no price for them")
        usage = replace(usage, web_searches=None)
    unknown = [name for name, runs in usage.tools.items() if runs and f"tool:{name}" not in rates]
    if unknown:
        assumed.append(f"runs of {', '.join(sorted(unknown))} left out")
    return usage
