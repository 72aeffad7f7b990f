"""Whatever is asked, rollups answer exactly what a plain count over all records gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.metrics import DIMENSIONS, METRICS, Filter, QueryResult, ask
from llmtrack.ledger.periods import GRAINS
from llmtrack.ledger.query import Operator
from llmtrack.ledger.records import Generation, Identity, Record
from tests.conftest import postgres_database
from tests.fuzz import tries
from tests.ledger import oracle

SEEDS = 6
ALWAYS_GIVEN = ("streamed", "attempts", "hour_of_day", "weekday")
"""Numbers every generation has: nobody asks for those without."""
OPERATORS: tuple[Operator, ...] = ("contains", "above", "below")
NUMBERS = ("streamed", "attempts", "http_status", "hour_of_day", "weekday")
COMPARED = ("attempts", "http_status", "property.plan", "property.beta", "user.plan", "user.vip")
"""Dimensions whose values are numbers, or may be."""
PARTS = ("a", "GPT", "o", "1", "us-", "%", "_", "")
EDGES: tuple[int | str, ...] = (0, 1, "2.5", 200, "428.9", -3)
BEGUN = {"traces", "sessions", "cost_per_trace", "feedback", "good_feedback", "feedback_score"}
"""Counted by when interactions began or judgements were given, not by generations: asked in `test_metrics`."""


@dataclass(frozen=True)
class Asked:
    """A random question."""

    metrics: list[str]
    by: list[str]
    where: list[Filter]
    since: datetime | None
    until: datetime | None
    timezone: str
    anchor_day: int

    def answered_by(self, ledger: Ledger) -> QueryResult:
        return ask(
            ledger, self.metrics, self.by, since=self.since, until=self.until, timezone=self.timezone,
            anchor_day=self.anchor_day, where=self.where,
        )  # fmt: skip

    def matching(self, rows: list[Generation]) -> list[Generation]:
        low = None if self.since is None else oracle.micros(self.since)
        high = None if self.until is None else oracle.micros(self.until)
        return [
            row
            for row in rows
            if (low is None or row.started_at >= low)
            and (high is None or row.started_at < high)
            and all(oracle.passes(row, f.dimension, f.values, f.negated, f.operator, self.timezone) for f in self.where)
        ]


moments = st.integers(-86_400, (oracle.DAYS + 1) * 86_400).map(lambda s: oracle.BEGIN + timedelta(seconds=s))
midnights = st.integers(-1, oracle.DAYS + 1).map(lambda day: oracle.BEGIN + timedelta(days=day))
round_moments = st.integers(-24 * 4, (oracle.DAYS + 1) * 24 * 4).map(lambda q: oracle.BEGIN + timedelta(minutes=15 * q))


@st.composite
def filters(draw: st.DrawFn) -> Filter:
    name = draw(st.sampled_from(list(oracle.DIMENSIONS)))
    operator: Operator = draw(st.sampled_from(("is", "is", "is", *OPERATORS)))
    if operator == "contains" and name not in NUMBERS:
        parts = draw(st.lists(st.sampled_from(PARTS), min_size=1, max_size=2, unique=True))
        return Filter(name, tuple(parts), draw(st.booleans()), operator)
    if operator in ("above", "below") and name in COMPARED:
        edges = draw(st.lists(st.sampled_from(EDGES), min_size=1, max_size=2, unique=True))
        return Filter(name, tuple(edges), draw(st.booleans()), operator)
    values = {oracle.DIMENSIONS[name](row) for row in oracle.records(0)} | {"nobody"}
    if name not in ALWAYS_GIVEN:
        values.add(None)
    chosen = draw(st.lists(st.sampled_from(sorted(values, key=str)), min_size=1, max_size=3, unique=True))
    return Filter(name, tuple(chosen), draw(st.booleans()))


@st.composite
def questions(draw: st.DrawFn) -> Asked:
    names = [*oracle.METRICS, *oracle.PERCENTILES]
    grain = draw(st.sampled_from([None, *GRAINS]))
    edges = sorted(draw(st.lists(st.one_of(moments, round_moments, midnights), min_size=2, max_size=2, unique=True)))
    return Asked(
        metrics=draw(st.lists(st.sampled_from(names), min_size=1, max_size=6, unique=True)),
        by=[
            *([grain] if grain else []),
            *draw(st.lists(st.sampled_from(list(oracle.DIMENSIONS)), max_size=2, unique=True)),
        ],
        where=draw(st.lists(filters(), max_size=2)),
        since=draw(st.sampled_from([edges[0], None])),
        until=draw(st.sampled_from([edges[1], None])),
        timezone=draw(st.sampled_from(oracle.ZONES)),
        anchor_day=draw(st.integers(1, 31)),
    )


def check(asked: Asked, rows: list[Generation], answer: QueryResult) -> None:
    """The answer has each group the records have, with the same numbers, and beyond them only empty stretches of time."""
    grain = next((name for name in asked.by if name in GRAINS), None)
    groups: dict[tuple[Any, ...], list[Generation]] = {}
    matching = asked.matching(rows)
    for row in matching:
        key = tuple(
            oracle.bucket(row, name, asked.timezone, asked.anchor_day)
            if name == grain
            else oracle.value_of(row, name, asked.timezone)
            for name in asked.by
        )
        groups.setdefault(key, []).append(row)
    for line in answer:
        key = tuple(oracle.shown(line[name], name) if name == grain else line[name] for name in asked.by)
        same(line, groups.pop(key, []), asked.metrics)
    assert not groups, f"missing: {list(groups)}"
    same(answer.totals, matching, asked.metrics)


def same(row: Any, rows: list[Generation], metrics: list[str]) -> None:
    for name in metrics:
        if name in oracle.PERCENTILES:
            close(name, row[name], oracle.PERCENTILES[name](rows))
        else:
            expected = oracle.METRICS[name](rows)
            exact = isinstance(expected, int | Decimal | None)
            assert row[name] == (expected if exact else pytest.approx(expected, rel=1e-12)), name


def close(name: str, value: Any, expected: Any) -> None:
    if expected is None or not expected:
        assert value == expected, name
    else:
        assert abs(float(value) - float(expected)) <= 0.01 * float(expected) + 1e-9, name


class Ledgers:
    """Ledgers filled with random records, one for each seed, made when first needed."""

    def __init__(self, kind: str, directory: Path) -> None:
        self._kind = kind
        self._directory = directory
        self._made: dict[int, Ledger] = {}
        self._databases: list[Iterator[str]] = []

    def __getitem__(self, seed: int) -> tuple[Ledger, list[Generation]]:
        rows = oracle.records(seed)
        if seed not in self._made:
            ledger = open_ledger(self._url(seed))
            known = [Identity(name, attributes, 1) for name, attributes in oracle.ATTRIBUTES.items()]
            # In several batches, not in the order of time: as writers of several processes would.
            parts: tuple[list[Record], ...] = ([*rows[::3]], [*known, *rows[1::3]], [*rows[2::3]])
            for part in parts:
                ledger.write(part)
            self._made[seed] = ledger
        return self._made[seed], rows

    def _url(self, seed: int) -> str:
        if self._kind == "sqlite":
            return f"sqlite:///{self._directory / f'{seed}.db'}"
        self._databases.append(postgres_database())
        return next(self._databases[-1])

    def close(self) -> None:
        for ledger in self._made.values():
            ledger.close()
        for database in self._databases:
            next(database, None)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def ledgers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledgers]:
    made = Ledgers(request.param, tmp_path_factory.mktemp("oracle"))
    if request.param == "postgresql":
        made[0]  # skips here, with the reason, where there is no server
    yield made
    made.close()


@pytest.mark.slow
@tries(100)
@given(seed=st.integers(0, SEEDS - 1), asked=questions())
def test_any_question_is_answered_as_a_plain_count_would(ledgers: Ledgers, seed: int, asked: Asked) -> None:
    ledger, rows = ledgers[seed]
    check(asked, rows, asked.answered_by(ledger))


@pytest.mark.slow
def test_all_of_the_vocabulary_is_asked() -> None:
    assert set(METRICS) - {*oracle.METRICS, *oracle.PERCENTILES} == BEGUN
    assert set(DIMENSIONS) <= set(oracle.DIMENSIONS)


# What the totals of a user's day (`rollup_day_user`) answer by themselves, where nothing else is asked for with them.
OF_USER_DAYS = [
    "generations", "messages", "errors", "unpriced", "cost", "simulated_cost", "simulated", "cost_per_user",
    "cost / messages", "error_rate",
]  # fmt: skip


@pytest.mark.parametrize("where", [[], [Filter("user", ("alice", None), negated=True)]], ids=["everybody", "not alice"])
@pytest.mark.parametrize("grain", [None, "day", "week", "month"])
def test_what_each_user_did_on_whole_days_is_exact(ledgers: Ledgers, grain: str | None, where: list[Filter]) -> None:
    ledger, rows = ledgers[1]
    by = [*([grain] if grain else []), "user"]
    since, until = oracle.BEGIN + timedelta(days=3), oracle.BEGIN + timedelta(days=33)
    asked = Asked(OF_USER_DAYS, by, where, since, until, "UTC", 1)
    answer = asked.answered_by(ledger)
    assert "rollup_day_user" in answer.explain
    assert "rows" not in answer.explain, "whole days are read from totals alone"
    check(asked, rows, answer)


@pytest.mark.slow
@pytest.mark.parametrize("timezone", oracle.ZONES)
@pytest.mark.parametrize("grain", GRAINS)
def test_every_metric_over_time_is_exact_in_every_zone(ledgers: Ledgers, timezone: str, grain: str) -> None:
    ledger, rows = ledgers[0]
    everything = [*oracle.METRICS, *oracle.PERCENTILES]
    asked = Asked(everything, [grain, "model"], [], None, None, timezone, 31)
    check(asked, rows, asked.answered_by(ledger))


@pytest.mark.parametrize("metrics", [["messages", "unpriced", "errors"], ["messages", "usage_missing", "speed_tokens"]])
@pytest.mark.parametrize("by", [[], ["user"], ["day", "user"], ["model"], ["feature"], ["group"], ["region"]])
def test_over_whole_days_the_same_counts_whatever_table_it_is_read_from(
    ledgers: Ledgers, by: list[str], metrics: list[str]
) -> None:
    ledger, rows = ledgers[0]
    end = oracle.BEGIN + timedelta(days=oracle.DAYS)
    asked = Asked(metrics, by, [], oracle.BEGIN, end, "UTC", 1)
    check(asked, rows, asked.answered_by(ledger))


def test_time_without_generations_has_rows_of_zeros_and_unknowns(ledgers: Ledgers) -> None:
    ledger, _ = ledgers[0]
    since = datetime(2027, 1, 1, tzinfo=UTC)
    answer = ask(ledger, ["generations", "cost", "duration"], "day", since=since, until=since + timedelta(days=3))
    assert [(row["day"].day, row["generations"], row["cost"], row["duration"]) for row in answer] == [
        (1, 0, 0, None), (2, 0, 0, None), (3, 0, 0, None),
    ]  # fmt: skip


CONTAINING = [
    Filter("user", ("AL", "ro"), operator="contains"),
    Filter("user", ("a",), negated=True, operator="contains"),
    Filter("model", ("gpt-1", "CLAUDE"), operator="contains"),
    Filter("feature", ("sum",), negated=True, operator="contains"),
    Filter("session", ("s1",), operator="contains"),
    Filter("trace", ("t1",), negated=True, operator="contains"),
    Filter("property.plan", ("R",), operator="contains"),
    Filter("user.plan", ("fr",), negated=True, operator="contains"),
    Filter("property.plan", (2,), operator="above"),
    Filter("property.plan", ("2.99",), negated=True, operator="above"),
    Filter("http_status", (428,), operator="above"),
    Filter("http_status", (300,), operator="below"),
    Filter("http_status", (300,), negated=True, operator="below"),
    Filter("attempts", ("1.5",), operator="above"),
]


@pytest.mark.parametrize(
    "condition", CONTAINING, ids=lambda f: f"{f.dimension} {f.negated and 'not '}{f.operator} {f.values}"
)
def test_filters_on_parts_of_names_and_on_numbers_let_through_what_they_say(
    ledgers: Ledgers, condition: Filter
) -> None:
    ledger, rows = ledgers[2]
    asked = Asked(["generations", "users", "cost", "duration_p95"], ["model"], [condition], None, None, "UTC", 1)
    assert 0 < len(asked.matching(rows)) < len(rows)
    check(asked, rows, asked.answered_by(ledger))


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (Filter("attempts", ("1",), operator="contains"), "'attempts' holds numbers"),
        (Filter("model", (3,), operator="above"), "'model' holds names"),
        (Filter("http_status", ("many",), operator="above"), "'many' is no number"),
        (Filter("http_status", ("nan",), operator="below"), "'nan' is no number"),
        (Filter("user", (None,), operator="contains"), "'contains' on 'user' needs a text"),
        (Filter("user", ("a",), operator="like"), "There is no filter 'like'"),  # type: ignore[arg-type]
    ],
)
def test_a_filter_that_cannot_be_is_refused_with_the_way_out(ledgers: Ledgers, condition: Filter, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ask(ledgers[2][0], "cost", where=[condition])
