"""Which headers go on to the provider, and which of its answer go back to the caller."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Raw = list[tuple[bytes, bytes]]

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
CREDENTIALS = frozenset({b"authorization", b"x-api-key", b"api-key"})
OURS = b"x-llmtrack-"
"""How the headers begin that are for the gateway alone."""

_FROM_THE_WAY = frozenset(
    {b"forwarded", b"via", b"x-real-ip", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-port",
     b"x-forwarded-proto", b"x-forwarded-server", b"x-forwarded-prefix", b"x-request-start"}
)  # fmt: skip
"""What proxies in front of the gateway add; the caller did not send it."""
_NEVER_SENT = HOP_BY_HOP | _FROM_THE_WAY | {b"host", b"content-length", b"expect", b"cookie"}
_OF_ANOTHER_HOST = frozenset({b"set-cookie", b"strict-transport-security", b"alt-svc", b"nel", b"report-to"})
_NEVER_RETURNED = HOP_BY_HOP | _OF_ANOTHER_HOST
_SERVERS_OWN = frozenset({b"date", b"server"})
_RATE_LIMITS = (b"x-ratelimit-", b"anthropic-ratelimit-", b"anthropic-priority-", b"anthropic-fast-")
READABLE = frozenset({"gzip", "x-gzip", "deflate", "identity"})
"""Encodings that can be undone when an answer is read for its usage; others are not offered to the provider."""


def by_name(raw: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Headers by their names in lower case; of one that is repeated, the first."""
    named: dict[bytes, bytes] = {}
    for name, value in raw:
        named.setdefault(name.lower(), value)
    return named


def to_provider(
    raw: Raw, named: Mapping[bytes, bytes], dropped: frozenset[bytes], own: Iterable[tuple[str, str]], *, plain: bool
) -> list[tuple[str, str]]:
    """The caller's headers in their order, without those in `dropped` and what is not for the provider; then `own`.

    With `plain` an answer without compression is asked for. Raises UnicodeDecodeError for a value that is no text.
    """
    if connection := named.get(b"connection"):
        dropped |= {name.strip().lower() for name in connection.split(b",")}
    sent = []
    for name, value in raw:
        low = name.lower()
        if low in _NEVER_SENT or low in dropped or low.startswith(OURS):
            continue
        text = value.decode()
        if low == b"accept-encoding":
            text = "identity" if plain else _readable(text)
        sent.append((name.decode("ascii"), text))
    if plain and b"accept-encoding" not in named:
        sent.append(("accept-encoding", "identity"))
    return [*sent, *own]


def _readable(offered: str) -> str:
    """The part of an ``Accept-Encoding`` that a reader can undo."""
    readable = [part for part in offered.split(",") if part.partition(";")[0].strip().lower() in READABLE]
    if len(readable) == offered.count(",") + 1:
        return offered
    return ",".join(readable).strip() or "identity"


def to_caller(raw: Iterable[tuple[bytes, bytes]], *, changed: bool, alone: bool, rate_limits: bool) -> Raw:
    """The headers of an answer as the caller gets them.

    `changed`: the body is not the provider's byte for byte, so that its length is not either. `alone`: the server adds
    no `date` and `server` of its own. `rate_limits`: whether those headers go along.
    """
    raw = list(raw)
    dropped = _NEVER_RETURNED if alone else _NEVER_RETURNED | _SERVERS_OWN
    for name, value in raw:
        if name.lower() == b"connection":
            dropped |= {part.strip().lower() for part in value.split(b",")}
    if changed:
        dropped |= {b"content-length"}
    return [
        (low, value)
        for name, value in raw
        if (low := name.lower()) not in dropped and (rate_limits or not low.startswith(_RATE_LIMITS))
    ]
