"""How much data is kept and for how long, what was removed when, and erasing a user."""

from __future__ import annotations

from html import escape

import streamlit as st

from llmtrack.ledger.maintenance import Done, last_retention, removals
from llmtrack.ledger.metrics import ask
from llmtrack.settings import Settings, get_settings
from pages.components import card, empty_states, erasing, formatting, outcome, queries, tables, tiles
from pages.components.tables import Column
from pages.components.viewer import require_admin

PERIODS = (
    Column("what", "What", pinned=True, width="large"),
    Column("kept", "Kept for"),
    Column("setting", "Setting", tone="muted", wide_only=True),
)
REMOVED = (
    Column("at", "When", "time", pinned=True),
    Column("by", "By"),
    Column("what", "What", width="large"),
)
COUNTED = {
    "texts": ("text", "texts"),
    "properties": ("call's properties", "calls' properties"),
    "rows": ("call", "calls"),
    "days": ("day sealed", "days sealed"),
    "conversations": ("conversation", "conversations"),
}


def retention_rows(settings: Settings) -> list[dict[str, str]]:
    """What is kept for how long, and the setting that says so."""
    kinds = {
        "keep_text_days": "What was said: prompts, answers, error messages, comments",
        "keep_property_days": "Properties of calls",
        "keep_row_days": "Single calls, with all of the above",
    }
    rows = []
    for name, what in kinds.items():
        days = None if settings.sample else getattr(settings, name)
        period = "ever" if days is None else formatting.counted(days, "day")
        rows.append({"what": what, "kept": period, "setting": f"LLMTRACK_{name.upper()}"})
    return [*rows, {"what": "Totals: cost, tokens, counts, percentiles", "kept": "ever", "setting": "none"}]


def in_words(done: Done) -> str:
    """What one removal took away, in words."""
    counts = [formatting.counted(done.detail[name], *COUNTED[name]) for name in COUNTED if done.detail.get(name)]
    if done.action == "erase user":
        return f"Erased a user, {done.subject} since: {', '.join(counts) or 'nothing was kept of what they said'}"
    return ", ".join(counts)


require_admin()
settings = get_settings()
ledger = queries.ledger()
with card.head("Data"):
    pass
outcome.show()

totals = ask(ledger, ["generations", "users"]).totals
with st.skeleton(height=100):
    card.sub(f"Kept in {escape(ledger.name)}.")
    tiles.draw(
        [
            tiles.Tile("Calls", formatting.count(totals["generations"]), remark="in all totals, rows or not"),
            tiles.Tile("Users", formatting.count(totals["users"]), remark="who made at least one call"),
            tiles.Tile("Size", f"{ledger.size() / 1e6:,.1f} MB", remark="with indexes and totals"),
        ],
        across=3,
    )

with card.card("How long things are kept"):
    tables.table(retention_rows(settings), PERIODS, alt_text="How long things are kept")
    last = last_retention(ledger, settings.timezone)
    if settings.sample:
        empty_states.note("Sample data is made up and never grows old.")
    elif settings.keep_text_days is settings.keep_property_days is settings.keep_row_days is None:
        empty_states.note(
            "Nothing is ever removed. To change that, set a number of days in the environment or in "
            "`.streamlit/secrets.toml` and start the app again."
        )
    else:
        when = f"last on {formatting.moment(last)}" if last else "for the first time within minutes of the start"
        empty_states.note(f"What is older is removed once a day while the app runs, {when}.")

with card.card("What was removed"):
    removed = [
        {"at": removal.at, "by": removal.by, "what": in_words(removal)}
        for removal in removals(ledger, settings.timezone)
    ]
    if removed:
        tables.table(removed, REMOVED, alt_text="What was removed")
    else:
        empty_states.note("Nothing so far.")

with card.card("Erase a user", "all they said, for good; their cost stays in the totals"):
    form = st.form("erase", border=False, clear_on_submit=True)
    with form, st.container(horizontal=True, vertical_alignment="bottom"):
        user = st.text_input("User to erase", placeholder="The id their calls carry", width=320)
        with st.container(key="ll_danger_erase", width="content"):
            wanted = st.form_submit_button("Erase…", icon=":material/person_remove:")
    if wanted and user.strip():
        erasing.confirm(user.strip())
