"""What the chat does once after the start of the app, in the background."""

from __future__ import annotations

import logging

log = logging.getLogger("llmtrack")


def after_start() -> None:
    """Settles answers that a killed server left behind, and asks the providers for their models.

    Takes as long as the ledger takes to open; to be called in a thread of its own, after the heavy imports.
    """
    from llmtrack.chat.conversations.recovery import recover
    from llmtrack.chat.models import discovery
    from llmtrack.ledger import LedgerError, open_ledger
    from llmtrack.settings import get_settings

    discovery.refresh(get_settings())
    try:
        if settled := recover(open_ledger()):
            log.info("%d answers that a killed server had left unfinished were settled", settled)
    except LedgerError as error:
        # Every page says so as well, with the way out.
        log.warning("%s", error)
