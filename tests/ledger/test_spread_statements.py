"""The statements that a database refuses which spreads its large tables over servers are known by their form."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection

from llmtrack.ids import new_id
from llmtrack.ledger import open_ledger
from llmtrack.ledger.database.postgresql import PostgreSQL
from tests.ledger.making import NOON, generation
from tests.ledger.spread_statements import refused

REFUSED = {
    "changes the id": "UPDATE generation_text SET id = %s WHERE id = %s",
    "changes property_set": (
        "DELETE FROM property_set WHERE NOT EXISTS (SELECT 1 FROM generation g WHERE g.property_set = property_set.id)"
    ),
    "changes pending": "DELETE FROM pending WHERE generation IN (SELECT id FROM generation WHERE app_user = 7)",
    "changes trace": (
        "UPDATE trace SET cost = coalesce((SELECT sum(g.cost) FROM generation g WHERE g.trace = trace.id), 0)"
    ),
    "for each row": "SELECT t.id FROM trace AS t WHERE EXISTS (SELECT 1 FROM generation AS g WHERE g.trace = t.id)",
    "names the columns": (
        "WITH led(id) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT id FROM name WHERE kind = 'group') "
        "SELECT * FROM led CROSS JOIN rollup_group_day"
    ),
}
TAKEN = [
    "UPDATE generation SET property_set = NULL WHERE id = %s",
    "DELETE FROM generation_text WHERE id = %s RETURNING input, output, error",
    "WITH used AS MATERIALIZED (SELECT DISTINCT property_set FROM generation) "
    "DELETE FROM property_set WHERE id NOT IN (SELECT property_set FROM used)",
    "WITH s AS MATERIALIZED (SELECT g.trace AS id, sum(g.cost) AS cost FROM generation g GROUP BY g.trace) "
    "UPDATE trace SET cost = s.cost FROM s WHERE s.id = trace.id",
    "SELECT t.id FROM trace AS t WHERE t.id IN (SELECT g.trace FROM generation AS g WHERE g.feature = 3)",
    "WITH led AS (SELECT CAST(0 AS BIGINT) AS id UNION ALL SELECT id FROM name) SELECT * FROM led",
    "WITH span(k, a, b) AS (SELECT CAST(1 AS BIGINT), CAST(2 AS BIGINT) UNION ALL VALUES (1, 2)) SELECT k FROM span",
    "WITH span(k, a) AS (SELECT CAST(1 AS BIGINT), CAST(2 AS BIGINT)) "
    "SELECT u.id FROM app_user u WHERE EXISTS (SELECT 1 FROM span CROSS JOIN rollup_day_user r WHERE r.app_user = u.id)",
    "SELECT 1 FROM hold WHERE NOT EXISTS (SELECT 1 FROM holder WHERE holder.id = hold.holder)",
]


@pytest.mark.parametrize("why", REFUSED)
def test_a_statement_that_would_be_refused_is_found(why: str) -> None:
    reason = refused(REFUSED[why])
    assert reason is not None
    assert why in reason


@pytest.mark.parametrize("statement", TAKEN)
def test_what_stands_in_its_place_is_not(statement: str) -> None:
    assert refused(statement) is None


@pytest.mark.slow
def test_a_taken_id_is_recognised_where_the_server_only_says_that_something_failed_inside(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = PostgreSQL.bulk_insert

    def as_citus(self: PostgreSQL, connection: Connection, *what: Any) -> None:
        try:
            copy(self, connection, *what)
        except psycopg.errors.UniqueViolation as error:
            raise psycopg.errors.InternalError_(str(error)) from None

    monkeypatch.setattr(PostgreSQL, "bulk_insert", as_citus)
    ledger, id = open_ledger(postgres_url), new_id(NOON)
    for user in ("alice", "bob"):
        ledger.write([generation(id=id, user_id=user)])
    with ledger.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*), max(id) - min(id) FROM generation").one() == (2, 1)
