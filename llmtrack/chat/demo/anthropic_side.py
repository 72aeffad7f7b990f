"""A simulated answer in Anthropic's messages protocol."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from llmtrack.chat.demo.simulated_answer import SimulatedAnswer


def _usage(answer: SimulatedAnswer, output: int) -> dict[str, Any]:
    usage = {
        "input_tokens": answer.input_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": output,
        "service_tier": "standard",
    }
    thought = {"output_tokens_details": {"thinking_tokens": len(answer.thoughts)}}
    return usage | thought if answer.thoughts and output >= len(answer.thoughts) else usage


def message(answer: SimulatedAnswer, *, started: bool = False) -> dict[str, Any]:
    """The whole message, or (`started`) what a stream's first event says of it."""
    content: list[dict[str, Any]] = []
    if answer.thoughts and not started:
        content.append({"type": "thinking", "thinking": "".join(answer.thoughts), "signature": "c2ltdWxhdGVk"})
    if answer.words and not started:
        content.append({"type": "text", "text": "".join(answer.words)})
    return {
        "id": f"msg_{answer.id}",
        "type": "message",
        "role": "assistant",
        "model": answer.model.name,
        "content": content,
        "stop_reason": None if started else "max_tokens" if answer.cut else "end_turn",
        "stop_sequence": None,
        "usage": _usage(answer, 1 if started else answer.output_tokens),
    }


def _event(name: str, **rest: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **rest})}\n\n".encode()


def events(answer: SimulatedAnswer, request: Mapping[str, Any]) -> Iterator[tuple[int, bytes]]:
    """The answer as a stream: (number of the token that brings it, bytes)."""
    yield 0, _event("message_start", message=message(answer, started=True))
    yield 0, _event("ping")
    number = 0
    index = 0
    blocks: tuple[tuple[str, list[str], Callable[[str], dict[str, str]], dict[str, str]], ...] = (
        ("thinking", answer.thoughts, lambda piece: {"type": "thinking_delta", "thinking": piece}, {"signature": ""}),
        ("text", answer.words, lambda piece: {"type": "text_delta", "text": piece}, {}),
    )
    for kind, all_pieces, delta, more in blocks:
        if not all_pieces:
            continue
        yield number + 1, _event("content_block_start", index=index, content_block={"type": kind, kind: "", **more})
        for piece in all_pieces:
            number += 1
            yield number, _event("content_block_delta", index=index, delta=delta(piece))
        if kind == "thinking":
            signature = {"type": "signature_delta", "signature": "c2ltdWxhdGVk"}
            yield number, _event("content_block_delta", index=index, delta=signature)
        yield number, _event("content_block_stop", index=index)
        index += 1
    reason = {"stop_reason": "max_tokens" if answer.cut else "end_turn", "stop_sequence": None}
    yield number, _event("message_delta", delta=reason, usage=_usage(answer, answer.output_tokens))
    yield number, _event("message_stop")
