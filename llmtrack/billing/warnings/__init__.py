"""Warnings: who comes near a limit is told once, on the pages, by mail and by webhook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.lazy import lazy_names

if TYPE_CHECKING:
    from llmtrack.billing.warnings.messages import make_payload as make_payload
    from llmtrack.billing.warnings.messages import reset_in_words as reset_in_words
    from llmtrack.billing.warnings.messages import rounded_in_words as rounded_in_words
    from llmtrack.billing.warnings.messages import warning_in_words as warning_in_words
    from llmtrack.billing.warnings.outbox import ATTEMPTS as ATTEMPTS
    from llmtrack.billing.warnings.outbox import deliver_due as deliver_due
    from llmtrack.billing.warnings.outbox import note_crossings as note_crossings
    from llmtrack.billing.warnings.outbox import send_test as send_test
    from llmtrack.billing.warnings.webhooks import Attempt as Attempt
    from llmtrack.billing.warnings.webhooks import post as post

_MODULES = {
    "messages": (
        "make_payload",
        "reset_in_words",
        "rounded_in_words",
        "warning_in_words",
    ),
    "outbox": (
        "ATTEMPTS",
        "deliver_due",
        "note_crossings",
        "send_test",
    ),
    "webhooks": (
        "Attempt",
        "post",
    ),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
