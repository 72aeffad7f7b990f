"""What a warning says: in words, as the payload of a webhook, and as a mail."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from llmtrack.billing.limits import amount_in_words, span_in_words, value_of
from llmtrack.ledger.limit_warnings import WarningRecord
from llmtrack.ledger.limits import EACH, Limit
from llmtrack.ledger.periods import from_micros

CENT = 10_000_000
"""Nano-dollars."""
WARNING, TEST = "limit.warning", "limit.test"
_CONTROLS = re.compile("[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def limit_of(record: WarningRecord) -> Limit:
    """The limit of a warning as it was then, as far as the warning keeps it."""
    about = record.about
    return Limit(
        id=record.limit_id, scope=str(about.get("scope", "all")), target=about.get("target"),
        unit=str(about.get("unit", "cost")), period=str(about.get("period", "month")), amount=record.cap,
        hard=bool(about.get("hard", True)), timezone=str(about.get("timezone", "UTC")),
    )  # fmt: skip


def warning_in_words(record: WarningRecord) -> str:
    """``Team support has used 80 % of its $6.00 per month: $4.84.``"""
    limit = limit_of(record)
    whom = "Everyone together" if limit.scope == "all" else f"{limit.scope.capitalize()} {name_of(record)}"
    used, cap = rounded_in_words(limit, record.spent), amount_in_words(limit, record.cap)
    if record.threshold == 100 and record.spent < record.cap:
        return f"{whom} was refused a call: {used} of {cap} {span_in_words(limit)} used."
    return f"{whom} reached {record.threshold} % of {cap} {span_in_words(limit)}: {used} used."


def rounded_in_words(limit: Limit, amount: int) -> str:
    """An amount for people to read: dollars to the cent, from a cent on."""
    cents = (amount + CENT // 2) // CENT
    return amount_in_words(limit, cents * CENT if limit.unit == "cost" and cents else amount)


def reset_in_words(record: WarningRecord) -> str:
    """When it begins anew, and what happens at its end; empty where it never does and refuses nothing."""
    limit, resets_at = limit_of(record), record.about.get("resets_at")
    parts = ["What goes beyond it is refused." if limit.hard else "Nothing is refused by it."]
    if resets_at is not None:
        at = from_micros(int(resets_at), limit.timezone)
        parts.append(f"It begins anew on {at.day} {at:%B %Y at %H:%M} ({limit.timezone}).")
    return " ".join(parts)


def name_of(record: WarningRecord) -> str:
    """The user, team, … it is about, in one line and without letters that turn others around."""
    target = record.about.get("target")
    name = record.subject if target in (None, EACH) else str(target)
    return _CONTROLS.sub(" ", name)[:200]


def for_chat_rooms(text: str) -> str:
    """Text that chat rooms (Slack, Mattermost) show as it is: a name must not call everybody there."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def make_payload(record: WarningRecord, link: str | None = None) -> dict[str, Any]:
    """The JSON of a webhook. Money is a decimal text in US dollars; tokens and messages are numbers."""
    limit = limit_of(record)
    resets_at = record.about.get("resets_at")
    text = f"{warning_in_words(record)} {reset_in_words(record)}"

    def plain(amount: int) -> str | int:
        value = value_of(limit, amount)
        if isinstance(value, int):
            return value
        cents = value.quantize(Decimal("0.01"))
        return str(cents) if cents == value else format(value.normalize(), "f")

    return {
        "type": WARNING,
        "timestamp": _iso(record.crossed_at),
        "text": for_chat_rooms(text) + (f" {link}" if link else ""),
        "data": {
            "limit": record.limit_id,
            "scope": limit.scope,
            "name": None if limit.scope == "all" else name_of(record),
            "unit": limit.unit,
            "period": limit.period,
            "since": _iso(record.period) if record.period else None,
            "resets_at": _iso(int(resets_at)) if resets_at is not None else None,
            "threshold": record.threshold,
            "amount": plain(record.cap),
            "spent": plain(record.spent),
            "refuses": limit.hard,
            "url": link,
        },
    }


def make_test(name: str, at: int) -> dict[str, Any]:
    """The JSON of a test message."""
    text = f"A test of the webhook {name} from llmtrack: warnings about limits arrive here."
    return {"type": TEST, "timestamp": _iso(at), "text": text, "data": {"webhook": name}}


def make_mail(record: WarningRecord, link: str | None = None) -> dict[str, str]:
    """Subject and text of a mail."""
    more = f"\n\n{link}" if link else ""
    return {
        "subject": warning_in_words(record).partition(": ")[0],
        "text": f"{warning_in_words(record)}\n{reset_in_words(record)}{more}\n",
    }


def _iso(micros: int) -> str:
    return datetime.fromtimestamp(micros // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
