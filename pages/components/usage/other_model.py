"""The cycle as it would have cost on another model: one that is chosen, and one's favourites, the cheapest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from llmtrack.billing.other_models import OnOtherModel, on_other_models
from llmtrack.chat.models import get_catalog
from llmtrack.chat.preferences import Preferences
from llmtrack.ledger.metrics import TooManyRows
from llmtrack.settings import get_settings
from pages.components import card, empty_states, formatting, queries, tables
from pages.components.filters import address
from pages.components.tables import Column
from pages.components.tables.cells import text_of
from pages.components.usage.choice import Time
from pages.components.viewer import require_numbers

ON = "on"
"""The parameter that names the model, as ``provider/name``."""
MOST = 8
ANCHOR = "usage_on_another_model"
COLUMNS = (
    Column("model", "Model", pinned=True),
    Column("cost", "The cycle would have cost", "usd", alike="cost"),
    Column("change", "Against what it did", "written", tone=lambda row: row["tone"]),
)


def draw(time: Time, users: Sequence[str]) -> None:
    """The card. Only chat calls are compared: no other model could have answered the rest instead."""
    require_numbers({"user": list(users)})
    with st.container(border=True, gap="small", key=ANCHOR):
        card.card_head("On another model", "the same messages, at today's prices")
        favourites = Preferences(queries.ledger(), users[0]).favourites
        offered = _offered(favourites)
        chosen = _choose(offered)
        asked_for = [*([chosen] if chosen else []), *favourites][: MOST + 1]
        if not asked_for:
            empty_states.note("Choose a model, or mark some with a star on the chat page: the cheapest is named here.")
            return
        try:
            results = on_other_models(
                queries.ledger(), asked_for, users=users, since=time.span.period.since, until=time.span.period.until,
                timezone=time.span.timezone, percent=get_settings().billing_markup_percent,
            )  # fmt: skip
        except TooManyRows as many:
            empty_states.note(formatting.plain(str(many)))
            return
        if results:
            _draw_results(results, chosen, favourites)


def _offered(favourites: Sequence[str]) -> list[str]:
    """The models to choose from, favourites first; simulated ones have no price to compare."""
    listed = [model.key for model in get_catalog().models if not model.simulated]
    return list(dict.fromkeys([*favourites, *listed]))


def _choose(offered: Sequence[str]) -> str | None:
    address.show(ON, lambda texts: texts[-1] if texts and texts[-1] in offered else None)
    chosen: str | None = st.selectbox(
        "Model", offered, index=None, key=ON, placeholder="Choose a model", label_visibility="collapsed", width=320,
        on_change=_write,
    )  # fmt: skip
    return chosen


def _write() -> None:
    chosen = st.session_state[ON]
    address.write({ON: [chosen] if chosen else []})


def _draw_results(results: Sequence[OnOtherModel], chosen: str | None, favourites: Sequence[str]) -> None:
    rows = [_row(result) for result in results]
    tables.table(rows, COLUMNS, alt_text="The cycle on other models, the cheapest first")
    cheapest = next((result for result in results if result.cost is not None and result.model in favourites), None)
    if cheapest is not None and len(favourites) > 1:
        saves = cheapest.saves
        words = f", {formatting.usd(saves)} less than it did" if saves is not None and saves > 0 else ""
        card.note(
            f"The cheapest of your {len(favourites)} favourites is <strong>{text_of(cheapest.model)}</strong>: "
            f"{formatting.usd(cheapest.cost)}{words}."
        )
    about = next((result for result in results if result.model == chosen), results[0])
    st.caption(formatting.plain(_assumptions(about)))


def _assumptions(result: OnOtherModel) -> str:
    calls = formatting.counted(result.calls, "chat call")
    sentences = [f"Of {calls}, on {result.model}."]
    if result.assumptions:
        sentences.append("Assuming " + "; ".join(result.assumptions) + ".")
    if result.uncounted:
        sentences.append(f"{formatting.counted(result.uncounted, 'call')} without a count of tokens left out.")
    if result.unpriced:
        sentences.append(f"What it did cost lacks {formatting.counted(result.unpriced, 'call')} without a price.")
    return " ".join(sentences)


def _row(result: OnOtherModel) -> dict[str, Any]:
    if result.cost is None:
        return {"model": result.model, "cost": None, "change": result.reason or "", "tone": "muted"}
    if result.saves is None:
        return {"model": result.model, "cost": result.cost, "change": "cannot be compared", "tone": "muted"}
    if result.saves == 0:
        return {"model": result.model, "cost": result.cost, "change": "the same", "tone": "muted"}
    less = result.saves > 0
    words = f"{formatting.usd(abs(result.saves))} {'less' if less else 'more'}"
    return {"model": result.model, "cost": result.cost, "change": words, "tone": "good" if less else "bad"}
