"""The kinds of columns that the tables are made of."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

Json = JSON().with_variant(JSONB(), "postgresql")
# SQLite makes a column the table's own order only if it is called INTEGER, which holds 64 bits there.
Id = BigInteger().with_variant(Integer(), "sqlite")
NO_ROWID = {"sqlite_with_rowid": False}


def big(**options: Any) -> Any:
    """A 64-bit integer column."""
    return Field(sa_type=BigInteger, **options)


def total() -> Any:
    """A 64-bit sum, 0 where nothing was added."""
    return big(default=0, sa_column_kwargs={"server_default": "0"})


def key(**options: Any) -> Any:
    """A 64-bit primary key given by us, not by the database."""
    return Field(primary_key=True, sa_type=Id, sa_column_kwargs={"autoincrement": False}, **options)


def given(**options: Any) -> Any:
    """A 32-bit primary key given by us."""
    return Field(primary_key=True, sa_column_kwargs={"autoincrement": False}, **options)


def word(kind: str, *, required: bool = False) -> Any:
    """The number that `name` has for a word of this kind; `required`: every row has one."""
    options: dict[str, Any] = {} if required else {"default": None}
    return Field(sa_column_kwargs={"info": {"kind": kind}}, **options)


def present(name: str, *columns: str) -> Index:
    """An index that holds only rows whose first column is known, so that it costs nothing where it is unused."""
    not_null = text(f"{columns[0]} IS NOT NULL")
    return Index(name, *columns, sqlite_where=not_null, postgresql_where=not_null)
