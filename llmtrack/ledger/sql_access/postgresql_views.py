"""The views on PostgreSQL: in a schema of their own, made by the app's role and granted to the one that reads them.

The schema and the reading role are made by whoever runs the server, in three lines (`three_lines`). The views are the
app's to make: they are made anew after an upgrade, and dropped before one, so that none is in the way of a migration
(`llmtrack/ledger/migrations`).
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection

from llmtrack.ledger.database.postgresql import SQL_SCHEMA as SCHEMA
from llmtrack.ledger.ledger import Ledger
from llmtrack.ledger.sql_access.errors import SqlOff
from llmtrack.ledger.sql_access.postgresql_reader import excess_of, open_connection
from llmtrack.ledger.sql_access.views import VIEWS

_LOCK = 7_305_809_412_118_902_125  # a number nobody else uses
_COMMENT = f"SELECT obj_description(to_regnamespace('{SCHEMA}'), 'pg_namespace')"
_READABLE = (
    f"SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace('{SCHEMA}') AND relkind = 'v' "
    "AND has_table_privilege(oid, 'SELECT')"
)


def three_lines(owner: str) -> str:
    """The SQL that turns SQL on, for a superuser or the owner of the database. `owner` is the app's role."""
    return (
        f"CREATE ROLE {SCHEMA} LOGIN PASSWORD 'choose one';\n"
        f"ALTER ROLE {SCHEMA} SET default_transaction_read_only = on;\n"
        f"CREATE SCHEMA {SCHEMA} AUTHORIZATION {owner};"
    )


def owner_and_schema(ledger: Ledger) -> tuple[str, str]:
    """The app's role and the schema of its tables, both as SQL writes them."""
    with ledger.reading() as connection:
        row = connection.exec_driver_sql("SELECT quote_ident(current_user), quote_ident(current_schema())").one()
    return row[0], row[1]


def prepare(ledger: Ledger, server: Mapping[str, Any]) -> str:
    """Sees to it that a role can read the views as they are now, and nothing else of ours.

    `server` is how it connects, as the driver's arguments. Returns the schema of the ledger's tables. Raises `SqlOff`,
    with what to do about it.
    """
    import psycopg

    owner, schema = owner_and_schema(ledger)
    lines = three_lines(owner)
    try:
        with open_connection(server) as reader:
            _check_role(reader, schema, lines)
            if _is_ready(reader, ledger, schema):
                return schema
            sql = f"SELECT quote_ident(current_user), to_regnamespace('{SCHEMA}') IS NOT NULL"
            role, has_schema = reader.execute(sql).fetchone() or ("", False)
            ledger.transact(lambda connection: _check_schema(connection, ledger, lines))
            if has_schema:
                ledger.transact(lambda connection: _make(connection, ledger, schema, role))
            if not has_schema or not _is_ready(reader, ledger, schema):
                raise SqlOff(
                    "LLMTRACK_SQL_URL leads to another database than LLMTRACK_DATABASE_URL, or to a replica that has "
                    "not caught up yet: correct it, or try again."
                )
    except psycopg.Error as error:
        reason = str(error).strip().partition("\n")[0]
        raise SqlOff(f"The server that LLMTRACK_SQL_URL names does not let its role in ({reason}).", lines) from None
    return schema


def _check_role(reader: Any, schema: str, lines: str) -> None:
    excess = excess_of(reader, schema)
    if excess:
        raise SqlOff(
            f"LLMTRACK_SQL_URL is refused, because {excess}. Make a role that may read the views and nothing else, as "
            "below, and name it there.",
            lines,
        )


def _is_ready(reader: Any, ledger: Ledger, schema: str) -> bool:
    """Whether the views are there as this version has them, and the reader may read each."""
    (comment,) = reader.execute(_COMMENT).fetchone()
    (readable,) = reader.execute(_READABLE).fetchone()
    return bool(comment == _mark(ledger, schema) and readable == len(VIEWS))


def _mark(ledger: Ledger, schema: str) -> str:
    """What the schema's comment says: whose views these are, and which."""
    text = "\n".join(view.select("postgresql", schema) for view in VIEWS)
    return f"Views of the llmtrack ledger {ledger.owner.id}, {blake2b(text.encode(), digest_size=8).hexdigest()}"


def _check_schema(connection: Connection, ledger: Ledger, lines: str) -> None:
    sql = (
        "SELECT pg_has_role(nspowner, 'USAGE'), obj_description(oid, 'pg_namespace') "
        f"FROM pg_namespace WHERE nspname = '{SCHEMA}'"
    )
    row = connection.exec_driver_sql(sql).first()
    if row is None or not row[0]:
        missing = "there is no schema" if row is None else "the app does not own the schema"
        raise SqlOff(f"The views cannot be made, because {missing} {SCHEMA}: run the last line below.", lines)
    if row[1] and f"ledger {ledger.owner.id}," not in row[1]:
        raise SqlOff(
            f"The schema {SCHEMA} has the views of another ledger in this database: only one can be asked in SQL."
        )


def _make(connection: Connection, ledger: Ledger, schema: str, role: str) -> None:
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    ledger.dialect.drop_sql_views(connection)
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {SCHEMA} TO {role}")
    for view in VIEWS:
        connection.exec_driver_sql(f"CREATE VIEW {SCHEMA}.{view.name} AS {view.select('postgresql', schema)}")
        connection.exec_driver_sql(f"GRANT SELECT ON {SCHEMA}.{view.name} TO {role}")
    connection.exec_driver_sql(f"COMMENT ON SCHEMA {SCHEMA} IS '{_mark(ledger, schema)}'")
