"""What was planted in the sample data is what stands out when one asks, and every page says that it is a sample."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from llmtrack.ledger import Ledger
from llmtrack.ledger.feedback import score_by
from llmtrack.ledger.lists import generations
from llmtrack.ledger.metrics import ask
from llmtrack.sample import facts
from llmtrack.settings import get_settings
from tests.ledger.soundness import assert_sound
from tests.pages.conftest import headline_of, html_of
from tests.sample.conftest import PAGES, TODAY, OpenPage


def test_a_quick_check_of_sqlite_finds_the_sample_sound(ledger: Ledger) -> None:
    with ledger.reading() as connection:
        assert_sound(connection)


def test_the_dearest_day_and_who_made_it_so_stand_out(ledger: Ledger) -> None:
    days = ask(ledger, "cost", by="day")
    dearest, second = sorted((row for row in days if row["cost"]), key=lambda row: -row["cost"])[:2]
    spike = facts.COST_SPIKE
    assert dearest["day"].date() == spike.day(TODAY)
    assert dearest["cost"] > 4 * second["cost"]
    since = datetime.combine(spike.day(TODAY), datetime.min.time(), UTC)
    (who,) = ask(
        ledger, "cost", by=["user", "model"], since=since, until=since + timedelta(days=1), order="-cost", limit=1
    )
    assert (who["user"], who["model"]) == (spike.user, spike.model.served)
    assert ask(ledger, "cost", by="user", order="-cost", limit=1).rows[0]["user"] == facts.HEAVIEST_USER


def test_the_slow_hours_stand_out(ledger: Ledger) -> None:
    spike = facts.LATENCY_SPIKE
    where = {"model": spike.model.served, "feature": spike.feature}
    hours = [
        row for row in ask(ledger, ["duration", "generations"], by="hour", where=where) if row["generations"] >= 10
    ]
    slowest = sorted(hours, key=lambda row: -row["duration"])[: spike.hours]
    assert {row["hour"].date() for row in slowest} == {spike.day(TODAY)}
    assert {row["hour"].hour for row in slowest} == set(range(spike.first_hour, spike.first_hour + spike.hours))


def test_errors_tell_the_outage_the_wrong_key_and_the_limit_apart(ledger: Ledger) -> None:
    days = ask(ledger, "generations", by=["day", "error_type"], where={"status": ["error", "refused"]})
    worst = {}
    for row in sorted((row for row in days if row["generations"]), key=lambda row: row["generations"]):
        worst[row["error_type"]] = (row["day"].date(), row["generations"])
    assert worst["overloaded"][0] == facts.OUTAGE.day(TODAY)
    assert worst["overloaded"][1] >= facts.OUTAGE.calls
    assert worst["authentication"] == (facts.WRONG_KEY.day(TODAY), facts.WRONG_KEY.calls)
    assert worst["refused"] == (facts.LIMIT.day(TODAY), facts.LIMIT.calls)


def test_a_model_without_a_price_is_counted_as_such(ledger: Ledger) -> None:
    where = {"provider": facts.UNPRICED_MODEL.provider, "status": "ok"}
    (row,) = ask(ledger, ["cost", "unpriced", "generations"], by="model", where=where)
    assert (row["model"], row["cost"]) == (facts.UNPRICED_MODEL.served, None)
    assert row["unpriced"] == row["generations"] > 0


def test_chats_moved_to_another_model(ledger: Ledger) -> None:
    moved = datetime.combine(TODAY - timedelta(days=facts.ADOPTED_DAYS_AGO), datetime.min.time(), UTC)
    retired, adopted = facts.RETIRED_MODEL.served, facts.ADOPTED_MODEL.served
    asked: dict[str, Any] = {"by": "model", "where": {"feature": "chat", "model": [retired, adopted], "status": "ok"}}
    before = {row["model"]: row["generations"] for row in ask(ledger, "generations", until=moved, **asked)}
    after = {row["model"]: row["generations"] for row in ask(ledger, "generations", since=moved, **asked)}
    assert before.get(retired, 0) > 10 * before.get(adopted, 0)
    assert after.get(adopted, 0) > 10 * after.get(retired, 0)


def test_somebody_left_and_somebody_joined(ledger: Ledger) -> None:
    days = [
        row["day"].date() for row in ask(ledger, "generations", by="day", where={"user": facts.LEFT_USER}, fill=False)
    ]
    assert max(days) <= TODAY - timedelta(days=facts.LEFT_DAYS_AGO)
    joined = ask(ledger, "generations", by="day", where={"user": facts.JOINED_USER}, fill=False)
    assert min(row["day"].date() for row in joined) >= TODAY - timedelta(days=facts.JOINED_DAYS_AGO)


def test_everyone_has_a_plan_and_a_team(ledger: Ledger) -> None:
    plans = {row["user.plan"]: row["users"] for row in ask(ledger, "users", by="user.plan")}
    assert set(plans) == {"free", "pro", "enterprise"}


def test_everyone_brings_in_what_their_plan_costs(ledger: Ledger) -> None:
    revenue = {
        (row["user.plan"], row["user.revenue"]) for row in ask(ledger, "users", by=["user.plan", "user.revenue"])
    }
    assert revenue == {(plan, str(amount)) for plan, amount in facts.REVENUE.items()}
    month = datetime.combine(TODAY - timedelta(days=29), datetime.min.time(), UTC)
    costs = {row["user"]: row["cost"] for row in ask(ledger, "cost", by="user", since=month)}
    assert [user for user, cost in costs.items() if cost > facts.REVENUE["enterprise"]] == [facts.LOSS_USER]


def test_those_who_left_did_so_after_failures(ledger: Ledger) -> None:
    for user, days_ago in facts.LEAVERS.items():
        calls = list(generations(ledger, where={"user": user}, limit=facts.LAST_FAILURES))
        assert [(call.status, call.error_type) for call in calls] == [("error", "server")] * facts.LAST_FAILURES
        assert {call.at.date() for call in calls} == {TODAY - timedelta(days=days_ago)}


def test_slow_answers_and_those_of_one_model_are_liked_less(ledger: Ledger) -> None:
    fast, slow = score_by(ledger, "seconds", [facts.SLOW_SECONDS])
    assert slow.good / slow.judged < fast.good / fast.judged - 0.1
    scores = {row["model"]: row["feedback_score"] for row in ask(ledger, "feedback_score", by="model")}
    assert scores[facts.DISLIKED_MODEL.served] < scores["claude-sonnet-4-5-20250929"] - 0.1


def test_weekends_are_quieter_than_the_days_of_work(ledger: Ledger) -> None:
    of_day = {row["weekday"]: row["generations"] for row in ask(ledger, "generations", by="weekday")}
    assert max(of_day[6], of_day[7]) < 0.7 * min(of_day[day] for day in range(1, 6))


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    ["chat.py", "usage.py", *sorted(one.relative_to(PAGES).as_posix() for one in (PAGES / "admin").rglob("*.py"))],
)
def test_every_page_says_that_it_shows_a_sample(open_page: OpenPage, page: str) -> None:
    app = open_page(page)
    assert not app.error
    assert any("Sample data" in caption.value for caption in app.caption)


@pytest.mark.slow
def test_the_usage_page_shows_somebody_of_the_sample_unless_another_is_named(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMTRACK_SAMPLE", "true")
    monkeypatch.setenv("LLMTRACK_SAMPLE_DATABASE_URL", f"sqlite:///{ledger.name}")
    monkeypatch.setenv("LLMTRACK_PRELOAD", "false")
    monkeypatch.delenv("LLMTRACK_USER_ID", raising=False)
    get_settings.cache_clear()
    assert {row["user"] for row in ask(ledger, "generations", by="user")} >= {get_settings().effective_user_id}
    app = AppTest.from_file(PAGES / "main.py", default_timeout=60).run()
    app.switch_page("usage.py").run()
    assert any(line.startswith("Such ranges held so far") for line in headline_of(app)), "somebody with a past"
    assert any("ll-who" in part and ">alice<" in part for part in html_of(app))
    monkeypatch.setenv("LLMTRACK_USER_ID", "local")
    get_settings.cache_clear()
    assert get_settings().effective_user_id == "local"
    get_settings.cache_clear()
