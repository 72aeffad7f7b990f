"""What an answer took, in one line; and what a conversation took so far."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from llmtrack.chat.cost_estimate import deviation
from pages.components import formatting

if TYPE_CHECKING:
    from llmtrack.chat.conversations import Message
    from llmtrack.ledger.chats import Figures, Total

# What stands before the line under an answer that did not simply end.
ENDED = {
    "cancelled": ":material/stop_circle: stopped",
    "incomplete": ":material/content_cut: cut short",
    "abandoned": ":material/link_off: broken off",
}
DEMO = "demo/"


def line(message: Message, found: Figures | None, quoted: Decimal | None = None) -> str:
    """The line under an answer: how it ended · model · tokens · cost · seconds · first token."""
    model = (message.model or "").partition("/")[2] or formatting.UNKNOWN
    simulated = (message.model or "").startswith(DEMO)
    parts = [ENDED.get(message.status or "", ""), formatting.plain(model) + (" (simulated)" if simulated else "")]
    seconds, first = message.seconds, message.first_token_seconds
    if found is not None:
        parts += [_tokens(found), _cost(found), _quoted(found, quoted)]
        seconds, first = found.seconds or seconds, found.first_token_seconds or first
    if seconds is not None:
        parts.append(formatting.seconds(seconds))
    if first is not None:
        parts.append(f"first token {formatting.seconds(first)}")
    if found is not None and found.attempts > 1:
        parts.append(f"{found.attempts} attempts")
    return " · ".join(part for part in parts if part)


def _tokens(found: Figures) -> str:
    if found.input_tokens is None and found.output_tokens is None:
        return "" if found.status == "error" else "tokens unknown"
    about = "≈ " if found.usage_estimated else ""
    cached = ""
    if found.cache_read_tokens:
        cached = f" ({formatting.share(found.cache_read_tokens, found.input_tokens)} cached)"
    return f"{about}{formatting.count(found.input_tokens)} → {formatting.count(found.output_tokens)} tokens{cached}"


def _cost(found: Figures) -> str:
    if found.cost is None:
        return "price unknown" if found.cost_status == "unpriced" and found.status != "error" else ""
    guessed = found.usage_estimated or found.cost_status == "estimated"
    mark = " simulated" if found.cost_status == "simulated" else (" estimated" if guessed else "")
    return formatting.plain(formatting.usd(found.cost)) + mark


def _quoted(found: Figures, quoted: Decimal | None) -> str:
    """How good the quote was that stood beside the message before it was sent."""
    off = deviation(quoted, found.cost)
    if off is None or found.status != "ok":
        return ""
    if abs(off) < 0.005:
        return "as quoted"
    if off > 1:
        return f"quoted {formatting.compact(round(1 + off, 1))} times its cost"
    return f"quoted {formatting.share(abs(off))} too {'high' if off > 0 else 'low'}"


def total(found: Total | None) -> str:
    """What a whole conversation took so far: real and simulated cost apart, and how many calls have no price."""
    if found is None:
        return ""
    if not any((found.cost, found.simulated_cost, found.input_tokens, found.output_tokens, found.unpriced)):
        return ""  # a first message that failed: nothing was billed, and "$0.00" would read as if something had been
    parts = []
    if found.cost or not (found.simulated_cost or found.unpriced):
        parts.append(formatting.plain(formatting.usd(found.cost)))
    if found.simulated_cost:
        parts.append(formatting.plain(formatting.usd(found.simulated_cost)) + " simulated")
    parts.append(f"{formatting.compact(found.input_tokens + found.output_tokens)} tokens")
    if found.unpriced:
        parts.append(formatting.unpriced(found.unpriced, found.generations))
    return " · ".join(parts)
