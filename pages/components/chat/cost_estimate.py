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


def draw(found: Sequence[Quote], heed: Callable[[Hint], None]) -> None:
    """The price in a line, and under it the best ways to pay less, which a press takes."""
    with st.container(gap=None):
        st.caption(line(found))
        with st.container(horizontal=True, gap="small"):
            for hint in found[0].hints[:MOST_HINTS]:
                st.button(
                    formatting.plain(f"{advice(hint)}: saves {formatting.usd(hint.saves)}"),
                    key=f"hint_{hint.kind}",
                    icon=":material/lightbulb:",
                    type="tertiary",
                    help=formatting.plain(hint.words),
                    on_click=heed,
                    args=(hint,),
                )


def advice(hint: Hint) -> str:
    """What a press on a hint does, in a few words."""
    if hint.kind == "other_model":
        return f"Use {(hint.model or '').partition('/')[2]}"
    return "Start afresh" if hint.kind == "start_afresh" else "Leave earlier files behind"


def line(found: Sequence[Quote]) -> str:
    """``≈ $0.004 before you type, 78 % of it is the history · $0.006 with an answer of the usual length``.

    Where several models are to answer it is their sum, and what each of them takes.
    """
    several = len(found) > 1
    parts = []
    if any(one.before is not None and one.standing_tokens for one in found):
        parts.append(f"≈ {_sum(found, [one.before for one in found])} before you type{_consists_of(found[0])}")
    if any(one.expected is not None for one in found):
        parts.append(f"{'' if parts else '≈ '}{with_answer(found)}")
    if unknown := [one.model.name for one in found if one.expected is None]:
        if not several:
            return "What the next message will cost is unknown: its model has no known price."
        parts.append(formatting.plain(f"the price of {' and '.join(unknown)} is unknown"))
    parts += [
        f"**more than {formatting.plain(one.model.name)} can read**, {formatting.compact(one.model.context)} tokens"
        for one in found
        if one.too_long
    ]
    return " · ".join(parts)


def with_answer(found: Sequence[Quote]) -> str:
    """What is expected of the message with its answer, or answers: ``$0.006 with an answer of the usual length``."""
    answers = "answers" if len(found) > 1 else "an answer"
    return f"{_sum(found, [one.expected for one in found])} with {answers} of the usual length{_each(found)}"


def _sum(found: Sequence[Quote], amounts: Sequence[Decimal | None]) -> str:
    """Real and simulated dollars, each by itself."""
    told = []
    known = [(one.simulated, amount) for one, amount in zip(found, amounts, strict=True) if amount is not None]
    for simulated in (False, True):
        if some := [amount for is_simulated, amount in known if is_simulated == simulated]:
            told.append(formatting.plain(formatting.usd(sum(some, Decimal(0)))) + (" simulated" if simulated else ""))
    return " and ".join(told)


def _each(found: Sequence[Quote]) -> str:
    """What each of several models would take."""
    if len(found) < 2:
        return ""
    told = [f"{one.model.name} {formatting.usd(one.expected)}" for one in found if one.expected is not None]
    return f" ({formatting.plain(', '.join(told))})"


def _consists_of(one: Quote) -> str:
    """Which part of what goes along is history, and which part of all is files."""
    if not one.history_tokens or not one.history_share:
        return ""
    files = f", {formatting.share(one.file_tokens, one.input_tokens)} its files" if one.file_tokens else ""
    return f", {formatting.share(one.history_share)} of it is the history{files}"
