"""What the next message will cost, before it is typed; and how to pay less."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from pages.parts import words

if TYPE_CHECKING:
    from llmtrack.chat.branches import Conversation
    from llmtrack.chat.catalog import Catalog
    from llmtrack.chat.quotes import Quote
    from llmtrack.ledger import Ledger
    from llmtrack.ledger.chat_figures import Figures
    from pages.parts.composer import Draft


def prices(draft: Draft, ledger: Ledger) -> tuple[Decimal | None, Decimal | None] | None:
    """What a million tokens of the chosen model cost, in and out; None where that is not known."""
    from llmtrack.chat.prices import price_of, pricer_for

    price = price_of(draft.model, pricer_for(ledger))
    return None if price is None else (price.input, price.output)


def quotes(
    conversation: Conversation | None,
    draft: Draft,
    ledger: Ledger,
    catalog: Catalog,
    figures: Mapping[int, Figures],
) -> list[Quote]:
    """What asking next would take, for each model that is to answer."""
    from llmtrack.chat.prices import pricer_for
    from llmtrack.chat.quotes import quote

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
        for model in (draft.model, *draft.others)
    ]


def line(found: Sequence[Quote]) -> str:
    """``≈ $0.004 before you type, 78 % of it is the history``, and the best way to pay less."""
    if any(one.before is None for one in found):
        return "What the next message will cost is unknown: its model has no known price."
    before = sum((one.before or Decimal(0) for one in found), Decimal(0))
    mark = " simulated" if all(one.simulated for one in found) else ""
    text = f"≈ {words.plain(words.usd(before))}{mark} before you type"
    share = found[0].history_share
    if share and found[0].history_tokens:
        text += f", {words.share(share)} of it is the history"
    expected = [one.expected for one in found if one.expected is not None]
    if expected:
        text += f" · {words.plain(words.usd(sum(expected, Decimal(0))))} with an answer of the usual length"
    if found[0].hints:
        hint = found[0].hints[0]
        # In no colour of its own: a caption is pale already, and orange in it can hardly be read on white.
        text += f" · :material/lightbulb: {words.plain(hint.words)}: saves {words.plain(words.usd(hint.saves))}"
    return text


def expected(
    conversation: Conversation, draft: Draft, ledger: Ledger, figures: Mapping[int, Figures]
) -> Decimal | None:
    """What is expected of the answer to a message, to be kept beside it; None where the price is unknown."""
    from llmtrack.chat.prices import pricer_for
    from llmtrack.chat.quotes import quote

    return quote(
        conversation,
        draft.model,
        pricer_for(ledger),
        draft=draft.text,
        files=draft.files,
        figures=figures,
        parameters=draft.parameters,
    ).expected
