"""Whether writing failed for what was to be written or for the database, from the drivers' own errors as well."""

from __future__ import annotations

import psycopg
import pytest

from llmtrack.ledger.error_classes import Fault, fault_of
from tests.browser.app_server import free_port

STATEMENTS = {
    "SELECT 1/0": Fault.RECORDS,  # 22012
    "INSERT INTO only_one VALUES (1), (1)": Fault.RECORDS,  # 23505
    "SELECT 'x'::int": Fault.RECORDS,  # 22P02
    "SELECT * FROM gone": Fault.DATABASE,  # 42P01: the tables are not there
    "SET statement_timeout = 1; SELECT pg_sleep(1)": Fault.DATABASE,  # 57014
    "SELECT * FROM only_one FOR UPDATE NOWAIT": Fault.DATABASE,  # 55P03: somebody else has it locked
}


@pytest.mark.parametrize("statement", STATEMENTS)
def test_psycopgs_own_errors_are_told_apart_by_their_state(statement: str, postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as holder, psycopg.connect(postgres_url, autocommit=True) as other:
        holder.execute("CREATE TABLE only_one (x int PRIMARY KEY)")
        holder.execute("INSERT INTO only_one VALUES (7)")
        holder.commit()
        holder.execute("SELECT * FROM only_one FOR UPDATE")
        with pytest.raises(psycopg.Error) as caught:
            other.execute(statement)
    assert fault_of(caught.value) is STATEMENTS[statement]


def test_a_server_that_does_not_answer_is_the_databases_fault() -> None:
    with pytest.raises(psycopg.OperationalError) as caught:
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{free_port()}/postgres")
    assert caught.value.sqlstate is None
    assert fault_of(caught.value) is Fault.DATABASE
