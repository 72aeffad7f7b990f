"""A replica of the ledger's server, from which pages and questions read: they cost the server that writes nothing."""

from __future__ import annotations

import logging
import threading
import time

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from llmtrack.ledger.errors import LedgerError

log = logging.getLogger("llmtrack")
_RETRY_AFTER = 30.0
"""Seconds in which a replica that could not be reached is not tried again."""
_LAG = (
    "SELECT CASE WHEN NOT pg_is_in_recovery() OR pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0 "
    "ELSE coalesce(extract(epoch FROM now() - pg_last_xact_replay_timestamp()), 0) END"
)
"""A replica that has applied all it received is not behind, however long ago that was."""


class Replica:
    """A server that follows the ledger's. Where it cannot be reached, the ledger's own server is read."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name
        """Where it is, without its password."""
        self._lock = threading.Lock()
        self._checked = False
        self._retry_at = 0.0

    def connect(self, ledger_id: str | None) -> Connection | None:
        """A connection to it; None where it cannot be reached. Raises `LedgerError` where it is of another ledger."""
        if time.monotonic() < self._retry_at:
            return None
        try:
            connection = self.engine.connect()
            if not self._checked:
                self._check(connection, ledger_id)
        except DBAPIError as error:
            with self._lock:
                self._retry_at = time.monotonic() + _RETRY_AFTER
            reason = str(error.orig).strip().partition("\n")[0]
            log.warning("The replica %s cannot be read (%s); pages read the ledger's own server", self.name, reason)
            return None
        return connection

    def _check(self, connection: Connection, ledger_id: str | None) -> None:
        ids = {id for (id,) in connection.exec_driver_sql("SELECT id FROM ledger_id")}
        connection.rollback()
        if ledger_id is not None and ledger_id not in ids:
            connection.close()
            raise LedgerError(
                f"The database at {self.name} holds another ledger than LLMTRACK_DATABASE_URL: "
                "set LLMTRACK_READ_URL to a replica of it, or leave it out."
            )
        self._checked = True


def lag_of(connection: Connection) -> float:
    """Seconds by which what `connection` reads is behind the server that it follows; 0 where it follows none."""
    return float(connection.exec_driver_sql(_LAG).scalar_one())
