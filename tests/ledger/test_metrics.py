"""Questions in the words of those who ask them: what is answered, what is unknown, what is refused, what it costs to read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event

from llmtrack.ids import new_id
from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.metrics import (
    DIMENSIONS,
    METRICS,
    MONEY,
    Cancel,
    Cancelled,
    Filter,
    Money,
    TooManyRows,
    ask,
    money,
)
from llmtrack.ledger.periods import billing_cycle
from llmtrack.ledger.query.catalog import metric as metric_named
from llmtrack.ledger.records import Feedback, Generation, Identity
from llmtrack.pricing.usage import Cost, Usage
from tests.ledger import oracle

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    opened = open_ledger(ledger_url)
    yield opened
    opened.close()


def at(hours: float) -> int:
    return oracle.micros(NOON + timedelta(hours=hours))


def call(hours: float = 0, dollars: str | None = None, **given: Any) -> Generation:
    """A call that cost so many dollars; unpriced without."""
    nano = None if dollars is None else int(Decimal(dollars) * 10**9)
    cost = Cost(status="unpriced", reason="no_price") if nano is None else Cost(status="exact", total=nano, input=nano)
    plain = {"provider": "openai", "operation": "chat", "status": "ok", "response_model": "gpt-4o", "user_id": "alice"}
    return Generation(id=new_id(at(hours)), started_at=at(hours), **{**plain, "cost": cost, **given})


def simulated(hours: float, dollars: str) -> Generation:
    cost = Cost(status="simulated", total=int(Decimal(dollars) * 10**9))
    return call(hours, cost=cost, provider="demo", response_model="demo-quick")


# What it cost


def test_cost_is_the_exact_sum_of_what_is_known_and_says_what_it_leaves_out(ledger: Ledger) -> None:
    ledger.write([call(0, "0.000000001"), call(1, "41.2"), call(2), simulated(3, "7")])
    spent = money(ask(ledger, MONEY).totals)
    assert spent == Money(Decimal("41.200000001"), unpriced=1, generations=4, simulated=Decimal(7))


def test_cost_is_unknown_where_no_call_has_a_price_and_zero_where_there_is_no_call(ledger: Ledger) -> None:
    ledger.write([call(0), call(24, "1")])
    rows = ask(ledger, ["cost"], "day", since=date(2026, 5, 3), until=date(2026, 5, 6)).rows
    assert [row["cost"] for row in rows] == [0, None, 1]


def test_a_failure_that_cost_nothing_is_no_missing_price(ledger: Ledger) -> None:
    ledger.write(
        [call(0, "1"), call(1, status="error", error_type="rate_limit", cost=Cost("unpriced", reason="no_usage"))]
    )
    assert ask(ledger, ["cost", "unpriced", "errors"]).totals == {"cost": 1, "unpriced": 0, "errors": 1}


def test_failures_that_cost_nothing_do_not_make_a_cost_known(ledger: Ledger) -> None:
    ledger.write([call(0), call(1, status="error", error_type="rate_limit", cost=Cost("unpriced", reason="no_usage"))])
    assert ask(ledger, ["cost", "unpriced", "errors"]).totals == {"cost": None, "unpriced": 1, "errors": 1}


def test_what_only_simulated_calls_did_costs_nothing_and_is_not_unknown(ledger: Ledger) -> None:
    ledger.write([simulated(0, "0.5")])
    assert ask(ledger, ["cost", "simulated_cost"]).totals == {"cost": 0, "simulated_cost": Decimal("0.5")}


def test_money_without_any_simulated_call_says_none(ledger: Ledger) -> None:
    ledger.write([call(0, "1")])
    assert money(ask(ledger, MONEY).totals).simulated is None


def test_the_cycle_of_a_zone_takes_in_what_lies_in_it_to_the_microsecond(ledger: Ledger) -> None:
    cycle = billing_cycle(NOON, anchor_day=31, timezone="Asia/Kathmandu")
    calls = [call(0, "1"), call(0, "10"), call(0, "100"), call(0, "1000")]
    for record, moment in zip(calls, (cycle.start - 1, cycle.start, cycle.end - 1, cycle.end), strict=True):
        record.started_at = moment
    ledger.write(calls)
    answer = ask(ledger, "cost", since=cycle.since, until=cycle.until, timezone="Asia/Kathmandu")
    assert answer.totals["cost"] == 110
    assert cycle.since.isoformat() == "2026-04-30T00:00:00+05:45"


# Who and how


def test_cost_per_user_counts_each_user_once(ledger: Ledger) -> None:
    spent = {"alice": ["1", "2"], "bob": ["5"], "carol": ["0.5"]}
    ledger.write([call(n, d, user_id=user) for user, each in spent.items() for n, d in enumerate(each)])
    ledger.write([call(9, "100", user_id=None)])
    totals = ask(ledger, ["users", "cost_per_user", "cost_per_user_p95", "generations_per_user"]).totals
    assert totals["users"] == 3
    assert totals["cost_per_user"] == Decimal("8.5") / 3
    assert totals["cost_per_user_p95"] == 5
    assert totals["generations_per_user"] == 4 / 3


def test_interactions_and_conversations_are_counted_where_they_began(ledger: Ledger) -> None:
    ledger.write([
        call(0, "1", trace_id="t1", session_id="s1"),
        call(1, "2", trace_id="t1", session_id="s1"),
        call(30, "4", trace_id="t1", session_id="s1", response_model="o3"),
        call(31, "8", trace_id="t2", session_id="s1", response_model="o3"),
    ])  # fmt: skip
    by_day = ask(ledger, ["traces", "sessions", "cost_per_trace"], "day")
    assert [(row["traces"], row["sessions"]) for row in by_day] == [(1, 1), (1, 0)]
    assert by_day.totals["cost_per_trace"] == Decimal("7.5")
    by_model = ask(ledger, ["traces"], "model")
    assert {row["model"]: row["traces"] for row in by_model} == {"gpt-4o": 1, "o3": 2}
    assert by_model.totals["traces"] == 2


def test_feedback_is_split_by_what_it_judges(ledger: Ledger) -> None:
    ledger.write([
        call(0, trace_id="t1"), call(1, trace_id="t1"), call(2, trace_id="t2", response_model="o3"), call(3, trace_id="t3"),
        Feedback("t1", "alice", 1, None, at(4)), Feedback("t2", "alice", -1, None, at(4)),
        Feedback("t3", "alice", 1, None, at(4)), Feedback("t3", "alice", 0, None, at(5)),
    ])  # fmt: skip
    answer = ask(ledger, ["feedback", "feedback_score"], "model")
    assert {row["model"]: (row["feedback"], row["feedback_score"]) for row in answer} == {
        "gpt-4o": (1, 1),
        "o3": (1, 0),
    }
    assert answer.totals["feedback_score"] == 0.5


def test_what_is_known_about_a_user_splits_and_filters(ledger: Ledger) -> None:
    ledger.write([
        Identity("alice", {"plan": "pro", "seats": 3}, at(0)), Identity("bob", {"plan": "free"}, at(0)),
        call(0, "1"), call(1, "2", user_id="bob"), call(2, "4", user_id="carol"),
    ])  # fmt: skip
    by_plan = ask(ledger, "cost", "user.plan")
    assert {row["user.plan"]: row["cost"] for row in by_plan} == {"pro": 1, "free": 2, None: 4}
    assert ask(ledger, "cost", where={"user.plan": ["pro", None]}).totals["cost"] == 5
    assert ask(ledger, "cost", where={"user.seats": 3}).totals["cost"] == 1


def test_properties_split_and_filter_by_any_key(ledger: Ledger) -> None:
    odd = 'it\'s "quoted".$[0]'
    ledger.write([call(0, "1", properties={odd: "x", "beta": True}), call(1, "2", properties={odd: "y"}), call(2, "4")])
    assert {row[f"property.{odd}"]: row["cost"] for row in ask(ledger, "cost", f"property.{odd}")} == {
        "x": 1,
        "y": 2,
        None: 4,
    }
    assert ask(ledger, "cost", where={"property.beta": True}).totals["cost"] == 1
    assert ask(ledger, "cost", where=[Filter(f"property.{odd}", ("x",), negated=True)]).totals["cost"] == 6


def test_errors_are_split_by_whose_fault_they_are(ledger: Ledger) -> None:
    kinds = ["timeout", "rate_limit", "authentication", "server"]
    ledger.write([call(n, status="error", error_type=kind) for n, kind in enumerate(kinds)])
    ledger.write([call(9, "1"), call(9, "1", status="cancelled")])
    ledger.write([call(10, status="error", error_type="unknown"), call(11, status="error")])
    totals = ask(
        ledger,
        ["errors", "timeouts", "rate_limits", "user_errors", "provider_errors", "other_errors", "cancelled"],
    ).totals
    assert dict(totals) == {
        "errors": 6, "timeouts": 1, "rate_limits": 1, "user_errors": 1, "provider_errors": 2, "other_errors": 2,
        "cancelled": 1,
    }  # fmt: skip


def test_speed_leaves_the_wait_for_the_first_token_out(ledger: Ledger) -> None:
    ledger.write([
        call(0, duration=3_000_000, time_to_first_token=1_000_000, usage=Usage(output_tokens=100)),
        call(1, duration=1_000_000, usage=Usage(output_tokens=50)),
        call(2, duration=9_000_000, status="error"),
    ])  # fmt: skip
    totals = ask(ledger, ["tokens_per_second", "duration", "time_to_first_token", "output_tokens_per_request"]).totals
    assert totals["tokens_per_second"] == 50
    assert totals["duration"] == 2, "the failure of 9 s was no answer"
    assert totals["time_to_first_token"] == 1
    assert totals["output_tokens_per_request"] == 75


def test_the_average_response_time_counts_answers_and_neither_refusals_nor_stops(ledger: Ledger) -> None:
    ledger.write([
        *(call(n / 10, duration=10_000_000) for n in range(90)),
        *(call(n / 10, duration=40_000, status="error", error_type="rate_limit") for n in range(30)),
        *(call(n / 10, duration=1_000_000, status="cancelled") for n in range(10)),
    ])  # fmt: skip
    metrics = ["duration", "duration_p50", "duration_p99", "generation_duration", "generation_duration_p50"]
    for by in ((), "user", "feature", "day"):  # from hours, from users' days, from features, from days
        (row,) = ask(ledger, metrics, by)
        assert row["duration"] == 10
        assert row["duration_p50"] == row["duration_p99"] == pytest.approx(10, rel=0.01)
        assert row["generation_duration"] == pytest.approx((90 * 10 + 30 * 0.04 + 10 * 1) / 130)
        assert row["generation_duration_p50"] == pytest.approx(10, rel=0.01)
    totals = ask(ledger, metrics, where={"status": "error"}).totals
    assert (totals["duration"], totals["duration_p99"]) == (None, None)
    assert totals["generation_duration"] == 0.04
    assert totals["generation_duration_p50"] == pytest.approx(0.04, rel=0.01)


def test_a_percentile_over_users_says_over_how_many(ledger: Ledger) -> None:
    ledger.write([call(n / 10, str(n + 1), user_id=f"user {n}") for n in range(19)])
    ledger.write([call(3, None, user_id="nobody knows"), call(3, "100", user_id=None)])
    totals = ask(ledger, ["users", "users_with_cost", "cost_per_user_p95", "cost_per_user"]).totals
    assert dict(totals) == {"users": 20, "users_with_cost": 19, "cost_per_user_p95": 19, "cost_per_user": 10}
    ledger.write([call(4, "20", user_id="user 19")])
    totals = ask(ledger, ["users_with_cost", "cost_per_user_p95"]).totals
    assert dict(totals) == {"users_with_cost": 20, "cost_per_user_p95": 19}, "from 20 on it is not the highest any more"


# What may be added up

ADDITIVE = {
    "generations", "messages", "input_tokens", "output_tokens", "total_tokens", "cache_read_tokens",
    "cache_write_tokens", "cache_write_1h_tokens", "reasoning_tokens", "input_audio_tokens", "output_audio_tokens",
    "input_image_tokens", "output_image_tokens", "web_searches", "input_known", "output_known", "cost", "input_cost",
    "cache_read_cost", "cache_write_cost", "output_cost", "reasoning_cost", "audio_cost", "image_cost", "request_cost",
    "tool_cost", "unpriced", "usage_missing", "estimated", "priced", "simulated", "simulated_cost", "api_equivalent",
    "api_equivalent_cost", "total_duration",
    "timed", "answer_duration", "timed_answers", "total_time_to_first_token", "first_tokens", "speed_tokens",
    "speed_time", "errors", "timeouts", "rate_limits", "user_errors", "provider_errors", "other_errors", "cancelled",
    "abandoned", "incomplete", "refused", "pending",
}  # fmt: skip
NOT_ADDITIVE = {
    # different ones: somebody who used two models is one user
    "users", "traces", "sessions", "users_with_cost",
    # judgements of interactions: one with calls of two models is judged once
    "feedback", "good_feedback", "feedback_score",
    # averages and shares
    "generations_per_user", "tokens_per_request", "input_tokens_per_request", "output_tokens_per_request",
    "cache_hit_share", "cost_per_generation", "cost_per_user", "cost_per_user_p95", "cost_per_trace", "duration",
    "generation_duration", "time_to_first_token", "tokens_per_second", "error_rate", "timeout_rate", "rate_limit_rate",
    "user_error_rate", "provider_error_rate", "cancelled_share",
    # percentiles
    "cost_p50", "cost_p95", "cost_p99",
    *(f"{of}_p{n}" for of in ("duration", "generation_duration", "time_to_first_token") for n in (50, 90, 95, 99)),
}  # fmt: skip


def test_a_metric_knows_whether_its_parts_add_up_to_the_whole() -> None:
    assert {name for name, metric in METRICS.items() if metric.additive} == ADDITIVE
    assert {name for name, metric in METRICS.items() if not metric.additive} == NOT_ADDITIVE
    assert not metric_named("cost / cost").additive


def test_any_metric_can_be_divided_by_any_other(ledger: Ledger) -> None:
    ledger.write([call(0, "3"), call(1, "1", operation="embeddings"), call(2, status="error", error_type="server")])
    answer = ask(ledger, ["cost / messages", "errors / generations", "cost / cost", "messages / feedback"])
    assert dict(answer.totals) == {
        "cost / messages": 4, "errors / generations": 1 / 3, "cost / cost": 1.0, "messages / feedback": None,
    }  # fmt: skip
    assert answer.units["cost / messages"] == "usd"


def test_rows_come_in_the_order_asked_for_and_say_how_many_were_cut(ledger: Ledger) -> None:
    ledger.write([call(n, None if n == 2 else str(n), user_id=f"u{n}") for n in range(5)])
    answer = ask(ledger, "cost", "user", order="-cost", limit=2)
    assert [row["user"] for row in answer] == ["u4", "u3"]
    assert answer.cut == 3
    assert answer.totals["cost"] == 8
    assert [row["user"] for row in ask(ledger, "cost", "user", order="cost")] == ["u0", "u1", "u3", "u4", "u2"]


def test_a_new_word_is_known_as_soon_as_it_is_written(ledger: Ledger) -> None:
    ledger.write([call(0, "1")])
    assert ask(ledger, "cost", "model").rows[0]["model"] == "gpt-4o"
    ledger.write([call(1, "2", response_model="brand-new")])
    assert ask(ledger, "cost", where={"model": "brand-new"}).totals["cost"] == 2


def test_an_empty_ledger_has_an_answer_to_everything(ledger: Ledger) -> None:
    answer = ask(ledger, list(METRICS))
    assert answer.totals["generations"] == answer.totals["users"] == answer.totals["traces"] == 0
    assert answer.totals["cost"] == 0
    assert answer.totals["duration_p95"] is None
    days = ask(ledger, list(METRICS), ["day", "model"], since=date(2026, 5, 1), until=date(2026, 5, 3))
    assert list(days) == []
    assert len(ask(ledger, "cost", "day", since=date(2026, 5, 1), until=date(2026, 5, 3))) == 2


def test_an_answer_is_a_frame_for_whoever_wants_one(ledger: Ledger) -> None:
    ledger.write([call(0, "1.5"), call(48)])
    frame = ask(ledger, ["cost", "generations"], ["day"], timezone="Europe/Berlin").frame()
    assert frame["day"].dt.strftime("%d %H").tolist() == ["04 00", "05 00", "06 00"]
    assert frame["cost"].iloc[:2].tolist() == [1.5, 0]
    assert frame["cost"].isna().tolist() == [False, False, True]
    assert frame["generations"].tolist() == [1, 0, 1]
    exact = ask(ledger, "cost", "model").frame(exact=True)
    assert exact["cost"].tolist() == [Decimal("1.5")]


# What is refused


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"metrics": []}, "No metric was asked for"),
        ({"metrics": "colour"}, "no metric 'colour'; there are generations, messages"),
        ({"metrics": "cost / colour"}, "no metric 'colour'"),
        ({"metrics": "cost", "by": "colour"}, "no dimension 'colour'; there are hour, day"),
        ({"metrics": "cost", "by": ["day", "week"]}, "divided by day and week at once"),
        ({"metrics": "cost", "where": {"colour": "red"}}, "no dimension 'colour'"),
        ({"metrics": "cost", "timezone": "Mars/Olympus"}, "no time zone 'Mars/Olympus'"),
        ({"metrics": "cost", "order": "errors"}, "ordered by 'errors', which was not asked for"),
        ({"metrics": "cost", "limit": 0}, "limit is 0"),
        ({"metrics": "cost", "by": "cycle", "anchor_day": 32}, "cannot start on day 32"),
        ({"metrics": "cost", "since": date(2026, 5, 2), "until": date(2026, 5, 1)}, "before it begins"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(ledger: Ledger, asked: dict[str, Any], told: str) -> None:
    ledger.write([call(0)])
    with pytest.raises(ValueError, match=told):
        ask(ledger, **asked)


def test_a_question_that_would_read_too_many_rows_is_refused_with_the_reason(ledger: Ledger) -> None:
    ledger.write([call(n / 60, "1", service_tier="flex") for n in range(50)])
    with pytest.raises(
        TooManyRows, match="read 50 generations one by one, because no rollup has service_tier; 20 are allowed"
    ):
        ask(ledger, "cost", where={"service_tier": "flex"}, max_rows=20)
    answer = ask(ledger, "cost", where={"service_tier": "flex"}, max_rows=50)
    assert answer.totals["cost"] == 50
    assert answer.explain == "totals from at most 50 rows"


def test_the_reason_for_reading_rows_names_dimensions_as_they_are_asked_by(ledger: Ledger) -> None:
    ledger.write([call(n / 60, "1") for n in range(50)])
    with pytest.raises(TooManyRows, match="one by one, because no rollup has user; 20 are allowed"):
        ask(ledger, "cost_p95", "user", max_rows=20)


def test_an_answer_says_where_it_was_read(ledger: Ledger) -> None:
    ledger.write([call(n, "1", response_model="gpt-4o") for n in range(100)])
    since, until = datetime(2026, 5, 4, 18, 15, tzinfo=UTC), datetime(2026, 5, 6, 2, 7, tzinfo=UTC)
    assert ask(ledger, "cost", since=since, until=until).explain == (
        "totals from 1 day of rollup_day, 7 hours of rollup_hour, 3 quarter-hours of rollup_quarter, at most 1 rows"
    )
    assert "rollup_user_day" in ask(ledger, "cost", where={"user": "alice"}).explain
    assert "rollup_group_day" in ask(ledger, "cost", "group").explain


@pytest.mark.slow
def test_a_question_can_be_cancelled_from_another_thread_while_it_reads(ledger: Ledger) -> None:
    ledger.write([call(n / 100, "1") for n in range(100)])
    cancel = Cancel()
    running = threading.Event()

    @event.listens_for(ledger.engine, "before_cursor_execute", retval=True)
    def never_end(_: Any, __: Any, statement: str, values: Any, ___: Any, ____: bool) -> tuple[str, Any]:
        if "rollup_day" not in statement:
            return statement, values
        running.set()
        if ledger.dialect.name == "postgresql":
            return "SELECT pg_sleep(600)", ()
        return "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n", ()

    def cancel_once_it_runs() -> None:
        running.wait(60)
        cancel()

    asking = threading.Thread(target=cancel_once_it_runs)
    asking.start()
    with pytest.raises(Cancelled, match="cancelled"):
        ask(ledger, "cost", cancel=cancel)
    asking.join()
    event.remove(ledger.engine, "before_cursor_execute", never_end)
    assert ask(ledger, "cost").totals["cost"] == 100, "the connection is as good as before"


def test_what_was_cancelled_before_it_began_reads_nothing(ledger: Ledger) -> None:
    cancel = Cancel()
    cancel()
    with pytest.raises(Cancelled):
        ask(ledger, "cost", cancel=cancel)


# What it costs to read


class Counted:
    """Statements sent to a ledger's database."""

    def __init__(self, ledger: Ledger) -> None:
        self.statements: list[str] = []
        event.listen(ledger.engine, "before_cursor_execute", self._note)

    def _note(self, _: Any, __: Any, statement: str, *___: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            self.statements.append(statement)


TILES = [*MONEY, "messages", "errors", "total_tokens", "duration", "time_to_first_token", "tokens_per_second",
         "error_rate", "cache_hit_share"]  # fmt: skip


def test_a_page_of_tiles_sends_few_statements_however_many_tiles_it_has(ledger: Ledger) -> None:
    ledger.write(oracle.records(1, 400))
    asked: dict[str, Any] = {
        "since": datetime(2026, 3, 3, 7, 13, tzinfo=UTC),
        "until": datetime(2026, 4, 2, 19, 41, tzinfo=UTC),
    }
    counted = Counted(ledger)
    answer = ask(ledger, TILES, timezone="Asia/Kathmandu", **asked)
    # The words and the extent, days, hours, quarter-hours, how many rows are left over, and these rows.
    assert len(counted.statements) == answer.queries <= 7
    counted.statements.clear()
    ask(ledger, [*TILES, "users", "duration_p50", "duration_p95", "duration_p99"], timezone="Asia/Kathmandu", **asked)
    assert len(counted.statements) <= 7 + 4 + 3
    counted.statements.clear()
    ask(ledger, TILES, ["day", "model"], timezone="Asia/Kathmandu", **asked)
    assert len(counted.statements) <= 7


def test_no_tile_over_the_rollups_dimensions_reads_a_row_where_slots_are_whole(ledger: Ledger) -> None:
    ledger.write(oracle.records(1, 400))
    counted = Counted(ledger)
    for by in ([], ["model"], ["provider", "status"], ["feature"], ["group"], ["user"], ["day", "error_type"]):
        for metrics in (TILES, ["users"], ["cost_per_user_p95"]):
            ask(ledger, metrics, by, since=date(2026, 3, 5), until=date(2026, 4, 5))
    rows = [sql for sql in counted.statements if "generation AS g" in sql]
    assert rows == []


def test_days_of_another_zone_are_days_of_utc_with_what_differs_read_from_rows(ledger: Ledger) -> None:
    ledger.write([call(n / 4, "1") for n in range(960)])
    answer = ask(ledger, "cost", "day", timezone="Europe/Berlin", where={"user": "alice"})
    assert answer.totals["cost"] == 960
    assert [row["cost"] for row in answer.rows[1:-1]] == [96] * (len(answer.rows) - 2)
    # Two hours of each of eleven days, and not the other twenty-two.
    assert "11 days of rollup_user_day, at most 80 rows" in answer.explain


def test_a_users_cycle_is_read_from_the_users_days_and_the_rows_at_its_ends(ledger: Ledger) -> None:
    ledger.write(oracle.records(1, 400))
    counted = Counted(ledger)
    cycle = billing_cycle(NOON - timedelta(days=40), anchor_day=20, timezone="Europe/Berlin")
    ask(ledger, MONEY, since=cycle.since, until=cycle.until, timezone="Europe/Berlin", where={"user": "alice"})
    reading = [sql for sql in counted.statements if "CROSS JOIN" in sql]
    tables = [table for sql in reading for table in ("rollup_user_day", "generation") if f"JOIN {table} AS" in sql]
    assert sorted(tables) == ["generation", "generation", "rollup_user_day"], "rows are counted before they are read"
    assert len(counted.statements) <= 6


# The vocabulary


@pytest.mark.slow
def test_every_metric_says_what_it_means_and_can_be_asked_by_every_dimension(ledger: Ledger) -> None:
    ledger.write(oracle.records(2, 60))
    for metric in METRICS.values():
        assert metric.doc.endswith("."), metric.name
    for name in [*DIMENSIONS, "property.plan", "user.plan"]:
        answer = ask(ledger, list(METRICS), [name])
        assert set(answer.rows[0]) == {name, *METRICS}


@pytest.mark.parametrize("name", ["hour", "day", "week", "month", "cycle"])
def test_every_metric_can_be_asked_by_every_length_of_time(ledger: Ledger, name: str) -> None:
    ledger.write(oracle.records(2, 60))
    since = oracle.BEGIN + timedelta(days=2)
    answer = ask(ledger, list(METRICS), [name], since=since, until=since + timedelta(days=3))
    assert set(answer.rows[0]) == {name, *METRICS}
