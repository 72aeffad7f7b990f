"""What SQLite and PostgreSQL have in common, and a list of all that differs between them."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

_KEYS_AT_ONCE = 500
BUSY_SECONDS = 30
"""How long SQLite itself waits for another process's transaction before we start over."""


def driver_error(error: Exception) -> BaseException | None:
    """The driver's own error in SQLAlchemy's, or `error` where SQLAlchemy was gone past."""
    return error.orig if isinstance(error, DBAPIError) else error


class Dialect(ABC):
    """One kind of database: SQL that both understand but for the sign of a parameter, and what each does in its way."""

    name: str
    placeholder: str
    """The sign of a parameter."""
    append_form: str
    """How an upsert appends the new bytes of column ``{c}`` to those in table ``{t}``, either of which may be NULL."""

    least: str
    """The function that gives the smaller of two values."""
    greatest: str
    for_update: str
    """After a select: nobody else may change these rows until the transaction ends."""
    for_share: str
    """After a select: nobody may change these rows until the transaction ends."""
    is_divided = False
    """Whether `generation` and its texts are divided by month."""
    bound_spans = False
    """Whether the planner must be told what many spans of ids lie in, or it takes them for most of the rows."""

    @abstractmethod
    def engine(self, url: URL) -> Engine:
        """An engine whose connections are set up for us. A connection with the option `writes` may write."""

    @abstractmethod
    def write_lock(self, engine: Engine) -> AbstractContextManager[None]:
        """A lock for the length of a writing transaction, where the database does not order writers fairly."""

    @abstractmethod
    def is_transient(self, error: Exception) -> bool:
        """Whether the same transaction may well succeed if tried again. `error` may be SQLAlchemy's or the driver's."""

    @abstractmethod
    def reserve(self, connection: Connection, table: str, count: int) -> Sequence[int]:
        """Ids for `count` new rows of `table`, that nobody else will use."""

    @abstractmethod
    def lock_sketches(self, connection: Connection) -> None:
        """Waits until no other writer is between reading and writing sketches; held until the transaction's end."""

    @abstractmethod
    def lock_for_migration(self, connection: Connection) -> None:
        """Waits until no other process is migrating; held until the transaction's end."""

    @abstractmethod
    def drop_sql_views(self, connection: Connection) -> None:
        """Drops the views that SQL is asked of, so that they are in no migration's way; made anew when asked."""

    @abstractmethod
    def read_options(self) -> dict[str, Any]:
        """Options of a connection that reads several things as they were at one moment."""

    @abstractmethod
    def search_insert_sql(self, table: str) -> str:
        """An insert of (id, `indexed_text`) into a full-text index: ``generation_search`` or ``message_search``."""

    @abstractmethod
    def search_delete(self, connection: Connection, table: str, texts: Sequence[tuple[int, Sequence[str]]]) -> None:
        """Takes texts, given by id and words, out of the full-text index."""

    @abstractmethod
    def indexed_text(self, words: Sequence[str]) -> str:
        """What goes into the full-text index for a text of these words."""

    @abstractmethod
    def search_sql(self, table: str) -> str:
        """A condition on ``id`` of the texts that hold all words of `search_terms`, as one parameter."""

    @abstractmethod
    def search_page_sql(self, table: str, *, down: bool) -> str:
        """Ids of such texts in order. Parameters: the terms, the first id, the one after the last, how many."""

    @abstractmethod
    def search_terms(self, phrases: Sequence[Sequence[str]], *, prefix: bool = False, each: bool = False) -> str:
        """The parameter of `search_sql`: all phrases (lists of words).

        `prefix`: the last word may be unfinished; with `each`, the last one of every phrase.
        """

    @abstractmethod
    def size(self, connection: Connection) -> int:
        """Bytes the ledger takes on disk."""

    @abstractmethod
    def bulk_insert(
        self, connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Inserts many rows in the fastest way there is."""

    @abstractmethod
    def make_room(self, connection: Connection, generations: Iterable[int]) -> None:
        """Has `generation` and its texts take rows with these ids, before they are written."""

    @abstractmethod
    def make_ready(self, connection: Connection, now: int) -> None:
        """Has them take the rows of this month and the next; `now` is microseconds since 1970."""

    def drop_texts(self, connection: Connection, before: int) -> int:
        """Removes texts with ids before this one as far as that is done without looking at each; returns how many.

        Nobody may write generations meanwhile.
        """
        return 0

    def drop_empty(self, connection: Connection, before: int) -> list[str]:
        """Gives back the room of deleted generations with ids before this one as far as that is done at once.

        Returns the names of the tables that went. Nobody may write generations meanwhile.
        """
        return []

    def duplicates(self) -> tuple[type[Exception], ...]:
        """The exceptions of `bulk_insert` where a key is taken."""
        return (IntegrityError,)

    @abstractmethod
    def continue_ids(self, connection: Connection, tables: Sequence[str]) -> None:
        """Makes `reserve` go on behind the ids that these tables hold now."""

    @abstractmethod
    def clear_search(self, connection: Connection, table: str) -> None:
        """Empties a full-text index."""

    @abstractmethod
    def backups(self, engine: Engine) -> list[Path]:
        """The backups that upgrades have left beside the ledger."""

    @abstractmethod
    def shrink(self, engine: Engine, *, gently: bool = False) -> None:
        """Gives the space of deleted rows back to the file system; `gently`: only as far as nobody has to wait."""

    def upsert_numbers(
        self,
        connection: Connection,
        table: str,
        key: Sequence[str],
        changes: Sequence[tuple[str, str]],
        rows: Sequence[tuple[int, ...]],
    ) -> None:
        """Does what `upsert_sql` says for many rows, each with a key of its own, whose values are all integers."""
        columns = dict.fromkeys((*key, *(column for column, _ in changes)), "bigint")
        self.upsert_rows(connection, table, columns, rows, self.conflict_sql(table, key, changes))

    def upsert_rows(
        self,
        connection: Connection,
        table: str,
        columns: Mapping[str, str],
        rows: Sequence[tuple[Any, ...]],
        conflict: str,
    ) -> None:
        """Inserts rows; `columns` are those given, with PostgreSQL's names of their types, `conflict` is what is done
        on conflict."""
        connection.exec_driver_sql(self.insert_sql(table, list(columns), conflict), list(rows))

    def from_json(self, value: Any) -> Any:
        """A JSON column as the driver gives it, as an object: SQLite keeps text."""
        return json.loads(value) if isinstance(value, str) else value

    def placeholders(self, count: int) -> str:
        """So many parameters, separated by commas."""
        return ", ".join([self.placeholder] * count)

    def insert_sql(self, table: str, columns: Sequence[str], suffix: str = "") -> str:
        """An insert of one row."""
        return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({self.placeholders(len(columns))}) {suffix}"

    def conflict_sql(self, table: str, key: Sequence[str], changes: Sequence[tuple[str, str]]) -> str:
        """The end of an insert that changes the row that is there: `changes` are columns with ``add``, ``or``, ``set``
        or ``append`` (bytes behind bytes)."""
        forms = {
            "add": "{c} = {t}.{c} + excluded.{c}",
            "or": "{c} = {t}.{c} | excluded.{c}",
            "set": "{c} = excluded.{c}",
            "append": self.append_form,
        }
        updates = ", ".join(forms[how].format(t=table, c=column) for column, how in changes)
        return f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {updates}"

    def upsert_sql(
        self, table: str, key: Sequence[str], changes: Sequence[tuple[str, str]], values: str | None = None
    ) -> str:
        """An insert that on conflict changes the row there as `conflict_sql` says.

        `values` is the SQL of what is inserted, if it is not one row of parameters.
        """
        conflict = self.conflict_sql(table, key, changes)
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
        wanted = list(dict.fromkeys(keys))
        none = (None,) * len(key)
        for start in range(0, len(wanted), _KEYS_AT_ONCE):
            chunk = wanted[start : start + _KEYS_AT_ONCE]
            # Padded with keys that no row has, so that there are a few statements to prepare and not hundreds.
            padded = next(
                size for size in (len(chunk) if len(chunk) <= 10 else 100, _KEYS_AT_ONCE) if size >= len(chunk)
            )
            chunk = [*chunk, *[none] * (padded - len(chunk))]
            listed = ", ".join([f"({self.placeholders(len(key))})"] * len(chunk))
            sql = self.select_by_key_sql(table, key, columns, listed)
            for row in connection.exec_driver_sql(sql, tuple(part for key in chunk for part in key)):
                yield tuple(row)

    def select_by_key_sql(self, table: str, key: Sequence[str], columns: Sequence[str], listed: str) -> str:
        """A select of the key and these columns of the rows whose key is in the list of VALUES."""
        together = ", ".join(key)
        return f"SELECT {together}, {', '.join(columns)} FROM {table} WHERE ({together}) IN (VALUES {listed})"
