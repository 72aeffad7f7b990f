"""Texts as both databases can keep and index them."""

from __future__ import annotations

from hashlib import blake2b

_LONGEST = 200


def fitted(text: str) -> str:
    """`text` as both databases can keep and index it: no NUL, no half characters, not too long."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST - 18]}…{blake2b(text.encode(), digest_size=8).hexdigest()}"
    return text
