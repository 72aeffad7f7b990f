"""The way in: whether SQL can be asked of a ledger, and asking it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import ArgumentError

from llmtrack.ledger.database.postgresql import SQL_SCHEMA
from llmtrack.ledger.database.sqlite import SQLite
from llmtrack.ledger.ledger import Ledger
from llmtrack.ledger.sql_access import postgresql_views
from llmtrack.ledger.sql_access.errors import SqlOff
from llmtrack.ledger.sql_access.running import MOST_BYTES, MOST_ROWS, RunningStatement
from llmtrack.ledger.sql_access.statement import check
from llmtrack.ledger.sql_access.views import VIEWS, Database, sources
from llmtrack.settings import get_settings

_FORM = "postgresql://llmtrack_sql:…@host/database"


@dataclass(frozen=True, slots=True)
class SqlAccess:
    """A ledger that can be asked in SQL."""

    database: Database
    seconds: float
    """How long a statement may take."""
    _request: Mapping[str, Any] = field(repr=False)

    def start(self, statement: str) -> RunningStatement:
        """Starts a statement in a process of its own. Raises `SqlError` where it is refused at sight."""
        check(statement)
        return RunningStatement({**self._request, "seconds": self.seconds, "statement": statement})


def open_sql(ledger: Ledger) -> SqlAccess:
    """How `ledger` is asked in SQL: only its views, for reading. Raises `SqlOff` where it cannot be."""
    settings = get_settings()
    limits = {"rows": MOST_ROWS, "bytes": MOST_BYTES}
    if isinstance(ledger.dialect, SQLite):
        views = {view.name: view.select("sqlite", "main") for view in VIEWS}
        file = {"database": "sqlite", "path": ledger.name, "views": views, "sources": sorted(sources())}
        return SqlAccess("sqlite", settings.sql_seconds, {**file, **limits})
    if settings.sql_url is None:
        owner, _ = postgresql_views.owner_and_schema(ledger)
        raise SqlOff(
            "On PostgreSQL, SQL is asked over a connection of its own, LLMTRACK_SQL_URL, and that is not set. Run the "
            "lines below as a superuser in the ledger's database, set LLMTRACK_SQL_URL to "
            f"{_FORM}, and start the app again.",
            postgresql_views.three_lines(owner),
        )
    try:
        url = make_url(settings.sql_url)
    except (ArgumentError, ValueError):
        raise SqlOff(f"LLMTRACK_SQL_URL cannot be read: write it as {_FORM}.") from None
    if not url.drivername.startswith("postgres"):
        raise SqlOff("LLMTRACK_SQL_URL must lead to the ledger's PostgreSQL server, as postgresql://…, or be left out.")
    arguments: Any = PGDialect_psycopg()  # type: ignore[no-untyped-call]
    _, server = arguments.create_connect_args(url)
    schema = postgresql_views.prepare(ledger, server)
    request = {"database": "postgresql", "server": server, "schema": schema, "views": SQL_SCHEMA}
    return SqlAccess("postgresql", settings.sql_seconds, {**request, **limits})
