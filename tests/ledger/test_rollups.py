"""The totals kept beside the rows are what the rows add up to, whatever is written and in whatever order."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmtrack.ids import started_at
from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.maintenance.verification import rebuild, verify
from llmtrack.ledger.records import Generation
from llmtrack.ledger.schema import sketch as histogram
from llmtrack.ledger.schema.rollups import CUBES, MEASURES
from llmtrack.ledger.write.generation_row import COLUMNS
from llmtrack.pricing.usage import Cost, Usage
from tests.ledger.making import HOUR, NOON, generation, random_generation

Row = dict[str, Any]
BILLED = ("ok", "cancelled", "abandoned", "incomplete")
"""Written out here, not taken from what is tested."""


def rows_of(ledger: Ledger) -> list[Row]:
    """The rows, with the words that matter in words."""
    with ledger.reading() as connection:
        names: dict[int, str] = dict(connection.exec_driver_sql("SELECT id, text FROM name").fetchall())
        found = connection.exec_driver_sql(f"SELECT {', '.join(COLUMNS)} FROM generation").fetchall()
    rows = []
    for each in found:
        row = dict(zip(COLUMNS, each, strict=True))
        row["said"] = {name: names.get(row[name]) for name in ("status", "operation", "cost_status", "cost_reason")}
        rows.append(row)
    return rows


MEASURE: dict[str, Callable[[Row], int]] = {
    "generations": lambda r: 1,
    "input_unknown": lambda r: r["input_tokens"] is None,
    "output_unknown": lambda r: r["output_tokens"] is None,
    "unpriced": lambda r: unpriced(r) and r["said"]["cost_reason"] not in ("no_usage", "pending"),
    "usage_missing": lambda r: unpriced(r) and r["said"]["cost_reason"] == "usage_missing",
    "timed": lambda r: r["duration"] is not None,
    "first_tokens": lambda r: r["time_to_first_token"] is not None,
    "speed_tokens": lambda r: (r["output_tokens"] or 0) * (writing(r) > 0),
    "speed_time": lambda r: max(0, writing(r)),
}


def unpriced(r: Row) -> bool:
    return r["cost"] is None and r["said"]["cost_status"] != "simulated"


def writing(r: Row) -> int:
    if r["said"]["status"] not in ("ok", "incomplete") or r["duration"] is None or r["output_tokens"] is None:
        return 0
    return r["duration"] - (r["time_to_first_token"] or 0)


def brute_force(rows: list[Row], key: tuple[str, ...], length: int) -> dict[tuple[int, ...], list[int]]:
    """The totals of a rollup, added up the plainest way."""
    totals: dict[tuple[int, ...], list[int]] = {}
    for row in rows:
        at = tuple(started_at(row["id"]) // length if name == "slot" else row[name] or 0 for name in key)
        sums = totals.setdefault(at, [0] * len(MEASURES))
        for place, measure in enumerate(MEASURES):
            sums[place] += MEASURE[measure](row) if measure in MEASURE else row[measure] or 0
    return totals


def check_all(ledger: Ledger) -> None:
    """Of a ledger without sealed days."""
    rows = rows_of(ledger)
    with ledger.reading() as connection:
        for rollup in CUBES:
            found = connection.exec_driver_sql(f"SELECT {', '.join((*rollup.key, *MEASURES))} FROM {rollup.table}")
            stored = {tuple(row[: len(rollup.key)]): list(row[len(rollup.key) :]) for row in found}
            expected = {} if rollup.sealed_only else brute_force(rows, rollup.key, rollup.length)
            assert stored == expected, rollup.table
        check_day_users(rows, connection.exec_driver_sql("SELECT * FROM rollup_day_user").mappings().all())
        check_seen(rows, connection.exec_driver_sql("SELECT * FROM rollup_seen").mappings().all())
        sketches = connection.exec_driver_sql("SELECT * FROM sketch_hour").mappings().all()
    for column in ("duration", "time_to_first_token", "cost"):
        kept = histogram.counted(row[column] for row in rows if row[column] is not None)
        merged: dict[int, int] = {}
        for sketch in sketches:
            histogram.add(merged, None if sketch[column] is None else bytes(sketch[column]))
        assert merged == kept
    assert verify(ledger).right


def check_day_users(rows: list[Row], stored: Any) -> None:
    expected: dict[tuple[int, int, int], list[int]] = {}
    for row in rows:
        at = started_at(row["id"])
        simulated = row["said"]["cost_status"] == "simulated"
        sums = expected.setdefault((at // (24 * HOUR), row["app_user"] or 0, int(simulated)), [0] * 5)
        sums[0] += 1
        sums[1] += row["said"]["operation"] == "chat" and row["said"]["status"] in BILLED
        sums[2] += row["said"]["status"] == "error"
        sums[3] += row["cost"] or 0
        sums[4] |= 1 << at // (HOUR // 4) % 96
    assert expected == {
        (r["slot"], r["app_user"], r["simulated"]): [
            r["generations"], r["messages"], r["errors"], r["cost"], r["quarters_am"] | r["quarters_pm"] << 48
        ]
        for r in stored
    }  # fmt: skip


def check_seen(rows: list[Row], stored: Any) -> None:
    from datetime import UTC, datetime

    expected: dict[tuple[int, ...], int] = {}
    for row in rows:
        if row["said"]["status"] == "pending":
            continue
        when = datetime.fromtimestamp(started_at(row["id"]) // 1_000_000, UTC)
        key = tuple(row[name] or 0 for name in ("provider", "model", "feature", "group_name", "app_user"))
        at = (when.year * 12 + when.month - 1, *key)
        expected[at] = expected.get(at, 0) | 1 << when.day - 1
    names = ("slot", "provider", "model", "feature", "group_name", "app_user")
    assert expected == {tuple(r[name] for name in names): r["days"] for r in stored}


@pytest.mark.slow
def test_every_rollup_is_what_the_rows_add_up_to(ledger: Ledger) -> None:
    chance = random.Random(1)
    for size in (1, 7, 200, 1, 30):
        ledger.write([random_generation(chance) for _ in range(size)])
    check_all(ledger)


@pytest.mark.slow
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32), st.lists(st.integers(1, 12), min_size=1, max_size=4), st.booleans())
def test_no_history_of_batches_and_background_responses_makes_the_totals_wrong(
    seed: int, sizes: list[int], background: bool
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        ledger = open_ledger(f"sqlite:///{Path(directory) / 'ledger.db'}")
        chance = random.Random(seed)
        for size in sizes:
            ledger.write([maybe_background(random_generation(chance), chance, background) for _ in range(size)])
        check_all(ledger)
        ledger.close()


def maybe_background(g: Generation, chance: random.Random, background: bool) -> Generation:
    """Sometimes a background response, or a look at one, with one of few ids, so that they meet in every order."""
    if background and chance.random() < 0.7:
        g.provider, g.response_id = "openai", chance.choice("abc")
        g.settles = chance.random() < 0.6
        g.status = chance.choice(["pending", "ok", "error"])
    return g


def test_a_background_response_that_arrives_in_any_order_leaves_right_totals(ledger: Ledger) -> None:
    begun = generation(NOON, status="pending", response_id="r", usage=Usage(), cost=None, user_id="bob")
    late = Cost("simulated", total=5)
    ready = generation(NOON + 25 * HOUR, response_id="r", settles=True, user_id=None, feature="x", cost=late)
    ledger.write([ready])
    check_all(ledger)
    ledger.write([begun])
    check_all(ledger)


@pytest.mark.slow
def test_verify_names_the_day_and_the_table_that_are_wrong_and_rebuild_makes_them_right(ledger: Ledger) -> None:
    chance = random.Random(2)
    ledger.write([random_generation(chance) for _ in range(200)])
    ledger.write([generation(NOON, trace_id="t", session_id="s")])
    ledger.transact(lambda c: c.exec_driver_sql("UPDATE rollup_day SET cost = cost + 1 WHERE slot = 20371"))
    ledger.transact(lambda c: c.exec_driver_sql("DELETE FROM rollup_group_day WHERE slot = 20372"))
    ledger.transact(lambda c: c.exec_driver_sql("UPDATE trace SET cost = cost + 1 WHERE trace_id = 't'"))

    verdict = verify(ledger)

    assert not verdict.right
    assert verdict.wrong[20371] == ("rollup_day",)
    assert set(verdict.wrong) <= {20371, 20372}
    assert verdict.interactions == {"trace": 1}
    assert "2025-10-10: rollup_day" in verdict.in_words()

    done: list[tuple[int, int]] = []
    assert rebuild(ledger, progress=lambda at, of: done.append((at, of))) > 30
    assert done[-1][0] == done[-1][1]
    check_all(ledger)


@pytest.mark.slow
def test_rebuild_makes_all_totals_from_the_rows_alone(ledger: Ledger) -> None:
    chance = random.Random(3)
    ledger.write([random_generation(chance) for _ in range(300)])
    tables = [rollup.table for rollup in CUBES] + ["rollup_day_user", "rollup_seen", "sketch_hour", "sketch_day"]
    for table in tables:
        ledger.transact(lambda c, table=table: c.exec_driver_sql(f"DELETE FROM {table}"))
    rebuild(ledger)
    check_all(ledger)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9, 0.95, 0.99, 1.0])
def test_a_percentile_is_within_one_percent_of_the_exact_one(share: float) -> None:
    chance = random.Random(4)
    for size in (1, 2, 10, 1000):
        values = sorted(int(chance.lognormvariate(10, 3)) for _ in range(size))
        exact = values[max(1, -(-int(share * size * 1000) // 1000)) - 1]
        found = histogram.percentile(histogram.counted(values), share)
        assert found is not None
        assert abs(found - exact) <= 0.01 * exact


@given(st.integers(0, 2**63 - 1))
def test_every_value_is_within_one_percent_of_its_bucket(value: int) -> None:
    middle = histogram.middle_of(histogram.bucket_of(value))
    assert abs(middle - value) <= 0.01 * value


@given(st.dictionaries(st.integers(0, 2300), st.integers(0, 300_000)))
def test_a_packed_sketch_unpacks_to_itself(counts: dict[int, int]) -> None:
    assert histogram.unpack(histogram.pack(counts)) == {bucket: n for bucket, n in counts.items() if n}


def test_a_sketch_that_would_hold_less_than_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="bucket 3 would hold -1 values"):
        histogram.pack({3: -1})
