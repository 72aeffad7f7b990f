"""A ledger that holds a bit of everything, a word in it that no statement may ever show, and the way to ask it in SQL."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from llmtrack.ids import new_id
from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.records import Entry, Feedback, Identity, Span
from llmtrack.ledger.sql_access import SqlAccess, SqlResult, open_sql
from llmtrack.settings import get_settings
from tests.ledger.making import HOUR, NOON, generation, said

SECRET = "tulip-7f3a"
DOCUMENT = Path(__file__).parents[3] / "docs" / "sql.md"


def records() -> list[Entry]:
    """Calls, users, feedback and spans of a day."""
    return [
        Identity("alice", {"plan": "pro"}, NOON),
        Identity("bob", {"plan": "free"}, NOON),
        *(
            generation(
                NOON + number * HOUR, user_id=user, session_id=f"s-{user}", trace_id=f"t{number}", feature="chat",
                properties={"tier": "gold"}, input=said(SECRET), output=said(SECRET),
            )
            for number, user in enumerate(("alice", "alice", "bob", None))
        ),
        generation(NOON, status="error", error_type="timeout", error_message=SECRET, cost=None, user_id="bob"),
        Span(new_id(NOON), "t0", "search", NOON, 250_000, user_id="alice", error=SECRET),
        Feedback("t0", "alice", -1, SECRET, NOON + HOUR),
        Feedback("t2", "bob", 1, None, NOON + HOUR),
    ]  # fmt: skip


def plant(ledger: Ledger) -> None:
    """The word where people sign in, hold tokens, chat and keep what is theirs."""
    rows = {
        "api_token (id, digest, prefix, name, scopes, created_at, created_by)": f"1, '{SECRET}', 'llmt', 'n', '[]', 1, 'x'",
        "person (id, issuer, subject, user_id, created_at, signed_in_at, sessions_from)": f"1, 'i', '{SECRET}', 'u', 1, 1, 1",
        "conversation (id, app_user, title, pinned, archived, created_at, updated_at, version)": f"1, 1, '{SECRET}', 0, 0, 1, 1, 1",
        "message (id, conversation_id, role, content, created_at)": f"1, 1, 'user', '[\"{SECRET}\"]', 1",
        "preference (app_user, name, value)": f"1, 'n', '\"{SECRET}\"'",
        "chat_share (token, conversation_id, app_user, head, created_at)": f"'{SECRET}', 1, 1, 1, 1",
    }

    def work(connection: object) -> None:
        for table, values in rows.items():
            connection.exec_driver_sql(f"INSERT INTO {table} VALUES ({values})")  # type: ignore[attr-defined]

    ledger.transact(work)
    ledger.index_texts()


def lines_of_the_documentation() -> list[str]:
    """The three lines that make the role, as docs/sql.md has them."""
    (block,) = re.findall(r"```sql\n(CREATE ROLE.*?)\n```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    return block.split("\n")


def sql_role(ledger_url: str, owner: str = "postgres") -> Iterator[str]:
    """The URL of a role made as docs/sql.md says, under a name of its own; the role goes again."""
    import psycopg

    role = f"reader_{uuid.uuid4().hex[:12]}"
    lines = [line.replace("ROLE llmtrack_sql", f"ROLE {role}") for line in lines_of_the_documentation()]
    lines[2] = lines[2].replace("AUTHORIZATION llmtrack", f"AUTHORIZATION {owner}")
    with psycopg.connect(ledger_url, autocommit=True) as connection:
        for line in lines:
            connection.execute(line)
    try:
        yield make_url(ledger_url).set(username=role, password="choose one").render_as_string(hide_password=False)
    finally:
        with psycopg.connect(ledger_url, autocommit=True) as connection:
            connection.execute(f"DROP OWNED BY {role}")
            connection.execute(f"DROP ROLE {role}")


def set_url(monkeypatch: pytest.MonkeyPatch, url: str, **more: str) -> None:
    """Names the connection of SQL in the settings."""
    monkeypatch.setenv("LLMTRACK_SQL_URL", url)
    for name, value in more.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()


@pytest.fixture
def ledger(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """The ledger on each database; on PostgreSQL with the role of docs/sql.md."""
    opened = open_ledger(ledger_url)
    opened.write(records())
    plant(opened)
    if opened.dialect.name == "postgresql":
        for url in sql_role(ledger_url):
            set_url(monkeypatch, url)
            yield opened
            opened.close()
    else:
        yield opened
        opened.close()
    get_settings.cache_clear()


@pytest.fixture
def access(ledger: Ledger) -> SqlAccess:
    """The way to ask it in SQL."""
    return open_sql(ledger)


def rows_of(access: SqlAccess, statement: str) -> SqlResult:
    """What a statement gives."""
    with access.start(statement) as running:
        return running.result()
