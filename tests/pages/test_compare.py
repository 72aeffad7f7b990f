"""Two values side by side, and the users above P95 against the rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from llmtrack.ledger import Ledger
from llmtrack.ledger.records import Identity
from pages.components.engagement.above_p95 import usage_share
from tests.pages import conftest
from tests.pages.conftest import OpenPage, call, hrefs_of, read, tiles_of

DAY = timedelta(days=1)
NOW = datetime.now(UTC)


def rows_with(app: object, head: str) -> dict[str, dict[str, str]]:
    """The rows of the table that has this heading, by their first cell."""
    rows = conftest.table_with(app, head)  # type: ignore[arg-type]
    plain = str.maketrans({"\u202f": " ", "\xa0": " ", "\N{MINUS SIGN}": "-"})
    tidy = [{key: value.translate(plain) for key, value in row.items()} for row in rows]
    return {next(iter(row.values())): row for row in tidy}


def test_two_models_are_compared_over_users_with_intervals(open_page: OpenPage, ledger: Ledger) -> None:
    records = []
    for number in range(24):
        for n in range(6):
            at = NOW - DAY - timedelta(minutes=n)
            failed = {"status": "error", "error_type": "server"} if number % 2 and n < 3 else {}
            records.append(call(at=at, user_id=f"u{number}", request_model="a", response_model="a", cost=3 * 10**6))
            records.append(
                call(at=at, user_id=f"u{number}", request_model="b", response_model="b", cost=10**6, **failed)
            )
    ledger.write(records)
    app = open_page("admin/use/compare.py", a="a", b="b")
    rows = rows_with(app, "What it means")
    failures = rows["Failed calls"]
    assert (failures["a"], failures["b"], failures["Difference"]) == ("0.0 %", "25.0 %", "-25.0 points")
    # By hand: twelve users with half and twelve with none; the standard error of the mean of them is 0.05213.
    assert failures["What it means"] == "95 % interval -35.2 to -14.8 points"
    cost = rows["Cost per call"]
    assert (cost["a"], cost["b"], cost["Difference"]) == ("$0.003000", "$0.001000", "+$0.002000")
    assert any(href.startswith("calls?") and "model%3Ais%3Aa" in href for href in hrefs_of(app))


def test_few_users_are_too_few(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(request_model=m, response_model=m, user_id=f"u{n}") for m in ("a", "b") for n in range(3)])
    rows = rows_with(open_page("admin/use/compare.py"), "What it means")
    assert rows["Calls per user"]["What it means"] == "too few users to say (3)"


def test_one_value_cannot_be_compared(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call()])
    assert any("Nothing to compare in" in text for text in read(open_page("admin/use/compare.py")))


@pytest.mark.slow
def test_the_same_value_twice_is_no_comparison(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(request_model=m, response_model=m) for m in ("a", "b")])
    assert any("The same twice" in text for text in read(open_page("admin/use/compare.py", a="a", b="a")))


@pytest.mark.slow
def test_what_users_above_p95_share_is_set_against_the_rest(open_page: OpenPage, ledger: Ledger) -> None:
    records = [Identity(f"u{n}", {"plan": "big" if n == 7 or n < 2 else "small"}, 1) for n in range(40)]
    records += [call(user_id=f"u{n}", cost=10**9, feature="chat") for n in range(40)]
    records += [call(user_id=f"u{n}", cost=8 * 10**9, feature="research") for n in (0, 1)]
    ledger.write(records)
    assert tiles_of(open_page("admin/users.py"))["Above P95"] == "2"
    app = open_page("admin/users.py", above="1")
    rows = rows_with(app, "More of them have")
    plan = rows["plan: big"]
    assert (plan["Above P95"], plan["The rest"]) == ("2 of 2", "1 of 38")
    assert rows["Feature: research"]["The rest"] == "0 of 38"
    assert "Feature: chat" not in rows, "everybody has that"
    dear = rows_with(app, "What makes them dear")
    assert dear["research · gpt-4o"]["Cost"] == "$16.00"
    (note,) = (body for body in conftest.html_of(app) if "ll-note" in body and "calls each" in body)
    assert "$18.00" in note
    assert "2 calls each at $4.50 a call, the rest 1 at $1.00: it is how dear their calls are" in note


@pytest.mark.parametrize(
    ("calls", "other", "price", "other_price", "share"),
    [(100, 10, "1", "1", 1.0), (10, 10, "5", "1", 0.0), (40, 10, "4", "1", 0.5), (0, 10, "1", "1", None)],
)
def test_the_ratio_of_two_costs_is_parted_into_usage_and_price(
    calls: float, other: float, price: str, other_price: str, share: float | None
) -> None:
    value = usage_share(calls, other, Decimal(price), Decimal(other_price))
    assert value == (None if share is None else pytest.approx(share))
