"""Whose fault it is when writing fails: the records', or the database's."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError


def is_records_fault(error: Exception) -> bool:
    """Whether writing failed for what was to be written, and not because the database cannot be written at all."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None)
        if state is not None:  # PostgreSQL: bad data, a constraint, too large for an index
            return str(state)[:2] in ("22", "23", "54")
        return type(error).__name__ not in ("OperationalError", "InternalError")
    return isinstance(error, ArithmeticError | AssertionError | AttributeError | LookupError | TypeError | ValueError)
