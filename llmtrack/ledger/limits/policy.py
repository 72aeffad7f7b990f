"""What a limit says, which calls it is about, and in which of its periods a call counts. No database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from fnmatch import fnmatchcase
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from llmtrack.ledger.periods import edges_of
from llmtrack.ledger.schema.fitting import fitted
from llmtrack.pricing.names import without_snapshot

UNITS = ("cost", "tokens", "messages")
SCOPES = ("all", "user", "team", "feature", "model", "token")
PERIODS = ("minute", "hour", "day", "week", "month", "cycle", "total")
MODES = ("expected", "worst_case")
EACH = "*"
"""As a target: each user (team, feature, …) for themselves. As the subject of an adjustment: all of them."""
MINUTE = 60_000_000
"""Microseconds in a minute."""
THRESHOLDS = (50, 80, 100)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What an admin changed for a while without changing the limit. Times are microseconds since 1970."""

    raised_to: int | None = None
    raised_until: int | None = None
    reset_at: int | None = None


_NONE = Adjustment()


@dataclass(frozen=True, slots=True)
class Limit:
    """How much may be used in each period. Amounts are nano-dollars, tokens or messages."""

    id: int
    scope: str
    unit: str
    period: str
    amount: int | None
    """0 blocks; None is no limit, and excepts `target` from one for each."""
    target: str | None = None
    """Whom it is for; `EACH`: each of them for themselves. None with the scope ``all``."""
    hard: bool = True
    """False: it warns, and refuses nothing."""
    thresholds: tuple[int, ...] = THRESHOLDS
    """Percentages at which it warns."""
    mode: str = "expected"
    unpriced: str = "refuse"
    """``refuse``, ``allow`` or ``rate`` (count at `rate`): calls of models without a price, under a limit on cost."""
    rate: int | None = None
    """Nano-dollars for a million tokens of such a model."""
    unbounded: str = "refuse"
    """``refuse`` or ``allow``: calls whose worst case nobody knows, in the mode ``worst_case``."""
    unavailable: str = "refuse"
    """``refuse`` or ``allow``: any call, while the limit cannot be checked."""
    timezone: str = "UTC"
    anchor_day: int = 1
    created_at: int = 0
    markup_percent: Decimal | None = None
    """Percent added to list dollars before they count. None: nothing; `set_limit` then takes that of the settings."""
    adjustments: Mapping[str, Adjustment] = field(default_factory=lambda: MappingProxyType({}))
    """By subject; `EACH` stands for all."""

    def cap(self, subject: str, now: int) -> int | None:
        """How much `subject` may use in a period as of `now`; None: as much as they like."""
        if self.amount is None:
            return None
        raises = [self.adjustments.get(name, _NONE) for name in (subject, EACH)]
        amounts = [
            change.raised_to
            for change in raises
            if change.raised_to is not None and change.raised_until is not None and now < change.raised_until
        ]
        return max([self.amount, *amounts])

    def charged(self, cost: int, *, at_most: bool = False) -> int:
        """What list nano-dollars count, markup added, half to even; `at_most`: up, so that no call counts more."""
        if not self.markup_percent:
            return cost
        rounding = ROUND_CEILING if at_most else ROUND_HALF_EVEN
        return cost + int((cost * self.markup_percent / 100).to_integral_value(rounding))

    def list_price(self, charge: int) -> int:
        """The list nano-dollars that count as `charge`."""
        if not self.markup_percent:
            return charge
        return int((charge * 100 / (100 + self.markup_percent)).to_integral_value(ROUND_HALF_EVEN))

    def reset_at(self, subject: str) -> int:
        """Only calls begun from then on count for `subject`."""
        resets = [self.adjustments.get(name, _NONE).reset_at or 0 for name in (subject, EACH)]
        return max(resets)


def period_of(limit: Limit, at: int) -> tuple[int, int | None]:
    """The first instant of the period of `limit` that holds `at`, and the one at which the next begins (None: never).

    All in microseconds since 1970. A call counts in the period in which it began, whenever it ends.
    """
    if limit.period == "total":
        return 0, None
    if limit.period == "minute":
        return at - at % MINUTE, at - at % MINUTE + MINUTE
    return _calendar_period(limit.period, limit.timezone, limit.anchor_day, at // MINUTE)


@lru_cache(maxsize=4096)
def _calendar_period(period: str, timezone: str, anchor_day: int, minute: int) -> tuple[int, int]:
    # A zone's clocks change on whole minutes, since 1972 everywhere.
    start = minute * MINUTE
    first, end = edges_of(start, start + 1, period, timezone, anchor_day)[:2]
    return first, end


class Caller(NamedTuple):
    """Of a call, what limits look at."""

    user: str | None = None
    team: str | None = None
    feature: str | None = None
    model: str | None = None
    """The one asked for."""
    token: str | None = None
    """Which of our tokens it was made with, by its prefix."""

    def subject(self, scope: str) -> str | None:
        """Who or what it is for a scope; None: nobody, so that no limit of that scope applies."""
        if scope == "all":
            return ""
        name: str | None = getattr(self, scope)
        return None if name is None else fitted(name)


class Applied(NamedTuple):
    """A limit that a call counts against, and for whom."""

    limit: Limit
    subject: str


class Policy:
    """All limits as they are at one moment."""

    def __init__(self, limits: Iterable[Limit] = (), version: int = 0) -> None:
        self.limits = tuple(limits)
        self.version = version
        self._applying: dict[Caller, tuple[Applied, ...]] = {}
        self._named: dict[tuple[str, str, str], list[Limit]] = {}
        for limit in self.limits:
            self._named.setdefault((limit.scope, limit.unit, limit.period), []).append(limit)

    def applying(self, caller: Caller) -> tuple[Applied, ...]:
        """The limits that a call of `caller` counts against, soft ones included."""
        if not self.limits:
            return ()
        applied = self._applying.get(caller)
        if applied is None:
            applied = tuple(self._find(caller))
            if len(self._applying) > 10_000:
                self._applying.clear()
            self._applying[caller] = applied
        return applied

    def _find(self, caller: Caller) -> Iterable[Applied]:
        for (scope, _, _), limits in self._named.items():
            subject = caller.subject(scope)
            if subject is None:
                continue
            exceptions = [limit for limit in limits if limit.target != EACH and matches(limit, subject)]
            if exceptions:
                for limit in exceptions:
                    if limit.amount is not None:
                        yield Applied(limit, limit.target or "")
                continue
            for limit in limits:
                if limit.target == EACH and limit.amount is not None:
                    yield Applied(limit, subject)


def matches(limit: Limit, subject: str) -> bool:
    """Whether a limit with a target of its own is about `subject`. A model's name also stands for its snapshots."""
    target = limit.target
    if target is None or target == subject:
        return True
    if limit.scope != "model":
        return False
    return is_model(target, subject)


def is_model(pattern: str, model: str) -> bool:
    """Whether a model is meant by a pattern: a name, which also stands for its snapshots, or one with ``*``."""
    if any(sign in pattern for sign in "*?["):
        return fnmatchcase(model.lower(), pattern.lower())
    return pattern == model or without_snapshot(model) == pattern.lower()
