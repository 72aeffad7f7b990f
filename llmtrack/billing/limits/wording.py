"""Limits and their amounts in words."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from llmtrack.ledger.limits import EACH, Limit
from llmtrack.ledger.periods import from_micros
from llmtrack.pricing import in_dollars

_EVERYBODY = {"user": "user", "team": "team", "feature": "feature", "model": "model", "token": "token"}


def value_of(limit: Limit, amount: int) -> Decimal | int:
    """An amount in the unit of a limit: US dollars, tokens or messages."""
    return (in_dollars(amount) or Decimal(0)) if limit.unit == "cost" else amount


def amount_in_words(limit: Limit, amount: int) -> str:
    """``$1.25``, ``12,000 tokens``, ``1 message``; below a cent with six decimals."""
    if limit.unit != "cost":
        return f"{amount:,} {limit.unit.removesuffix('s') if amount == 1 else limit.unit}"
    dollars = in_dollars(amount) or Decimal(0)
    small = 0 < abs(dollars) < Decimal("0.01")
    sign = "\N{MINUS SIGN}" if dollars < 0 else ""
    exact = dollars == dollars.quantize(Decimal("0.01"))
    return f"{sign}${abs(dollars):,.6f}" if small or not exact else f"{sign}${abs(dollars):,.2f}"


def span_in_words(limit: Limit) -> str:
    """``per day``, ``in total``."""
    return "in total" if limit.period == "total" else f"per {limit.period}"


def whom_in_words(limit: Limit, subject: str | None = None) -> str:
    """``everyone together``, ``each user``, ``team blue``."""
    if limit.scope == "all":
        return "everyone together"
    if limit.target == EACH and subject is None:
        return f"each {_EVERYBODY[limit.scope]}"
    return f"{_EVERYBODY[limit.scope]} {limit.target if subject is None else subject}"


def limit_in_words(limit: Limit, subject: str | None = None) -> str:
    """``$20.00 per month for each user``."""
    amount = "no limit on " + limit.unit if limit.amount is None else amount_in_words(limit, limit.amount)
    return f"{amount} {span_in_words(limit)} for {whom_in_words(limit, subject)}"


def markup_in_words(limit: Limit) -> str:
    """`` Amounts include 20 % of markup.``, as the end of a sentence; empty where there is none."""
    if not limit.markup_percent:
        return ""
    return f" Amounts include {format(limit.markup_percent.normalize(), 'f')} % of markup."


def moment_of(limit: Limit, at: int | None) -> datetime | None:
    """A moment on the clocks of a limit."""
    return None if at is None else from_micros(at, limit.timezone)
