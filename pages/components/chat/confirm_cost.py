"""Asks for confirmation before a message with expensive files is sent: a file's cost cannot be shown earlier."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import streamlit as st

from llmtrack.chat.answers import Prompt, PromptMessage, check
from llmtrack.chat.error_messages import ChatError
from pages.components import formatting
from pages.components.chat import comforts, composer, cost_estimate
from pages.components.chat.options import pasted

if TYPE_CHECKING:
    from llmtrack.chat.cost_estimate import Quote

ASK_FROM = Decimal("0.10")
"""US dollars a message with files must be expected to cost before anybody is asked; simulated ones are no money."""
UNCONFIRMED = "chat_held"
"""The message, what it is expected to cost, and the conversation it belongs to."""
CONFIRMED = "chat_held_go"


def hold(draft: composer.Draft, quotes: Sequence[Quote], conversation_id: int | None) -> bool:
    """Hold a message back until it is confirmed if its files make it expensive; returns whether it is held back."""
    if not draft.files:
        return False
    real = [quote.expected for quote in quotes if quote.expected is not None and not quote.simulated]
    if sum(real, Decimal(0)) < ASK_FROM or not _can_be_sent(draft):
        return False
    st.session_state[UNCONFIRMED] = (draft, tuple(quotes), conversation_id)
    return True


def is_waiting() -> bool:
    """Whether a message waits for its sender's word."""
    return UNCONFIRMED in st.session_state


def _can_be_sent(draft: composer.Draft) -> bool:
    """What cannot be sent at all is refused when it is tried: nobody is asked about its price."""
    message = PromptMessage("user", draft.text, draft.files)
    try:
        for model in draft.models:
            check(Prompt(model, (message,), draft.parameters))
    except ChatError:
        return False
    return True


def confirmed() -> composer.Draft | None:
    """The message that was held back, once its sender has confirmed it."""
    if not st.session_state.pop(CONFIRMED, False):
        return None
    unsent = st.session_state.pop(UNCONFIRMED, None)
    return unsent[0] if unsent else None


def draw(conversation_id: int | None) -> None:
    """What the message held back will cost, how much of it are its files, and buttons to send it or not."""
    draft, quotes, where = st.session_state.get(UNCONFIRMED, (None, (), None))
    if draft is None or where != conversation_id:
        return
    names = formatting.plain(" and ".join(file.name for file in draft.files))
    share = formatting.share(quotes[0].file_tokens, quotes[0].input_tokens)
    with st.container(border=True):
        makes = "makes" if len(draft.files) == 1 else "make"
        st.markdown(
            f"**Not sent yet.** ≈ {cost_estimate.with_answer(quotes)}. {names} {makes} {share} of what is sent."
        )
        if draft.text:
            st.caption(formatting.plain(draft.text if len(draft.text) < 200 else draft.text[:199] + "…"))
        with st.container(horizontal=True):
            st.button("Send it", key="held_send", type="primary", on_click=_go)
            st.button("Do not send it", key="held_keep", on_click=_back)


def _go() -> None:
    st.session_state[CONFIRMED] = True


def _back() -> None:
    draft, *_ = st.session_state.pop(UNCONFIRMED)
    st.session_state[composer.BACK] = pasted.as_typed(draft.text, draft.files)
    comforts.note_refused()
