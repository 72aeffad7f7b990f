"""Taking out of a chat stream the usage that we asked for and the caller did not."""

from __future__ import annotations

import json
import re
import zlib
from typing import Any

_END_OF_EVENT = re.compile(rb"\r\n\r\n|\n\n|\r\r|\r\n\n|\n\r\n")
_NULL_USAGE = re.compile(rb',\s*"usage"\s*:\s*null(?=\s*[,}])|"usage"\s*:\s*null\s*,\s*')
"""The member that a server adds to the other events because it was asked. It cannot be part of a text: inside a
JSON string the quotes would be escaped."""
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]')
_USUAL = b',"usage":null'
ANY_CHUNK = b'"choices"'
"""What every event of a chat stream has."""
OPENAIS = b'"system_fingerprint"'
"""What OpenAI and Azure put into every event, and few others do."""
_FRAME = frozenset(
    {"id", "object", "created", "model", "service_tier", "system_fingerprint", "obfuscation", "choices", "usage"}
)
"""What every event of a stream has, and the usage."""


class UsageFilter:
    """Hides the event that carries only usage, and the `"usage":null` of all others. Passes on whole events only."""

    def __init__(self, *, nulls_beside: bytes | None = ANY_CHUNK) -> None:
        """`nulls_beside`: the member of an event beside which ``"usage":null`` comes of our asking; None: nowhere.

        Together, for one, writes it unasked.
        """
        self._partial = b""
        self._nulls_beside = nulls_beside

    def feed(self, chunk: bytes) -> bytes:
        """The part of the stream that is complete now, without what is to be hidden."""
        # Nearly always one event of OpenAI's, written as usual; it is looked at with as few searches as can be.
        beside = self._nulls_beside
        if beside is not None and not self._partial and chunk.count(b"\n") == 2 and chunk[-2:] == b"\n\n":
            at = chunk.rfind(_USUAL)
            if at > 0:
                after = chunk[at + len(_USUAL) :]
                # A single bracket, the end of the event, means that the member is the event's own.
                if after.count(b"}") == 1 and beside in chunk:
                    return chunk[:at] + after
        if self._partial:
            chunk = self._partial + chunk
            self._partial = b""
        if chunk[-2:] != b"\n\n":
            end = max((match.end() for match in _END_OF_EVENT.finditer(chunk)), default=0)
            self._partial, chunk = chunk[end:], chunk[:end]
        if b'"usage"' not in chunk:
            return chunk
        return self._each_without_usage(chunk) if beside is not None or b"[]" in chunk else chunk

    def rest(self) -> bytes:
        """What is left at the end of the stream."""
        rest, self._partial = self._partial, b""
        return self._each_without_usage(rest)

    def _each_without_usage(self, events: bytes) -> bytes:
        events_out, start = [], 0
        for end in [*(match.end() for match in _END_OF_EVENT.finditer(events)), len(events)]:
            event = events[start:end]
            start = end
            events_out.append(self._without_usage(event) if b'"usage"' in event else event)
        return b"".join(events_out)

    def _without_usage(self, event: bytes) -> bytes:
        if b"[]" in event and _is_usage_only(event):
            return b""
        beside = self._nulls_beside
        return _without_null(event) if beside is not None and beside in event else event


def _without_null(event: bytes) -> bytes:
    """The event without its own ``"usage":null``; the same member of an object inside it is not from our asking."""
    for match in _NULL_USAGE.finditer(event):
        brackets = [text for text in _STRING_OR_BRACKET.findall(event[: match.start()]) if text[0] != 0x22]
        if sum(1 if text in b"{[" else -1 for text in brackets) == 1:
            return event[: match.start()] + event[match.end() :]
    return event


def _is_usage_only(event: bytes) -> bool:
    data = b"\n".join(line[5:].strip() for line in event.splitlines() if line.startswith(b"data:"))
    try:
        value: Any = json.loads(data)
    except ValueError:
        return False
    if not isinstance(value, dict) or not value.get("usage") or value.get("choices") != []:
        return False
    # The results of a moderation may come with it, or a server's timings: then it is not for us to take away.
    return all(name in _FRAME or member is None for name, member in value.items())


class ZippedUsageFilter:
    """The same for a stream that came compressed although we asked for a plain one; it is compressed again."""

    def __init__(self, encoding: str, *, nulls_beside: bytes | None = ANY_CHUNK) -> None:
        window = zlib.MAX_WBITS | 16 if encoding == "gzip" else zlib.MAX_WBITS
        self._decoder = zlib.decompressobj(window)
        self._encoder = zlib.compressobj(1, zlib.DEFLATED, window)
        self._filter = UsageFilter(nulls_beside=nulls_beside)
        self._broken = False

    def feed(self, chunk: bytes) -> bytes:
        """As `UsageFilter.feed`. What cannot be decompressed is passed on as it is, for the SDK to complain about."""
        if not self._broken:
            try:
                plain = self._decoder.decompress(chunk)
            except zlib.error:
                self._broken = True
        if self._broken:
            return chunk
        passed = self._filter.feed(plain)
        return self._encoder.compress(passed) + self._encoder.flush(zlib.Z_SYNC_FLUSH) if passed else b""

    def rest(self) -> bytes:
        """As `UsageFilter.rest`."""
        if self._broken:
            return b""
        passed = self._filter.feed(self._decoder.flush()) + self._filter.rest()
        return self._encoder.compress(passed) + self._encoder.flush(zlib.Z_FINISH)
