"""Whose fault it is when writing fails: the records', or the database's."""

from __future__ import annotations

import sqlite3
from enum import Enum

from sqlalchemy.exc import DBAPIError

_SQLITE_STATES = frozenset(
    {
        sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_SCHEMA, sqlite3.SQLITE_NOLFS,
        sqlite3.SQLITE_AUTH, sqlite3.SQLITE_NOTADB,
    }
)  # fmt: skip
_RECORDS_CLASSES = ("22", "23", "54")
"""PostgreSQL's classes of errors (its manual, appendix A): bad data, a constraint, too large for an index."""
_DATABASE_CLASSES = ("08", "25", "28", "3D", "40", "53", "55", "57", "58", "F0")
"""Connection, read-only, log-in, no such database, rolled back, no room, not ready, shut down, system, settings."""
_DATABASE_STATES = ("42P01", "42703", "42501")
"""A table or a column is missing; no permission."""


class Fault(Enum):
    """Why something could not be written."""

    RECORDS = "records"
    """For what was to be written: it will never be."""
    DATABASE = "database"
    """The database cannot be written now, whatever it is given."""
    UNCLEAR = "unclear"


def fault_of(error: Exception) -> Fault:
    """Why writing failed; `error` is SQLAlchemy's, or the driver's own where SQLAlchemy was gone past."""
    cause: BaseException | None = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return _fault_in_sqlite(cause)
    if hasattr(cause, "sqlstate"):  # psycopg's errors
        return _fault_in_postgresql(
            str(getattr(cause, "sqlstate", None) or ""), {each.__name__ for each in type(cause).__mro__}
        )
    if isinstance(error, OSError | MemoryError):
        return Fault.DATABASE
    ours = ArithmeticError | AssertionError | AttributeError | LookupError | TypeError | ValueError
    return Fault.RECORDS if isinstance(error, ours) else Fault.UNCLEAR


def is_database_away(error: Exception) -> bool:
    """Whether the database cannot be reached or used now, and nothing is wrong with what it was asked."""
    return isinstance(error, DBAPIError) and fault_of(error) is Fault.DATABASE


def _fault_in_sqlite(cause: sqlite3.Error) -> Fault:
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None and code & 0xFF in _SQLITE_STATES:
        return Fault.DATABASE
    if isinstance(cause, sqlite3.OperationalError | sqlite3.InternalError):
        return Fault.DATABASE if "no such" in str(cause) else Fault.UNCLEAR
    return Fault.RECORDS


def _fault_in_postgresql(state: str, classes: set[str]) -> Fault:
    if state[:2] in _RECORDS_CLASSES:
        return Fault.RECORDS
    if state[:2] in _DATABASE_CLASSES or state in _DATABASE_STATES:
        return Fault.DATABASE
    if state:
        return Fault.UNCLEAR
    # Raised by the driver itself, before the server saw anything or when it had gone.
    if classes & {"OperationalError", "InternalError", "InterfaceError"}:
        return Fault.DATABASE
    return Fault.RECORDS
