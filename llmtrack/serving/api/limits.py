"""Limits and what is left of them: `/api/limits`."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StringConstraints, model_validator

from llmtrack.billing.limits import value_of
from llmtrack.ledger import Ledger, LedgerError, limit_book, open_ledger
from llmtrack.ledger.limits import Limit as LedgerLimit
from llmtrack.ledger.periods import from_micros
from llmtrack.serving.api import models
from llmtrack.serving.api.caller import Caller, LimitSetter, Reader
from llmtrack.serving.api.models import Answer, plain
from llmtrack.serving.api.problems import Problem
from llmtrack.serving.api.threads import in_thread
from llmtrack.settings import get_settings

router = APIRouter(tags=["limits"])
Amount = Annotated[str | int, Field(description="US dollars as a string; tokens and messages as a number.")]
Scope = Literal["all", "user", "team", "feature", "model", "token"]
Unit = Literal["cost", "tokens", "messages"]
Span = Literal["minute", "hour", "day", "week", "month", "cycle", "total"]


class LimitUse(Answer):
    """What is used of a limit in its present period, by one of those it is for."""

    subject: str
    """The user, team, …; empty where it is for everyone together."""
    allowed: Amount
    """What may be used in the period: the limit's amount, or more for a while."""
    spent: Amount
    """What calls that have ended used."""
    held: Amount
    """What calls under way may still come to."""
    remaining: Amount
    """What is left."""
    period: models.Period | None
    """The present period; null where the limit holds in total."""


class Limit(Answer):
    """How much may be used, and what of it is."""

    id: int
    scope: Scope
    target: str | None
    """Whom it is for: a name, or `*` for each of them; null for everyone together."""
    unit: Unit
    period: Span
    amount: Amount | None
    """0 blocks; null excepts `target` from a limit for each."""
    hard: bool
    """Whether calls beyond it are refused."""
    mode: Literal["expected", "worst_case"]
    thresholds: list[int]
    """Percentages at which it warns."""
    markup_percent: str | None
    """What is added to list dollars before they count; null: nothing."""
    timezone: str
    """Whose clocks its periods go by."""
    uses: list[LimitUse]
    """Of a limit for each: those who have used any of it."""


class Limits(Answer):
    """Limits."""

    data: list[Limit]


class LimitSetting(BaseModel):
    """A limit to be set: a new one, or in place of that for the same, in the same unit and period."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    scope: Scope = "all"
    target: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    """A name, or `*` for each; none with the scope `all`."""
    unit: Unit = "cost"
    period: Span = "month"
    amount: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,15}(\.[0-9]{1,9})?$")] | None
    """US dollars, or how many tokens or messages, as text; 0 blocks, null excepts `target` from a limit for each."""
    hard: StrictBool = True
    """false: it only warns."""
    thresholds: Annotated[list[Annotated[StrictInt, Field(ge=1, le=100)]], Field(max_length=10)] = [50, 80, 100]
    mode: Literal["expected", "worst_case"] = "expected"
    unpriced: Literal["refuse", "allow"] = "refuse"
    """Calls of models without a price."""
    unbounded: Literal["refuse", "allow"] = "refuse"
    """Calls without a worst case."""
    unavailable: Literal["refuse", "allow"] = "refuse"
    """Any call, while the limit cannot be checked."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.scope == "all") != (self.target is None):
            raise ValueError("a limit for all has no target, any other needs one: a name, or * for each")
        if self.unit == "cost" and self.period in ("minute", "hour"):
            raise ValueError(f"a limit on cost cannot be per {self.period}: give it per day or longer")
        if self.unit != "cost" and "." in (self.amount or ""):
            raise ValueError(f"{self.unit} are counted: give a whole number")
        return self

    def limit(self) -> LedgerLimit:
        """As the ledger keeps it, with the clocks of the settings."""
        settings = get_settings()
        amount = None if self.amount is None else Decimal(self.amount)
        return LedgerLimit(
            id=0, scope=self.scope, unit=self.unit, period=self.period, target=self.target, hard=self.hard,
            amount=None if amount is None else int(amount.scaleb(9) if self.unit == "cost" else amount),
            thresholds=tuple(self.thresholds), mode=self.mode, unpriced=self.unpriced, unbounded=self.unbounded,
            unavailable=self.unavailable, timezone=settings.timezone, anchor_day=settings.billing_anchor_day,
        )  # fmt: skip


@router.get("/api/limits")
async def limits(caller: Reader) -> Limits:
    """The limits of the token's owner with what is left of each; with `admin:read` everybody's."""
    if not caller.reads_everything and caller.own() is None:
        raise Problem(403, "A service's token has no limits of its own: it reads everybody's with admin:read.")
    return await in_thread(lambda _: Limits(data=_limits(open_ledger(), caller)))


@router.put("/api/limits")
async def set_limit(caller: LimitSetter, setting: LimitSetting) -> Limit:
    """Set a limit. Needs a token with the scope `limits:write`. It holds for every process within seconds."""

    def work(_: Any) -> Limit:
        try:
            limit = limit_book.set_limit(open_ledger(), setting.limit(), by=caller.name)
        except LedgerError as error:
            raise Problem(400, str(error)) from None
        uses = [use for use in limit_book.limit_use(open_ledger()) if use.limit.id == limit.id]
        return _answer(limit, uses)

    return await in_thread(work)


def own_uses(ledger: Ledger, caller: Caller) -> list[limit_book.LimitUse]:
    """What is used of the limits that are the caller's own: a person's, or a team's."""
    if caller.bearer.viewer is not None:
        first, *others = caller.bearer.viewer.ids
        uses = limit_book.limit_use(ledger, user=first)
        for user in others:  # names that count for themselves, because calls were made under them
            uses += [use for use in limit_book.limit_use(ledger, user=user) if use.spent or use.held]
        return uses
    return limit_book.limit_use(ledger, team=caller.team) if caller.team else []


def binding(uses: list[limit_book.LimitUse], since: int, until: int) -> limit_book.LimitUse | None:
    """The limit on cost whose present period is this time (microseconds since 1970), that with the least left."""
    fitting = [use for use in uses if use.limit.unit == "cost" and (use.since, use.resets_at) == (since, until)]
    return min(fitting, key=lambda use: use.room, default=None)


def _limits(ledger: Ledger, caller: Caller) -> list[Limit]:
    uses = limit_book.limit_use(ledger) if caller.reads_everything else own_uses(ledger, caller)
    if caller.reads_everything:
        every = limit_book.policy_of(ledger).limits
    else:
        every = tuple({use.limit.id: use.limit for use in uses}.values())
    return [_answer(limit, [use for use in uses if use.limit.id == limit.id]) for limit in every]


def _answer(limit: LedgerLimit, uses: list[limit_book.LimitUse]) -> Limit:
    def amount(number: int) -> str | int:
        value = value_of(limit, number)
        return plain(value) if isinstance(value, Decimal) else value

    return Limit(
        id=limit.id, scope=limit.scope, target=limit.target, unit=limit.unit, period=limit.period,  # type: ignore[arg-type]
        amount=None if limit.amount is None else amount(limit.amount), hard=limit.hard, mode=limit.mode,  # type: ignore[arg-type]
        thresholds=list(limit.thresholds),
        markup_percent=None if limit.markup_percent is None else plain(limit.markup_percent), timezone=limit.timezone,
        uses=[
            LimitUse(
                subject=use.subject, allowed=amount(use.cap), spent=amount(use.spent), held=amount(use.held),
                remaining=amount(use.room),
                period=None if use.resets_at is None else models.Period(
                    start=from_micros(use.since, limit.timezone), end=from_micros(use.resets_at, limit.timezone)
                ),
            )
            for use in uses
        ],
    )  # fmt: skip
