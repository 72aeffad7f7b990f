"""Divide `generation`, its texts and their search by month on PostgreSQL, where the id, which is the time, says which.

Rows there are stay where they are: their table becomes the first partition, for everything before the next month, so
that a ledger of any size is divided in the time it takes to read it once. All of it is one transaction: where it is
interrupted, nothing has happened.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from alembic import op
from sqlalchemy import Connection

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_INDEXES: dict[str, tuple[str, ...]] = {
    "generation": ("generation_properties", "generation_session", "generation_trace", "generation_user_id"),
    "generation_text": (),
    "generation_search": ("generation_search_words",),
}
_TABLES = ", ".join(f"'{table}'::regclass" for table in _INDEXES)
_EPOCH = 1_577_836_800_000_000


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    views = connection.exec_driver_sql(
        "SELECT DISTINCT v.oid::regclass::text, pg_get_viewdef(v.oid) FROM pg_depend d "
        "JOIN pg_rewrite w ON w.oid = d.objid JOIN pg_class v ON v.oid = w.ev_class "
        f"WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid IN ({_TABLES}) AND v.relkind = 'v'"
    ).all()
    rights = {table: _rights(connection, table) for table in _INDEXES}
    empty = [before for table, indexes in _INDEXES.items() if (before := _divide(connection, table, indexes))]
    for view, definition in views:  # ours, and whatever somebody made for a dashboard: they would show the old table
        connection.exec_driver_sql(f"CREATE OR REPLACE VIEW {view} AS {definition}")
    for before in empty:
        connection.exec_driver_sql(f"DROP TABLE {before}")
    for table, granted in rights.items():
        for grantee, right in granted:
            connection.exec_driver_sql(f"GRANT {right} ON {table} TO {grantee}")


def _divide(connection: Connection, table: str, indexes: tuple[str, ...]) -> str | None:
    """Puts a divided table in the place of one; returns the old one's name if it was empty, and is no part of it."""
    before = f"{table}_before"
    connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {before}")
    connection.exec_driver_sql(f"ALTER INDEX {table}_pkey RENAME TO {before}_pkey")
    connection.exec_driver_sql(
        f"CREATE TABLE {table} (LIKE {before} INCLUDING DEFAULTS INCLUDING STORAGE, PRIMARY KEY (id)) "
        "PARTITION BY RANGE (id)"
    )
    for index in indexes:
        definition = connection.exec_driver_sql(f"SELECT pg_get_indexdef('{index}'::regclass)").scalar_one()
        connection.exec_driver_sql(f"ALTER INDEX {index} RENAME TO {index.replace(table, before, 1)}")
        head, on, rest = definition.partition(" ON ")
        connection.exec_driver_sql(f"{head}{on}{rest.replace(before, table, 1)}")
    if connection.exec_driver_sql(f"SELECT 1 FROM {before} LIMIT 1").first() is None:
        return before
    # What a wrong clock dated later than this month would keep later months from being divided.
    end = _first_id(_month_of(time.time_ns() // 1000) + 1)
    later = connection.exec_driver_sql(f"SELECT id FROM {before} WHERE id >= {end}").scalars().all()
    for month in sorted({_month_of((id >> 12) + _EPOCH) for id in later}):
        name = f"{table}_{month // 12}_{month % 12 + 1:02d}"
        bounds = f"FROM ({_first_id(month)}) TO ({_first_id(month + 1)})"
        connection.exec_driver_sql(f"CREATE TABLE {name} PARTITION OF {table} FOR VALUES {bounds}")
    if later:
        gone = f"DELETE FROM {before} WHERE id >= {end} RETURNING *"
        connection.exec_driver_sql(f"WITH later AS ({gone}) INSERT INTO {table} SELECT * FROM later")
    connection.exec_driver_sql(f"ALTER TABLE {table} ATTACH PARTITION {before} FOR VALUES FROM (MINVALUE) TO ({end})")
    return None


def _rights(connection: Connection, table: str) -> list[tuple[str, str]]:
    """Who was allowed what of a table, its owner left out."""
    rows = connection.exec_driver_sql(
        "SELECT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END, a.privilege_type "
        "FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee "
        f"WHERE c.oid = '{table}'::regclass AND a.grantee <> c.relowner"
    )
    return [(grantee, right) for grantee, right in rows]


def _first_id(month: int) -> int:
    start = datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return (int(start.timestamp()) * 1_000_000 - _EPOCH) << 12


def _month_of(at: int) -> int:
    """The month of a time, counted since the year 0."""
    when = datetime.fromtimestamp(at / 1e6, UTC)
    return when.year * 12 + when.month - 1
