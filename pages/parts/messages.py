"""One message of a conversation: who said it, what it cost, what can be done with it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import streamlit as st

from pages.parts import tail, words
from pages.parts.markdown import from_person

PERSON, MODEL = ":material/person:", ":material/smart_toy:"
ENDED = {
    "cancelled": ":material/stop_circle: stopped",
    "incomplete": ":material/content_cut: cut short",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about one answer."""

    model: str
    simulated: bool = False
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    cost: Decimal | None = None
    cost_status: str | None = None
    seconds: float | None = None
    first_token: float | None = None
    status: str = "ok"
    estimated: bool = False


def footer(facts: Facts) -> str:
    """The line under an answer: model · tokens · cost · seconds · first token."""
    parts = [ENDED.get(facts.status, ""), words.plain(facts.model) + (" (simulated)" if facts.simulated else "")]
    if facts.input_tokens is not None or facts.output_tokens is not None:
        about = "≈ " if facts.estimated else ""
        tokens = f"{about}{words.count(facts.input_tokens)} → {words.count(facts.output_tokens)} tokens"
        cached = f" ({words.share(facts.cached_tokens, facts.input_tokens)} cached)" if facts.cached_tokens else ""
        parts.append(tokens + cached)
    parts.append(cost(facts))
    if facts.seconds is not None:
        parts.append(words.seconds(facts.seconds))
    if facts.first_token is not None:
        parts.append(f"first token {words.seconds(facts.first_token)}")
    return " · ".join(part for part in parts if part)


def cost(facts: Facts) -> str:
    """What the answer cost, and how far to trust it."""
    if facts.cost is None:
        return "price unknown" if facts.cost_status == "unpriced" else ""
    marks = {"estimated": " estimated", "simulated": " simulated", "provider_reported": ""}
    return words.plain(words.usd(facts.cost)) + marks.get(facts.cost_status or "", "")


def draw_person(text: str) -> None:
    """What a person wrote."""
    with st.chat_message("user", avatar=PERSON):
        st.markdown(from_person(text))


def draw_answer(text: str, reasoning: str | None, error: str | None, facts: Facts | None) -> None:
    """An answer as it stands: thoughts, text, what went wrong, what it cost."""
    with st.chat_message("assistant", avatar=MODEL):
        tail.draw_reasoning(reasoning or "")
        if text:
            tail.draw_text(text)
        if error:
            st.error(words.plain(error), icon=":material/error:")
        if facts:
            st.caption(footer(facts))
