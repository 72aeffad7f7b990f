"""Keeping credentials out of what is recorded: of the errors, that is; prompts and replies are nobody's errors.

A provider that refuses a key may repeat it, in a body, in an event of a stream, in the exception made of them. What is
masked is what has a key's form (`llmtrack.masking`), what the client authenticates with, and the values of headers that
the caller set. Calls that succeed pay a look at the end of their answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

from llmtrack.masking import mask, names_secret

_OF_THE_SDK = re.compile(
    r"x-stainless-.*|accept.*|connection|content-.*|host|user-agent|transfer-encoding|idempotency-key"
    r"|anthropic-(?:version|beta|dangerous-.*)|openai-beta",
    re.IGNORECASE,
)
"""Headers whose values are no secrets, and help to understand an error that names them."""
_LOOK = 2048
"""Bytes at the start and at the end of an answer in which an error is looked for: an error ends a stream, and stands
before the output in a plain answer."""
_ERROR = re.compile(rb'"error"\s*(?::\s*[{"]|[,}])')
"""A member that is an error (OpenAI has a null there where all is well), or a ``"type": "error"``."""
_HOLDERS = ("error", "response", "choices")
"""Members of an answer that are an error, or may have one inside."""


def credentials_of(client: Any, headers: Any, error: BaseException | None) -> set[str]:
    """Everything a call was authenticated with, as far as its client, its own headers and `error` show it.

    Never raises.
    """
    secrets: set[str] = set()
    with suppress(Exception):  # a client of the caller's own making: what has a key's form is masked all the same
        for value in _values(client, headers, error):
            secrets.add(value)
    return secrets


def _values(client: Any, headers: Any, error: BaseException | None) -> Iterator[str]:
    for name, value in vars(client).items():
        if isinstance(value, str) and names_secret(name.strip("_")):
            yield value
    request = getattr(error, "request", None)
    for mapping in (getattr(client, "_custom_headers", None), headers, getattr(request, "headers", None)):
        if isinstance(mapping, Mapping):
            yield from _of_headers(mapping)
    for url in (getattr(client, "base_url", None), getattr(request, "url", None)):
        if url is not None:
            yield from (url.username, url.password, url.userinfo.decode("latin-1"))
            yield from (value for name, value in parse_qsl(url.query.decode("latin-1")) if names_secret(name))


def _of_headers(headers: Mapping[Any, Any]) -> Iterator[str]:
    for name, value in headers.items():
        if isinstance(name, str) and isinstance(value, str) and not _OF_THE_SDK.fullmatch(name):
            yield value
            scheme, space, rest = value.partition(" ")
            if space and scheme.lower() in ("bearer", "basic"):
                yield rest


def mask_json(value: Any, secrets: set[str]) -> Any:
    """A JSON value with every text in it masked."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {key: mask_json(item, secrets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [mask_json(item, secrets) for item in value]
    return mask(str(value), secrets)


def has_error(body: bytes) -> bool:
    """Whether an answer that came with a good status looks as if it held an error."""
    ends = body if len(body) <= 2 * _LOOK else body[:_LOOK] + body[-_LOOK:]
    return b'"error"' in ends and _ERROR.search(ends) is not None  # the first is the faster one, and mostly enough


def mask_body(body: bytes, secrets: set[str], *, failed: bool) -> bytes:
    """The body of an answer with the errors in it masked: all of it where the request `failed`, as its status says."""
    if failed:
        return mask(body.decode("utf-8", "surrogateescape"), secrets).encode("utf-8", "surrogateescape")
    if body.lstrip()[:1] in (b"{", b"["):
        return _mask_errors(body, secrets)
    return b"\n".join(_mask_event(line, secrets) if _ERROR.search(line) else line for line in body.split(b"\n"))


def _mask_event(line: bytes, secrets: set[str]) -> bytes:
    """A line of a stream of events."""
    if not line.startswith(b"data:"):
        return line
    return b"data: " + _mask_errors(line.removeprefix(b"data:"), secrets)


def _mask_errors(data: bytes, secrets: set[str]) -> bytes:
    """JSON with the errors in it masked; as it was where there is nothing to mask, or where it is cut short."""
    try:
        value = json.loads(data)
    except ValueError:
        return data
    masked = _mask_errors_in(value, secrets)
    return data if masked == value else json.dumps(masked, separators=(",", ":")).encode()


def _mask_errors_in(value: Any, secrets: set[str]) -> Any:
    if isinstance(value, list):
        return [_mask_errors_in(item, secrets) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") == "error":
        return mask_json(value, secrets)
    return {
        name: item if name not in _HOLDERS else (mask_json if name == "error" else _mask_errors_in)(item, secrets)
        for name, item in value.items()
    }
