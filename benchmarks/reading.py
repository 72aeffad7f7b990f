"""How long the readers take: microseconds for a plain answer of about 1 KB, and for each 10 events of a stream.

python benchmarks/reading.py
"""

from __future__ import annotations

import json
import sys
import timeit
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from llmtrack.capture.readers import Exchange, read

WORDS = "Once upon a time there was a model. " * 28
HISTORY = [{"role": "system", "content": "Be brief. " * 10}, {"role": "user", "content": "Tell me a story. " * 20}]
CHAT: dict[str, Any] = {
    "id": "chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz",
    "object": "chat.completion",
    "created": 1740855869,
    "model": "gpt-4o-mini-2024-07-18",
    "service_tier": "default",
    "system_fingerprint": "fp_06737a9306",
}
USAGE = {"prompt_tokens": 90, "completion_tokens": 250, "prompt_tokens_details": {"cached_tokens": 0}}
MESSAGE = {"id": "msg_01", "type": "message", "role": "assistant", "model": "claude-haiku-4-5-20251001"}
COUNTED = {"input_tokens": 90, "cache_read_input_tokens": 0, "output_tokens": 250, "service_tier": "standard"}
EVENTS = 200


def main() -> None:
    """Prints a line for each kind."""
    choice = {"index": 0, "message": {"role": "assistant", "content": WORDS}, "finish_reason": "stop"}
    plain("openai.chat", {**CHAT, "choices": [choice], "usage": USAGE})
    item = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": WORDS}]}
    told = {"input_tokens": 90, "output_tokens": 250}
    plain("openai.responses", {"id": "r", "model": "m", "status": "completed", "output": [item], "usage": told})
    block = {"type": "text", "text": WORDS}
    plain("anthropic.messages", {**MESSAGE, "content": [block], "stop_reason": "end_turn", "usage": COUNTED})
    piece = {**CHAT, "choices": [{"index": 0, "delta": {"content": " word"}, "logprobs": None, "finish_reason": None}]}
    end = {**CHAT, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": USAGE}
    stream("openai.chat", b"".join(_event(one) for one in [*[piece] * EVENTS, end]) + b"data: [DONE]\n\n")
    started = {"type": "message_start", "message": {**MESSAGE, "content": [], "usage": COUNTED}}
    word = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": " word"}}
    last = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": COUNTED}
    stream("anthropic.messages", b"".join(_event(one, named=True) for one in [started, *[word] * EVENTS, last]))


def plain(reader: str, body: dict[str, Any]) -> None:
    """Times an answer in one piece."""
    request = json.dumps({"model": "m", "messages": HISTORY, "input": WORDS[:340]}).encode()
    response = json.dumps(body).encode()
    seen = Exchange(request, response, "application/json", http_status=200)
    print(f"{reader:20} plain, {len(response)} bytes: {_time(reader, seen, 2000):6.1f} us")


def stream(reader: str, body: bytes) -> None:
    """Times a stream."""
    request = json.dumps({"model": "m", "stream": True, "messages": HISTORY}).encode()
    seen = Exchange(request, body, "text/event-stream", chunks=[(len(body), 1)], http_status=200)
    print(f"{reader:20} stream, for each 10 events: {_time(reader, seen, 50) / EVENTS * 10:6.1f} us")


def _event(value: dict[str, Any], *, named: bool = False) -> bytes:
    head = f"event: {value['type']}\n" if named else ""
    return f"{head}data: {json.dumps(value)}\n\n".encode()


def _time(reader: str, seen: Exchange, times: int) -> float:
    return min(timeit.repeat(lambda: read(reader, seen, content=True), number=times, repeat=7)) / times * 1e6


if __name__ == "__main__":
    main()
