"""The bar at the bottom of the chat: which model, with which parameters, and what to say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from llmtrack.chat.answers import File, Parameters
from llmtrack.chat.conversations import MOST_COMPARED
from llmtrack.chat.models import Catalog, Model
from llmtrack.settings import get_settings
from pages.components import formatting
from pages.components.chat import model_picker, parameters, presets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streamlit.delta_generator import DeltaGenerator

    from llmtrack.chat.conversations import Conversation
    from llmtrack.chat.preferences import Preferences
    from llmtrack.ledger import Ledger

MESSAGE = "message"
COMPARED = "compare_with"
BACK = "message_back"
"""What was typed and could not be sent: it goes back into the box."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What the bar holds now."""

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

    @property
    def models(self) -> tuple[Model, ...]:
        """Everyone who is to answer."""
        return (self.model, *self.others)


def draw(
    catalog: Catalog,
    conversation: Conversation | None,
    preferences: Preferences,
    ledger: Ledger,
    resend: Callable[[bool], None],
    submit: Callable[[], None],
) -> tuple[Draft, DeltaGenerator]:
    """The bar and what it holds, and the place beside it for what the next message will cost.

    `resend` is called with whether the files of earlier messages are to be sent again. `submit` is called when Enter
    was pressed, before anything is drawn: `submitted` is what was written then, and the draft returned has none of it.
    """
    with st.bottom:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
            with st.container(width="stretch"):
                model = model_picker.pick_model(catalog, preferences, ledger)
            with st.popover(
                "Settings",
                width="content",
                help="Favourites, presets, instructions, parameters, and models to compare",
                # Another one closes it: it would lie on top of the dialog that was opened from it.
                key=f"settings_{st.session_state.get(presets.OPENED, 0)}",
            ):
                chosen_parameters, others = _draw_settings(catalog, model, conversation, preferences, ledger, resend)
        hint = st.empty()
    if (back := st.session_state.pop(BACK, None)) is not None:
        st.session_state[MESSAGE] = back
    # Outside of `st.bottom`, though it goes there: only then does the page follow a growing answer down.
    st.chat_input(
        formatting.visible(f"Message {' and '.join(answering.name for answering in (model, *others))}"),
        key=MESSAGE,
        submit_mode="stop",
        accept_file="multiple",
        # Any file, and larger ones than can be sent: what the browser refuses it leaves behind without a word when the
        # message is sent. What we refuse is said, and the message stays in the box.
        max_upload_size=max(math.ceil(get_settings().attachment_max_mb), st.get_option("server.maxUploadSize")),
        on_submit=submit,
    )
    return Draft(model, chosen_parameters, others), hint


def submitted(catalog: Catalog, conversation: Conversation | None) -> Draft | None:
    """The message that was just sent, read before the bar is drawn, as in a callback; None where there is none."""
    value = st.session_state.get(MESSAGE)
    if value is None:
        return None
    text, attached = (value, []) if isinstance(value, str) else (value.text or "", value.files)
    files = tuple(File(file.name, file.type or "text/plain", file.getvalue()) for file in attached)
    model = model_picker.chosen(catalog)
    others = _models(catalog, model, st.session_state.get(COMPARED) or ())
    return Draft(model, parameters.chosen(model, conversation), others, text, files)


def stop_comparing() -> None:
    """Ask one model from now on. Before the bar is drawn, as in a callback."""
    st.session_state[COMPARED] = []


def _draw_settings(
    catalog: Catalog,
    model: Model,
    conversation: Conversation | None,
    preferences: Preferences,
    ledger: Ledger,
    resend: Callable[[bool], None],
) -> tuple[Parameters, tuple[Model, ...]]:
    """What is behind the button beside the model."""
    st.caption(f"**{formatting.plain(model.name)}** · {model_picker.facts(model, model_picker.prices(model, ledger))}")
    with st.container(horizontal=True):
        _draw_marks(model, preferences)
    others = _others(catalog, model)
    presets.draw_choice(catalog, preferences, conversation.id if conversation else None)
    chosen_parameters = parameters.draw(model, conversation)
    if conversation and any(message.files for message in conversation.messages):
        key = f"resend_{conversation.id}_{conversation.resend_files}"
        st.toggle(
            "Send earlier files again",
            conversation.resend_files,
            key=key,
            help="With every message, so that the model can look at them again. It costs their tokens each time.",
            on_change=lambda: resend(bool(st.session_state[key])),
        )
    return chosen_parameters, others


def _draw_marks(model: Model, preferences: Preferences) -> None:
    """A star for the model, and whether new chats begin with it."""
    starred, first = model.key in preferences.favourites, model.key == preferences.first_model
    # Their keys hold what they say, so that another tab's change shows.
    star, begin = f"star_{model.key}_{starred}", f"first_{model.key}_{first}"

    def set_first() -> None:
        preferences.begin_with(model) if st.session_state[begin] else preferences.begin_with_the_usual()

    st.toggle(
        "Favourite",
        starred,
        key=star,
        help="Favourites stand first in the list of models, with a star.",
        on_change=lambda: preferences.star(model, bool(st.session_state[star])),
    )
    st.toggle("New chats begin with it", first, key=begin, on_change=set_first)


def _others(catalog: Catalog, model: Model) -> tuple[Model, ...]:
    """Up to three more models to ask the same."""
    choosable = _comparable(catalog, model)
    chosen = st.multiselect(
        "Compare with",
        choosable,
        format_func=formatting.visible,
        key=COMPARED,
        max_selections=MOST_COMPARED - 1,
        select_all=False,
        placeholder="up to three more models",
        help="All answer at once, side by side. The one you choose goes on as the conversation.",
        persist_state="session",
    )
    return _models(catalog, model, chosen)


def _comparable(catalog: Catalog, model: Model) -> list[str]:
    return [candidate.key for candidate in catalog.models if candidate.needs is None and candidate.key != model.key]


def _models(catalog: Catalog, model: Model, keys: Sequence[str]) -> tuple[Model, ...]:
    """The models to ask beside `model`, of those chosen."""
    comparable = _comparable(catalog, model)
    return tuple(catalog.find(key) for key in keys if key in comparable)
