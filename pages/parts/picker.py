"""Choosing a model: all of them by provider, with what they cost and what they lack before they can be chosen."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import streamlit as st

from llmtrack.chat.catalog import Catalog, Model, ProviderModels
from llmtrack.chat.wording import ChatError
from pages.parts import words

KEY = "chat_model"
CHOSEN = "chat_model_chosen"
"""The model of the session: the picker's own value may be one that cannot be chosen."""
OF = "chat_model_of"
"""The conversation the choice belongs to; 0 for a new one."""
REFUSED = "chat_model_refused"


def pick_model(catalog: Catalog, preferred: str | None = None) -> Model:
    """The control, and the model chosen in it. One that cannot be chosen is refused, with the variable to set."""
    state = st.session_state
    if CHOSEN not in state:
        state[CHOSEN] = catalog.default(preferred).key
    if state.get(KEY) != state[CHOSEN]:
        # Only where it differs: setting it empties the box under the fingers of whoever is typing another name.
        state[KEY] = state[CHOSEN]
    listed = [model.key for model in catalog.models]
    options = listed if state[CHOSEN] in listed else [state[CHOSEN], *listed]
    labels = {model.key: label(model, provider) for provider in catalog.providers for model in provider.models}
    st.selectbox(
        "Model",
        options,
        key=KEY,
        format_func=lambda key: labels.get(key, f"{key} (typed in)"),
        accept_new_options=True,
        on_change=_chosen,
        args=(catalog,),
        label_visibility="collapsed",
    )
    if refused := state.pop(REFUSED, None):
        st.toast(refused, icon=":material/key_off:", duration="long")
    return catalog.find(state[CHOSEN])


def follow(catalog: Catalog, conversation_id: int | None, model: str | None) -> None:
    """Where another conversation has been opened, choose the model it last used."""
    state = st.session_state
    if state.get(OF, 0) == (conversation_id or 0):
        return
    keep(conversation_id)
    if model is not None:
        with suppress(ChatError):  # its provider is no longer set up
            found = catalog.find(model)
            if found.needs is None:
                choose(found)


def keep(conversation_id: int | None) -> None:
    """The model chosen now is the one of this conversation."""
    st.session_state[OF] = conversation_id or 0


def choose(model: Model) -> None:
    """Make `model` the one chosen in this session."""
    st.session_state[CHOSEN] = model.key


def _chosen(catalog: Catalog) -> None:
    """Take the choice over, unless it cannot be taken."""
    typed = (st.session_state[KEY] or "").strip()
    try:
        model = named(catalog, typed, st.session_state[CHOSEN])
    except ChatError as error:
        st.session_state[REFUSED] = str(error)
        return
    if model.needs:
        st.session_state[REFUSED] = f"{model.name} cannot be chosen yet: set {model.needs} and start the app again."
        return
    choose(model)


def named(catalog: Catalog, typed: str, current: str) -> Model:
    """The model somebody picked or typed: by its whole key, by its name alone, or as one more of the provider in use.

    Raises `ChatError` where it can be none of these.
    """
    if "/" not in typed:
        same = [model for model in catalog.models if model.name == typed]
        if same:
            return min(same, key=lambda model: model.needs is not None)
        provider = current.partition("/")[0]
        if typed and not catalog.find(current).simulated:
            return catalog.find(f"{provider}/{typed}")
    return catalog.find(typed)


def label(model: Model, provider: ProviderModels) -> str:
    """A model in the list: provider first, so that the list is grouped, then what keeps it from being chosen."""
    parts = [f"{provider.label.partition(' (')[0]} · {model.name}"]
    if model.needs:
        parts.append(f"set {model.needs} to choose it")
    elif ended := model.deprecated():
        parts.append(ended)
    return " — ".join(parts)


def facts(model: Model, prices: tuple[Decimal | None, Decimal | None] | None = None) -> str:
    """One line on a model: what a million tokens cost, how much it can read, what it takes."""
    parts = []
    if model.simulated:
        parts.append(f"**simulated**: {model.about}" if model.about else "**simulated**")
    if prices and None not in prices:
        start = "stated at " if model.simulated else ""
        parts.append(words.plain(f"{start}{words.usd(prices[0])} in, {words.usd(prices[1])} out per million tokens"))
    elif not model.simulated:
        parts.append("price unknown")
    if model.context:
        parts.append(f"{words.compact(model.context)} tokens of context")
    takes = [name for name, taken in (("images", model.takes.images), ("PDF", model.takes.pdf)) if taken]
    if takes:
        parts.append("takes " + " and ".join(takes))
    if ended := model.deprecated():
        parts.append(f"**{ended}**")
    return " · ".join(parts)
