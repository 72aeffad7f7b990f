"""Which kind of `Holds` a ledger has."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.limits.holds import Holds


def holds_of(engine: Engine, dialect: Dialect, ledger_id: str) -> Holds:
    """The holds of the ledger that an engine leads to."""
    if dialect.name == "postgresql":
        from llmtrack.ledger.limits.postgresql_holds import PostgreSQLHolds

        return PostgreSQLHolds(engine, dialect)
    from llmtrack.ledger.limits.sqlite_holds import SQLiteHolds
    from llmtrack.settings import get_settings

    return SQLiteHolds(Path(str(engine.url.database)), ledger_id, power=get_settings().durability == "power")
