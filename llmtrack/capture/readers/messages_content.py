"""What was asked and answered in Anthropic's Messages, as messages with parts."""

from __future__ import annotations

from typing import Any

from llmtrack.capture.readers import message_parts
from llmtrack.capture.readers.event_stream import load
from llmtrack.capture.readers.json_values import dig, objects, text

Json = dict[str, Any]


def input_messages(request: Json) -> list[Json]:
    """The system prompt and the messages of a request."""
    made: list[Json] = []
    if request.get("system"):
        made.append({"role": "system", "parts": _blocks(request["system"])})
    for message in objects(request.get("messages")):
        made.append({"role": message.get("role") or "user", "parts": _blocks(message.get("content"))})
    if not made and isinstance(request.get("prompt"), str):
        made.append({"role": "user", "parts": [message_parts.text_part(request["prompt"])]})
    return made


def output_messages(body: Json) -> list[Json]:
    """The one message of an answer."""
    content = _blocks(body.get("content"))
    reason = text(body.get("stop_reason"))
    if not content and not reason:
        return []
    return [{"role": body.get("role") or "assistant", "parts": content, "finish_reason": reason}]


def _blocks(content: Any) -> list[Json]:
    if isinstance(content, str):
        return [message_parts.text_part(content)] if content else []
    return [_block(block) for block in objects(content)]


def _block(block: Json) -> Json:
    kind = block.get("type")
    if kind == "text":
        return message_parts.text_part(block.get("text"))
    if kind == "thinking":
        return message_parts.reasoning_part(str(block.get("thinking") or ""))
    if kind == "redacted_thinking":
        return message_parts.reasoning_part("")
    if kind in ("tool_use", "server_tool_use", "mcp_tool_use"):
        form = "tool_call" if kind == "tool_use" else "server_tool_call"
        return message_parts.tool_call(block.get("id"), block.get("name"), block.get("input"), kind=form)
    if kind in ("image", "document"):
        made = _source(kind, block.get("source"))
        return {**made, "name": block["title"]} if block.get("title") else made
    if isinstance(kind, str) and kind.endswith("tool_result"):
        content = block.get("content")
        form = "tool_call_response" if kind == "tool_result" else "server_tool_call_response"
        shown = [_result(part) for part in content] if isinstance(content, list) else content
        return message_parts.tool_response(block.get("tool_use_id"), shown, kind=form)
    return message_parts.other(block)


def _result(part: Any) -> Any:
    """A part of what a tool gave back. Search results carry long encrypted text that says nothing to us."""
    if not isinstance(part, dict):
        return part
    if part.get("type") in ("text", "image", "document"):
        return _block(part)
    return {key: value for key, value in part.items() if key != "encrypted_content"}


def _source(kind: str, source: Any) -> Json:
    modality = "image" if kind == "image" else "file"
    form = dig(source, "type")
    if form == "url":
        return message_parts.media(modality, dig(source, "url"))
    if form == "file":
        return message_parts.file_part(modality, dig(source, "file_id"))
    if form == "text":
        return message_parts.text_part(dig(source, "data"))
    if form == "content":
        return {"type": "document", "content": _blocks(dig(source, "content"))}
    return message_parts.media(modality, dig(source, "data"), text(dig(source, "media_type")))


def assemble(events: list[Any]) -> Json:
    """The message that `events` make up, as far as they came."""
    message: Json = {}
    blocks: dict[Any, Json] = {}
    pieces: dict[tuple[Any, str], list[str]] = {}
    for event in events:
        if not isinstance(event, dict):
            continue
        kind, at = event.get("type"), event.get("index")
        if kind == "message_start" and isinstance(event.get("message"), dict):
            message = dict(event["message"])
        elif kind == "message_delta" and isinstance(event.get("delta"), dict):
            message["stop_reason"] = event["delta"].get("stop_reason") or message.get("stop_reason")
        elif kind == "content_block_start" and isinstance(event.get("content_block"), dict):
            blocks[_key(at)] = dict(event["content_block"])
        elif kind == "content_block_delta" and isinstance(event.get("delta"), dict):
            for name in ("text", "thinking", "partial_json"):
                piece = event["delta"].get(name)
                if isinstance(piece, str):
                    pieces.setdefault((_key(at), name), []).append(piece)
    for (at, name), texts in pieces.items():
        _fill(blocks.setdefault(at, {"type": "thinking" if name == "thinking" else "text"}), name, "".join(texts))
    return {**message, "content": list(blocks.values())}


def _key(index: Any) -> Any:
    return index if isinstance(index, int) else 0


def _fill(block: Json, name: str, joined: str) -> None:
    if name == "partial_json":
        parsed = load(joined.encode("utf-8", "replace")) if joined else None
        block["input"] = joined if parsed is None else parsed
    else:
        block[name] = (text(block.get(name)) or "") + joined
