"""A cycle on another model: exact sums, what is assumed, and the cheapest first."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal as D

from llmtrack.billing.other_models import on_other_models
from llmtrack.ledger import Ledger
from llmtrack.ledger.price_book import add_price
from llmtrack.pricing import BookEntry
from llmtrack.pricing.usage import Cost, Usage
from tests.ledger.making import HOUR, NOON, generation

SINCE, UNTIL = datetime(2025, 10, 1, tzinfo=UTC), datetime(2025, 11, 1, tzinfo=UTC)


def prices(ledger: Ledger) -> None:
    for model, into, out in (("small", 1, 2), ("large", 10, 40)):
        rates = {"input": D(into), "output": D(out)}
        add_price(ledger, BookEntry("price", "gateway", model, since=NOON, rates=rates), by="ada", at=NOON)


def test_the_same_tokens_are_priced_on_each_model_the_cheapest_first(ledger: Ledger) -> None:
    prices(ledger)
    ledger.write([generation(NOON), generation(NOON + HOUR), generation(NOON, user_id="bob")])
    models = ["gateway/large", "gateway/small", "gateway/nobody-knows", "no provider"]
    found = on_other_models(ledger, models, users=["alice"], since=SINCE, until=UNTIL, timezone="UTC")
    assert [(one.model, one.cost, one.saves) for one in found] == [
        ("gateway/small", D("0.00028"), D("0.00062")),  # 200 tokens at $1 and 40 at $2 a million; they cost $0.0009
        ("gateway/large", D("0.0036"), D("-0.0027")),
        ("gateway/nobody-knows", None, None),
    ]
    assert "the same number of tokens, although another model counts and answers differently" in found[0].assumptions
    assert found[2].reason


def test_with_a_markup_both_sides_carry_it(ledger: Ledger) -> None:
    prices(ledger)
    ledger.write([generation(NOON)])
    (small,) = on_other_models(
        ledger, ["gateway/small"], users=["alice"], since=SINCE, until=UNTIL, timezone="UTC", percent=D(10)
    )
    assert (small.cost, small.actual, small.saves) == (D("0.000154"), D("0.000495"), D("0.000341"))


def test_what_cannot_be_compared_saves_nothing(ledger: Ledger) -> None:
    prices(ledger)
    unpriced = Cost("unpriced", reason="no_price")
    ledger.write([generation(NOON), generation(NOON, cost=unpriced), generation(NOON, usage=Usage(), cost=unpriced)])
    (small,) = on_other_models(ledger, ["gateway/small"], users=["alice"], since=SINCE, until=UNTIL, timezone="UTC")
    assert (small.calls, small.uncounted, small.unpriced, small.saves) == (3, 1, 2, None)
