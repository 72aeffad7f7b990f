"""SQL that both databases understand, but for the sign of a parameter."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection


class Statements:
    """Writes statements, with `mark` for a parameter."""

    mark: str
    append_form: str
    """How an upsert appends the new bytes of column ``{c}`` to those in table ``{t}``, either of which may be NULL."""

    def from_json(self, value: Any) -> Any:
        """A JSON column as the driver gives it, as an object: SQLite keeps text."""
        return json.loads(value) if isinstance(value, str) else value

    def marks(self, count: int) -> str:
        """So many parameters, parted by commas."""
        return ", ".join([self.mark] * count)

    def insert_sql(self, table: str, columns: Sequence[str], suffix: str = "") -> str:
        """An insert of one row."""
        return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({self.marks(len(columns))}) {suffix}"

    def upsert_sql(
        self, table: str, key: Sequence[str], changes: Sequence[tuple[str, str]], values: str | None = None
    ) -> str:
        """An insert that on conflict changes the row there: `changes` are columns with ``add``, ``or``, ``set`` or
        ``append`` (bytes behind bytes). `values` says what is inserted, if it is not one row of parameters."""
        forms = {
            "add": "{c} = {t}.{c} + excluded.{c}",
            "or": "{c} = {t}.{c} | excluded.{c}",
            "set": "{c} = excluded.{c}",
            "append": self.append_form,
        }
        updates = ", ".join(forms[how].format(t=table, c=column) for column, how in changes)
        conflict = f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {updates}"
        columns = [*key, *(column for column, _ in changes)]
        if values is None:
            return self.insert_sql(table, columns, conflict)
        return f"INSERT INTO {table} ({', '.join(columns)}) {values} {conflict}"

    def select_by_key(
        self,
        connection: Connection,
        table: str,
        key: Sequence[str],
        columns: Sequence[str],
        keys: Sequence[tuple[Any, ...]],
    ) -> Iterator[tuple[Any, ...]]:
        """The key and these columns of the rows that have one of `keys`."""
        together = ", ".join(key)
        one = f"({self.marks(len(key))})"
        for start in range(0, len(keys), 100):
            chunk = keys[start : start + 100]
            # Padded, so that there is one statement to prepare and not a hundred.
            chunk = [*chunk, *[chunk[0]] * (100 - len(chunk))] if len(chunk) > 10 else chunk
            among = f"({together}) IN (VALUES {', '.join([one] * len(chunk))})"
            sql = f"SELECT {together}, {', '.join(columns)} FROM {table} WHERE {among}"
            for row in connection.exec_driver_sql(sql, tuple(part for each in chunk for part in each)):
                yield tuple(row)
