"""Records that their ledger would not take: keeping them beside the journal, and letting go of some of them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from llmtrack.capture.journal.frame import MAGIC, Frame, again, decode, encode
from llmtrack.capture.journal.segment import header
from llmtrack.ledger.owner import Owner

REJECTED = "records.rejected"
"""The name of the file in which versions before kept them, whatever the ledger."""


def rejected_path(directory: Path, owner: Owner) -> Path:
    """The file of a ledger's rejected records. Called ``something.journal``, it is taken in again by that ledger."""
    return directory / f"records-{(owner.id or '')[:12]}.rejected"


def keep(directory: Path, owner: Owner, frame: Frame) -> Path:
    """Adds a record of a ledger's; returns the file. Raises `OSError` if it cannot be written."""
    path = rejected_path(directory, owner)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)  # no journal was made where records wait in memory
    _append(path, owner, again(frame))
    return path


def keep_damage(directory: Path, owner: Owner, data: bytes, segment: str, at: int) -> Path:
    """Adds bytes that should be a record and are none, from position `at` of a segment; returns the file.

    Raises `OSError` if it cannot be written.
    """
    metadata = json.dumps({"segment": segment, "at": at}).encode()
    frame = decode(encode(metadata, time.time_ns() // 1000, ended="damage", response=data), 0, 0)
    assert frame is not None
    return keep(directory, owner, frame)


def forget_user(directory: Path, owner: Owner, user_id: str) -> int:
    """Removes what is kept there of a user, and what nobody could say whose it is; returns how many records went."""
    return _forget(directory, owner, lambda frame: _user_of(frame) in (user_id, _UNKNOWN_USER))


def forget_before(directory: Path, owner: Owner, at: int) -> int:
    """Removes records of calls that began before `at` (microseconds since 1970); returns how many."""
    return _forget(directory, owner, lambda frame: _began(frame) < at)


_UNKNOWN_USER = object()


def _user_of(frame: Frame) -> object:
    from llmtrack.capture.journal.decode import record_of

    try:
        record = record_of(frame)
    except Exception:
        # Whatever is wrong with it may be why it was rejected.
        return _UNKNOWN_USER
    return getattr(record, "user_id", _UNKNOWN_USER)


def _began(frame: Frame) -> int:
    """When a record was made; of those that say so only inside, long ago."""
    from llmtrack.capture.journal.decode import record_of

    if frame.started_at:
        return frame.started_at
    try:
        record = record_of(frame)
    except Exception:
        return 0
    at = getattr(record, "started_at", None) or getattr(record, "at", None)
    return int(at or 0)


def _forget(directory: Path, owner: Owner, gone: Callable[[Frame], bool]) -> int:
    """Sorts anew the file of a ledger, and the one of versions before, which may hold records of it."""
    before = _forget_in(directory / REJECTED, None, gone)
    return before + _forget_in(rejected_path(directory, owner), owner, gone)


def _forget_in(path: Path, owner: Owner | None, gone: Callable[[Frame], bool]) -> int:
    """Sorts a file anew. It is moved away first, so that a writer begins another instead of losing what it adds."""
    sorting = path.with_suffix(".sorting")
    count = 0
    if sorting.exists():  # an earlier run was interrupted; better a record twice than one that stays
        count += _sort(sorting, path, owner, gone)
    try:
        path.rename(sorting)
    except FileNotFoundError:
        return count
    return count + _sort(sorting, path, owner, gone)


def _sort(source: Path, target: Path, owner: Owner | None, gone: Callable[[Frame], bool]) -> int:
    """Appends to `target` what stays of `source`; returns how many records do not. Damaged ones do not."""
    count = 0
    remaining: list[bytes] = []
    for frame in _frames(source.read_bytes()):
        if frame is None or gone(frame):
            count += 1
        else:
            remaining.append(again(frame))
    if remaining:
        _append(target, owner, b"".join(remaining))
    source.unlink()
    return count


def _append(path: Path, owner: Owner | None, data: bytes) -> None:
    with open(path, "ab", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        if owner is not None and file.tell() == 0:
            data = header(owner) + data
        file.write(data)


def _frames(data: bytes) -> Iterator[Frame | None]:
    """Every record, and None for each stretch that is none."""
    at = 0
    while at < len(data):
        frame = decode(data, at, 0)
        if frame is None:
            following = data.find(MAGIC, at + 1)
            at = following if following >= 0 else len(data)
        else:
            at = frame.end
        if frame is None or frame.ended != "ledger":
            yield frame
