"""A prompt as the body of a request, one function for each wire dialect."""

from __future__ import annotations

import base64
from typing import Any

from llmtrack.chat.answers.prompt import File, Prompt, PromptMessage
from llmtrack.settings import get_settings

_HOT = 1.0  # the highest temperature Anthropic takes


def for_openai(prompt: Prompt) -> dict[str, Any]:
    """Arguments of `chat.completions.create`."""
    parameters = prompt.parameters.for_model(prompt.model)
    messages: list[dict[str, Any]] = []
    if parameters.system:
        messages.append({"role": "system", "content": parameters.system})
    messages.extend({"role": message.role, "content": _openai_content(message)} for message in prompt.messages)
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
    return body


def for_anthropic(prompt: Prompt) -> dict[str, Any]:
    """Arguments of `messages.create`."""
    parameters = prompt.parameters.for_model(prompt.model)
    body: dict[str, Any] = {
        "model": prompt.model.name,
        "messages": [{"role": message.role, "content": _anthropic_content(message)} for message in prompt.messages],
        "max_tokens": parameters.max_tokens or _max_tokens(prompt.model.name),
        "stream": True,
    }
    if parameters.system:
        body["system"] = parameters.system
    if parameters.temperature is not None:
        # The SDK dropped the argument because newer models refuse it; older ones still take it.
        body["extra_body"] = {"temperature": min(parameters.temperature, _HOT)}
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
