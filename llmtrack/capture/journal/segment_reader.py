"""The records of a journal file, read back in batches."""

from __future__ import annotations

import os
from typing import NamedTuple

from llmtrack.capture.journal.frame import HEAD_SIZE, MAGIC, Frame, decode, need
from llmtrack.capture.journal.segment import Segment

BATCH_RECORDS = 2000
READ_SIZE = 4 << 20


class Batch(NamedTuple):
    """What the next part of a journal file holds."""

    frames: list[Frame]
    damage: list[tuple[int, bytes]]
    """Stretches that are no records, with their positions. What follows them is read all the same."""
    end: int
    """Where the next part begins."""


def read_batch(segment: Segment, at: int | None = None) -> Batch:
    """The next frames of `segment`, `BATCH_RECORDS` at most. `at`: where to begin, if not where the ledger's end."""
    at, end = segment.done if at is None else at, segment.end
    size = min(READ_SIZE, end - at)
    data = os.pread(segment.fd, size, at)
    if len(data) >= HEAD_SIZE and (whole := need(data, 0)) is not None and len(data) < whole <= end - at:
        data = os.pread(segment.fd, whole, at)
    batch = Batch([], [], 0)
    base, position = at, 0
    while position < len(data) and len(batch.frames) < BATCH_RECORDS:
        frame = decode(data, position, base)
        if frame is not None:
            batch.frames.append(frame)
            position = frame.end - base
            continue
        if position and base + len(data) < end:
            break  # Perhaps only cut by our reading; the next read begins here.
        following = data.find(MAGIC, position + 1)
        following = following if following >= 0 else len(data)
        # Zeros are the unused end of a segment that was made ready.
        if damaged := data[position:following].rstrip(b"\0"):
            batch.damage.append((base + position, damaged))
        position = following
    return batch._replace(end=base + position)
