"""The price book in the ledger: kept, audited, and never touching what is stored."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal as D

import pytest

from llmtrack.ledger import Ledger, LedgerError, open_ledger
from llmtrack.ledger.price_book import add_price, list_prices, missing_prices, retire_price
from llmtrack.pricing import BookEntry, Cost, Pricer, PriceRefused, Usage, UsageRecord
from tests.ledger.making import NOON, generation
from tests.pricing.costs import moment

JANUARY, JUNE = moment(2026, 1, 1), moment(2026, 6, 1)
OWN = BookEntry("price", "ollama", "*", JANUARY, rates={"input": D("0.10"), "output": D("0.30")}, note="our GPUs")


@pytest.fixture
def ledger(ledger_url: str) -> Ledger:
    return open_ledger(ledger_url)


def audit(ledger: Ledger) -> list[tuple[str, str, str]]:
    with ledger.reading() as connection:
        rows = connection.exec_driver_sql("SELECT actor, action, subject FROM audit ORDER BY id")
        return [(actor, action, subject) for actor, action, subject in rows]


def test_an_entry_is_kept_as_it_was_given_and_the_book_has_a_new_version(ledger: Ledger) -> None:
    assert ledger.book() == (0, ())
    kept = add_price(ledger, OWN, by="ada", at=JUNE)
    assert kept.id == 1
    version, entries = ledger.book()
    assert (version, entries) == (1, (kept,))
    line = list_prices(ledger)[0]
    assert (line.entry, line.created_at, line.created_by, line.withdrawn_at) == (kept, JUNE, "ada", None)
    assert audit(ledger) == [("ada", "price.add", "1")]


def test_a_retired_entry_holds_until_then_and_is_still_listed(ledger: Ledger) -> None:
    add_price(ledger, OWN, by="ada", at=JANUARY)
    line = retire_price(ledger, 1, by="bob", at=JUNE)
    assert (line.entry.until, line.withdrawn_by) == (JUNE, "bob")
    version, entries = ledger.book()
    assert version == 2
    assert list_prices(ledger)[0] == line
    used = Usage(input_tokens=10, output_tokens=0)
    pricer = Pricer(entries)
    costs = [pricer.price(UsageRecord(used, "ollama", "m", at)).total for at in (JUNE - 1, JUNE)]
    assert costs == [1_000, None]
    assert audit(ledger) == [("ada", "price.add", "1"), ("bob", "price.retire", "1")]


def test_a_mistake_can_be_retired_as_if_it_had_never_been(ledger: Ledger) -> None:
    add_price(ledger, OWN, by="ada", at=JANUARY)
    assert retire_price(ledger, 1, by="ada", from_the_beginning=True, at=JUNE).void
    add_price(ledger, OWN, by="ada", at=JUNE)  # no longer in its own way
    used = Usage(input_tokens=10, output_tokens=0)
    assert Pricer(ledger.book()[1]).price(UsageRecord(used, "ollama", "m", JUNE)).total == 1_000


def test_a_refused_entry_leaves_no_trace(ledger: Ledger) -> None:
    add_price(ledger, OWN, by="ada", at=JANUARY)
    with pytest.raises(PriceRefused, match="Entry 1 already says"):
        add_price(ledger, OWN, by="ada", at=JUNE)
    assert ledger.book()[0] == 1
    assert len(audit(ledger)) == 1


def test_what_is_not_there_or_has_ended_cannot_be_retired(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match=r"There is no price book entry 3; there are none at all\."):
        retire_price(ledger, 3, by="ada")
    add_price(ledger, OWN, by="ada", at=JANUARY)
    retire_price(ledger, 1, by="ada", at=JUNE)
    with pytest.raises(LedgerError, match="Price book entry 1 no longer holds"):
        retire_price(ledger, 1, by="ada", at=JUNE + 1)


def test_of_two_who_add_the_same_at_once_one_is_refused(ledger: Ledger) -> None:
    def add(_: int) -> bool:
        try:
            add_price(ledger, OWN, by="ada", at=JUNE)
        except PriceRefused:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(add, range(4))) == [False, False, False, True]
    assert len(list_prices(ledger)) == 1


@pytest.mark.compares_with("genai-prices")
def test_a_new_price_leaves_stored_costs_alone(ledger: Ledger) -> None:
    used = Usage(input_tokens=1_000_000, output_tokens=0)
    before = Pricer().price(UsageRecord(used, "openai", "gpt-4o", NOON))
    ledger.write([generation(provider="openai", response_model="gpt-4o", usage=used, cost=before)])
    own = BookEntry("price", "openai", "gpt-4o", 0, rates={"input": D(1), "output": D(1)})
    add_price(ledger, own, by="ada", at=JUNE)
    with ledger.reading() as connection:
        rows = connection.exec_driver_sql(
            "SELECT g.cost, p.source, p.rates FROM generation g JOIN price p ON p.id = g.price"
        ).fetchall()
    ((cost, source, rates),) = rows
    assert (cost, source) == (2_500_000_000, "genai-prices")
    assert (json.loads(rates) if isinstance(rates, str) else rates)["input"] == "2.5"


def test_the_price_kept_with_a_cost_says_its_step_and_its_discount(ledger: Ledger) -> None:
    off = BookEntry("discount", "openai", "*", 0, percent=D(10), id=4)
    used = Usage(input_tokens=272_001, output_tokens=0)
    cost = Pricer([off]).price(UsageRecord(used, "openai", "gpt-5.5", NOON))
    ledger.write([generation(provider="openai", response_model="gpt-5.5", usage=used, cost=cost)])
    with ledger.reading() as connection:
        rows = connection.exec_driver_sql("SELECT above, adjustment FROM price").fetchall()
    assert [tuple(row) for row in rows] == [(272_000, "-10% (book 4)")]


def test_models_that_lack_a_price_are_found_and_calls_a_price_would_not_help_are_not_counted(ledger: Ledger) -> None:
    used = Usage(input_tokens=10, output_tokens=2)
    for number, (model, reason) in enumerate(
        [("new-1", "no_price"), ("new-1", "no_price"), ("new-2", "newer_model"), ("new-2", "usage_missing")]
    ):
        made = Cost("unpriced", reason=reason)
        ledger.write([generation(NOON + number, response_model=model, usage=used, cost=made)])
    ledger.write(
        [generation(NOON + 10), generation(NOON + 11, response_model="down", cost=Cost("unpriced", reason="no_usage"))]
    )
    assert [(one.provider, one.model, one.calls, one.unpriced) for one in missing_prices(ledger)] == [
        ("openai", "new-1", 2, 2),
        ("openai", "new-2", 2, 1),
    ]
