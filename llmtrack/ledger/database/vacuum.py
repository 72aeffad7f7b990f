"""Making an SQLite file smaller, piece by piece, each in a turn of its own, so that others write meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

Turn = Callable[[], AbstractContextManager[None]]
_INDEXES = ("generation_search", "message_search")
_MERGED_PAGES, _FREED_PAGES = 500, 2_000
"""How much is done in one turn: some milliseconds' worth."""
_PATIENCE = 5.0
"""Seconds for which a checkpoint waits for readers of what was deleted."""


def shrink_file(cursor: Any, turn: Turn) -> None:
    """Takes deleted words out of the full-text indexes, frees deleted pages, and empties the write-ahead log."""
    for table in _INDEXES:
        _merge(cursor, table, turn)
    while free := _number(cursor, "PRAGMA freelist_count"):
        with turn():
            # As a script: `execute` would stop at the first of its steps, each of which frees one page.
            cursor.executescript(f"PRAGMA incremental_vacuum({_FREED_PAGES})")
        if _number(cursor, "PRAGMA freelist_count") >= free:
            break  # a file that somebody else made, without the map this needs
    # Nothing of what was deleted may be left in the log either; readers may keep us from it for a while.
    deadline = time.monotonic() + _PATIENCE
    while _number(cursor, "PRAGMA wal_checkpoint(TRUNCATE)") and time.monotonic() < deadline:
        time.sleep(0.05)


def _merge(cursor: Any, table: str, turn: Turn) -> None:
    """Merges a full-text index, which keeps words of deleted texts in older parts, into one part.

    A first negative step and positive ones until nothing is left to do are "optimize" in pieces
    (https://www.sqlite.org/fts5.html#the_merge_command).
    """
    step, changed = -_MERGED_PAGES, 2
    while changed >= 2:
        with turn():
            before = _number(cursor, "SELECT total_changes()")
            cursor.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('merge', {step})")
            changed = _number(cursor, "SELECT total_changes()") - before
        step = _MERGED_PAGES


def _number(cursor: Any, sql: str) -> int:
    return int(cursor.execute(sql).fetchone()[0])
