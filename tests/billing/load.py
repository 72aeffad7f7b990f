"""One process of a trial: threads that call the fake provider as fast as they can, under one limit.

Run as ``python -m tests.billing.load DATABASE_URL JOURNAL_DIR OPENAI_URL ANTHROPIC_URL THREADS CALLS``, with how often
each thread calls; prints how many calls went out and how many were refused, as JSON.
"""

from __future__ import annotations

import json
import random
import sys
import threading
from typing import Any

PICTURE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
)
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}}


def kinds(openai: Any, anthropic: Any) -> list[Any]:
    """Calls of many shapes; each takes nothing and reads its answer to the end."""
    message = {"role": "user", "content": "Hello"}
    seen = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": PICTURE}}]}

    def chat(**more: Any) -> None:
        options = {"model": "gpt-4o", "messages": [message], "service_tier": "default", **more}
        result = openai.chat.completions.create(**options)
        if options.get("stream"):
            for _ in result:
                pass

    def stream_messages() -> None:
        options = {"model": "claude-haiku-4-5", "max_tokens": 50, "messages": [message]}
        for _ in anthropic.messages.create(**options, stream=True):
            pass

    return [
        lambda: chat(max_tokens=20),
        lambda: chat(max_tokens=20, n=3),
        lambda: chat(),
        lambda: chat(max_tokens=20, tools=[TOOL]),
        lambda: chat(max_tokens=20, messages=[seen]),
        lambda: chat(max_tokens=20, stream=True),
        lambda: openai.embeddings.create(model="text-embedding-3-small", input="Hello"),
        lambda: openai.responses.create(model="gpt-5", input="Hello", max_output_tokens=30, service_tier="default"),
        stream_messages,
    ]


def main(url: str, journal: str, openai_url: str, anthropic_url: str, threads: str, calls_each: str) -> None:
    """Calls that often."""
    import llmtrack
    import llmtrack.anthropic
    import llmtrack.openai

    tracker = llmtrack.Tracker(url, journal)
    options: dict[str, Any] = {"api_key": "k", "max_retries": 0, "timeout": 60}
    openai = llmtrack.openai.OpenAI(base_url=openai_url, **options)
    anthropic = llmtrack.anthropic.Anthropic(base_url=anthropic_url, **options)
    llmtrack.track(openai, provider="openai", tracker=tracker)
    llmtrack.track(anthropic, provider="anthropic", tracker=tracker)
    calls = kinds(openai, anthropic)
    sent, refused, reasons = [0], [0], set()

    def work(number: int) -> None:
        dice = random.Random(number)
        for _ in range(int(calls_each)):
            try:
                with llmtrack.context(user_id=f"user-{number % 5}"):
                    dice.choice(calls)()
                sent[0] += 1
            except llmtrack.LimitExceeded as error:
                refused[0] += 1
                reasons.add(error.reason)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(int(threads))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    flushed = tracker.flush(60)
    tracker.close(10)
    print(json.dumps({"sent": sent[0], "refused": refused[0], "reasons": sorted(reasons), "waiting": flushed.waiting}))


if __name__ == "__main__":
    main(*sys.argv[1:])
