"""One process of a trial: threads that call the fake provider as fast as they can, under one limit.

Run as ``python -m tests.billing.load DATABASE_URL JOURNAL_DIR OPENAI_URL ANTHROPIC_URL THREADS CALLS LOG``, with how
often each thread calls; prints how many calls went out and how many were refused, as JSON. Every verdict and every
booking is noted in a file in the directory LOG, for `tests.billing.replay`.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from pathlib import Path
from typing import Any

PICTURE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
)
LONG = {"x-wishes": "tokens=50@pause=120"}
"""A stream of six seconds: longer than limits are known for before they are read again."""
LONG_SHARE = 0.02
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}}
OWN_TOOL = {"name": "get_weather", "input_schema": {"type": "object", "properties": {}}}


def kinds(openai: Any, anthropic: Any) -> tuple[Any, list[Any]]:
    """A call that takes long, and calls of many shapes; each takes nothing and reads its answer to the end."""
    message = {"role": "user", "content": "Hello"}
    picture = {"type": "base64", "media_type": "image/png", "data": PICTURE.partition(",")[2]}
    shown = {"role": "user", "content": [{"type": "image", "source": picture}, {"type": "text", "text": "Hello"}]}
    seen = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": PICTURE}}]}

    def chat(**more: Any) -> None:
        options = {"model": "gpt-4o", "messages": [message], "service_tier": "default", **more}
        result = openai.chat.completions.create(**options)
        if options.get("stream"):
            for _ in result:
                pass

    def messages(*, stream: bool, **more: Any) -> None:
        options = {"model": "claude-haiku-4-5", "max_tokens": 50, "messages": [message], **more}
        result = anthropic.messages.create(**options, stream=stream)
        if stream:
            for _ in result:
                pass

    long = lambda: chat(max_tokens=50, stream=True, extra_headers=LONG)  # noqa: E731  # one of many
    return long, [
        lambda: chat(max_tokens=20),
        lambda: chat(max_tokens=20, n=3),
        lambda: chat(),
        lambda: chat(max_tokens=20, tools=[TOOL]),
        lambda: chat(max_tokens=20, messages=[seen]),
        lambda: chat(max_tokens=20, stream=True),
        lambda: chat(n=2, stream=True),
        lambda: chat(max_tokens=20, n=2, tools=[TOOL], messages=[seen, message]),
        lambda: openai.embeddings.create(model="text-embedding-3-small", input="Hello"),
        lambda: openai.responses.create(model="gpt-5", input="Hello", max_output_tokens=30, service_tier="default"),
        lambda: messages(stream=True),
        lambda: messages(stream=False, tools=[OWN_TOOL], messages=[shown]),
    ]


def note_all(url: str, directory: str) -> None:
    """Has every verdict and every booking noted, with the moments between which it came about.

    The clock is the machine's, the same for all processes.
    """
    from llmtrack.capture.journal.batch_writer import held_by
    from llmtrack.ledger import open_ledger

    ledger = open_ledger(url)
    admit, write = ledger.holds.admit, ledger.write
    file = open(Path(directory) / f"{os.getpid()}.jsonl", "w", encoding="utf-8")  # noqa: SIM115
    lock = threading.Lock()

    def note(lines: list[dict[str, Any]]) -> None:
        with lock:
            file.writelines(json.dumps(line) + "\n" for line in lines)
            file.flush()

    def noted_admit(wishes: Any, holder: int) -> Any:
        since = time.monotonic()
        verdicts = admit(wishes, holder)
        until = time.monotonic()
        lines = []
        for wish, verdict in zip(wishes, verdicts, strict=True):
            most = json.loads(wish.about).get("most", {})
            entries = [[entry.limit_id, entry.amount, most.get(str(entry.limit_id))] for entry in wish.entries]
            short = [[s.entry.limit_id, s.spent, s.held, s.entry.cap] for s in verdict]
            lines.append({"call": wish.call_id, "since": since, "until": until, "entries": entries, "short": short})
        note(lines)
        return verdicts

    def noted_write(records: Any, *more: Any, **named: Any) -> None:
        since = time.monotonic()
        write(records, *more, **named)
        until = time.monotonic()
        lines = []
        for record in records:
            if (call := held_by(record)) is not None:
                cost = getattr(getattr(record, "cost", None), "total", 0)
                lines.append({"booked": call, "since": since, "until": until, "cost": cost})
        note(lines)

    ledger.holds.admit = noted_admit  # type: ignore[method-assign]
    ledger.write = noted_write  # type: ignore[method-assign]


def main(
    url: str, journal: str, openai_url: str, anthropic_url: str, threads: str, calls_each: str, log: str = ""
) -> None:
    """Calls that often."""
    import anthropic as anthropic_sdk
    import openai as sdk

    import llmtrack
    import llmtrack.anthropic
    import llmtrack.openai

    if log:
        note_all(url, log)
    tracker = llmtrack.Tracker(url, journal)
    options: dict[str, Any] = {"api_key": "k", "max_retries": 0, "timeout": 60}
    openai = llmtrack.openai.OpenAI(base_url=openai_url, **options)
    anthropic = llmtrack.anthropic.Anthropic(base_url=anthropic_url, **options)
    llmtrack.track(openai, provider="openai", tracker=tracker)
    llmtrack.track(anthropic, provider="anthropic", tracker=tracker)
    long, calls = kinds(openai, anthropic)
    sent, refused, failed, reasons = [0], [0], [0], set()

    def work(number: int) -> None:
        dice = random.Random(number)
        for _ in range(int(calls_each)):
            try:
                with llmtrack.context(user_id=f"user-{number % 5}"):
                    (long if dice.random() < LONG_SHARE else dice.choice(calls))()
                sent[0] += 1
            except llmtrack.LimitExceeded as error:
                refused[0] += 1
                reasons.add(error.reason)
            except (sdk.APIConnectionError, anthropic_sdk.APIConnectionError):
                failed[0] += 1  # the fake provider is too busy: it counts what is held, and the thread goes on

    workers = [threading.Thread(target=work, args=(number,)) for number in range(int(threads))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    flushed = tracker.flush(60)
    tracker.close(10)
    counts = {"sent": sent[0], "refused": refused[0], "failed": failed[0], "waiting": flushed.waiting}
    print(json.dumps(counts | {"reasons": sorted(reasons)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
