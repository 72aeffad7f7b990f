"""What can go wrong with a statement, in words for the person who wrote it."""

from __future__ import annotations

from typing import Literal

Reason = Literal["refused", "limit", "mistake", "busy", "failed"]


class SqlError(Exception):
    """A statement that has no result: it was refused, cut off at a limit, or is wrong."""

    def __init__(self, message: str, reason: Reason = "mistake", position: int | None = None) -> None:
        """`position` is where in the statement, in characters from 0; None where that is not known."""
        super().__init__(message)
        self.reason = reason
        self.position = position


class SqlOff(Exception):
    """SQL cannot be asked here: the message says why, and `lines` is the SQL that changes it; empty where none does."""

    def __init__(self, message: str, lines: str = "") -> None:
        super().__init__(message)
        self.lines = lines


def too_slow(seconds: float) -> SqlError:
    """The statement was ended at the limit of time."""
    return SqlError(f"Cut off: it takes longer than {seconds:g} seconds. Ask for less, or of fewer rows.", "limit")


def too_large() -> SqlError:
    """The statement was ended at the limit of memory."""
    return SqlError("Cut off: it needs more memory than it may take. Ask for less, or of fewer rows.", "limit")
