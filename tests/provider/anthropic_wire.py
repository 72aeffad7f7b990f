"""Anthropic's dialect: messages, token counting, batches and the list of models."""

from __future__ import annotations

import json
from typing import Any

from tests.provider.answer import Answer, sse
from tests.provider.faults import Wishes
from tests.provider.reply import REASONING, REFUSAL, TOOL_INPUT, TOOL_JSON, TOOL_NAME, Reply, reply_for

MODELS = ("claude-sonnet-4-5", "claude-haiku-4-5", "claude-3-opus-20240229")
DATE = "2025-10-01T00:00:00Z"
SIGNATURE = "c2lnbmF0dXJl"

Object = dict[str, Any]


class AnthropicWire:
    """Answers Anthropic's paths, and remembers batches until their results are asked for."""

    dialect = "anthropic"

    def __init__(self) -> None:
        self._batches: dict[str, list[Object]] = {}

    def answer(self, method: str, path: str, model: str, wishes: Wishes, body: Object) -> Answer | None:
        """The answer to a request that nothing goes wrong with; None for a path this API lacks."""
        kind = path.rpartition("/v1/")[2]
        if kind in ("messages", "complete"):
            reply = reply_for(model, wishes, body)
            return Answer(events=events(reply)) if body.get("stream") else Answer(message(reply))
        if kind == "messages/count_tokens":
            return Answer({"input_tokens": 100})
        if kind.startswith("messages/batches"):
            return self._batches_api(method, kind.split("/")[2:], body)
        if kind == "models":
            listed = [_model(name) for name in MODELS]
            return Answer({"data": listed, "has_more": False, "first_id": MODELS[0], "last_id": MODELS[-1]})
        return None

    def error_event(self, path: str) -> bytes:
        """An error in the middle of a stream."""
        return sse({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, named=True)

    def _batches_api(self, method: str, rest: list[str], body: Object) -> Answer | None:
        if not rest and method == "POST":
            id = f"msgbatch_{len(self._batches) + 1}"
            self._batches[id] = body["requests"]
            return Answer(_batch(id, len(body["requests"]), "in_progress"))
        if not rest:
            listed = [_batch(id, len(requests), "ended") for id, requests in self._batches.items()]
            return Answer({"data": listed, "has_more": False, "first_id": None, "last_id": None})
        requests = self._batches.get(rest[0])
        if requests is None:
            return None
        if rest[-1] == "results":
            lines = [_batch_result(request) for request in requests]
            return Answer("\n".join(lines).encode(), headers={"content-type": "application/x-jsonl"})
        status = "canceling" if rest[-1] == "cancel" else "ended"
        return Answer(_batch(rest[0], len(requests), status))


def message(reply: Reply) -> Object:
    """A whole message."""
    return {
        "id": "msg_fake",
        "type": "message",
        "role": "assistant",
        "model": reply.served,
        "content": _blocks(reply),
        "stop_reason": _stop_reason(reply),
        "stop_sequence": None,
        "usage": usage(reply),
    }


def events(reply: Reply) -> list[bytes]:
    """The same as a stream. The output count at its start is a placeholder, the one at its end the truth."""
    whole = message(reply)
    at_start = {**whole["usage"], "output_tokens": 1}
    at_start.pop("iterations", None)
    start = {**whole, "content": [], "stop_reason": None, "usage": at_start}
    found: list[Object] = [{"type": "message_start", "message": start}, {"type": "ping"}]
    for index, block in enumerate(whole["content"]):
        found.append({"type": "content_block_start", "index": index, "content_block": _begun(block)})
        found += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in _deltas(reply, block)]
        found.append({"type": "content_block_stop", "index": index})
    ended = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    found.append({"type": "message_delta", "delta": ended, "usage": _final_usage(reply, whole["usage"])})
    found.append({"type": "message_stop"})
    return [sse(event, named=True) for event in found]


def usage(reply: Reply) -> Object:
    """Tokens as Anthropic counts them: ``input_tokens`` leaves out what a cache held or took.

    ``@server-tools`` ran two web searches, ``@iterations`` did part of the work in a compaction of its own.
    """
    if reply.wishes.get("usage") == "zero":
        return {"input_tokens": 0, "output_tokens": 0}
    hour, written = reply.cache_write_1h_tokens, reply.cache_write_tokens
    found: Object = {
        "input_tokens": reply.input_tokens - reply.cached_tokens - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": reply.cached_tokens,
        "cache_creation": {"ephemeral_5m_input_tokens": written - hour, "ephemeral_1h_input_tokens": hour},
        "output_tokens": reply.output_tokens,
        "service_tier": "standard",
    }
    if "server-tools" in reply.wishes:
        found["server_tool_use"] = {"web_search_requests": 2, "web_fetch_requests": 0}
    if "iterations" in reply.wishes:
        counted = {key: found[key] for key in ("input_tokens", "output_tokens")}
        counted |= {"cache_read_input_tokens": reply.cached_tokens, "cache_creation_input_tokens": written}
        compaction = {"input_tokens": 500, "output_tokens": 50}
        compaction |= {"cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
        found["iterations"] = [{"type": "compaction", **compaction}, {"type": "message", **counted}]
    return found


def _final_usage(reply: Reply, whole: Object) -> Object:
    if reply.wishes.get("usage") == "old":
        return {"output_tokens": whole["output_tokens"]}
    return {key: value for key, value in whole.items() if key not in ("cache_creation", "service_tier")}


def _stop_reason(reply: Reply) -> str:
    if "length" in reply.wishes:
        return "max_tokens"
    if reply.refuses or "filter" in reply.wishes:
        return "refusal"
    return "tool_use" if reply.calls_tool else "end_turn"


def _blocks(reply: Reply) -> list[Object]:
    blocks: list[Object] = []
    if reply.thinks:
        blocks.append({"type": "thinking", "thinking": REASONING, "signature": SIGNATURE})
    if "server-tools" in reply.wishes:
        use = {"id": "srvtoolu_1", "name": "web_search", "input": {"query": "weather"}}
        blocks.append({"type": "server_tool_use", **use})
        blocks.append({"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []})
    if reply.calls_tool:
        blocks.append({"type": "tool_use", "id": "toolu_1", "name": TOOL_NAME, "input": TOOL_INPUT})
    text = REFUSAL if reply.refuses else reply.text
    return [*blocks, {"type": "text", "text": text}] if text else blocks


def _deltas(reply: Reply, block: Object) -> list[Object]:
    if block["type"] == "thinking":
        signed = {"type": "signature_delta", "signature": SIGNATURE}
        return [{"type": "thinking_delta", "thinking": REASONING}, signed]
    if block["type"] in ("tool_use", "server_tool_use"):
        text = TOOL_JSON if block["type"] == "tool_use" else json.dumps(block["input"])
        return [{"type": "input_json_delta", "partial_json": half} for half in (text[:5], text[5:])]
    if block["type"] == "text":
        return [{"type": "text_delta", "text": piece} for piece in ([REFUSAL] if reply.refuses else reply.pieces)]
    return []


def _begun(block: Object) -> Object:
    nothing = {"text": "", "thinking": "", "signature": "", "input": {}}
    return {key: nothing.get(key, value) for key, value in block.items()}


def _model(name: str) -> Object:
    known = {"id": name, "type": "model", "display_name": name, "created_at": DATE, "lifecycle": "active"}
    return {**known, "max_input_tokens": 200_000, "max_tokens": 64_000}


def _batch(id: str, size: int, status: str) -> Object:
    over = status == "ended"
    counts = {"processing": 0 if over else size, "succeeded": size if over else 0}
    counts |= {"errored": 0, "canceled": 0, "expired": 0}
    # The SDK asks the address given for the results, with the client's own base where it is relative.
    results = f"/v1/messages/batches/{id}/results" if over else None
    batch = {"id": id, "type": "message_batch", "processing_status": status, "request_counts": counts}
    return {**batch, "created_at": DATE, "expires_at": DATE, "ended_at": DATE if over else None, "results_url": results}


def _batch_result(request: Object) -> str:
    name, *words = request["params"]["model"].split("@")
    reply = Reply(name, dict.fromkeys(words, ""))
    result = {"type": "succeeded", "message": message(reply)}
    return json.dumps({"custom_id": request["custom_id"], "result": result})
