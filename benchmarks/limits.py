"""What a check of limits costs beside the writer: ``python -m benchmarks.limits [DATABASE_URL]``.

Fifty threads place holds of three limits each, paced and as fast as they can, while the ledger is written to. Prints
the wait for a hold at the 50th and 99th percentile, holds a second, and rows a second with and without holds.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from pathlib import Path

from llmtrack import ids
from llmtrack.billing.limits.admission import Admission
from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.limit_book import set_limit
from llmtrack.ledger.limits import Caller, Entry, Limit, Policy, Wish, period_of
from llmtrack.ledger.records import CallHold, Generation
from llmtrack.pricing import Cost, Usage

THREADS = 50
SECONDS = 4.0
BATCH = 500
ROWS_A_SECOND = 5_000


def main(url: str) -> None:
    """Runs all of it on a ledger at `url`."""
    ledger = open_ledger(url)
    limits = [
        set_limit(ledger, Limit(0, "all", "messages", "total", 10**15), by="benchmark"),
        set_limit(ledger, Limit(0, "team", "messages", "day", 10**15, "*"), by="benchmark"),
        set_limit(ledger, Limit(0, "user", "messages", "month", 10**15, "*"), by="benchmark"),
    ]
    print(f"writer alone: {_write(ledger, SECONDS, 0):,.0f} rows/s")
    for name, pause in (("paced, 167 holds/s", 0.3), ("as fast as they can", 0.0)):
        waits, rows, seconds = _both(ledger, limits, pause)
        waits.sort()
        p50, p99 = waits[len(waits) // 2] * 1000, waits[int(len(waits) * 0.99)] * 1000
        wait = f"p50 {p50:.2f} ms, p99 {p99:.1f} ms"
        print(f"{name}: {wait}, {len(waits) / seconds:,.0f} holds/s, writer {rows:,.0f} rows/s")
    policy = Policy([Limit(1, "user", "cost", "day", 10**9, "alice")])
    caller = Caller("bob", "blue", "chat", "gpt-4o")
    policy.applying(caller)
    began = time.perf_counter()
    for _ in range(100_000):
        policy.applying(caller)
    print(f"where no limit applies: {(time.perf_counter() - began) * 10:.2f} µs")


def _both(ledger: Ledger, limits: list[Limit], pause: float) -> tuple[list[float], float, float]:
    admission = Admission(ledger.holds, 1)
    waits: list[float] = []
    until = time.monotonic() + SECONDS

    def work(number: int) -> None:
        while time.monotonic() < until:
            at = time.time_ns() // 1000
            subjects = ("", f"team-{number % 5}", f"user-{number // 4}")
            entries = tuple(
                Entry(limit.id, subject, period_of(limit, at)[0], 1, limit.amount)
                for limit, subject in zip(limits, subjects, strict=True)
            )
            began = time.perf_counter()
            admission.ask(Wish(ids.new_id(), at, entries, "{}"), time.monotonic() + 10)
            waits.append(time.perf_counter() - began)
            time.sleep(pause)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    rows = _write(ledger, SECONDS, ROWS_A_SECOND if pause else 0)
    for thread in threads:
        thread.join()
    return waits, rows, time.monotonic() - began


def _write(ledger: Ledger, seconds: float, rate: float) -> float:
    """Rows a second that the ledger took, each of a user with limits; `rate` 0: as many as it can."""
    began = time.monotonic()
    rows = 0
    while time.monotonic() - began < seconds:
        now = time.time_ns() // 1000
        ledger.write([_row(now, number) for number in range(BATCH)])
        rows += BATCH
        if rate:
            time.sleep(max(0.0, rows / rate - (time.monotonic() - began)))
    return rows / (time.monotonic() - began)


def _row(now: int, number: int) -> Generation:
    return Generation(
        id=ids.new_id(now), started_at=now, provider="openai", operation="chat", status="ok", request_model="gpt-4o",
        user_id=f"user-{number % 12}", group=f"team-{number % 5}", usage=Usage(100, 20), cost=Cost("exact", 450_000),
        hold=CallHold(ids.new_id(), {}),
    )  # fmt: skip


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        main(sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{Path(directory) / 'benchmark.db'}")
