"""Newer prices are used when they make sense; damaged ones never replace what is there."""

from __future__ import annotations

import copy
import http.server
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from datetime import time as dtime
from decimal import Decimal as D
from typing import Any

import pytest
from genai_prices import data_snapshot
from genai_prices.data_snapshot import DataSnapshot
from genai_prices.types import ClauseAnd, ClauseOr, ModelPrice, Provider

from llmtrack.pricing import Pricer, Usage, UsageRecord, freshness, keep_fresh, refresh
from llmtrack.pricing.listing import snapshot
from tests.pricing.costs import NOVEMBER, total

pytestmark = pytest.mark.compares_with("genai-prices")


@pytest.fixture(autouse=True)
def as_installed() -> Iterator[None]:
    yield
    refresh.stop()
    data_snapshot.set_custom_snapshot(None)


@contextmanager
def serving(body: bytes) -> Iterator[str]:
    """The address of a server that has this price list."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/data.json"
    server.shutdown()
    server.server_close()


@pytest.fixture
def damaged() -> Iterator[str]:
    """A server whose price list lost nearly everything."""
    with serving(b"[]") as address:
        yield address


def published(providers: list[Provider]) -> bytes:
    """A price list as the project publishes it."""

    def plain(value: Any) -> Any:
        if isinstance(value, ClauseOr | ClauseAnd):
            key = "or" if isinstance(value, ClauseOr) else "and"
            return {key: [plain(one) for one in getattr(value, key + "_")]}
        if isinstance(value, ModelPrice):
            return {name: plain(price) for name, price in vars(value).items() if price is not None and name[0] != "_"}
        if isinstance(value, D):
            return float(value)
        if isinstance(value, date | dtime):
            return value.isoformat()
        if is_dataclass(value):
            told = ((one.name, getattr(value, one.name)) for one in fields(value))
            return {name: plain(one) for name, one in told if one is not None and name[0] != "_"}
        if isinstance(value, list | tuple):
            return [plain(one) for one in value]
        return value

    return json.dumps([plain(provider) for provider in providers]).encode()


def changed(factor: int, model: str = "gpt-4o") -> DataSnapshot:
    """The installed prices with one model's multiplied."""
    providers = copy.deepcopy(snapshot().providers)
    info = next(
        info for provider in providers if provider.id == "openai" for info in provider.models if info.id == model
    )
    info.prices.__dict__["input_mtok"] *= factor
    return DataSnapshot(providers, from_auto_update=True, timestamp=datetime(2026, 11, 21, 8, 30).astimezone())


def test_nothing_is_fetched_unless_asked_for() -> None:
    assert snapshot().from_auto_update is False
    assert freshness().refreshed_at is None


def test_a_pricer_notices_new_prices_and_names_them() -> None:
    pricer, used = Pricer(), Usage(input_tokens=1_000, output_tokens=0)
    before = pricer.price(UsageRecord(used, "openai", "gpt-4o", NOVEMBER))
    data_snapshot.set_custom_snapshot(changed(2))
    after = pricer.price(UsageRecord(used, "openai", "gpt-4o", NOVEMBER))
    assert (total(before), total(after)) == (D("0.0025"), D("0.005"))
    assert before.price is not None
    assert after.price is not None
    assert after.price.version.startswith(f"{before.price.version}+20261121T")
    assert freshness().refreshed_at is not None


@pytest.mark.slow
def test_newer_prices_are_fetched_over_http_used_and_named(caplog: pytest.LogCaptureFixture) -> None:
    used = Usage(input_tokens=1_000, output_tokens=0)
    pricer = Pricer()
    installed = pricer.price(UsageRecord(used, "openai", "gpt-4o", NOVEMBER))
    with serving(published(changed(2).providers)) as address, caplog.at_level(logging.WARNING):
        keep_fresh(url=address, wait=30)
    assert [record.getMessage() for record in caplog.records] == []
    assert freshness().error is None
    assert freshness().refreshed_at is not None
    fetched = pricer.price(UsageRecord(used, "openai", "gpt-4o", NOVEMBER))
    assert (total(installed), total(fetched)) == (D("0.0025"), D("0.005"))
    assert fetched.price is not None
    assert fetched.price.version == freshness().version
    assert fetched.price.version != getattr(installed.price, "version", None)
    # What did not change is priced as before, steps, tiers and dates included.
    long = Usage(input_tokens=250_000, output_tokens=1_000, cache_read_tokens=200_000)
    assert total(pricer.price(UsageRecord(long, "anthropic", "claude-sonnet-4-5", NOVEMBER))) == D("0.4425")
    flex = UsageRecord(used, "openai", "gpt-5.5", NOVEMBER, service_tier="flex")
    assert pricer.price(flex).total == 2_500_000


def test_a_damaged_list_is_not_used_and_the_reason_is_kept(damaged: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        keep_fresh(url=damaged, wait=30)
    assert snapshot().from_auto_update is False
    assert "has 0 models instead of" in (freshness().error or "")
    used = Usage(input_tokens=1_000, output_tokens=0)
    assert Pricer().price(UsageRecord(used, "openai", "gpt-4o", NOVEMBER)).status == "exact"


def test_a_price_that_jumped_beyond_belief_is_not_used() -> None:
    with pytest.raises(
        ValueError, match=r"the fetched input of openai/gpt-4o is 2500\.0 instead of 2\.5; it is not used"
    ):
        refresh.look_at(changed(1_000), snapshot())


def test_an_ordinary_price_change_is_used() -> None:
    refresh.look_at(changed(3), snapshot())


def test_without_a_network_the_installed_prices_are_used(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.CRITICAL):
        keep_fresh(url="http://127.0.0.1:9/nothing-listens-here", wait=30)
    assert snapshot().from_auto_update is False
    assert freshness().error is not None
