"""A request as it comes in: its body, what the JSON in it says, and its caller's leaving."""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json
from starlette.types import Receive

from llmtrack.serving.gateway.problems import GatewayProblem, Kind

LARGE = 256 * 1024
"""From so many bytes on, a body is parsed in a thread: it takes a millisecond or more."""
_MEGABYTE = 1_000_000


class CallerLeft(Exception):
    """The caller closed the connection before the request was complete."""


async def read_body(receive: Receive, most_mb: float) -> bytes:
    """The whole body. Raises `GatewayProblem` 413 for one that is too large, and `CallerLeft`."""
    message = await receive()
    first: bytes = message.get("body", b"")
    if message["type"] == "http.request" and not message.get("more_body", False):
        _check_size(len(first), most_mb)
        return first
    pieces, size = [first], len(first)
    while True:
        if message["type"] == "http.disconnect":
            raise CallerLeft
        if not message.get("more_body", False):
            return b"".join(pieces)
        _check_size(size, most_mb)
        message = await receive()
        piece = message.get("body", b"")
        pieces.append(piece)
        size += len(piece)
        _check_size(size, most_mb)


def _check_size(size: int, most_mb: float, what: str = "The request") -> None:
    if size > most_mb * _MEGABYTE:
        raise GatewayProblem(
            Kind.TOO_LARGE,
            f"{what} is larger than {most_mb:g} MB, which LLMTRACK_GATEWAY_MAX_REQUEST_MB allows.",
        )


@dataclass(frozen=True, slots=True)
class Parsed:
    """What is known of a request's body."""

    body: bytes
    """Without its compression, where that could be undone."""
    wanted: Any = None
    """What the JSON in it says; None where it is none, or cannot be read."""
    unread: str | None = None
    """The compression that could not be undone."""


async def parsed(body: bytes, content_type: bytes, content_encoding: bytes, most_mb: float) -> Parsed:
    """What a body says. Raises `GatewayProblem` 413 for one that is too large without its compression."""
    if not body or not (b"json" in content_type or not content_type):
        return Parsed(body)
    encoding = content_encoding.strip().lower()
    if len(body) < LARGE and not encoding:
        return Parsed(body, _load(body))
    return await asyncio.to_thread(_unpacked, body, encoding, most_mb)


def _unpacked(body: bytes, encoding: bytes, most_mb: float) -> Parsed:
    if encoding in (b"", b"identity"):
        return Parsed(body, _load(body))
    try:
        plain = _decompressed(body, encoding, int(most_mb * _MEGABYTE) + 1)
    except Exception:  # each library has its own; the provider may know better than we do
        plain = None
    if plain is None:
        return Parsed(body, unread=encoding.decode("latin-1"))
    _check_size(len(plain), most_mb, "The request without its compression")
    return Parsed(plain, _load(plain))


def _decompressed(body: bytes, encoding: bytes, most: int) -> bytes | None:
    """At most so many bytes of a body; None for a compression nobody here can undo."""
    if encoding in (b"gzip", b"x-gzip", b"deflate"):
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(body, most)
    if encoding == b"zstd":
        import zstandard

        with zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True) as reader:
            return reader.read(most)
    return None


def _load(body: bytes) -> Any:
    try:
        return from_json(body)
    except ValueError:
        return None
