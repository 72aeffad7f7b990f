"""Refusals: which limit has no room for a call, what is left of it, and what would fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llmtrack.billing.limits.sizing import Refused
from llmtrack.billing.limits.wording import (
    amount_in_words,
    markup_in_words,
    moment_of,
    span_in_words,
    value_of,
    whom_in_words,
)
from llmtrack.ledger.limits import Applied, Limit, Shortage, period_of
from llmtrack.limits import LimitExceeded

FOREVER = 2**62


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal: as it is raised, and as the row of the call keeps it."""

    error: LimitExceeded
    record: dict[str, Any]


def exceeded(shortages: Sequence[tuple[Limit, Shortage]], at: int, max_tokens: int | None) -> Refusal:
    """Limits without room. Of several the one that resets last is named: until then no call like this will fit."""
    limit, shortage = max(shortages, key=lambda pair: period_of(pair[0], at)[1] or FOREVER)
    entry = shortage.entry
    room = max(0, shortage.room)
    resets_at = period_of(limit, at)[1]
    used = f"{amount_in_words(limit, shortage.spent)} used and {amount_in_words(limit, shortage.held)} held"
    message = (
        f"Limit {limit.id} for {whom_in_words(limit, entry.subject)} has no room for this call, which may come to "
        f"{amount_in_words(limit, entry.amount)}: {used} of {amount_in_words(limit, entry.cap or 0)} "
        f"{span_in_words(limit)}, {amount_in_words(limit, room)} left{_until(limit, resets_at)}."
    )
    message += markup_in_words(limit)
    if max_tokens is not None:
        message += f" It would fit with max_tokens={max_tokens}."
    error = LimitExceeded(
        message, limit=limit, spent=value_of(limit, shortage.spent), held=value_of(limit, shortage.held),
        room=value_of(limit, room), resets_at=moment_of(limit, resets_at), max_tokens=max_tokens,
    )  # fmt: skip
    record = _record(limit, "exceeded", resets_at) | {
        "spent": shortage.spent, "held": shortage.held, "room": room, "wanted": entry.amount, "cap": entry.cap,
        "subject": entry.subject, "max_tokens": max_tokens,
    }  # fmt: skip
    return Refusal(error, record)


def not_known(refused: Refused, at: int) -> Refusal:
    """A limit that refuses a call because nobody can tell what it may come to."""
    limit = refused.limit
    resets_at = period_of(limit, at)[1]
    what = "has no price" if refused.reason == "unpriced" else "has no upper bound"
    message = f"Limit {limit.id} ({span_in_words(limit)}) refuses this call, because it {what}: {refused}."
    error = LimitExceeded(message, limit=limit, resets_at=moment_of(limit, resets_at), reason=refused.reason)
    return Refusal(error, _record(limit, refused.reason, resets_at) | {"why": str(refused)})


def unavailable(limit: Limit | None, why: str) -> Refusal:
    """A limit that cannot be checked now."""
    which = "A limit" if limit is None else f"Limit {limit.id} ({span_in_words(limit)})"
    message = f"{which} applies to this call and cannot be checked now, so the call was not sent: {why}."
    error = LimitExceeded(message, limit=limit, reason="unavailable")
    record = {"reason": "unavailable"} if limit is None else _record(limit, "unavailable", None)
    return Refusal(error, record)


def strictest(applied: Sequence[Applied]) -> Limit | None:
    """The first hard limit that refuses what it cannot check; None: the call may go out."""
    return next((a.limit for a in applied if a.limit.hard and a.limit.unavailable == "refuse"), None)


def _record(limit: Limit, reason: str, resets_at: int | None) -> dict[str, Any]:
    return {"limit": limit.id, "unit": limit.unit, "reason": reason, "resets_at": resets_at}


def _until(limit: Limit, resets_at: int | None) -> str:
    moment = moment_of(limit, resets_at)
    return "" if moment is None else f"; it resets on {moment.day} {moment:%B %Y at %H:%M} ({limit.timezone})"
