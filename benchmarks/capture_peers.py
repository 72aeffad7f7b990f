"""What recording a call costs its caller with peers that patch the SDK for the whole process, and with llmtrack.

    pip install langfuse openinference-instrumentation-openai opentelemetry-sdk posthog
    python benchmarks/capture_peers.py

Each in a process of its own, one after the other, since what is patched stays so: the bare SDK is measured first, in
blocks, then the same blocks with the peer. Median CPU of the calling thread, microseconds a call (1 KB, OpenAI chat)
and a chunk of a stream. Noise is larger than in `capture.py`, whose pairs alternate: the row "bare" shows how large.
Peers send to a port where nobody listens, or to nowhere; what their threads spend is not counted, as ours is not.
"""

from __future__ import annotations

import logging
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.capture import CHUNKS, EVENTS, KEY, Bench, bare, chat_answer, posthog, text, tracked

BLOCKS, CALLS, STREAMS = 15, 100, 5


def langfuse() -> Any:
    """Langfuse's drop-in, which patches the SDK's methods when it is imported."""
    os.environ |= {
        "LANGFUSE_PUBLIC_KEY": "pk",
        "LANGFUSE_SECRET_KEY": "sk",
        "LANGFUSE_HOST": "http://127.0.0.1:9",
        "LANGFUSE_BASE_URL": "http://127.0.0.1:9",
    }
    from langfuse.openai import openai

    return openai.OpenAI(api_key=KEY)


def openinference() -> Any:
    """OpenInference's instrumentor, with a batch of spans that is thrown away."""
    from openinference.instrumentation.openai import OpenAIInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(InMemorySpanExporter()))
    OpenAIInstrumentor().instrument(tracer_provider=provider)
    return bare()[0]


PEERS: dict[str, Callable[[], Any]] = {
    "bare": lambda: bare()[0],
    "llmtrack": lambda: tracked("on")()[0],
    "posthog": lambda: posthog()[0],
    "langfuse": langfuse,
    "openinference": openinference,
}


def spent(bench: Bench, client: Any) -> tuple[float, float]:
    """Microseconds a call, and a chunk, of a client."""
    messages = [{"role": "user", "content": text(1000)}]
    bench.stub.asks({"model": "m", "messages": messages})
    bench.stub.body, bench.stub.events = chat_answer(text(1000)), EVENTS[0]

    def call() -> None:
        client.chat.completions.create(model="gpt-4o", messages=messages)

    def stream() -> None:
        for _ in client.chat.completions.create(model="gpt-4o", messages=messages, stream=True):
            pass

    return timed(call, CALLS), timed(stream, STREAMS) / CHUNKS


def timed(function: Callable[[], None], count: int) -> float:
    """Median microseconds of this thread's CPU, over blocks with a rest for other threads between them."""
    found = []
    for _ in range(BLOCKS):
        before = time.thread_time_ns()
        for _ in range(count):
            function()
        found.append((time.thread_time_ns() - before) / count / 1000)
        time.sleep(0.2)
    return statistics.median(found[1:])


def main() -> None:
    """Measures all, or in a process of its own the one that is named."""
    if len(sys.argv) > 1:
        logging.disable(logging.CRITICAL)  # Nobody listens, as they would say each time.
        bench = Bench(1, 1)
        before = spent(bench, bare()[0])
        after = spent(bench, PEERS[sys.argv[1]]())
        print(f"{after[0] - before[0]:>14.1f}{after[1] - before[1]:>12.2f}", flush=True)
        os._exit(0)  # without waiting for what they would still send
    print(f"added CPU of the calling thread, µs{'a call':>14}{'a chunk':>12}")
    for name in PEERS:
        run = subprocess.run([sys.executable, __file__, name], capture_output=True, text=True, timeout=300)
        print(f"{name:<34}{run.stdout.rstrip() or 'left out: ' + run.stderr.strip().splitlines()[-1]}", flush=True)


if __name__ == "__main__":
    main()
