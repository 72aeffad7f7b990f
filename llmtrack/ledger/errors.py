"""What can go wrong with a ledger, in words for the person who runs it."""

from __future__ import annotations


class LedgerError(Exception):
    """The ledger cannot be opened or changed as asked; the message is one sentence that says what to do about it."""
