"""Sums, means and counts of users by what is known of them, and how a number is spread over users: numbers by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.metrics import ask
from llmtrack.ledger.query import user_values
from llmtrack.ledger.records import Generation, Identity
from llmtrack.pricing.usage import Cost
from tests.ledger.making import HOUR, NOON, generation

METRICS = ("users", "generations", "cost", "unpriced", "generations_per_user", "cost_per_user")
BOTH_DAYS: dict[str, Any] = {
    "since": datetime(2025, 10, 9, tzinfo=UTC),
    "until": datetime(2025, 10, 11, tzinfo=UTC),
    "timezone": "UTC",
}


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """Alice and carol, whose price is unknown, are on one plan, bob on another; nothing is known of dora and nobody."""
    opened = open_ledger(ledger_url)
    plans = {"alice": "pro", "bob": "free", "carol": "pro"}
    opened.write([
        *(Identity(user, {"plan": plan}, 1) for user, plan in plans.items()),
        call(0, "1.00", "alice"), call(24, "0.50", "alice"), call(1, "0.25", "bob"), call(2, None, "carol"),
        call(3, "4.00", None), call(4, "2.00", "dora"),
    ])  # fmt: skip
    yield opened
    opened.close()


def call(hours: int, dollars: str | None, user: str | None) -> Generation:
    """A call after noon on the first day."""
    nano = None if dollars is None else int(Decimal(dollars) * 10**9)
    cost = Cost("unpriced", reason="no_price") if nano is None else Cost("exact", total=nano, input=nano)
    feature = "chat" if hours else None
    return generation(NOON + hours * HOUR, user_id=user, cost=cost, feature=feature)


def numbers(row: Any) -> tuple[Any, ...]:
    return tuple(row[name] for name in METRICS)


def test_users_are_added_up_by_what_is_known_of_them(ledger: Ledger) -> None:
    answer = ask(ledger, METRICS, "user.plan", **BOTH_DAYS)
    assert {row["user.plan"]: numbers(row) for row in answer} == {
        "pro": (2, 3, Decimal("1.5"), 1, 3 / 2, Decimal("1.5")),  # a mean cost of the one whose cost is known
        "free": (1, 1, Decimal("0.25"), 0, 1.0, Decimal("0.25")),
        None: (1, 2, Decimal("6"), 0, 1.0, Decimal("2")),  # nobody's call counts, and nobody is no user
    }
    assert numbers(answer.totals) == (4, 6, Decimal("7.75"), 1, 5 / 4, Decimal("1.25"))
    assert answer.explain == "totals and users from 2 days of rollup_day_user"
    assert ask(ledger, METRICS, "user.plan", **BOTH_DAYS).queries == 2, "the extent of the ledger, and one reading"


def test_a_user_of_two_days_is_one_user_of_both(ledger: Ledger) -> None:
    answer = ask(ledger, METRICS, ["day", "user.plan"], **BOTH_DAYS, fill=False)
    assert {(row["day"].day, row["user.plan"]): numbers(row)[:2] for row in answer} == {
        (9, "pro"): (2, 2), (9, "free"): (1, 1), (9, None): (1, 2), (10, "pro"): (1, 1),
    }  # fmt: skip
    assert numbers(answer.totals) == (4, 6, Decimal("7.75"), 1, 5 / 4, Decimal("1.25"))
    by_day = ask(ledger, ("users", "cost_per_user"), "day", **BOTH_DAYS)
    assert [(row["users"], row["cost_per_user"]) for row in by_day] == [
        (4, Decimal("3.25") / 3),
        (1, Decimal("0.5")),
    ]
    assert (by_day.totals["users"], by_day.totals["cost_per_user"]) == (4, Decimal("1.25"))


def test_a_percentile_is_that_of_everybodys_own_total(ledger: Ledger) -> None:
    answer = ask(ledger, ("cost_per_user_p95", "users_with_cost", "users", "cost"), "user.plan", **BOTH_DAYS)
    assert {row["user.plan"]: (row["cost_per_user_p95"], row["users_with_cost"]) for row in answer} == {
        "pro": (Decimal("1.5"), 1), "free": (Decimal("0.25"), 1), None: (Decimal("2"), 1),
    }  # fmt: skip
    assert [answer.totals[name] for name in answer.units] == [Decimal("2"), 3, 4, Decimal("7.75")]


@pytest.mark.parametrize(
    ("where", "costs", "calls"),
    [
        ({}, ["0.25", "1.5", "2"], [1, 1, 1, 2]),
        ({"user.plan": "pro"}, ["1.5"], [1, 2]),
        ({"feature": "chat"}, ["0.25", "0.5", "2"], [1, 1, 1, 1]),  # from the days by user and feature
        ({"http_status": 500}, [], []),
    ],
)
@pytest.mark.parametrize("until", [11, None])
def test_what_each_user_adds_up_to_comes_in_order_and_without_names(
    ledger: Ledger, where: dict[str, Any], costs: list[str], calls: list[int], until: int | None
) -> None:
    end = datetime(2025, 10, 11, tzinfo=UTC) if until else datetime(2025, 10, 10, 12, 0, 1, tzinfo=UTC)
    found = user_values(ledger, ("cost", "generations"), since=BOTH_DAYS["since"], until=end, where=where)
    assert found == {"cost": [Decimal(cost) for cost in costs], "generations": calls}


@pytest.mark.slow
def test_only_sums_have_a_total_for_each_user(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="'error_rate' is no sum over calls"):
        user_values(ledger, ("error_rate",))
