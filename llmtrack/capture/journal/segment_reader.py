"""The records of a journal file, read back in batches."""

from __future__ import annotations

import os

from llmtrack.capture.health import Health
from llmtrack.capture.journal.frame import HEAD_SIZE, MAGIC, Frame, decode, need
from llmtrack.capture.journal.segment import Segment

BATCH_RECORDS = 2000
READ_SIZE = 4 << 20


def read_frames(segment: Segment, health: Health, at: int | None = None) -> tuple[list[Frame], int]:
    """The next frames of `segment`, at most a batch, and where they end. Damage is skipped and counted.

    `at`: where to begin, if not where the ledger's records end.
    """
    at, end = segment.done if at is None else at, segment.end
    size = min(READ_SIZE, end - at)
    data = os.pread(segment.fd, size, at)
    if len(data) >= HEAD_SIZE and (whole := need(data, 0)) is not None and len(data) < whole <= end - at:
        data = os.pread(segment.fd, whole, at)
    frames: list[Frame] = []
    base, position = at, 0
    while position < len(data) and len(frames) < BATCH_RECORDS:
        frame = decode(data, position, base)
        if frame is not None:
            frames.append(frame)
            position = frame.end - base
            continue
        if position and base + len(data) < end:
            break  # Perhaps only cut by our reading; the next read begins here.
        following = data.find(MAGIC, position + 1)
        if following >= 0 or data[position:].strip(b"\0"):  # More than the unused end of a segment that was made ready.
            health.failed("damage", f"A damaged part of {segment.path} is skipped")
        position = following if following >= 0 else len(data)
    return frames, base + position
