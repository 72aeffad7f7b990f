"""What a statement must not do: it is refused or cut off with a sentence that says so, and nothing is changed by it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.metrics import ask
from llmtrack.ledger.schema.rollups import TABLES
from llmtrack.ledger.sql_access import VIEWS, SqlAccess, SqlError, open_sql
from llmtrack.ledger.sql_access.sqlite_reader import SqliteReader
from llmtrack.ledger.sql_access.views import sources
from llmtrack.settings import get_settings
from tests.ledger.sql_access.conftest import SECRET, rows_of

READ_ONLY = "statements only read here"
ONE = "Only one statement at a time"
EVERYWHERE = {
    "INSERT INTO users VALUES ('x', NULL, NULL, NULL, NULL)": f"INSERT is refused: {READ_ONLY}",
    "UPDATE generation SET cost = 0": f"UPDATE is refused: {READ_ONLY}",
    "DELETE FROM generation": f"DELETE is refused: {READ_ONLY}",
    "REPLACE INTO name VALUES (1, 'a', 'b', NULL)": f"REPLACE is refused: {READ_ONLY}",
    "DROP TABLE generation": f"DROP is refused: {READ_ONLY}",
    "CREATE TABLE mine (a INTEGER)": f"CREATE is refused: {READ_ONLY}",
    "ALTER TABLE generation ADD COLUMN a INTEGER": f"ALTER is refused: {READ_ONLY}",
    "BEGIN": f"BEGIN is refused: {READ_ONLY}",
    "COMMIT": f"COMMIT is refused: {READ_ONLY}",
    "SET ROLE postgres": f"SET is refused: {READ_ONLY}",
    "COPY users TO '/tmp/users'": f"COPY is refused: {READ_ONLY}",
    "DO $$ BEGIN DELETE FROM generation; END $$": f"DO is refused: {READ_ONLY}",
    "ATTACH DATABASE '/tmp/other.db' AS other": f"ATTACH is refused: {READ_ONLY}",
    "DETACH DATABASE main": f"DETACH is refused: {READ_ONLY}",
    "PRAGMA writable_schema = on": f"PRAGMA is refused: {READ_ONLY}",
    "VACUUM INTO '/tmp/copy.db'": f"VACUUM is refused: {READ_ONLY}",
    "/* SELECT */ DELETE FROM generation": f"DELETE is refused: {READ_ONLY}",
    "-- SELECT 1\nDELETE FROM generation": f"DELETE is refused: {READ_ONLY}",
    "/* one /* two */ DELETE FROM generation -- */": f"DELETE is refused: {READ_ONLY}",
    "; DELETE FROM generation": f"; is refused: {READ_ONLY}",
    "SELECT 1; DROP TABLE generation": ONE,
    "SELECT 1; SELECT 2": ONE,
    "SELECT 1 /* ; */; -- then\nDELETE FROM generation": ONE,
    "SELECT 1; COMMIT; DELETE FROM generation": ONE,
    "SELECT '\0'": "has a NUL character",
    "SELECT '" + "x" * 30_000 + "'": "20,000 is the most",
    "-- nothing but a remark": "There is no statement to run",
    "SELECT * FROM api_token": "api_token",
    "SELECT (SELECT digest FROM api_token) FROM users": "api_token",
    "SELECT * FROM users WHERE EXISTS (SELECT 1 FROM api_token WHERE digest LIKE 't%')": "api_token",
    "WITH feedback AS (SELECT digest FROM api_token) SELECT * FROM feedback": "api_token",
    "WITH users AS (SELECT * FROM person) SELECT count(*) FROM users": "person",
    "SELECT count(*) FROM generation_text": "generation_text",
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c": "Cut off",
}
"""Each with what the sentence says, on both databases."""
ON_SQLITE = {
    "WITH x AS (SELECT 1) INSERT INTO feedback SELECT 1, 1, 1, 1, 1": f"INSERT is refused: {READ_ONLY}",
    "WITH x AS (SELECT 1) DELETE FROM main.generation": f"DELETE is refused: {READ_ONLY}",
    "EXPLAIN DELETE FROM main.generation": f"DELETE is refused: {READ_ONLY}",
    "EXPLAIN ATTACH DATABASE ':memory:' AS other": f"ATTACH is refused: {READ_ONLY}",
    "SELECT * FROM main.feedback": "Reading the table feedback is refused",
    "SELECT comment FROM main.feedback AS users": "Reading the table feedback is refused",
    "SELECT count(*) FROM main.person": "Reading the table person is refused",
    "SELECT 1 FROM generations AS g JOIN main.generation_text AS t ON t.id = g.id": "generation_text",
    "SELECT * FROM sqlite_master": "Reading the table sqlite_master is refused",
    "SELECT sql FROM temp.sqlite_master": "Reading the table sqlite_temp_master is refused",
    "SELECT count(*) FROM sqlite_schema": "Reading the table sqlite_",
    "SELECT * FROM pragma_table_info('api_token')": "Reading a table of SQLite's own is refused",
    "SELECT * FROM pragma_database_list": "Reading a table of SQLite's own is refused",
    "SELECT * FROM dbstat": "Reading a table of SQLite's own is refused",
    "SELECT * FROM sqlite_dbpage": "sqlite_dbpage",
    "SELECT * FROM generation_search WHERE generation_search MATCH 'tulip'": "refused",
    "SELECT * FROM generation_search_data": "Reading the table generation_search_data is refused",
    "SELECT * FROM message_search_docsize": "Reading the table message_search_docsize is refused",
    "SELECT load_extension('/tmp/x.so')": "The function load_extension() is refused",
    "SELECT fts3_tokenizer('simple')": "The function fts3_tokenizer() is refused",
    "SELECT sqlite_log(1, 'x')": "The function sqlite_log() is refused",
    "SELECT readfile('/etc/passwd')": "readfile",
    "SELECT writefile('/tmp/x', 'y')": "writefile",
    "SELECT randomblob(1000000000)": "The function randomblob() is refused",
    "SELECT zeroblob(1000000000)": "The function zeroblob() is refused",
    "SELECT hex(printf('%.*c', 900000, 'x'))": "a value or a row of more than 1 MB",
    "SELECT group_concat(printf('%.*c', 900000, 'x')) FROM generations": "Cut off",
    "WITH RECURSIVE c(n, x) AS (SELECT 1, '' UNION ALL SELECT n + 1, printf('%.*c%d', 900000, 'x', n) FROM c) "
    "SELECT count(DISTINCT x) FROM c": "Cut off",
    "WITH n AS (SELECT 1 FROM generations a, generations b, generations c) "
    "SELECT count(*) FROM n a, n b, n c, n d, n e, n f": "Cut off",
    "SELECT " + "(" * 300 + "1" + ")" * 300: "",
    "SELECT 1" + " UNION ALL SELECT 1" * 200: "Too many terms in compound SELECT",
    "SELECT ?": "",
}  # fmt: skip
ON_POSTGRESQL = {
    "WITH gone AS (DELETE FROM users RETURNING *) SELECT * FROM gone": "must not contain data-modifying",
    "SELECT * INTO mine FROM users": "INTO",
    "SELECT * FROM public.api_token": "Permission denied for table api_token",
    "SELECT comment FROM public.feedback": "Permission denied for table feedback",
    "SELECT * FROM pg_authid": "Permission denied for table pg_authid",
    "SELECT pg_read_file('/etc/passwd')": "Permission denied for function pg_read_file",
    "SELECT nextval('public.trace_ids')": "ermission denied",
    "SELECT query_to_xml('DELETE FROM public.generation', true, true, '')": "DELETE is not allowed",
    "SELECT set_config('role', 'postgres', false)": "Permission denied to set role",
    "SELECT set_config('transaction_read_only', 'off', true)": "must be set before any query",
    "SELECT pg_sleep(60)": "Cut off",
    "SELECT set_config('statement_timeout', '0', false), count(*) FROM generate_series(1, 100000000000)": "Cut off",
    "SELECT count(*) FROM generate_series(1, 100000000000)": "Cut off",
    "SELECT repeat('x', 900000000) FROM generations": "Cut off",
    "SELECT a.id FROM users FOR UPDATE": "",
    "TABLE users": "TABLE is refused",
}  # fmt: skip


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second for each statement."""
    monkeypatch.setenv("LLMTRACK_SQL_SECONDS", "1")
    get_settings.cache_clear()


def state_of(ledger: Ledger) -> object:
    """All there is: of a file every byte, of a server the rows of every table and what tables there are."""
    if ledger.dialect.name == "sqlite":
        assert ledger.checkpoint()  # or it happens in between, when nothing was written for a while
        path = Path(ledger.name)
        files = sorted(one for one in path.parent.glob(f"{path.name}*") if not one.name.endswith("-shm"))
        return [(one.name, hashlib.sha256(one.read_bytes()).hexdigest()) for one in files]
    with ledger.reading() as connection:
        relations = connection.exec_driver_sql(
            "SELECT n.nspname, c.relname, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname !~ '^pg_toast' ORDER BY 1, 2, 3"
        ).fetchall()
        sums = [
            connection.exec_driver_sql(f"SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {table} t").scalar()
            for table in TABLES
        ]
        objects = connection.exec_driver_sql("SELECT count(*) FROM pg_largeobject_metadata").scalar()
    return [tuple(row) for row in relations], sums, objects


def test_what_a_function_writes_is_gone_when_its_statement_ends(ledger: Ledger, access: SqlAccess) -> None:
    """Some of PostgreSQL's functions write in a read-only transaction; it is never committed."""
    if access.database == "postgresql":
        before = state_of(ledger)
        assert rows_of(access, "SELECT lo_create(0) > 0").rows == (("true",),)
        assert state_of(ledger) == before


@pytest.mark.slow
@pytest.mark.usefixtures("short")
def test_hostile_statements_are_refused_or_cut_off_and_change_nothing(ledger: Ledger) -> None:
    access = open_sql(ledger)
    table = {**EVERYWHERE, **(ON_SQLITE if access.database == "sqlite" else ON_POSTGRESQL)}
    assert len(table) > 30
    before = state_of(ledger)
    wrong = {}
    for statement, sentence in table.items():
        try:
            wrong[statement[:80]] = f"gave {rows_of(access, statement).rows[:2]}"
        except SqlError as error:
            if sentence not in str(error) or SECRET in str(error) or not str(error).endswith((".", ")")):
                wrong[statement[:80]] = str(error)
    assert wrong == {}
    assert state_of(ledger) == before


@pytest.mark.slow
def test_no_table_can_be_read_directly_or_by_a_clause_that_is_called_like_a_view(tmp_path: Path) -> None:
    """On SQLite; on PostgreSQL this is the role's."""
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    reader = SqliteReader(
        ledger.name,
        {view.name: view.select("sqlite", "main") for view in VIEWS},
        sorted(sources()),
        seconds=60,
        memory=0,
    )
    with ledger.reading() as connection:
        tables = [row[0] for row in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type <> 'index'")]
    assert set(tables) > set(TABLES)
    for table in tables:
        statements = [f"SELECT * FROM main.{table}", f"SELECT 1 FROM users, (SELECT * FROM main.{table})"]
        statements += [f"WITH {view.name} AS (SELECT * FROM main.{table}) SELECT * FROM {view.name}" for view in VIEWS]
        for statement in statements:
            with pytest.raises(SqlError, match="refused"):
                list(reader.read(statement)[1])


@pytest.mark.slow
def test_nothing_that_people_wrote_is_in_any_view(access: SqlAccess) -> None:
    for view in VIEWS:
        result = rows_of(access, f"SELECT * FROM {view.name}")
        assert result.rows, view.name
        assert SECRET not in str(result.rows)


@pytest.mark.slow
def test_the_app_goes_on_while_a_statement_runs_and_leaving_it_ends_its_process(
    ledger: Ledger, access: SqlAccess
) -> None:
    bomb = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"
    with access.start(bomb) as first, access.start(bomb) as second:
        assert not first.wait(0.2)
        assert ask(ledger, ["generations"]).totals["generations"] == 5
        with pytest.raises(SqlError, match="2 statements are running already"):
            access.start("SELECT 1")
        assert not first.wait(0)
        assert not second.wait(0)
    assert first.has_ended
    assert rows_of(access, "SELECT 1 AS one").rows == ((1,),)


@pytest.mark.slow
def test_a_sentence_says_which_limit_it_was(access: SqlAccess) -> None:
    if access.database == "sqlite":
        with pytest.raises(SqlError, match="a value or a row of more than 1 MB"):
            rows_of(access, "SELECT hex(printf('%.*c', 900000, 'x'))")
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"
    with pytest.raises(SqlError, match=r"it takes longer than 0\.5 seconds") as raised:
        rows_of(replace(access, seconds=0.5), endless)
    assert raised.value.reason == "limit"


@pytest.mark.slow
def test_what_has_more_rows_than_a_result_is_cut_and_says_so(access: SqlAccess) -> None:
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c"
    result = rows_of(access, endless)
    assert (len(result.rows), result.cut, result.rows[-1]) == (10_000, "rows", (10_000,))
    wide = "WITH RECURSIVE c(n, x) AS (SELECT 1, '{}' UNION ALL SELECT n + 1, x FROM c) SELECT * FROM c"
    result = rows_of(access, wide.format("x" * 15_000))
    assert (len(result.rows), result.cut) == (533, "bytes")  # of 15,000 letters, 8 MB


@pytest.mark.slow
def test_a_process_that_runs_a_statement_has_no_settings_and_no_keys(
    access: SqlAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("LLMTRACK_COOKIE_SECRET", SECRET)
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"
    with access.start(endless) as running:
        assert not running.wait(0.2)
        environment = Path(f"/proc/{running.pid}/environ").read_bytes()
        arguments = Path(f"/proc/{running.pid}/cmdline").read_bytes()
    assert b"PATH=" in environment
    assert SECRET.encode() not in environment
    assert b"choose one" not in arguments
