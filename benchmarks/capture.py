"""What recording a call costs its caller, beside the bare SDK and, where it is installed, beside PostHog's wrapper.

    python benchmarks/capture.py                  # about five minutes
    python benchmarks/capture.py --quick          # a look

PostHog is optional: ``pip install posthog``. Langfuse and OpenInference patch the SDK for the whole process, the bare
client beside theirs included, so that pairs in one process cannot tell what they cost; see `capture_peers.py`.

The SDKs' network is stubbed below `request()`: the response is parsed by the real SDK, sending costs nothing. Each
number is the median over blocks of calls, a tracked one next to a bare one, of the CPU time of the calling thread, so
that a busy machine disturbs it little. What a tracked block left to write is written before the bare one begins, so
that it slows down neither. Under "without a pause" calls follow each other for seconds, and the writer works beside
them, on a processor it may have to share. The row "bare" compares the bare SDK with itself: the noise of this run.
"""

from __future__ import annotations

import argparse
import base64
import functools
import json
import logging
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import anthropic
import httpx2
import openai
from anthropic._base_client import SyncAPIClient as AnthropicBase
from openai._base_client import SyncAPIClient as OpenAIBase

WORDS = ("nobody", "knows", "what", "a", "word", "costs", "until", "somebody", "counts", "all", "of", "them")
CHUNKS = 200


def text(size: int) -> str:
    """About `size` characters of prose."""
    rng = random.Random(size)
    words, length = [], 0
    while length < size:
        words.append(rng.choice(WORDS))
        length += len(words[-1]) + 1
    return " ".join(words)


def chat_answer(reply: str) -> bytes:
    """A chat completion as the server sends it."""
    usage = {"prompt_tokens": 200, "completion_tokens": 50, "total_tokens": 250}
    message = {"role": "assistant", "content": reply, "refusal": None}
    body = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o-2024-08-06", "usage": usage}
    return json.dumps({**body, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}).encode()


def message_answer(reply: str) -> bytes:
    """An Anthropic message as the server sends it."""
    usage = {"input_tokens": 200, "output_tokens": 50, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
    body = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929"}
    content = [{"type": "text", "text": reply}]
    return json.dumps({**body, "content": content, "stop_reason": "end_turn", "usage": usage}).encode()


def chat_events() -> list[bytes]:
    """A stream of `CHUNKS` chat chunks, with the usage we ask for at its end."""
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-2024-08-06"}
    head |= {"service_tier": "default", "system_fingerprint": "fp_1"}
    word = {"index": 0, "delta": {"content": " word"}, "finish_reason": None}
    stop = {"index": 0, "delta": {}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 200, "completion_tokens": CHUNKS, "total_tokens": 200 + CHUNKS}
    chunks = [{**head, "choices": [choice], "usage": None} for choice in [*[word] * CHUNKS, stop]]
    chunks.append({**head, "choices": [], "usage": usage})
    lines = [f"data: {json.dumps(chunk, separators=(',', ':'))}\n\n".encode() for chunk in chunks]
    return [*lines, b"data: [DONE]\n\n"]


def message_events() -> list[bytes]:
    """A stream of `CHUNKS` text deltas of a message."""
    start = json.loads(message_answer(""))
    start |= {"content": [], "stop_reason": None}
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": " word"}}
    events = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *[delta] * CHUNKS,
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": CHUNKS}},
        {"type": "message_stop"},
    ]
    return [f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in events]


class Pieces(httpx2.SyncByteStream):
    """A body that comes in the given pieces."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces


class Stub:
    """Stands in for the sending half of `request()`: what comes back is parsed by the real SDK."""

    def __init__(self) -> None:
        self.body = b""
        self.events: list[bytes] = []
        self.sent = httpx2.Request("POST", "https://api.example/v1/x", json={})

    def asks(self, body: dict[str, Any]) -> None:
        """Notes the request that is sent from now on, as bytes, once: the SDK would build it in either case."""
        headers = {"x-stainless-retry-count": "0"}
        self.sent = httpx2.Request("POST", "https://api.example/v1/x", json=body, headers=headers)

    def install(self, base: type) -> None:
        """Replaces `base.request`; what it calls of the SDK's own is the same as before."""
        stub = self

        def request(self: Any, cast_to: Any, options: Any, *, stream: bool = False, stream_cls: Any = None) -> Any:
            if stream:
                headers = {"content-type": "text/event-stream"}
                response = httpx2.Response(200, headers=headers, stream=Pieces(stub.events), request=stub.sent)
            else:
                headers = {"content-type": "application/json", "x-request-id": "req_1"}
                response = httpx2.Response(200, headers=headers, content=stub.body, request=stub.sent)
            self._prepare_request(stub.sent)
            same = {"stream": stream, "stream_cls": stream_cls, "options": options, "retries_taken": 0}
            return self._process_response(cast_to=cast_to, response=response, **same)

        base.request = request  # type: ignore[attr-defined]


KEY = "sk-not-a-key"
Make = Callable[[], tuple[Any, Any]]


def bare() -> tuple[Any, Any]:
    """The SDKs as they are."""
    return openai.OpenAI(api_key=KEY), anthropic.Anthropic(api_key=KEY)


def tracked(content: str = "on") -> Make:
    """Ours, into a database of its own."""

    def make() -> tuple[Any, Any]:
        import llmtrack
        import llmtrack.anthropic
        import llmtrack.openai

        where = tempfile.mkdtemp(prefix="llmtrack-bench-")
        tracker = llmtrack.Tracker(database_url=f"sqlite:///{where}/bench.db", content=content)
        make.tracker = tracker  # type: ignore[attr-defined]
        clients = llmtrack.openai.OpenAI(api_key=KEY), llmtrack.anthropic.Anthropic(api_key=KEY)
        for client in clients:
            llmtrack.track(client, tracker=tracker, user_id="bench")
        return clients

    return make


def posthog() -> tuple[Any, Any]:
    """PostHog's wrappers, sending to a port where nobody listens."""
    from posthog import Posthog
    from posthog.ai.anthropic import Anthropic
    from posthog.ai.openai import OpenAI

    logging.getLogger("posthog").disabled = True  # Nobody listens, as it would say each time.
    client = Posthog("phc_x", host="http://127.0.0.1:9", max_queue_size=10, gzip=False)
    return OpenAI(api_key=KEY, posthog_client=client), Anthropic(api_key=KEY, posthog_client=client)


class Bench:
    """Paired blocks over one stub."""

    def __init__(self, pairs: int, calls: int) -> None:
        self.pairs, self.calls = pairs, calls
        self.settle: Callable[[], Any] = lambda: None
        """Waits until the client under test has nothing left to do."""
        self.stub = Stub()
        self.stub.install(OpenAIBase)
        self.stub.install(AnthropicBase)

    def paired(self, one: Callable[[], Any], other: Callable[[], Any], calls: int) -> float:
        """Microseconds of this thread's CPU by which a call of `one` is dearer than one of `other`."""
        differences = []
        for function in (one, other):
            for _ in range(min(calls, 20)):
                function()
        for pair in range(self.pairs):
            order = (one, other) if pair % 2 else (other, one)
            spent = {}
            for function in order:
                before = time.thread_time_ns()
                for _ in range(calls):
                    function()
                spent[function] = (time.thread_time_ns() - before) / calls / 1000
                self.settle()
            differences.append(spent[one] - spent[other])
        return statistics.median(differences)

    def sustained(self, clients: tuple[Any, Any], raw: tuple[Any, Any], which: int) -> float:
        """Added µs a call of 1 KB where calls follow each other without a pause."""
        pairs, self.pairs = self.pairs, 3
        try:
            return self.plain(clients, raw, 1000, which, calls=5000)
        finally:
            self.pairs = pairs

    def plain(
        self, clients: tuple[Any, Any], raw: tuple[Any, Any], size: int, which: int, image: int = 0, calls: int = 0
    ) -> float:
        """Added µs a call with a prompt and an answer of `size` characters (and an image of `image` bytes)."""
        content: Any = text(size)
        if image:
            data = base64.b64encode(os.urandom(image)).decode()
            picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}
            content = [{"type": "text", "text": content}, picture]
        messages = [{"role": "user", "content": content}]
        self.stub.asks({"model": "m", "messages": messages})
        self.stub.body = (chat_answer if which == 0 else message_answer)(text(size))
        call = (
            (lambda c: c.chat.completions.create(model="gpt-4o", messages=messages))
            if which == 0
            else (lambda c: c.messages.create(model="claude-haiku-4-5", max_tokens=64, messages=messages))
        )
        calls = calls or (self.calls if size + image < 10_000 else max(3, self.calls // 20))
        return self.paired(lambda: call(clients[which]), lambda: call(raw[which]), calls)

    def stream(self, clients: tuple[Any, Any], raw: tuple[Any, Any], which: int) -> float:
        """Added µs a chunk of a stream of `CHUNKS`, what a call costs before its first chunk included."""
        self.stub.asks({"model": "m", "messages": [{"role": "user", "content": text(1000)}]})

        def read(client: Any) -> None:
            for _ in self._open(client, which):
                pass

        return self.paired(lambda: read(clients[which]), lambda: read(raw[which]), max(2, self.calls // 20)) / CHUNKS

    def first(self, clients: tuple[Any, Any], raw: tuple[Any, Any], which: int) -> float:
        """Added µs until the first event is in the caller's hands; closing is not counted."""
        self.stub.asks({"model": "m", "messages": [{"role": "user", "content": text(1000)}]})

        def until_first(client: Any) -> int:
            before = time.thread_time_ns()
            stream = self._open(client, which)
            next(iter(stream))
            spent = time.thread_time_ns() - before
            stream.close()
            return spent

        differences = []
        for pair in range(self.pairs * 10):
            order = (clients, raw) if pair % 2 else (raw, clients)
            spent = {id(c): until_first(c[which]) for c in order}
            differences.append((spent[id(clients)] - spent[id(raw)]) / 1000)
        return statistics.median(differences)

    def _open(self, client: Any, which: int) -> Any:
        messages = [{"role": "user", "content": text(1000)}]
        self.stub.events = EVENTS[which]
        if which == 0:
            return client.chat.completions.create(model="gpt-4o", messages=messages, stream=True)
        return client.messages.create(model="claude-haiku-4-5", max_tokens=64, messages=messages, stream=True)

    def whole(self, make: Make, raw: tuple[Any, Any], count: int) -> float:
        """Added µs of the whole process a recorded call of 1 KB, with everything written."""
        messages = [{"role": "user", "content": text(1000)}]
        self.stub.asks({"model": "m", "messages": messages})
        self.stub.body = message_answer(text(1000))
        clients = make()
        tracker = make.tracker  # type: ignore[attr-defined]

        def run(client: Any) -> float:
            before = time.process_time_ns()
            for _ in range(count):
                client.messages.create(model="claude-haiku-4-5", max_tokens=64, messages=messages)
            if client is clients[1]:
                flushed = tracker.flush(60)
                assert flushed.waiting == flushed.failed == 0, flushed
            return (time.process_time_ns() - before) / count / 1000

        run(clients[1])
        return statistics.median(run(clients[1]) - run(raw[1]) for _ in range(5))


EVENTS = (chat_events(), message_events())


MEASURES: dict[str, tuple[Callable[..., float], dict[str, int]]] = {
    "openai, 1 KB": (Bench.plain, {"size": 1000, "which": 0}),
    "anthropic, 1 KB": (Bench.plain, {"size": 1000, "which": 1}),
    "openai, 1 KB, without a pause": (Bench.sustained, {"which": 0}),
    "anthropic, 1 KB, without a pause": (Bench.sustained, {"which": 1}),
    "openai, 100 KB": (Bench.plain, {"size": 100_000, "which": 0}),
    "openai, 5 MB image": (Bench.plain, {"size": 1000, "which": 0, "image": 5_000_000}),
    "openai, a chunk": (Bench.stream, {"which": 0}),
    "anthropic, a chunk": (Bench.stream, {"which": 1}),
    "openai, first token": (Bench.first, {"which": 0}),
    "anthropic, first token": (Bench.first, {"which": 1}),
}


def main() -> None:
    """Runs and prints everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--no-peers", action="store_true")
    chosen = parser.parse_args()
    bench = Bench(*((7, 100) if chosen.quick else (25, 200)))
    raw = bare()
    makes: dict[str, Make] = {"bare": bare, "llmtrack": tracked("on"), "content off": tracked("off")}
    if not chosen.no_peers:
        makes["posthog"] = posthog
    adapters = {}
    for name, make in makes.items():
        try:
            adapters[name] = make()
        except ImportError as error:
            print(f"{name} is left out: {error}")
    print(f"load {os.getloadavg()[0]:.1f}; added CPU of the calling thread, µs, median of {bench.pairs} paired blocks")
    print(f"{'':34s}" + "".join(f"{name:>14s}" for name in adapters))
    for title, (measure, arguments) in MEASURES.items():
        print(f"{title:34s}", end="", flush=True)
        for name, clients in adapters.items():
            tracker = getattr(makes[name], "tracker", None)
            bench.settle = (lambda: None) if tracker is None else functools.partial(tracker.flush, 120)
            print(f"{measure(bench, clients, raw, **arguments):>14.2f}", end="", flush=True)
            bench.settle()
        print()
    for name in adapters:
        if tracker := getattr(makes[name], "tracker", None):
            print(f"{name}: {tracker.status()}")
    spent = bench.whole(tracked("on"), raw, 500 if chosen.quick else 2000)
    print(f"whole process, a recorded call with everything written: {spent:.1f} µs of CPU")


if __name__ == "__main__":
    main()
