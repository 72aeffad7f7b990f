"""What the ledger should answer, computed the slow and plain way from the records themselves.

An independent second implementation: its definitions (statuses of a message, error types, reasons that cost nothing) are
written out here and never taken from the code under test, so that a change of one definition makes a test fail.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from llmtrack.ids import new_id
from llmtrack.ledger.records import Generation
from llmtrack.pricing.usage import Cost, Usage

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Chatham")
# The clocks of all five zones that change them at all do so within these days of 2026 (St John's and Berlin in March,
# Chatham in April), so that days of 23 and 25 hours and half-hour offsets are among what is asked about.
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 40

BILLED = ("ok", "cancelled", "abandoned", "incomplete")
"""The statuses of calls that the provider answered at least in part; of chat calls these are the messages."""
ANSWERED = ("ok", "incomplete")
"""The statuses of answers that came to their end."""
FREE = ("no_usage",)
"""Reasons of a missing cost that say that nothing was billed."""
REAL_COSTS = ("exact", "estimated", "provider_reported")
USER_ERRORS = ("authentication", "permission", "not_found", "invalid_request", "context_length", "content_filter")
PROVIDER_ERRORS = ("timeout", "connection", "overloaded", "server", "invalid_response")


def micros(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def records(seed: int, count: int = 160) -> list[Generation]:
    """Generations of all kinds at all times, some of them exactly where days and hours begin."""
    draw = random.Random(seed)
    return [_generation(draw, number) for number in range(count)]


def _generation(draw: random.Random, number: int) -> Generation:
    at = BEGIN + timedelta(seconds=draw.randrange(DAYS * 86_400), microseconds=draw.randrange(1_000_000))
    if draw.random() < 0.3:
        at = at.replace(minute=draw.choice((0, 15, 30, 45)), second=0, microsecond=0)
    started_at = micros(at) - draw.choice((0, 0, 1))
    status = draw.choice(("ok",) * 6 + ("error", "error", "cancelled", "incomplete", "abandoned", "refused"))
    served = draw.choice(("gpt-1", "gpt-2", "claude-1", None))
    # What nobody served is counted under what its name stands for, so it has names here that stand for nothing.
    requested = draw.choice(("gpt", "claude") if served is None else ("gpt-new", "claude-new"))
    rest = random.Random(f"{draw.random()}")  # so that whatever is added below leaves the rest of a seed's story alone
    return Generation(
        id=new_id(started_at),
        started_at=started_at,
        provider=draw.choice(("openai", "anthropic")),
        operation=draw.choice(("chat", "chat", "embeddings")),
        status=status,
        request_model=requested,
        response_model=served,
        user_id=draw.choice(("alice", "bob", "carol", "dave", None)),
        session_id=draw.choice((None, f"s{draw.randrange(6)}")),
        trace_id=draw.choice((None, f"t{draw.randrange(40)}")),
        feature=draw.choice((None, "chat", "summary")),
        group=draw.choice((None, "red", "blue")),
        properties=draw.choice(({}, {"plan": "pro"}, {"plan": "free", "beta": True}, {"plan": 3})),
        streamed=draw.random() < 0.5,
        attempts=draw.choice((1, 1, 2)),
        duration=draw.choice((None, draw.randrange(1, 10**8))),
        time_to_first_token=draw.choice((None, draw.randrange(1, 10**6))),
        service_tier=draw.choice((None, "flex")),
        error_type=_error(draw, rest) if status == "error" else None,
        usage=Usage(
            input_tokens=draw.choice((None, 0, draw.randrange(100_000))),
            output_tokens=draw.choice((None, draw.randrange(10_000))),
            cache_read_tokens=draw.choice((None, draw.randrange(1_000))),
            **_more_tokens(rest),
            web_searches=rest.choice((None, None, 1, 3)),
        ),
        cost=_cost(draw, rest, status),
        finish_reason=rest.choice((None, "stop", "length")),
        http_status=rest.choice((None, 200, 429)),
        error_code=rest.choice((None, "E1", "E2")),
        region=rest.choice((None, "global", "us-east5")),
    )


def _error(draw: random.Random, rest: random.Random) -> str | None:
    """One of four common types, or now and then any of those that somebody is to blame for, or none of these."""
    common = draw.choice(("timeout", "rate_limit", "invalid_request", "server"))
    return rest.choice((common, common, *USER_ERRORS, *PROVIDER_ERRORS, "unknown", None))


_MORE_TOKENS = (
    "cache_write_tokens", "cache_write_1h_tokens", "reasoning_tokens", "input_audio_tokens", "output_audio_tokens",
    "input_image_tokens", "output_image_tokens",
)  # fmt: skip
_MORE_PARTS = ("cache_read", "cache_write", "reasoning", "audio", "image", "request", "tool")


def _more_tokens(rest: random.Random) -> dict[str, Any]:
    return {field: rest.choice((None, rest.randrange(1_000))) for field in _MORE_TOKENS}


def _cost(draw: random.Random, rest: random.Random, status: str) -> Cost:
    kind = draw.choice(("exact", "exact", "estimated", "provider_reported", "simulated", "api_equivalent", "unpriced"))
    if kind == "unpriced":
        return Cost(status=kind, reason="no_usage" if status == "error" else draw.choice(("no_price", "usage_missing")))
    if kind == "simulated" and status == "error":
        return Cost(status=kind, reason="no_usage")
    if kind == "simulated" and status == "abandoned":
        return Cost(status=kind, reason="usage_missing")
    parts: dict[str, Any] = {"input": draw.randrange(10**9), "output": draw.randrange(10**9)}
    parts |= {part: rest.randrange(10**8) for part in _MORE_PARTS if rest.random() < 0.5}
    return Cost(status=kind, total=sum(parts.values()), **parts)


Rows = Sequence[Generation]


def _nano(rows: Rows, part: str, *, apart: str | None = None) -> int:
    kept = ("simulated", "api_equivalent")
    costs = [
        row.cost for row in rows
        if row.cost and (row.cost.status not in kept if apart is None else row.cost.status == apart)
    ]  # fmt: skip
    return sum(getattr(cost, part) or 0 for cost in costs)


def _unpriced(rows: Rows) -> int:
    unknown = [row.cost for row in rows if row.cost is not None and row.cost.total is None]
    return sum(cost.status not in ("simulated", "api_equivalent") and cost.reason not in FREE for cost in unknown)


def _real(part: str) -> Callable[[Rows], Decimal | None]:
    def read(rows: Rows) -> Decimal | None:
        if _unpriced(rows) and not _nano(rows, "total"):
            return None
        return Decimal(_nano(rows, part)).scaleb(-9)

    return read


def _tokens(field: str, depends_on: str) -> Callable[[Rows], int | None]:
    def read(rows: Rows) -> int | None:
        if rows and all(getattr(row.usage, depends_on) is None for row in rows):
            return None
        return sum(getattr(row.usage, field) or 0 for row in rows)

    return read


def _count(test: Callable[[Generation], bool]) -> Callable[[Rows], int]:
    return lambda rows: sum(test(row) for row in rows)


def _divided(over: Any, under: Any) -> Any:
    if over is None or not under:
        return None
    return over / under if isinstance(over, Decimal) else float(over) / float(under)


def _answers(rows: Rows) -> Rows:
    """Those that came to their end; refusals, failures and stops are none."""
    return [row for row in rows if row.status in ANSWERED]


def _average(field: str) -> Callable[[Rows], float | None]:
    def read(rows: Rows) -> float | None:
        values = [getattr(row, field) for row in rows if getattr(row, field) is not None]
        return sum(values) / 1_000_000 / len(values) if values else None

    return read


def nearest_rank(values: Iterable[Any], share: float) -> Any:
    ordered = sorted(values)
    return ordered[max(1, math.ceil(share * len(ordered))) - 1] if ordered else None


def _percentile(field: str, share: float) -> Callable[[Rows], float | None]:
    def read(rows: Rows) -> float | None:
        value = nearest_rank((v for row in rows if (v := getattr(row, field)) is not None), share)
        return None if value is None else value / 1_000_000

    return read


def _cost_percentile(share: float) -> Callable[[Rows], Decimal | None]:
    def read(rows: Rows) -> Decimal | None:
        costs = [row.cost for row in rows if row.cost and row.cost.status not in ("simulated", "api_equivalent")]
        value = nearest_rank((cost.total for cost in costs if cost.total is not None), share)
        return None if value is None else Decimal(value).scaleb(-9)

    return read


def _written(rows: Rows) -> list[tuple[int, int]]:
    """Output tokens and microseconds of writing, where both are known."""
    pairs = []
    for row in rows:
        if row.status in ANSWERED and row.duration is not None and row.usage.output_tokens is not None:
            writing = row.duration - (row.time_to_first_token or 0)
            if writing > 0:
                pairs.append((row.usage.output_tokens, writing))
    return pairs


def _speed(rows: Rows) -> float | None:
    tokens, time = (sum(values) for values in zip(*_written(rows), strict=True)) if _written(rows) else (0, 0)
    return tokens / (time / 1_000_000) if time else None


def _seconds(field: str) -> Callable[[Rows], float | None]:
    def read(rows: Rows) -> float | None:
        values = [getattr(row, field) for row in rows if getattr(row, field) is not None]
        return None if rows and not values else sum(values) / 1_000_000

    return read


def _total_tokens(rows: Rows) -> int | None:
    counts = [count for row in rows for count in (row.usage.input_tokens, row.usage.output_tokens)]
    reported = [count for count in counts if count is not None]
    return None if rows and not reported else sum(reported)


def _by_user(rows: Rows) -> dict[str, list[Generation]]:
    users: dict[str, list[Generation]] = {}
    for row in rows:
        if row.user_id is not None:
            users.setdefault(row.user_id, []).append(row)
    return users


def _per_user(read: Callable[[Rows], Any], share: float | None) -> Callable[[Rows], Any]:
    def across(rows: Rows) -> Any:
        values = [value for own in _by_user(rows).values() if (value := read(own)) is not None]
        return _divided(sum(values), len(values)) if share is None else nearest_rank(values, share)

    return across


cost = _real("total")
METRICS: dict[str, Callable[[Rows], Any]] = {
    "generations": len,
    "messages": _count(lambda row: row.operation == "chat" and row.status in BILLED),
    "users": lambda rows: len(_by_user(rows)),
    "generations_per_user": _per_user(len, None),
    "input_tokens": _tokens("input_tokens", "input_tokens"),
    "output_tokens": _tokens("output_tokens", "output_tokens"),
    "cache_read_tokens": _tokens("cache_read_tokens", "input_tokens"),
    "cost": cost,
    "input_cost": _real("input"),
    "output_cost": _real("output"),
    "simulated_cost": lambda rows: Decimal(_nano(rows, "total", apart="simulated")).scaleb(-9),
    "api_equivalent_cost": lambda rows: Decimal(_nano(rows, "total", apart="api_equivalent")).scaleb(-9),
    "api_equivalent": _count(lambda row: row.cost is not None and row.cost.status == "api_equivalent"),
    "simulated": _count(lambda row: row.cost is not None and row.cost.status == "simulated"),
    "unpriced": _unpriced,
    "estimated": _count(lambda row: row.cost is not None and row.cost.status == "estimated"),
    "cost_per_user": _per_user(cost, None),
    "cost_per_user_p95": _per_user(cost, 0.95),
    "cost / messages": lambda rows: _divided(cost(rows), METRICS["messages"](rows)),
    "duration": lambda rows: _average("duration")(_answers(rows)),
    "generation_duration": _average("duration"),
    "answer_duration": lambda rows: _seconds("duration")(_answers(rows)),
    "timed_answers": lambda rows: sum(row.duration is not None for row in _answers(rows)),
    "users_with_cost": lambda rows: sum(cost(own) is not None for own in _by_user(rows).values()),
    "other_errors": _count(
        lambda row: row.status == "error" and row.error_type not in (*USER_ERRORS, *PROVIDER_ERRORS, "rate_limit")
    ),
    "time_to_first_token": _average("time_to_first_token"),
    "tokens_per_second": _speed,
    "errors": _count(lambda row: row.status == "error"),
    "timeouts": _count(lambda row: row.error_type == "timeout"),
    "user_errors": _count(lambda row: row.error_type in USER_ERRORS),
    "provider_errors": _count(lambda row: row.error_type in PROVIDER_ERRORS),
    "error_rate": lambda rows: _divided(sum(row.status == "error" for row in rows), len(rows)),
    "cancelled_share": lambda rows: _divided(sum(row.status == "cancelled" for row in rows), len(rows)),
}
METRICS |= {f"{part}_cost": _real(part) for part in _MORE_PARTS}
METRICS |= {name: _tokens(name, "input_tokens") for name in _MORE_TOKENS if name.startswith(("cache", "input"))}
METRICS |= {name: _tokens(name, "output_tokens") for name in _MORE_TOKENS if name.startswith(("reasoning", "output"))}
METRICS |= {name: _count(lambda row, name=name: row.status == name) for name in
            ("cancelled", "abandoned", "incomplete", "refused", "pending")}  # fmt: skip
METRICS |= {
    "total_tokens": _total_tokens,
    "web_searches": lambda rows: sum(row.usage.web_searches or 0 for row in rows),
    "input_known": _count(lambda row: row.usage.input_tokens is not None),
    "output_known": _count(lambda row: row.usage.output_tokens is not None),
    "usage_missing": _count(
        lambda row: (
            row.cost is not None
            and row.cost.reason == "usage_missing"
            and row.cost.status not in ("simulated", "api_equivalent")
        )
    ),
    "priced": _count(lambda row: row.cost is not None and row.cost.status in REAL_COSTS),
    "timed": _count(lambda row: row.duration is not None),
    "first_tokens": _count(lambda row: row.time_to_first_token is not None),
    "total_duration": _seconds("duration"),
    "total_time_to_first_token": _seconds("time_to_first_token"),
    "speed_tokens": lambda rows: sum(tokens for tokens, _ in _written(rows)),
    "speed_time": lambda rows: sum(time for _, time in _written(rows)) / 1_000_000,
    "rate_limits": _count(lambda row: row.error_type == "rate_limit"),
}
METRICS |= {
    name: lambda rows, over=over, under=under: _divided(METRICS[over](rows), METRICS[under](rows))
    for name, over, under in (
        ("tokens_per_request", "total_tokens", "input_known"),
        ("input_tokens_per_request", "input_tokens", "input_known"),
        ("output_tokens_per_request", "output_tokens", "output_known"),
        ("cache_hit_share", "cache_read_tokens", "input_tokens"),
        ("cost_per_generation", "cost", "priced"),
        ("timeout_rate", "timeouts", "generations"),
        ("rate_limit_rate", "rate_limits", "generations"),
        ("user_error_rate", "user_errors", "generations"),
        ("provider_error_rate", "provider_errors", "generations"),
    )
}
PERCENTILES: Mapping[str, Callable[[Rows], Any]] = {
    **{f"time_to_first_token_p{n}": _percentile("time_to_first_token", n / 100) for n in (50, 90, 95, 99)},
    **{f"generation_duration_p{n}": _percentile("duration", n / 100) for n in (50, 90, 95, 99)},
    **{f"duration_p{n}": lambda rows, n=n: _percentile("duration", n / 100)(_answers(rows)) for n in (50, 90, 95, 99)},
    **{f"cost_p{n}": _cost_percentile(n / 100) for n in (50, 95, 99)},
}

ATTRIBUTES: dict[str, dict[str, Any]] = {"alice": {"plan": "pro"}, "bob": {"plan": "free"}, "carol": {"vip": True}}
DIMENSIONS: Mapping[str, Callable[[Generation], Any]] = {
    "user": lambda row: row.user_id,
    "group": lambda row: row.group,
    "provider": lambda row: row.provider,
    "model": lambda row: row.response_model or row.request_model,
    "operation": lambda row: row.operation,
    "feature": lambda row: row.feature,
    "status": lambda row: row.status,
    "error_type": lambda row: row.error_type,
    "cost_status": lambda row: row.cost.status if row.cost else None,
    "request_model": lambda row: row.request_model,
    "response_model": lambda row: row.response_model,
    "service_tier": lambda row: row.service_tier,
    "region": lambda row: row.region,
    "finish_reason": lambda row: row.finish_reason,
    "error_code": lambda row: row.error_code,
    "http_status": lambda row: row.http_status,
    "streamed": lambda row: int(row.streamed),
    "attempts": lambda row: row.attempts,
    "trace": lambda row: row.trace_id,
    "session": lambda row: row.session_id,
    "property.plan": lambda row: None if (plan := row.properties.get("plan")) is None else str(plan),
    "property.beta": lambda row: "true" if row.properties.get("beta") else None,
    "user.plan": lambda row: ATTRIBUTES.get(row.user_id or "", {}).get("plan"),
    "user.vip": lambda row: "true" if ATTRIBUTES.get(row.user_id or "", {}).get("vip") else None,
    "hour_of_day": lambda row: _local(row, "UTC").hour,
    "weekday": lambda row: _local(row, "UTC").isoweekday(),
}


def _local(row: Generation, timezone: str) -> datetime:
    return (EPOCH + timedelta(microseconds=row.started_at)).astimezone(ZoneInfo(timezone))


def value_of(row: Generation, dimension: str, timezone: str) -> Any:
    """A generation's value of a dimension, as clocks of that zone show it where it is one of the clock."""
    if dimension == "hour_of_day":
        return _local(row, timezone).hour
    if dimension == "weekday":
        return _local(row, timezone).isoweekday()
    return DIMENSIONS[dimension](row)


def _number(value: Any) -> Decimal | None:
    """A value that is a number, or a text that reads like one in JSON."""
    form = r"\s*-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\s*"
    return Decimal(str(value).strip()) if re.fullmatch(form, str(value)) else None


def passes(
    row: Generation, dimension: str, values: Sequence[Any], negated: bool, operator: str, timezone: str = "UTC"
) -> bool:
    """Whether a filter lets a generation through."""
    value = value_of(row, dimension, timezone)
    if operator == "is":
        holds = value in values
    elif value is None:
        holds = False
    elif operator == "contains":
        holds = any(part.lower() in value.lower() for part in values)
    else:
        number = _number(value)
        larger = operator == "above"
        holds = number is not None and any(
            number > Decimal(str(edge)) if larger else number < Decimal(str(edge)) for edge in values
        )
    return holds != negated


def bucket(row: Generation, grain: str, timezone: str, anchor_day: int) -> object:
    """What clock and calendar of a zone show for a generation, as precisely as `grain`."""
    local = _local(row, timezone)
    if grain == "hour":
        return local.date(), local.hour, local.utcoffset()
    if grain == "day":
        return local.date()
    if grain == "week":
        return local.date() - timedelta(days=local.weekday())
    if grain == "month":
        return local.date().replace(day=1)
    return _cycle(local.date(), anchor_day)


def shown(label: datetime, grain: str) -> object:
    """The same of the beginning of a stretch of time in an answer."""
    return (label.date(), label.hour, label.utcoffset()) if grain == "hour" else label.date()


def _cycle(day: date, anchor_day: int) -> date:
    """The last anchor day on or before `day`, looked for one day at a time."""
    while True:
        last_of_month = (day + timedelta(days=1)).month != day.month
        if day.day == anchor_day or (last_of_month and day.day < anchor_day):
            return day
        day -= timedelta(days=1)
