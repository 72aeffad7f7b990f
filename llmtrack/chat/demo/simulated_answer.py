"""One simulated answer, complete with its token counts, before either protocol puts it on the wire."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmtrack.chat.demo import script, tokens
from llmtrack.chat.demo.simulated_models import DemoModel

_CACHE_FROM = 1024  # tokens; a repeated beginning shorter than this is not cached, as at OpenAI
_CACHE_STEP = 128


@dataclass(frozen=True, slots=True)
class SimulatedAnswer:
    """One answer, complete before a byte of it is sent."""

    model: DemoModel
    id: str
    thoughts: list[str]
    words: list[str]
    cut: bool
    input_tokens: int
    cached_tokens: int

    @property
    def output_tokens(self) -> int:
        return len(self.thoughts) + len(self.words)


def simulate(request: Mapping[str, Any], model: DemoModel) -> SimulatedAnswer:
    messages = request.get("messages") if isinstance(request.get("messages"), list) else []
    input_tokens = 3 + tokens.of_messages(messages or []) + tokens.of_content(request.get("system"))
    before = tokens.of_messages((messages or [])[:-1])
    cached = before // _CACHE_STEP * _CACHE_STEP if model.dialect == "openai" and before >= _CACHE_FROM else 0
    limit = request.get("max_completion_tokens") or request.get("max_tokens")
    thoughts = tokens.pieces(script.reasoning(request)) if model.thinks else []
    words = [] if model.fails == "empty" else tokens.pieces(script.answer(request, brief=model.pace > 2))
    most = int(limit) if isinstance(limit, int) and limit > 0 else len(thoughts) + len(words)
    cut = most < len(thoughts) + len(words)
    id = hashlib.blake2s(json.dumps(request, sort_keys=True).encode(), digest_size=10).hexdigest()
    return SimulatedAnswer(model, id, thoughts[:most], words[: max(0, most - len(thoughts))], cut, input_tokens, cached)
