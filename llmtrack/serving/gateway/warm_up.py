"""What the first request would wait for, done before it comes."""

from __future__ import annotations

import importlib
import logging

from llmtrack.capture.tracker import default_tracker
from llmtrack.ledger import open_ledger, people
from llmtrack.serving.gateway import client
from llmtrack.serving.identity import TokenScope

MODULES = (
    "aiohttp",
    "anyio._backends._asyncio",
    "genai_prices.data",
    "llmtrack.billing.limits.desk",
    "llmtrack.billing.limits.recovery",
    "llmtrack.capture.journal.decode",
    "llmtrack.capture.journal.redact",
    "llmtrack.pricing.engine",
    "llmtrack.pricing.refresh",
    "llmtrack.serving.gateway.gateway",
)
"""What the first requests and the first rows would import; the price list alone takes half a second."""
_log = logging.getLogger(__name__)


def warm_up() -> None:
    """Opens the ledger, reads the limits, starts the writer, and imports what reads and prices answers.

    Never raises: what is wrong shows at the first request, with words.
    """
    try:
        for name in MODULES:
            importlib.import_module(name)
        client.tls()
        open_ledger()
        tracker = default_tracker()
        tracker.limiter.watch.refresh()
        tracker.writer.wake()
    except Exception:
        _log.warning("The gateway could not be warmed up", exc_info=True)


def warm_up_if_used() -> None:
    """The same where somebody has a token for the gateway: an app that nobody sends through starts without it."""
    try:
        tokens = people.tokens(open_ledger())
    except Exception:
        return  # the page says what is wrong
    if any(TokenScope.GATEWAY.value in token.scopes and token.revoked_at is None for token in tokens):
        warm_up()
