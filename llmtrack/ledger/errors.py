"""What can go wrong with a ledger, in words for the person who runs it."""

from __future__ import annotations


class LedgerError(Exception):
    """The ledger cannot be opened or changed as asked; the message is one sentence that says what to do about it."""


class JournalGap(Exception):
    """Records of a journal segment were to be written whose predecessors this ledger does not have.

    Another database, or an older state of this one, has taken the place of the one that took them in.
    """


def is_records_fault(error: Exception) -> bool:
    """Whether writing failed for what was to be written, and not because the database cannot be written at all."""
    from sqlalchemy.exc import DBAPIError  # not above: importing the ledger loads no database library

    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None)
        if state is not None:  # PostgreSQL: bad data, a constraint, too large for an index
            return str(state)[:2] in ("22", "23", "54")
        return type(error).__name__ not in ("OperationalError", "InternalError")
    return isinstance(error, ArithmeticError | AssertionError | AttributeError | LookupError | TypeError | ValueError)
