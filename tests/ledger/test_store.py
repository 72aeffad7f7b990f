"""Writing to a ledger: whole batches, exactly once, whatever is in them."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from pathlib import Path

import pytest

from llmtrack.ids import first_at, started_at
from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.maintenance.verification import verify
from llmtrack.ledger.records import Feedback, Generation, Identity, Span
from llmtrack.ledger.write.generation_writer import _apart
from llmtrack.pricing.usage import Cost, Usage
from tests.ledger.making import HOUR, NOON, generation, random_generation, said


def rows(ledger: Ledger, sql: str) -> list[tuple]:
    with ledger.reading() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(sql)]


def value(ledger: Ledger, sql: str) -> object:
    return rows(ledger, sql)[0][0]


def test_a_generation_can_be_read_back_by_its_words(ledger: Ledger) -> None:
    ledger.write([generation(feature="chat", group="blue", session_id="s", trace_id="t", properties={"plan": "pro"})])

    columns = "user_id, session_id, trace_id, feature, group_name, provider, operation, model, status, cost_nanodollars"
    assert rows(ledger, f"SELECT {columns} FROM generations") == [
        ("alice", "s", "t", "chat", "blue", "openai", "chat", "gpt-4o-2024-08-06", "ok", 450_000)
    ]


def test_the_id_of_a_row_tells_when_it_was_sent(ledger: Ledger) -> None:
    ledger.write([generation(NOON, id=17)])

    id = int(str(value(ledger, "SELECT id FROM generation")))
    assert started_at(id) == NOON
    assert first_at(NOON) <= id < first_at(NOON + 1)


def test_two_generations_with_the_same_id_are_both_kept(ledger: Ledger) -> None:
    first, second, third = (generation(NOON, id=42, response_id=name) for name in "abc")
    ledger.write([first, second])
    ledger.write([third])

    assert sorted(rows(ledger, "SELECT response_id FROM generation")) == [("a",), ("b",), ("c",)]
    assert value(ledger, "SELECT sum(generations) FROM rollup_day") == 3


def test_records_and_progress_are_written_together_and_a_repetition_changes_nothing(ledger: Ledger) -> None:
    batch = [generation(NOON), generation(NOON + 1)]
    ledger.write(batch, [("segment-1", 900)])
    ledger.write(batch, [("segment-1", 900)])

    assert ledger.progress("segment-1") == 900
    assert value(ledger, "SELECT count(*) FROM generation") == 2

    ledger.forget(["segment-1"])
    assert ledger.progress("segment-1") == 0


def test_a_batch_that_cannot_be_written_leaves_nothing_behind(ledger: Ledger) -> None:
    broken = generation(NOON, attempts="many")
    with pytest.raises(Exception, match="not supported"):
        ledger.write([generation(NOON, user_id="new"), broken], [("segment-1", 900)])

    assert ledger.progress("segment-1") == 0
    for table in ("generation", "name", "app_user", "rollup_day", "rollup_user_day"):
        assert value(ledger, f"SELECT count(*) FROM {table}") == 0

    ledger.write([generation(NOON, user_id="new")])
    assert rows(ledger, "SELECT user_id, model FROM generations") == [("new", "gpt-4o-2024-08-06")]


def test_unknown_is_null_and_zero_is_zero(ledger: Ledger) -> None:
    ledger.write([
        generation(NOON, usage=Usage(), cost=Cost("unpriced", reason="usage_missing"), duration=None),
        generation(NOON + HOUR, usage=Usage(0, 0), cost=Cost("exact", total=0, input=0, output=0)),
    ])  # fmt: skip

    found = rows(ledger, "SELECT input_tokens, output_tokens, cost, duration FROM generation ORDER BY id")
    assert found == [(None, None, None, None), (0, 0, 0, 2_000_000)]
    sums = "sum(generations), sum(input_unknown), sum(unpriced), sum(usage_missing), sum(timed)"
    assert rows(ledger, f"SELECT {sums} FROM rollup_day") == [(2, 1, 1, 1, 1)]


def test_a_failure_that_cost_nothing_is_not_counted_as_unpriced(ledger: Ledger) -> None:
    ledger.write([generation(status="error", usage=Usage(), cost=Cost("unpriced", reason="no_usage"))])

    assert rows(ledger, "SELECT generations, unpriced FROM rollup_day") == [(1, 0)]


def test_a_count_too_large_to_sum_is_kept_as_reported_and_unknown_to_the_sums(ledger: Ledger) -> None:
    ledger.write([generation(usage=Usage(10**30, 5), cost=Cost("unpriced", reason="too_many"))])

    assert rows(ledger, "SELECT input_tokens, output_tokens FROM generation") == [(None, 5)]
    assert str(10**30) in str(value(ledger, "SELECT usage_details FROM generation"))
    assert rows(ledger, "SELECT input_unknown, input_tokens FROM rollup_day") == [(1, 0)]


def test_whatever_text_there_is_can_be_kept(ledger: Ledger) -> None:
    strange = "a\0b \ud800 \U0001f600 " + "long " * 2000
    ledger.write([
        generation(user_id=strange, feature=strange, session_id=strange, trace_id=strange, group=strange,
                   response_id=strange, error_code=strange, error_message=strange, properties={strange: [strange, float("nan")]},
                   input=said(strange), output=said(strange)),
        Identity("x\0y", {"plan\0": strange, "n": float("inf")}, NOON),
        Span(1, strange, strange, NOON, 5, error=strange),
        Feedback(strange, strange, 1, strange, NOON),
    ])  # fmt: skip

    assert value(ledger, "SELECT count(*) FROM generation") == 1
    assert value(ledger, "SELECT count(*) FROM app_user") == 2


def test_what_a_trace_and_a_session_cost_adds_up_in_their_rows(ledger: Ledger) -> None:
    simulated = Cost("simulated", total=7)
    ledger.write([
        Span(1, "t", "answer", NOON - 500, 10_000_000),
        generation(NOON, trace_id="t", session_id="s"),
        generation(NOON + HOUR, trace_id="t", session_id="s", status="error", cost=simulated),
    ])  # fmt: skip
    ledger.write([generation(NOON - HOUR, trace_id="t", cost=Cost("unpriced", reason="no_price"))])

    columns = "generations, errors, input_tokens, output_tokens, cost, simulated_cost, unpriced, started_at, ended_at"
    assert rows(ledger, f"SELECT name, {columns} FROM trace") == [
        ("answer", 3, 1, 300, 60, 450_000, 7, 1, NOON - HOUR, NOON + HOUR + 2_000_000)
    ]
    assert rows(ledger, f"SELECT {columns} FROM session") == [
        (2, 1, 200, 40, 450_000, 7, 0, NOON, NOON + HOUR + 2_000_000)
    ]


@pytest.mark.parametrize(
    "cost",
    [
        None,
        Cost("simulated", reason="usage_missing"),
        Cost("unpriced", reason="internal_error"),
        Cost("simulated", total=10**17),
    ],
    ids=["no cost", "no usage", "pricing failed", "too much"],
)
def test_a_simulated_call_stays_one_whatever_its_cost_and_lacks_no_price(ledger: Ledger, cost: Cost | None) -> None:
    ledger.write([generation(simulated=True, cost=cost, trace_id="t", session_id="s")])
    named = "SELECT n.text FROM generation g JOIN name n ON n.id = g.cost_status"
    assert value(ledger, named) == "simulated"
    for table in ("trace", "session", "rollup_day", "rollup_hour", "rollup_day_user"):
        assert value(ledger, f"SELECT unpriced FROM {table}") == 0
    assert verify(ledger).wrong == {}


def test_what_is_told_about_a_user_last_wins_key_by_key(ledger: Ledger) -> None:
    ledger.write([Identity("alice", {"plan": "pro", "team": "blue"}, 200)])
    ledger.write([Identity("alice", {"plan": "free", "age": 3}, 100), Identity("alice", {"team": "red"}, 300)])

    kept = ledger.dialect.from_json(value(ledger, "SELECT attributes FROM app_user"))
    assert kept == {"plan": "pro", "team": "red", "age": 3}


def test_the_latest_feedback_counts_and_can_be_taken_back(ledger: Ledger) -> None:
    ledger.write([Feedback("t", "alice", 1, "good", 100), Feedback("t", "bob", -1, None, 100)])
    ledger.write([Feedback("t", "alice", -1, "bad", 200), Feedback("t", "bob", 0, None, 300)])
    ledger.write([Feedback("t", "alice", 1, "too late", 150)])

    assert rows(ledger, "SELECT score, comment, at FROM feedback") == [(-1, "bad", 200)]


def test_a_background_response_is_one_row_with_its_final_usage(ledger: Ledger) -> None:
    begun = generation(NOON, status="pending", response_id="r", usage=Usage(), trace_id="t",
                       cost=Cost("unpriced", reason="pending"), response_model=None, input=said("why?"))  # fmt: skip
    ready = generation(NOON + 60_000_000, response_id="r", settles=True, user_id=None, output=said("because"))
    waiting = generation(NOON + 30_000_000, status="pending", response_id="r", settles=True, usage=Usage(), cost=None)
    ledger.write([begun])
    ledger.write([waiting])
    ledger.write([ready])
    ledger.write([ready, waiting, ready])

    columns = "user_id, trace_id, status, model, input_tokens, cost_nanodollars, duration_us"
    assert rows(ledger, f"SELECT {columns} FROM generations") == [
        ("alice", "t", "ok", "gpt-4o-2024-08-06", 100, 450_000, 62_000_000)
    ]
    assert rows(ledger, "SELECT generations, cost, input_unknown FROM rollup_user_day") == [(1, 450_000, 0)]
    assert rows(ledger, "SELECT generations, cost, unpriced FROM trace") == [(1, 450_000, 0)]
    text = rows(ledger, "SELECT input, output FROM generation_text")[0]
    assert "why?" in text[0]
    assert "because" in text[1]


def test_a_background_response_is_one_row_in_whatever_order_its_records_arrive(ledger: Ledger) -> None:
    begun = generation(NOON, status="pending", response_id="r", usage=Usage(), cost=None)
    ready = generation(NOON + 60_000_000, response_id="r", settles=True, user_id=None)
    ledger.write([ready])
    ledger.write([begun])

    assert rows(ledger, "SELECT user_id, status, input_tokens FROM generations") == [("alice", "ok", 100)]
    assert rows(ledger, "SELECT sum(generations), sum(cost) FROM rollup_hour") == [(1, 450_000)]
    assert value(ledger, "SELECT count(*) FROM rollup_hour") == 1


def test_an_answer_that_was_lost_is_completed_by_a_look_that_makes_no_row_of_its_own(ledger: Ledger) -> None:
    look = {"response_id": "r", "settles": True, "completes_only": True, "user_id": "bob", "output": said("because")}
    lost = generation(
        NOON, status="abandoned", response_id="r", open=True, usage=Usage(input_tokens=7), input=said("?")
    )
    ledger.write([generation(NOON - 1, **look)])
    ledger.write([lost])
    ledger.write([generation(NOON + 60_000_000, **look)])
    ledger.write([generation(NOON + 90_000_000, **look)])

    columns = "user_id, status, input_tokens, output_tokens, cost_nanodollars"
    assert rows(ledger, f"SELECT {columns} FROM generations") == [("alice", "ok", 100, 20, 450_000)]
    assert rows(ledger, "SELECT sum(generations), sum(cost), sum(input_tokens) FROM rollup_hour") == [(1, 450_000, 100)]


def test_a_request_that_is_queued_under_the_id_of_one_that_goes_on_is_a_row_of_its_own(ledger: Ledger) -> None:
    begun = {"status": "pending", "response_id": "r", "open": True, "usage": Usage(), "cost": None}
    ledger.write([generation(NOON, **begun), generation(NOON + 1, user_id="bob", **begun)])
    ledger.write([generation(NOON + 60_000_000, response_id="r", settles=True)])

    assert rows(ledger, "SELECT user_id, status FROM generations ORDER BY id") == [("alice", "ok"), ("bob", "pending")]


def test_a_look_that_reports_no_usage_leaves_what_was_seen_of_it(ledger: Ledger) -> None:
    ledger.write([generation(NOON, status="cancelled", response_id="r", open=True, usage_estimated=True)])
    seen = Cost("unpriced", reason="usage_missing")
    ledger.write([generation(NOON + 9, status="cancelled", response_id="r", settles=True, usage=Usage(), cost=seen)])

    columns = "input_tokens, output_tokens, usage_estimated, cost"
    assert rows(ledger, f"SELECT {columns} FROM generation") == [(100, 20, 1, 450_000)]


def test_the_totals_of_every_rollup_are_those_of_the_rows(ledger: Ledger) -> None:
    chance = random.Random(5)
    for _ in range(5):
        ledger.write([random_generation(chance) for _ in range(60)])

    expected = rows(ledger, "SELECT count(*), sum(coalesce(cost, 0)), sum(coalesce(input_tokens, 0)) FROM generation")
    tables = [f"rollup_{name}" for name in ("quarter", "hour", "day", "day_user")]
    tables += [f"rollup_{name}" for name in ("feature_hour", "feature_day", "group_day", "user_day")]
    for table in tables:
        assert rows(ledger, f"SELECT sum(generations), sum(cost), sum(input_tokens) FROM {table}") == expected


def test_a_hundred_texts_can_be_found_by_their_words_at_once_and_more_after_indexing(ledger: Ledger) -> None:
    def found(*phrases: str) -> int:
        from llmtrack.ledger.database.full_text import words_of

        terms = ledger.dialect.search_terms([words_of(phrase) for phrase in phrases])
        sql = f"SELECT count(*) FROM generation_text WHERE {ledger.dialect.search_sql('generation_search')}"
        with ledger.reading() as connection:
            return connection.exec_driver_sql(sql, (terms,)).scalar_one()

    ledger.write([generation(NOON, input=said("The Café's bill, please"), output=said("12,50 euros"))])
    assert found("cafe") == 1
    assert found("CAFÉ", "euros") == 1
    assert found("s bill please") == 1
    assert found("please bill") == 0

    ledger.write([generation(NOON + n, input=said(f"number {n} of many")) for n in range(300)])
    ledger.index_texts()
    assert found("number of") == 0
    assert found("many") == 300


def test_costs_are_summed_exactly_however_small(ledger: Ledger) -> None:
    ledger.write([generation(NOON + n, cost=Cost("exact", total=1, input=1)) for n in range(1000)])

    nano = Decimal(str(value(ledger, "SELECT sum(cost) FROM rollup_day")))
    assert nano / 10**9 == Decimal("0.000001")


def test_writing_nothing_succeeds_where_something_could_be_written(ledger: Ledger) -> None:
    ledger.write([], [])
    assert isinstance(generation(), Generation)


def test_what_has_no_column_is_kept_beside(ledger: Ledger) -> None:
    ledger.write([generation(usage=Usage(input_tokens=9, cache_read_image_tokens=4, tools={"code": 2}))])
    told = json.loads(str(value(ledger, "SELECT usage_details FROM generation")))
    assert told == {"cache_read_image_tokens": 4, "tools": {"code": 2}}


def test_a_transaction_inside_another_is_refused_rather_than_waited_for(tmp_path: Path) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    with pytest.raises(RuntimeError, match="inside another"):
        ledger.transact(lambda connection: ledger.write([generation()]))
    ledger.write([generation()])
    assert value(ledger, "SELECT count(*) FROM generation") == 1


def test_microseconds_that_are_full_are_passed_over_one_after_another() -> None:
    """A clock that stands still gives every call the same time; the writer must get on all the same."""
    full = {first_at(NOON + later) + low for later in range(3) for low in range(4096)}
    moved = [row[0] for row in _apart([(first_at(NOON) + 7, "a"), (first_at(NOON) + 7, "b")], full)]
    assert moved == [first_at(NOON + 3), first_at(NOON + 3) + 1]
