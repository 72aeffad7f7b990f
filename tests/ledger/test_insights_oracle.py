"""Random insights (metrics and a formula of two, by time and what it is split by, the largest and all others) are exact."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtrack.ledger import Ledger
from llmtrack.ledger.metrics import METRIC_GROUPS, METRICS, OTHERS, Filter, QueryResult, ask
from llmtrack.ledger.records import Generation
from tests.fuzz import tries
from tests.ledger import oracle
from tests.ledger.test_metrics_oracle import SEEDS, Asked, Ledgers, filters

GRAINS = ("hour", "day", "week", "month")
SPLITS = [name for name in oracle.DIMENSIONS if name not in ("hour_of_day", "weekday")]
FILTERS: st.SearchStrategy[list[Filter]] = st.lists(filters(), max_size=2)  # type: ignore[no-untyped-call]
UNITS: dict[str, list[str]] = {}
for _name in oracle.METRICS:
    if "/" not in _name:
        UNITS.setdefault(METRICS[_name].unit, []).append(_name)


@dataclass(frozen=True)
class Formula:
    """Two metrics and what is done with them."""

    left: str
    operator: str
    right: str

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right}"

    def of(self, rows: list[Generation]) -> float | None:
        """Its value by plain arithmetic; None where a side is unknown, or where 0 would be divided by."""
        left, right = oracle.METRICS[self.left](rows), oracle.METRICS[self.right](rows)
        if left is None or right is None or (self.operator == "/" and not right):
            return None
        a, b = float(left), float(right)
        return {"+": a + b, "-": a - b, "*": a * b}[self.operator] if self.operator != "/" else a / b


@dataclass(frozen=True)
class Insight:
    """What somebody puts together on Explore."""

    metrics: list[str]
    formula: Formula
    grain: str | None
    split: str | None
    further: str | None
    top: int | None
    asked: Asked

    def answered_by(self, ledger: Ledger) -> QueryResult:
        return ask(
            ledger, [*self.metrics, str(self.formula)], self.asked.by, since=self.asked.since, until=self.asked.until,
            timezone=self.asked.timezone, where=self.asked.where, top=self.top if self.split else None, fill=False,
        )  # fmt: skip


@st.composite
def formulas(draw: st.DrawFn) -> Formula:
    operator = draw(st.sampled_from("/+-*"))
    if operator in "+-":
        of_one_unit = UNITS[draw(st.sampled_from(sorted(UNITS)))]
        return Formula(draw(st.sampled_from(of_one_unit)), operator, draw(st.sampled_from(of_one_unit)))
    names = sorted(name for names in UNITS.values() for name in names)
    return Formula(draw(st.sampled_from(names)), operator, draw(st.sampled_from(names)))


@st.composite
def insights(draw: st.DrawFn) -> Insight:
    grain = draw(st.sampled_from([None, *GRAINS]))
    split = draw(st.sampled_from([None, *SPLITS, *SPLITS]))
    further = draw(st.sampled_from([None, None, "model", "feature"])) if split else None
    by = list(dict.fromkeys(name for name in (grain, split, further) if name))
    days = sorted(draw(st.lists(st.integers(0, oracle.DAYS), min_size=2, max_size=2, unique=True)))
    since, until = (oracle.BEGIN + timedelta(days=day) for day in days)
    zone = draw(st.sampled_from(oracle.ZONES))
    metrics = draw(st.lists(st.sampled_from(sorted(oracle.METRICS)), min_size=1, max_size=3, unique=True))
    return Insight(
        metrics, draw(formulas()), grain, split, further, draw(st.sampled_from([None, 1, 2, 3, 8])),
        Asked([], by, draw(FILTERS), since, until, zone, 1),
    )  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def ledgers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledgers]:
    made = Ledgers(request.param, tmp_path_factory.mktemp("insights"))
    if request.param == "postgresql":
        made[0]  # skips here, with the reason, where there is no server
    yield made
    made.close()


def near(value: Any, expected: Any) -> bool:
    return value is None if expected is None else float(value) == pytest.approx(float(expected), rel=1e-9, abs=1e-12)


def same(line: Any, rows: list[Generation], insight: Insight) -> None:
    for name in insight.metrics:
        expected = oracle.METRICS[name](rows)
        if isinstance(expected, int | Decimal | None):
            assert line[name] == expected, name
        else:
            assert near(line[name], expected), name
    assert near(line[str(insight.formula)], insight.formula.of(rows)), insight.formula


def check(insight: Insight, rows: list[Generation], result: QueryResult) -> None:
    asked, split = insight.asked, insight.split
    matching = asked.matching(rows)
    kept = set(result.top) if insight.top and split else None
    groups: dict[tuple[Any, ...], list[Generation]] = {}
    for row in matching:
        key = []
        for name in asked.by:
            if name == insight.grain:
                key.append(oracle.bucket(row, name, asked.timezone, 1))
                continue
            value = oracle.value_of(row, name, asked.timezone)
            key.append(value if kept is None or name != split or value in kept else OTHERS)
        groups.setdefault(tuple(key), []).append(row)
    for line in result:
        key = [oracle.shown(line[name], name) if name == insight.grain else line[name] for name in asked.by]
        same(line, groups.pop(tuple(key), []), insight)
    assert not groups, f"missing: {list(groups)}"
    same(result.totals, matching, insight)
    if kept is not None and split:
        check_the_largest(insight, split, matching, result)


def check_the_largest(insight: Insight, split: str, matching: list[Generation], result: QueryResult) -> None:
    """As many values as were asked for, and no other has more of the first metric; what is unknown comes last."""
    by_value: dict[Any, list[Generation]] = {}
    for row in matching:
        by_value.setdefault(oracle.value_of(row, split, insight.asked.timezone), []).append(row)
    sizes = {
        value: -1e300 if (size := oracle.METRICS[insight.metrics[0]](own)) is None else float(size)
        for value, own in by_value.items()
    }
    assert len(result.top) == min(insight.top or 0, len(sizes))
    smallest = min((sizes[value] for value in result.top), default=0.0)
    assert all(size <= smallest + 1e-9 * abs(smallest) for value, size in sizes.items() if value not in result.top)


@pytest.mark.slow
@tries(80)
@given(seed=st.integers(0, SEEDS - 1), insight=insights())
def test_any_insight_is_what_a_plain_count_gives(ledgers: Ledgers, seed: int, insight: Insight) -> None:
    ledger, rows = ledgers[seed]
    check(insight, rows, insight.answered_by(ledger))


def test_every_metric_has_its_place_in_one_group() -> None:
    assert list(METRIC_GROUPS) == ["Usage", "Tokens", "Money", "Speed", "Errors", "Feedback"]
    assert sorted(name for names in METRIC_GROUPS.values() for name in names) == sorted(METRICS)
    assert {"cost", "cost_per_user"} <= set(METRIC_GROUPS["Money"])
    assert "duration" in METRIC_GROUPS["Speed"]


def test_the_values_of_one_result_can_be_asked_for_again(ledgers: Ledgers) -> None:
    ledger, rows = ledgers[0]
    middle = oracle.BEGIN + timedelta(days=20)
    first = ask(ledger, "generations", "user", since=oracle.BEGIN, until=middle, top=2)
    second = ask(ledger, "generations", "user", since=middle, top=first.top)
    assert len(first.top) == 2
    assert second.top == first.top
    assert {row["user"] for row in second} <= {*first.top, OTHERS}
    later = [row for row in rows if row.started_at >= oracle.micros(middle)]
    assert sum(row["generations"] for row in second) == second.totals["generations"] == len(later)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"metrics": "cost + users"}, "'cost' is in usd and 'users' in count"),
        ({"metrics": "cost + nonsense"}, "There is no metric 'nonsense'"),
        ({"metrics": "cost / users / users / users / users / users"}, "longer than a formula may be"),
        ({"metrics": "cost", "by": "day", "top": 3}, "split by one, such as 'model'"),
        ({"metrics": "cost", "by": "model", "top": 0}, "keep is 0; it has to be at least 1"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_way_out(
    ledgers: Ledgers, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        ask(ledgers[0][0], **given)


def test_a_formula_has_the_unit_of_its_parts_and_adds_up_only_where_they_do(ledgers: Ledgers) -> None:
    formulas = {
        "cost / users": ("usd", False),
        "cost / total_tokens": ("usd", False),
        "cost / duration": ("usd", False),
        "generations / users": ("number", False),
        "errors / generations": ("ratio", False),
        "cost - simulated_cost": ("usd", True),
        "errors + refused": ("count", True),
        "users - users_with_cost": ("count", False),
        "cost * error_rate": ("usd", False),
        "total_tokens / users / traces": ("tokens", False),
    }
    result = ask(ledgers[0][0], list(formulas))
    assert {name: (result.units[name], name in result.additive) for name in formulas} == formulas


def test_nothing_is_divided_by_what_is_unknown_or_nothing(ledgers: Ledgers) -> None:
    result = ask(
        ledgers[0][0], ["cost / users", "duration - time_to_first_token"], since=datetime(2027, 1, 1, tzinfo=UTC),
        until=datetime(2027, 1, 2, tzinfo=UTC),
    )  # fmt: skip
    assert dict(result.totals) == {"cost / users": None, "duration - time_to_first_token": None}
