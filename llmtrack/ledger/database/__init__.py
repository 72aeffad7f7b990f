"""The databases underneath: what SQLite and PostgreSQL have in common, and where they differ."""

from __future__ import annotations

from sqlalchemy import URL

from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.database.postgresql import PostgreSQL
from llmtrack.ledger.database.sqlite import SQLite

_DIALECTS: dict[str, type[Dialect]] = {"sqlite": SQLite, "postgresql": PostgreSQL, "postgres": PostgreSQL}


def dialect_of(url: URL) -> Dialect | None:
    """The dialect for this address; None if it is neither of the two."""
    dialect = _DIALECTS.get(url.drivername.partition("+")[0])
    return dialect() if dialect else None
