"""Choosing a model: favourites first, then by provider, with what they cost, or lack before they can be chosen."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING

import streamlit as st

from llmtrack.chat.error_messages import ChatError
from llmtrack.chat.models import Catalog, Model
from llmtrack.chat.preferences import Preferences
from pages.components import formatting, fresh_keys
from pages.components.chat import model_list

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger
    from llmtrack.pricing import Pricer

KEY = "chat_model"
"""The box in which a model is searched or typed."""
LIST = "chat_models"
"""Whether the list is open. The browser closes it: closed from here, it would not tell when it is opened again."""
CHOSEN = "chat_model_chosen"
"""The model of the session."""
OF = "chat_model_of"
"""The conversation the choice belongs to; 0 for a new one."""
REFUSED = "chat_model_refused"
STAR = "★ "
Prices = tuple[Decimal | None, Decimal | None]
"""What a million tokens cost, in and out."""


def pick_model(catalog: Catalog, preferences: Preferences, ledger: Ledger) -> Model:
    """The control, and the model chosen in it. One that cannot be chosen is refused, with the variable to set.

    The list is sent while it is open only: it is long, and every run of the page would send it again.
    """
    state = st.session_state
    if CHOSEN not in state:
        state[CHOSEN] = catalog.default(preferences.first_model).key
    chosen = catalog.find(state[CHOSEN])
    with st.popover(formatting.plain(chosen.name), key=LIST, type="tertiary", on_change="rerun", wrap=False) as listed:
        st.text_input(
            "Search or type a model",
            key=fresh_keys.key_of(KEY),
            placeholder=f"Search {formatting.counted(len(catalog.models), 'model')}, or type a name",
            icon=":material/search:",
            label_visibility="collapsed",
            on_change=_chosen,
            args=(catalog,),
        )
        if listed.open:
            st.html(model_list.html(catalog, preferences.favourites, chosen, _facts_of(catalog, ledger)))
    if refused := state.pop(REFUSED, None):
        st.toast(formatting.visible(refused), icon=":material/key_off:", duration="long")
    return chosen


def chosen(catalog: Catalog) -> Model:
    """The model now chosen, read before the control is drawn, even where its own callback has yet to come."""
    if st.session_state.get(fresh_keys.key_of(KEY)):
        _chosen(catalog)
    return catalog.find(st.session_state[CHOSEN])


def follow(catalog: Catalog, conversation_id: int | None, model: str | None) -> None:
    """Where another conversation has been opened, choose the model it last used."""
    state = st.session_state
    if state.get(OF, 0) == (conversation_id or 0):
        return
    keep(conversation_id)
    if model is not None:
        with suppress(ChatError):  # its provider is no longer set up
            last_used = catalog.find(model)
            if last_used.needs is None:
                choose(last_used)


def keep(conversation_id: int | None) -> None:
    """The model chosen now is the one of this conversation."""
    st.session_state[OF] = conversation_id or 0


def choose(model: Model) -> None:
    """Make `model` the one chosen in this session. Raises `ChatError` for one that cannot be chosen."""
    if model.needs:
        raise ChatError(f"{model.name} cannot be chosen yet: set {model.needs} and start the app again.")
    st.session_state[CHOSEN] = model.key


def take(catalog: Catalog, key: str) -> None:
    """A row of the list was pressed. Before the page is drawn, as in a callback."""
    try:
        choose(catalog.find(key))
    except ChatError as error:
        st.session_state[REFUSED] = str(error)


def _chosen(catalog: Catalog) -> None:
    """Take over what was typed, unless it cannot be taken."""
    typed = (st.session_state[fresh_keys.key_of(KEY)] or "").strip()
    if not typed:
        return
    fresh_keys.set_to(KEY, "")
    try:
        choose(named(catalog, typed, st.session_state[CHOSEN]))
    except ChatError as error:
        st.session_state[REFUSED] = str(error)


def named(catalog: Catalog, typed: str, current: str) -> Model:
    """The model somebody picked or typed: by its whole key, by its name, or by what its name begins with or holds.

    What no listed name holds is one more model of the provider in use. A new name that a listed one holds, such as
    ``gpt-6``, is taken as it stands with its provider before it: ``openai/gpt-6``. Raises `ChatError` where it can be
    none of these.
    """
    text = typed.partition(" — ")[0].removeprefix(STAR).rpartition(" · ")[2]
    if "/" in text:
        return catalog.find(text)
    wanted = text.casefold()
    ways = (
        lambda name: name == wanted,
        lambda name: name.startswith(wanted),
        lambda name: wanted in name,
    )
    for fits in ways if wanted else ():
        matches = [model for model in catalog.models if fits(model.name.casefold())]
        if matches:
            return min(matches, key=lambda model: (model.needs is not None, model.ended()))
    provider = current.partition("/")[0]
    if text and not catalog.find(current).simulated:
        return catalog.find(f"{provider}/{text}")
    return catalog.find(typed)


def prices(model: Model, ledger: Ledger) -> Prices | None:
    """What a million tokens of a model cost, in and out; None where that is not known."""
    from llmtrack.chat.models import pricer_for

    return _prices(model, pricer_for(ledger))


def _prices(model: Model, pricer: Pricer) -> Prices | None:
    from llmtrack.chat.models import price_of

    price = price_of(model, pricer)
    return None if price is None else (price.input, price.output)


def _facts_of(catalog: Catalog, ledger: Ledger) -> Callable[[Model], str]:
    """What stands beside a model in the list."""
    from llmtrack.chat.models import pricer_for

    pricer = pricer_for(ledger)  # once: it asks the ledger whether the price book has changed
    return lambda model: details(model, None if model.needs else _prices(model, pricer))


def details(model: Model, price: Prices | None = None) -> str:
    """What a million tokens cost in and out, how much it can read, and its end; or what keeps it from being chosen."""
    if model.needs:
        return f"set {model.needs}"
    if model.simulated:
        return model.about or ""
    parts = [" / ".join(map(_dollars, price)) if price and None not in price else "price unknown"]
    if model.context:
        parts.append(formatting.compact(model.context))
    if ends := model.deprecated():
        parts.append(ends)
    return " · ".join(parts)


def facts(model: Model, price: Prices | None = None) -> str:
    """One line on a model: what a million tokens cost, how much it can read, what it takes."""
    parts = []
    if model.simulated:
        parts.append(f"**simulated**: {model.about}" if model.about else "**simulated**")
    if price and None not in price:
        start = "stated at " if model.simulated else ""
        parts.append(formatting.plain(f"{start}{_dollars(price[0])} in, {_dollars(price[1])} out per million tokens"))
    elif not model.simulated:
        parts.append("price unknown")
    if model.context:
        parts.append(f"{formatting.compact(model.context)} tokens of context")
    if takes := _takes(model):
        parts.append(f"takes {takes}")
    if ended := model.deprecated():
        parts.append(f"**{ended}**")
    return " · ".join(parts)


def _dollars(price: Decimal | None) -> str:
    """A price with two decimals, or as many as it has: ``$2.50``, ``$0.075``."""
    if price is None:
        return formatting.UNKNOWN
    decimals = max(2, -int(price.normalize().as_tuple().exponent))
    return f"${formatting.rounded(price, decimals):,}"


def _takes(model: Model) -> str:
    return " and ".join(
        name for name, taken in (("images", model.capabilities.images), ("PDF", model.capabilities.pdf)) if taken
    )
