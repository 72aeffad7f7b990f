"""A simulated answer in OpenAI's chat completions protocol."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from llmtrack.chat.demo.simulated_answer import Said


def _usage(said: Said) -> dict[str, Any]:
    return {
        "prompt_tokens": said.input_tokens,
        "completion_tokens": said.output_tokens,
        "total_tokens": said.input_tokens + said.output_tokens,
        "prompt_tokens_details": {"cached_tokens": said.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": len(said.thoughts), "audio_tokens": 0},
    }


def completion(said: Said) -> dict[str, Any]:
    """The answer in one piece."""
    message = {"role": "assistant", "content": "".join(said.words), "refusal": None}
    reason = "length" if said.cut else "stop"
    return {
        "id": f"chatcmpl-{said.id}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": said.model.name,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": reason}],
        "usage": _usage(said),
        "service_tier": "default",
    }


def events(said: Said, request: Mapping[str, Any]) -> Iterator[tuple[int, bytes]]:
    """The answer as a stream: (number of the token that brings it, bytes)."""
    with_usage = bool((request.get("stream_options") or {}).get("include_usage"))
    same = {
        "id": f"chatcmpl-{said.id}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": said.model.name,
        "service_tier": "default",
    }

    def chunk(delta: Mapping[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        event: dict[str, Any] = {**same, "choices": [choice]}
        if with_usage:
            event["usage"] = None
        return b"data: " + json.dumps(event).encode() + b"\n\n"

    yield 0, chunk({"role": "assistant", "content": "", "refusal": None})
    for number, piece in enumerate(said.words, start=1):
        yield number, chunk({"content": piece})
    last = said.output_tokens
    yield last, chunk({}, "length" if said.cut else "stop")
    if with_usage:
        yield last, b"data: " + json.dumps({**same, "choices": [], "usage": _usage(said)}).encode() + b"\n\n"
    yield last, b"data: [DONE]\n\n"
