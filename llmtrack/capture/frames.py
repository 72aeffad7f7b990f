"""How a record lies in a journal file: one frame, recognisable and checkable on its own.

A frame is a magic number, the lengths of its four parts, a checksum, and the parts: a small JSON header, the bytes
of the request, those of the response, and when each piece of a stream came (see `Frame`).
"""

from __future__ import annotations

import struct
import zlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

MAGIC = b"\x93LTJ"
_HEAD = struct.Struct("<4sIIIII")
HEAD_SIZE = _HEAD.size
LARGEST = 1 << 30
"""No frame is larger; a length beyond it is damage, not a record."""

Buffer = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class Frame:
    """A record as it was journalled."""

    header: bytes
    request: bytes
    response: bytes
    times: bytes
    """For each piece of a streamed response its length and nanoseconds since sending: two arrays of 64-bit integers."""
    end: int
    """Where the next frame begins in its file."""


def encode(
    header: bytes, request: bytes = b"", response: Sequence[bytes] = (), times: bytes = b""
) -> tuple[list[bytes], int]:
    """The pieces of a frame, to be written in one go, and their length together."""
    size = 0
    check = zlib.crc32(request, zlib.crc32(header))
    for piece in response:
        size += len(piece)
        check = zlib.crc32(piece, check)
    check = zlib.crc32(times, check)
    head = _HEAD.pack(MAGIC, len(header), len(request), size, len(times), check)
    whole = HEAD_SIZE + len(header) + len(request) + size + len(times)
    return [head, header, request, *response, times], whole


def need(data: Buffer, at: int) -> int | None:
    """How many bytes the frame that starts at `at` has in all; `None` if none can start there."""
    magic, header, request, response, times, _ = _HEAD.unpack_from(data, at)
    whole: int = HEAD_SIZE + header + request + response + times
    return whole if magic == MAGIC and whole <= LARGEST else None


def decode(data: Buffer, at: int, base: int) -> Frame | None:
    """The frame at `at` of `data`, which lies at `base` in its file; `None` if it is damaged or cut short."""
    if len(data) - at < HEAD_SIZE:
        return None
    magic, header_size, request_size, response_size, times_size, check = _HEAD.unpack_from(data, at)
    start = at + HEAD_SIZE
    end = start + header_size + request_size + response_size + times_size
    if magic != MAGIC or end > len(data) or end - at > LARGEST or zlib.crc32(memoryview(data)[start:end]) != check:
        return None
    cuts = (start, start + header_size, start + header_size + request_size, end - times_size, end)
    header, request, response, times = (bytes(data[a:b]) for a, b in pairwise(cuts))
    return Frame(header, request, response, times, base + end)


def pack_times(lengths: Sequence[int], ticks: Sequence[int], sent: int) -> bytes:
    """The lengths of a stream's pieces and the clock readings at which they came, as `Frame.times` has them."""
    return array("q", lengths).tobytes() + array("q", [tick - sent for tick in ticks]).tobytes()


def unpack_times(times: bytes) -> list[tuple[int, int]]:
    """For each piece of a stream, where it ends in the response and how many microseconds after sending it came."""
    numbers = array("q")
    numbers.frombytes(times)
    half = len(numbers) // 2
    pieces, end = [], 0
    for length, nanoseconds in zip(numbers[:half], numbers[half:], strict=True):
        end += length
        pieces.append((end, nanoseconds // 1000))
    return pieces
