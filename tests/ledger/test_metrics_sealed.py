"""Days whose rows retention deleted go on answering, and what can no longer be told is said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.maintenance.retention import Keep, retain
from llmtrack.ledger.metrics import Answer, Filter, ask
from llmtrack.ledger.periods import GRAINS
from llmtrack.ledger.records import Generation
from tests.conftest import postgres_database
from tests.fuzz import tries
from tests.ledger import oracle
from tests.ledger.test_metrics_oracle import Asked, check

SEALED_DAYS = 25
EDGE = oracle.BEGIN + timedelta(days=SEALED_DAYS)
PLAIN = ("provider", "model", "operation", "status", "cost_status")
HELD = (*PLAIN, "user", "group", "feature", "error_type")
KINDS = ("timeouts", "rate_limits", "user_errors", "provider_errors", "rate_limit_rate", "provider_error_rate")
WHOLE_HOUR_ZONES = ("UTC", "Europe/Berlin", "America/New_York")
NOT_PLAIN = ("user", "error", "timeout", "rate_limit")
SUMS = [name for name in oracle.METRICS if not any(word in name for word in NOT_PLAIN)]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def sealed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Ledger, list[Generation]]]:
    """A ledger whose first 25 days have no rows any more, and the records that were written to it."""
    databases = iter([f"sqlite:///{tmp_path_factory.mktemp('sealed') / 'ledger.db'}"])
    if request.param == "postgresql":
        databases = postgres_database()
    ledger = open_ledger(next(databases))
    rows = oracle.records(11)
    ledger.write(rows)
    today = EDGE + timedelta(days=30, hours=5)
    removed = retain(ledger, Keep(row_days=30), now=oracle.micros(today))
    assert removed.rows == sum(row.started_at < oracle.micros(EDGE) for row in rows)
    yield ledger, rows
    ledger.close()
    next(databases, None)


@st.composite
def questions(draw: st.DrawFn, dimensions: tuple[str, ...], zones: tuple[str, ...], minutes: int) -> Asked:
    steps = oracle.DAYS * 24 * 60 // minutes
    edges = sorted(draw(st.lists(st.integers(0, steps), min_size=2, max_size=2, unique=True)))
    since, until = (oracle.BEGIN + timedelta(minutes=minutes * step) for step in edges)
    values = {
        name: sorted({oracle.DIMENSIONS[name](row) for row in oracle.records(11)}, key=str) for name in dimensions
    }
    filtered = draw(st.lists(st.sampled_from(dimensions), max_size=1))
    names = [*SUMS, *(["users", *KINDS] if dimensions == HELD else []), "errors"]
    grain = draw(st.sampled_from([None, *GRAINS]))
    return Asked(
        metrics=draw(st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True)),
        by=[*([grain] if grain else []), *draw(st.lists(st.sampled_from(dimensions), max_size=2, unique=True))],
        where=[Filter(name, (draw(st.sampled_from(values[name])),), draw(st.booleans())) for name in filtered],
        since=since,
        until=until,
        timezone=draw(st.sampled_from(zones)),
        anchor_day=draw(st.integers(1, 31)),
    )


thorough = tries(40)


@pytest.mark.slow
@thorough
@given(asked=questions(PLAIN, oracle.ZONES, 15))
def test_totals_of_sealed_days_are_exact_in_every_zone(sealed: tuple[Ledger, list[Generation]], asked: Asked) -> None:
    ledger, rows = sealed
    check(asked, rows, asked.answered_by(ledger))


@pytest.mark.slow
@thorough
@given(asked=questions(HELD, WHOLE_HOUR_ZONES, 60))
def test_users_groups_and_features_of_sealed_days_are_exact_to_the_hour(
    sealed: tuple[Ledger, list[Generation]], asked: Asked
) -> None:
    ledger, rows = sealed
    check(asked, rows, asked.answered_by(ledger))


@pytest.mark.parametrize("timezone", oracle.ZONES)
def test_users_are_counted_exactly_in_every_zone_though_rows_are_gone(
    sealed: tuple[Ledger, list[Generation]], timezone: str
) -> None:
    ledger, rows = sealed
    asked = Asked(["users"], ["day"], [], None, None, timezone, 1)
    check(asked, rows, asked.answered_by(ledger))


@pytest.mark.parametrize("timezone", WHOLE_HOUR_ZONES)
def test_what_each_user_cost_is_exact_though_rows_are_gone(
    sealed: tuple[Ledger, list[Generation]], timezone: str
) -> None:
    ledger, rows = sealed
    asked = Asked(["cost_per_user", "cost_per_user_p95", "generations_per_user"], ["week"], [], None, None, timezone, 1)
    check(asked, rows, asked.answered_by(ledger))


@pytest.mark.parametrize("timezone", WHOLE_HOUR_ZONES)
def test_percentiles_of_sealed_days_stay_within_one_per_cent(
    sealed: tuple[Ledger, list[Generation]], timezone: str
) -> None:
    ledger, rows = sealed
    asked = Asked(list(oracle.PERCENTILES), ["day", "model"], [], None, None, timezone, 1)
    check(asked, rows, asked.answered_by(ledger))


def test_what_is_in_no_rollup_says_that_deleted_days_are_not_in_it(sealed: tuple[Ledger, list[Generation]]) -> None:
    ledger, rows = sealed
    answer = ask(ledger, "generations", where={"service_tier": "flex"})
    kept = [row for row in rows if row.started_at >= oracle.micros(EDGE)]
    assert answer.totals["generations"] == sum(row.service_tier == "flex" for row in kept)
    assert answer.warnings == (
        "Generations before 2026-03-26 are not counted in all of this: their rows are deleted, "
        "and no rollup has service_tier.",
    )


def test_a_slot_that_can_no_longer_be_cut_counts_where_it_begins_and_the_answer_says_so(
    sealed: tuple[Ledger, list[Generation]],
) -> None:
    ledger, rows = sealed
    asked = Asked(["generations", "cost"], ["user"], [], None, None, "UTC", 1)
    half_past = datetime(2026, 3, 11, 7, 30, tzinfo=UTC)
    parts = [replace(asked, until=half_past), replace(asked, since=half_past)]
    answers = [part.answered_by(ledger) for part in parts]
    assert sum(answer.totals["generations"] for answer in answers) == len(rows), "nothing is lost or counted twice"
    assert all("counts where the slot begins" in answer.warnings[0] for answer in answers)


def test_nothing_is_remarked_where_nothing_is_missing(sealed: tuple[Ledger, list[Generation]], tmp_path: Path) -> None:
    ledger, _ = sealed
    assert ask(ledger, ["cost", "users"], ["day", "model"]).warnings == ()
    assert ask(ledger, "cost", where={"service_tier": "flex"}, since=EDGE).warnings == ()


def test_the_former_names_of_a_result_and_its_warnings_still_work(sealed: tuple[Ledger, list[Generation]]) -> None:
    ledger, _ = sealed
    result = ask(ledger, "generations", where={"service_tier": "flex"})
    assert isinstance(result, Answer)
    assert len(result.remarks) == 1
    assert result.remarks == result.warnings
