"""What a limit would have meant in the last ninety days, had it been there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from llmtrack.ledger.limits import EACH, Limit, period_of
from llmtrack.ledger.periods import days, to_micros, zone
from llmtrack.settings import get_settings
from pages.components import formatting, queries
from pages.components.limits import uses
from pages.components.span import Span

DAYS = 90
MOST_ROWS = 50_000
_METRICS = {"cost": "cost", "tokens": "total_tokens", "messages": "messages"}
_BY = {"user": "user", "team": "group", "feature": "feature"}


def look_back(limit: Limit) -> str:
    """A sentence about the last ninety days; empty where it cannot be told quickly, or would say nothing."""
    if limit.amount is None or limit.period in ("minute", "hour", "total") or limit.scope == "token":
        return ""
    timezone = get_settings().timezone
    today = datetime.now(zone(timezone)).date()
    span = Span(days(today - timedelta(days=DAYS - 1), today, timezone), timezone)
    each = limit.target == EACH
    if each and limit.scope not in _BY:
        return ""
    by = ["day", *([_BY[limit.scope]] if each else [])]
    metric = _METRICS[limit.unit]
    answer = queries.ask_briefly([metric], span, by=by, where=uses.subject_filters(limit), fill=False)
    if answer is None or len(answer.rows) > MOST_ROWS:
        return ""
    sums: dict[tuple[str | None, int], int] = {}
    for row in answer.rows:
        if row[metric] is not None:
            subject = row[_BY[limit.scope]] if each else None
            if each and subject is None:
                continue
            key = (subject, period_of(limit, to_micros(row["day"]))[0])
            sums[key] = sums.get(key, 0) + (int(row[metric].scaleb(9)) if limit.unit == "cost" else int(row[metric]))
    return _sentence(limit, sums, period_of(limit, to_micros(datetime.now(UTC)))[0])


def _sentence(limit: Limit, sums: dict[tuple[str | None, int], int], now: int) -> str:
    beyond = [key for key, amount in sums.items() if amount > (limit.amount or 0)]
    if limit.target == EACH:
        everybody, those = {key[0] for key in sums}, {key[0] for key in beyond}
        if not everybody:
            return f"No {limit.scope} used anything in the last {DAYS} days."
        what = formatting.counted(len(everybody), limit.scope)
        if not those:
            return f"In the last {DAYS} days none of {what} went beyond it."
        return f"In the last {DAYS} days {len(those)} of {what} went beyond it in some {limit.period}."
    spent = sum(amount for key, amount in sums.items() if key[1] == now)
    unit = "" if limit.unit == "cost" else f" {limit.unit}"
    so_far = f"{uses.name_of(limit)} used {uses.amount(limit, spent)}{unit} this {limit.period} so far."
    periods = {key[1] for key in sums}
    if not periods:
        return f"{uses.name_of(limit)} used nothing in the last {DAYS} days."
    if not beyond:
        return f"{so_far} In the last {DAYS} days it would not have been reached."
    of = formatting.counted(len(periods), limit.period)
    return f"{so_far} In the last {DAYS} days {len(beyond)} of {of} went beyond it."
