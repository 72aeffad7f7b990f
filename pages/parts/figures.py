"""What the ledger knows about the answers of a conversation, found by their traces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from llmtrack.ledger.answer import MONEY, Row
from pages.parts import numbers, words

if TYPE_CHECKING:
    from llmtrack.chat.branches import Message

METRICS = (
    *MONEY,
    "input_tokens", "output_tokens", "cache_read_tokens", "estimated", "duration", "time_to_first_token",
)  # fmt: skip
# What stands before the line under an answer that did not simply end.
ENDED = {
    "cancelled": ":material/stop_circle: stopped",
    "incomplete": ":material/content_cut: cut short",
    "abandoned": ":material/link_off: broken off",
}


@dataclass(frozen=True, slots=True)
class Figures:
    """What one answer took. None is unknown."""

    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    cost: Decimal | None
    simulated: bool
    unpriced: bool
    estimated: bool
    seconds: float | None
    first_token: float | None


def of(messages: Sequence[Message], user_id: str) -> Mapping[str, Figures]:
    """The figures of the answers among `messages`, by trace; one that has no row yet is not there."""
    traces = [one.trace_id for one in messages if one.trace_id and not one.in_flight]
    if not traces:
        return {}
    from llmtrack.ledger.metrics import ask

    # One question for all of them; the user is part of it, so that a forged trace id finds nothing.
    answer = ask(numbers.ledger(), METRICS, by=["trace"], where={"trace": traces, "user": user_id}, fill=False)
    return {row["trace"]: _figures(row) for row in answer.rows}


def _figures(row: Row) -> Figures:
    simulated = numbers.only_simulated(row)
    return Figures(
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        cached_tokens=row["cache_read_tokens"],
        cost=row["simulated_cost"] if simulated else row["cost"],
        simulated=simulated,
        unpriced=bool(row["unpriced"]),
        estimated=bool(row["estimated"]),
        seconds=row["duration"],
        first_token=row["time_to_first_token"],
    )


def line(message: Message, found: Figures | None) -> str:
    """The line under an answer: how it ended · model · tokens · cost · seconds · first token."""
    model = (message.model or "").partition("/")[2] or words.UNKNOWN
    simulated = (message.model or "").startswith("demo/")
    parts = [ENDED.get(message.status or "", ""), words.plain(model) + (" (simulated)" if simulated else "")]
    seconds, first = message.seconds, message.first_token_seconds
    if found is not None:
        guessed = found.estimated or message.status in ("cancelled", "abandoned")
        parts += [_tokens(found, guessed), _cost(found, guessed)]
        seconds, first = found.seconds or seconds, found.first_token or first
    if seconds is not None:
        parts.append(words.seconds(seconds))
    if first is not None:
        parts.append(f"first token {words.seconds(first)}")
    return " · ".join(part for part in parts if part)


def _tokens(found: Figures, guessed: bool) -> str:
    if found.input_tokens is None and found.output_tokens is None:
        return "tokens unknown"
    about = "≈ " if guessed else ""
    cached = f" ({words.share(found.cached_tokens, found.input_tokens)} cached)" if found.cached_tokens else ""
    return f"{about}{words.count(found.input_tokens)} → {words.count(found.output_tokens)} tokens{cached}"


def _cost(found: Figures, guessed: bool) -> str:
    if found.cost is None:
        return "price unknown" if found.unpriced else ""
    marks = (" estimated" if guessed else "") + (" simulated" if found.simulated else "")
    return words.plain(words.usd(found.cost)) + marks


def total(found: Mapping[str, Figures]) -> str:
    """What a whole conversation cost so far: real and simulated apart, and how many answers have no price."""
    parts = []
    real = [one.cost for one in found.values() if one.cost is not None and not one.simulated]
    pretended = [one.cost for one in found.values() if one.cost is not None and one.simulated]
    if real:
        parts.append(words.plain(words.usd(sum(real, Decimal(0)))))
    if pretended:
        parts.append(words.plain(words.usd(sum(pretended, Decimal(0)))) + " simulated")
    if missing := sum(one.unpriced for one in found.values()):
        parts.append(words.unpriced(missing, len(found)))
    return " · ".join(parts)
