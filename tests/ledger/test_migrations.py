"""A ledger made by any earlier version is brought up to date, with everything in it and a backup beside it."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, make_url
from sqlmodel import SQLModel

from llmtrack.ledger import Ledger, LedgerError, migrations, open_ledger
from llmtrack.ledger.colours import slots
from llmtrack.ledger.database import dialect_of
from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.maintenance.verification import verify
from llmtrack.ledger.migrations import VERSION_TABLE, bring_up, scripts, upgrade
from llmtrack.ledger.open import parse
from tests.ledger.making import generation, random_generation, said
from tests.ledger.soundness import assert_sound

pytestmark = pytest.mark.makes_tables

NEXT = '''
"""A change of tomorrow's."""
from alembic import op

revision, down_revision, branch_labels, depends_on = "tomorrow", "{head}", None, None


def upgrade() -> None:
    op.execute("ALTER TABLE generation ADD COLUMN mood VARCHAR")
    {then}
'''


@pytest.fixture
def tomorrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The revisions of a version that has one more than this one."""
    here = tmp_path / "revisions"
    shutil.copytree(migrations._HERE, here, ignore=shutil.ignore_patterns("__pycache__"))
    head = scripts().get_current_head()
    (here / "versions" / "tomorrow.py").write_text(NEXT.format(head=head, then=""))
    monkeypatch.setattr(migrations, "_HERE", here)
    return here


@contextmanager
def at_revision(ledger_url: str, revision: str) -> Iterator[tuple[Connection, Dialect]]:
    """A new ledger as an earlier version made it, to be filled."""
    url = parse(ledger_url)
    dialect = dialect_of(url)
    assert dialect is not None
    engine = dialect.engine(url)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        upgrade(connection, revision)
        yield connection, dialect
    engine.dispose()


def test_the_revisions_make_the_tables_that_the_models_describe(ledger: Ledger) -> None:
    def ours(item: Any, name: str | None, kind: str, reflected: bool, compared: Any) -> bool:
        of = name if kind == "table" else getattr(getattr(item, "table", None), "name", "")
        meant_for = getattr(getattr(item, "_ddl_if", None), "dialect", None)
        here = meant_for in (None, ledger.dialect.name)
        return here and "_search" not in str(of) and name != VERSION_TABLE

    with ledger.engine.connect() as connection:
        options = {"include_object": ours, "version_table": VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, SQLModel.metadata) == []


def test_a_ledger_of_the_first_version_keeps_everything_it_holds(ledger_url: str) -> None:
    with at_revision(ledger_url, "0001") as (connection, dialect):
        fill_as_first_version(connection, dialect)

    ledger = open_ledger(ledger_url)

    with ledger.reading() as connection:
        sql = "SELECT user_id, provider, model, status, input_tokens, cost_nanodollars FROM generations ORDER BY id"
        assert [tuple(row) for row in connection.exec_driver_sql(sql)] == [
            ("alice", "openai", "gpt-4o", "ok", 100, 450_000),
            ("alice", "openai", "gpt-4o", "ok", None, None),
        ]
        assert connection.exec_driver_sql("SELECT input FROM generation_text").scalar_one() == "[]"
        assert connection.exec_driver_sql("SELECT generations, cost FROM rollup_day").one() == (2, 450_000)
    ledger.write([generation(), generation(user_id="bob")])
    with ledger.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM generations").scalar_one() == 4
        assert connection.exec_driver_sql("SELECT count(*) FROM name WHERE text = 'openai'").scalar_one() == 1


def test_models_of_an_earlier_version_get_their_colours_in_the_order_they_were_recorded(ledger_url: str) -> None:
    with at_revision(ledger_url, "0010") as (connection, dialect):
        for text in ("gpt-z", "gpt-never-counted", "gpt-a"):
            (id,) = dialect.reserve(connection, "name", 1)
            connection.exec_driver_sql(f"INSERT INTO name (id, kind, text) VALUES ({id}, 'model', '{text}')")
            if text != "gpt-never-counted":
                connection.exec_driver_sql(
                    "INSERT INTO rollup_feature_day (slot, feature, provider, model, operation, status, cost_status, "
                    f"error_type) VALUES (20370, 0, 1, {id}, 1, 1, 1, 0)"
                )

    ledger = open_ledger(ledger_url)

    assert slots(ledger, "model") == {"gpt-z": 1, "gpt-a": 2}
    ledger.write([generation(response_model="gpt-b")])
    assert slots(ledger, "model") == {"gpt-z": 1, "gpt-a": 2, "gpt-b": 3}


def test_the_hours_of_users_and_groups_stay_where_rows_are_gone_and_go_where_they_tell_the_same(
    ledger_url: str,
) -> None:
    with at_revision(ledger_url, "0003") as (connection, _):
        seal = "INSERT INTO sealed_day (day, sealed_at, generations, cost, digest) VALUES (20370, 1, 1, 5, 'x')"
        connection.exec_driver_sql(seal)
        key = "app_user, slot, group_name, feature, provider, model, operation, status, cost_status, error_type"
        for slot in (20370 * 24 + 23, 20371 * 24):
            for table in ("rollup_user_hour", "rollup_group_hour"):
                of = key if table == "rollup_user_hour" else key.replace("app_user, ", "")
                values = f"{slot}, 0, 0, 1, 1, 1, 1, 1, 0, 1"
                values = f"1, {values}" if table == "rollup_user_hour" else values
                connection.exec_driver_sql(f"INSERT INTO {table} ({of}, generations) VALUES ({values})")

    with open_ledger(ledger_url).reading() as connection:
        for table in ("rollup_user_hour", "rollup_group_hour"):
            assert connection.exec_driver_sql(f"SELECT slot FROM {table}").scalars().all() == [20370 * 24 + 23]


def test_the_region_that_an_earlier_version_put_into_the_tier_is_taken_out_of_it(ledger_url: str) -> None:
    with at_revision(ledger_url, "0005") as (connection, dialect):
        fill_as_first_version(connection, dialect)
        (tier,) = dialect.reserve(connection, "name", 1)
        connection.exec_driver_sql(f"INSERT INTO name (id, kind, text) VALUES ({tier}, 'service_tier', 'standard@us')")
        connection.exec_driver_sql(f"UPDATE generation SET service_tier = {tier} WHERE cost IS NOT NULL")

    with open_ledger(ledger_url).reading() as connection:
        sql = (
            "SELECT t.text, r.text FROM generation g LEFT JOIN name t ON t.id = g.service_tier "
            "LEFT JOIN name r ON r.id = g.region ORDER BY g.id"
        )
        assert [tuple(row) for row in connection.exec_driver_sql(sql)] == [("standard", "us"), (None, None)]
        tiers = connection.exec_driver_sql("SELECT text FROM name WHERE kind = 'service_tier'").scalars().all()
        assert tiers == ["standard"]


@pytest.mark.parametrize("made_by", ["this version", "the first version"])
def test_a_quick_check_of_sqlite_finds_a_sound_ledger_sound(made_by: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    if made_by == "the first version":
        with at_revision(url, "0001") as (connection, dialect):
            fill_as_first_version(connection, dialect)
    ledger = open_ledger(url)
    ledger.write([generation(input=said("hello")), *(random_generation(random.Random(1)) for _ in range(20))])
    with ledger.reading() as connection:
        assert_sound(connection)


def fill_as_first_version(connection: Connection, dialect: Dialect) -> None:
    """Rows as the first version wrote them; spelled out, because the code that wrote them will change."""
    words = [
        "provider openai",
        "operation chat",
        "status ok",
        "cost_status exact",
        "model gpt-4o",
        "cost_status unpriced",
    ]
    for id, word in enumerate(words, 1):
        kind, text = word.split()
        connection.exec_driver_sql(f"INSERT INTO name (id, kind, text) VALUES ({id}, '{kind}', '{text}')")
        dialect.reserve(connection, "name", 1)
    connection.exec_driver_sql("INSERT INTO app_user (id, user_id, first_seen) VALUES (1, 'alice', 1760011200000000)")
    dialect.reserve(connection, "app_user", 1)
    columns = "id, app_user, provider, operation, model, status, streamed, attempts, usage_estimated, cost_status"
    first = 746_242_867_200_000_000
    connection.exec_driver_sql(
        f"INSERT INTO generation ({columns}, input_tokens, cost) VALUES "
        f"({first}, 1, 1, 2, 5, 3, 0, 1, 0, 4, 100, 450000), ({first + 4096}, 1, 1, 2, 5, 3, 0, 1, 0, 6, NULL, NULL)"
    )
    connection.exec_driver_sql(f"INSERT INTO generation_text (id, input) VALUES ({first}, '[]')")
    connection.exec_driver_sql(
        "INSERT INTO rollup_day (slot, provider, model, operation, status, cost_status, generations, cost) "
        "VALUES (20370, 1, 5, 2, 3, 4, 2, 450000)"
    )


def test_a_filled_ledger_is_upgraded_with_a_backup_of_what_it_was(tmp_path: Path, tomorrow: Path) -> None:
    path = tmp_path / "ledger.db"
    old = filled(path, tomorrow)

    assert brought_up(path).exec_driver_sql("SELECT count(mood) FROM generation").scalar_one() == 0

    (backup,) = tmp_path.glob("ledger.db.backup-*")
    assert f"backup-{old}-" in backup.name
    with sqlite3.connect(backup) as kept:
        assert kept.execute("SELECT count(*) FROM generation").fetchone() == (50,)
        assert kept.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone() == (old,)


def test_an_upgrade_that_fails_leaves_the_ledger_as_it_was(tmp_path: Path, tomorrow: Path) -> None:
    path = tmp_path / "ledger.db"
    old = filled(path, tomorrow)
    script = tomorrow / "versions" / "tomorrow.py"
    script.write_text(NEXT.format(head=old, then='raise RuntimeError("the power went")'))

    with pytest.raises(RuntimeError, match="the power went"):
        brought_up(path)

    with sqlite3.connect(path) as ledger:
        assert ledger.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone() == (old,)
        assert "mood" not in [row[1] for row in ledger.execute("PRAGMA table_info(generation)")]


def test_an_older_version_refuses_what_a_newer_one_upgraded(
    tmp_path: Path, tomorrow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.db"
    filled(path, tomorrow)
    brought_up(path)
    (tomorrow / "versions" / "tomorrow.py").unlink()

    with pytest.raises(LedgerError, match="made by a newer llmtrack"):
        brought_up(path)


def filled(path: Path, tomorrow: Path) -> str:
    """A ledger of this version with rows in it; returns its revision."""
    script = tomorrow / "versions" / "tomorrow.py"
    told = script.read_text()
    script.unlink()
    ledger = open_ledger(f"sqlite:///{path}")
    chance = random.Random(1)
    ledger.write([random_generation(chance) for _ in range(49)] + [generation(input=said("hello"))])
    assert verify(ledger).right
    ledger.close()
    script.write_text(told)
    with sqlite3.connect(path) as connection:
        return str(connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()[0])


def brought_up(path: Path) -> Connection:
    """The ledger as the version of tomorrow opens it."""
    url = make_url(f"sqlite:///{path}")
    dialect = dialect_of(url)
    assert dialect is not None
    engine = dialect.engine(url)
    try:
        bring_up(engine, dialect, str(path))
        return engine.connect()
    except BaseException:
        engine.dispose()
        raise
