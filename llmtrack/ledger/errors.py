"""What can go wrong with a ledger, in words for the person who runs it."""

from __future__ import annotations


class LedgerError(Exception):
    """The ledger cannot be opened or changed as asked; the message is one sentence that says what to do about it."""


class JournalGap(Exception):
    """Records of a journal segment were to be written whose predecessors this ledger does not have.

    Another database, or an older state of this one, has taken the place of the one that took them in.
    """
