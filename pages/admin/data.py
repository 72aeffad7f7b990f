"""How much data is kept and for how long, what was removed when, and erasing a user."""

from __future__ import annotations

from html import escape

import streamlit as st

from llmtrack.ledger.errors import LedgerError
from llmtrack.ledger.maintenance import Done, last_retention, removals
from llmtrack.ledger.metrics import ask
from llmtrack.serving.daily_maintenance import erase_everywhere
from llmtrack.settings import Settings, get_settings
from pages.components import card, empty_states, formatting, queries, tables, tiles
from pages.components.tables import Column
from pages.components.viewer import require_admin

PERIODS = (Column("what", "What", pinned=True, width="large"), Column("kept", "Kept for"), Column("setting", "Setting"))
REMOVED = (
    Column("at", "When", "time", pinned=True),
    Column("by", "By"),
    Column("what", "What", width="large"),
)
OUTCOME, TYPED, MISTYPED = "erasure_outcome", "typed_name", "mistyped_name"
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


@st.dialog("Erase a user")
def confirm(user: str, by: str) -> None:
    """Asks for the name once more: an erasure cannot be undone."""
    calls = ask(queries.ledger(), ["generations"], where={"user": user}).totals["generations"]
    st.markdown(
        f"All that **{formatting.plain(user)}** said in {formatting.counted(calls, 'call')}, their conversations, "
        "attributes and names will be gone, from the database, journals and backups made before upgrades. What they "
        "cost stays in all totals, as nobody's."
    )
    card.note("This cannot be undone. Backups of your own are yours to clear.", "bad")
    if OUTCOME in st.session_state:  # it was pressed: away with the dialog
        st.rerun()
    st.text_input(f"Type {user} to erase them", key=TYPED, autocomplete="off")
    if st.session_state.pop(MISTYPED, False):
        st.error("That is not the name.", icon=":material/error:")
    with st.container(horizontal=True):
        with st.container(key="ll_danger", width="content"):
            st.button(f"Erase {user}", icon=":material/delete_forever:", on_click=erase, args=(user, by))
        if st.button("Keep"):
            st.rerun()


def erase(user: str, by: str) -> None:
    """Erase a user; the outcome is shown when the page is drawn next."""
    require_admin()
    if st.session_state.get(TYPED) != user:
        st.session_state[MISTYPED] = True
        return
    try:
        erased = erase_everywhere(queries.ledger(), user, by=by)
    except LedgerError as error:
        st.session_state[OUTCOME] = (False, str(error))
        return
    sentence = (
        f"{user} is {erased.name} from now on: {formatting.counted(erased.texts, 'text')}, "
        f"{formatting.counted(erased.conversations, 'conversation')} and "
        f"{formatting.counted(erased.backups, 'backup')} are gone."
    )
    st.session_state[OUTCOME] = (True, sentence)


me = require_admin()
settings = get_settings()
ledger = queries.ledger()
with card.head("Data"):
    pass
if outcome := st.session_state.pop(OUTCOME, None):
    done, sentence = outcome
    if done:
        st.success(formatting.plain(sentence), icon=":material/check:")
    else:
        st.error(formatting.plain(sentence), icon=":material/error:")

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
        st.session_state.pop(TYPED, None)
        confirm(user.strip(), me.id)
