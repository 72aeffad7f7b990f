"""The tables of limits: what may be used, what has been used of it, and what calls under way hold.

Times are microseconds since 1970. Amounts are in the unit of their limit: nano-dollars, tokens or messages.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Index, SmallInteger
from sqlmodel import Field, SQLModel

from llmtrack.ledger.schema.columns import Json, big, given, key, total


class UsageLimit(SQLModel, table=True):
    """A limit. Every change of one is in `audit`."""

    __tablename__ = "usage_limit"
    id: int = given()
    scope: str
    """``all``, ``user``, ``team``, ``feature``, ``model`` or ``token``."""
    target: str | None = None
    """Whom it is for; ``*``: each one of them for themselves. NULL with the scope ``all``."""
    unit: str
    """``cost``, ``tokens`` or ``messages``."""
    period: str
    """``minute``, ``hour``, ``day``, ``week``, ``month``, ``cycle`` or ``total``."""
    amount: int | None = big(default=None)
    """0 blocks; NULL is no limit, which excepts its target from one for ``*``."""
    hard: int = Field(default=1, sa_type=SmallInteger)
    """1: calls beyond it are refused. 0: it only warns."""
    thresholds: list[Any] | None = Field(default=None, sa_type=Json)
    """Percentages at which it warns."""
    mode: str
    """``expected`` or ``worst_case``: how much a call holds while it is under way."""
    unpriced: str
    """``refuse``, ``allow`` or ``rate``: what becomes of a call whose model has no price."""
    rate: int | None = big(default=None)
    """Nano-dollars for a million tokens of such a model."""
    unbounded: str
    """``refuse`` or ``allow``: what becomes of a call whose worst case nobody knows."""
    unavailable: str
    """``refuse`` or ``allow``: what becomes of a call while the limit cannot be checked."""
    timezone: str
    anchor_day: int
    """With `timezone`, where its periods begin."""
    created_at: int = big()
    markup_percent: str | None = None
    """What is added to list dollars before they count; a decimal number. NULL: nothing."""


class LimitAdjustment(SQLModel, table=True):
    """A raise for a while, or a reset of what was used, for one subject of a limit or (``*``) for all."""

    __tablename__ = "limit_adjustment"
    limit_id: int = given()
    subject: str = Field(primary_key=True)
    raised_to: int | None = big(default=None)
    raised_until: int | None = big(default=None)
    reset_at: int | None = big(default=None)
    """Only calls begun from then on count."""


class LimitCounter(SQLModel, table=True):
    """What counts against a limit in one period."""

    __tablename__ = "limit_counter"
    limit_id: int = given()
    subject: str = Field(primary_key=True)
    """The user, team, … it is counted for; empty with the scope ``all``."""
    period: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    """When the period began."""
    spent: int = total()
    held: int = total()
    """The sum of its rows in `hold`, on PostgreSQL."""


class LimitCharge(SQLModel, table=True):
    """What a generation counts against a limit where its row does not say: the amount that was held for it."""

    __tablename__ = "limit_charge"
    generation: int = key()
    limit_id: int = given()
    amount: int = big()


class Holder(SQLModel, table=True):
    """A process that holds something. On SQLite it is in the file of the holds, as are the rows of `hold`."""

    __tablename__ = "holder"
    id: int = key()
    host: str
    pid: int
    lock: str
    """A file that the process keeps locked for as long as it lives."""
    seen_at: int = big()


class Hold(SQLModel, table=True):
    """What a call under way may come to. It goes when the call is booked."""

    __tablename__ = "hold"
    __table_args__ = (Index("hold_call", "call_id"), Index("hold_holder", "holder"))
    limit_id: int = given()
    subject: str = Field(primary_key=True)
    period: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    call_id: int = key()
    amount: int = big()
    ended: int = Field(default=0, sa_type=SmallInteger)
    """1: the call has ended and is about to be booked."""
    holder: int = big()
    started_at: int = big()
    about: str | None = None
    """In one row of each call: who made it of which model, as JSON."""


class HoldEnded(SQLModel, table=True):
    """Calls whose hold must not count any more: booked, their rows in the file of the holds about to go.

    Those that were booked as abandoned because their process died stay: should the call's own record come later, it
    takes the place of `generation`.
    """

    __tablename__ = "hold_ended"
    call_id: int = key()
    generation: int | None = big(default=None)
    at: int = big()


class LimitWarning(SQLModel, table=True):
    """That so much of a limit was reached. Whoever inserts the row tells of it, so that it is announced once."""

    __tablename__ = "limit_warning"
    __table_args__ = (
        Index("limit_warning_once", "limit_id", "period", "subject", "threshold", "cap", "reset_at", unique=True),
    )
    id: int = key()
    limit_id: int
    period: int = big()
    """When the period began."""
    subject: str
    """The user, team, … that reached it; empty with the scope ``all``."""
    threshold: int
    """The percentage."""
    cap: int = big()
    """The amount that was allowed then: the limit's, or that of a raise."""
    reset_at: int = big()
    """From when on it counted, where what was used had been reset; else 0."""
    spent: int = big()
    announced: int = Field(sa_type=SmallInteger)
    """0: a higher percentage was reached at the same time, or had been before a raise, and was announced."""
    crossed_at: int = big()
    about: dict[str, Any] | None = Field(default=None, sa_type=Json)
    """The limit as it was: scope, unit, period, whether it refuses, and when it begins anew."""


class WarningDelivery(SQLModel, table=True):
    """A message about a warning to one address, or a test of that address."""

    __tablename__ = "warning_delivery"
    __table_args__ = (Index("warning_delivery_due", "state", "next_at"),)
    id: int = key()
    warning: int | None = big(default=None)
    """The row of `limit_warning`; NULL for a test."""
    channel: str
    """``webhook`` or ``mail``."""
    target: str
    """The name of a webhook in the settings, which have its address and its secret; or a mail address."""
    body: str
    """The message as JSON. The same at every attempt."""
    state: str
    """``pending``, ``sent``, ``failed``, or ``withdrawn`` where its target is in the settings no more."""
    attempts: int = Field(default=0)
    next_at: int = big()
    """When it is tried next; while it is being tried, when somebody else may."""
    created_at: int = big()
    ended_at: int | None = big(default=None)
    error: str | None = None
    """Why the last attempt failed, without anything secret."""
