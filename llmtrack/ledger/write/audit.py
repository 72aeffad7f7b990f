"""Who changed what, and when: the ledger's own notebook."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from llmtrack.ids import new_id
from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.write.interning import plain_json


def note(
    connection: Connection, dialect: Dialect, actor: str, action: str, subject: str | None, detail: Mapping[str, Any]
) -> None:
    """Writes that `actor` did `action` to `subject`, in the transaction that does it."""
    now = time.time_ns() // 1000
    columns = ("id", "at", "actor", "action", "subject", "detail")
    values = (new_id(now), now, actor, action, subject, plain_json(detail))
    connection.exec_driver_sql(dialect.insert_sql("audit", columns), values)
