"""Calls that another program made: taken in as if they had been seen here, and priced by the writer like all others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from llmtrack.capture.journal import stored_generation
from llmtrack.capture.readers import READERS, Exchange, Reading, read
from llmtrack.capture.tracker import Tracker, default_tracker
from llmtrack.ledger.records import Generation
from llmtrack.masking import mask
from llmtrack.pricing.providers import provider_id

_WIRES = {"chat.completion": "openai.chat", "text_completion": "openai.completions", "response": "openai.responses"}
"""How an answer is read, by the name of its kind that it carries (`object`)."""


def record_generation(generation: Generation, *, tracker: Tracker | None = None) -> bool:
    """Records a generation; returns whether it is kept, be it in the journal or in memory.

    Its texts are kept, redacted or left out as those of a tracked call, before anything reaches the disk.
    """
    tracker = tracker or default_tracker()
    content = tracker.content
    if content != "on":
        from llmtrack.capture.journal.redact import redacted, without_text

        texts_left = redacted(generation, content, tracker.health) if callable(content) else without_text(generation)
        generation = texts_left
    elif generation.error_message is not None:
        generation = replace(generation, error_message=mask(generation.error_message))
    return tracker.record("generation", **stored_generation.stored(generation))


def wire_of(response: Mapping[str, Any]) -> str | None:
    """The reader for a provider's answer, by what it calls itself; None where it says nothing."""
    if response.get("type") == "message":
        return "anthropic.messages"
    kind = response.get("object")
    if kind == "list" and "data" in response:
        return "openai.embeddings"
    return _WIRES.get(kind) if isinstance(kind, str) else None


def reading_of(response: Mapping[str, Any], request: Mapping[str, Any] | None, wire: str, provider: str) -> Reading:
    """What a provider's answer says, read as a tracked call's. Raises ValueError for a `wire` there is not."""
    if wire not in READERS:
        raise ValueError(f"There is no wire {wire!r}; choose one of {', '.join(READERS)}.")
    exchange = Exchange(
        request=None if request is None else json.dumps(request).encode(),
        response=json.dumps(response).encode(),
        content_type="application/json",
        http_status=200,
        provider=provider_id(provider),
    )
    return read(wire, exchange, content=True)
