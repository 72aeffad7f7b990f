"""Declare the columns of a SQLite table in the order of its key: `PRAGMA quick_check` of SQLite 3.40 asks for it.

Where a table without row ids declares its columns in another order than its key, that version reads the header of a
row too late and calls columns NULL that are not (3.39 and 3.41 do not; `PRAGMA integrity_check` of 3.40 does not,
either). Who looks after a crash would be told that a sound ledger is damaged.
"""

from collections.abc import Sequence

from alembic import op
from sqlalchemy import Connection, RowMapping

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        return
    tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%WITHOUT ROWID' ORDER BY name"
    for table in connection.exec_driver_sql(tables).scalars().all():
        columns = connection.exec_driver_sql(f"SELECT * FROM pragma_table_info('{table}')").mappings().all()
        ordered = sorted(columns, key=lambda column: (not column["pk"], column["pk"]))
        if ordered != columns:
            _make_again(connection, table, ordered)


def _make_again(connection: Connection, table: str, columns: Sequence[RowMapping]) -> None:
    """Copies a table into one whose columns are declared in this order, and puts that in its place."""
    definitions = [
        f"{column['name']} {column['type']}"
        + (f" DEFAULT {column['dflt_value']}" if column["dflt_value"] is not None else "")
        + (" NOT NULL" if column["notnull"] else "")
        for column in columns
    ]
    key = ", ".join(column["name"] for column in columns if column["pk"])
    names = ", ".join(column["name"] for column in columns)
    made = f"{table}_in_order"
    connection.exec_driver_sql(f"CREATE TABLE {made} ({', '.join(definitions)}, PRIMARY KEY ({key})) WITHOUT ROWID")
    connection.exec_driver_sql(f"INSERT INTO {made} ({names}) SELECT {names} FROM {table}")
    connection.exec_driver_sql(f"DROP TABLE {table}")
    connection.exec_driver_sql(f"ALTER TABLE {made} RENAME TO {table}")
