"""What the next message will cost, before it is typed; and how to pay less."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import formatting

if TYPE_CHECKING:
    from llmtrack.chat.cheaper_models import Hint
    from llmtrack.chat.conversations import Conversation
    from llmtrack.chat.cost_estimate import Quote
    from llmtrack.chat.models import Catalog
    from llmtrack.ledger import Ledger
    from llmtrack.ledger.chats import Figures
    from pages.components.chat.composer import Draft

MOST_HINTS = 2


def quotes(
    conversation: Conversation | None,
    draft: Draft,
    ledger: Ledger,
    catalog: Catalog | None,
    figures: Mapping[int, Figures],
) -> list[Quote]:
    """What asking next would take, for each model that is to answer; with a catalog, cheaper ways are looked for."""
    from llmtrack.chat.cost_estimate import quote
    from llmtrack.chat.models import pricer_for

    return [
        quote(
            conversation,
            model,
            pricer_for(ledger),
            draft=draft.text,
            files=draft.files,
            figures=figures,
            parameters=draft.parameters,
            catalog=catalog,
        )
        for model in draft.models
    ]


def draw(quotes: Sequence[Quote], take_hint: Callable[[Hint], None]) -> None:
    """The price in a line, and under it the best ways to pay less, which a press takes."""
    with st.container(gap=None):
        st.caption(line(quotes))
        with st.container(horizontal=True, gap="small"):
            for hint in quotes[0].hints[:MOST_HINTS]:
                st.button(
                    formatting.plain(f"{advice(hint)}: saves {formatting.usd(hint.saves)}"),
                    key=f"hint_{hint.kind}",
                    icon=":material/lightbulb:",
                    type="tertiary",
                    help=formatting.plain(hint.words),
                    on_click=take_hint,
                    args=(hint,),
                )


def advice(hint: Hint) -> str:
    """What a press on a hint does, in a few words."""
    if hint.kind == "other_model":
        return f"Use {(hint.model or '').partition('/')[2]}"
    return "Start afresh" if hint.kind == "start_afresh" else "Leave earlier files behind"


def line(quotes: Sequence[Quote]) -> str:
    """``≈ $0.004 before you type, 78 % of it is the history · $0.006 with an answer of the usual length``.

    Where several models are to answer it is their sum, and what each of them takes.
    """
    several = len(quotes) > 1
    parts = []
    if any(quote.before is not None and quote.standing_tokens for quote in quotes):
        parts.append(f"≈ {_sum(quotes, [quote.before for quote in quotes])} before you type{_composition(quotes[0])}")
    if any(quote.expected is not None for quote in quotes):
        parts.append(f"{'' if parts else '≈ '}{with_answer(quotes)}")
    if unknown := [quote.model.name for quote in quotes if quote.expected is None]:
        if not several:
            return "What the next message will cost is unknown: its model has no known price."
        parts.append(formatting.plain(f"the price of {' and '.join(unknown)} is unknown"))
    parts += [
        f"**more than {formatting.plain(quote.model.name)} can read**, {formatting.compact(quote.model.context)} tokens"
        for quote in quotes
        if quote.too_long
    ]
    return " · ".join(parts)


def with_answer(quotes: Sequence[Quote]) -> str:
    """What is expected of the message with its answer, or answers: ``$0.006 with an answer of the usual length``."""
    answers = "answers" if len(quotes) > 1 else "an answer"
    return f"{_sum(quotes, [quote.expected for quote in quotes])} with {answers} of the usual length{_by_model(quotes)}"


def _sum(quotes: Sequence[Quote], amounts: Sequence[Decimal | None]) -> str:
    """Real and simulated dollars, each by itself."""
    sums = []
    priced = [(quote.simulated, amount) for quote, amount in zip(quotes, amounts, strict=True) if amount is not None]
    for simulated in (False, True):
        if some := [amount for is_simulated, amount in priced if is_simulated == simulated]:
            sums.append(formatting.plain(formatting.usd(sum(some, Decimal(0)))) + (" simulated" if simulated else ""))
    return " and ".join(sums)


def _by_model(quotes: Sequence[Quote]) -> str:
    """What each of several models would take."""
    if len(quotes) < 2:
        return ""
    prices = [f"{quote.model.name} {formatting.usd(quote.expected)}" for quote in quotes if quote.expected is not None]
    return f" ({formatting.plain(', '.join(prices))})"


def _composition(quote: Quote) -> str:
    """Which part of what goes along is history, and which part of all is files."""
    if not quote.history_tokens or not quote.history_share:
        return ""
    files = f", {formatting.share(quote.file_tokens, quote.input_tokens)} its files" if quote.file_tokens else ""
    return f", {formatting.share(quote.history_share)} of it is the history{files}"
