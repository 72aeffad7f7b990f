"""The simulated provider's side of both protocols: a request's JSON in, a status, headers and timed bytes out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from llmtrack.chat.demo import anthropic_side, openai_side
from llmtrack.chat.demo.simulated_answer import SimulatedAnswer, simulate
from llmtrack.chat.demo.simulated_models import BY_NAME, MODELS, DemoModel

_THINK_BEFORE = 24  # tokens' worth of time until the first one

Frames = Iterator[tuple[float, bytes]]


@dataclass(frozen=True, slots=True)
class Response:
    """What goes back: `frames` are (seconds since the start, bytes)."""

    status: int
    frames: Frames
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    drops: bool = False
    """The connection is lost when the frames end."""


def respond(method: str, path: str, body: bytes, rate: float, silence: float) -> Response:
    """Answer one HTTP request at `rate` tokens a second; `silence` is how long `demo-silent` waits, in seconds."""
    anthropic = "/messages" in path
    if method == "GET":
        return _json(200, {"object": "list", "data": [_listed(model) for model in MODELS], "has_more": False})
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return _refusal(anthropic, 400, "invalid_request_error", "The request's body is not JSON.")
    model = BY_NAME.get(str(request.get("model")))
    if model is None or model.dialect != ("anthropic" if anthropic else "openai"):
        words = f"The simulated provider has no model {request.get('model')!r} here."
        return _refusal(anthropic, 404, "not_found_error" if anthropic else "invalid_request_error", words)
    answer = simulate(request, model)
    if path.endswith("/count_tokens"):
        return _json(200, {"input_tokens": answer.input_tokens})
    wait = {"retry-after-ms": str(max(1, int(18_000 / rate)))}
    if model.fails == "rate-limited":
        words = "Simulated rate limit: 3 requests a minute are allowed, and this was the fourth."
        return _refusal(anthropic, 429, "requests", words, code="rate_limit_exceeded", headers=wait)
    if model.fails == "overloaded":
        return _refusal(anthropic, 529, "overloaded_error", "Overloaded (simulated)", headers=wait)
    pace = _Pace(rate * model.pace, silence if model.fails == "silent" else 0.0)
    if request.get("stream"):
        frames = (anthropic_side.events if anthropic else openai_side.events)(answer, request)
        if model.fails == "drops":
            frames = _first_half(frames, answer.output_tokens)
        return Response(200, pace.timed(frames), _headers(answer), "text/event-stream", drops=model.fails == "drops")
    whole = (anthropic_side.message if anthropic else openai_side.completion)(answer)
    frame = iter([(pace.at(answer.output_tokens), json.dumps(whole).encode())])
    return Response(200, frame, _headers(answer), drops=model.fails == "drops")


@dataclass(frozen=True, slots=True)
class _Pace:
    rate: float
    silence: float

    def at(self, token: int) -> float:
        return self.silence + (_THINK_BEFORE + token) / self.rate

    def timed(self, frames: Iterator[tuple[int, bytes]]) -> Frames:
        """Frames by token number become frames by time. What comes before the first token comes at once."""
        for token, frame in frames:
            yield (self.at(token) if token else self.silence), frame


def _first_half(frames: Iterator[tuple[int, bytes]], whole: int) -> Iterator[tuple[int, bytes]]:
    for token, frame in frames:
        if token > whole // 2:
            return
        yield token, frame


def _headers(answer: SimulatedAnswer) -> dict[str, str]:
    return {"x-request-id": f"req-{answer.id}", "request-id": f"req-{answer.id}"}


def _json(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status, iter([(0.0, json.dumps(body).encode())]), headers or {})


def _refusal(
    anthropic: bool,
    status: int,
    kind: str,
    words: str,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    error: dict[str, Any] = {"type": kind, "message": words}
    if anthropic:
        return _json(status, {"type": "error", "error": error}, headers)
    return _json(status, {"error": error | {"param": None, "code": code}}, headers)


def _listed(model: DemoModel) -> dict[str, Any]:
    return {
        "id": model.name,
        "object": "model",
        "type": "model",
        "created": 0,
        "owned_by": "demo",
        "display_name": model.name,
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "active",
    }
