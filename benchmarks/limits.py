"""What a check of limits costs beside the writer: ``python -m benchmarks.limits [DATABASE_URL]``.

Four processes of fifty threads place holds of three limits each (one of everybody's, one of a fifth of the threads, one
of four threads), 667 a second and as fast as they can, while another process writes rows of the same users, 5,000 a
second and as fast as it can. Prints the wait for a hold at the 50th and 99th percentile, holds a second, what the
writer loses, and the processor time of a check where limits exist and none applies to the caller.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from copy import copy
from pathlib import Path
from typing import Any

from llmtrack import ids
from llmtrack.billing.limits.admission import Admission
from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.limit_book import policy_of, set_limit
from llmtrack.ledger.limits import Entry, HoldsLost, Limit, Wish, period_of
from llmtrack.ledger.records import CallHold, Generation
from llmtrack.pricing import Cost, Usage

ROOT = Path(__file__).resolve().parent.parent
PROCESSES, THREADS = 4, 50
SECONDS = 4.0
PAUSE = 0.3
"""Seconds between the calls of a thread: 667 holds a second of all together."""
BATCH = 500
ROWS_A_SECOND = 5_000
BOOKED_AFTER = 0.1
"""Seconds between the releases of what was placed, as a writer books it."""
CHECKS, ROUNDS = 10_000, 10


def main(url: str) -> None:
    """Runs all of it on a ledger at `url`."""
    ledger = open_ledger(url)
    for limit in (
        Limit(0, "all", "messages", "total", 10**15),
        Limit(0, "team", "messages", "day", 10**15, "*"),
        Limit(0, "user", "messages", "month", 10**15, "*"),
    ):
        set_limit(ledger, limit, by="benchmark")
    write(ledger, 1.0, 0)
    alone, cpu = write(ledger, SECONDS, 0)
    print(f"{ledger.dialect.name}: the writer alone {alone:,.0f} rows/s, {cpu:,.0f} µs of processor time a row")
    for name, pause, rate in (
        (f"667 holds/s, {ROWS_A_SECOND:,} rows/s", PAUSE, ROWS_A_SECOND),
        (f"as many holds as they can, {ROWS_A_SECOND:,} rows/s", 0.0, ROWS_A_SECOND),
        ("667 holds/s, as many rows as it can", PAUSE, 0),
    ):
        waits, late, (rows, cpu) = beside(ledger, url, pause, rate)
        p50, p99 = waits[len(waits) // 2] * 1000, waits[int(len(waits) * 0.99)] * 1000
        loss = "" if rate else f" ({1 - rows / alone:+.0%} lost)"
        print(
            f"{name}: wait p50 {p50:.2f} ms, p99 {p99:.1f} ms, {len(waits) / SECONDS:,.0f} holds/s, {late} late; "
            f"writer {rows:,.0f} rows/s{loss}, {cpu:,.0f} µs a row"
        )
    print(f"where no limit applies to the caller: {no_limit_applies(url):.2f} µs of processor time")


def beside(ledger: Ledger, url: str, pause: float, rate: float) -> tuple[list[float], int, tuple[float, float]]:
    """The waits of all threads, how many waited for too long, and what the writer did meanwhile."""
    command = [sys.executable, "-m", "benchmarks.limits", "--holds", url, str(pause)]
    workers = [
        subprocess.Popen([*command, str(number)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for number in range(PROCESSES)
    ]
    for worker in workers:
        assert worker.stdout is not None
        worker.stdout.readline()  # it has imported what it needs
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("start\n")
        worker.stdin.flush()
    written = write(ledger, SECONDS, rate)
    reports = [json.loads(worker.communicate(timeout=120)[0]) for worker in workers]
    return sorted(wait for report in reports for wait in report["waits"]), sum(r["late"] for r in reports), written


def place_holds(url: str, pause: float, process: int) -> None:
    """One process: its threads place holds, and another one takes them away as if they had been booked."""
    ledger = open_ledger(url)
    limits = policy_of(ledger).limits
    admission = Admission(ledger.holds, process + 1)
    waits: list[float] = []
    placed: list[int] = []
    late: list[int] = []
    ledger.holds.holders()
    print("ready", flush=True)
    sys.stdin.readline()
    until = time.monotonic() + SECONDS

    def work(number: int) -> None:
        own = process * THREADS + number
        subjects = ("", f"team-{own % 5}", f"user-{own // 4}")
        time.sleep(pause * number / THREADS)
        while time.monotonic() < until:
            at = time.time_ns() // 1000
            entries = tuple(
                Entry(limit.id, subject, period_of(limit, at)[0], 1, limit.amount)
                for limit, subject in zip(limits, subjects, strict=True)
            )
            wish = Wish(ids.new_id(), at, entries, "{}")
            began = time.perf_counter()
            try:
                admission.ask(wish, time.monotonic() + 2)
            except HoldsLost:
                late.append(1)
                continue
            waits.append(time.perf_counter() - began)
            placed.append(wish.call_id)
            time.sleep(pause)

    def book() -> None:
        while time.monotonic() < until + BOOKED_AFTER:
            time.sleep(BOOKED_AFTER)
            calls = placed[:]
            del placed[: len(calls)]
            if calls:
                ledger.holds.release(calls)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    threads.append(threading.Thread(target=book))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger.holds.release(placed)
    print(json.dumps({"waits": waits, "late": len(late)}))


def write(ledger: Ledger, seconds: float, rate: float) -> tuple[float, float]:
    """Rows a second that the ledger took, each of a user with limits, and the microseconds of processor time of each;
    `rate` 0: as many as it can."""
    began, cpu = time.monotonic(), time.process_time()
    rows = 0
    while time.monotonic() - began < seconds:
        now = time.time_ns() // 1000
        ledger.write([_row(now, number) for number in range(BATCH)])
        rows += BATCH
        if rate:
            time.sleep(max(0.0, rows / rate - (time.monotonic() - began)))
    return rows / (time.monotonic() - began), 1_000_000 * (time.process_time() - cpu) / rows


def _row(now: int, number: int) -> Generation:
    return Generation(
        id=ids.new_id(now), started_at=now, provider="openai", operation="chat", status="ok", request_model="gpt-4o",
        user_id=f"user-{number % 50}", group=f"team-{number % 5}", usage=Usage(100, 20), cost=Cost("exact", 450_000),
        hold=CallHold(ids.new_id(), {}),
    )  # fmt: skip


def no_limit_applies(url: str) -> float:
    """Microseconds of processor time that a call of somebody without limits is checked for: the fastest round."""
    import httpx2 as httpx

    import llmtrack
    from llmtrack.openai import OpenAI

    with tempfile.TemporaryDirectory() as directory:
        quiet = f"sqlite:///{Path(directory) / 'quiet.db'}"
        set_limit(open_ledger(quiet), Limit(0, "user", "cost", "day", 10**9, "alice"), by="benchmark")
        calls: list[Any] = []
        tracker = llmtrack.Tracker(quiet, Path(directory) / "journal", before_send=[calls.append])
        answer = {"id": "1", "object": "chat.completion", "model": "gpt-4o", "choices": []}
        transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answer))
        client = OpenAI(api_key="k", http_client=httpx.Client(transport=transport))
        llmtrack.track(client, tracker=tracker)
        with llmtrack.context(user_id="bob", group="blue", feature="chat"):
            client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hello"}])
        limiter = tracker.limiter
        fastest = 1.0
        for _ in range(ROUNDS):
            copies = [copy(calls[0]) for _ in range(CHECKS)]
            limiter.watch.expire()
            limiter.watch.refresh()
            began = time.process_time()
            free = [limiter.is_free(call) for call in copies]
            seconds = time.process_time() - began
            if all(free):  # a busy machine may have taken longer than limits are known for
                fastest = min(fastest, seconds)
        tracker.close()
    return fastest * 1_000_000 / CHECKS


if __name__ == "__main__":
    if sys.argv[1:2] == ["--holds"]:
        place_holds(sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))
    else:
        with tempfile.TemporaryDirectory() as directory:
            main(sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{Path(directory) / 'benchmark.db'}")
