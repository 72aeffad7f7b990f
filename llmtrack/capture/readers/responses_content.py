"""What was asked and answered in a response, as messages with parts."""

from __future__ import annotations

from typing import Any

from llmtrack.capture.readers import message_parts
from llmtrack.capture.readers.json_values import dig, objects, text

Json = dict[str, Any]


def input_messages(request: Json) -> list[Json]:
    """The instructions and the input of a request. What lies in an earlier response is not sent again and not shown."""
    made: list[Json] = []
    if request.get("instructions"):
        made.append({"role": "system", "parts": [message_parts.text_part(request["instructions"])]})
    input = request.get("input")
    if isinstance(input, str):
        made.append({"role": "user", "parts": [message_parts.text_part(input)]})
    for item in objects(input):
        made.append(_item(item))
    return made


def output_messages(body: Json) -> list[Json]:
    """The output items of an answer: one message of the assistant."""
    items = [part for item in objects(body.get("output")) for part in _item(item)["parts"]]
    if not items:
        return []
    reason = text(dig(body, "incomplete_details", "reason")) or text(body.get("status"))
    return [{"role": "assistant", "parts": items, "finish_reason": reason}]


def _item(item: Json) -> Json:
    kind = item.get("type") or "message"
    if kind == "message":
        content = item.get("content")
        made = [_content(part) for part in objects(content)]
        if isinstance(content, str):
            made = [message_parts.text_part(content)]
        return {"role": item.get("role") or "assistant", "parts": made}
    if kind in ("function_call", "custom_tool_call"):
        arguments = item.get("arguments") if kind == "function_call" else item.get("input")
        return {
            "role": "assistant",
            "parts": [message_parts.tool_call(item.get("call_id"), item.get("name"), arguments)],
        }
    if isinstance(kind, str) and kind.endswith("_output") and "call_id" in item:
        given = item.get("output")
        shown = [_content(part) for part in objects(given)] if isinstance(given, list) else given
        return {"role": "tool", "parts": [message_parts.tool_response(item["call_id"], shown)]}
    if kind == "reasoning":
        thoughts = objects(item.get("summary")) + objects(item.get("content"))
        made = [message_parts.reasoning_part(str(thought.get("text") or "")) for thought in thoughts]
        return {"role": "assistant", "parts": made}
    if kind == "image_generation_call":
        form = text(item.get("output_format")) or "png"
        shown = (
            [message_parts.media("image", item["result"], f"image/{form}")]
            if isinstance(item.get("result"), str)
            else []
        )
        return {"role": "assistant", "parts": shown}
    item = {key: value for key, value in item.items() if key != "encrypted_content"}
    return {"role": "assistant", "parts": [message_parts.other(item)]}


def _content(part: Json) -> Json:
    kind = part.get("type")
    if kind in ("input_text", "output_text", "text", "summary_text"):
        return message_parts.text_part(part.get("text"))
    if kind == "refusal":
        return message_parts.refusal_part(part.get("refusal"))
    if kind in ("input_image", "computer_screenshot"):
        if part.get("file_id"):
            return message_parts.file_part("image", part["file_id"])
        url = part.get("image_url")
        return message_parts.media("image", url.get("url") if isinstance(url, dict) else url)
    if kind == "input_audio":
        form = dig(part, "input_audio", "format")
        return message_parts.media("audio", dig(part, "input_audio", "data"), f"audio/{form}" if form else None)
    if kind == "input_file":
        if part.get("file_id"):
            return message_parts.file_part("file", part["file_id"])
        made = message_parts.media("file", part.get("file_url") or part.get("file_data"))
        return {**made, "name": part["filename"]} if part.get("filename") else made
    return message_parts.other(part)


def assemble(events: list[Any]) -> Json:
    """The response that `events` make up: that of the last event if it has output, else the pieces that came."""
    items: dict[Any, Json] = {}
    pieces: dict[tuple[Any, str, Any], list[str]] = {}
    whole: Json = {}
    for event in events:
        if not isinstance(event, dict):
            continue
        kind, at = event.get("type"), event.get("output_index")
        if not isinstance(at, int):
            at = 0
        if isinstance(event.get("response"), dict):
            whole = event["response"]
        if isinstance(event.get("item"), dict):
            items[at] = event["item"]
            if kind == "response.output_item.done":
                pieces = {key: value for key, value in pieces.items() if key[0] != at}
        elif isinstance(event.get("delta"), str) and isinstance(kind, str):
            inner = event.get("content_index", event.get("summary_index"))
            pieces.setdefault((at, kind, inner if isinstance(inner, int) else 0), []).append(event["delta"])
    if whole.get("output"):
        return whole
    output = [items[at] for at in items if not any(key[0] == at for key in pieces)]
    for (at, kind, _), texts in pieces.items():
        output.append(_piece(items.get(at) or {}, kind, "".join(texts)))
    return {**whole, "output": output}


def _piece(item: Json, kind: str, joined: str) -> Json:
    """An item of which only pieces came."""
    if "function_call_arguments" in kind or "mcp_call_arguments" in kind:
        return {"type": "function_call", "call_id": item.get("call_id"), "name": item.get("name"), "arguments": joined}
    if "custom_tool_call_input" in kind:
        return {"type": "custom_tool_call", "call_id": item.get("call_id"), "name": item.get("name"), "input": joined}
    if "reasoning" in kind:
        return {"type": "reasoning", "content": [{"type": "text", "text": joined}]}
    if "refusal" in kind:
        return {"type": "message", "content": [{"type": "refusal", "refusal": joined}]}
    if "code_interpreter" in kind:
        return {"type": "code_interpreter_call", "code": joined}
    return {"type": "message", "content": [{"type": "output_text", "text": joined}]}
