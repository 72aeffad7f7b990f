"""A limit on dollars counts what users are charged: list dollars with the markup of the settings.

gpt-4o costs $2.50 and $10 for a million tokens; the fake provider counts 100 of input and 20 of output: $0.00045.
"""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
from click.testing import CliRunner

import llmtrack
from llmtrack import LimitExceeded
from llmtrack.billing.limits.recovery import abandoned
from llmtrack.cli import main
from llmtrack.ledger.limit_book import policy_of, set_limit
from llmtrack.ledger.limits import EACH, Entry, Limit, OpenCall, as_json, from_json
from llmtrack.settings import get_settings

CALL = {"model": "gpt-4o", "max_tokens": 20, "messages": [{"role": "user", "content": "Hello"}]}
BOTH = pytest.mark.parametrize("ledger_url", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def markup(monkeypatch):
    """Sets the markup of the installation, in percent."""

    def set_to(percent: str) -> None:
        monkeypatch.setenv("LLMTRACK_BILLING_MARKUP_PERCENT", percent)
        get_settings.cache_clear()

    return set_to


def a_limit(amount: int, **more) -> Limit:
    return Limit(0, "user", "cost", "day", amount, EACH, **more)


@BOTH
def test_what_is_used_of_it_includes_the_markup_and_the_ledger_does_not(ledger, client, used, markup) -> None:
    markup("20")
    set_limit(ledger, a_limit(10**9), by="admin")
    with llmtrack.context(user_id="alice"):
        client().chat.completions.create(**CALL)
    assert used().spent == 540_000  # 450,000 and a fifth
    assert used().limit.markup_percent == Decimal(20)
    with ledger.reading() as connection:
        assert connection.exec_driver_sql("SELECT cost FROM generation").scalar_one() == 450_000


def test_a_refusal_says_so_and_holds_the_markup_too(ledger, client, markup) -> None:
    with llmtrack.context(user_id="alice"):
        set_limit(ledger, a_limit(0), by="admin")
        with pytest.raises(LimitExceeded) as plain:
            client().chat.completions.create(**CALL)
        markup("12.50")
        set_limit(ledger, a_limit(0), by="admin")
        with pytest.raises(LimitExceeded) as dearer:
            client(tracker=llmtrack.Tracker(f"sqlite:///{ledger.name}")).chat.completions.create(**CALL)
    assert "markup" not in str(plain.value)
    assert str(dearer.value).endswith(" Amounts include 12.5 % of markup.")


def test_what_a_call_may_count_is_rounded_up_and_what_it_counts_half_to_even() -> None:
    limit = a_limit(10**9, markup_percent=Decimal("12.5"))
    assert [limit.charged(cost) for cost in (0, 4, 12, 20, 8)] == [0, 4, 14, 22, 9]  # 4.5, 13.5, 22.5, 9
    assert [limit.charged(cost, at_most=True) for cost in (0, 4, 12, 20, 8)] == [0, 5, 14, 23, 9]
    assert a_limit(1).charged(7) == 7


def test_a_limit_keeps_the_markup_it_was_set_with_until_it_is_set_again(ledger, markup) -> None:
    markup("20")
    set_limit(ledger, a_limit(10**9), by="admin")
    markup("30")
    (limit,) = policy_of(ledger).limits
    assert limit.markup_percent == Decimal(20)
    assert from_json(as_json(limit)) == limit
    set_limit(ledger, a_limit(10**9), by="admin")
    assert policy_of(ledger).limits[0].markup_percent == Decimal(30)
    set_limit(ledger, Limit(0, "user", "tokens", "day", 5, EACH), by="admin")
    assert policy_of(ledger).limits[1].markup_percent is None


def test_the_row_of_an_abandoned_call_has_list_dollars(ledger, markup) -> None:
    markup("20")
    limit = set_limit(ledger, a_limit(10**9), by="admin")
    now = time.time_ns() // 1000
    call = OpenCall(3, 1, now, '{"model": "gpt-4o"}', (Entry(limit.id, "alice", 0, 600_000, None),))
    row = abandoned(call, policy_of(ledger))
    assert row.cost is not None
    assert row.cost.total == 500_000
    assert row.hold is not None
    assert row.hold.amounts == {limit.id: 600_000}


def test_the_list_of_limits_says_so(ledger, markup) -> None:
    markup("20")
    set_limit(ledger, a_limit(10**9), by="admin")
    shown = CliRunner().invoke(main, ["limits", "list", "--database", f"sqlite:///{ledger.name}"]).output
    assert "by what calls are expected to use, with 20 % of markup" in shown
