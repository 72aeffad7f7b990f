"""How long each question of each page takes, and beside it the same from raw rows, from pandas and from DuckDB.

    python benchmarks/ledger.py build --rows 1000000 --database sqlite:///bench.db [--users 20000] [--until now]
    python benchmarks/ledger.py ask --database sqlite:///bench.db [--compare]

The ledger is filled through `Ledger.write`, in large batches: 2,000 users (Zipf), 12 models, 180 days, lognormal
durations, 2 % errors with a message, 1 % of the calls answered at the second attempt. It ends on 1 November 2026 unless
`--until` says otherwise; pages, which are about the last days, need one that ends now. Times are wall and CPU
milliseconds of this process, first reading and best of the following.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from llmtrack.ids import new_id
from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.lists import generations, traces, users
from llmtrack.ledger.metrics import MONEY, QueryResult, ask
from llmtrack.ledger.periods import billing_cycle, last_days, to_micros
from llmtrack.ledger.records import Generation
from llmtrack.pricing.usage import Cost, Usage

END = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = 180
USERS = 2_000
BATCH = 20_000
MODELS = [  # provider, model, dollars per million tokens in and out, share of the calls
    ("openai", "gpt-4o", 2.5, 10, 20), ("openai", "gpt-4o-mini", 0.15, 0.6, 24), ("openai", "gpt-5", 1.25, 10, 12),
    ("openai", "gpt-5-mini", 0.25, 2, 9), ("openai", "gpt-3.5-turbo", 0.5, 1.5, 3), ("openai", "o3", 2, 8, 4),
    ("anthropic", "claude-3-opus", 15, 75, 2), ("anthropic", "claude-3-haiku", 0.25, 1.25, 6),
    ("anthropic", "claude-sonnet-4", 3, 15, 12), ("anthropic", "claude-opus-4", 15, 75, 3),
    ("openai", "text-embedding-3-small", 0.02, 0, 4), ("ollama", "llama3.2", None, None, 1),
]  # fmt: skip
FEATURES = [None, "chat", "summary", "search", "agent"]
GROUPS = [None, *(f"team-{n}" for n in range(20))]
ERRORS = ["rate_limit", "rate_limit", "timeout", "overloaded", "server", "invalid_request"]
RETRIED = 100
"""One call of so many took two attempts."""


def made(rows: int, seed: int = 1, *, users: int = USERS, end: datetime = END) -> Iterator[list[Generation]]:
    """Batches of generations in the order of time."""
    draw = random.Random(seed)
    names = [f"user-{n:04d}" for n in range(users)]
    weights = [1 / (n + 1) ** 0.9 for n in range(users)]
    start = to_micros(end - timedelta(days=DAYS))
    step = DAYS * 86_400_000_000 / rows
    shares = [model[4] for model in MODELS]
    for first in range(0, rows, BATCH):
        count = min(BATCH, rows - first)
        chosen = zip(draw.choices(MODELS, shares, k=count), draw.choices(names, weights, k=count), strict=True)
        batch = []
        for number, (model, user) in enumerate(chosen, first):
            at = int(start + number * step + draw.random() * step)
            batch.append(_generation(draw, at, model, user, number))
        yield batch


def _generation(draw: random.Random, at: int, model: tuple[Any, ...], user: str, number: int) -> Generation:
    provider, name, price_in, price_out, _ = model
    failed = draw.random() < 0.02
    stopped = not failed and draw.random() < 0.01
    embeds = name.startswith("text-embedding")
    tokens_in = int(draw.lognormvariate(6.5, 1.2)) + 1
    tokens_out = 0 if embeds else int(draw.lognormvariate(5.3, 1.0)) + 1
    duration = int(draw.lognormvariate(14.2, 0.8))
    streamed = not embeds and draw.random() < 0.7
    error = draw.choice(ERRORS) if failed else None
    usage, cost = Usage(input_tokens=tokens_in, output_tokens=tokens_out, cache_read_tokens=tokens_in // 3), None
    if failed:
        usage, cost = Usage(), Cost(status="unpriced", reason="no_usage")
    elif price_in is None:
        cost = Cost(status="unpriced", reason="no_price")
    else:
        parts = round(tokens_in * price_in * 1000), round(tokens_out * price_out * 1000)
        cost = Cost(status="exact", total=sum(parts), input=parts[0], output=parts[1])
    return Generation(
        id=new_id(at),
        started_at=at,
        provider=provider,
        operation="embeddings" if embeds else "chat",
        status="error" if failed else "cancelled" if stopped else "ok",
        request_model=name,
        response_model=None if failed else name,
        user_id=user,
        session_id=f"s{number // 40}",
        trace_id=f"t{number // 4}",
        feature=draw.choice(FEATURES),
        group=GROUPS[int(user[5:]) % len(GROUPS)],
        properties={"plan": "pro" if int(user[5:]) % 3 else "free"},
        streamed=streamed,
        duration=duration,
        time_to_first_token=int(duration * draw.uniform(0.1, 0.4)) if streamed and not failed else None,
        finish_reason=None if failed else "stop",
        http_status=429 if failed else 200,
        error_type=error,
        error_message=error and f"{error} of {name}: request req_{number:08x} failed",
        attempts=2 if number % RETRIED == 0 else 1,
        usage=usage,
        cost=cost,
    )


@dataclass(frozen=True)
class Timed:
    """One question's times in milliseconds."""

    name: str
    cold: float
    wall: float
    cpu: float
    note: str


def timed(name: str, run: Callable[[], Any], repeat: int = 5) -> Timed:
    """The first time, then the best of several."""
    began = time.perf_counter()
    result = run()
    cold = (time.perf_counter() - began) * 1000
    walls, cpus = [], []
    for _ in range(repeat if cold < 3_000 else 1):
        began, began_cpu = time.perf_counter(), time.process_time()
        run()
        walls.append((time.perf_counter() - began) * 1000)
        cpus.append((time.process_time() - began_cpu) * 1000)
    note = (
        f"{len(result.rows)} rows, {result.queries} queries: {result.explain}"
        if isinstance(result, QueryResult)
        else ""
    )
    return Timed(name, cold, statistics.median(walls), min(cpus), note)


def questions(ledger: Ledger) -> dict[str, Callable[[], Any]]:
    """Each question of each page, under the page's name."""
    month = last_days(30, "UTC", END - timedelta(seconds=1))
    quarter = last_days(90, "UTC", END - timedelta(seconds=1))
    berlin = last_days(30, "Europe/Berlin", END - timedelta(seconds=1))
    nepal = last_days(30, "Asia/Kathmandu", END - timedelta(seconds=1))
    cycle = billing_cycle(END - timedelta(seconds=1), anchor_day=15, timezone="Europe/Berlin")
    late = END - timedelta(hours=1)

    def over(period: Any, zone: str, metrics: Any, by: Any = (), **more: Any) -> Callable[[], Any]:
        return lambda: ask(
            ledger, metrics, by, since=period.since, until=period.until, timezone=zone, max_rows=None, **more
        )

    mine = {"user": "user-0000"}
    tail = {"user": "user-0500"}
    tiles = [*MONEY, "messages", "total_tokens", "duration", "time_to_first_token", "cache_hit_share"]
    speed = ["duration_p50", "duration_p95", "duration_p99", "time_to_first_token_p95"]
    return {
        "usage: current cycle of the busiest user": over(cycle, "Europe/Berlin", ["messages", "cost"], where=mine),
        "usage: current cycle of a usual user": over(cycle, "Europe/Berlin", ["messages", "cost"], where=tail),
        "usage: all tiles by model": over(cycle, "Europe/Berlin", tiles, ["provider", "model"], where=mine),
        "usage: cost by day and model": over(cycle, "Europe/Berlin", ["cost"], ["day", "model"], where=mine),
        "overview: tiles, 30 days UTC": over(month, "UTC", [*tiles, "error_rate", "users"]),
        "overview: tiles, 30 days Berlin": over(berlin, "Europe/Berlin", [*tiles, "error_rate", "users"]),
        "overview: tiles, 30 days Kathmandu": over(nepal, "Asia/Kathmandu", [*tiles, "error_rate", "users"]),
        "overview: traces and sessions, 30 days": over(month, "UTC", ["traces", "sessions"]),
        "overview: cost by day, 90 days UTC": over(quarter, "UTC", ["cost"], ["day"]),
        "overview: cost by day, 30 days Kathmandu": over(nepal, "Asia/Kathmandu", ["cost"], ["day"]),
        "overview: users by day, 90 days UTC": over(quarter, "UTC", ["users"], ["day"]),
        "overview: cost by group, 30 days": over(month, "UTC", ["cost", "generations"], ["group"]),
        "overview: cost by feature, 30 days": over(month, "UTC", ["cost", "generations"], ["feature"]),
        "models: cost by day and model, 90 days UTC": over(quarter, "UTC", ["cost"], ["day", "model"]),
        "models: cost by day and model, 30 days Berlin": over(berlin, "Europe/Berlin", ["cost"], ["day", "model"]),
        "models: table, 30 days": over(
            month, "UTC", [*MONEY, "cost_per_generation", "duration", "duration_p95", "errors"], ["provider", "model"]
        ),
        "models: average cost per user, by model, 30 days": over(
            month, "UTC", ["cost_per_user"], ["provider", "model"]
        ),
        "models: users by model, 30 days": over(month, "UTC", ["users"], ["provider", "model"]),
        "users: top 20 by cost, 30 days": over(month, "UTC", MONEY, ["user"], order="-cost", limit=20),
        "users: list": lambda: users(ledger, since=month.since, until=month.until),
        "users: p95 of cost per user, 30 days": over(month, "UTC", ["cost_per_user_p95", "cost_per_user"]),
        "users: p95 of cost per user, 30 days Berlin": over(berlin, "Europe/Berlin", ["cost_per_user_p95"]),
        "latency: p50, p95, p99 by day, 30 days": over(month, "UTC", speed, ["day"]),
        "latency: p50, p95, p99 by day, 30 days Berlin": over(berlin, "Europe/Berlin", speed, ["day"]),
        "latency: p50, p95, p99 by model, 90 days": over(quarter, "UTC", speed, ["model"]),
        "latency: p95 by day and model, 30 days": over(month, "UTC", ["duration_p95"], ["day", "model"]),
        "errors: rate by day, 90 days": over(quarter, "UTC", ["error_rate"], ["day"]),
        "errors: by kind, provider and model, 30 days": over(
            month, "UTC", ["errors", "timeouts", "rate_limits"], ["error_type", "provider", "model"]
        ),
        "errors: by hour and kind, 2 days": over(
            last_days(2, "UTC", END - timedelta(seconds=1)), "UTC", ["errors"], ["hour", "error_type"]
        ),
        "explore: cost by hour, 7 days": over(
            last_days(7, "UTC", END - timedelta(seconds=1)), "UTC", ["cost"], ["hour"]
        ),
        "traces: first page": lambda: traces(ledger),
        "traces: page one hour back": lambda: traces(ledger, until=late),
        "generations: first page": lambda: generations(ledger),
        "generations: page 170 days back": lambda: generations(ledger, until=END - timedelta(days=170)),
        "generations: errors of one model": lambda: generations(
            ledger, where={"model": "claude-3-opus", "status": "error"}
        ),
        "generations: of one user": lambda: generations(ledger, where=tail),
        "generations: dearest of the last day": lambda: generations(
            ledger, since=END - timedelta(days=1), order="-cost", max_rows=None
        ),
    }


def compared(ledger: Ledger) -> dict[str, dict[str, Callable[[], Any]]]:
    """The same three questions from raw rows in SQL, from pandas over everything and from DuckDB."""
    since = to_micros(END - timedelta(days=90))
    month = to_micros(END - timedelta(days=30))
    return {
        "daily cost by model, 90 days": _daily_cost(ledger, since),
        "percentiles of duration by day, 30 days": _percentiles(ledger, month),
        "error rate by day, 90 days": _error_rate(ledger, since),
    }


_DAY = "((id >> 12) + 1577836800000000) / 86400000000"


def _raw(ledger: Ledger, sql: str) -> Callable[[], Any]:
    def run() -> Any:
        with ledger.reading() as connection:
            return connection.exec_driver_sql(sql).fetchall()

    return run


def _first(micros: int) -> int:
    return (micros - 1_577_836_800_000_000) << 12


def _daily_cost(ledger: Ledger, since: int) -> dict[str, Callable[[], Any]]:
    sql = f"SELECT {_DAY} AS day, model, SUM(cost) FROM generation WHERE id >= {_first(since)} GROUP BY 1, 2"
    begin = datetime.fromtimestamp(since / 1e6, UTC)
    return {
        "llmtrack": lambda: ask(ledger, ["cost"], ["day", "model"], since=begin, until=END),
        "raw rows": _raw(ledger, sql),
        "pandas": lambda: _FRAME.loc[_FRAME["sent"] >= since].groupby(["day", "model"])["cost"].sum(),
        "duckdb": lambda: _DUCK.execute(
            f"SELECT day, model, SUM(cost) FROM g WHERE sent >= {since} GROUP BY 1, 2"
        ).fetchall(),
    }


def _percentiles(ledger: Ledger, since: int) -> dict[str, Callable[[], Any]]:
    sql = (
        "SELECT day, MAX(CASE WHEN r <= 0.5 THEN duration END), MAX(CASE WHEN r <= 0.95 THEN duration END), "
        "MAX(CASE WHEN r <= 0.99 THEN duration END) FROM (SELECT day, duration, "
        "percent_rank() OVER (PARTITION BY day ORDER BY duration) AS r FROM "
        f"(SELECT {_DAY} AS day, duration FROM generation WHERE id >= {_first(since)}) AS a) AS b GROUP BY day"
    )
    begin = datetime.fromtimestamp(since / 1e6, UTC)
    return {
        "llmtrack": lambda: ask(
            ledger, ["duration_p50", "duration_p95", "duration_p99"], "day", since=begin, until=END
        ),
        "raw rows": _raw(ledger, sql),
        "pandas": lambda: _FRAME.loc[_FRAME["sent"] >= since].groupby("day")["duration"].quantile([0.5, 0.95, 0.99]),
        "duckdb": lambda: _DUCK.execute(
            f"SELECT day, quantile_disc(duration, [0.5, 0.95, 0.99]) FROM g WHERE sent >= {since} GROUP BY 1"
        ).fetchall(),
    }


def _error_rate(ledger: Ledger, since: int) -> dict[str, Callable[[], Any]]:
    sql = (
        f"SELECT {_DAY} AS day, AVG(CASE WHEN status = (SELECT id FROM name WHERE kind = 'status' AND text = 'error') "
        f"THEN 1.0 ELSE 0 END) FROM generation WHERE id >= {_first(since)} GROUP BY 1"
    )
    begin = datetime.fromtimestamp(since / 1e6, UTC)
    return {
        "llmtrack": lambda: ask(ledger, ["error_rate"], "day", since=begin, until=END),
        "raw rows": _raw(ledger, sql),
        "pandas": lambda: _FRAME.loc[_FRAME["sent"] >= since].groupby("day")["failed"].mean(),
        "duckdb": lambda: _DUCK.execute(f"SELECT day, AVG(failed) FROM g WHERE sent >= {since} GROUP BY 1").fetchall(),
    }


_FRAME: Any = None
_DUCK: Any = None


def _load(ledger: Ledger) -> dict[str, float]:
    """Reads everything into pandas and from there into DuckDB; returns the seconds each took."""
    global _FRAME, _DUCK
    import duckdb
    import pandas as pd

    began = time.perf_counter()
    with ledger.reading() as connection:
        failed = connection.exec_driver_sql("SELECT id FROM name WHERE kind = 'status' AND text = 'error'").scalar_one()
        pieces = []
        result = connection.execution_options(stream_results=True).exec_driver_sql(
            "SELECT (id >> 12) + 1577836800000000, model, cost, duration, status FROM generation ORDER BY id"
        )
        while rows := result.fetchmany(200_000):
            pieces.append(
                pd.DataFrame([tuple(row) for row in rows], columns=["sent", "model", "cost", "duration", "status"])
            )
    _FRAME = pd.concat(pieces, ignore_index=True)
    _FRAME["day"] = _FRAME["sent"] // 86_400_000_000
    _FRAME["failed"] = (_FRAME["status"] == failed).astype("int8")
    seconds = {"pandas": time.perf_counter() - began}
    began = time.perf_counter()
    _DUCK = duckdb.connect()
    _DUCK.execute("SET threads = 1")
    frame = _FRAME
    _DUCK.execute("CREATE TABLE g AS SELECT * FROM frame")
    assert len(frame)
    seconds["duckdb"] = time.perf_counter() - began
    return seconds


def build(url: str, rows: int, users: int = USERS, end: datetime = END) -> None:
    """Fills a new ledger, and says how fast and how large."""
    ledger = open_ledger(url)
    began, cpu, done, longest = time.perf_counter(), time.process_time(), 0, 0.0
    writing = writing_cpu = 0.0
    for batch in made(rows, users=users, end=end):
        at, at_cpu = time.perf_counter(), time.process_time()
        ledger.write(batch)
        took = time.perf_counter() - at
        writing, writing_cpu, longest = writing + took, writing_cpu + time.process_time() - at_cpu, max(longest, took)
        done += len(batch)
        if done % 500_000 == 0 or done == rows:
            print(f"{done:,} rows, {done / writing:,.0f} rows/s", flush=True)
    size = ledger.size()
    print(json.dumps({
        "rows": rows, "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "rows_per_second": round(rows / writing), "cpu_us_per_row": round(writing_cpu / rows * 1e6, 1),
        "longest_batch_ms": round(longest * 1000), "bytes_per_row": round(size / rows, 1),
    }))  # fmt: skip


def show(url: str, compare: bool, only: str | None) -> None:
    """Times every question."""
    ledger = open_ledger(url)
    print(f"{'question':<52}{'cold ms':>10}{'warm ms':>10}{'CPU ms':>10}")
    for name, run in questions(ledger).items():
        if only is None or only in name:
            found = timed(name, run)
            print(
                f"{found.name:<52}{found.cold:>10.2f}{found.wall:>10.2f}{found.cpu:>10.2f}  {found.note[:150]}",
                flush=True,
            )
    if compare:
        print("read everything, seconds:", {name: round(seconds, 1) for name, seconds in _load(ledger).items()})
        for name, ways in compared(ledger).items():
            for way, run in ways.items():
                found = timed(name, run, repeat=3)
                print(f"{name + ', ' + way:<62}{found.wall:>12.2f} ms{found.cpu:>12.2f} ms CPU", flush=True)


def end_of(text: str | None) -> datetime:
    """When the last call of a ledger is: what `--until` says."""
    if text == "now":
        return datetime.now(UTC)
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else END


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["build", "ask"])
    parser.add_argument("--database", required=True)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--users", type=int, default=USERS)
    parser.add_argument("--until", help="the day after the last call, such as 2026-11-01, or: now")
    parser.add_argument("--compare", action="store_true", help="also raw rows, pandas and DuckDB (pip install duckdb)")
    parser.add_argument("--only", help="questions whose name has this in it")
    given = parser.parse_args()
    if given.action == "build":
        if given.database.startswith("sqlite:///") and Path(given.database.removeprefix("sqlite:///")).exists():
            parser.error(f"{given.database} exists already; name a new one.")
        build(given.database, given.rows, given.users, end_of(given.until))
    else:
        show(given.database, given.compare, given.only)


if __name__ == "__main__":
    main()
