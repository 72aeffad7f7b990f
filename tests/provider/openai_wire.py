"""OpenAI's dialect: which path answers what, and the operations that are not text."""

from __future__ import annotations

import base64
from typing import Any

from tests.provider import openai_chat, openai_responses
from tests.provider.answer import Answer, sse
from tests.provider.faults import Wishes
from tests.provider.openai_chat import CREATED
from tests.provider.reply import reply_for

MODELS = ("gpt-4o", "gpt-4o-mini", "gpt-5", "gpt-image-1", "text-embedding-3-small")
PIXEL = base64.b64encode(b"not really a picture").decode()
SOUND = b"ID3 not really music"

ERROR_EVENT = sse({"error": {"message": "The server had an error.", "type": "server_error", "code": None}})
RESPONSES_ERROR_EVENT = sse(
    {"type": "error", "code": "server_error", "message": "The server had an error.", "param": None}, named=True
)


class OpenAIWire:
    """Answers OpenAI's paths, and remembers background responses until they are asked for."""

    dialect = "openai"

    def __init__(self) -> None:
        self._responses: dict[str, Any] = {}

    def answer(self, method: str, path: str, model: str, wishes: Wishes, body: dict[str, Any]) -> Answer | None:
        """The answer to a request that nothing goes wrong with; None for a path this API lacks."""
        kind = path.rpartition("/v1/")[2]
        if kind.startswith("responses"):
            return self._responses_api(method, kind.split("/")[1:], model, wishes, body)
        if kind == "models":
            listed = [{"id": name, "object": "model", "created": CREATED, "owned_by": "fake"} for name in MODELS]
            return Answer({"object": "list", "data": listed})
        for ending, make in _MAKERS.items():
            if path.endswith(ending):
                return make(model, wishes, body)
        return None

    def error_event(self, path: str) -> bytes:
        """An error in the middle of a stream."""
        return RESPONSES_ERROR_EVENT if path.endswith("/responses") else ERROR_EVENT

    def _responses_api(
        self, method: str, rest: list[str], model: str, wishes: Wishes, body: dict[str, Any]
    ) -> Answer | None:
        if not rest:
            id = f"resp_{len(self._responses) + 1}"
            self._responses[id] = reply_for(model, wishes, body)
            return openai_responses.create(model, wishes, body, id)
        reply = self._responses.get(rest[0])
        if reply is None or len(rest) > 2:
            return None
        if method == "POST":
            return Answer(openai_responses.response(reply, rest[0], "cancelled"))
        status = openai_responses.final_status(reply)
        return Answer(openai_responses.response(reply, rest[0], status))


def _embeddings(model: str, wishes: Wishes, body: dict[str, Any]) -> Answer:
    given = body.get("input")
    count = len(given) if isinstance(given, list) and given and not isinstance(given[0], int) else 1
    data = [{"object": "embedding", "index": i, "embedding": [0.1, 0.2]} for i in range(count)]
    usage = {"prompt_tokens": 8 * count, "total_tokens": 8 * count}
    return Answer({"object": "list", "model": model, "data": data, "usage": usage})


def _images(model: str, wishes: Wishes, body: dict[str, Any]) -> Answer:
    usage = {
        "input_tokens": 50,
        "input_tokens_details": {"text_tokens": 40, "image_tokens": 10},
        "output_tokens": 1056,
        "total_tokens": 1106,
    }
    if body.get("stream"):
        picture = {"b64_json": PIXEL, "created_at": CREATED, "size": "1024x1024", "quality": "low"}
        picture |= {"background": "opaque", "output_format": "png"}
        partial = {"type": "image_generation.partial_image", "partial_image_index": 0, **picture}
        whole = {"type": "image_generation.completed", "usage": usage, **picture}
        return Answer(events=[sse(partial, named=True), sse(whole, named=True)])
    answer: dict[str, Any] = {"created": CREATED, "data": [{"b64_json": PIXEL}] * int(body.get("n") or 1)}
    return Answer(answer if model.startswith("dall-e") else {**answer, "usage": usage})


def _transcription(model: str, wishes: Wishes, body: dict[str, Any]) -> Answer:
    details = {"text_tokens": 2, "audio_tokens": 12}
    tokens = {"input_tokens": 14, "input_token_details": details, "output_tokens": 5, "total_tokens": 19}
    by_time = {"type": "duration", "seconds": 3}
    usage = by_time if model.startswith("whisper") else {"type": "tokens", **tokens}
    if body.get("stream"):
        done = {"type": "transcript.text.done", "text": "Hello world", "usage": usage}
        return Answer(events=[sse({"type": "transcript.text.delta", "delta": "Hello world"}), sse(done)])
    return Answer({"text": "Hello world", "usage": usage})


def _speech(model: str, wishes: Wishes, body: dict[str, Any]) -> Answer:
    return Answer(SOUND, headers={"content-type": "audio/mpeg"})


def _moderations(model: str, wishes: Wishes, body: dict[str, Any]) -> Answer:
    result = {"flagged": False, "categories": {}, "category_scores": {}, "category_applied_input_types": {}}
    return Answer({"id": "modr-fake", "model": model or "omni-moderation-latest", "results": [result]})


_MAKERS = {
    "/chat/completions": openai_chat.chat,
    "/completions": openai_chat.completions,
    "/embeddings": _embeddings,
    "/images/generations": _images,
    "/images/edits": _images,
    "/images/variations": _images,
    "/audio/transcriptions": _transcription,
    "/audio/translations": _transcription,
    "/audio/speech": _speech,
    "/moderations": _moderations,
}
