"""An admin finds on the pages what was planted in the sample data."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from streamlit.testing.v1 import AppTest

from llmtrack.sample import facts
from tests.pages.conftest import html_of, tables_of
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


def table(app: AppTest, head: str) -> list[dict[str, str]]:
    """The table of the house style that begins with this heading."""
    return next(rows for rows in tables_of(app) if next(iter(rows[0])) == head)


def test_the_dearest_user_leads_the_overview_and_the_users(open_page: OpenPage) -> None:
    first, second, *_ = table(open_page("admin/overview.py"), "User")
    assert first["User"] == facts.HEAVIEST_USER
    assert float(first["Cost"][1:]) > 2 * float(second["Cost"][1:])
    assert table(open_page("admin/users.py"), "User")[0]["User"] == facts.HEAVIEST_USER
    assert table(open_page("admin/features.py"), "Feature")[0]["Feature"] == facts.COST_SPIKE.feature


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
    models = {row["Model"]: row for row in table(open_page("admin/models.py"), "Model")}
    assert models[facts.UNPRICED_MODEL.name]["Cost"] == "unknown"
    lacking = next(rows for rows in tables_of(open_page("admin/prices.py")) if "Why" in rows[0])
    assert [row["Model"] for row in lacking] == [facts.UNPRICED_MODEL.name]


def test_models_come_into_use_and_go_out_of_it(open_page: OpenPage) -> None:
    retired, adopted = facts.RETIRED_MODEL.served, facts.ADOPTED_MODEL.served
    days = explored(open_page, "90 days", ["generations"], ["day", "model"], f"feature=chat, model={retired},{adopted}")
    moved = TODAY - timedelta(days=facts.ADOPTED_DAYS_AGO)
    for model, before in ((retired, True), (adopted, False)):
        calls = [(row["day"].date() < moved, row["generations"]) for row in days if row["model"] == model]
        there, elsewhere = (sum(n for early, n in calls if early == side) for side in (before, not before))
        assert there > 10 * elsewhere, model


def test_who_left_and_who_joined_shows_in_the_users_of_a_time(open_page: OpenPage) -> None:
    names = {row["User"] for row in table(open_page("admin/users.py"), "User")}
    assert facts.JOINED_USER in names
    assert facts.LEFT_USER not in names
    names = {row["User"] for row in table(open_page("admin/users.py", span="90 days"), "User")}
    assert {facts.JOINED_USER, facts.LEFT_USER} <= names


def test_plans_can_be_compared(open_page: OpenPage) -> None:
    plans = explored(open_page, "30 days", ["cost", "users"], ["user.plan"])
    assert {row["user.plan"] for row in plans} == {"free", "pro", "enterprise"}
    assert all(row["cost"] > 0 and row["users"] > 0 for row in plans)
