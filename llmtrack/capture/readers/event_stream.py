"""From bytes to JSON: undoing compression, and cutting a stream into its events."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

Json = dict[str, Any]
Pieces = Sequence[tuple[int, int]]
"""(end of a piece in the body, microseconds since sending)"""

_DONE = b"[DONE]"
# An event that is called an error matches neither.
_START = re.compile(rb"event: (?!error)[^\n]*\ndata: ")
_NEXT = re.compile(rb"\n\n(?:event: (?!error)[^\n]*\n)?data: ")


@dataclass(slots=True)
class Events:
    """The events of a stream, in order."""

    values: list[Any]
    """What each carries, parsed; None where it is not JSON."""
    done: bool = False
    """The stream said ``[DONE]``."""
    names: list[str] | None = None
    """What the stream calls each, where one of them is called an error; else None."""
    ends: Sequence[int] = ()
    """Where each ends in the body."""


def load(data: bytes) -> Any:
    """The value of the JSON text `data`, or None if it is none.

    Falls back to the standard library for what the fast parser refuses and SDKs accept: lone surrogates, stray bytes.
    """
    try:
        return from_json(data)
    except ValueError:
        pass
    try:
        return _storable(json.loads(data.decode("utf-8", "replace")))
    except (ValueError, RecursionError):
        return None


def _storable(value: Any) -> Any:
    """`value` with the halves of surrogate pairs replaced, which no database and no UTF-8 text takes."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_storable(item) for item in value]
    return value


def events(body: bytes) -> Events:
    """The events of the Server-Sent Events stream `body`. A last one that was not finished is left out, as SDKs do."""
    plain = b"\r" not in body
    if plain and (events := _at_once(body)) is not None:
        return events
    pieces = list(_quickly(body) if plain else _slowly(body))
    done = False
    for index, (_, data, _) in enumerate(pieces):
        if data[:6] == _DONE:
            done = True
            del pieces[index:]  # SDKs stop reading here
            break
    else:
        done = _says_done(body)
    names = [name for name, _, _ in pieces]
    return Events(
        _load_all([data for _, data, _ in pieces]),
        done,
        names if "error" in names else None,
        [end for _, _, end in pieces],
    )


def _at_once(body: bytes) -> Events | None:
    """The events of a stream in which nothing is odd, parsed as one array; None if something is."""
    whole = body if body.endswith(b"\n\n") else body[: body.rfind(b"\n\n") + 2]
    text = whole[:-2].removesuffix(b"\n\ndata: [DONE]")
    if text.startswith(b"data: "):
        text = text[6:].replace(b"\n\ndata: ", b",")
    elif start := _START.match(text):
        text = _NEXT.sub(b",", text[start.end() :])
    else:
        return None
    if b"\n" in text:
        return None
    try:
        values = from_json(b"[" + text + b"]")
    except ValueError:
        return None
    return Events(values, _says_done(body), None, _Ends(whole))


def _says_done(body: bytes) -> bool:
    return body[-32:].rstrip().endswith(b"data: [DONE]")


class _Ends(Sequence[int]):
    """Where the events of a stream end, found when somebody asks: between them are empty lines and nowhere else."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __len__(self) -> int:
        return self._body.count(b"\n\n")

    def __getitem__(self, index: Any) -> Any:
        end = 0
        for _ in range(index + 1):
            end = self._body.index(b"\n\n", end) + 2
        return end


def _load_all(texts: list[bytes]) -> list[Any]:
    """The value of each of `texts`. Parsing them as one array is faster than one by one."""
    try:
        values: list[Any] = from_json(b"[" + b",".join(texts) + b"]")
        if len(values) == len(texts):
            return values
    except ValueError:
        pass
    return [load(text) for text in texts]


def _quickly(body: bytes) -> Iterator[tuple[str, bytes, int]]:
    """(name, data, end) of each event of a stream that ends its lines as nearly everyone does.

    Of the names only ``error`` is told.
    """
    end = 0
    blocks = body.split(b"\n\n")
    blocks.pop()  # not finished
    for block in blocks:
        end += len(block) + 2
        if block[:6] == b"data: " and b"\n" not in block:
            yield "", block[6:], end
            continue
        if block[:6] == b"event:":
            head, _, data = block.partition(b"\ndata: ")
            if data and b"\n" not in data and b"\n" not in head:
                yield "error" if head[6:].strip() == b"error" else "", data, end
                continue
        for name, data, _ in _slowly(block + b"\n\n"):
            yield name, data, end


def _slowly(body: bytes) -> Iterator[tuple[str, bytes, int]]:
    """(name, data, end) of each event, by the letter of the standard."""
    name, data, end = "", list[bytes](), 0
    for line in body.removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True):
        end += len(line)
        text = line.rstrip(b"\r\n")
        if text == line:
            return  # the last line was not finished
        if not text:
            if data:
                yield name, b"\n".join(data), end
            name, data = "", []
            continue
        key, _, value = text.partition(b":")
        value = value.removeprefix(b" ")
        if key == b"event":
            name = value.decode("utf-8", "replace")
        elif key == b"data":
            data.append(value)


def time_of(end: int, chunks: Pieces) -> int | None:
    """When byte `end` of a body had arrived, in microseconds since sending."""
    for offset, at in chunks:
        if offset >= end:
            return at
    return None


def unpack(body: bytes, encoding: str, chunks: Pieces) -> tuple[bytes, Pieces]:
    """`body` without its compression, and where its pieces end then. What is damaged or cut off is left out."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body, chunks
    if encoding in ("gzip", "x-gzip") and body[:2] != b"\x1f\x8b":
        return body, chunks  # whoever read it has undone it already
    pieces = _pieces(body, chunks)
    decoded = _inflate(pieces, encoding) if encoding in ("gzip", "x-gzip", "deflate") else _decode(pieces, encoding)
    out = bytearray()
    ends = []
    for index, part in decoded:
        out += part
        if chunks and part:
            ends.append((len(out), chunks[min(index, len(chunks) - 1)][1]))
    return (bytes(out), ends) if out else (body, chunks)


def _pieces(body: bytes, chunks: Pieces) -> list[bytes]:
    start, pieces = 0, []
    for end, _ in chunks:
        pieces.append(body[start:end])
        start = max(start, end)
    if start < len(body):
        pieces.append(body[start:])
    return pieces


def _inflate(pieces: list[bytes], encoding: str) -> Iterator[tuple[int, bytes]]:
    first = next((piece for piece in pieces if piece), b"")
    # "deflate" should have zlib's header, and some servers leave it out.
    raw = encoding == "deflate" and (len(first) < 2 or int.from_bytes(first[:2], "big") % 31 != 0)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS if raw else zlib.MAX_WBITS | 32)
    try:
        for index, piece in enumerate(pieces):
            yield index, inflater.decompress(piece)
        yield len(pieces) - 1, inflater.flush()
    except zlib.error:
        return


def _decode(pieces: list[bytes], encoding: str) -> Iterator[tuple[int, bytes]]:
    """Undoes what the HTTP library can undo: Brotli and Zstandard where they are installed, one over another."""
    import httpx2

    fed = -1

    def feed() -> Iterator[bytes]:
        nonlocal fed
        for piece in pieces:
            fed += 1
            yield piece

    try:
        response = httpx2.Response(200, headers={"content-encoding": encoding}, content=feed())
        for part in response.iter_bytes():
            yield max(fed, 0), part
    except httpx2.HTTPError:
        return
