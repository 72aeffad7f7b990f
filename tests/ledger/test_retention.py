"""What is kept long enough goes, what it cost stays, and the file really shrinks."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from llmtrack import ids
from llmtrack.ledger import Ledger, LedgerError, open_ledger
from llmtrack.ledger.maintenance.erasure import erase
from llmtrack.ledger.maintenance.retention import Keep, Removed, expired, retain
from llmtrack.ledger.maintenance.verification import rebuild, verify
from llmtrack.ledger.records import Feedback, Identity, Span
from llmtrack.ledger.schema.rollups import CUBES
from llmtrack.ledger.write.batch import without_erased
from tests.ledger.making import HOUR, NOON, generation, random_generation, said

DAY = 24 * HOUR


def value(ledger: Ledger, sql: str) -> object:
    with ledger.reading() as connection:
        return connection.exec_driver_sql(sql).scalar_one()


def totals(ledger: Ledger) -> list[tuple]:
    """Everything the rollups say that they say of every day."""
    with ledger.reading() as connection:
        return [
            tuple(row)
            for table in [
                *(rollup.table for rollup in CUBES if not rollup.sealed_only),
                "rollup_day_user",
                "rollup_seen",
            ]
            for row in sorted(connection.exec_driver_sql(f"SELECT * FROM {table}"))
        ]


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    """Three hundred generations on forty days, every one with words, from noon on 9 October 2025."""
    chance = random.Random(1)
    batch = [random_generation(chance) for _ in range(300)]
    for g in batch:
        g.input, g.error_message = said(f"secret {g.id}"), "secret error"
    ledger.write([*batch, Span(7, "t1", "step", NOON, 5, error="secret"), Feedback("t1", "bob", 1, "secret", NOON)])
    ledger.index_texts()
    return ledger


def test_texts_go_after_their_time_and_everything_else_stays(filled: Ledger) -> None:
    before = totals(filled)
    keep, now = Keep(text_days=10), NOON + 30 * DAY
    would = expired(filled, keep, now)

    removed = retain(filled, keep, now)

    assert removed == would
    assert 0 < removed.texts < 300
    assert removed.rows == removed.properties == removed.days == 0
    assert value(filled, "SELECT count(*) FROM generation_text") == 300 - removed.texts
    assert value(filled, "SELECT count(*) FROM generation") == 300
    assert value(filled, "SELECT count(*) FROM feedback WHERE comment IS NOT NULL") == 0
    assert totals(filled) == before
    terms = filled.dialect.search_terms([["secret"]])
    with filled.reading() as connection:
        sql = f"SELECT count(*) FROM generation WHERE {filled.dialect.search_sql('generation_search')}"
        assert connection.exec_driver_sql(sql, (terms,)).scalar_one() == 300 - removed.texts
    assert retain(filled, keep, now) == Removed(0, 0, 0, 0, 0)


def test_properties_go_after_their_time_and_sets_nobody_has_go_too(filled: Ledger) -> None:
    removed = retain(filled, Keep(property_days=1), NOON + 100 * DAY)

    assert removed.properties > 100
    assert value(filled, "SELECT count(*) FROM generation WHERE property_set IS NOT NULL") == 0
    assert value(filled, "SELECT count(*) FROM property_set") == 0
    filled.write([generation(NOON + 100 * DAY, properties={"plan": "pro"})])
    assert value(filled, "SELECT count(*) FROM generations WHERE properties IS NOT NULL") == 1


@pytest.mark.slow
def test_rows_go_by_whole_days_that_keep_their_totals_under_a_seal(filled: Ledger) -> None:
    before = totals(filled)

    removed = retain(filled, Keep(row_days=20), NOON + 30 * DAY)

    assert removed.days == 10
    assert 0 < removed.rows < 300
    assert value(filled, "SELECT count(*) FROM generation") == 300 - removed.rows
    assert value(filled, "SELECT count(*) FROM generation_text") == 300 - removed.rows
    assert totals(filled) == before
    assert value(filled, "SELECT sum(generations) FROM sealed_day") == removed.rows
    verdict = verify(filled)
    assert verdict.right
    assert verdict.sealed == 10


@pytest.mark.slow
def test_the_hours_of_users_are_kept_when_the_rows_that_told_them_go(filled: Ledger) -> None:
    hour = f"(id - {ids.first_at(0)}) / {ids.first_at(HOUR) - ids.first_at(0)}"
    told = f"SELECT coalesce(app_user, 0), {hour}, count(*), sum(coalesce(cost, 0)) FROM generation GROUP BY 1, 2"
    kept = "SELECT app_user, slot, sum(generations), sum(cost) FROM rollup_user_hour GROUP BY 1, 2"
    edge = (NOON + 10 * DAY) // DAY

    def rows(sql: str) -> list[tuple]:
        with filled.reading() as connection:
            return sorted(tuple(map(int, row)) for row in connection.exec_driver_sql(sql))

    expected = [row for row in rows(told) if row[1] < edge * 24]
    assert rows(kept) == []

    retain(filled, Keep(row_days=20), NOON + 30 * DAY)
    assert rows(kept) == expected
    rebuild(filled)
    assert rows(kept) == expected

    filled.write([generation(NOON + DAY, user_id="late"), generation(NOON + 20 * DAY, user_id="late")])
    assert sum(row[2] for row in rows(kept)) == sum(row[2] for row in expected) + 1
    assert verify(filled).right


@pytest.mark.slow
def test_rebuild_leaves_sealed_days_alone_and_verify_sees_when_they_change(filled: Ledger) -> None:
    retain(filled, Keep(row_days=20), NOON + 30 * DAY)
    before = totals(filled)
    rebuild(filled)
    assert totals(filled) == before

    filled.transact(lambda c: c.exec_driver_sql("UPDATE rollup_user_day SET cost = cost + 1 WHERE slot = 20371"))
    assert verify(filled).wrong == {20371: ("its seal",)}


def test_a_day_whose_totals_are_wrong_is_mended_before_its_rows_go(filled: Ledger) -> None:
    before = totals(filled)
    filled.transact(lambda c: c.exec_driver_sql("UPDATE rollup_day SET cost = cost + 1 WHERE slot = 20371"))
    retain(filled, Keep(row_days=20), NOON + 30 * DAY)
    assert totals(filled) == before


@pytest.mark.slow
def test_a_journal_that_comes_in_after_its_day_was_sealed_counts_and_leaves_no_row(filled: Ledger) -> None:
    retain(filled, Keep(row_days=20), NOON + 30 * DAY)
    rows = value(filled, "SELECT count(*) FROM generation")
    cost = int(str(value(filled, "SELECT sum(cost) FROM rollup_day")))

    filled.write([generation(NOON + DAY, input=said("late"))])

    assert value(filled, "SELECT count(*) FROM generation") == rows
    assert value(filled, "SELECT sum(cost) FROM rollup_day") == cost + 450_000
    assert value(filled, "SELECT count(*) FROM generation_text") == rows
    assert verify(filled).right


@pytest.mark.slow
def test_the_file_really_shrinks(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger = open_ledger(f"sqlite:///{path}")
    words = " ".join(f"word{n}" for n in range(2000))
    ledger.write([generation(NOON + n, input=said(words)) for n in range(300)])
    ledger.index_texts()
    ledger.dialect.shrink(ledger.engine)
    large = path.stat().st_size

    retain(ledger, Keep(text_days=1), NOON + 30 * DAY)

    files = [path, Path(f"{path}-wal")]
    assert path.stat().st_size < large / 4
    assert not any(b"word1234" in file.read_bytes() for file in files if file.exists())


def test_backups_as_old_as_what_has_to_go_are_deleted(tmp_path: Path) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    old, new = tmp_path / "ledger.db.backup-0001-x", tmp_path / "ledger.db.backup-0002-x"
    for path, at in ((old, NOON), (new, NOON + 29 * DAY)):
        path.write_text("a copy")
        os.utime(path, (at / 1e6, at / 1e6))

    removed = retain(ledger, Keep(text_days=10), NOON + 30 * DAY)

    assert removed.backups == 1
    assert not old.exists()
    assert new.exists()


def test_less_than_a_day_is_refused() -> None:
    with pytest.raises(LedgerError, match="text_days is 0"):
        Keep(text_days=0)


def test_an_erased_user_is_gone_by_name_and_word_and_what_they_cost_stays(ledger: Ledger) -> None:
    ledger.write([
        generation(NOON, user_id="alice", session_id="alice-1", trace_id="alice-t", properties={"mail": "alice@x"},
                   input=said("I am alice"), response_id="r1", request_id="q1", error_message="alice!"),
        generation(NOON, user_id="bob", input=said("I am bob")),
        Identity("alice", {"mail": "alice@x"}, NOON),
        Feedback("alice-t", "alice", 1, "alice likes it", NOON),
        Span(3, "alice-t", "alice's step", NOON, 4, user_id="alice", error="alice failed"),
    ])  # fmt: skip
    before = totals(ledger)

    erased = erase(ledger, "alice", by="admin")

    assert erased.texts == 1
    assert totals(ledger) == before
    assert "alice" not in everything(ledger)
    assert "I am bob" in everything(ledger)
    assert value(ledger, f"SELECT count(*) FROM generations WHERE user_id = '{erased.name}'") == 1
    assert value(ledger, "SELECT action || ' by ' || actor FROM audit") == "erase user by admin"
    with pytest.raises(LedgerError, match="Nobody called 'alice'"):
        erase(ledger, "alice", by="admin")
    assert verify(ledger).right


def test_what_journals_still_hold_of_an_erased_user_comes_in_without_name_and_words(ledger: Ledger) -> None:
    ledger.write([generation(NOON, user_id="alice")])
    erased = erase(ledger, "alice", by="admin")

    ledger.write([
        generation(NOON + 1, user_id="alice", session_id="alice-1", properties={"a": "alice"}, input=said("alice")),
        Identity("alice", {"mail": "alice@x"}, NOON + 2),
        Span(3, "alice-t", "alice's step", NOON, 4, user_id="alice"),
    ])  # fmt: skip

    assert "alice" not in everything(ledger)
    assert value(ledger, f"SELECT count(*) FROM generations WHERE user_id = '{erased.name}'") == 2

    far = 4_000_000_000_000_000  # long after the erasure: somebody new, or back again
    ledger.write([generation(NOON, user_id="alice", started_at=far)])
    assert value(ledger, "SELECT count(*) FROM generations WHERE user_id = 'alice'") == 1


def test_erasing_deletes_backups_and_leaves_no_trace_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger = open_ledger(f"sqlite:///{path}")
    ledger.write([generation(NOON + n, user_id="zebulon", input=said(f"zebulon {n}")) for n in range(200)])
    ledger.index_texts()
    backup = tmp_path / "ledger.db.backup-0001-x"
    backup.write_text("zebulon")

    assert erase(ledger, "zebulon", by="admin").backups == 1

    assert not backup.exists()
    ledger.close()
    assert not any(b"zebulon" in file.read_bytes() for file in tmp_path.glob("ledger.db*"))


def test_nothing_is_changed_in_records_while_nobody_was_erased(ledger: Ledger) -> None:
    records = [generation(NOON, user_id="alice")]
    with ledger.reading() as connection:
        assert without_erased(connection, records) is records


def everything(ledger: Ledger) -> str:
    """All text in all tables."""
    from llmtrack.ledger.schema.rollups import TABLES

    with ledger.reading() as connection:
        return "\n".join(str(tuple(r)) for t in TABLES for r in connection.exec_driver_sql(f"SELECT * FROM {t}"))
