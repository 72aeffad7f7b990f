"""What a table shows, as CSV and JSON: the same rows and columns, every amount to the nano-dollar."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import streamlit as st

from llmtrack.ledger.export import Column as FileColumn
from llmtrack.ledger.export import encoded
from pages.components.tables import Column
from pages.components.viewer import require_numbers

_KINDS = {"count": "integer", "tokens": "integer", "usd": "money", "seconds": "number", "bar": "number", "time": "time"}


def draw(name: str, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], where: Mapping[str, Any]) -> None:
    """The buttons that save the table, which was read with the filters `where`; lines of values are left out."""
    require_numbers(where)
    written = [column for column in columns if column.kind != "line"]
    with st.container(horizontal=True, width="content", gap="small"):
        for kind, make in (("CSV", as_csv), ("JSON", as_json)):
            st.download_button(
                kind, make(written, rows), f"{name}.{kind.lower()}", icon=":material/download:", key=f"save_{kind}",
                on_click="ignore", disabled=not rows,
            )  # fmt: skip


def as_csv(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The rows as CSV, as RFC 4180 has it; what a spreadsheet would run as a formula is written as text."""
    files = [FileColumn(column.key, _KINDS.get(column.kind, "text"), "") for column in columns]
    batch = [[row.get(column.key) for column in columns] for row in rows]
    return b"".join(encoded("csv", files, [batch]))


def as_json(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The rows as a JSON list; amounts are texts, because a number of JSON need not hold all their digits."""
    listed = [{column.key: _plain(row.get(column.key)) for column in columns} for row in rows]
    return json.dumps(listed, ensure_ascii=False, indent=1).encode("utf-8", "replace")


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, datetime) else value
