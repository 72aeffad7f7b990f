"""Where records go that wait in memory when their program ends: the directory for temporary files.

That is the last resort of a program whose journal and whose ledger cannot be written, such as on a full disk. Each
spill is a segment in a directory of its own, marked with the ledger it belongs to. The next program that writes to that
ledger takes it in.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path

from llmtrack.capture.journal.segment import create_segment
from llmtrack.ledger.owner import Owner


def spill(owner: Owner, id: str, records: Sequence[bytes], at: int) -> Path:
    """Writes `records` into a new segment `id`, from the position `at` on; returns its path. Raises `OSError`.

    What is left before `at` stays empty, so that positions the ledger knows of this id mean the same records.
    """
    directory = Path(tempfile.mkdtemp(prefix=_prefix()))  # readable by its owner only
    try:
        segment = create_segment(directory, owner, id)
        try:
            data = memoryview(b"".join(records))
            at = max(at, segment.begin)
            while data:
                written = os.pwrite(segment.fd, data, at)
                data, at = data[written:], at + written
            os.fsync(segment.fd)
        finally:
            segment.release(delete=False)
    except OSError:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    return segment.path


def spill_directories() -> list[Path]:
    """The directories in which this user's programs left records; other users' are never looked into."""
    return [path for path in sorted(Path(tempfile.gettempdir()).glob(f"{_prefix()}*")) if _is_private(path)]


def remove_if_empty(directory: Path) -> None:
    """Removes a directory of spilled records once the last of them has been taken in."""
    if directory.name.startswith(_prefix()) and directory.parent == Path(tempfile.gettempdir()):
        try:
            directory.rmdir()
        except OSError:
            return  # Something else lies there.


def _prefix() -> str:
    return f"llmtrack-{os.getuid() if hasattr(os, 'getuid') else 'spill'}-"


def _is_private(path: Path) -> bool:
    """Whether nobody else can have put anything there."""
    try:
        status = path.lstat()
    except OSError:
        return False
    ours = not hasattr(os, "geteuid") or status.st_uid == os.geteuid()
    return stat.S_ISDIR(status.st_mode) and ours and not status.st_mode & 0o077
