"""Calendar periods (days, weeks, months, billing cycles) in any time zone as exact instants."""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

HOUR = 3_600_000_000
"""Microseconds in an hour."""
DAY = 24 * HOUR
"""Microseconds in a day of UTC."""
GRAINS = ("hour", "day", "week", "month", "cycle")
"""The lengths of time a result can be grouped by; a week starts on Monday, a cycle on the billing anchor day."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time: `since` belongs to it, `until` no longer does. Both are aware, in the zone asked for."""

    since: datetime
    until: datetime

    @property
    def start(self) -> int:
        """The first instant: microseconds since 1970, UTC."""
        return to_micros(self.since)

    @property
    def end(self) -> int:
        """The first instant after it: microseconds since 1970, UTC."""
        return to_micros(self.until)

    @property
    def first_day(self) -> date:
        """Its first day, in its own zone."""
        return self.since.date()

    @property
    def last_day(self) -> date:
        """Its last day, included."""
        return (self.until - timedelta(microseconds=1)).date()

    @property
    def days(self) -> int:
        """How many calendar days it touches."""
        return (self.last_day - self.first_day).days + 1

    @property
    def seconds(self) -> float:
        """Its length in seconds: a day on which the clocks change has 23 or 25 hours."""
        return (self.end - self.start) / 1_000_000


def to_micros(at: datetime) -> int:
    """Microseconds since 1970 of an aware datetime, exactly. Raises ValueError for a naive one."""
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} names no time zone; give an aware datetime, e.g. with tzinfo=ZoneInfo(…).")
    return (at - _EPOCH) // _MICRO


def from_micros(micros: int, timezone: str = "UTC") -> datetime:
    """The aware datetime of an instant (microseconds since 1970), on the clocks of `timezone`."""
    return (_EPOCH + timedelta(microseconds=micros)).astimezone(zone(timezone))


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """The time zone of that IANA name. Raises ValueError, naming it, when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"There is no time zone {name!r}; give an IANA name such as 'Europe/Berlin'.") from error


def instant(at: datetime | date, timezone: str) -> int:
    """Microseconds since 1970 of a datetime or date.

    A naive datetime is read on the clocks of `timezone`; a date is its first instant there.
    """
    if isinstance(at, datetime):
        return to_micros(at) if at.tzinfo else _first_instant(at, zone(timezone))
    return start_of_day(at, timezone)


def start_of_day(day: date, timezone: str) -> int:
    """The first instant of a calendar day, in microseconds since 1970: midnight, unless the clocks jump over it."""
    return _first_instant(datetime.combine(day, time()), zone(timezone))


def days(first: date, last: date, timezone: str = "UTC") -> Period:
    """All of the days from `first` to `last`, both included, as they are counted in `timezone`."""
    if last < first:
        raise ValueError(f"The last day, {last}, lies before the first, {first}; swap them.")
    return _period(start_of_day(first, timezone), start_of_day(last + timedelta(days=1), timezone), timezone)


def last_days(count: int, timezone: str = "UTC", now: datetime | None = None) -> Period:
    """Today and the `count` - 1 days before it, to the end of today."""
    today = (now or datetime.now(UTC)).astimezone(zone(timezone)).date()
    return days(today - timedelta(days=count - 1), today, timezone)


def billing_cycle(at: datetime | None = None, *, anchor_day: int = 1, timezone: str = "UTC", back: int = 0) -> Period:
    """The billing cycle that holds `at` (default: now), or the one `back` cycles before it.

    A cycle starts at the beginning of the anchor day and ends where the next one starts. In a month without that day
    (the 31st in February) it starts on the month's last day. Raises ValueError for an anchor day outside 1 to 31.
    """
    local = (at or datetime.now(UTC)).astimezone(zone(timezone))
    month = _cycle_month(local.date(), check_anchor_day(anchor_day)) - back
    return _period(_cycle_start(month, anchor_day, timezone), _cycle_start(month + 1, anchor_day, timezone), timezone)


def buckets(since: int, until: int, grain: str, timezone: str = "UTC", anchor_day: int = 1) -> list[Period]:
    """The whole hours, days, weeks, months or cycles that `since` to `until` touch, in order and without gaps."""
    edges = list(edges_of(since, until, grain, timezone, anchor_day))
    return [_period(start, end, timezone) for start, end in pairwise(edges)]


@lru_cache(maxsize=512)
def edges_of(since: int, until: int, grain: str, timezone: str = "UTC", anchor_day: int = 1) -> tuple[int, ...]:
    """The instants at which the buckets of `buckets` start, and after them the one at which the last ends."""
    if until <= since:
        return ()
    starts = sorted(set(_starts(since, until, grain, timezone, anchor_day)))
    first = bisect_right(starts, since) - 1
    last = bisect_right(starts, until - 1)
    return tuple(starts[first : last + 1])


def _starts(since: int, until: int, grain: str, timezone: str, anchor_day: int) -> list[int]:
    """Where buckets start, generously: from before `since` to after `until`, unordered, maybe with repeats."""
    first = from_micros(since, timezone).date() - timedelta(days=1)
    last = from_micros(until, timezone).date() + timedelta(days=1)
    if grain == "hour":
        return [at for day in _dates(first, last, 1) for at in _hours(day, timezone)]
    if grain == "day":
        return [start_of_day(day, timezone) for day in _dates(first, last, 1)]
    if grain == "week":
        monday = first - timedelta(days=first.weekday())
        return [start_of_day(day, timezone) for day in _dates(monday, last + timedelta(days=7), 7)]
    if grain in ("month", "cycle"):
        anchor = 1 if grain == "month" else check_anchor_day(anchor_day)
        months = range(_cycle_month(first, anchor), _cycle_month(last, anchor) + 2)
        return [_cycle_start(month, anchor, timezone) for month in months]
    raise ValueError(f"Time cannot be divided by {grain!r}; choose one of {', '.join(GRAINS)}.")


def _dates(first: date, last: date, step: int) -> list[date]:
    return [first + timedelta(days=n) for n in range(0, (last - first).days + 1, step)]


def _hours(day: date, timezone: str) -> list[int]:
    """The starts of a day's clock hours. One begins wherever the clocks change, be it within an hour."""
    where = zone(timezone)
    start, end = start_of_day(day, timezone), start_of_day(day + timedelta(days=1), timezone)
    hours = [_first_instant(datetime.combine(day, time(hour)), where) for hour in range(24)]
    if _offset(start, where) != _offset(end, where):
        changed = _change(start, end, where)
        again = (datetime.combine(day, time(hour, fold=1), where) for hour in range(24))
        hours += [changed, *(to_micros(hour) for hour in again if to_micros(hour) > changed and _exists(hour))]
    return hours


@lru_cache(maxsize=64)
def offsets(since: int, until: int, timezone: str) -> tuple[tuple[int, int], ...]:
    """How far the clocks of `timezone` are ahead of UTC from `since` to `until`: (from when on, how far), in order.

    All of it in microseconds; the first entry begins at `since`.
    """
    where = zone(timezone)
    steps = [(since, _ahead(since, where))]
    at = since
    while at < until:
        following = min(at + DAY, until)
        if _ahead(following, where) != steps[-1][1]:
            changed = _change(at, following, where)
            steps.append((changed, _ahead(changed, where)))
        at = following
    return tuple(steps)


def _ahead(micros: int, where: ZoneInfo) -> int:
    return (_offset(micros, where) or timedelta()) // _MICRO


def _exists(local: datetime) -> bool:
    return local.astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None)


def _first_instant(naive: datetime, where: ZoneInfo) -> int:
    """The first instant at which the clocks of `where` show `naive`; where they jump over it, the instant they jump."""
    early = naive.replace(tzinfo=where, fold=0)
    if _exists(early):
        return to_micros(early)
    # In a gap the later offset (fold=1) gives an instant before the jump and the earlier one an instant at or after it.
    return _change(to_micros(early.replace(fold=1)), to_micros(early), where)


def _change(low: int, high: int, where: ZoneInfo) -> int:
    """The instant after `low` and not after `high` at which the clocks change."""
    before = _offset(low, where)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(middle, where) == before else (low, middle)
    return high


def _offset(micros: int, where: ZoneInfo) -> timedelta | None:
    return (_EPOCH + timedelta(microseconds=micros)).astimezone(where).utcoffset()


def _period(start: int, end: int, timezone: str) -> Period:
    return Period(from_micros(start, timezone), from_micros(end, timezone))


def check_anchor_day(anchor_day: int) -> int:
    """The day of the month a billing cycle starts on. Raises ValueError, naming it, outside 1 to 31."""
    if not 1 <= anchor_day <= 31:
        raise ValueError(f"A billing cycle cannot start on day {anchor_day}; choose a day from 1 to 31.")
    return anchor_day


def _cycle_month(day: date, anchor_day: int) -> int:
    """The month (counted from year 0) in which the cycle that holds `day` starts."""
    month = day.year * 12 + day.month - 1
    return month if day >= _cycle_date(month, anchor_day) else month - 1


def _cycle_date(month: int, anchor_day: int) -> date:
    year, index = divmod(month, 12)
    return date(year, index + 1, min(anchor_day, monthrange(year, index + 1)[1]))


def _cycle_start(month: int, anchor_day: int, timezone: str) -> int:
    return start_of_day(_cycle_date(month, anchor_day), timezone)
