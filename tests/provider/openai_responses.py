"""The Responses API: plain, streamed, and in the background."""

from __future__ import annotations

from typing import Any

from tests.provider.answer import Answer, sse
from tests.provider.faults import Wishes
from tests.provider.openai_chat import CREATED
from tests.provider.reply import REASONING, REFUSAL, TOOL_JSON, TOOL_NAME, Reply, reply_for

Object = dict[str, Any]


def create(model: str, wishes: Wishes, body: Object, id: str) -> Answer:
    """``POST /responses``. ``@failed`` fails, ``@length`` and ``@filter`` are cut off, ``background`` is only queued."""
    reply = reply_for(model, wishes, body)
    if body.get("background") and not body.get("stream"):
        return Answer(response(reply, id, "queued"))
    if body.get("stream"):
        return Answer(events=events(reply, id))
    return Answer(response(reply, id, final_status(reply)))


def final_status(reply: Reply) -> str:
    """How a response ends."""
    if "failed" in reply.wishes:
        return "failed"
    return "incomplete" if {"length", "filter"} & reply.wishes.keys() else "completed"


def response(reply: Reply, id: str, status: str) -> Object:
    """A whole response object in the given state."""
    over = status in ("completed", "incomplete")
    counted = over and reply.wishes.get("usage") != "none"
    reason = "max_output_tokens" if "length" in reply.wishes else "content_filter"
    failure = {"code": "server_error", "message": "The model failed to answer."}
    return {
        "id": id,
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "model": reply.served,
        "output": _output(reply) if over else [],
        "usage": _usage(reply) if counted else None,
        "error": failure if status == "failed" else None,
        "incomplete_details": {"reason": reason} if status == "incomplete" else None,
        "service_tier": "default",
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "metadata": {},
    }


def events(reply: Reply, id: str) -> list[bytes]:
    """The same as a stream."""
    final = response(reply, id, final_status(reply))
    started = response(reply, id, "in_progress")
    found: list[Object] = [
        {"type": "response.created", "response": started},
        {"type": "response.in_progress", "response": started},
    ]
    for index, item in enumerate(_output(reply)):
        found += _item_events(reply, index, item)
    if final["status"] == "failed":
        found = found[:2]
    found.append({"type": f"response.{final['status']}", "response": final})
    return [sse({**event, "sequence_number": number}, named=True) for number, event in enumerate(found)]


def _usage(reply: Reply) -> Object:
    written = reply.cache_write_tokens
    return {
        "input_tokens": reply.input_tokens,
        "input_tokens_details": {"cached_tokens": reply.cached_tokens, "cache_write_tokens": written},
        "output_tokens": reply.output_tokens,
        "output_tokens_details": {"reasoning_tokens": reply.reasoning_tokens},
        "total_tokens": reply.input_tokens + reply.output_tokens,
    }


def _output(reply: Reply) -> list[Object]:
    items: list[Object] = []
    if reply.thinks:
        summary = [{"type": "summary_text", "text": REASONING}]
        items.append({"type": "reasoning", "id": "rs_1", "summary": summary})
    if "web-search" in reply.wishes:
        action = {"type": "search", "query": "weather"}
        items.append({"type": "web_search_call", "id": "ws_1", "status": "completed", "action": action})
    if reply.calls_tool:
        call = {"call_id": "call_1", "name": TOOL_NAME, "arguments": TOOL_JSON}
        return [*items, {"type": "function_call", "id": "fc_1", "status": "completed", **call}]
    text = {"type": "output_text", "text": reply.text, "annotations": []}
    part = {"type": "refusal", "refusal": REFUSAL} if reply.refuses else text
    message = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}
    return items if "empty" in reply.wishes else [*items, message]


def _item_events(reply: Reply, index: int, item: Object) -> list[Object]:
    place = {"output_index": index, "item_id": item["id"]}
    added = {"type": "response.output_item.added", "output_index": index, "item": _begun(item)}
    done = {"type": "response.output_item.done", "output_index": index, "item": item}
    between: list[Object] = []
    if item["type"] == "reasoning":
        where = {**place, "summary_index": 0}
        empty = {"type": "summary_text", "text": ""}
        between = [
            {"type": "response.reasoning_summary_part.added", **where, "part": empty},
            {"type": "response.reasoning_summary_text.delta", **where, "delta": REASONING},
            {"type": "response.reasoning_summary_text.done", **where, "text": REASONING},
        ]
    elif item["type"] == "function_call":
        deltas = (TOOL_JSON[:5], TOOL_JSON[5:])
        between = [{"type": "response.function_call_arguments.delta", **place, "delta": one} for one in deltas]
        named = {**place, "name": TOOL_NAME, "arguments": TOOL_JSON}
        between.append({"type": "response.function_call_arguments.done", **named})
    elif item["type"] == "message":
        between = _part_events(reply, {**place, "content_index": 0}, item["content"][0])
    return [added, *between, done]


def _part_events(reply: Reply, where: Object, part: Object) -> list[Object]:
    kind, key = ("refusal", "refusal") if reply.refuses else ("output_text", "text")
    pieces = [REFUSAL] if reply.refuses else reply.pieces
    more: Object = {} if reply.refuses else {"logprobs": []}
    return [
        {"type": "response.content_part.added", **where, "part": {**part, key: ""}},
        *({"type": f"response.{kind}.delta", **where, "delta": piece, **more} for piece in pieces),
        {"type": f"response.{kind}.done", **where, key: "".join(pieces), **more},
        {"type": "response.content_part.done", **where, "part": part},
    ]


def _begun(item: Object) -> Object:
    begun = {**item, "status": "in_progress"} if "status" in item else dict(item)
    for key, nothing in (("content", []), ("summary", []), ("arguments", "")):
        if key in begun:
            begun[key] = nothing
    return begun
