"""Endpoints that answer in one piece: embeddings."""

from __future__ import annotations

from typing import Any

from llmtrack.capture.reading import parts
from llmtrack.capture.reading.openai_usage import read_cost, read_usage
from llmtrack.capture.reading.said import Dialect, Said, failure
from llmtrack.capture.reading.values import text

Json = dict[str, Any]


def _plain(body: Json, said: Said) -> None:
    said.model = text(body.get("model"))
    said.id = text(body.get("id"))
    if body.get("error"):
        said.failure = failure(body["error"])
    reported = body.get("usage")
    if isinstance(reported, dict):
        said.usage = read_usage(reported)
        said.cost = read_cost(reported)


def _asked(request: Json) -> list[Json]:
    """What is to be embedded: a text, texts, tokens, or lists of tokens."""
    asked = request.get("input")
    several = asked if isinstance(asked, list) and asked and not isinstance(asked[0], int) else [asked]
    return [{"role": "user", "parts": [_input(one)]} for one in several if one is not None]


def _input(one: Any) -> Json:
    if isinstance(one, list):
        return {"type": "tokens", "count": len(one)}
    return parts.text_part(one) if isinstance(one, str) else parts.other(one if isinstance(one, dict) else {})


EMBEDDINGS = Dialect(plain=_plain, input=_asked)
