"""Letting the provider search the web for the next message, and what a search costs."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import formatting
from pages.components.viewer import viewer

if TYPE_CHECKING:
    from llmtrack.chat.models import Model
    from llmtrack.ledger import Ledger

WANTED = "web_search"


def draw(ledger: Ledger, models: Sequence[Model]) -> None:
    """The switch with its price, for models that can search and people who may; nothing for others."""
    from llmtrack.chat.answers import MOST_SEARCHES

    if not offered(ledger, models):
        return
    price = search_price(ledger, models)
    each = "at a price nobody knows" if price is None else f"{formatting.plain(formatting.usd(price))} a search"
    most = "" if price is None else f", {formatting.plain(formatting.usd(price * MOST_SEARCHES))} at most"
    st.toggle(
        f"Web search · {each}",
        key=WANTED,
        help=f"For the next message: up to {MOST_SEARCHES} searches{most}, and the tokens of the pages read.",
    )


def wanted(ledger: Ledger, models: Sequence[Model]) -> bool:
    """Whether the message being sent is to search the web."""
    return bool(st.session_state.get(WANTED)) and offered(ledger, models)


def sent() -> None:
    """The message went out: the next one does not search unless it is switched on again. As in a callback."""
    st.session_state[WANTED] = False


def offered(ledger: Ledger, models: Sequence[Model]) -> bool:
    """Whether all who are to answer can search, and this person may."""
    from llmtrack.chat.answers import can_search
    from llmtrack.ledger.people import may_search_the_web

    return all(map(can_search, models)) and may_search_the_web(ledger, viewer().team)


def search_price(ledger: Ledger, models: Sequence[Model]) -> Decimal | None:
    """US dollars for one search by each of the models; None where one of them has no known price."""
    from llmtrack.chat.models import cost_of, pricer_for
    from llmtrack.pricing import Usage

    pricer = pricer_for(ledger)
    total = Decimal(0)
    for model in models:
        plain, searched = (cost_of(model, Usage(0, 0, web_searches=count), pricer) for count in (0, 1))
        if plain is None or searched is None or plain == searched:
            return None
        total += searched - plain
    return total
