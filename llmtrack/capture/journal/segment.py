"""A journal file: whose records it holds, where it ends, and who may read it.

It begins with a frame that says to which ledger it belongs, and is locked by the process that writes it, for as long as
that lives.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from llmtrack.capture.journal.frame import HEAD_SIZE, MAGIC, decode, encode, is_whole, need
from llmtrack.ledger.owner import Owner

try:
    import fcntl
except ImportError:  # Windows: records wait in memory there.
    fcntl = None  # type: ignore[assignment]

SUFFIX = ".journal"
UNFINISHED = ".new"
"""A segment's suffix until it is locked and marked."""
FORMAT = 1
"""Raised when earlier versions could no longer read what is written; they set such a file aside."""
ASIDE = ".aside"
"""Behind the name of a journal file that no ledger takes in by itself."""
SEGMENT_SIZE = 16 << 20
"""A segment is closed and a new one begun beyond this many bytes."""
_HEADER = 512
"""Bytes of the first frame, or a multiple of it: it is written again in its place when the id becomes known."""


class Segment:
    """A journal file: where it ends, and how far it has been read and committed."""

    readable = True
    """Whether this version can read it; if not, nobody takes it in."""

    def __init__(self, id: str, path: Path, fd: int, end: int = 0, owner: Owner | None = None, begin: int = 0) -> None:
        self.id = id
        self.path = path
        self.fd = fd
        self.owner = owner
        """The ledger it belongs to; None where nothing says so, as versions before did not."""
        self.begin = begin
        """Where its records begin."""
        self.end = max(begin, end)
        self.size = SEGMENT_SIZE
        """Beyond this no further record is begun."""
        self.done = begin
        """Everything before this offset is in the ledger."""
        self.synced = 0
        """Everything before this offset survives a power cut, as far as this process knows."""
        self.closed = False
        """No more records will be appended."""
        self.uncut: dict[int, bytes] = {}
        """Whole requests of this process whose record holds them without large media, by the record's end."""

    @property
    def written(self) -> bool:
        """Whether all its records are in the ledger."""
        return self.done >= self.end

    @property
    def unused(self) -> bool:
        """Whether there is nothing but zeros in it."""
        at = self.begin
        while at < self.end and (data := os.pread(self.fd, 1 << 20, at)):
            if data.strip(b"\0"):
                return False
            at += len(data)
        return True

    def mark(self, owner: Owner) -> bool:
        """Writes anew to which ledger it belongs; False if there is no room for that. Raises `OSError`."""
        first = header(owner)
        if len(first) != self.begin:
            return False
        os.pwrite(self.fd, first, 0)
        self.owner = owner
        return True

    def release(self, *, delete: bool) -> None:
        """Lets go of the file, and of the lock with it."""
        if delete:
            self.path.unlink(missing_ok=True)
        os.close(self.fd)
        self.fd = -1

    def set_aside(self) -> Path:
        """Lets go of the file under another name, by which nobody takes it in; returns it. Raises `OSError`."""
        aside = self.path.with_name(self.path.name.removesuffix(ASIDE) + ASIDE)
        self.path.rename(aside)
        self.release(delete=False)
        return aside


def create_segment(directory: Path, owner: Owner, id: str | None = None) -> Segment:
    """A new, locked segment. It gets its name only once it is locked and marked: nobody takes it for another's."""
    if fcntl is None:
        raise OSError(errno.ENOTSUP, "this system has no file locks")
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    id = secrets.token_hex(8) if id is None else id
    young = directory / f"{id}{UNFINISHED}"
    fd = os.open(young, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        first = header(owner)
        if os.pwrite(fd, first, 0) != len(first):
            raise OSError(errno.ENOSPC, "only a part of a segment's header could be written")
        path = directory / f"{id}{SUFFIX}"
        young.rename(path)
    except OSError:
        os.close(fd)
        young.unlink(missing_ok=True)
        raise
    return Segment(id, path, fd, owner=owner, begin=len(first))


def take_over(path: Path) -> Segment | None:
    """The segment of a process that died, locked for us; `None` while its owner lives or if another was faster."""
    if fcntl is None:
        return None
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        here, there = os.fstat(fd), os.stat(path)
        if here.st_ino != there.st_ino:
            raise OSError(errno.ENOENT, "replaced")
        header = _read_header(fd)
    except OSError:
        os.close(fd)
        return None
    segment = Segment(path.name.partition(".")[0], path, fd, here.st_size, header.owner, header.begin)
    segment.readable = header.readable
    segment.closed = True
    return segment


def owner_of(path: Path) -> Owner | None:
    """The ledger a journal file belongs to, read without its lock; None where nothing says so. Raises `OSError`."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return _read_header(fd).owner
    finally:
        os.close(fd)


def owners(directory: Path) -> Iterator[tuple[Path, Owner | None]]:
    """Every journal file of a directory, with the ledger it belongs to."""
    for path in sorted(directory.glob(f"*{SUFFIX}")):
        try:
            yield path, owner_of(path)
        except OSError:
            continue  # taken in meanwhile


def header(owner: Owner) -> bytes:
    """The frame that says of all that follows to which ledger it belongs."""
    metadata = json.dumps({"address": owner.address, "id": owner.id or "0" * 32, "format": FORMAT}).encode()
    size = -(-(HEAD_SIZE + len(metadata)) // _HEADER) * _HEADER
    return encode(metadata.ljust(size - HEAD_SIZE), ended="ledger")


class _Header(NamedTuple):
    owner: Owner | None
    begin: int
    """Where the records begin."""
    readable: bool


def _read_header(fd: int) -> _Header:
    """The ledger a journal file belongs to, where its records begin, and whether this version can read them."""
    data = os.pread(fd, _HEADER, 0)
    whole = need(data, 0) if len(data) >= HEAD_SIZE else None
    if whole is None:
        return _Header(None, 0, _has_frames(fd))
    if whole > len(data):
        data = os.pread(fd, min(whole, 1 << 20), 0)
    frame = decode(data, 0, 0)
    if frame is None:
        return _Header(None, 0, not is_whole(data, 0))  # whole, but of a kind that we do not know
    if frame.ended != "ledger":
        return _Header(None, 0, True)
    try:
        metadata = json.loads(frame.metadata)
        id = str(metadata.get("id", ""))
        owner = Owner(str(metadata.get("address", "")), id if id.strip("0") else None)
        return _Header(owner, frame.end, int(metadata.get("format", 1)) <= FORMAT)
    except (AttributeError, TypeError, ValueError):
        return _Header(None, frame.end, False)


def _has_frames(fd: int) -> bool:
    """Whether a file that does not begin with a frame has one further on, or nothing but zeros."""
    at, size, zeros = 0, os.fstat(fd).st_size, True
    while at < size:
        data = os.pread(fd, 1 << 20, at)
        if MAGIC in data:
            return True
        zeros = zeros and not data.strip(b"\0")
        at += max(1, len(data) - len(MAGIC) + 1)
    return zeros
