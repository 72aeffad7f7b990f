"""Whether SQLite finds a ledger's file sound."""

from __future__ import annotations

from sqlalchemy import Connection


def assert_sound(connection: Connection) -> None:
    """What SQLite says about a whole file; and, whatever the version of SQLite, what one of them stumbles over."""
    assert connection.exec_driver_sql("PRAGMA quick_check").scalars().all() == ["ok"]
    assert connection.exec_driver_sql("PRAGMA integrity_check").scalars().all() == ["ok"]
    tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%WITHOUT ROWID%'"
    for table in connection.exec_driver_sql(tables).scalars().all():
        keys = connection.exec_driver_sql(f"SELECT pk FROM pragma_table_info('{table}') WHERE pk > 0").scalars().all()
        columns = connection.exec_driver_sql(f"SELECT pk FROM pragma_table_info('{table}')").scalars().all()
        assert columns[: len(keys)] == sorted(keys), f"{table} declares its key's columns first, in the key's order"
