"""What an answer took, in one line; and what a conversation took so far."""

from __future__ import annotations

from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING

from llmtrack.chat.cost_estimate import deviation
from pages.components import formatting

if TYPE_CHECKING:
    from llmtrack.chat.conversations import Message
    from llmtrack.ledger.chats import Figures, Total

# What stands before the line under an answer that did not simply end.
ENDED = {
    "cancelled": "stopped",
    "incomplete": "cut short",
    "abandoned": "broken off",
}
DEMO = "demo/"


def line(message: Message, figures: Figures | None, quoted: Decimal | None = None) -> str:
    """The line under an answer: how it ended · model · tokens · cost · seconds · first token."""
    model = (message.model or "").partition("/")[2] or formatting.UNKNOWN
    simulated = (message.model or "").startswith(DEMO)
    parts = [ENDED.get(message.status or "", ""), formatting.visible(model) + (" (simulated)" if simulated else "")]
    seconds, first = message.seconds, message.first_token_seconds
    if figures is not None:
        parts += [_tokens(figures), _cost(figures), _quoted(figures, quoted)]
        seconds, first = figures.seconds or seconds, figures.first_token_seconds or first
    if seconds is not None:
        parts.append(formatting.seconds(seconds))
    if first is not None:
        parts.append(f"first token {formatting.seconds(first)}")
    if figures is not None and figures.attempts > 1:
        parts.append(f"{figures.attempts} attempts")
    return " · ".join(part for part in parts if part)


def html(line: str) -> str:
    """A line whose parts stay whole where it breaks, with dollars set off."""
    parts = line.split(" · ")
    shown = " · ".join(f"<{_tag(part)}>{escape(part)}</{_tag(part)}>" for part in parts)
    return f'<p class="ll ll-took">{shown}</p>'


def _tag(part: str) -> str:
    return "b" if part.startswith("$") else "span"


def _tokens(figures: Figures) -> str:
    if figures.input_tokens is None and figures.output_tokens is None:
        return "" if figures.status == "error" else "tokens unknown"
    about = "≈ " if figures.usage_estimated else ""
    cached = ""
    if figures.cache_read_tokens:
        cached = f" ({formatting.share(figures.cache_read_tokens, figures.input_tokens)} cached)"
    return f"{about}{formatting.count(figures.input_tokens)} → {formatting.count(figures.output_tokens)} tokens{cached}"


def _cost(figures: Figures) -> str:
    if figures.cost is None:
        return "price unknown" if figures.cost_status == "unpriced" and figures.status != "error" else ""
    guessed = figures.usage_estimated or figures.cost_status == "estimated"
    kind = " simulated" if figures.cost_status == "simulated" else (" estimated" if guessed else "")
    return formatting.usd(figures.cost) + kind


def _quoted(figures: Figures, quoted: Decimal | None) -> str:
    """How good the quote was that stood beside the message before it was sent."""
    off = deviation(quoted, figures.cost)
    if off is None or figures.status != "ok":
        return ""
    if abs(off) < 0.005:
        return "as quoted"
    if off > 1:
        return f"quoted {formatting.compact(round(1 + off, 1))} times its cost"
    return f"quoted {formatting.share(abs(off))} too {'high' if off > 0 else 'low'}"


def total(sums: Total | None) -> str:
    """What a whole conversation took so far: real and simulated cost apart, and how many calls have no price."""
    if sums is None:
        return ""
    if not any((sums.cost, sums.simulated_cost, sums.input_tokens, sums.output_tokens, sums.unpriced)):
        return ""  # a first message that failed: nothing was billed, and "$0.00" would read as if something had been
    parts = []
    if sums.cost or not (sums.simulated_cost or sums.unpriced):
        parts.append(formatting.usd(sums.cost))
    if sums.simulated_cost:
        parts.append(formatting.usd(sums.simulated_cost) + " simulated")
    parts.append(f"{formatting.compact(sums.input_tokens + sums.output_tokens)} tokens")
    if sums.unpriced:
        parts.append(formatting.unpriced(sums.unpriced, sums.generations))
    return " · ".join(parts)
