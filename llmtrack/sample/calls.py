"""One made-up call: how long it took, what it used, how it ended."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmtrack.ids import first_at
from llmtrack.ledger.records import Generation
from llmtrack.pricing.usage import Usage
from llmtrack.sample import texts
from llmtrack.sample.cast import EMBEDDING, Feature, Model, Person

SECOND = 1_000_000

_ERRORS: Mapping[str, tuple[int | None, dict[str, str], str]] = {
    # type: HTTP status, the provider's code by provider, what it says
    "rate_limit": (429, {"openai": "rate_limit_exceeded", "anthropic": "rate_limit_error"}, "Rate limit reached."),
    "overloaded": (529, {"openai": "overloaded", "anthropic": "overloaded_error"}, "Overloaded"),
    "server": (500, {"openai": "server_error", "anthropic": "api_error"}, "Internal server error"),
    "timeout": (None, {}, "Request timed out."),
    "connection": (None, {}, "Connection error."),
    "context_length": (400, {"openai": "context_length_exceeded"}, "The prompt is longer than the model can take."),
    "invalid_request": (400, {"openai": "invalid_value", "anthropic": "invalid_request_error"}, "Invalid value."),
    "content_filter": (400, {"openai": "content_filter"}, "The prompt was flagged by the content filter."),
    "authentication": (401, {"openai": "invalid_api_key", "anthropic": "authentication_error"}, "Incorrect API key."),
}
_USUAL_ERRORS = [*["rate_limit"] * 6, *["timeout"] * 4, *["overloaded"] * 3, *["server"] * 3]
_USUAL_ERRORS += ["connection", "context_length", "context_length", "invalid_request", "content_filter"]
_RETRIED = ("rate_limit", "overloaded", "server", "timeout", "connection")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call belongs."""

    person: Person
    feature: Feature
    trace_id: str
    session_id: str | None = None
    span_id: int | None = None
    question: int = 0
    """Number of the feature's text that is used."""


class Calls:
    """Makes generations, the same ones for the same random numbers."""

    def __init__(self, random: random.Random) -> None:
        self.random = random

    def new_id(self, at: int) -> int:
        """An id as `llmtrack.ids` makes them, but from our own random numbers."""
        return first_at(at) | self.random.getrandbits(12)

    def usual(self, at: int, place: Place, model: Model, *, history: int = 0, slower: float = 1) -> Generation:
        """A call as they mostly are; a few fail, are stopped, abandoned or cut off. `history` adds input tokens."""
        made = self.completed(at, place, model, history=history, slower=slower)
        fate = self.random.random()
        if fate < 0.013:
            return self.failed(at, place, model, self.random.choice(_USUAL_ERRORS))
        if place.feature.streamed and fate < 0.045:
            self._cut_short(made, "cancelled" if fate < 0.039 else "abandoned")
        elif fate > 0.993:
            made.status, made.finish_reason = "incomplete", "length" if model.provider == "openai" else "max_tokens"
        elif fate > 0.98:
            made.attempts = 2
        return made

    def completed(
        self, at: int, place: Place, model: Model, *, history: int = 0, input_tokens: int = 0, slower: float = 1
    ) -> Generation:
        """A call that was answered, with so much input or about as much as the feature needs."""
        feature, rng = place.feature, self.random
        given = input_tokens or history + max(12, round(rng.lognormvariate(0, 0.45) * feature.input_tokens))
        written = max(3, round(rng.lognormvariate(0, 0.6) * feature.output_tokens))
        reasoning = round(written * rng.uniform(0.5, 2)) if model.reasons else None
        first = model.first_token * rng.lognormvariate(0, 0.35) * slower
        whole = first + (written + (reasoning or 0)) / model.pace * rng.lognormvariate(0, 0.2) * slower
        made = self._generation(at, place, model, "chat", "ok")
        made.streamed = feature.streamed
        made.usage = self._usage(feature, model, given, written + (reasoning or 0), reasoning)
        made.duration = round(whole * SECOND)
        made.time_to_first_token = round(first * SECOND) if feature.streamed else None
        made.finish_reason = "stop" if model.provider != "anthropic" else "end_turn"
        made.http_status = 200
        made.input, made.output = _conversation(place)
        return made

    def embedding(self, at: int, place: Place) -> Generation:
        """A question turned into numbers, to look something up."""
        made = self._generation(at, place, EMBEDDING, "embeddings", "ok")
        made.usage = Usage(input_tokens=self.random.randint(8, 60))
        made.duration = round(EMBEDDING.first_token * self.random.lognormvariate(0, 0.3) * SECOND)
        made.http_status = 200
        return made

    def failed(self, at: int, place: Place, model: Model, error_type: str) -> Generation:
        """A call that the provider answered with an error."""
        made = self._generation(at, place, model, "chat", "error")
        status, codes, message = _ERRORS[error_type]
        made.http_status, made.error_type, made.error_code = status, error_type, codes.get(model.provider)
        made.error_message = message
        made.attempts = 3 if error_type in _RETRIED else 1
        seconds = 60 if error_type == "timeout" else self.random.uniform(0.1, 2) * made.attempts
        made.duration = round(seconds * SECOND)
        made.streamed = place.feature.streamed
        made.response_model = None
        made.input, _ = _conversation(place)
        return made

    def refused(self, at: int, place: Place, model: Model) -> Generation:
        """A call that a limit stopped before it was sent."""
        made = self._generation(at, place, model, "chat", "refused")
        made.error_type, made.error_message = "refused", "The monthly limit of grace is spent."
        made.attempts, made.response_model = 0, None
        made.input, _ = _conversation(place)
        return made

    def _generation(self, at: int, place: Place, model: Model, operation: str, status: str) -> Generation:
        return Generation(
            id=self.new_id(at),
            started_at=at,
            provider=model.provider,
            operation=operation,
            status=status,
            request_model=model.name,
            response_model=model.served,
            user_id=place.person.name,
            session_id=place.session_id,
            trace_id=place.trace_id,
            span_id=place.span_id,
            feature=place.feature.name,
            group=place.person.group,
            properties={"release": "2.1" if at // SECOND % 2 else "2.0"},
        )

    def _usage(self, feature: Feature, model: Model, given: int, written: int, reasoning: int | None) -> Usage:
        warm = feature.cached and self.random.random() < 0.85
        cache_read = round(given * feature.cached) if warm else 0
        writes = feature.cached and not warm and model.provider == "anthropic"
        cache_write = round(given * feature.cached) if writes else 0
        return Usage(
            input_tokens=given,
            output_tokens=written,
            cache_read_tokens=cache_read,
            cache_write_tokens=cache_write if model.provider == "anthropic" else None,
            reasoning_tokens=reasoning,
        )

    def _cut_short(self, made: Generation, status: str) -> None:
        """Cuts an answer short, as if it was stopped; its tokens become an estimate."""
        part = self.random.uniform(0.1, 0.8)
        made.status, made.finish_reason, made.usage_estimated = status, None, True
        made.duration = round((made.duration or 0) * part)
        made.time_to_first_token = min(made.time_to_first_token or 0, made.duration)
        made.usage = Usage(
            input_tokens=made.usage.input_tokens,
            output_tokens=max(1, round((made.usage.output_tokens or 0) * part)),
            cache_read_tokens=made.usage.cache_read_tokens,
            cache_write_tokens=made.usage.cache_write_tokens,
        )
        for message in made.output or ():
            for text in message["parts"]:
                text["content"] = text["content"][: max(1, round(len(text["content"]) * part))]


def _conversation(place: Place) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    dialogues = texts.TEXTS[place.feature.name]
    question, answer = dialogues[place.question % len(dialogues)]
    messages = [_message("user", question)]
    if place.feature.name in texts.SYSTEM:
        messages.insert(0, _message("system", texts.SYSTEM[place.feature.name]))
    return messages, [_message("assistant", answer)]


def _message(role: str, content: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": content}]}
