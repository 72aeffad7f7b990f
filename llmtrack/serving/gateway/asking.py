"""Asking for a stream's usage in the caller's own bytes: one member is put in, and nothing else changes.

To write the body anew would change its spelling, and with it what the provider has cached of the prompt.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic_core import from_json

_MEMBER = b'"stream_options":{"include_usage":true},'
_INSIDE = b'"include_usage":true'
_OPTIONS = re.compile(rb'"stream_options"\s*:\s*\{')


def asking(body: bytes, wanted: dict[str, Any]) -> bytes | None:
    """`body`, which says `wanted`, asking for usage; None where the caller said something about it, or it fails.

    The result is proved by parsing it.
    """
    options = wanted.get("stream_options", ...)
    if options is ...:
        at = body.find(b"{") + 1
        changed = body[:at] + _MEMBER + body[at:]
        expected = {"include_usage": True}
    elif isinstance(options, dict) and "include_usage" not in options:
        match = _OPTIONS.search(body)
        if match is None:
            return None
        changed = body[: match.end()] + _INSIDE + (b"," if options else b"") + body[match.end() :]
        expected = {**options, "include_usage": True}
    else:
        return None
    try:
        proved = from_json(changed)
    except ValueError:
        return None
    return changed if proved == {**wanted, "stream_options": expected} else None
