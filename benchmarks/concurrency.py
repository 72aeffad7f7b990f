"""Several processes write to one ledger while others read it: rows a second, the worst waits, and that nothing is lost.

    python benchmarks/concurrency.py [--database URL] [--writers 4] [--readers 2] [--seconds 60] [--batch 100]

What was in the ledger before does not count. The rate is that of the time in which all writers write.
Writers make up their rows themselves, so that their rate is what an app would see, not the limit of the ledger alone.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import secrets
import sys
import tempfile
import time
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from llmtrack.ids import new_id
from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.maintenance import verify
from llmtrack.ledger.records import Generation
from llmtrack.pricing.usage import Cost, Price, Usage

MODELS = [f"model-{n}" for n in range(12)]
PRICE = Price("book", "1", "openai", "model", "standard", {"input_mtok": "2.5", "output_mtok": "10"})
WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "and", "runs", "far", "from", "it", "all"]
_READS = (
    "SELECT sum(generations), sum(cost) FROM rollup_day",
    "SELECT model, sum(cost) FROM rollup_hour GROUP BY model",
    "SELECT app_user, sum(cost) FROM rollup_day_user GROUP BY app_user ORDER BY 2 DESC LIMIT 10",
    "SELECT * FROM generation ORDER BY id DESC LIMIT 50",
)


def made_up(chance: random.Random, text_words: int = 150) -> Generation:
    """A plausible call of now, with about 1 KB of text."""
    now = time.time_ns() // 1000
    input, output = chance.randrange(10, 8000), chance.randrange(1, 1500)
    ok = chance.random() > 0.02
    return Generation(
        id=new_id(now), started_at=now, provider="openai", operation="chat", status="ok" if ok else "error",
        error_type=None if ok else "rate_limit", request_model=(model := chance.choice(MODELS)), response_model=model,
        user_id=f"user-{min(1999, int(chance.paretovariate(0.5)))}", feature=chance.choice(("chat", "summary")),
        streamed=True, duration=int(chance.lognormvariate(14.5, 0.7)),
        time_to_first_token=chance.randrange(10**5, 10**6), finish_reason="stop",
        response_id=f"chatcmpl-{chance.getrandbits(128):032x}", usage=Usage(input, output, 0),
        cost=Cost("exact", input * 2500 + output * 10_000, input * 2500, output=output * 10_000, price=PRICE),
        input=[{"role": "user", "parts": [{"type": "text", "content": " ".join(chance.choices(WORDS, k=text_words))}]}],
        output=[{"role": "assistant", "parts": [{"type": "text", "content": " ".join(chance.choices(WORDS, k=40))}]}],
    )  # fmt: skip


def write(url: str, run: str, seed: int, batch: int, stop: Event, results: Any) -> None:
    """Writes batches until told to stop; tells how many rows and how long each write took."""
    ledger, chance = open_ledger(url), random.Random(seed)
    waits, position, failures = [], 0, 0
    while not stop.is_set():
        records = [made_up(chance) for _ in range(batch)]
        begun = time.perf_counter()
        try:
            ledger.write(records, [(f"{run}-{seed}", position + batch)])
        except Exception as error:
            failures += 1
            print("a write failed:", error)
        else:
            position += batch
            waits.append(time.perf_counter() - begun)
    results.put(("write", position, waits, failures))


def read(url: str, stop: Event, results: Any) -> None:
    """Reads what pages read until told to stop; tells how long each read took."""
    ledger = open_ledger(url)
    waits, failures = [], 0
    while not stop.is_set():
        begun = time.perf_counter()
        try:
            with ledger.reading() as connection:
                for sql in _READS:
                    connection.exec_driver_sql(sql).fetchall()
        except Exception as error:
            failures += 1
            print("a read failed:", error)
        waits.append(time.perf_counter() - begun)
        stop.wait(0.02)
    results.put(("read", len(waits), waits, failures))


def run(url: str, writers: int, readers: int, seconds: float, batch: int) -> dict[str, Any]:
    """Runs all of them for so long; returns what was measured, after checking that nothing is lost."""
    ledger: Ledger = open_ledger(url)
    before, name = verify(ledger).generations, f"run-{secrets.token_hex(8)}"
    context = multiprocessing.get_context("spawn")
    stop, results = context.Event(), context.Queue()
    processes = [context.Process(target=write, args=(url, name, n, batch, stop, results)) for n in range(writers)]
    processes += [context.Process(target=read, args=(url, stop, results)) for _ in range(readers)]
    for process in processes:
        process.start()
    early = _wait_until_all_write(ledger, name, writers)
    begun = time.perf_counter()
    time.sleep(seconds)
    stop.set()
    told = [results.get(timeout=120) for _ in processes]
    took = time.perf_counter() - begun
    for process in processes:
        process.join()
    written = sum(count for kind, count, _, _ in told if kind == "write")
    verdict = verify(ledger)
    waits = {kind: sorted(w for k, _, each, _ in told if k == kind for w in each) for kind in ("write", "read")}
    return {
        "writers": writers, "readers": readers, "batch": batch, "seconds": round(took, 1), "rows": written,
        "rows_per_second": round((written - early) / took),
        **{f"{kind}_{name}_ms": round(1000 * each[min(len(each) - 1, int(len(each) * share))], 1)
           for kind, each in waits.items() if each for name, share in (("p50", 0.5), ("p99", 0.99), ("worst", 1.0))},
        "failures": sum(failures for *_, failures in told), "lost": before + written - verdict.generations,
        "totals": "right" if verdict.right else verdict.in_words(),
    }  # fmt: skip


def _wait_until_all_write(ledger: Ledger, run: str, writers: int) -> int:
    """Waits until each of the writers has written something; returns how much they have."""
    sql = f"SELECT count(*), coalesce(sum(position), 0) FROM journal_progress WHERE segment_id LIKE '{run}-%%'"
    while True:
        with ledger.reading() as connection:
            count, written = connection.exec_driver_sql(sql).one()
        if count >= writers:
            return int(written)
        time.sleep(0.05)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--database")
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--readers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--batch", type=int, default=100)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        url = given.database or f"sqlite:///{Path(directory) / 'ledger.db'}"
        found = run(url, given.writers, given.readers, given.seconds, given.batch)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
