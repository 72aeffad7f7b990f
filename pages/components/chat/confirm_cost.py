"""A message that its files make dear: its price is told before it goes out, as nothing is known of a file earlier."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import streamlit as st

from llmtrack.chat.answers import Prompt, Said, check
from llmtrack.chat.error_messages import ChatError
from pages.components import formatting
from pages.components.chat import composer, cost_estimate

if TYPE_CHECKING:
    from llmtrack.chat.cost_estimate import Quote

ASK_FROM = Decimal("0.10")
"""US dollars a message with files must be expected to cost before anybody is asked; simulated ones are no money."""
HELD = "chat_held"
"""The message, what it is expected to cost, and the conversation it belongs to."""
GO = "chat_held_go"


def hold(draft: composer.Draft, found: Sequence[Quote], conversation_id: int | None) -> bool:
    """Keep a message back if its files make it dear; whether it is kept back."""
    if not draft.files:
        return False
    real = [one.expected for one in found if one.expected is not None and not one.simulated]
    if sum(real, Decimal(0)) < ASK_FROM or not _can_be_sent(draft):
        return False
    st.session_state[HELD] = (draft, tuple(found), conversation_id)
    return True


def _can_be_sent(draft: composer.Draft) -> bool:
    """What cannot be sent at all is refused when it is tried: nobody is asked about its price."""
    said = Said("user", draft.text, draft.files)
    try:
        for model in draft.models:
            check(Prompt(model, (said,), draft.parameters))
    except ChatError:
        return False
    return True


def released() -> composer.Draft | None:
    """The message that was kept back, once its sender has said that it may go."""
    if not st.session_state.pop(GO, False):
        return None
    kept = st.session_state.pop(HELD, None)
    return kept[0] if kept else None


def draw(conversation_id: int | None) -> None:
    """What the message kept back will cost, and which part of it its files are; send it, or not."""
    draft, found, where = st.session_state.get(HELD, (None, (), None))
    if draft is None or where != conversation_id:
        return
    names = formatting.plain(" and ".join(file.name for file in draft.files))
    share = formatting.share(found[0].file_tokens, found[0].input_tokens)
    with st.container(border=True):
        makes = "makes" if len(draft.files) == 1 else "make"
        st.markdown(f"**Not sent yet.** ≈ {cost_estimate.with_answer(found)}. {names} {makes} {share} of what is sent.")
        if draft.text:
            st.caption(formatting.plain(draft.text if len(draft.text) < 200 else draft.text[:199] + "…"))
        with st.container(horizontal=True):
            st.button("Send it", key="held_send", type="primary", on_click=_go)
            st.button("Do not send it", key="held_keep", on_click=_back)


def _go() -> None:
    st.session_state[GO] = True


def _back() -> None:
    draft, *_ = st.session_state.pop(HELD)
    st.session_state[composer.BACK] = draft.text
