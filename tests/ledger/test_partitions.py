"""On PostgreSQL a ledger is divided by month; an older one becomes so, whole or not at all."""

from __future__ import annotations

import random
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event

from llmtrack.ledger import Ledger, LedgerError, open_ledger
from llmtrack.ledger.database import partitions
from llmtrack.ledger.database.postgresql import PostgreSQL
from llmtrack.ledger.lists import generations
from llmtrack.ledger.maintenance.daily import retain_daily
from llmtrack.ledger.maintenance.retention import Keep, Removed, expired, retain
from llmtrack.ledger.maintenance.verification import verify
from llmtrack.ledger.migrations import bring_up, upgrade
from llmtrack.ledger.open import _opened, parse
from tests.ledger.making import generation, random_generation, said

pytestmark = pytest.mark.makes_tables

DAY = 86_400_000_000
BEFORE = "0023"
LATER = datetime.now(UTC).replace(day=1, hour=12) + timedelta(days=70)
"""A time that has not come yet, as a wrong clock tells it."""
LATER_PART, NEXT_PART = f"generation_{LATER:%Y_%m}", f"generation_{LATER + timedelta(days=31):%Y_%m}"


def micros(when: datetime) -> int:
    return int(when.timestamp()) * 1_000_000


def at(year: int, month: int, day: int) -> int:
    return micros(datetime(year, month, day, 12, tzinfo=UTC))


@pytest.fixture
def divided(postgres_url: str) -> Ledger:
    return open_ledger(postgres_url)


def parts_of(ledger: Ledger, table: str = "generation") -> dict[str, int]:
    """The partitions of a table with how many rows each holds, in the order of their names."""
    with ledger.reading() as connection:
        there = partitions.partitions(connection)[table]
        counts = {p.name: connection.exec_driver_sql(f"SELECT count(*) FROM {p.name}").scalar_one() for p in there}
    return dict(sorted(counts.items()))


@pytest.mark.slow
def test_each_month_has_a_partition_of_its_own_from_its_first_call_on(divided: Ledger) -> None:
    assert parts_of(divided) == {}
    divided.write([generation(at(2025, 12, 31), input=said("december")), generation(at(2026, 1, 1))])
    divided.write([generation(at(2026, 1, 31)), generation(at(2026, 3, 1), input=said("march"))])
    assert parts_of(divided) == {"generation_2025_12": 1, "generation_2026_01": 2, "generation_2026_03": 1}
    assert parts_of(divided, "generation_text") == {
        "generation_text_2025_12": 1, "generation_text_2026_01": 0, "generation_text_2026_03": 1,
    }  # fmt: skip
    divided.index_texts()
    assert [row.at.month for row in generations(divided, search="march").rows] == [3]
    with divided.reading() as connection:
        low, high = partitions.first_id(2026 * 12), partitions.first_id(2026 * 12 + 1)
        plan = connection.exec_driver_sql(
            f"EXPLAIN SELECT * FROM generation WHERE id >= {low} AND id < {high}"
        ).scalars().all()  # fmt: skip
    assert "generation_2026_01" in "\n".join(plan)
    assert "2025_12" not in "\n".join(plan)
    assert verify(divided).right


@pytest.mark.slow
def test_two_that_write_the_first_calls_of_a_month_at_once_both_do(postgres_url: str) -> None:
    ledgers = [open_ledger(postgres_url), *(open_ledger(f"{postgres_url}?application_name=n{n}") for n in range(3))]
    begin = threading.Barrier(len(ledgers))
    failures: list[BaseException] = []

    def write(ledger: Ledger) -> None:
        begin.wait()
        try:
            ledger.write([generation(at(2026, month, 3)) for month in range(1, 7)])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(ledger,)) for ledger in ledgers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert parts_of(ledgers[0]) == {f"generation_2026_{month:02d}": 4 for month in range(1, 7)}


# -- ledgers that were made before -------------------------------------------------------------------------------------


def rows_of(connection: Connection) -> dict[str, list[Any]]:
    tables = ("generation", "generation_text", "generation_search", "generations", "rollup_day", "unindexed")
    return {
        table: sorted(map(repr, connection.exec_driver_sql(f"SELECT * FROM {table}").all())) for table in tables
    }  # fmt: skip


@pytest.fixture
def older(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """What a ledger holds that an earlier version made at `postgres_url`."""
    dialect = PostgreSQL()
    engine = dialect.engine(parse(postgres_url))
    with engine.connect() as connection, connection.begin():
        upgrade(connection, BEFORE)
    monkeypatch.setattr("llmtrack.ledger.migrations.ScriptDirectory.get_current_head", lambda self: BEFORE)
    ledger = open_ledger(postgres_url)
    chance = random.Random(7)
    ledger.write([random_generation(chance, at(2025, 10, 1), at(2025, 11, 20)) for _ in range(300)])
    ledger.write([generation(at(2025, 11, 2), input=said("the fox")), generation(micros(LATER), input=said("a clock"))])
    ledger.index_texts()
    with engine.connect() as connection, connection.begin():
        for sql in (
            "CREATE VIEW dashboard AS SELECT model, count(*) AS calls FROM generation GROUP BY model",
            "GRANT SELECT ON generation, generations TO pg_monitor",
        ):
            connection.exec_driver_sql(sql)
        held = rows_of(connection)
    ledger.engine.dispose()
    monkeypatch.undo()
    for name in [name for name, opened in _opened.items() if opened is ledger]:
        del _opened[name]
    engine.dispose()
    return held


@pytest.mark.slow
def test_an_older_ledger_keeps_its_rows_in_one_part_and_gets_months_from_now_on(
    older: dict[str, list[Any]], postgres_url: str
) -> None:
    ledger = open_ledger(postgres_url)
    with ledger.reading() as connection:
        assert rows_of(connection) == older
    assert parts_of(ledger) == {LATER_PART: 1, "generation_before": 301}
    assert verify(ledger).right
    assert len(generations(ledger, search="fox").rows) == 1
    ledger.write([generation(micros(LATER + timedelta(days=31))), generation(at(2025, 10, 30))])
    assert parts_of(ledger) == {LATER_PART: 1, NEXT_PART: 1, "generation_before": 302}
    with ledger.reading() as connection:
        assert connection.exec_driver_sql("SELECT sum(calls) FROM dashboard").scalar_one() == 304
        assert connection.exec_driver_sql("SELECT count(*) FROM generations").scalar_one() == 304
        for name in ("generation", "generations"):
            sql = f"SELECT has_table_privilege('pg_monitor', '{name}', 'SELECT')"
            assert connection.exec_driver_sql(sql).scalar_one()
    assert verify(ledger).right


class Interrupted(Exception):
    pass


@pytest.mark.slow
def test_a_division_that_is_interrupted_anywhere_has_not_happened(
    older: dict[str, list[Any]], postgres_url: str
) -> None:
    dialect = PostgreSQL()
    engine = dialect.engine(parse(postgres_url))
    steps = 0
    limit = 0

    @event.listens_for(engine, "after_cursor_execute")
    def interrupt(connection: Connection, cursor: Any, statement: str, *_: Any) -> None:
        nonlocal steps
        if statement.startswith(("ALTER", "CREATE", "DROP", "WITH later", "GRANT", "UPDATE llmtrack_version")):
            steps += 1
            if steps > limit:
                raise Interrupted

    with closing(engine.connect()) as watching:
        while True:
            steps = 0
            try:
                bring_up(engine, dialect, "it")
                break
            except Interrupted:
                with watching.begin():
                    assert rows_of(watching) == older, f"after {limit} steps"
            limit += 1
    assert limit > 30
    engine.dispose()
    ledger = open_ledger(postgres_url)
    with ledger.reading() as connection:
        assert rows_of(connection) == older
    assert verify(ledger).right


@pytest.mark.slow
def test_the_last_rows_of_the_first_part_go_with_it(older: dict[str, list[Any]], postgres_url: str) -> None:
    ledger = open_ledger(postgres_url)
    removed = retain(ledger, Keep(text_days=10, row_days=10), micros(LATER + timedelta(days=5)))
    assert (removed.texts, removed.rows) == (1, 301)
    assert parts_of(ledger) == {LATER_PART: 1}
    assert list(parts_of(ledger, "generation_text").values()) == [1]
    assert verify(ledger).right


# -- what is no longer kept --------------------------------------------------------------------------------------------


@pytest.fixture
def three_months(divided: Ledger) -> Ledger:
    days = [(month, day) for month in (1, 2, 3) for day in range(1, 29, 3)]
    divided.write([generation(at(2026, month, day), input=said(f"day {day}")) for month, day in days])
    return divided


@pytest.mark.slow
def test_texts_of_whole_months_go_at_once_and_of_part_of_one_singly(three_months: Ledger) -> None:
    now, keep = at(2026, 3, 14), Keep(text_days=4)
    assert expired(three_months, keep, now).texts == 20 + 3

    assert retain(three_months, keep, now) == Removed(texts=23, properties=0, rows=0, days=0, backups=0)

    assert parts_of(three_months, "generation_text") == {"generation_text_2026_03": 7}
    assert parts_of(three_months, "generation_search") == {"generation_search_2026_03": 7}
    assert sum(parts_of(three_months).values()) == 30
    three_months.index_texts()
    assert [row.at.day for row in generations(three_months, search="day").rows] == [28, 25, 22, 19, 16, 13, 10]
    # One that was late, from a journal that lay about: it is kept until the next time.
    three_months.write([generation(at(2026, 1, 5), input=said("late"))])
    assert parts_of(three_months, "generation_text") == {"generation_text_2026_01": 1, "generation_text_2026_03": 7}
    assert retain(three_months, keep, now).texts == 1


@pytest.mark.slow
def test_a_month_whose_rows_have_gone_leaves_no_table_and_all_of_its_totals(three_months: Ledger) -> None:
    now = at(2026, 3, 14)
    keep = Keep(row_days=20)
    size = three_months.size()

    assert retain(three_months, keep, now) == Removed(texts=17, properties=0, rows=17, days=17, backups=0)

    assert parts_of(three_months) == {"generation_2026_02": 3, "generation_2026_03": 10}
    assert three_months.size() < size
    with three_months.reading() as connection:
        assert connection.exec_driver_sql("SELECT sum(generations) FROM rollup_day").scalar_one() == 30
        assert connection.exec_driver_sql("SELECT to_regclass('generation_2026_01')").scalar_one() is None
    assert verify(three_months).right
    # A journal that comes in late counts, and its row is as gone as the others of its day.
    three_months.write([generation(at(2026, 1, 4))])
    assert sum(parts_of(three_months).values()) == 13
    with three_months.reading() as connection:
        assert connection.exec_driver_sql("SELECT sum(generations) FROM rollup_day").scalar_one() == 31
    assert verify(three_months).right


@pytest.mark.slow
def test_upkeep_makes_the_partition_of_the_next_month_before_it_begins(divided: Ledger) -> None:
    retain_daily(divided, Keep(row_days=100), at(2026, 12, 30))
    assert parts_of(divided) == {"generation_2026_12": 0, "generation_2027_01": 0}
    retain_daily(divided, Keep(row_days=100), at(2026, 12, 31) + DAY)
    assert list(parts_of(divided)) == ["generation_2026_12", "generation_2027_01", "generation_2027_02"]


@pytest.mark.slow
def test_a_reader_who_stays_keeps_nothing_from_being_written(three_months: Ledger) -> None:
    """What a long reading is in the way of is left for the next day."""
    with three_months.reading() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM generation_text").scalar_one()
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("llmtrack.ledger.ledger._RETRY_SECONDS", 0.0)
            removed = retain(three_months, Keep(text_days=4), at(2026, 3, 14), gently=True)
    assert removed.texts == 23
    assert list(parts_of(three_months, "generation_text")) == [
        "generation_text_2026_01", "generation_text_2026_02", "generation_text_2026_03",
    ]  # fmt: skip
    retain(three_months, Keep(text_days=4), at(2026, 3, 14))
    assert list(parts_of(three_months, "generation_text")) == ["generation_text_2026_03"]


@pytest.mark.slow
def test_a_ledger_that_is_divided_opens_again_as_it_is(divided: Ledger, postgres_url: str) -> None:
    divided.write([generation(at(2026, 1, 1))])
    assert open_ledger(f"{postgres_url}?application_name=again").owner.id == divided.owner.id
    with divided.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("UPDATE llmtrack_version SET version_num = 'tomorrow'")
    with pytest.raises(LedgerError, match="newer llmtrack"):
        open_ledger(f"{postgres_url}?application_name=older")
