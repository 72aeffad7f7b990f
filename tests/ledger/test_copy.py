"""A copy of a ledger is the same to the last number, on the same kind of database or the other."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from llmtrack.cli import main
from llmtrack.ledger import Ledger, LedgerError, open_ledger
from llmtrack.ledger.maintenance import copy
from llmtrack.ledger.maintenance.copy import copy_ledger
from llmtrack.ledger.maintenance.retention import Keep, retain
from llmtrack.ledger.maintenance.verification import verify
from llmtrack.ledger.records import Feedback, Identity
from tests.ledger.making import HOUR, NOON, generation, random_generation, said


@pytest.fixture
def source(tmp_path: Path) -> Ledger:
    """A ledger with something in nearly every table."""
    ledger = open_ledger(f"sqlite:///{tmp_path / 'source.db'}")
    chance = random.Random(1)
    batch = [random_generation(chance) for _ in range(200)]
    for g in batch:
        g.input = said(f"text of {g.id}")
    told = {"plan": "pro", "n": 1e5, "x": 1.5, "deep": {"list": [1, None, True]}}
    ledger.write([*batch, Identity("alice", told, NOON), Feedback("t1", "bob", 1, "fine", NOON)], [("segment", 9)])
    retain(ledger, Keep(row_days=35), NOON + 40 * 24 * HOUR)
    return ledger


@pytest.mark.slow
def test_everything_is_the_same_and_the_copy_can_be_used(source: Ledger, ledger: Ledger) -> None:
    done: list[tuple[str, int, int]] = []
    copied = copy_ledger(source, ledger, progress=lambda *step: done.append(step))

    assert copied.rows == copied.new + 4  # the four numbers in `state` and the segment are always copied, less "copy"
    assert tables(ledger) == tables(source)
    assert verify(ledger).right
    assert done[-1] == ("Indexing texts", *[texts(source)] * 2)
    terms = ledger.dialect.search_terms([["text", "of"]])
    with ledger.reading() as connection:
        sql = f"SELECT count(*) FROM generation_text WHERE {ledger.dialect.search_sql('generation_search')}"
        assert connection.exec_driver_sql(sql, (terms,)).scalar_one() == texts(source)

    ledger.write([generation(user_id="new", feature="new", session_id="new", trace_id="new", properties={"new": 1})])
    assert verify(ledger).right


@pytest.mark.slow
def test_an_interrupted_copy_goes_on_where_it_stopped(
    source: Ledger, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copy, "_PIECE", 10)
    steps = 0

    def interrupt(what: str, done: int, of: int) -> None:
        nonlocal steps
        steps += 1
        if what == "Copying generation" and done >= 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_ledger(source, ledger, progress=interrupt)
    with ledger.reading() as connection:
        there = connection.exec_driver_sql("SELECT count(*) FROM generation").scalar_one()
    assert 100 <= there < 180

    again: list[int] = []
    copy_ledger(source, ledger, progress=lambda what, done, of: again.append(done) if "Copying gen" in what else None)

    assert tables(ledger) == tables(source)
    with source.reading() as connection:
        rows = connection.exec_driver_sql("SELECT count(*) FROM generation").scalar_one()
    assert max(again[: -(-(rows - there) // 10)]) == rows - there


@pytest.mark.slow
def test_what_changed_since_is_copied_again(source: Ledger, ledger: Ledger) -> None:
    copy_ledger(source, ledger)
    source.write([generation(NOON + HOUR), generation(NOON + 39 * 24 * HOUR, user_id="new", input=said("new"))])
    ledger.transact(lambda c: c.exec_driver_sql("DELETE FROM rollup_user_hour WHERE slot > 489000"))

    with pytest.raises(LedgerError, match="finished copy already"):
        copy_ledger(source, ledger)
    copy_ledger(source, ledger, again=True)

    assert tables(ledger) == tables(source)
    assert verify(ledger).right


@pytest.mark.slow
def test_a_ledger_of_its_own_is_not_written_over(source: Ledger, ledger: Ledger) -> None:
    ledger.write([generation()])
    with pytest.raises(LedgerError, match="already holds a ledger of its own"):
        copy_ledger(source, ledger)
    with pytest.raises(LedgerError, match="cannot be copied to itself"):
        copy_ledger(source, source)


@pytest.mark.slow
def test_a_copy_back_into_sqlite_is_the_same_too(source: Ledger, ledger: Ledger, tmp_path: Path) -> None:
    copy_ledger(source, ledger)
    back = open_ledger(f"sqlite:///{tmp_path / 'back.db'}")
    copy_ledger(ledger, back)
    assert tables(back) == tables(source)


@pytest.mark.slow
def test_the_command_copies_and_says_how_much(source: Ledger, ledger_url: str) -> None:
    result = CliRunner().invoke(main, ["copy", f"sqlite:///{source.name}", ledger_url])
    assert result.exit_code == 0, result.output
    assert "rows are the same in both" in result.output
    assert tables(open_ledger(ledger_url)) == tables(source)


def texts(ledger: Ledger) -> int:
    with ledger.reading() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM generation_text").scalar_one())


def tables(ledger: Ledger) -> dict[str, list[tuple]]:
    """All rows of all tables, JSON as objects."""
    from sqlalchemy import select
    from sqlmodel import SQLModel

    from llmtrack.ledger.schema.rollups import TABLES

    with ledger.reading() as connection:
        found = {}
        for name in TABLES:
            rows = [tuple(row) for row in connection.execute(select(SQLModel.metadata.tables[name]))]
            kept = [row for row in rows if name != "state" or row[0] != "copy"]
            found[name] = sorted(kept, key=repr)
    del found["unindexed"], found["ledger_id"]  # a copy is another ledger
    return found
