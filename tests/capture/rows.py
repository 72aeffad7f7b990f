"""Reading back what a tracker wrote, as a user of the database would see it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

_WORDS = (
    "feature", "group_name", "provider", "operation", "model", "request_model", "response_model", "status",
    "error_type", "error_code", "finish_reason", "service_tier", "region", "cost_status", "cost_reason",
)  # fmt: skip


def rows(database: Path) -> list[SimpleNamespace]:
    """Every generation in a SQLite ledger, oldest first, with its words spelled out."""
    if not database.exists():
        return []
    connection = sqlite3.connect(database)
    connection.row_factory = sqlite3.Row
    try:
        words = dict(connection.execute("SELECT id, text FROM name").fetchall())
        users = dict(connection.execute("SELECT id, user_id FROM app_user").fetchall())
        sessions = dict(connection.execute("SELECT id, session_id FROM session").fetchall())
        traces = dict(connection.execute("SELECT id, trace_id FROM trace").fetchall())
        properties = dict(connection.execute("SELECT id, properties FROM property_set").fetchall())
        texts = {row["id"]: row for row in connection.execute("SELECT * FROM generation_text")}
        found = []
        for row in connection.execute("SELECT * FROM generation ORDER BY id"):
            seen: dict[str, Any] = {**row, **{name: words.get(row[name]) for name in _WORDS}}
            seen["user_id"] = users.get(row["app_user"])
            seen["session_id"] = sessions.get(row["session"])
            seen["trace_id"] = traces.get(row["trace"])
            seen["properties"] = json.loads(properties.get(row["property_set"]) or "{}")
            text = texts.get(row["id"])
            seen["input"] = json.loads(text["input"]) if text and text["input"] else None
            seen["output"] = json.loads(text["output"]) if text and text["output"] else None
            seen["error"] = text["error"] if text else None
            found.append(SimpleNamespace(**seen))
        return found
    finally:
        connection.close()


def spans(database: Path) -> list[SimpleNamespace]:
    """Every span, in the order in which they began."""
    connection = sqlite3.connect(database)
    connection.row_factory = sqlite3.Row
    try:
        traces = dict(connection.execute("SELECT id, trace_id FROM trace").fetchall())
        found = connection.execute("SELECT * FROM span ORDER BY started_at, id")
        return [SimpleNamespace(**{**row, "trace_id": traces[row["trace"]]}) for row in found]
    finally:
        connection.close()
