"""On PostgreSQL a role of its own reads the views: who it may be, and who makes them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import make_url

from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.database.postgresql import PostgreSQL
from llmtrack.ledger.migrations import upgrade
from llmtrack.ledger.open import parse
from llmtrack.ledger.sql_access import VIEWS, SqlError, SqlOff, open_sql
from llmtrack.settings import get_settings
from tests.ledger.making import generation
from tests.ledger.sql_access.conftest import lines_of_the_documentation, rows_of, set_url, sql_role

pytestmark = pytest.mark.makes_tables


@pytest.fixture
def server_ledger(postgres_url: str) -> Iterator[Ledger]:
    opened = open_ledger(postgres_url)
    opened.write([generation()])
    yield opened
    opened.close()
    get_settings.cache_clear()


@pytest.fixture
def role_url(server_ledger: Ledger, postgres_url: str) -> Iterator[str]:
    yield from sql_role(postgres_url)


def role_of(url: str) -> str:
    return str(make_url(url).username)


def run(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.mark.slow
def test_without_a_connection_of_its_own_it_is_off_and_says_the_three_lines(server_ledger: Ledger) -> None:
    with pytest.raises(SqlOff, match="LLMTRACK_SQL_URL, and that is not set") as raised:
        open_sql(server_ledger)
    shown = raised.value.lines.replace("AUTHORIZATION postgres", "AUTHORIZATION llmtrack")
    assert shown.split("\n") == lines_of_the_documentation()
    assert len(lines_of_the_documentation()) == 3


@pytest.mark.slow
def test_the_three_lines_are_all_it_needs(
    server_ledger: Ledger, role_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_url(monkeypatch, role_url)
    assert rows_of(open_sql(server_ledger), "SELECT user_id, cost_nanodollars FROM generations").rows == (
        ("alice", 450_000),
    )


EXCESSES = {
    "ALTER ROLE {role} SUPERUSER": "is a superuser",
    "ALTER ROLE {role} CREATEROLE": "may make roles",
    "GRANT pg_read_server_files TO {role}": "belongs to another role",
    "GRANT SELECT ON api_token TO {role}": "may read public.api_token",
    "GRANT SELECT (digest) ON api_token TO {role}": "may read public.api_token",
    "GRANT SELECT ON generations TO {role}": "may read public.generations",
    "GRANT DELETE ON feedback TO {role}": "may write public.feedback",
    "GRANT UPDATE (cost) ON generation TO {role}": "may write public.generation",
    "CREATE TABLE mine (a integer); ALTER TABLE mine OWNER TO {role}": "may write public.mine",
    "CREATE SCHEMA other; CREATE TABLE other.t (a integer); GRANT INSERT ON other.t TO {role}": "may write other.t",
}
"""What is granted beyond the three lines, and what the refusal says of it."""


@pytest.mark.slow
def test_a_role_that_may_do_more_than_read_the_views_is_refused_each_time(
    server_ledger: Ledger, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for grant, words in EXCESSES.items():
        for url in sql_role(postgres_url) if grant == next(iter(EXCESSES)) else again(postgres_url):
            set_url(monkeypatch, url)
            access = open_sql(server_ledger)
            run(postgres_url, grant.format(role=role_of(url)))
            with pytest.raises(SqlOff, match=words):
                open_sql(server_ledger)
            with pytest.raises(SqlError, match=words):
                rows_of(access, "SELECT 1")
            run(postgres_url, f"REASSIGN OWNED BY {role_of(url)} TO postgres")


def again(postgres_url: str) -> Iterator[str]:
    """A role made in the same way, once more: the schema is there already, and the views are granted anew."""
    run(postgres_url, "DROP SCHEMA llmtrack_sql CASCADE")
    yield from sql_role(postgres_url)


@pytest.mark.slow
def test_a_connection_that_leads_elsewhere_or_nowhere_is_told(
    server_ledger: Ledger, role_url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_url(role_url)
    for url, words in {
        other.set(database="postgres").render_as_string(hide_password=False): "another database",
        other.set(port=1).render_as_string(hide_password=False): "does not let its role in",
        "sqlite:///llmtrack.db": "must lead to the ledger's PostgreSQL server",
        "llmtrack_sql": "cannot be read",
    }.items():
        set_url(monkeypatch, url)
        with pytest.raises(SqlOff, match=words) as raised:
            open_sql(server_ledger)
        assert "choose one" not in str(raised.value)
    set_url(monkeypatch, role_url)
    run(postgres_url, "DROP SCHEMA llmtrack_sql")
    with pytest.raises(SqlOff, match="there is no schema llmtrack_sql"):
        open_sql(server_ledger)
    run(
        postgres_url,
        "CREATE SCHEMA llmtrack_sql; COMMENT ON SCHEMA llmtrack_sql IS 'Views of the llmtrack ledger ab, 1'",
    )
    with pytest.raises(SqlOff, match="views of another ledger"):
        open_sql(server_ledger)


@pytest.mark.slow
def test_views_of_another_version_are_made_anew(
    server_ledger: Ledger, role_url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_url(monkeypatch, role_url)
    open_sql(server_ledger)
    run(
        postgres_url, "DROP VIEW llmtrack_sql.users", "CREATE VIEW llmtrack_sql.users AS SELECT 1 AS old",
        f"COMMENT ON SCHEMA llmtrack_sql IS 'Views of the llmtrack ledger {server_ledger.owner.id}, of before'",
    )  # fmt: skip
    assert rows_of(open_sql(server_ledger), "SELECT user_id FROM users").rows == (("alice",),)


@pytest.mark.slow
def test_no_view_is_in_the_way_of_a_migration(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = PostgreSQL().engine(parse(postgres_url))
    with engine.connect() as connection, connection.begin():
        upgrade(connection, "0023")
    engine.dispose()
    with contextmanager(sql_role)(postgres_url) as reader:
        set_url(monkeypatch, reader)
        with monkeypatch.context() as earlier:  # 0024 puts other tables in the place of those that views read
            earlier.setattr("llmtrack.ledger.migrations.ScriptDirectory.get_current_head", lambda self: "0023")
            ledger = open_ledger(postgres_url)
            ledger.write([generation()])
            assert len(rows_of(open_sql(ledger), "SELECT * FROM generations").rows) == 1
        ledger.renew()
        with psycopg.connect(postgres_url) as plain:
            views = plain.execute("SELECT count(*) FROM pg_views WHERE schemaname = 'llmtrack_sql'").fetchone()
        assert views == (0,)
        access = open_sql(ledger)
        for view in VIEWS:
            assert rows_of(access, f"SELECT count(*) FROM {view.name}").columns == ("count",)
        ledger.close()
    get_settings.cache_clear()


@pytest.mark.slow
def test_an_app_whose_own_role_is_no_superuser_makes_the_views(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = f"app_{uuid.uuid4().hex[:12]}"
    database = make_url(postgres_url).database
    run(
        postgres_url, f"CREATE ROLE {app} LOGIN PASSWORD 'app'", f"GRANT CONNECT ON DATABASE {database} TO {app}",
        f"GRANT CREATE, USAGE ON SCHEMA public TO {app}",
    )  # fmt: skip
    url = make_url(postgres_url).set(username=app, password="app").render_as_string(hide_password=False)
    ledger = open_ledger(url)
    try:
        ledger.write([generation()])
        for reader in sql_role(postgres_url, owner=app):
            set_url(monkeypatch, reader)
            access = open_sql(ledger)
            assert rows_of(access, "SELECT sum(cost_nanodollars) FROM daily_usage").rows[0][0] == 450_000
    finally:
        ledger.close()
        run(postgres_url, f"DROP OWNED BY {app} CASCADE", f"DROP ROLE {app}")
        get_settings.cache_clear()
