"""How many tokens a text makes, when nobody counted it: a stated estimate, always marked as one.

Tokenisers cut text into words, numbers, punctuation and line ends before anything else, and a common word is one token.
So these pieces are counted, each with the weight that fits recorded answers whose tokens are known. Exact counting
would need the vocabulary of each model, which providers do not publish or which has to be downloaded. How far the
estimate is off is in `docs/estimates.md`; `benchmarks/token_estimates.py` measures it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

Message = dict[str, Any]

_PIECES = re.compile(
    r"([A-Za-z]+)"
    r"|(\d+)"
    r"|(\s*\n\s*)"
    r"|([\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003134f]+)"
    r"|([^\W\d_]+)"
    r"|([^\s\w]+|_+)"
    r"|([ \t]{2,})"
)
_LONGEST = 65_536
"""Characters of a text that are looked at; of a longer one its beginning and its end stand for all."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Tokens for each kind of piece, as one family of tokenisers makes them."""

    word: float
    letter: float
    """For each letter of a word after the sixth."""
    line: float
    """For a line end with the blank space around it."""
    ideograph: float
    """For a character of Chinese, Japanese or Korean."""
    foreign: float
    """For a letter of any other script than English needs."""
    mark: float
    """For the first of a run of punctuation marks or symbols."""
    more_marks: float
    message: float
    """For what frames a message of the request."""
    call: float
    """For what frames a tool call in the reply, and again for each further one when there are several."""
    schema: float
    """For each token that a tool's definition would make as JSON: providers write it down in their own way."""
    tools: float
    """For the instructions that come with the first tool."""
    image: float
    """For an image, whose size is not known here."""


GPT = Weights(
    word=1.05, letter=0.04, line=0.4, ideograph=0.75, foreign=0.5, mark=1.2, more_marks=0.2,
    message=4, call=6, schema=0.6, tools=0, image=765,
)  # fmt: skip
"""OpenAI's tokenisers, and what is used for anyone unknown."""
CLAUDE = Weights(
    word=1.05, letter=0.1, line=1.2, ideograph=1.1, foreign=0.6, mark=1.2, more_marks=0.2,
    message=4, call=38, schema=1, tools=300, image=1_500,
)  # fmt: skip
"""Anthropic's tokenisers."""


def weights_for(model: str | None) -> Weights:
    """The weights for a model, by its name."""
    return CLAUDE if model and "claude" in model.lower() else GPT


def estimate_text(text: str, weights: Weights = GPT) -> float:
    """About how many tokens `text` makes."""
    scale = 1.0
    if len(text) > _LONGEST:
        scale = len(text) / _LONGEST
        text = text[: _LONGEST // 2] + text[-_LONGEST // 2 :]
    tokens = 0.0
    for piece in _PIECES.finditer(text):
        kind, length = piece.lastindex, piece.end() - piece.start()
        if kind == 1:
            tokens += weights.word + weights.letter * max(0, length - 6)
        elif kind == 2:
            tokens += (length + 2) // 3
        elif kind in (3, 7):
            tokens += weights.line
        elif kind == 4:
            tokens += weights.ideograph * length
        elif kind == 5:
            tokens += max(1.0, weights.foreign * length)
        else:
            tokens += weights.mark + weights.more_marks * (length - 1)
    return tokens * scale


def estimate_input(messages: Iterable[Message], definitions: Iterable[Any], model: str | None) -> int:
    """About how many tokens a request's `messages` make, with the `definitions` of tools and schemas sent along."""
    weights = weights_for(model)
    tokens = 3.0
    for message in messages:
        tokens += weights.message + _parts(message, weights)
    for index, definition in enumerate(definitions):
        tokens += weights.schema * estimate_text(_json(definition), weights) + (weights.tools if index == 0 else 0)
    return math.ceil(tokens)


def estimate_output(messages: Iterable[Message], model: str | None) -> int:
    """About how many tokens the `messages` of a reply make; 0 if there is nothing in them."""
    weights = weights_for(model)
    tokens = 0.0
    for message in messages:
        calls = sum(part.get("type") == "tool_call" for part in message.get("parts", ()))
        tokens += _parts(message, weights) + weights.call * (calls if calls < 2 else 2 * calls - 1)
    return math.ceil(tokens)


def _parts(message: Message, weights: Weights) -> float:
    tokens = 0.0
    for part in message.get("parts", ()):
        if part.get("modality") == "image":
            tokens += weights.image
        elif part.get("type") == "tokens":
            tokens += part.get("count", 0)
        else:
            for key in ("content", "name", "arguments", "response", "transcript"):
                value = part.get(key)
                if value is not None:
                    tokens += estimate_text(value if isinstance(value, str) else _json(value), weights)
    return tokens


def _json(value: Any) -> str:
    return to_json(value, fallback=str).decode("utf-8", "replace")
