"""Chat completions and legacy completions, as OpenAI and servers like it send them."""

from __future__ import annotations

from typing import Any

from tests.provider.answer import DONE, Answer, sse
from tests.provider.faults import Wishes, error
from tests.provider.reply import REASONING, REFUSAL, TOOL_JSON, TOOL_NAME, Reply, reply_for

CREATED = 1_760_000_000
TOOL_CALL = {"id": "call_1", "type": "function", "function": {"name": TOOL_NAME, "arguments": TOOL_JSON}}


def chat(model: str, wishes: Wishes, body: dict[str, Any]) -> Answer:
    """``POST /chat/completions``. ``@usage=none|each|zero`` and ``@no-stream-options`` are how other servers differ."""
    reply = reply_for(model, wishes, body)
    count = body.get("n") or 1
    if not body.get("stream"):
        answer = {**_envelope(reply, "chat.completion"), "choices": [_choice(reply, i) for i in range(count)]}
        return Answer({**answer, **_counted(reply, count)})
    options = body.get("stream_options")
    if options is not None and "no-stream-options" in wishes:
        status = int(wishes["no-stream-options"] or 400)
        return error("openai", status, "Unrecognized request argument supplied: stream_options", "unknown_parameter")
    return Answer(events=_chat_events(reply, count, asked=bool((options or {}).get("include_usage"))))


def completions(model: str, wishes: Wishes, body: dict[str, Any]) -> Answer:
    """``POST /completions``."""
    reply = reply_for(model, wishes, body)
    envelope = _envelope(reply, "text_completion")

    def choice(text: str, finish: str | None) -> dict[str, Any]:
        return {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}

    if not body.get("stream"):
        return Answer({**envelope, "choices": [choice(reply.text, _finish(reply))], **_counted(reply)})
    chunks = [{**envelope, "choices": [choice(piece, None)]} for piece in reply.pieces]
    chunks.append({**envelope, "choices": [choice("", _finish(reply))]})
    if (body.get("stream_options") or {}).get("include_usage"):
        chunks = [{**chunk, "usage": None} for chunk in chunks]
        chunks.append({**envelope, "choices": [], **_counted(reply)})
    return Answer(events=[*map(sse, chunks), DONE])


def usage(reply: Reply, count: int = 1) -> dict[str, Any]:
    """Tokens as chat completions count them: cached ones are part of the prompt."""
    if reply.wishes.get("usage") == "zero":
        return {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    output = reply.output_tokens * count
    return {
        "prompt_tokens": reply.input_tokens,
        "completion_tokens": output,
        "total_tokens": reply.input_tokens + output,
        "prompt_tokens_details": {"cached_tokens": reply.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": reply.reasoning_tokens, "audio_tokens": 0},
    }


def _counted(reply: Reply, count: int = 1) -> dict[str, Any]:
    return {} if reply.wishes.get("usage") == "none" else {"usage": usage(reply, count)}


def _envelope(reply: Reply, kind: str) -> dict[str, Any]:
    return {
        "id": "chatcmpl-fake",
        "object": kind,
        "created": CREATED,
        "model": reply.served,
        "service_tier": "default",
        "system_fingerprint": "fp_fake",
    }


def _finish(reply: Reply) -> str:
    if "length" in reply.wishes:
        return "length"
    if "filter" in reply.wishes:
        return "content_filter"
    return "tool_calls" if reply.calls_tool else "stop"


def _choice(reply: Reply, index: int) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.text, "refusal": None}
    if reply.thinks:
        message["reasoning_content"] = REASONING
    if reply.calls_tool:
        message |= {"content": None, "tool_calls": [TOOL_CALL]}
    if reply.refuses:
        message |= {"content": None, "refusal": REFUSAL}
    return {"index": index, "message": message, "logprobs": None, "finish_reason": _finish(reply)}


def _deltas(reply: Reply) -> list[dict[str, Any]]:
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": "", "refusal": None}]
    if reply.thinks:
        deltas.append({"reasoning_content": REASONING})
    if reply.calls_tool:
        start = {**TOOL_CALL, "index": 0, "function": {"name": TOOL_NAME, "arguments": ""}}
        deltas += [{"tool_calls": [start]}]
        halves = (TOOL_JSON[:5], TOOL_JSON[5:])
        deltas += [{"tool_calls": [{"index": 0, "function": {"arguments": half}}]} for half in halves]
    if reply.refuses:
        deltas += [{"refusal": REFUSAL}]
    return deltas + [{"content": piece} for piece in reply.pieces]


def _chat_events(reply: Reply, count: int, *, asked: bool) -> list[bytes]:
    envelope = _envelope(reply, "chat.completion.chunk")

    def chunk(index: int, delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
        return {**envelope, "choices": [{"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}]}

    chunks = [chunk(index, delta, None) for delta in _deltas(reply) for index in range(count)]
    chunks += [chunk(index, {}, _finish(reply)) for index in range(count)]
    if reply.wishes.get("usage") == "each":
        chunks = [{**one, "usage": _so_far(reply, number, len(chunks))} for number, one in enumerate(chunks, 1)]
    elif asked and reply.wishes.get("usage") != "none":
        chunks = [{**one, "usage": None} for one in chunks]
        chunks.append({**envelope, "choices": [], "usage": usage(reply, count)})
    return [*map(sse, chunks), DONE]


def _so_far(reply: Reply, number: int, of: int) -> dict[str, Any]:
    """The running total some servers put on every chunk; the last one is the true one."""
    output = reply.output_tokens * number // of
    return {**usage(reply), "completion_tokens": output, "total_tokens": reply.input_tokens + output}
