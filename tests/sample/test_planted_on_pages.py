"""An admin finds on the pages what was planted in the sample data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from llmtrack.sample import facts
from pages.components.tables import SIZE
from tests.pages.conftest import html_of, tables_of
from tests.sample.conftest import TODAY, OpenPage


def explored(open_page: OpenPage, **asked: str | list[str]) -> list[dict[str, str]]:
    """What the table of the Explore page says, all pages of it, without the total."""
    found: list[dict[str, str]] = []
    for page in range(1, 60):
        (lines,) = tables_of(open_page("admin/explore.py", page=str(page), **asked))
        if found and lines[0] == found[0]:
            break
        found += lines[:-1]
        if len(lines) - 1 < SIZE:
            break
    return found


def amount(text: str) -> float:
    """The number in a cell, in dollars, seconds or calls."""
    minutes, _, rest = text.rpartition(" min")
    number = re.sub(r"[^\d.]", "", rest) or "0"
    return 60 * float(minutes or 0) + float(number)


def day_of(row: Mapping[str, str], head: str = "Day") -> date:
    return datetime.strptime(f"{row[head].partition(',')[0]} +0000", "%d %b %Y %z").date()


def table(app: AppTest, head: str) -> list[dict[str, str]]:
    """The table of the house style that begins with this heading."""
    return next(rows for rows in tables_of(app) if next(iter(rows[0])) == head)


@pytest.mark.slow
def test_the_dearest_user_leads_the_overview_and_the_users(open_page: OpenPage) -> None:
    first, second, *_ = table(open_page("admin/overview.py"), "User")
    assert first["User"] == facts.HEAVIEST_USER
    assert float(first["Cost"][1:]) > 2 * float(second["Cost"][1:])
    assert table(open_page("admin/users.py"), "User")[0]["User"] == facts.HEAVIEST_USER
    assert table(open_page("admin/features.py"), "Feature")[0]["Feature"] == facts.COST_SPIKE.feature


@pytest.mark.slow
def test_the_overview_names_the_dear_day_and_the_outage(open_page: OpenPage) -> None:
    notes = [body for body in html_of(open_page("admin/overview.py")) if "ll-note" in body]
    dear = next(note for note in notes if "above a usual" in note)
    day = facts.COST_SPIKE.day(TODAY)
    assert f">{day.day} {day:%b}</a>" in dear
    assert f"{facts.COST_SPIKE.calls} calls" in dear
    assert all(f">{name}</a>" in dear for name in (facts.COST_SPIKE.user, facts.COST_SPIKE.feature, "claude-opus-4-5"))
    bad = next(note for note in notes if "errors</strong>" in note)
    day = facts.OUTAGE.day(TODAY)
    assert f">{day.day} {day:%b}</a>" in bad
    assert ">overloaded</a>" in bad


@pytest.mark.slow
def test_the_dearest_day_stands_out_and_so_do_its_calls(open_page: OpenPage) -> None:
    days = explored(open_page, metrics="cost", every="day")
    dearest, second = sorted(days, key=lambda row: -amount(row["Cost"]))[:2]
    assert day_of(dearest) == facts.COST_SPIKE.day(TODAY)
    assert amount(dearest["Cost"]) > 4 * amount(second["Cost"])
    first = tables_of(open_page("admin/generations.py", order="-cost"))[0][0]
    assert (first["User"], first["Model"]) == (facts.COST_SPIKE.user, facts.COST_SPIKE.model.name)
    day = facts.COST_SPIKE.day(TODAY)
    assert first["When"].startswith(f"{day.day} {day:%b}")
    assert int(first["Tokens"].replace(",", "")) >= facts.COST_SPIKE_INPUT_TOKENS * 0.9


@pytest.mark.slow
def test_latency_names_the_slow_day_and_whose_calls_they_were(open_page: OpenPage) -> None:
    spike = facts.LATENCY_SPIKE
    notes = [body for body in html_of(open_page("admin/latency.py", span="90 days")) if "ll-note" in body]
    slow = next(note for note in notes if "above a usual" in note)
    day = spike.day(TODAY)
    assert f">{day.day} {day:%b}</a>" in slow
    assert all(f">{name}</a>" in slow for name in ("claude-sonnet-4-5", spike.feature))


@pytest.mark.slow
def test_the_slow_hours_stand_out(open_page: OpenPage) -> None:
    spike = facts.LATENCY_SPIKE
    only = [f"model:is:{spike.model.served}", f"feature:is:{spike.feature}"]
    around = [str(spike.day(TODAY) + timedelta(days=days)) for days in (-2, 2)]
    asked: dict[str, str | list[str]] = {"metrics": ["duration", "generations"], "span": "Dates", "days": around}
    hours = [row for row in explored(open_page, **asked, every="hour", where=only) if amount(row["Calls"]) >= 10]
    slowest = sorted(hours, key=lambda row: -amount(row["Duration"]))[: spike.hours]
    assert {day_of(row, "Hour") for row in slowest} == {spike.day(TODAY)}
    shown = {int(row["Hour"][-5:-3]) for row in slowest}
    assert shown == set(range(spike.first_hour, spike.first_hour + spike.hours))
    days = explored(open_page, metrics="duration_p95", every="day", span="90 days", where=only)
    assert len(days) > SIZE
    assert day_of(max(days, key=lambda row: amount(row["Duration p95"]))) == spike.day(TODAY)


@pytest.mark.slow
def test_the_errors_page_tells_the_outage_the_wrong_key_and_the_limit(open_page: OpenPage) -> None:
    app = open_page("admin/errors.py")
    groups = {row["Kind"]: row for row in tables_of(app)[1]}
    models = {row["Model"]: row for row in tables_of(app)[2]}
    assert int(groups["overloaded"]["Errors"]) >= facts.OUTAGE.calls
    assert int(models[facts.OUTAGE.model.name]["Errors"]) >= facts.OUTAGE.calls
    key = groups["authentication"]
    assert (key["Errors"], key["Users"]) == (str(facts.WRONG_KEY.calls), "1")
    refused = [row["Refused"] for row in models.values() if row["Refused"] != "0"]
    assert refused == [str(facts.LIMIT.calls), str(facts.LIMIT.calls)], "of one model, and of all"
    app = open_page("admin/errors.py", where=[f"user:is:{facts.WRONG_KEY.user}"])
    assert "authentication" in {row["Kind"] for row in tables_of(app)[1]}


@pytest.mark.slow
def test_a_model_without_a_price_is_unknown_and_not_free(open_page: OpenPage) -> None:
    models = {row["Model"]: row for row in table(open_page("admin/models.py"), "Model")}
    assert models[facts.UNPRICED_MODEL.name]["Cost"] == "unknown"
    lacking = next(rows for rows in tables_of(open_page("admin/prices.py")) if "Why" in rows[0])
    assert [row["Model"] for row in lacking] == [facts.UNPRICED_MODEL.name]


@pytest.mark.slow
def test_models_come_into_use_and_go_out_of_it(open_page: OpenPage) -> None:
    retired, adopted = facts.RETIRED_MODEL.served, facts.ADOPTED_MODEL.served
    days = explored(
        open_page, metrics="generations", every="day", by="model", span="90 days",
        where=["feature:is:chat", f"model:is:{retired},{adopted}"],
    )  # fmt: skip
    moved = TODAY - timedelta(days=facts.ADOPTED_DAYS_AGO)
    short = {facts.RETIRED_MODEL.name: True, facts.ADOPTED_MODEL.name: False}
    for model, before in short.items():
        calls = [(day_of(row) < moved, amount(row[model])) for row in days]
        there, elsewhere = (sum(n for early, n in calls if early == side) for side in (before, not before))
        assert there > 10 * elsewhere, model


@pytest.mark.slow
def test_who_left_and_who_joined_shows_in_the_users_of_a_time(open_page: OpenPage) -> None:
    names = {row["User"] for row in table(open_page("admin/users.py"), "User")}
    assert facts.JOINED_USER in names
    assert facts.LEFT_USER not in names
    names = {row["User"] for row in table(open_page("admin/users.py", span="90 days"), "User")}
    assert {facts.JOINED_USER, facts.LEFT_USER} <= names


def test_plans_can_be_compared(open_page: OpenPage) -> None:
    plans = explored(open_page, metrics=["cost", "users"], by="user.plan")
    assert {row["user.plan"] for row in plans} == {"free", "pro", "enterprise"}
    assert all(amount(row["Cost"]) > 0 and amount(row["Users"]) > 0 for row in plans)


def test_who_costs_more_than_they_bring_in_stands_first_among_the_margins(open_page: OpenPage) -> None:
    (margins,) = [rows for rows in tables_of(open_page("admin/users.py")) if "Margin" in rows[0]]
    assert margins[0]["User"] == facts.LOSS_USER
    assert margins[0]["Revenue"] == f"${facts.REVENUE['enterprise']}.00"
    assert margins[0]["Margin"].startswith("\N{MINUS SIGN}$")
    assert margins[-1]["User"] == "All of them"
    assert not margins[-1]["Margin"].startswith("\N{MINUS SIGN}")


def test_explore_names_the_day_that_an_interaction_was_dear(open_page: OpenPage) -> None:
    app = open_page("admin/explore.py", metrics="cost_per_trace", every="day")
    (note,) = [body for body in html_of(app) if "ll-note" in body]
    day = facts.COST_SPIKE.day(TODAY)
    assert f">{day.day} {day:%b}</a>" in note
    assert all(f">{name}</a>" in note for name in (facts.COST_SPIKE.user, facts.COST_SPIKE.feature, "claude-opus-4-5"))
