"""An admin finds on the pages what was planted in the sample data."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from streamlit.testing.v1 import AppTest

from llmtrack.sample import facts
from tests.pages.conftest import tables_of
from tests.sample.conftest import TODAY, OpenPage


def rows(app: AppTest, at: int = 0) -> list[dict[str, Any]]:
    """A table's rows by its columns' keys."""
    return [{str(key): value for key, value in row.items()} for row in app.dataframe[at].value.to_dict("records")]


def explored(open_page: OpenPage, span: str, metrics: list[str], by: list[str], only: str = "") -> list[dict[str, Any]]:
    """What the Explore page answers."""
    app = open_page("admin/explore.py")
    app.segmented_control(key="span").set_value(span)
    app.multiselect(key="metrics").set_value(metrics)
    app.multiselect(key="by").set_value(by)
    app.text_input(key="only").set_value(only).run()
    assert not app.exception
    return rows(app)


def test_the_dearest_user_leads_the_overview_and_the_users(open_page: OpenPage) -> None:
    overview = open_page("admin/overview.py")
    users, features = rows(overview, 0), rows(overview, 1)
    assert users[0]["user"] == facts.HEAVIEST_USER
    assert features[0]["feature"] == facts.COST_SPIKE.feature
    listed = rows(open_page("admin/users.py"))
    assert listed[0]["user"] == facts.HEAVIEST_USER
    assert listed[0]["cost"] > 2 * listed[1]["cost"]


def test_the_dearest_day_stands_out_and_so_do_its_calls(open_page: OpenPage) -> None:
    days = explored(open_page, "30 days", ["cost"], ["day"])
    dearest, second = sorted(days, key=lambda row: -row["cost"])[:2]
    assert dearest["day"].date() == facts.COST_SPIKE.day(TODAY)
    assert dearest["cost"] > 4 * second["cost"]
    first = tables_of(open_page("admin/generations.py", order="-cost"))[0][0]
    assert (first["User"], first["Model"]) == (facts.COST_SPIKE.user, facts.COST_SPIKE.model.name)
    day = facts.COST_SPIKE.day(TODAY)
    assert first["When"].startswith(f"{day.day} {day:%b}")
    assert int(first["Tokens"].replace(",", "")) >= facts.COST_SPIKE_INPUT_TOKENS * 0.9


def test_the_slow_hours_stand_out(open_page: OpenPage) -> None:
    spike = facts.LATENCY_SPIKE
    only = f"model={spike.model.served}, feature={spike.feature}"
    hours = explored(open_page, "90 days", ["duration", "generations"], ["hour"], only)
    slowest = sorted((h for h in hours if h["generations"] >= 10), key=lambda h: -h["duration"])[: spike.hours]
    assert {row["hour"].date() for row in slowest} == {spike.day(TODAY)}
    assert {row["hour"].hour for row in slowest} == set(range(spike.first_hour, spike.first_hour + spike.hours))
    days = explored(open_page, "90 days", ["duration_p95"], ["day"], only)
    assert max(days, key=lambda row: row["duration_p95"])["day"].date() == spike.day(TODAY)


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


def test_a_model_without_a_price_is_unknown_and_not_free(open_page: OpenPage) -> None:
    app = open_page("admin/models.py")
    table = {row["model"]: row for row in rows(app)}
    row = table[facts.UNPRICED_MODEL.served]
    assert row["cost"] != row["cost"], "no number"
    assert row["unpriced"] > 0
    lacking = {row["model"] for row in rows(open_page("admin/prices.py"))}
    assert facts.UNPRICED_MODEL.served in lacking


def test_models_come_into_use_and_go_out_of_it(open_page: OpenPage) -> None:
    retired, adopted = facts.RETIRED_MODEL.served, facts.ADOPTED_MODEL.served
    days = explored(open_page, "90 days", ["generations"], ["day", "model"], f"feature=chat, model={retired},{adopted}")
    moved = TODAY - timedelta(days=facts.ADOPTED_DAYS_AGO)
    for model, before in ((retired, True), (adopted, False)):
        calls = [(row["day"].date() < moved, row["generations"]) for row in days if row["model"] == model]
        there, elsewhere = (sum(n for early, n in calls if early == side) for side in (before, not before))
        assert there > 10 * elsewhere, model


def test_who_left_and_who_joined_shows_in_the_users_of_a_time(open_page: OpenPage) -> None:
    app = open_page("admin/users.py")
    names = {row["user"] for row in rows(app)}
    assert facts.JOINED_USER in names
    assert facts.LEFT_USER not in names
    app.segmented_control(key="span").set_value("90 days").run()
    assert {facts.JOINED_USER, facts.LEFT_USER} <= {row["user"] for row in rows(app)}


def test_plans_can_be_compared(open_page: OpenPage) -> None:
    plans = explored(open_page, "30 days", ["cost", "users"], ["user.plan"])
    assert {row["user.plan"] for row in plans} == {"free", "pro", "enterprise"}
    assert all(row["cost"] > 0 and row["users"] > 0 for row in plans)
