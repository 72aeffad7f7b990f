"""Holds: what calls under way may come to, placed only where every limit of theirs has room."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sqlalchemy import Connection


class HoldsLost(Exception):
    """The holds cannot be read or written now. The driver's own error is the cause."""


class Entry(NamedTuple):
    """What one call holds of one limit, in the limit's unit."""

    limit_id: int
    subject: str
    period: int
    """When the period began: microseconds since 1970."""
    amount: int
    cap: int | None
    """How much may be used in the period; None: it is entered without a check."""

    @property
    def counter(self) -> tuple[int, str, int]:
        """What it counts in."""
        return self[:3]


@dataclass(frozen=True, slots=True)
class Wish:
    """A call that wants to be sent."""

    call_id: int
    """At random; it travels in the call's record."""
    started_at: int
    entries: tuple[Entry, ...]
    about: str
    """Who makes it of which model, as JSON: for the row that stands for it should its process die."""


class Shortage(NamedTuple):
    """A limit without room for a call, as the exact check saw it."""

    entry: Entry
    spent: int
    held: int
    """By calls under way, those included that have ended and are about to be booked."""
    ended: int
    """That part of `held`."""

    @property
    def room(self) -> int:
        """What is left; less than nothing where more was used than may be."""
        return (self.entry.cap or 0) - self.spent - self.held


Verdict = tuple[Shortage, ...]
"""Where a call would go beyond a limit; empty: it may go out, and its hold is placed."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds something."""

    id: int
    host: str
    pid: int
    lock: str
    """A file that it keeps locked for as long as it lives."""
    seen_at: int


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call that holds something."""

    call_id: int
    holder: int
    started_at: int
    about: str
    entries: tuple[Entry, ...]
    """Without caps."""
    ended: bool = False


class Holds(ABC):
    """Where the holds of a ledger are kept. Safe to use from any thread."""

    @abstractmethod
    def admit(self, wishes: Sequence[Wish], holder: int) -> list[Verdict]:
        """Places the holds of those for whom there is room, in one transaction; says why not for the others.

        Nobody is refused for another's wish that is refused itself. Raises `HoldsLost`.
        """

    @abstractmethod
    def enter(self, wishes: Sequence[Wish], holder: int) -> None:
        """Adds entries of calls under way without a check: their limit is newer than they are. Raises `HoldsLost`."""

    @abstractmethod
    def mark_ended(self, calls: Sequence[int]) -> None:
        """Notes that calls have ended and are about to be booked. Raises `HoldsLost`."""

    @abstractmethod
    def release(self, calls: Sequence[int]) -> None:
        """Removes the holds of calls that have been booked, or were never sent. Raises `HoldsLost`."""

    @abstractmethod
    def register(self, holder: Holder) -> None:
        """Notes that a process is about to hold something, or still lives. Raises `HoldsLost`."""

    @abstractmethod
    def forget(self, holder: int) -> None:
        """Removes a process that holds nothing any more. Raises `HoldsLost`."""

    @abstractmethod
    def holders(self) -> list[Holder]:
        """The processes that hold something, or did. Raises `HoldsLost`."""

    @abstractmethod
    def open_calls(self, holder: int | None = None) -> list[OpenCall]:
        """The calls that hold something, booked ones left out; those of one process, or all. Raises `HoldsLost`."""

    @abstractmethod
    def still_held(self, connection: Connection, calls: Sequence[int]) -> set[int]:
        """Those of `calls` that hold something and are not booked, as of a transaction of the ledger that keeps other
        writers out. Raises `HoldsLost`."""

    @abstractmethod
    def sweep(self, holder: int) -> None:
        """Removes what a process still holds for calls that have been booked. Raises `HoldsLost`."""

    @abstractmethod
    def close(self) -> None:
        """Lets go of connections; the next use opens new ones."""


def calls_of(rows: Sequence[tuple[int, int, int, str | None, int, int, str, int, int]]) -> list[OpenCall]:
    """Open calls from rows of `hold`: call, holder, start, about, ended, limit, subject, period, amount."""
    parts: dict[int, list[tuple[int, int, int, str | None, int, int, str, int, int]]] = {}
    for row in rows:
        parts.setdefault(row[0], []).append(row)
    return [
        OpenCall(
            call,
            own[0][1],
            own[0][2],
            next((row[3] for row in own if row[3] is not None), "{}"),
            tuple(Entry(row[5], row[6], row[7], row[8], None) for row in own),
            any(row[4] for row in own),
        )
        for call, own in parts.items()
    ]
