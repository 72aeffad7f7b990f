"""Somebody's usage in a billing cycle: `/api/me/usage` and `/api/usage`."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import datetime, time
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query

from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.limit_book import LimitUse, limit_use
from llmtrack.ledger.lists import user_exists
from llmtrack.ledger.metrics import MONEY, Cancel, Filter, Row, ask, money
from llmtrack.ledger.periods import Period, billing_cycle, to_micros, zone
from llmtrack.pricing import in_dollars
from llmtrack.serving.api import models
from llmtrack.serving.api.caller import Reader
from llmtrack.serving.api.limits import binding, own_uses
from llmtrack.serving.api.problems import Problem
from llmtrack.serving.api.questions import CycleQuery, UserCycleQuery
from llmtrack.serving.api.threads import in_thread
from llmtrack.serving.identity import Kind
from llmtrack.settings import get_settings

METRICS = (*MONEY, "messages", "input_tokens", "output_tokens", "total_tokens")
router = APIRouter(tags=["usage"])


@router.get("/api/me/usage")
async def my_usage(caller: Reader, query: Annotated[CycleQuery, Query()]) -> models.Usage:
    """The usage of the token's owner in a billing cycle: a person's own, or a team's."""
    guard = caller.own()
    if guard is None:
        raise Problem(403, "A service's token has no usage of its own: ask /api/usage?user_id=… or /api/metrics.")
    viewer = caller.bearer.viewer
    return await in_thread(
        lambda cancel: usage(
            open_ledger(), [guard], query.cycle, viewer.id if viewer else None, caller.team, cancel,
            own_uses(open_ledger(), caller),
        )
    )  # fmt: skip


@router.get("/api/usage")
async def usage_of(caller: Reader, query: Annotated[UserCycleQuery, Query()]) -> models.Usage:
    """A user's usage in a billing cycle. A user's token answers for that user only, a team's for calls of the team."""
    user = query.user_id or query.userId
    if user is None:
        raise Problem(400, "user_id is missing: say whose usage, as /api/usage?user_id=alice.")
    where = caller.narrowed(Kind.NUMBERS, [Filter("user", (user,))])

    def work(cancel: Cancel) -> models.Usage:
        ledger = open_ledger()
        of_user = usage(ledger, where, query.cycle, user, caller.team, cancel, limit_use(ledger, user=user))
        if caller.reads_everything and not of_user.generations and not user_exists(ledger, user):
            raise Problem(404, f"There is no user {user!r}: nobody of that name has called a model.")
        return of_user

    return await in_thread(work)


def usage(
    ledger: Ledger, where: Sequence[Filter], cycle: str, user: str | None, team: str | None, cancel: Cancel | None,
    limits: list[LimitUse] | None = None,
) -> models.Usage:  # fmt: skip
    """What these filters select in a billing cycle. Raises ValueError for a cycle that there is not."""
    period = cycle_of(cycle)
    timezone = get_settings().timezone
    result = ask(
        ledger, METRICS, ["provider", "model"], since=period.since, until=period.until, timezone=timezone,
        where=where, cancel=cancel,
    )  # fmt: skip
    limit = binding(limits or [], to_micros(period.since), to_micros(period.until))
    return models.Usage(
        user_id=user,
        team=team,
        cycle=models.Period(start=period.since, end=period.until),
        timezone=timezone,
        limit=None if limit is None else in_dollars(limit.cap),
        remaining=None if limit is None else in_dollars(limit.room),
        models=[
            models.ModelUsage(provider=row["provider"], model=row["model"], **numbers(row))
            for row in sorted(result, key=_rank)
        ],
        **numbers(result.totals),
    )


def numbers(row: Row) -> dict[str, Any]:
    """The numbers of a row that was query for `METRICS`."""
    spent = money(row)
    counts = {name: row[name] for name in ("generations", "messages", "input_tokens", "output_tokens", "total_tokens")}
    return {**counts, "cost": spent.cost, "unpriced": spent.unpriced, "simulated_cost": spent.simulated}


def _rank(row: Row) -> tuple[Decimal, int, str, str]:
    return -(row["cost"] or Decimal(0)), -row["generations"], row["provider"] or "", row["model"] or ""


def cycle_of(name: str) -> Period:
    """The billing cycle by its name: ``current``, ``previous``, the month it begins in, or a day in it."""
    settings = get_settings()
    anchor, timezone = settings.billing_anchor_day, settings.timezone
    if name in ("current", "previous"):
        return billing_cycle(anchor_day=anchor, timezone=timezone, back=int(name == "previous"))
    year, month, *day = map(int, name.split("-"))
    try:
        if not 1971 <= year <= 2200:
            raise ValueError
        number = day[0] if day else min(anchor, monthrange(year, month)[1])
        at = datetime.combine(datetime(year, month, number).date(), time(12), zone(timezone))  # noqa: DTZ001
    except ValueError:
        raise ValueError(
            f"There is no billing cycle {name!r}: give current, previous, 2026-11 or 2026-11-29."
        ) from None
    return billing_cycle(at, anchor_day=anchor, timezone=timezone)
