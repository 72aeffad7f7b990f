"""The JSON of an import: the file itself, or the conversations in the zip that a program exports."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from llmtrack.chat.error_messages import ChatError

MOST_UNPACKED = 2_000_000_000
"""Bytes of JSON in one import, unpacked."""
_CHUNK = 256 * 1024
_LARGEST_READ = 8_000_000  # bytes; a zip's table of contents is read in one piece, and each entry takes ten times that
_CONVERSATIONS = re.compile(r"(?:.*/)?conversations(?:-\d+)?\.json", re.IGNORECASE)
_ATTACHED = re.compile(r"(?:.*/)?(?P<id>file[-_][A-Za-z0-9]{6,})[^/]*")
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_NO_ZIP = "This zip cannot be read: download the export again."


class _Bounded(io.RawIOBase):
    """A file of which no large piece is read at once."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if size > _LARGEST_READ:
            raise ChatError("This zip has too many files in it: import its conversations.json by itself.")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


class Attached:
    """The files beside the conversations in a zip, by the ids that messages know them by."""

    def __init__(self) -> None:
        self._archive: zipfile.ZipFile | None = None
        self._members: dict[str, zipfile.ZipInfo] = {}

    def look_in(self, archive: zipfile.ZipFile) -> None:
        """Use the files of this zip; none of them is unpacked before it is asked for."""
        self._archive = archive
        for member in archive.infolist():
            if match := _ATTACHED.match(member.filename):
                self._members.setdefault(match["id"], member)

    def content(self, id: str, most: int) -> tuple[str, bytes] | None:
        """A file's name and content; None where the zip has none by that id, or one of more than `most` bytes."""
        member = self._members.get(id)
        if self._archive is None or member is None or member.flag_bits & 1:
            return None
        try:
            with self._archive.open(member) as unpacked:
                data = unpacked.read(most + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError):
            return None  # a damaged file costs itself, and not the conversation
        name = member.filename.rpartition("/")[2].removeprefix(id).lstrip("-_") or member.filename.rpartition("/")[2]
        return None if len(data) > most or not data else (name, data)


def documents(file: BinaryIO, most: int = MOST_UNPACKED, attached: Attached | None = None) -> Iterator[Iterator[bytes]]:
    """The JSON documents of an import, each in pieces: read one to its end before the next.

    `attached` finds the zip's other files until the last document has been read. A zip's sizes are measured while it
    is unpacked, not believed. Raises `ChatError` for a zip that is damaged, encrypted, holds no conversations or
    unpacks to more than `most` bytes.
    """
    file.seek(0)
    is_zip = file.read(2) == b"PK"
    file.seek(0)
    if not is_zip:
        yield _pieces(file, [most])
        return
    left = [most]
    with _readable(), zipfile.ZipFile(_Bounded(file)) as archive:
        if attached is not None:
            attached.look_in(archive)
        # `shared_conversations.json` is a list of links, and not a document.
        members = [member for member in archive.infolist() if _CONVERSATIONS.fullmatch(member.filename)]
        if not members:
            raise ChatError(
                "There is no conversations.json or conversations-000.json in this zip: choose the export as it came."
            )
        for member in sorted(members, key=lambda member: member.filename):
            if member.compress_type not in _COMPRESSIONS or member.flag_bits & 1:
                raise ChatError(
                    f"{member.filename} in this zip is encrypted or packed in a way that is not read here: "
                    "unpack it, and import it by itself."
                )
            with archive.open(member) as unpacked:
                yield _pieces(unpacked, left)


def _pieces(file: object, left: list[int]) -> Iterator[bytes]:
    read = file.read  # type: ignore[attr-defined]
    while True:
        with _readable():
            piece: bytes = read(_CHUNK)
        if not piece:
            return
        left[0] -= len(piece)
        if left[0] < 0:
            raise ChatError("This import is larger than 2 GB when it is unpacked: import it in parts.")
        yield piece


@contextmanager
def _readable() -> Iterator[None]:
    """What a zip can be wrong in, in one sentence."""
    try:
        yield
    except ChatError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError):
        raise ChatError(_NO_ZIP) from None
