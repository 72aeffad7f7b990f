"""Estimated tokens, the arithmetic visible. The weights are those of `docs/estimates.md`."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest

from llmtrack.pricing.tokens import CLAUDE, GPT, Weights, estimate_input, estimate_output, estimate_text


@pytest.mark.parametrize(
    ("text", "weights", "tokens"),
    [
        ("", GPT, 0),
        ("Hello world", GPT, 1.05 + 1.05),
        ("internationalization", GPT, 1.05 + 14 * 0.04),
        ("internationalization", CLAUDE, 1.05 + 14 * 0.1),
        ("in 2026, 12345", GPT, 1.05 + 2 + 1.2 + 2),  # 4 and 5 digits are two groups each
        ("a...\n\nb", GPT, 1.05 + (1.2 + 2 * 0.2) + 0.4 + 1.05),
        ("a\n  b", CLAUDE, 1.05 + 1.2 + 1.05),
        ("你好世界", GPT, 4 * 0.75),
        ("你好世界", CLAUDE, 4 * 1.1),
        ("Привет и", GPT, 6 * 0.5 + 1),
        ("snake_case", GPT, 1.05 + 1.2 + 1.05),
        ("🙂", GPT, 1.2),
    ],
)
def test_a_text_is_counted_piece_by_piece(text: str, weights: Weights, tokens: float) -> None:
    assert estimate_text(text, weights) == pytest.approx(tokens)


def test_of_a_long_text_both_ends_stand_for_all() -> None:
    assert estimate_text("word " * 100_000) == pytest.approx(1.05 * 100_000, rel=0.001)


def test_a_request_is_its_messages_and_the_definitions_of_its_tools() -> None:
    message = {"role": "user", "parts": [{"type": "text", "content": "Hello"}, {"type": "blob", "modality": "image"}]}
    assert estimate_input([message], [], "gpt-4o") == math.ceil(3 + 4 + 1.05 + 765)
    assert estimate_input([message], [], "claude-haiku-4-5") == math.ceil(3 + 4 + 1.05 + 1_500)
    # [{"name":"look"}] as JSON: [{", a word, ":", a word, "}]
    schema = (1.2 + 2 * 0.2) + 1.05 + (1.2 + 2 * 0.2) + 1.05 + (1.2 + 2 * 0.2)
    assert estimate_input([], [[{"name": "look"}]], "gpt-4o") == math.ceil(3 + 0.6 * schema)
    assert estimate_input([], [[{"name": "look"}]], "claude-haiku-4-5") == math.ceil(3 + schema + 300)


def test_a_reply_is_its_text_its_thoughts_and_its_tool_calls() -> None:
    call: dict[str, Any] = {"type": "tool_call", "id": "c", "name": "look", "arguments": "up"}
    text = {"type": "text", "content": "Hello"}
    assert estimate_output([{"parts": [text, {"type": "reasoning", "content": "Hm"}]}], None) == math.ceil(2 * 1.05)
    assert estimate_output([{"parts": [call]}], "gpt-4o") == math.ceil(2 * 1.05 + 6)
    assert estimate_output([{"parts": [call, call]}], "gpt-4o") == math.ceil(4 * 1.05 + 3 * 6)
    assert estimate_output([{"parts": [call]}], "claude-haiku-4-5") == math.ceil(2 * 1.05 + 38)
    assert estimate_output([], None) == 0


def test_the_documentation_states_the_weights() -> None:
    page = (Path(__file__).parents[2] / "docs" / "estimates.md").read_text()
    rows = dict(re.findall(r"^\| ([^|]+) \| ([^|]+ \| [^|]+) \|$", page, re.MULTILINE))
    assert rows["an image"] == f"{GPT.image:,} | {CLAUDE.image:,}"
    assert (
        rows["a word of English letters"]
        == f"{GPT.word}, and {GPT.letter:.2f} for each letter after the sixth | {CLAUDE.word}, and {CLAUDE.letter:.2f}"
    )
    assert rows["a line end, several blanks"] == f"{GPT.line} | {CLAUDE.line}"
    assert rows["a Chinese, Japanese or Korean character"] == f"{GPT.ideograph} | {CLAUDE.ideograph}"
    assert (
        rows["frame of a tool call in the reply"]
        == f"{GPT.call}, and {2 * GPT.call} for each further one | {CLAUDE.call}, and {2 * CLAUDE.call}"
    )
