"""What was asked and answered in a chat completion, as messages with parts."""

from __future__ import annotations

from typing import Any

from llmtrack.capture.readers import message_parts
from llmtrack.capture.readers.json_values import dig, objects

Json = dict[str, Any]

_JUST_WORDS = frozenset({"role", "content", "refusal", "name", "annotations"})
"""Members of a message that is text and nothing else."""


def input_messages(request: Json) -> list[Json]:
    """The messages of a request. A legacy completion's prompts are messages of the user."""
    if "messages" in request:
        return [_message(message) for message in objects(request["messages"])]
    prompt = request.get("prompt")
    prompts = prompt if isinstance(prompt, list) and prompt and not isinstance(prompt[0], int) else [prompt]
    return [{"role": "user", "parts": [_prompt(prompt)]} for prompt in prompts if prompt is not None]


def _prompt(prompt: Any) -> Json:
    return {"type": "tokens", "count": len(prompt)} if isinstance(prompt, list) else message_parts.text_part(prompt)


def output_messages(body: Json) -> list[Json]:
    """The choices of an answer, each a message."""
    return [_choice(choice) for choice in objects(body.get("choices"))]


def _choice(choice: Json) -> Json:
    message = choice.get("message")
    if isinstance(message, dict):
        made = _message(message)
    else:
        words = choice.get("text")
        made = {"role": "assistant", "parts": [message_parts.text_part(words)] if words else []}
    return {**made, "finish_reason": choice.get("finish_reason")}


def _message(message: Json) -> Json:
    role = message.get("role") or "assistant"
    made = {"role": role, "parts": _parts(message, role)}
    return {**made, "name": message["name"]} if message.get("name") and role != "function" else made


def _parts(message: Json, role: str) -> list[Json]:
    content = message.get("content")
    if role in ("tool", "function"):
        response = _contents(content) if isinstance(content, list) else content
        return [message_parts.tool_response(message.get("tool_call_id") or message.get("name"), response)]
    if type(content) is str and content and _JUST_WORDS.issuperset(message) and not message.get("refusal"):
        return [message_parts.text_part(content)]  # nearly always
    made: list[Json] = []
    thought = message.get("reasoning_content") or message.get("reasoning")
    if isinstance(thought, str):
        made.append(message_parts.reasoning_part(thought))
    if isinstance(content, list):
        made += _contents(content)
    elif content:
        made.append(message_parts.text_part(content))
    if message.get("refusal"):
        made.append(message_parts.refusal_part(message["refusal"]))
    made += [_audio_answer(message["audio"])] if isinstance(message.get("audio"), dict) else []
    made += [_content(image) for image in objects(message.get("images"))]
    made += [_call(call) for call in objects(message.get("tool_calls"))]
    if isinstance(message.get("function_call"), dict):
        call = message["function_call"]
        made.append(message_parts.tool_call(None, call.get("name"), call.get("arguments")))
    return made


def _contents(content: list[Any]) -> list[Json]:
    return [_content(part) if isinstance(part, dict) else message_parts.text_part(part) for part in content]


def _content(part: Json) -> Json:
    kind = part.get("type")
    if kind == "text":
        return message_parts.text_part(part.get("text"))
    if kind == "refusal":
        return message_parts.refusal_part(part.get("refusal"))
    if kind == "image_url":
        image = part.get("image_url")
        return message_parts.media("image", image.get("url") if isinstance(image, dict) else image)
    if kind == "input_audio":
        form = dig(part, "input_audio", "format")
        return message_parts.media("audio", dig(part, "input_audio", "data"), f"audio/{form}" if form else None)
    if kind == "file":
        file_id = dig(part, "file", "file_id")
        if file_id:
            return message_parts.file_part("file", file_id)
        made = message_parts.media("file", dig(part, "file", "file_data"))
        name = dig(part, "file", "filename")
        return {**made, "name": name} if name else made
    if kind == "thinking":  # Mistral's
        thought = part.get("thinking")
        return message_parts.reasoning_part("".join(str(piece.get("text") or "") for piece in objects(thought)))
    return message_parts.other(part)


def _audio_answer(audio: Json) -> Json:
    made = message_parts.media("audio", audio.get("data"))
    return {**made, "transcript": audio["transcript"]} if audio.get("transcript") else made


def _call(call: Json) -> Json:
    function = call.get("custom") if isinstance(call.get("custom"), dict) else call.get("function")
    arguments = dig(function, "arguments")
    return message_parts.tool_call(
        call.get("id"), dig(function, "name"), dig(function, "input") if arguments is None else arguments
    )


def assemble(events: list[Any]) -> Json:
    """The chat completion that the chunks `events` make up."""
    choices: dict[Any, Json] = {}
    for event in events:
        if not isinstance(event, dict):
            continue
        pieces = event.get("choices")
        for piece in pieces if type(pieces) is list else ():
            if type(piece) is not dict:
                continue
            index = piece.get("index") or 0
            choice = choices.get(index) if type(index) is int else None
            delta = piece.get("delta")
            if choice is not None and type(delta) is dict and len(delta) == 1 and type(delta.get("content")) is str:
                choice["content"].append(delta["content"])  # nearly every piece is just words
            else:
                choice = choices.setdefault(index if isinstance(index, (int, str)) else 0, _new_choice())
                if isinstance(delta, dict):
                    _extend(choice, delta)
                elif isinstance(piece.get("text"), str):  # a legacy completion; Together says it twice
                    choice.setdefault("texts", []).append(piece["text"])
            if piece.get("finish_reason"):
                choice["finish_reason"] = piece["finish_reason"]
    return {"choices": [_finish(choice) for choice in choices.values()]}


def _new_choice() -> Json:
    return {"finish_reason": None, "content": []}


def _extend(gathered: Json, delta: Json) -> None:
    """Takes the pieces of `delta` in. Texts are kept as lists of pieces until the end."""
    for key, value in delta.items():
        if value is None:
            continue
        if key in ("content", "refusal", "reasoning_content", "reasoning"):
            gathered.setdefault(key, []).append(value)
        elif key == "tool_calls":
            for call in objects(value):
                _extend_call(gathered.setdefault("calls", {}), call)
        elif key == "function_call" and isinstance(value, dict):
            _extend_call(gathered.setdefault("function", {}), {"index": 0, "function": value})
        elif key == "audio" and isinstance(value, dict):
            audio = gathered.setdefault("audio", {})
            for name, piece in value.items():
                if isinstance(piece, str) and name in ("data", "transcript"):
                    audio.setdefault(name, []).append(piece)
        elif key == "images":
            gathered.setdefault("images", []).extend(objects(value))
        elif key == "role":
            gathered["role"] = value


def _extend_call(calls: dict[Any, Json], piece: Json) -> None:
    """A piece of a tool call belongs to the call with its index; without one, to that with its id, else to the last."""
    key = piece.get("index")
    if not isinstance(key, int):
        key = piece.get("id") or (next(reversed(calls)) if calls else 0)
        if not isinstance(key, (int, str)):
            key = 0
    call = calls.setdefault(key, {"id": None, "name": [], "arguments": []})
    call["id"] = call["id"] or piece.get("id")
    function = piece.get("custom") if isinstance(piece.get("custom"), dict) else piece.get("function")
    for name, field in (("name", "name"), ("arguments", "arguments"), ("input", "arguments")):
        value = dig(function, name)
        if isinstance(value, str):
            call[field].append(value)
        elif isinstance(value, dict):  # whole at once, as some look-alikes send it
            call[field] = [message_parts.as_json(value)]


def _finish(gathered: Json) -> Json:
    made: Json = {"finish_reason": gathered["finish_reason"]}
    if "texts" in gathered:
        return {**made, "text": "".join(gathered["texts"])}
    message: Json = {"role": gathered.get("role") or "assistant"}
    for key in ("refusal", "reasoning_content", "reasoning"):
        message[key] = "".join(piece for piece in gathered.get(key, ()) if isinstance(piece, str)) or None
    content = gathered["content"]
    if all(isinstance(piece, str) for piece in content):
        message["content"] = "".join(content)
    else:
        message["content"] = _joined(content)
    if "audio" in gathered:
        message["audio"] = {
            "data": message_parts.joined_base64(gathered["audio"].get("data", [])),
            "transcript": "".join(gathered["audio"].get("transcript", [])),
        }
    if "images" in gathered:
        message["images"] = gathered["images"]
    message["tool_calls"] = [_whole_call(call) for call in gathered.get("calls", {}).values()]
    for call in gathered.get("function", {}).values():
        message["function_call"] = _whole_call(call)["function"]
    return {**made, "message": message}


def _joined(pieces: list[Any]) -> list[Any]:
    """Content that comes as lists of parts: texts that follow one another are one."""
    flat: list[Any] = []
    for piece in pieces:
        for part in piece if isinstance(piece, list) else [{"type": "text", "text": piece}]:
            last = flat[-1] if flat else None
            if isinstance(last, dict) and isinstance(part, dict) and last.get("type") == part.get("type") == "text":
                flat[-1] = {"type": "text", "text": f"{last.get('text') or ''}{part.get('text') or ''}"}
            else:
                flat.append(part)
    return flat


def _whole_call(call: Json) -> Json:
    return {"id": call["id"], "function": {"name": "".join(call["name"]), "arguments": "".join(call["arguments"])}}
