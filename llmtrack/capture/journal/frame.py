"""How a record lies in a journal file: one frame, recognisable and checkable on its own.

A frame is a head of fixed size (a magic number, the numbers every call has, the lengths of the parts, a checksum), and
its parts, most of them empty most of the time. The head is packed in one go, as it is made in the caller's thread.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple
from zlib import crc32

MAGIC = b"\x93LTJ"
_HEAD = struct.Struct("<4sIqqHHBB6I")
_CHECKED = struct.Struct("<qqHHBB6I")
"""The head from behind the checksum."""
_CHECK = struct.Struct("<I")
HEAD_SIZE = _HEAD.size
_UNCHECKED = HEAD_SIZE - _CHECKED.size
SMALL = 64 << 10
"""Bytes that are put together before they are written, which is faster than writing pieces."""
LARGEST = 1 << 30
"""No frame is larger; a length beyond it is damage, not a record."""

ENDINGS = ("read", "closed", "error", "cancelled", "abandoned", "refused", "record", "ledger", "damage")
"""How a call ended, as its number. ``record`` is no call but a record complete in its JSON: a span, an identity, …;
``ledger`` says to which ledger what follows belongs; ``damage`` keeps bytes that are no frame, in the dead letters."""
_NUMBERS = {name: number for number, name in enumerate(ENDINGS)}
STREAMED, NO_REQUEST, NO_RESPONSE = 1, 2, 4


class Frame(NamedTuple):
    """A record as it was journalled."""

    started_at: int
    duration: int
    attempts: int
    http_status: int | None
    ended: str
    flags: int
    metadata: bytes
    """JSON of what else is known of the call; or the whole record."""
    context: bytes
    """JSON of who called."""
    request_id: bytes
    request: bytes
    response: bytes
    times: bytes
    """Of a streamed response: the length of each piece, the clock's nanoseconds at sending, then those at each piece.
    64-bit integers."""
    end: int
    """Where the next frame begins in its file."""


def pieces(
    metadata: bytes,
    started_at: int = 0,
    duration: int = 0,
    attempts: int = 0,
    http_status: int | None = None,
    ended: str = "record",
    flags: int = 0,
    context: bytes = b"",
    request_id: bytes = b"",
    request: bytes = b"",
    response: bytes = b"",
    times: bytes = b"",
) -> list[bytes]:
    """A frame in pieces, to be written in one go: what may be large is not copied, and the rest is one piece."""
    head = _CHECKED.pack(
        started_at, duration, attempts & 0xFFFF, http_status or 0, _NUMBERS[ended], flags,
        len(metadata), len(context), len(request_id), len(request), len(response), len(times),
    )  # fmt: skip
    if len(request) + len(response) <= SMALL:
        whole = b"".join((head, metadata, context, request_id, request, response, times))
        return [MAGIC + crc32(whole).to_bytes(4, "little") + whole]
    small = b"".join((head, metadata, context, request_id))
    check = crc32(response, crc32(request, crc32(small)))
    if times:
        check = crc32(times, check)
    return [MAGIC + check.to_bytes(4, "little") + small, request, response, times]


def encode(metadata: bytes, *others: Any, **named: Any) -> bytes:
    """A frame in one piece; the arguments are those of `pieces`."""
    return b"".join(pieces(metadata, *others, **named))


def need(data: bytes, at: int) -> int | None:
    """How many bytes the frame that starts at `at` has in all; `None` if none can start there."""
    magic, *_, metadata, context, request_id, request, response, times = _HEAD.unpack_from(data, at)
    whole: int = HEAD_SIZE + metadata + context + request_id + request + response + times
    return whole if magic == MAGIC and whole <= LARGEST else None


def is_whole(data: bytes, at: int) -> bool:
    """Whether a frame starts at `at` and all of it is there, undamaged; this version need not know its kind."""
    if len(data) - at < HEAD_SIZE or (whole := need(data, at)) is None or at + whole > len(data):
        return False
    (check,) = _CHECK.unpack_from(data, at + len(MAGIC))
    return bool(crc32(memoryview(data)[at + _UNCHECKED : at + whole]) == check)


def decode(data: bytes, at: int, base: int) -> Frame | None:
    """The frame at `at` of `data`, which lies at `base` in its file; `None` if it is damaged or cut short."""
    if len(data) - at < HEAD_SIZE:
        return None
    _, _, started_at, duration, attempts, status, ended, flags, *lengths = _HEAD.unpack_from(data, at)
    start = at + HEAD_SIZE
    end = start + sum(lengths)
    if ended >= len(ENDINGS) or not is_whole(data, at):
        return None
    a = start + lengths[0]
    b = a + lengths[1]
    c = b + lengths[2]
    d = c + lengths[3]
    e = d + lengths[4]
    return Frame(
        started_at, duration, attempts, status or None, ENDINGS[ended], flags,
        data[start:a], data[a:b], data[b:c], data[c:d], data[d:e], data[e:end], base + end,
    )  # fmt: skip


def again(frame: Frame) -> bytes:
    """The bytes of a frame that was decoded."""
    metadata, *parts = frame[6:12]
    return encode(
        metadata,
        frame.started_at,
        frame.duration,
        frame.attempts,
        frame.http_status,
        frame.ended,
        frame.flags,
        *parts,
    )


def pack_times(chunks: Sequence[bytes], ticks: Sequence[int], sent: int) -> bytes:
    """The lengths of a stream's pieces and the clock readings at which they came, as `Frame.times` has them."""
    return array("q", [*map(len, chunks), sent, *ticks]).tobytes()


def unpack_times(times: bytes) -> list[tuple[int, int]]:
    """For each piece of a stream, where it ends in the response and how many microseconds after sending it came."""
    numbers = array("q")
    numbers.frombytes(times)
    half = len(numbers) // 2
    sent = numbers[half]
    ends = accumulate(numbers[:half])
    # Ctrl-C may have come between a piece and the look at the clock.
    return [(end, (tick - sent) // 1000) for end, tick in zip(ends, numbers[half + 1 :], strict=False)]
