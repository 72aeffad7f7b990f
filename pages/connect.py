"""How a program or a coding agent gets into the ledger: a token, lines to copy, and the first call as it comes."""

from __future__ import annotations

import streamlit as st

from llmtrack.serving.gateway import missing_keys
from llmtrack.settings import get_settings
from pages.components import card, empty_states
from pages.components.connect import first_call, lines, new_token
from pages.components.connect.gateway_address import gateway_address
from pages.components.connect.shown_token import shown_token
from pages.components.tables.cells import text_of
from pages.components.viewer import viewer

me = viewer()
with card.head("Connect"):
    pass
address = gateway_address()
if address is None:
    empty_states.empty(
        "This server has no gateway",
        "Whoever runs it turns it on with `LLMTRACK_GATEWAY=true`, or names the one that runs by itself in "
        "`LLMTRACK_GATEWAY_ADDRESS`.",
        ":material/cable:",
    )
    st.stop()
card.sub(f"Programs in any language and coding agents, through <b>{text_of(address)}</b>.")
for provider, setting in missing_keys(get_settings()).items():
    card.note(
        f"This server has no key for {text_of(provider)}, so such calls are refused: whoever runs it sets "
        f"<b>{text_of(setting)}</b>.",
        "warn",
    )
new_token.draw(me)
lines.draw(address, shown_token())
first_call.draw(me)
