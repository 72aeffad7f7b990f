"""Bringing a ledger to the tables this version knows: Alembic revisions, run when a ledger is opened."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.database.sqlite import SQLite
from llmtrack.ledger.errors import LedgerError
from llmtrack.ledger.schema.rollups import TABLES

VERSION_TABLE = "llmtrack_version"
"""Not Alembic's usual name, so that a PostgreSQL database shared with another program stays that program's."""
_HERE = Path(__file__).parent
_one_at_a_time = threading.Lock()


def scripts() -> ScriptDirectory:
    """All revisions there are."""
    return ScriptDirectory(_HERE)


def revision_of(connection: Connection) -> str | None:
    """The revision a ledger is at; None where there is no ledger yet."""
    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()


def bring_up(engine: Engine, dialect: Dialect, shown: str) -> None:
    """Creates the tables, or upgrades those of an older version, keeping a backup beside a SQLite file.

    Several processes may do so at once: one works, the others wait and find it done. Raises `LedgerError` where the
    ledger was made by a newer version, or the database already holds tables of something else; `shown` names it there.
    """
    head = scripts().get_current_head()
    with engine.connect() as connection:
        if revision_of(connection) == head:
            return
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        dialect.lock_for_migration(connection)
        current = revision_of(connection)
        if current == head:
            return
        _refuse_strangers(connection, current, shown)
        if current is not None and isinstance(dialect, SQLite):
            _back_up(engine, dialect, current)
        dialect.drop_sql_views(connection)
        upgrade(connection)


def upgrade(connection: Connection, target: str = "head") -> None:
    """Runs the revisions up to `target` inside the connection's transaction."""
    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.attributes["connection"] = connection
    with _one_at_a_time:  # Alembic keeps what it is doing in globals
        command.upgrade(config, target)


def _refuse_strangers(connection: Connection, current: str | None, shown: str) -> None:
    revisions = {script.revision for script in scripts().walk_revisions()}
    if current is not None and current not in revisions:
        raise LedgerError(
            f"The ledger {shown} was made by a newer llmtrack (its tables are at revision {current}, "
            f"this version knows up to {scripts().get_current_head()}): upgrade llmtrack, or open another ledger."
        )
    if current is None:
        taken = sorted(set(TABLES) & set(inspect(connection).get_table_names()))
        if taken:
            raise LedgerError(
                f"The database {shown} is no ledger and already has a table named {taken[0]!r}: "
                "give llmtrack a database of its own with LLMTRACK_DATABASE_URL."
            )


def _back_up(engine: Engine, dialect: SQLite, current: str) -> Path:
    source = Path(str(engine.url.database))
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    target = source.with_name(f"{source.name}.backup-{current}-{moment}")
    dialect.backup(source, target)
    return target
