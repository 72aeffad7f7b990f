"""Rows are looked up by key, many at once, without reading the rest of their table."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.schema.rollups import SKETCHES, Rollup


@pytest.mark.parametrize("count", [1, 10, 11, 100, 101, 501])
def test_each_row_comes_once_however_many_are_asked_for_and_how_often(ledger: Ledger, count: int) -> None:
    names = [("model", f"m{number}") for number in range(600)]
    with ledger.engine.connect().execution_options(writes=True) as connection, connection.begin():
        sql = ledger.dialect.insert_sql("name", ("id", "kind", "text"))
        connection.exec_driver_sql(sql, [(number, *name) for number, name in enumerate(names, 1)])
        wanted = [*names[:count], names[0], ("model", "nobody's")]
        rows = list(ledger.dialect.select_by_key(connection, "name", ("kind", "text"), ("id",), wanted))
    assert sorted(rows, key=lambda row: row[2]) == [(*names[place], place + 1) for place in range(count)]


@pytest.mark.parametrize("rollup", SKETCHES, ids=lambda rollup: rollup.table)
def test_sqlite_reads_the_index_of_a_key_of_several_columns(tmp_path: Path, rollup: Rollup) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    one = ledger.dialect.placeholders(len(rollup.key))
    sql = ledger.dialect.select_by_key_sql(rollup.table, rollup.key, ("cost",), f"({one}), ({one})")
    with ledger.reading() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", (1,) * (2 * len(rollup.key))).all()
    steps = [step[3] for step in plan if rollup.table in step[3]]
    assert len(steps) == 1
    assert steps[0].startswith(f"SEARCH {rollup.table} USING PRIMARY KEY")
