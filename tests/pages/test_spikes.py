"""Days that stand out: all that are planted in the sample, hardly any that are not, and what is said of one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from llmtrack.ledger import Ledger
from llmtrack.ledger.records import Generation, Record
from llmtrack.pricing import Pricer
from llmtrack.sample import facts
from llmtrack.sample.days import Story
from pages.components.insights.spikes import spikes
from tests.pages.conftest import OpenPage, call, html_of

LAST = datetime(2026, 11, 29, 23, 59, tzinfo=UTC)


class Quiet(Story):
    """The sample's days without what is planted in them."""

    def _planted(self, day: date) -> Iterator[Record]:
        return iter(())


def by_day(story: Story) -> dict[str, list[tuple[date, float]]]:
    """Cost, errors and the mean time of an answer of every day."""
    pricer = Pricer()
    cost: dict[date, float] = defaultdict(float)
    errors: dict[date, float] = defaultdict(float)
    times: dict[date, list[float]] = defaultdict(list)
    for records in story.days():
        for record in records:
            if isinstance(record, Generation):
                day = datetime.fromtimestamp(record.started_at / 1e6, UTC).date()
                cost[day] += (pricer.price(record).total or 0) / 1e9
                errors[day] += record.status == "error"
                if record.status in ("ok", "incomplete"):
                    times[day].append((record.duration or 0) / 1e6)
    days = sorted(times)
    return {
        "cost": [(day, cost[day]) for day in days],
        "errors": [(day, errors[day]) for day in days],
        "duration": [(day, sum(times[day]) / len(times[day])) for day in days],
    }


LEAST = {"cost": 1.0, "errors": 10.0, "duration": 0.0}


@pytest.mark.slow
def test_every_planted_day_is_found() -> None:
    numbers = by_day(Story(LAST, 1))
    last = LAST.date()
    planted = {
        "cost": {facts.COST_SPIKE.day(last)},
        "errors": {facts.OUTAGE.day(last), facts.WRONG_KEY.day(last)},
        "duration": {facts.LATENCY_SPIKE.day(last)},
    }
    found = {name: {spike.day for spike in spikes(days, least=LEAST[name])} for name, days in numbers.items()}
    assert found == planted


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_without_planted_facts_at_most_one_day_a_month_is_marked(seed: int) -> None:
    for name, days in by_day(Quiet(LAST, seed)).items():
        assert len(spikes(days, least=LEAST[name])) <= 3, name


def steady(count: int, value: float = 5.0) -> list[tuple[date, float]]:
    return [(date(2026, 3, 2) + timedelta(days=n), value + n % 3 * 0.1) for n in range(count)]


def test_a_day_is_held_against_its_own_weekday() -> None:
    days = [(day, 50.0 if day.weekday() == 0 else value) for day, value in steady(42)]
    assert spikes(days, least=1) == [], "Mondays are always dear"
    days[8] = (days[8][0], 50.0)  # a Tuesday
    (spike,) = spikes(days, least=1)
    assert (spike.day, spike.value) == (date(2026, 3, 10), 50.0)
    assert spike.usual == pytest.approx(5.1, abs=0.11)


def test_nothing_is_said_of_fewer_than_two_weeks_or_of_little() -> None:
    days = steady(13)
    days[6] = (days[6][0], 500.0)
    assert spikes(days, least=1) == []
    days = [(day, value / 100) for day, value in steady(28)]
    days[6] = (days[6][0], 0.9)
    assert spikes(days, least=1) == []


@pytest.mark.slow
def test_a_models_page_says_which_day_stands_out_and_opens_it(open_page: OpenPage, ledger: Ledger) -> None:
    noon = datetime.now(UTC).replace(hour=12)
    ledger.write([call(at=noon - timedelta(days=n), cost=10**9, user_id="bob") for n in range(1, 29)])
    dear = noon - timedelta(days=9)
    ledger.write([call(at=dear, cost=2 * 10**10, user_id="<i>ann", feature="research", tokens=(120_000, 0))])
    (note,) = [body for body in html_of(open_page("admin/model.py", model="gpt-4o")) if "above a usual" in body]
    assert f"<strong>+$20.00</strong> above a usual {dear:%A} ($1.00)." in note
    assert "of the day is" in note
    assert "&lt;i&gt;ann" in note
    assert "1 call of 120k tokens." in note
    assert f"days={dear:%Y-%m-%d}" in note
