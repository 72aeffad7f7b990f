"""Maintenance: retention, verification, erasure, copies, and what of it happens every day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.lazy import lazy_names

if TYPE_CHECKING:
    from llmtrack.ledger.maintenance.backup import back_up as back_up
    from llmtrack.ledger.maintenance.copy import copy_ledger as copy_ledger
    from llmtrack.ledger.maintenance.daily import Done as Done
    from llmtrack.ledger.maintenance.daily import last_retention as last_retention
    from llmtrack.ledger.maintenance.daily import removals as removals
    from llmtrack.ledger.maintenance.daily import retain_daily as retain_daily
    from llmtrack.ledger.maintenance.erasure import Erased as Erased
    from llmtrack.ledger.maintenance.erasure import erase as erase
    from llmtrack.ledger.maintenance.erasure import ids_of_person as ids_of_person
    from llmtrack.ledger.maintenance.past_periods import prune_daily as prune_daily
    from llmtrack.ledger.maintenance.retention import Keep as Keep
    from llmtrack.ledger.maintenance.retention import Removed as Removed
    from llmtrack.ledger.maintenance.retention import expired as expired
    from llmtrack.ledger.maintenance.retention import retain as retain
    from llmtrack.ledger.maintenance.verification import rebuild as rebuild
    from llmtrack.ledger.maintenance.verification import verify as verify

_HOMES = {
    "Done": "daily",
    "Erased": "erasure",
    "Keep": "retention",
    "Removed": "retention",
    "back_up": "backup",
    "copy_ledger": "copy",
    "erase": "erasure",
    "expired": "retention",
    "ids_of_person": "erasure",
    "last_retention": "daily",
    "prune_daily": "past_periods",
    "rebuild": "verification",
    "removals": "daily",
    "retain": "retention",
    "retain_daily": "daily",
    "verify": "verification",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
