"""The forecast's 80 % range holds what came on 80 ± 10 % of the sample's past days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from llmtrack.billing.forecasts import Forecast, forecast
from llmtrack.ledger import Ledger
from llmtrack.ledger.metrics import ask
from tests.sample.conftest import TODAY


def month_end(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


@pytest.mark.slow
def test_eight_in_ten_cycles_ended_within_the_range_said_on_each_day_before(ledger: Ledger) -> None:
    history: dict[str, list[tuple[date, int]]] = {}
    for row in ask(ledger, "cost", ["user", "day"], timezone="UTC"):
        history.setdefault(row["user"], []).append((row["day"].date(), int((row["cost"] or 0) * 10**9)))
    made = [
        forecast(
            [(day, nano) for day, nano in days if day < TODAY],
            today=TODAY,
            elapsed=0.5,
            spent=0,
            last=month_end(TODAY),
            cycle_end=month_end,
        )
        for days in history.values()
    ]
    forecasts = [one for one in made if isinstance(one, Forecast)]
    hits, tries = sum(one.hits for one in forecasts), sum(one.tries for one in forecasts)
    assert len(forecasts) >= 18
    assert tries > 1_200
    assert 0.7 <= hits / tries <= 0.9, f"{hits} of {tries}"
