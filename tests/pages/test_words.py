"""Money, time and counts as people read them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from pages.components import formatting


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, "unknown"),
        (Decimal(0), "$0.00"),
        (Decimal("0.0000001"), "<$0.000001"),
        (Decimal("0.0000005"), "<$0.000001"),
        (Decimal("-0.0000005"), "\u2212<$0.000001"),
        (Decimal("0.000123"), "$0.000123"),
        (Decimal("0.0099999999"), "$0.010000"),
        (Decimal("0.0123456"), "$0.0123"),
        (Decimal("1234.5"), "$1,234.50"),
        (Decimal("-0.5"), "\u2212$0.5000"),
    ],
)
def test_money_shows_more_decimals_the_smaller_it_is(amount: Decimal | None, text: str) -> None:
    assert formatting.usd(amount) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, "unknown"),
        (0, "0"),
        (999, "999"),
        (12_345, "12.3k"),
        (999_900, "1,000k"),
        (4_560_000, "4.56M"),
        (0.04, "<0.1"),
    ],
)
def test_large_counts_are_shortened(number: int | None, text: str) -> None:
    assert formatting.compact(number) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "unknown"),
        (0.4239, "0.42 s"),
        (0.0049, "<0.01 s"),
        (0.0, "0.00 s"),
        (12.34, "12.3 s"),
        (59.97, "1 min 0 s"),
        (125, "2 min 5 s"),
        (3725, "1 h 2 min"),
    ],
)
def test_durations_read_like_a_clock(value: float | None, text: str) -> None:
    assert formatting.seconds(value) == text


def test_a_total_says_how_many_calls_it_could_not_count() -> None:
    assert formatting.unpriced(12, 3400) == "12 of 3,400 calls unpriced"
    assert formatting.unpriced(1, 1) == "1 of 1 call unpriced"
    assert formatting.unpriced(0, 3400) == ""


def test_a_share_of_nothing_is_unknown_rather_than_zero() -> None:
    assert formatting.share(0, 0) == "unknown"
    assert formatting.share(None) == "unknown"
    assert formatting.share(3, 200) == "1.5\u202f%"
    assert formatting.share(0, 5) == "0\u202f%"
    assert formatting.share(1, 10_000) == "<0.1\u202f%"


def test_days_are_joined_without_repeating_month_and_year() -> None:
    assert formatting.span(date(2026, 11, 1), date(2026, 11, 30)) == "1\u201330 Nov 2026"
    assert formatting.span(date(2026, 10, 15), date(2026, 11, 14)) == "15 Oct \u2013 14 Nov 2026"
    assert formatting.span(date(2026, 12, 15), date(2027, 1, 14)) == "15 Dec 2026 \u2013 14 Jan 2027"


def test_time_passed_is_told_roughly() -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert formatting.ago(now - timedelta(seconds=5), now) == "just now"
    assert formatting.ago(now - timedelta(minutes=61), now) == "1 h ago"
    assert formatting.ago(now - timedelta(hours=13), now) == "yesterday"
    assert formatting.ago(now - timedelta(days=17), now) == "4 Nov 2026"


def test_names_cannot_turn_into_markdown() -> None:
    assert formatting.plain("my_model [x](http://e) $1") == r"my\_model \[x\]\(http\://e\) \$1"


def test_models_lose_the_date_of_their_version_where_that_tells_no_two_apart() -> None:
    assert formatting.short_names(["gpt-4o-2024-08-06", "gpt-5", "claude-haiku-4-5-20251001"]) == {
        "gpt-4o-2024-08-06": "gpt-4o",
        "gpt-5": "gpt-5",
        "claude-haiku-4-5-20251001": "claude-haiku-4-5",
    }
    both = ["gpt-4o-2024-05-13", "gpt-4o-2024-08-06"]
    assert formatting.short_names(both) == dict(zip(both, both, strict=True))
