"""A simulated answer in OpenAI's chat completions protocol."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from llmtrack.chat.demo.simulated_answer import SimulatedAnswer


def _usage(answer: SimulatedAnswer) -> dict[str, Any]:
    return {
        "prompt_tokens": answer.input_tokens,
        "completion_tokens": answer.output_tokens,
        "total_tokens": answer.input_tokens + answer.output_tokens,
        "prompt_tokens_details": {"cached_tokens": answer.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": len(answer.thoughts), "audio_tokens": 0},
    }


def completion(answer: SimulatedAnswer) -> dict[str, Any]:
    """The answer in one piece."""
    message = {"role": "assistant", "content": "".join(answer.words), "refusal": None}
    reason = "length" if answer.cut else "stop"
    return {
        "id": f"chatcmpl-{answer.id}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": answer.model.name,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": reason}],
        "usage": _usage(answer),
        "service_tier": "default",
    }


def events(answer: SimulatedAnswer, request: Mapping[str, Any]) -> Iterator[tuple[int, bytes]]:
    """The answer as a stream: (number of the token that brings it, bytes)."""
    with_usage = bool((request.get("stream_options") or {}).get("include_usage"))
    same = {
        "id": f"chatcmpl-{answer.id}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": answer.model.name,
        "service_tier": "default",
    }

    def chunk(delta: Mapping[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        event: dict[str, Any] = {**same, "choices": [choice]}
        if with_usage:
            event["usage"] = None
        return b"data: " + json.dumps(event).encode() + b"\n\n"

    yield 0, chunk({"role": "assistant", "content": "", "refusal": None})
    for number, piece in enumerate(answer.words, start=1):
        yield number, chunk({"content": piece})
    last = answer.output_tokens
    yield last, chunk({}, "length" if answer.cut else "stop")
    if with_usage:
        yield last, b"data: " + json.dumps({**same, "choices": [], "usage": _usage(answer)}).encode() + b"\n\n"
    yield last, b"data: [DONE]\n\n"
