"""Under which model a call is counted that no model answered: the one that answers to the name asked for.

Failures of ``gpt-4o`` belong beside the answers of ``gpt-4o-2024-08-06``, or no model's error rate would be right.
"""

from __future__ import annotations

from sqlalchemy import Connection

RECENT = 5_000
"""How many of the latest rows are looked through for names that this process has not yet seen answered."""

_LATEST = (
    "SELECT provider, request_model, response_model FROM generation "
    "WHERE id >= coalesce((SELECT id FROM generation ORDER BY id DESC LIMIT 1 OFFSET {recent}), 0) ORDER BY id"
)


class Served:
    """Which model last answered to a name at a provider, all three by number, as far as recent rows tell."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int | None, int | None], int] = {}
        self._looked = False

    def forget(self) -> None:
        """Forgets everything."""
        self._seen.clear()
        self._looked = False

    def note(self, provider: int | None, requested: int | None, served: int) -> None:
        """Somebody asked for a name and was answered."""
        self._seen[provider, requested] = served

    def by(self, connection: Connection, provider: int | None, requested: int | None) -> int | None:
        """The model that answers to this name; None where nothing tells."""
        found = self._seen.get((provider, requested))
        if found is None and not self._looked:
            self._look(connection)
            found = self._seen.get((provider, requested))
        return found

    def _look(self, connection: Connection) -> None:
        """Learns from the ledger, once; what has been noted meanwhile is newer."""
        self._looked = True
        rows = connection.exec_driver_sql(_LATEST.format(recent=RECENT - 1))
        before = {(provider, asked): served for provider, asked, served in rows if served is not None}
        self._seen = before | self._seen
