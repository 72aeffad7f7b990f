"""Newer price data, for those who ask for it: fetched in the background, looked at before it is used."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from llmtrack.pricing import listing

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import Provider

EVERY = 6 * 3600.0
"""Seconds between fetches."""
MOST_LOST = 0.5
"""A list that lost more than this share of what the installed one knows is taken for a damaged one."""
ABSURD = 100
"""Nor may a price of a well-known provider be so many times what it was, up or down."""
_WELL_KNOWN = ("openai", "anthropic", "google")

_log = logging.getLogger(__name__)
_lock = threading.Lock()
_running: dict[str, object] = {}
_last_error: str | None = None


@dataclass(frozen=True, slots=True)
class Freshness:
    """Which price data is in use."""

    version: str
    refreshed_at: datetime | None
    """When it was fetched; None for what came with the package."""
    error: str | None
    """Why the last fetch was of no use; None if it was, or if nobody asked for one."""


def freshness() -> Freshness:
    """Which price data is in use, and whether fetching newer went wrong."""
    data = listing.snapshot()
    when = data.timestamp.astimezone(UTC) if data.from_auto_update else None
    return Freshness(listing.version(data), when, _last_error)


def keep_fresh(*, url: str | None = None, wait: float | None = None) -> None:
    """Fetch newer prices now and then from the genai-prices project, in a background thread; once per process.

    Without a network, or where what comes is damaged, the prices in use stay in use and the reason is logged. `wait`
    blocks up to so many seconds for the first fetch. A `Pricer` notices new prices by itself.
    """
    with _lock:
        updater = _running.get("updater")
        if updater is None:
            updater = _running["updater"] = _make(url)
            updater.start()  # type: ignore[attr-defined]  # the library's own class, made where it is imported
    if wait is not None:
        try:
            updater.wait(wait)  # type: ignore[attr-defined]
        except Exception:
            _log.debug("The first fetch of prices failed", exc_info=True)


def stop() -> None:
    """Stop fetching; fetched prices stay in use."""
    with _lock:
        updater = _running.pop("updater", None)
    if updater is not None:
        updater.stop()  # type: ignore[attr-defined]


def _make(url: str | None) -> object:
    from genai_prices import UpdatePrices
    from genai_prices.update_prices import DEFAULT_UPDATE_URL

    class Checked(UpdatePrices):
        """Prices that are looked at before they are used."""

        def fetch(self) -> DataSnapshot | None:
            """The newer data. Raises `ValueError` where it cannot be right; the library then keeps the old."""
            global _last_error
            try:
                fetched = super().fetch()
                if fetched is not None:
                    look_at(fetched, listing.snapshot())
            except Exception as error:
                _last_error = f"{type(error).__name__}: {error}"[:200]
                raise
            _last_error = None
            return fetched

    return Checked(update_interval=EVERY, url=url or DEFAULT_UPDATE_URL)


def look_at(fetched: DataSnapshot, current: DataSnapshot) -> None:
    """Raises `ValueError` where `fetched` has lost too much of what is `known`, or prices jumped beyond belief."""
    new = {provider.id: provider for provider in fetched.providers}
    old = {provider.id: provider for provider in current.providers}
    count = sum(len(provider.models) for provider in new.values())
    before = sum(len(provider.models) for provider in old.values())
    missing = [name for name in _WELL_KNOWN if name in old and name not in new]
    if missing or count < before * MOST_LOST:
        raise ValueError(f"the fetched price list has {count} models instead of {before}; it is not used")
    for name in _WELL_KNOWN:
        if name in old:
            _compare(new[name], old[name])


def _compare(new: Provider, old: Provider) -> None:
    at = int(datetime.now(UTC).timestamp()) * 1_000_000
    before = {info.id: listing.plain_rates(info, at) for info in old.models}
    for info in new.models:
        for key, rate in listing.plain_rates(info, at).items():
            was = before.get(info.id, {}).get(key, Decimal(0))
            if was and rate and not was / ABSURD < rate < was * ABSURD:
                raise ValueError(f"the fetched {key} of {new.id}/{info.id} is {rate} instead of {was}; it is not used")
