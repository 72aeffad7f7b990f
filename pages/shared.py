"""A conversation that somebody here shared by a link: to read, and to go on with in one's own chat."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from llmtrack.chat.conversations import WITHDRAWN, Conversations, open_shared, take_over_shared
from llmtrack.ledger.periods import zone
from llmtrack.settings import get_settings
from pages.components import empty_states, formatting, queries
from pages.components.chat import conversation_list, messages, problems
from pages.components.chat.options import sharing as parts
from pages.components.viewer import viewer


def go_on(token: str) -> None:
    """Copy it into a conversation of the viewer's own, and open that."""
    me, ledger = viewer(), queries.ledger()
    conversation_id = problems.attempt(take_over_shared, ledger, Conversations(ledger, me.id, me.team), token)
    st.session_state[TAKEN] = conversation_id


TAKEN = "shared_taken"
me = viewer()
token = st.query_params.get(parts.PARAMETER, "")
if (taken := st.session_state.pop(TAKEN, None)) is not None:
    st.switch_page("chat.py", query_params={conversation_list.ADDRESS: str(taken)})
shared = open_shared(queries.ledger(), token) if token else None
problems.draw()
if shared is None:
    empty_states.note(WITHDRAWN)
    st.page_link("chat.py", label="To your own chats", icon=":material/chat:")
    st.stop()
now = datetime.now(zone(get_settings().timezone))
made = datetime.fromtimestamp(shared.created_at / 1_000_000, now.tzinfo)
st.set_page_config(page_title=f"{formatting.visible(shared.conversation.title)} · llmtrack", layout="centered")
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    with st.container(width="stretch", gap=None):
        st.markdown(f"**{formatting.plain(shared.conversation.title)}**")
        st.caption(parts.words_of(shared.owner, formatting.short_moment(made, now.date())))
    st.button("Continue in my chat", key="go_on", icon=":material/forward:", on_click=go_on, args=(token,))
messages.let_wide_parts_scroll()
for message in shared.conversation.messages:
    messages.draw_to_read(message, shared.thumbnails)
