"""What stands under an answer's text: the pages of the web it names, what searches took, and how the cache did."""

from __future__ import annotations

from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import formatting

if TYPE_CHECKING:
    from llmtrack.chat.answers import Source
    from llmtrack.chat.conversations import Message
    from llmtrack.ledger import Ledger
    from llmtrack.ledger.chats import Figures

REASONS = {
    "model_changed": "another model was asked",
    "system_changed": "the instructions changed",
    "tools_changed": "the tools changed, as web search does",
    "messages_changed": "an earlier message changed",
    "input_changed": "an earlier message changed",
    "prompt_cache_key_changed": "the conversation is another one",
    "reasoning_effort_changed": "the effort changed",
    "text_format_changed": "the form of the answer changed",
    "verbosity_changed": "the length asked for changed",
    "context_compacted": "the provider shortened the conversation",
    "service_tier_changed": "the service tier changed",
    "previous_message_not_found": "the provider no longer knows the message before",
    "unavailable": "the provider cannot say why",
}
"""The providers' reasons for a cache miss, in words."""


def draw_sources(message: Message) -> None:
    """The pages an answer names, numbered; each opens in a tab of its own."""
    if not message.sources:
        return
    with st.expander(formatting.counted(len(message.sources), "source"), type="compact"):
        items = "".join(map(_item, message.sources))
        st.html(f'<ol class="ll-sources">{items}</ol>')


def _item(source: Source) -> str:
    if not source.url.startswith(("http://", "https://")):
        return ""
    return (
        f'<li><a href="{escape(source.url, quote=True)}" target="_blank" rel="noopener noreferrer nofollow" '
        f'style="color:var(--ll-accent)">{escape(formatting.visible(source.title or source.url))}</a> '
        f'<span style="color:var(--ll-muted)">{escape(_host(source.url))}</span></li>'
    )


def line(message: Message, figures: Figures | None, ledger: Ledger) -> str:
    """``2 searches $0.02 · cache saved $0.0041``, or why the cache was missed; which files of the folder went along.

    Empty where there is nothing to say.
    """
    parts = []
    if message.folder_files.ids:
        parts.append(f"with {formatting.counted(len(message.folder_files.ids), 'file')} of the folder")
    if message.folder_files.left_out:
        parts.append(f"left out: {formatting.plain('; '.join(message.folder_files.left_out))}")
    if figures is None:
        return " · ".join(parts)
    if figures.web_searches:
        cost = f" {formatting.plain(formatting.usd(figures.tool_cost))}" if figures.tool_cost is not None else ""
        parts.append(f"{formatting.counted(figures.web_searches, 'web search', 'web searches')}{cost}")
    saved = _saved(message, figures, ledger)
    if saved is not None and saved > 0:
        parts.append(f"the cache saved {formatting.plain(formatting.usd(saved))}")
    if message.cache_miss:
        why = REASONS.get(message.cache_miss.reason, message.cache_miss.reason.replace("_", " "))
        again = message.cache_miss.tokens
        paid = f": {formatting.count(again)} tokens were paid for in full" if again else ""
        parts.append(f"cache missed, as {formatting.plain(why)}{paid}")
    return " · ".join(parts)


def _saved(message: Message, figures: Figures, ledger: Ledger) -> Decimal | None:
    """What reading and writing the cache saved against input that is not cached, in US dollars; None if not known."""
    from llmtrack.chat.error_messages import ChatError
    from llmtrack.chat.models import get_catalog, price_of, pricer_for

    if not figures.cache_read_tokens or figures.cache_cost is None or message.model is None:
        return None
    try:
        model = get_catalog().find(message.model)
    except ChatError:
        return None
    price = price_of(model, pricer_for(ledger), message.created_at or None)
    if price is None or price.input is None:
        return None
    tokens = figures.cache_read_tokens + (figures.cache_write_tokens or 0)
    return price.input * tokens / 1_000_000 - figures.cache_cost


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]
