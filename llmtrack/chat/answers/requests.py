"""A prompt as the body of a request, one function for each wire dialect."""

from __future__ import annotations

import base64
import re
from typing import Any

from llmtrack.chat.answers.prompt import File, Prompt, PromptMessage
from llmtrack.settings import get_settings

_EXPLAINS_CACHE = re.compile(r"gpt-(5\.[6-9]|5\.\d\d|[6-9]\b|\d\d)")
"""OpenAI's models that take `prompt_cache_options`: gpt-5.6 and later ones."""
_HOT = 1.0  # the highest temperature Anthropic takes
MOST_SEARCHES = 5
"""Searches that a provider may run for one answer, where it lets itself be told."""


def for_openai(prompt: Prompt) -> dict[str, Any]:
    """Arguments of `chat.completions.create`."""
    parameters = prompt.parameters.for_model(prompt.model)
    messages: list[dict[str, Any]] = []
    if parameters.system:
        messages.append({"role": "system", "content": parameters.system})
    messages.extend({"role": message.role, "content": _openai_content(message)} for message in prompt.sent)
    body: dict[str, Any] = {"model": prompt.model.name, "messages": messages, "stream": True}
    if parameters.temperature is not None:
        body["temperature"] = parameters.temperature
    if parameters.max_tokens is not None:
        # OpenAI's reasoning models refuse the old name, at Azure too; compatible servers often know only that one.
        new = prompt.model.provider == "openai" or not prompt.model.capabilities.temperature
        name = "max_completion_tokens" if new else "max_tokens"
        body[name] = parameters.max_tokens
    if parameters.effort is not None:
        body["reasoning_effort"] = parameters.effort
    if key := _cache_key(prompt):
        body["prompt_cache_key"] = key
    return body


def takes_responses(prompt: Prompt) -> bool:
    """Whether it goes out through OpenAI's Responses API: to search the web, and where that says why a cache missed."""
    return prompt.web_search or _explains_cache(prompt)


def _explains_cache(prompt: Prompt) -> bool:
    return prompt.model.provider == "openai" and _EXPLAINS_CACHE.match(prompt.model.name) is not None


def for_responses(prompt: Prompt) -> dict[str, Any]:
    """Arguments of `responses.create`; nothing is left in OpenAI's store."""
    parameters = prompt.parameters.for_model(prompt.model)
    body: dict[str, Any] = {
        "model": prompt.model.name,
        "input": [{"role": message.role, "content": _responses_content(message)} for message in prompt.sent],
        "store": False,
        "stream": True,
    }
    if prompt.web_search:
        body["tools"] = [{"type": "web_search"}]
        body["max_tool_calls"] = MOST_SEARCHES
    if parameters.system:
        body["instructions"] = parameters.system
    if parameters.temperature is not None:
        body["temperature"] = parameters.temperature
    if parameters.max_tokens is not None:
        body["max_output_tokens"] = parameters.max_tokens
    if parameters.effort is not None:
        body["reasoning"] = {"effort": parameters.effort}
    if key := _cache_key(prompt):
        body["prompt_cache_key"] = key
    if prompt.previous_id and _explains_cache(prompt):
        # As an extra, because the oldest SDK that is allowed does not know it.
        body["extra_body"] = {"prompt_cache_options": {"comparison_response_id": prompt.previous_id}}
    return body


def _cache_key(prompt: Prompt) -> str | None:
    """Sends what begins alike to where it is cached. Only OpenAI itself is known to take it."""
    return f"llmtrack-{prompt.session_id}" if prompt.model.provider == "openai" and prompt.session_id else None


def for_anthropic(prompt: Prompt) -> dict[str, Any]:
    """Arguments of `messages.create`."""
    parameters = prompt.parameters.for_model(prompt.model)
    body: dict[str, Any] = {
        "model": prompt.model.name,
        "messages": [{"role": message.role, "content": _anthropic_content(message)} for message in prompt.sent],
        "max_tokens": parameters.max_tokens or _max_tokens(prompt.model.name),
        "stream": True,
    }
    if parameters.system:
        body["system"] = parameters.system
    extra: dict[str, Any] = {}
    if parameters.temperature is not None:
        # The SDK dropped the argument because newer models refuse it; older ones still take it.
        extra["temperature"] = min(parameters.temperature, _HOT)
    if prompt.model.provider == "anthropic" and prompt.reuse:
        # As extras, because the oldest SDK that is allowed does not know them.
        extra["cache_control"] = {"type": "ephemeral"}
        extra["diagnostics"] = {"previous_message_id": prompt.previous_id}
    if extra:
        body["extra_body"] = extra
    if prompt.web_search:
        body["tools"] = [{"type": "web_search_20250305", "name": "web_search", "max_uses": MOST_SEARCHES}]
    if parameters.effort is not None:
        body["output_config"] = {"effort": parameters.effort}
        if prompt.model.capabilities.adaptive:
            body["thinking"] = {"type": "adaptive", "display": "summarized"}
    return body


def _max_tokens(model: str) -> int:
    """The longest answer, in tokens, where the conversation sets none: Claude 3 refuses more than 4,096."""
    longest = get_settings().answer_max_tokens
    return min(longest, 4096) if model.startswith(("claude-3-opus", "claude-3-sonnet", "claude-3-haiku")) else longest


def _openai_content(message: PromptMessage) -> str | list[dict[str, Any]]:
    if not message.files:
        return message.text
    parts = [_openai_part(file) for file in message.files]
    return [*parts, {"type": "text", "text": message.text}] if message.text else parts


def _openai_part(file: File) -> dict[str, Any]:
    if file.kind == "text":
        return {"type": "text", "text": _named(file)}
    url = f"data:{file.media_type};base64,{_base64(file)}"
    if file.kind == "image":
        return {"type": "image_url", "image_url": {"url": url}}
    return {"type": "file", "file": {"filename": file.name, "file_data": url}}


def _responses_content(message: PromptMessage) -> str | list[dict[str, Any]]:
    if not message.files:
        return message.text
    parts: list[dict[str, Any]] = []
    for file in message.files:
        if file.kind == "text":
            parts.append({"type": "input_text", "text": _named(file)})
            continue
        url = f"data:{file.media_type};base64,{_base64(file)}"
        if file.kind == "image":
            parts.append({"type": "input_image", "image_url": url})
        else:
            parts.append({"type": "input_file", "filename": file.name, "file_data": url})
    return [*parts, {"type": "input_text", "text": message.text}] if message.text else parts


def _anthropic_content(message: PromptMessage) -> str | list[dict[str, Any]]:
    if not message.files:
        return message.text
    parts = [_anthropic_part(file) for file in message.files]
    return [*parts, {"type": "text", "text": message.text}] if message.text else parts


def _anthropic_part(file: File) -> dict[str, Any]:
    if file.kind == "text":
        return {"type": "text", "text": _named(file)}
    source = {"type": "base64", "media_type": file.media_type, "data": _base64(file)}
    return {"type": "image", "source": source} if file.kind == "image" else {
        "type": "document", "source": source, "title": file.name,
    }  # fmt: skip


def _named(file: File) -> str:
    return f'<file name="{file.name}">\n{file.text}\n</file>'


def _base64(file: File) -> str:
    return base64.standard_b64encode(file.data).decode("ascii")
