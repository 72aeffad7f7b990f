"""A limit's refusal, in the shape that makes SDKs and coding agents stop at once and show the limit's own words.

How Claude Code and Codex take each shape was tried: what only carries a `retry-after` is asked again and again.
"""

from __future__ import annotations

import math
import time

from llmtrack.limits import LimitExceeded
from llmtrack.serving.gateway.problems import NO_RETRY, GatewayProblem, Headers, Kind, error_body, json_headers

_RETRY_SECONDS = "5"


def refusal(error: LimitExceeded, dialect: str, path: str) -> tuple[int, Headers, bytes]:
    """Status, headers and body of the answer to a request that a limit refused."""
    if error.reason == "unavailable":
        return GatewayProblem(Kind.OVERLOADED, str(error), {"retry-after": _RETRY_SECONDS}).answer(dialect)
    message = str(error)
    headers: Headers = [NO_RETRY]
    resets_at = None
    if error.resets_at is not None and error.reason == "exceeded":  # waiting helps nothing where a price is missing
        resets_at = math.ceil(error.resets_at.timestamp())
        headers.append((b"retry-after", b"%d" % max(1, resets_at - int(time.time()))))
    if dialect == "anthropic":
        return 429, json_headers(headers), error_body(dialect, message, "billing_error", "")
    if path.partition("?")[0].endswith("/responses"):
        # Codex shows these words instead of its own about a plan, and goes on behind them: ", or try again at …".
        words = " ".join(message.split()).removesuffix(".")
        headers.append((b"x-codex-promo-message", words.encode("latin-1", "replace")))  # one line of Latin-1
    members = {"plan_type": "team"} if resets_at is None else {"plan_type": "team", "resets_at": resets_at}
    body = error_body(dialect, message, "usage_limit_reached", "insufficient_quota", **members)
    return 429, json_headers(headers), body
