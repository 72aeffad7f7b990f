"""Limits of the sample: one of each kind that an admin may want to see, soft, hard, raised and blocking."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from llmtrack.ledger.limit_book import raise_limit, set_limit
from llmtrack.ledger.limits import EACH, Limit
from llmtrack.ledger.periods import to_micros
from llmtrack.sample.cast import OPUS
from llmtrack.sample.facts import JOINED_USER, LEFT_USER

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger

DOLLAR = 10**9
ADMIN = "alice"
LIMITS = (
    Limit(0, "user", "cost", "month", 50 * DOLLAR, EACH, hard=False),
    Limit(0, "team", "cost", "month", 120 * DOLLAR, "research", mode="worst_case"),
    Limit(0, "team", "cost", "month", 6 * DOLLAR, "support"),
    Limit(0, "model", "cost", "month", 150 * DOLLAR, OPUS.name, mode="worst_case"),
    Limit(0, "feature", "messages", "hour", 200, "triage"),
    Limit(0, "user", "cost", "cycle", DOLLAR, JOINED_USER, mode="worst_case"),
    Limit(0, "user", "cost", "total", 0, LEFT_USER),
)
RAISED_TO, RAISED_DAYS = 3 * DOLLAR, 5
"""For the user who joined lately."""


def set_limits(ledger: Ledger, until: datetime) -> None:
    """Sets all of them; the raise ends some days after `until`, unless that is over."""
    end = until + timedelta(days=RAISED_DAYS)
    for limit in LIMITS:
        number = set_limit(ledger, limit, by=ADMIN).id
        if limit.target == JOINED_USER and end > datetime.now(UTC):
            raise_limit(ledger, number, RAISED_TO, to_micros(end), by=ADMIN)
