"""The conversation with an SDK client: a request out, pieces of text and reasoning in."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from llmtrack.chat.answers.prompt import Prompt
from llmtrack.chat.answers.requests import for_anthropic, for_openai


@dataclass(frozen=True, slots=True)
class AnswerChunk:
    """Some of an answer: text, reasoning, or why it ended."""

    text: str = ""
    reasoning: str = ""
    finish: str | None = None


def stream_answer(client: Any, prompt: Prompt) -> AsyncGenerator[AnswerChunk, None]:
    """Sends the prompt and yields the answer as it comes; closing the generator closes the connection."""
    return _anthropic(client, prompt) if prompt.model.dialect == "anthropic" else _openai(client, prompt)


async def _openai(client: Any, prompt: Prompt) -> AsyncGenerator[AnswerChunk, None]:
    async with await client.chat.completions.create(**for_openai(prompt)) as stream:
        async for chunk in stream:
            for choice in chunk.choices or ():
                delta = choice.delta
                # Reasoning has no place in OpenAI's protocol; compatible servers use one of these two names.
                thought = getattr(delta, "reasoning_content", None) or getattr(delta, "reasoning", None)
                yield AnswerChunk(
                    (delta.content or "") + (getattr(delta, "refusal", None) or ""),
                    thought if isinstance(thought, str) else "",
                    choice.finish_reason,
                )


async def _anthropic(client: Any, prompt: Prompt) -> AsyncGenerator[AnswerChunk, None]:
    async with await client.messages.create(**for_anthropic(prompt)) as stream:
        async for event in stream:
            if event.type == "content_block_delta":
                if event.delta.type == "text_delta":
                    yield AnswerChunk(event.delta.text)
                elif event.delta.type == "thinking_delta":
                    yield AnswerChunk(reasoning=event.delta.thinking)
            elif event.type == "message_delta":
                yield AnswerChunk(finish=event.delta.stop_reason)
