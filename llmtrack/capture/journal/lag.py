"""How far the ledger lags behind the journals: the oldest record that waits, in whatever process's file it lies."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from llmtrack.capture.journal.adoption import survey
from llmtrack.capture.journal.dead_letters import rejected_path
from llmtrack.capture.journal.frame import HEAD_SIZE, decode, need

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger

_READ = 1 << 16


@dataclass(frozen=True, slots=True)
class JournalLag:
    """What waits for a ledger."""

    files: int
    """Journal files with records that are not in the ledger yet."""
    seconds: float
    """How long the oldest of these records has waited; 0 where none does."""
    rejected_bytes: int
    """Size of the file that keeps the records the ledger could not take."""


def journal_lag(directory: Path, ledger: Ledger) -> JournalLag:
    """What waits for `ledger`, in its journal `directory` and elsewhere. Raises what the database raises."""
    ended = [at for path in survey(directory, ledger.owner, ledger.earlier).waiting if (at := _oldest(path, ledger))]
    rejected = rejected_path(directory, ledger.owner)
    size = rejected.stat().st_size if rejected.exists() else 0
    return JournalLag(len(ended), max(0.0, time.time() - min(ended)) if ended else 0.0, size)


def _oldest(path: Path, ledger: Ledger) -> float | None:
    """When the first record of a file that is not in the ledger was made, in seconds since 1970; None if all are."""
    try:
        with open(path, "rb") as file:
            begin = _end_of_header(file.fileno())
            at = max(begin, ledger.progress(path.name.partition(".")[0]))
            data = os.pread(file.fileno(), _READ, at)
            if len(data) < HEAD_SIZE or (whole := need(data, 0)) is None:
                return None
            frame = decode(data if whole <= len(data) else os.pread(file.fileno(), whole, at), 0, 0)
            changed = os.fstat(file.fileno()).st_mtime
    except OSError:
        return None  # taken in meanwhile
    if frame is None or not frame.started_at:
        return changed
    return (frame.started_at + max(0, frame.duration)) / 1_000_000


def _end_of_header(fd: int) -> int:
    data = os.pread(fd, _READ, 0)
    frame = decode(data, 0, 0)
    return frame.end if frame is not None and frame.ended == "ledger" else 0
