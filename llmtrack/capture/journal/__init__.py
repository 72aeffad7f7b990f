"""The journal: records on their way to the ledger, safe on disk before the caller goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.lazy import lazy_names

if TYPE_CHECKING:
    from llmtrack.capture.journal.adoption import survey as survey
    from llmtrack.capture.journal.dead_letters import forget_before as forget_before
    from llmtrack.capture.journal.dead_letters import forget_user as forget_user
    from llmtrack.capture.journal.lag import journal_lag as journal_lag

_HOMES = {
    "forget_before": "dead_letters",
    "forget_user": "dead_letters",
    "journal_lag": "lag",
    "survey": "adoption",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
