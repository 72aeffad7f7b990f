"""A stream of JSON as its conversations, one at a time.

The list around them is never parsed as a whole: each conversation is cut out of the stream by its brackets and parsed
by itself. So a damaged one costs itself alone, and what is in memory is one conversation, whatever the file's size.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from llmtrack.chat.error_messages import ChatError

MOST_BYTES = 32_000_000
"""Bytes of JSON in one conversation."""
MOST_VALUES = 1_000_000
"""Marks of structure in one conversation, about as many as values; each stands for up to 200 bytes in memory."""
MOST_VALUES_OF_ALL = 30_000_000
"""The same for all conversations of one import: it is what the time goes into."""
# Possessive throughout: none of them ever goes back, whatever the input.
_TO_STRUCTURE = re.compile(rb'(?:[^"\[\]{},]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_STRING = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_SPACE = b" \t\r\n\xef\xbb\xbf"  # and a byte order mark


@dataclass(frozen=True, slots=True)
class Damaged:
    """A conversation that cannot be parsed, and what is wrong with it, to follow its name."""

    reason: str


class _Cutter:
    """Cuts pieces of JSON into the elements of its outer list, or into the values that follow one another."""

    def __init__(self) -> None:
        self._element = bytearray()
        self._too_large = False
        self._values = 0
        self._earlier = 0
        """Values of the elements before."""
        self._depth = 0
        self._outer = 0
        """Depth at which elements stand: 1 inside of a list, 0 without one."""
        self._in_string = False
        self._escaped = False

    def feed(self, piece: bytes) -> Iterator[bytes | Damaged]:
        """The elements that end in this piece."""
        at = begin = 0
        while at < len(piece):
            if self._in_string:
                at = self._skip_string(piece, at)
                continue
            match = _TO_STRUCTURE.match(piece, at)
            at = match.end() if match else at
            if at == len(piece):
                break
            mark = piece[at : at + 1]
            at += 1
            self._values += 1
            if mark == b'"':  # a string that does not end in this piece
                self._in_string = True
            elif mark in b"[{":
                if mark == b"[" and self._depth == 0 and not self._element and not piece[begin : at - 1].strip(_SPACE):
                    self._outer, begin = 1, at
                self._depth += 1
            elif mark in b"]}":
                self._depth -= 1
                if self._depth < self._outer:  # the list ends; another may follow
                    self._keep(piece[begin : at - 1])
                    yield from self._cut()
                    begin, self._depth, self._outer = at, 0, 0
                elif self._depth == 0:
                    self._keep(piece[begin:at])
                    yield from self._cut()
                    begin = at
            elif self._depth == self._outer:  # a comma between elements
                self._keep(piece[begin : at - 1])
                yield from self._cut()
                begin = at
        self._keep(piece[begin:])
        if self._earlier + self._values > MOST_VALUES_OF_ALL:
            raise ChatError(f"This import has more than {MOST_VALUES_OF_ALL:,} values in it: import it in parts.")

    def end(self) -> Iterator[bytes | Damaged]:
        """What is left when the stream ends."""
        if self._depth and (self._element or self._too_large):
            yield Damaged("breaks off in the middle")
        else:
            yield from self._cut()

    def _skip_string(self, piece: bytes, at: int) -> int:
        if self._escaped:
            self._escaped = False
            return at + 1
        match = _STRING.match(piece, at)
        end = match.end() if match else at
        if end < len(piece):
            if piece[end : end + 1] == b'"':
                self._in_string = False
            else:  # a backslash at the end of the piece
                self._escaped = True
            end += 1
        return end

    def _keep(self, part: bytes) -> None:
        if not self._element:
            part = part.lstrip(_SPACE)
        if len(self._element) + len(part) > MOST_BYTES or self._values > MOST_VALUES:
            self._too_large = True
            self._element = bytearray()
        if not self._too_large:
            self._element += part

    def _cut(self) -> Iterator[bytes | Damaged]:
        if self._too_large:
            yield Damaged(f"has more than {MOST_BYTES // 1_000_000} MB, or {MOST_VALUES:,} values")
        elif element := bytes(self._element).strip(_SPACE):
            yield element
        self._earlier += self._values
        self._element, self._too_large, self._values = bytearray(), False, 0


def entries(pieces: Iterable[bytes]) -> Iterator[Any]:
    """The elements of a JSON list, or the values that follow one another, parsed; `Damaged` for what is no JSON."""
    cutter = _Cutter()
    for piece in pieces:
        for element in cutter.feed(piece):
            yield _parsed(element)
    for element in cutter.end():
        yield _parsed(element)


def _parsed(element: bytes | Damaged) -> Any:
    if isinstance(element, Damaged):
        return element
    try:
        return json.loads(element)
    except (ValueError, RecursionError):  # digits without end are a ValueError as well
        return Damaged("is no JSON")
