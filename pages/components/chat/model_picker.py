"""Choosing a model: favourites first, then by provider, with what they cost, or lack before they can be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING

import streamlit as st

from llmtrack.chat.error_messages import ChatError
from llmtrack.chat.models import Catalog, Model, ProviderModels
from llmtrack.chat.preferences import Preferences, favourites_first
from pages.components import formatting

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger
    from llmtrack.pricing import Pricer

KEY = "chat_model"
CHOSEN = "chat_model_chosen"
"""The model of the session: the picker's own value may be one that cannot be chosen."""
OF = "chat_model_of"
"""The conversation the choice belongs to; 0 for a new one."""
SHOWN = "chat_model_shown"
"""How the chosen model was last called in the box."""
REFUSED = "chat_model_refused"
STAR = "★ "
Prices = tuple[Decimal | None, Decimal | None]
"""What a million tokens cost, in and out."""


def pick_model(catalog: Catalog, preferences: Preferences, ledger: Ledger) -> Model:
    """The control, and the model chosen in it. One that cannot be chosen is refused, with the variable to set."""
    state = st.session_state
    if CHOSEN not in state:
        state[CHOSEN] = catalog.default(preferences.first_model).key
    chosen = catalog.find(state[CHOSEN])
    listed = favourites_first(catalog, preferences.favourites)
    if chosen.key not in {model.key for model in listed}:
        listed = (chosen, *listed)
    labels = _labels(listed, catalog, preferences.favourites, ledger)
    if state.get(KEY) != chosen.key or state.get(SHOWN) != labels[chosen.key]:
        # Only where it differs: setting it empties the box under the fingers of whoever is typing another name.
        state[KEY] = chosen.key
    state[SHOWN] = labels[chosen.key]
    st.selectbox(
        "Model",
        [model.key for model in listed],
        key=KEY,
        format_func=lambda key: labels.get(key, key),
        accept_new_options=True,
        on_change=_chosen,
        args=(catalog,),
        label_visibility="collapsed",
    )
    if refused := state.pop(REFUSED, None):
        st.toast(formatting.visible(refused), icon=":material/key_off:", duration="long")
    return chosen


def chosen(catalog: Catalog) -> Model:
    """The model now chosen, read before the control is drawn, even where its own callback has yet to come."""
    state = st.session_state
    if state.get(KEY) not in (None, state[CHOSEN]):
        _chosen(catalog)
    return catalog.find(state[CHOSEN])


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


def _chosen(catalog: Catalog) -> None:
    """Take the choice over, unless it cannot be taken."""
    typed = (st.session_state[KEY] or "").strip()
    st.session_state.pop(SHOWN, None)  # a name that was typed is shown in the box as the list has it
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


def _labels(listed: Sequence[Model], catalog: Catalog, favourites: Sequence[str], ledger: Ledger) -> dict[str, str]:
    from llmtrack.chat.models import pricer_for

    pricer = pricer_for(ledger)  # once: it asks the ledger whether the price book has changed
    providers = {provider.name: provider for provider in catalog.providers}
    listed_keys = {model.key for model in catalog.models}
    return {
        model.key: formatting.visible(
            (STAR if model.key in favourites else "")
            + label(model, providers[model.provider], None if model.needs else _prices(model, pricer))
            + ("" if model.key in listed_keys else " — typed in")
        )
        for model in listed
    }


def label(model: Model, provider: ProviderModels, price: Prices | None = None) -> str:
    """A model in the list: provider first, so that the list is grouped; then what keeps it from being chosen.

    Where nothing does: what a million tokens cost in and out, how much it can read, what it takes, and its end.
    """
    name = f"{provider.label.partition(' (')[0]} · {model.name}"
    if model.needs:
        return f"{name} — set {model.needs} to choose it"
    if model.simulated:
        return f"{name} — {model.about}" if model.about else name
    end = model.deprecated() or ""
    parts = [end] if model.ended() else []
    if price and None not in price:
        parts.append(" / ".join(map(_dollars, price)))
    if model.context:
        parts.append(formatting.compact(model.context))
    parts.append(_takes(model))
    if not model.ended():  # last: a narrow box cuts it off, and the settings have it too
        parts.append(end)
    details = " · ".join(part for part in parts if part)
    return f"{name} — {details}" if details else name


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
