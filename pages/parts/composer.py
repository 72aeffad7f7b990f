"""The bar at the bottom of the chat: which model, with which parameters, and what to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from llmtrack.chat.catalog import Catalog, Model
from llmtrack.chat.conversations import MOST_COMPARED
from llmtrack.chat.prompt import File, Parameters
from llmtrack.settings import get_settings
from pages.parts import picker

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from llmtrack.chat.branches import Conversation

PICTURES = ["png", "jpg", "jpeg", "gif", "webp"]
TEXTS = ["txt", "md", "csv", "tsv", "json", "yaml", "toml", "xml", "html", "css", "js", "ts", "py", "sql", "sh", "log"]
DEFAULT = "as the model likes"


@dataclass(frozen=True, slots=True)
class Draft:
    """What the bar says now."""

    model: Model
    parameters: Parameters
    others: tuple[Model, ...] = ()
    """Models that are to answer beside the first."""
    text: str = ""
    files: tuple[File, ...] = ()

    @property
    def sent(self) -> bool:
        """Whether the person has just pressed Enter."""
        return bool(self.text or self.files)


def draw(catalog: Catalog, conversation: Conversation | None) -> tuple[Draft, DeltaGenerator]:
    """The bar with what it says, and the place beside it for what the next message will cost."""
    with st.bottom:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            with st.container(width=240):
                model = picker.pick_model(catalog)
            with st.popover("Settings", help="Instructions, parameters, and models to compare with"):
                parameters = _parameters(model, conversation)
                others = _others(catalog, model)
        hint = st.empty()
    # Outside of `st.bottom`, though it goes there: only then does the page follow a growing answer down.
    said = st.chat_input(
        f"Message {' and '.join(one.name for one in (model, *others))}",
        key="message",
        submit_mode="stop",
        accept_file="multiple",
        file_type=[*PICTURES, "pdf", *TEXTS],
        max_upload_size=max(1, int(get_settings().attachment_max_mb)),
    )
    if said is None:
        return Draft(model, parameters, others), hint
    files = tuple(File(one.name, one.type or "text/plain", one.getvalue()) for one in said.files)
    return Draft(model, parameters, others, said.text or "", files), hint


def _others(catalog: Catalog, model: Model) -> tuple[Model, ...]:
    """Up to three more models to ask the same."""
    choosable = [one.key for one in catalog.models if one.needs is None and one.key != model.key]
    chosen = st.multiselect(
        "Compare with",
        choosable,
        key="compare_with",
        max_selections=MOST_COMPARED - 1,
        select_all=False,
        placeholder="up to three more models",
        help="All answer at once, side by side. The one you choose goes on as the conversation.",
        persist_state="session",
    )
    return tuple(catalog.find(key) for key in chosen if key in choosable)


def _parameters(model: Model, conversation: Conversation | None) -> Parameters:
    """The conversation's parameters: only those the model knows are asked for."""
    name = conversation.id if conversation else "new"
    kept = conversation.parameters if conversation else Parameters()
    system = st.text_area(
        "System prompt",
        kept.system or "",
        key=f"system_{name}",
        placeholder="You are a patient teacher …",
        help="Instructions that go before the conversation, with every message.",
        persist_state="session",
    )
    temperature = kept.temperature
    if model.takes.temperature:
        free = st.toggle(f"Temperature {DEFAULT}", temperature is None, key=f"free_{name}", persist_state="session")
        if not free:
            temperature = st.slider(
                "Temperature", 0.0, 2.0, kept.temperature or 1.0, 0.1, key=f"heat_{name}", persist_state="session"
            )
        else:
            temperature = None
    effort = kept.effort
    if model.takes.efforts:
        options = [None, *model.takes.efforts]
        effort = st.selectbox(
            "Reasoning effort",
            options,
            index=options.index(kept.effort) if kept.effort in options else 0,
            format_func=lambda one: one or DEFAULT,
            key=f"effort_{name}_{model.key}",
        )
    most = st.number_input(
        "Longest answer, in tokens",
        min_value=1,
        value=kept.max_tokens,
        key=f"most_{name}",
        placeholder=DEFAULT,
        persist_state="session",
    )
    return Parameters(system.strip() or None, temperature, int(most) if most else None, effort)
