"""What of each limit is used, as the page shows it: in words, with the address of the calls behind each number."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from llmtrack.billing.limits import value_of
from llmtrack.ledger.limit_book import LimitUse, limit_use, policy_of
from llmtrack.ledger.limits import EACH, Limit, OpenCall, matches
from llmtrack.ledger.periods import from_micros, last_days, zone
from llmtrack.ledger.query import Filter, stored_values
from llmtrack.settings import get_settings
from pages.components import formatting, links, queries
from pages.components.span import Span
from pages.components.tables.cells import CLOSE

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger

SCOPES = {"all": "Everyone together", "user": "User", "team": "Team", "feature": "Feature", "model": "Model",
          "token": "Token"}  # fmt: skip
UNITS = {"cost": "Cost", "tokens": "Tokens", "messages": "Messages"}
PERIODS = {"minute": "minute", "hour": "hour", "day": "day", "week": "week", "month": "month", "cycle": "cycle",
           "total": "in total"}  # fmt: skip
_DIMENSIONS = {"user": "user", "team": "group", "feature": "feature", "model": "request_model",
               "token": "property.llmtrack.token"}  # fmt: skip
MOST_NAMES = 500
"""Names that are offered; others can be typed."""
_LONGEST_DAYS = 3 * 365
"""The list of calls shows no longer time."""


@dataclass(frozen=True, slots=True)
class LimitLine:
    """A limit, and what of it is used: of one for each, by everyone who used any of it, the largest part first."""

    limit: Limit
    uses: tuple[LimitUse, ...]
    now: int
    """When that was, in microseconds since 1970."""

    @property
    def most(self) -> LimitUse | None:
        """Of whom most is used; None where nothing is, or the limit is an exception that has no amount."""
        return self.uses[0] if self.uses else None

    @property
    def raises(self) -> int:
        """How many raises are in force."""
        return sum(1 for change in self.limit.adjustments.values() if (change.raised_until or 0) > self.now)

    @property
    def close(self) -> tuple[LimitUse, ...]:
        """Those who used most of it."""
        return tuple(use for use in self.uses if use.cap and share_of(use) >= CLOSE)


def read(ledger: Ledger) -> list[LimitLine]:
    """All limits in the order in which they were set."""
    now = int(datetime.now(zone("UTC")).timestamp() * 1_000_000)
    uses: dict[int, list[LimitUse]] = {}
    for use in limit_use(ledger):
        uses.setdefault(use.limit.id, []).append(use)
    return [
        LimitLine(limit, tuple(sorted(uses.get(limit.id, ()), key=share_of, reverse=True)), now)
        for limit in policy_of(ledger).limits
    ]


def share_of(use: LimitUse) -> float:
    """The part that is used or held; of a limit of 0 the whole."""
    return (use.spent + use.held) / use.cap if use.cap else 1.0


def meter_of(use: LimitUse) -> tuple[float, float, str]:
    """The bar of a use: used, held, and both in words."""
    if not use.cap:
        return 1.0, 0.0, "blocked"
    words = f"{formatting.percent(use.spent, use.cap)} used"
    if use.held:
        words += f", {formatting.percent(use.held, use.cap)} held"
    return use.spent / use.cap, use.held / use.cap, f"{words}, {amount(use.limit, use.room)} left"


def amount(limit: Limit, number: int) -> str:
    """An amount without its unit: ``$1.25``, ``12,000``."""
    value = value_of(limit, number)
    if isinstance(value, int):
        return formatting.count(value)
    return formatting.usd(value) if 0 < abs(value) < Decimal("0.01") else formatting.usd_with(value, 2)


def name_of(limit: Limit) -> str:
    """Whom a limit is for: ``Each user``, ``Team research``."""
    if limit.scope == "all":
        return SCOPES["all"]
    word = SCOPES[limit.scope]
    return f"Each {word.lower()}" if limit.target == EACH else f"{word} {limit.target}"


def kind_of(limit: Limit) -> tuple[str, str]:
    """What happens at its end, as a pill."""
    if limit.amount is None:
        return "exception, no limit", ""
    if not limit.hard:
        return "soft", ""
    if limit.amount == 0:
        return "blocked", "bad"
    return ("hard, worst case" if limit.mode == "worst_case" else "hard, expected"), "accent"


def of_what(limit: Limit) -> str:
    """``Cost per month``, ``Messages in total``."""
    span = PERIODS["total"] if limit.period == "total" else f"per {limit.period}"
    return f"{UNITS[limit.unit]} {span}"


def resets(use: LimitUse | None, now: int) -> str:
    """When its next period begins: ``in 46 min``, ``1 Dec``."""
    if use is None or use.resets_at is None:
        return "\N{EN DASH}" if use is None else "never"
    seconds = max(0, use.resets_at - now) // 1_000_000
    if seconds < 60:
        return f"in {seconds} s"
    if seconds < 6 * 3600:
        return f"in {seconds // 3600} h {seconds % 3600 // 60} min" if seconds >= 3600 else f"in {seconds // 60} min"
    at, today = from_micros(use.resets_at, use.limit.timezone), from_micros(now, use.limit.timezone).date()
    midnight = (at.hour, at.minute) == (0, 0)
    return formatting.short_day(at.date(), today) if midnight else formatting.short_moment(at, today)


def moment(at: int) -> str:
    """A moment in the zone of the settings: ``5 Dec, 18:00``."""
    timezone = get_settings().timezone
    return formatting.short_moment(from_micros(at, timezone), datetime.now(zone(timezone)).date())


def calls_behind(use: LimitUse) -> str:
    """The address of the calls that count against it, by days."""
    timezone = get_settings().timezone
    since = max(use.since, use.limit.reset_at(use.subject))
    today = datetime.now(zone(timezone)).date()
    first = from_micros(since, timezone).date() if since else today - timedelta(days=_LONGEST_DAYS)
    return links.over("calls", str(first), str(today), subject_filters(use.limit, use.subject))


def subject_filters(limit: Limit, subject: str | None = None) -> list[Filter]:
    """The filters that select the calls a limit is about; of one for each those of a subject, or all of them."""
    if limit.scope == "all" or (limit.target == EACH and subject is None):
        return []
    name = subject if limit.target == EACH else limit.target
    if limit.scope == "model" and limit.target != EACH:
        return [Filter("request_model", _models(limit) or (name,))]
    return [Filter(_DIMENSIONS[limit.scope], (name,))]


def _models(limit: Limit) -> tuple[str, ...]:
    """The models in the ledger that a limit's name stands for: its dated snapshots, too."""
    return tuple(sorted(name for name in known_names("model") if matches(limit, name)))


def known_names(scope: str) -> list[str]:
    """The users (teams, …) there are, those with the most calls of the last ninety days first."""
    dimension = _DIMENSIONS[scope]
    if scope == "token":
        return stored_values(queries.ledger(), dimension)
    timezone = get_settings().timezone
    span = Span(last_days(90, timezone), timezone)
    answer = queries.ask_briefly(
        ["generations"], span, by=[dimension], order="-generations", limit=MOST_NAMES, fill=False
    )
    return [] if answer is None else [row[dimension] for row in answer.rows if row[dimension] is not None]


def thing_behind(limit: Limit, subject: str | None = None) -> str | None:
    """The page of the user, team, feature or model that a limit is for; None where there is none."""
    name = subject if limit.target == EACH else limit.target
    if name is None or any(sign in name for sign in "*?["):
        return None
    opened = {"user": links.user, "team": links.team, "feature": links.feature, "model": links.model}.get(limit.scope)
    return opened(name) if opened else None


def overrun_bound(limit: Limit, calls: Sequence[OpenCall]) -> int | None:
    """By how much the calls under way could overrun a limit at most; None where nobody knows."""
    total = 0
    for call in calls:
        held = sum(entry.amount for entry in call.entries if entry.limit_id == limit.id)
        if not held:
            continue
        most = json.loads(call.about).get("most", {}).get(str(limit.id))
        if most is None:
            return None
        total += max(0, most - held)
    return total


def amount_as_typed(limit: Limit) -> str:
    """The amount of a limit as somebody would type it: ``25``, ``2.50``, ``50000``."""
    if limit.unit != "cost":
        return str(limit.amount)
    dollars = Decimal(limit.amount or 0).scaleb(-9).normalize()
    return f"{dollars:.2f}" if dollars == dollars.quantize(Decimal("0.01")) else format(dollars, "f")


def parse_amount(unit: str, typed: str) -> int:
    """What somebody typed in nano-dollars, tokens or messages. Raises `ValueError` with a sentence for the reader."""
    text = typed.strip().replace(",", "").removeprefix("$").replace("_", "")
    if unit != "cost":
        if not (text.isascii() and text.isdigit()):
            raise ValueError(f"{typed.strip()!r} is no number of {unit}: write 50000, or 0 to block.")
        return int(text)
    try:
        dollars = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{typed.strip()!r} is no number of dollars: write 25 or 2.50, or 0 to block.") from None
    if not dollars.is_finite() or dollars < 0 or dollars > 10**8 or dollars.scaleb(9) != int(dollars.scaleb(9)):
        raise ValueError(f"{typed.strip()!r} is no number of dollars that can be kept: write 25 or 2.50.")
    return int(dollars.scaleb(9))
