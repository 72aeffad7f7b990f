"""Markup and other currencies: what is charged adds up to the nano-dollar."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtrack.billing.amounts import Charge, ExchangeRate, month_name, parse_month, with_markup


@pytest.mark.parametrize(
    ("list_price", "percent", "markup", "total"),
    [
        ("1.884100000", "0", "0", "1.8841"),
        ("1.884100000", "15", "0.282615", "2.166715"),
        ("0.000000001", "50", "0", "0.000000001"),  # half a nano-dollar, to even
        ("0.000000003", "50", "0.000000002", "0.000000005"),  # one and a half, to even
        ("0.000000519", "12.5", "0.000000065", "0.000000584"),  # 64.875 nano-dollars
    ],
)
def test_markup_is_rounded_once_and_adds_up(list_price: str, percent: str, markup: str, total: str) -> None:
    charge = Charge(D(list_price), D(percent))
    assert (charge.markup, charge.total) == (D(markup), D(total))


@given(nano=st.integers(0, 10**18), percent=st.decimals(0, 1000, places=4))
def test_a_charge_is_its_list_price_and_its_markup_to_the_nano_dollar(nano: int, percent: D) -> None:
    charge = Charge(D(nano).scaleb(-9), percent)
    assert charge.total == charge.list_price + charge.markup == with_markup(charge.list_price, percent)
    assert charge.total % D("0.000000001") == 0


def test_dollars_become_another_currency_to_a_hundredth() -> None:
    rate = ExchangeRate("EUR", parse_month("2026-11"), D("0.9217"), "ada", 0)
    assert rate.convert(D("1.884100000")) == D("1.74")
    assert month_name(rate.month) == "2026-11"


@pytest.mark.parametrize("text", ["2026", "2026-13", "26-11", "November", "2026-00"])
def test_what_is_no_month_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match=f"{text!r} is no month"):
        parse_month(text)
