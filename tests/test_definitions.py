"""What counts as what, written out by hand: a change of any of these definitions changes what was stored or is shown."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from llmtrack.capture.context import ContextFields
from llmtrack.capture.errors import error_type
from llmtrack.error_types import CALLER_ERRORS, PROVIDER_ERRORS, ErrorType
from llmtrack.ledger.query.catalog import METRICS
from llmtrack.ledger.query.measures import Measure, Ratio, Sum
from llmtrack.ledger.schema.rollups import CUBES, DAY, DAY_USER, HOUR, MEASURES, SEEN, SKETCHES
from llmtrack.ledger.schema.row_measures import (
    EQUIVALENT,
    ERROR,
    MESSAGE,
    REAL,
    SIMULATED,
    TRACE_MEASURES,
    UNPRICED,
    USAGE_MISSING,
    WRITTEN,
    has_rule,
    rollup_measure,
)
from llmtrack.pricing import Reason
from llmtrack.pricing.reasons import NOTHING_BILLED
from llmtrack.statuses import ANSWERED, BILLED, FAILED, IN_FLIGHT, PRICED, CostStatus, Status


def test_each_status_keeps_its_word_and_what_it_counts_as() -> None:
    assert list(Status) == ["ok", "incomplete", "cancelled", "abandoned", "error", "refused", "pending"]
    assert BILLED == ("ok", "incomplete", "cancelled", "abandoned")
    assert ANSWERED == ("ok", "incomplete")
    assert FAILED == ("error", "refused")
    assert IN_FLIGHT == ("waiting", "streaming")


def test_each_status_of_a_cost_keeps_its_word_and_what_it_counts_as() -> None:
    assert list(CostStatus) == ["exact", "estimated", "provider_reported", "unpriced", "simulated", "api_equivalent"]
    assert PRICED == ("exact", "estimated", "provider_reported")
    assert {Reason.NO_USAGE, Reason.PENDING} == NOTHING_BILLED


def test_each_error_has_a_side_and_only_those_of_no_side_are_the_rest() -> None:
    assert set(CALLER_ERRORS) == {
        "authentication", "permission", "not_found", "invalid_request", "context_length", "content_filter",
    }  # fmt: skip
    assert set(PROVIDER_ERRORS) == {"timeout", "connection", "overloaded", "server", "invalid_response"}
    assert {*ErrorType} - {*CALLER_ERRORS, *PROVIDER_ERRORS} == {"rate_limit", "cancelled", "refused", "unknown"}
    assert error_type(name="SomethingNew") == "unknown"


def test_messages_and_speed_are_asked_as_they_are_written() -> None:
    chat = ("operation", True, ("chat",))
    billed = ("status", True, ("ok", "incomplete", "cancelled", "abandoned"))
    assert METRICS["messages"].formula == Measure(Sum("generations", only=(chat, billed)))
    assert METRICS["unpriced"].formula == Measure(Sum("unpriced"))
    assert METRICS["tokens_per_second"].formula == Ratio("speed_tokens", "speed_time")


def test_these_are_the_things_that_a_caller_can_say_about_a_call() -> None:
    names = {"user_id", "session_id", "trace_id", "feature", "group", "properties", "content"}
    assert set(ContextFields.__annotations__) == names


WORDS = {
    1: "chat", 2: "embeddings", 11: "ok", 12: "incomplete", 13: "cancelled", 14: "abandoned", 15: "error",
    16: "refused", 17: "pending", 21: "exact", 22: "unpriced", 23: "simulated", 24: "api_equivalent", 31: "no_price", 32: "usage_missing",
    33: "no_usage", 34: "pending",
}  # fmt: skip
NUMBERS = {
    (kind, word): number
    for number, word in WORDS.items()
    for kind, first in (("operation", 1), ("status", 11), ("cost_status", 21), ("cost_reason", 31))
    if first <= number < first + 9
}
AT = {
    column: place
    for place, column in enumerate(
        (
            "operation",
            "status",
            "cost_status",
            "cost_reason",
            "cost",
            "output_tokens",
            "duration",
            "time_to_first_token",
        )
    )
}


@pytest.mark.parametrize(
    ("row", "counts"),
    [
        ((1, 11, 21, None, 5, 7, 9, None), {"message", "real", "written"}),
        ((1, 12, 21, None, 5, 7, 9, 9), {"message", "real"}),
        ((1, 13, 22, 32, None, 7, 9, 1), {"message", "real", "unpriced", "usage missing"}),
        ((1, 14, 22, 31, None, None, None, None), {"message", "real", "unpriced"}),
        ((1, 15, 22, 33, None, None, 9, None), {"error", "real"}),
        ((1, 16, 22, 33, None, None, None, None), {"real"}),
        ((1, 17, 22, 34, None, None, None, None), {"real"}),
        ((2, 11, 23, 32, None, 7, 9, 8), {"simulated", "written"}),
        ((2, 11, 23, None, 5, 7, None, None), {"simulated"}),
        ((2, 11, 22, None, None, None, 9, None), {"real", "unpriced"}),
        ((1, 11, 24, None, 5, 7, 9, None), {"message", "equivalent", "written"}),
        ((2, 11, 24, 31, None, 7, None, None), {"equivalent"}),
    ],
)
def test_a_row_counts_as_what_people_call_it(row: tuple[int | None, ...], counts: set[str]) -> None:
    conditions = {
        "message": MESSAGE, "error": ERROR, "real": REAL, "simulated": SIMULATED, "equivalent": EQUIVALENT, "unpriced": UNPRICED,
        "usage missing": USAGE_MISSING, "written": WRITTEN,
    }  # fmt: skip

    def number(kind: str, word: str) -> int:
        return NUMBERS[kind, word]

    assert {name for name, condition in conditions.items() if condition.test(number, AT)(row)} == counts


SUMMED = ("operation", "status", "cost_status", "cost_reason", "cost", "input_tokens", "output_tokens", "duration",
          "time_to_first_token")  # fmt: skip


@pytest.mark.parametrize(
    ("row", "sums", "of_trace"),
    [
        (
            (1, 11, 21, None, 5, 3, 7, 9, 2),
            {"generations": 1, "timed": 1, "first_tokens": 1, "speed_tokens": 7, "speed_time": 7,
             "input_tokens": 3, "output_tokens": 7, "cost": 5, "duration": 9, "time_to_first_token": 2},
            {"generations": 1, "input_tokens": 3, "output_tokens": 7, "cost": 5},
        ),
        (
            (1, 12, 22, 32, None, None, 7, 9, 9),
            {"generations": 1, "timed": 1, "first_tokens": 1, "unpriced": 1, "usage_missing": 1, "input_unknown": 1,
             "output_tokens": 7, "duration": 9, "time_to_first_token": 9},
            {"generations": 1, "output_tokens": 7, "unpriced": 1},
        ),
        (
            (2, 15, 22, 33, None, 3, None, None, None),
            {"generations": 1, "output_unknown": 1, "input_tokens": 3},
            {"generations": 1, "errors": 1, "input_tokens": 3},
        ),
        (
            (1, 13, 23, None, 5, 3, 7, 9, None),
            {"generations": 1, "timed": 1, "cost": 5, "input_tokens": 3, "output_tokens": 7, "duration": 9},
            {"generations": 1, "input_tokens": 3, "output_tokens": 7, "simulated_cost": 5},
        ),
        (
            (2, 11, 24, None, 5, 3, 7, 9, None),
            {"generations": 1, "timed": 1, "cost": 5, "input_tokens": 3, "output_tokens": 7, "duration": 9,
             "speed_tokens": 7, "speed_time": 9},
            {"generations": 1, "input_tokens": 3, "output_tokens": 7},
        ),
    ],
)  # fmt: skip
def test_a_row_adds_the_same_to_each_sum_in_python_and_in_sql(
    row: tuple[int | None, ...], sums: dict[str, int], of_trace: dict[str, int]
) -> None:
    def number(kind: str, word: str) -> int:
        return NUMBERS[kind, word]

    at = {column: place for place, column in enumerate(SUMMED)}
    columns = ", ".join(f"? AS {column}" for column in SUMMED)
    of_rollups = {name: rollup_measure(name) for name in MEASURES if has_rule(name) or name in SUMMED}
    for rules, expected in ((of_rollups, sums), (TRACE_MEASURES, of_trace)):
        for name, rule in rules.items():
            with closing(sqlite3.connect(":memory:")) as database:
                (by_sql,) = database.execute(f"SELECT {rule.sql(number)} FROM (SELECT {columns}) AS g", row).fetchone()
            assert (name, rule.value(number, at)(row), by_sql) == (name, expected.get(name, 0), expected.get(name, 0))


def test_every_rollup_is_sorted_by_the_key_that_questions_read_it_by() -> None:
    plain = ("provider", "model", "operation", "status", "cost_status")
    feature, group, user = ("feature", *plain, "error_type"), ("group_name", "slot"), ("app_user", "slot", "group_name")
    assert {rollup.table: rollup.key for rollup in (*CUBES, *SKETCHES, DAY_USER, SEEN)} == {
        **dict.fromkeys(("rollup_quarter", "rollup_hour", "rollup_day", "sketch_hour", "sketch_day"), ("slot", *plain)),
        **dict.fromkeys(("rollup_feature_hour", "rollup_feature_day"), ("slot", *feature)),
        **dict.fromkeys(("rollup_group_hour", "rollup_group_day"), (*group, *feature)),
        **dict.fromkeys(("rollup_user_hour", "rollup_user_day"), (*user, *feature)),
        "sketch_feature_day": ("slot", "feature", *plain),
        "sketch_group_day": (*group, *plain),
        "rollup_day_user": ("slot", "app_user", "simulated"),
        "rollup_seen": ("slot", "provider", "model", "feature", "group_name", "app_user"),
    }
    assert {rollup.table for rollup in CUBES if rollup.sealed_only} == {"rollup_group_hour", "rollup_user_hour"}
    assert {r.table: r.length for r in CUBES if not r.table.endswith("_day")} == {
        "rollup_quarter": HOUR // 4, "rollup_hour": HOUR, "rollup_feature_hour": HOUR, "rollup_group_hour": HOUR,
        "rollup_user_hour": HOUR,
    }  # fmt: skip
    assert {r.length for r in (*CUBES, *SKETCHES) if r.table.endswith("_day")} == {DAY}
