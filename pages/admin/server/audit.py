"""Who changed what and when: everything the app has noted, to filter and to take out as a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import streamlit as st

from llmtrack.ledger import people
from llmtrack.ledger.people import AuditEntry, AuditFilter
from llmtrack.ledger.periods import from_micros
from llmtrack.settings import get_settings
from pages.components import card, empty_states, filters, formatting, queries, tables
from pages.components.tables import Column
from pages.components.viewer import require_admin

SHOWN = 500
COLUMNS = (
    Column("at", "When", "time", pinned=True),
    Column("who", "Who"),
    Column("what", "What"),
    Column("whom", "On", width=200),
    Column("before", "Before", width=110),
    Column("after", "After", width=110),
    Column("more", "More", width="large"),
)
ANY = "anything"


def shown(value: Any) -> str:
    """A value of an entry as people read it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def row(entry: AuditEntry, timezone: str) -> dict[str, Any]:
    """An entry as the table and the file have it."""
    more = {
        name: value for name, value in entry.detail.items() if name not in ("before", "after") and value is not None
    }
    return {
        "at": from_micros(entry.at, timezone),
        "who": entry.actor,
        "what": entry.action,
        "whom": entry.subject or "",
        "before": shown(entry.detail.get("before")),
        "after": shown(entry.detail.get("after")),
        "more": " · ".join(f"{name}: {shown(value)}" for name, value in more.items()),
    }


def as_csv(rows: Sequence[dict[str, Any]]) -> bytes:
    """The rows as a file that a spreadsheet opens without running anything in it."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [column.key for column in COLUMNS])
    writer.writeheader()
    for line in rows:
        writer.writerow({name: harmless(str(value)) for name, value in line.items()})
    return text.getvalue().encode()


def harmless(value: str) -> str:
    """What a spreadsheet would take for a formula, marked as text."""
    return f"'{value}" if value[:1] in "=+-@\t\r" and value else value


def export(wanted: AuditFilter, timezone: str, by: str) -> bytes:
    """All entries that match, as a file; taking it out is noted."""
    entries = people.audit_log(queries.ledger(), wanted, limit=None)
    people.record(queries.ledger(), by, "export", "audit log", {"entries": len(entries)})
    return as_csv([row(entry, timezone) for entry in entries])


me = require_admin()
zone = get_settings().timezone
with card.head("Audit log"):
    span = filters.choose_span()
card.sub(filters.in_words(span))
with st.container(horizontal=True, vertical_alignment="bottom"):
    kinds = [ANY, *people.actions(queries.ledger())]
    action = st.selectbox("What", kinds, format_func=formatting.visible, key="action", bind="query-params", width=220)
    who = st.text_input("Who or on whom", key="who", bind="query-params", width=260).strip()
wanted = AuditFilter(
    since=span.period.start,
    until=span.period.end,
    action=None if action == ANY else action,
    who=who or None,
)
rows = [row(entry, zone) for entry in people.audit_log(queries.ledger(), wanted, limit=SHOWN)]
if rows:
    tables.table(rows, COLUMNS, alt_text=f"Audit log, {span}")
    if len(rows) == SHOWN:
        empty_states.note(f"The latest {SHOWN} are shown; the file has all.")
    st.download_button(
        "CSV", data=lambda: export(wanted, zone, me.id), file_name=f"llmtrack audit {formatting.plain(str(span))}.csv",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip
else:
    empty_states.empty("Nothing noted", "Choose a longer time or fewer filters above.", ":material/search_off:")
