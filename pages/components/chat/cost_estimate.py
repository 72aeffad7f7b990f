"""What the next message will cost, before and while it is typed; and how to pay less."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import formatting
from pages.components.chat.options import folder

if TYPE_CHECKING:
    from llmtrack.chat.cheaper_models import Hint
    from llmtrack.chat.conversations import Conversation
    from llmtrack.chat.cost_estimate import Quote
    from llmtrack.chat.models import Catalog
    from llmtrack.ledger import Ledger
    from llmtrack.ledger.chats import Figures, FolderFile
    from pages.components.chat.composer import Draft

MOST_HINTS = 2
PICO = 10**12
"""Picodollars of a dollar."""


def quotes(
    conversation: Conversation | None,
    draft: Draft,
    ledger: Ledger,
    catalog: Catalog | None,
    figures: Mapping[int, Figures],
    folder_files: Sequence[FolderFile] = (),
) -> list[Quote]:
    """What asking next would take, for each model that is to answer; with a catalog, cheaper ways are looked for.

    `folder_files` are those that go along with each message.
    """
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
            folder_files=folder_files,
        )
        for model in draft.models
    ]


def draw(quotes: Sequence[Quote], take_hint: Callable[[Hint], None]) -> None:
    """The price in one figure; its parts, and the best ways to pay less, beside it on hover and focus."""
    with st.container(key="ll_quote", width="content", gap=None):
        st.html(html(quotes))
        with st.container(key="ll_quote_more", gap=None):
            st.html(details_html(quotes))
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


def html(quotes: Sequence[Quote]) -> str:
    """The figure: ``≈ $0.0080``. `assets/estimate.js` brings it up to date while one types."""
    amount = _sum(quotes, [quote.expected for quote in quotes])
    shown = f"≈{formatting.NBSP}{amount}" if amount else "price unknown"
    if any(quote.too_long for quote in quotes):
        shown = "too long"
    what = "What the next message is expected to cost; its parts follow"
    return (
        f'<button type="button" class="ll ll-quote"><span class="ll-hidden">{what}: </span>'
        f'<b data-quote="total">{escape(shown)}</b></button>'
    )


def details_html(quotes: Sequence[Quote]) -> str:
    """The parts of the price, as `assets/estimate.js` fills them in: history, what is typed, answers, their sum."""
    several = len(quotes) > 1
    first = quotes[0]
    lines = []
    if first.folder.sent and not several:
        what = f"{formatting.counted(len(first.folder.sent), 'file')} of the folder"
        tokens = formatting.count(first.folder.tokens)
        lines.append((f"{what}, {tokens}{formatting.NBSP}tokens", formatting.usd(first.folder_cost), ""))
    if (others := first.standing_tokens - first.folder.tokens) > 0 and not several:
        what = "Conversation so far" if first.history_tokens else "Instructions"
        cost = None if first.before is None or first.folder_cost is None else first.before - first.folder_cost
        lines.append((f"{what}, {formatting.count(others)}{formatting.NBSP}tokens", formatting.usd(cost), ""))
    lines.append((f"Your message, 0{formatting.NBSP}tokens", "$0.00", "typed"))
    if several:
        lines += [(quote.model.name, formatting.usd(quote.expected), "") for quote in quotes]
    elif first.expected is not None and first.before is not None:
        answer = f"Answer, the usual {formatting.count(first.output_tokens)}{formatting.NBSP}tokens"
        lines.append((answer, formatting.usd(first.expected - first.before), ""))
    amount = _sum(quotes, [quote.expected for quote in quotes])
    rows = "".join(
        f"<div><dt{_slot(slot)}>{escape(formatting.visible(name))}</dt>"
        f"<dd{_slot(slot and slot + '-cost')}>{escape(cost)}</dd></div>"
        for name, cost, slot in lines
    )
    total = (
        f'<div class="ll-total"><dt>Estimate</dt><dd data-quote="sum">{escape(amount or formatting.UNKNOWN)}</dd></div>'
    )
    return f'<div class="ll ll-parts"><dl>{rows}{total}</dl>{"".join(map(_note, notes(quotes)))}</div>'


def _slot(name: str) -> str:
    return f' data-quote="{name}"' if name else ""


def _note(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def notes(quotes: Sequence[Quote]) -> list[str]:
    """What else there is to know of a price: its share of history, models without one, and what is too long to read."""
    lines = []
    first = quotes[0]
    if first.history_tokens and first.history_share:
        files = f", {formatting.share(first.file_tokens, first.input_tokens)} its files" if first.file_tokens else ""
        lines.append(f"{formatting.share(first.history_share)} of it is the history{files}.")
    if unknown := [quote.model.name for quote in quotes if quote.expected is None]:
        lines.append(f"The price of {' and '.join(unknown)} is unknown.")
    if several_files := [quote for quote in quotes if quote.folder.sent] if len(quotes) > 1 else []:
        lines.append(f"{formatting.counted(len(several_files[0].folder.sent), 'file')} of the folder included.")
    lines += [f"Not sent from the folder: {line}." for line in folder.left_out(quotes)]
    lines += [
        f"More than {quote.model.name} can read: {formatting.compact(quote.model.context)} tokens."
        for quote in quotes
        if quote.too_long
    ]
    return [formatting.visible(note) for note in lines]


def browser_prices(quotes: Sequence[Quote]) -> dict[str, Any]:
    """What `assets/estimate.js` needs to go on from here: whole picodollars, and the weights of tokens."""
    from llmtrack.pricing.tokens import weights_for

    models = [
        {
            "standing": int(quote.expected * PICO),
            "input": int(quote.input_rate * PICO),
            "simulated": quote.simulated,
            "weights": asdict(weights_for(quote.model.name)),
        }
        for quote in quotes
        if quote.expected is not None and quote.input_rate is not None and not quote.too_long
    ]
    return {"models": models if len(models) == len(quotes) else []}


def advice(hint: Hint) -> str:
    """What a press on a hint does, in a few words."""
    if hint.kind == "other_model":
        return f"Use {(hint.model or '').partition('/')[2]}"
    if hint.kind == "drop_folder":
        return "Leave the folder's files out"
    return "Start afresh" if hint.kind == "start_afresh" else "Leave earlier files behind"


def with_answer(quotes: Sequence[Quote]) -> str:
    """What is expected of the message with its answer, or answers: ``$0.006 with an answer of the usual length``."""
    answers = "answers" if len(quotes) > 1 else "an answer"
    amount = formatting.plain(_sum(quotes, [quote.expected for quote in quotes]))
    return f"{amount} with {answers} of the usual length{_by_model(quotes)}"


def _sum(quotes: Sequence[Quote], amounts: Sequence[Decimal | None]) -> str:
    """Real and simulated dollars, each by itself."""
    sums = []
    priced = [(quote.simulated, amount) for quote, amount in zip(quotes, amounts, strict=True) if amount is not None]
    for simulated in (False, True):
        if some := [amount for is_simulated, amount in priced if is_simulated == simulated]:
            sums.append(formatting.usd(sum(some, Decimal(0))) + (" simulated" if simulated else ""))
    return " + ".join(sums)


def _by_model(quotes: Sequence[Quote]) -> str:
    """What each of several models would take."""
    if len(quotes) < 2:
        return ""
    prices = [f"{quote.model.name} {formatting.usd(quote.expected)}" for quote in quotes if quote.expected is not None]
    return f" ({formatting.plain(', '.join(prices))})"
