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
from pages.components import formatting, fresh_keys
from pages.components.chat import model_picker, parameters, presets
from pages.components.chat.options import folder, pasted, web_search

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streamlit.delta_generator import DeltaGenerator

    from llmtrack.chat.conversations import Conversation
    from llmtrack.chat.preferences import Preferences
    from llmtrack.ledger import Ledger

MESSAGE = "message"
COMPARED = "compare_with"
"""The models to be compared: a new chat asks one."""
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
    send_folder: Callable[[bool], None],
    submit: Callable[[], None],
) -> tuple[Draft, DeltaGenerator]:
    """The bar and what it holds, and the place in it for what the next message will cost, or for Stop.

    `resend` is called with whether the files of earlier messages are to be sent again, `send_folder` with whether those
    of the folder are to go along. `submit` is called when Enter
    was pressed, before anything is drawn: `submitted` is what was written then, and the draft returned has none of it.
    """
    with st.bottom, st.container(key="ll_tools", horizontal=True, vertical_alignment="center", gap=None, wrap=False):
        model = model_picker.pick_model(catalog, preferences, ledger)
        others = _draw_compared(catalog, model)
        with st.popover(
            "Settings",
            icon=":material/tune:",
            type="tertiary",
            width="content",
            help="Favourites, presets, instructions, parameters",
            # Another one closes it: it would lie on top of the dialog that was opened from it.
            key=f"settings_{st.session_state.get(presets.OPENED, 0)}",
        ):
            chosen_parameters = _draw_settings(catalog, model, conversation, preferences, ledger, resend, send_folder)
        with st.container(key="ll_web", width="content"):
            web_search.draw(ledger, (model, *others))
        place = st.container(key="ll_last", width="stretch", horizontal=True, horizontal_alignment="right")
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
    return Draft(model, chosen_parameters, others), place


def submitted(catalog: Catalog, conversation: Conversation | None) -> Draft | None:
    """The message that was just sent, read before the bar is drawn, as in a callback; None where there is none."""
    value = st.session_state.get(MESSAGE)
    if value is None:
        return None
    text, attached = (value, []) if isinstance(value, str) else (value.text or "", value.files)
    files = tuple(File(file.name, file.type or "text/plain", file.getvalue()) for file in attached)
    text, files = pasted.without_large_text(text, files)
    model = model_picker.chosen(catalog)
    others = _models(catalog, model, _compared())
    return Draft(model, parameters.chosen(model, conversation), others, text, files)


def stop_comparing() -> None:
    """Ask one model from now on. Before the bar is drawn, as in a callback."""
    fresh_keys.set_to(COMPARED, [])


def _compared() -> Sequence[str]:
    return st.session_state.get(fresh_keys.key_of(COMPARED)) or ()


def _draw_compared(catalog: Catalog, model: Model) -> tuple[Model, ...]:
    """The models that are to answer as well, each with a press that takes it out, and the way to add one."""
    keys = _models(catalog, model, _compared())
    for other in keys:
        st.button(
            formatting.plain(other.name),
            key=f"without_{other.key}",
            icon=":material/close:",
            icon_position="right",
            type="tertiary",
            help=f"Do not ask {formatting.plain(other.name)}",
            on_click=_leave_out,
            args=(other.key,),
        )
    with st.popover(
        "Compare",
        key="compare_popover",
        icon=":material/add:",
        type="tertiary",
        width="content",
        help="Compare with more models",
    ):
        return _others(catalog, model)


def _leave_out(key: str) -> None:
    fresh_keys.set_to(COMPARED, [other for other in _compared() if other != key])


def _draw_settings(
    catalog: Catalog,
    model: Model,
    conversation: Conversation | None,
    preferences: Preferences,
    ledger: Ledger,
    resend: Callable[[bool], None],
    send_folder: Callable[[bool], None],
) -> Parameters:
    """What is behind the sliders."""
    st.caption(f"**{formatting.plain(model.name)}** · {model_picker.facts(model, model_picker.prices(model, ledger))}")
    with st.container(horizontal=True):
        _draw_marks(model, preferences)
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
    if conversation:
        folder.draw_along(conversation, send_folder)
    return chosen_parameters


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
        key=fresh_keys.key_of(COMPARED),
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
