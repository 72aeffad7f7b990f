"""The conversation with an SDK client: a request out, pieces of text and reasoning in."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from llmtrack.chat.answers.prompt import Prompt
from llmtrack.chat.answers.requests import for_anthropic, for_openai, for_responses, takes_responses
from llmtrack.chat.error_messages import ChatError


@dataclass(frozen=True, slots=True)
class Source:
    """A page of the web that an answer names."""

    url: str
    title: str


@dataclass(frozen=True, slots=True)
class CacheMiss:
    """Why a provider could not use what it had cached of the request before."""

    reason: str
    """In the provider's word: ``model_changed``, ``system_changed``, ``input_changed``, …"""
    tokens: int | None = None
    """Input that was paid for in full because of it."""


@dataclass(frozen=True, slots=True)
class AnswerChunk:
    """Some of an answer: text, reasoning, why it ended, or what the provider says beside it."""

    text: str = ""
    reasoning: str = ""
    finish: str | None = None
    source: Source | None = None
    response_id: str | None = None
    cache_miss: CacheMiss | None = None


def stream_answer(client: Any, prompt: Prompt) -> AsyncGenerator[AnswerChunk, None]:
    """Sends the prompt and yields the answer as it comes; closing the generator closes the connection."""
    if prompt.model.dialect == "anthropic":
        return _anthropic(client, prompt)
    return _responses(client, prompt) if takes_responses(prompt) else _openai(client, prompt)


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


async def _responses(client: Any, prompt: Prompt) -> AsyncGenerator[AnswerChunk, None]:
    async with await client.responses.create(**for_responses(prompt)) as stream:
        async for event in stream:
            if event.type in ("response.output_text.delta", "response.refusal.delta"):
                yield AnswerChunk(event.delta)
            elif event.type == "response.reasoning_summary_text.delta":
                yield AnswerChunk(reasoning=event.delta)
            elif event.type == "response.output_text.annotation.added":
                if source := _source(event.annotation):
                    yield AnswerChunk(source=source)
            elif event.type in ("response.completed", "response.incomplete", "response.failed"):
                if event.response.status == "failed":
                    problem = getattr(event.response.error, "message", None)
                    raise _broken(problem)
                reason = getattr(event.response.incomplete_details, "reason", None)
                finish = {"max_output_tokens": "length"}.get(reason, reason) if reason else "stop"
                missed = _cache_miss_of_response(event.response)
                yield AnswerChunk(finish=finish, response_id=event.response.id, cache_miss=missed)
            elif event.type == "error":
                raise _broken(event.message)


async def _anthropic(client: Any, prompt: Prompt) -> AsyncGenerator[AnswerChunk, None]:
    async with await client.messages.create(**for_anthropic(prompt)) as stream:
        async for event in stream:
            if event.type == "message_start":
                yield AnswerChunk(response_id=event.message.id, cache_miss=_cache_miss(event.message))
            elif event.type == "content_block_delta":
                if event.delta.type == "text_delta":
                    yield AnswerChunk(event.delta.text)
                elif event.delta.type == "thinking_delta":
                    yield AnswerChunk(reasoning=event.delta.thinking)
                elif event.delta.type == "citations_delta" and (source := _source(event.delta.citation)):
                    yield AnswerChunk(source=source)
            elif event.type == "message_delta":
                yield AnswerChunk(finish=event.delta.stop_reason)


def _broken(problem: str | None) -> ChatError:
    """A failure that the stream itself reports."""
    why = f" (“{problem[:200]}”)" if problem else ""
    return ChatError(f"OpenAI broke off with an error{why}. Retry, or choose another model.")


def _source(citation: Any) -> Source | None:
    """The page that a citation names, as an object of either SDK or as JSON."""
    url, title = _member(citation, "url"), _member(citation, "title")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        return None
    return Source(url, title if isinstance(title, str) and title.strip() else url)


def _cache_miss(message: Any) -> CacheMiss | None:
    reason = _member(_member(message, "diagnostics"), "cache_miss_reason")
    kind, tokens = _member(reason, "type"), _member(reason, "cache_missed_input_tokens")
    return CacheMiss(kind, tokens if isinstance(tokens, int) else None) if isinstance(kind, str) else None


def _cache_miss_of_response(response: Any) -> CacheMiss | None:
    diagnostics = _member(response, "prompt_cache_diagnostics")
    kind, tokens = _member(diagnostics, "reason"), _member(diagnostics, "cache_missed_tokens")
    if _member(diagnostics, "type") != "cache_miss" or not isinstance(kind, str):
        return None  # a hit, or nothing to compare with
    return CacheMiss(kind, tokens if isinstance(tokens, int) else None)


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)
