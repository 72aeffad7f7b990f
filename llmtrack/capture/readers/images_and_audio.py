"""Images and sound: made, changed, written down, spoken. Bytes are not kept, only what they were."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from decimal import Decimal
from typing import Any

from llmtrack.capture.readers import message_parts
from llmtrack.capture.readers.counts import doubt_of
from llmtrack.capture.readers.event_stream import Events
from llmtrack.capture.readers.json_values import count, dollars, objects, text
from llmtrack.capture.readers.openai_usage import read_cost, read_usage
from llmtrack.capture.readers.parsed_response import Dialect, ParsedResponse, failure
from llmtrack.pricing.usage import Usage

Json = dict[str, Any]


def _image(body: Json, parsed: ParsedResponse) -> None:
    parsed.response_model = text(body.get("model"))
    if body.get("error"):
        parsed.failure = failure(body["error"])
    reported = body.get("usage")
    if isinstance(reported, dict):
        parsed.reported = reported
        parsed.usage = read_usage(reported)
        if not parsed.request and parsed.usage.input_image_tokens is None:
            parsed.usage = replace(parsed.usage, uncounted=("input_image",))  # a form, most likely with pictures in it
        parsed.others = _drawing(body.get("svg_usage"))
        parsed.reported_cost = read_cost(reported)


def _drawing(drawn: Any) -> list[tuple[str, Usage]]:
    """The work of the model that wrote an SVG, which is counted apart."""
    name = text(drawn.get("model")) if isinstance(drawn, dict) else None
    if name is None:
        return []
    usage = Usage(
        input_tokens=count(drawn.get("input_tokens")),
        output_tokens=count(drawn.get("output_tokens")),
        reasoning_tokens=count(drawn.get("reasoning_tokens")),
        doubt=doubt_of(drawn, Usage()),
    )
    return [(name, usage)]


def _stream(events: Events, parsed: ParsedResponse) -> None:
    """Reads a stream of partial images, of the words of a recording, or of the sound of a text."""
    for index, event in enumerate(events.values):
        if not isinstance(event, dict):
            continue
        kind = event.get("type")
        if kind == "error" or event.get("error"):
            parsed.failure = failure(event)
            continue
        if parsed.first_output is None and isinstance(kind, str) and kind.endswith((".delta", "_image", ".completed")):
            parsed.first_output = index
        if isinstance(kind, str) and kind.endswith((".completed", ".done")):
            parsed.complete = True
            (_heard if kind.endswith(".done") else _image)(event, parsed)
    parsed.complete = parsed.complete or events.done


def _drawn(body: Json) -> list[Json]:
    parts = []
    form = f"image/{text(body.get('output_format')) or 'png'}"
    for image in objects(body.get("data")) or ([body] if "b64_json" in body else []):
        if text(image.get("b64_json")):
            parts.append(message_parts.media("image", image["b64_json"], form))
        elif text(image.get("url")):
            parts.append(message_parts.media("image", image["url"]))
        if text(image.get("revised_prompt")):
            parts.append(message_parts.text_part(image["revised_prompt"]))
    return [{"role": "assistant", "parts": parts}] if parts else []


def _picture(request: Json) -> list[Json]:
    prompt = request.get("prompt")
    return [{"role": "user", "parts": [message_parts.text_part(prompt)]}] if prompt else []


def _last_image(events: list[Any]) -> Json:
    images = [event for event in events if isinstance(event, dict) and "b64_json" in event]
    return images[-1] if images else {}


def _heard(body: Json, parsed: ParsedResponse) -> None:
    """Reads a transcription, or the end of spoken sound. Some models are billed by the second."""
    if body.get("error"):
        parsed.failure = failure(body["error"])
    parsed.response_model = text(body.get("model"))
    reported = body.get("usage")
    parsed.reported = reported if isinstance(reported, dict) else {}
    if isinstance(reported, dict) and reported.get("type") == "duration":
        parsed.usage = Usage(audio_seconds=_seconds(reported.get("seconds")))
    elif isinstance(reported, dict):
        parsed.usage = read_usage(reported)
    elif "duration" in body:
        parsed.usage = Usage(audio_seconds=_seconds(body["duration"]))


def _seconds(value: Any) -> Decimal | None:
    return dollars(value)


def _spoken(data: bytes | int | None, content_type: str, parsed: ParsedResponse) -> Json:
    """Reads an answer that is not JSON: the sound of a text, or a transcription as text or subtitles."""
    input = text(parsed.request.get("input"))
    if input is None:
        return {"text": data.decode("utf-8", "replace")} if isinstance(data, bytes) else {}
    if str(parsed.request.get("model")).startswith("tts-"):
        parsed.usage = Usage(characters=len(input))  # what these are billed by
    return {"audio": {"mime_type": content_type.partition(";")[0].strip() or None, "bytes": data}}


def _words(body: Json) -> list[Json]:
    audio = body.get("audio")
    if isinstance(audio, dict):
        data = audio.get("bytes")
        part = {"type": "blob", "modality": "audio", "mime_type": audio.get("mime_type")}
        if isinstance(data, bytes):
            part |= {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        elif data is not None:
            part["size"] = data
        return [{"role": "assistant", "parts": [part]}]
    spoken = body.get("text")
    return [{"role": "assistant", "parts": [message_parts.text_part(spoken)]}] if isinstance(spoken, str) else []


def _said_aloud(request: Json) -> list[Json]:
    made = [("system", request.get("instructions")), ("user", request.get("input"))]
    return [{"role": role, "parts": [message_parts.text_part(words)]} for role, words in made if words]


def _transcript(events: list[Any]) -> Json:
    """The words of a recording as far as they came, or the sound of a text."""
    pieces, sound, whole = list[str](), bytearray(), None
    for event in events:
        if not isinstance(event, dict):
            continue
        kind = event.get("type")
        if kind == "transcript.text.delta" and isinstance(event.get("delta"), str):
            pieces.append(event["delta"])
        elif kind == "transcript.text.done":
            whole = text(event.get("text")) or whole
        elif kind == "speech.audio.delta" and isinstance(event.get("audio"), str):
            sound += message_parts.from_base64(event["audio"])
    if sound:
        return {"audio": {"mime_type": None, "bytes": bytes(sound)}}
    return {"text": whole or "".join(pieces)} if whole or pieces else {}


IMAGES = Dialect(plain=_image, stream=_stream, assemble=_last_image, output=_drawn, input=_picture)
AUDIO = Dialect(plain=_heard, stream=_stream, assemble=_transcript, output=_words, input=_said_aloud, raw=_spoken)
