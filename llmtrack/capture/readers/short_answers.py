"""Endpoints that answer in one short piece: embeddings, moderations, decisions, token counts, batches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from llmtrack.capture.readers import message_parts
from llmtrack.capture.readers.json_values import count, dig, objects, text
from llmtrack.capture.readers.openai_usage import read_cost, read_usage
from llmtrack.capture.readers.parsed_response import Dialect, ParsedResponse, failure
from llmtrack.capture.readers.responses_content import input_messages

Json = dict[str, Any]


def plain(body: Json, parsed: ParsedResponse) -> None:
    """Reads an answer that says which model made it and what it used, if it says so much."""
    parsed.response_model = text(body.get("model"))
    parsed.response_id = text(body.get("id"))
    if body.get("error"):
        parsed.failure = failure(body["error"])
    reported = body.get("usage")
    if isinstance(reported, dict):
        parsed.reported = reported
        parsed.usage = read_usage(reported)
        parsed.reported_cost = read_cost(reported)


def _embedded(body: Json, parsed: ParsedResponse) -> None:
    """Reads embeddings. Voyage and Jina report a total and no more: all of it is input, as nothing else is counted."""
    plain(body, parsed)
    total = count(dig(body, "usage", "total_tokens"))
    if total is not None and parsed.usage.input_tokens is None:
        parsed.usage = replace(parsed.usage, input_tokens=total)
        parsed.estimated = ("input_tokens",)


def input_texts(request: Json) -> list[Json]:
    """What is to be looked at: a text, texts, tokens, lists of tokens, or parts of other kinds."""
    given = request.get("input")
    several = given if isinstance(given, list) and given and not isinstance(given[0], int) else [given]
    return [{"role": "user", "parts": [_input(item)]} for item in several if item is not None]


def _input(item: Any) -> Json:
    if isinstance(item, list):
        return {"type": "tokens", "count": len(item)}
    if not isinstance(item, dict):
        return message_parts.text_part(item)
    if item.get("type") == "image_url":
        return message_parts.media("image", dig(item, "image_url", "url"))
    return message_parts.text_part(item.get("text")) if item.get("type") == "text" else message_parts.other(item)


def _vectors(body: Json) -> list[Json]:
    """Not the vectors, only how many there are and how long they are, where they can be counted."""
    vectors = objects(body.get("data"))
    part: Json = {"type": "embeddings", "count": len(vectors)}
    first = vectors[0].get("embedding") if vectors else None
    if isinstance(first, list):
        part["dimensions"] = len(first)
    return [{"role": "assistant", "parts": [part]}] if vectors else []


def _filmed(body: Json) -> list[Json]:
    """What a film is to be: its making goes on, and nobody counts tokens."""
    part = {"type": "video", "id": body.get("id"), "seconds": body.get("seconds"), "size": body.get("size")}
    return [{"role": "assistant", "parts": [part]}] if body.get("id") else []


def _film(request: Json) -> list[Json]:
    prompt = text(request.get("prompt"))
    return [{"role": "user", "parts": [message_parts.text_part(prompt)]}] if prompt else []


def _judged(body: Json) -> list[Json]:
    """Each result of a moderation: flagged or not, and for what."""
    made = []
    for result in objects(body.get("results")):
        categories = result.get("categories")
        flagged = sorted(name for name, is_it in categories.items() if is_it) if isinstance(categories, dict) else []
        part = {"type": "moderation", "flagged": result.get("flagged"), "categories": flagged}
        made.append({"role": "assistant", "parts": [part]})
    return made


def _decided(body: Json) -> list[Json]:
    answers = [message_parts.other(answer) for answer in objects(body.get("answers"))]
    return [{"role": "assistant", "parts": answers}] if answers else []


def _counted(body: Json, parsed: ParsedResponse) -> None:
    """Counting tokens uses none, so what it counts is an answer and no usage."""
    if body.get("error"):
        parsed.failure = failure(body)


def _count(body: Json) -> list[Json]:
    part = {"type": "token_count", "input_tokens": body.get("input_tokens")}
    return [{"role": "assistant", "parts": [part]}] if "input_tokens" in body else []


def _batched(body: Json, parsed: ParsedResponse) -> None:
    """A batch that was handed in. What it used is told in a file when it is done."""
    parsed.response_id = text(body.get("id"))
    models = _models(parsed.request)
    parsed.request_model = models[0] if len(models) == 1 else None
    if body.get("error"):
        parsed.failure = failure(body)


def _batch(request: Json) -> list[Json]:
    """How many requests a batch holds, and for which models; not the requests."""
    part = {"type": "batch", "requests": len(objects(request.get("requests"))), "models": _models(request)}
    return [{"role": "user", "parts": [part]}]


def _models(request: Json) -> list[str]:
    requests = objects(request.get("requests"))
    return sorted({name for item in requests if (name := text(dig(item, "params", "model")))})


EMBEDDINGS = Dialect(plain=_embedded, input=input_texts, output=_vectors)
MODERATIONS = Dialect(plain=plain, input=input_texts, output=_judged)
DECISIONS = Dialect(plain=plain, input=input_messages, output=_decided)
VIDEOS = Dialect(plain=plain, input=_film, output=_filmed)
COUNTS = Dialect(plain=_counted, output=_count)
BATCHES = Dialect(plain=_batched, input=_batch)
