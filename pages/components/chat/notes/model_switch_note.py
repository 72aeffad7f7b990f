"""A conversation that became dearer with another model says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import formatting

if TYPE_CHECKING:
    from llmtrack.chat.conversations import Conversation
    from llmtrack.ledger.chats import Figures


def draw(conversation: Conversation | None, figures: Mapping[int, Figures]) -> None:
    """One line, where an answer costs at least half as much again since the model was switched."""
    from llmtrack.chat.model_switch import model_switch

    switch = model_switch(conversation.messages, figures) if conversation else None
    if switch is None:
        return
    now, before = (formatting.plain(key.partition("/")[2]) for key in (switch.now, switch.before))
    dearer, cheaper = (formatting.plain(formatting.usd(cost)) for cost in (switch.cost_now, switch.cost_before))
    times = formatting.compact(round(float(switch.factor), 1))
    st.caption(
        f"An answer costs {times} times as much since you switched to {now}: {dearer}, and {cheaper} with {before}."
    )
