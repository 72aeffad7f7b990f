"""Processes that died while they held something of a limit: what they did not record is booked as abandoned."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger
    from llmtrack.ledger.limits import Holder


class DeadProcesses:
    """Those that were seen to be gone, until all that they recorded has been taken in."""

    def __init__(self) -> None:
        self._dead: dict[int, Holder] = {}

    def look(self, ledger: Ledger) -> None:
        """Looks for them: before their journals are looked for, or one might be missed."""
        from llmtrack.billing.limits import dead_holders
        from llmtrack.settings import get_settings

        gone = dead_holders(ledger, gone_seconds=get_settings().hold_hours * 3600)
        self._dead.update((holder.id, holder) for holder in gone)

    def settle(self, ledger: Ledger) -> None:
        """Books what they still hold. Their journals are in the ledger."""
        if self._dead:
            from llmtrack.billing.limits import settle

            dead, self._dead = list(self._dead.values()), {}
            settle(ledger, dead)
