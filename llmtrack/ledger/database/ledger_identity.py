"""The id of a ledger: kept where a database was moved or restored, new where it was copied."""

from __future__ import annotations

import os
import secrets
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.owner import Owner

_ANSWER_SECONDS = 3
"""How long a server at an earlier address may take to answer, before there is none."""
_SELECT = "SELECT id, address FROM ledger_id ORDER BY since DESC, address"


def identify_ledger(engine: Engine, dialect: Dialect, address: str) -> tuple[Owner, tuple[str, ...]]:
    """Which ledger was opened at `address`, and its earlier addresses; gives a new ledger, and a copy, an id.

    At another address than before, the ledger keeps its id if none with the same id is at the earlier one any more.
    """
    while True:
        with engine.connect() as connection:
            owners = _owners(connection)
        if owners and owners[0].address == address:
            return owners[0], tuple(owner.address for owner in owners[1:])
        as_new = not owners or _is_copy(engine, owners[0])
        id = secrets.token_hex(16) if as_new else owners[0].id
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            dialect.lock_for_migration(connection)
            if _owners(connection) != owners:
                continue  # Another process was faster.
            if as_new:
                connection.exec_driver_sql("DELETE FROM ledger_id")
            sql = dialect.upsert_sql("ledger_id", ("address",), [("id", "set"), ("since", "set")])
            connection.exec_driver_sql(sql, (address, id, time.time_ns() // 1000))


def _owners(connection: Connection) -> list[Owner]:
    """What names this ledger, by the address where it was last first."""
    return [Owner(address, id) for id, address in connection.exec_driver_sql(_SELECT)]


def _is_copy(engine: Engine, earlier: Owner) -> bool:
    """Whether the ledger at its earlier address is still there, and another database than this one."""
    if earlier.address.startswith("sqlite"):
        if engine.dialect.name != "sqlite":
            return False
        return _is_copy_of_file(
            Path(str(engine.url.database)), Path(earlier.address.removeprefix("sqlite:///")), earlier
        )
    return engine.dialect.name != "sqlite" and _is_copy_on_server(engine, earlier)


def _is_copy_of_file(here: Path, there: Path, earlier: Owner) -> bool:
    try:
        if not there.exists() or os.path.samefile(here, there):
            return False
        with closing(sqlite3.connect(f"file:{quote(str(there))}?mode=ro", uri=True)) as connection:
            row = connection.execute(_SELECT).fetchone()
    except sqlite3.OperationalError as error:
        return "no such table" not in str(error)  # A file that cannot be read may well be the ledger.
    except sqlite3.DatabaseError:
        return False  # something else by the same name
    except OSError:
        return True
    return row is not None and row[0] == earlier.id


def _is_copy_on_server(engine: Engine, earlier: Owner) -> bool:
    there = _engine_at(engine.url, earlier.address)
    # A number that nobody else locks: in the same database, by whatever name it is reached, it cannot be locked again.
    number = secrets.randbits(62)
    try:
        with engine.connect() as connection, connection.begin(), there.connect() as other, other.begin():
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (number,))
            schema = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
            free, named = other.exec_driver_sql(
                "SELECT pg_try_advisory_xact_lock(%s), current_schema()", (number,)
            ).one()
            if not free and named == schema:
                return False
            owners = _owners(other)
    except OperationalError as error:
        # Nobody answers, or there is no such database. Where we are not let in, it may be there.
        return str(getattr(error.orig, "sqlstate", None) or "").startswith("28")
    except DBAPIError:
        return False  # no ledger in it
    return any(owner.id == earlier.id for owner in owners)


def _engine_at(url: URL, address: str) -> Engine:
    """An engine for an earlier address, with what lets us in at the present one."""
    there = make_url(address).set(drivername=url.drivername, username=url.username, password=url.password)
    secret = {name: value for name, value in url.query.items() if name.startswith("ssl") or name == "passfile"}
    return create_engine(
        there.update_query_dict(secret), poolclass=NullPool, connect_args={"connect_timeout": _ANSWER_SECONDS}
    )
