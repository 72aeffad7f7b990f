"""LibreChat's export of one conversation: messages in a list, or each below the one it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from llmtrack.chat.conversations.imports.conversation import (
    ImportedConversation,
    ImportedMessage,
    Schema,
    Time,
    Unreadable,
    in_order,
    title_of,
)

PROVIDERS = {"openAI": "openai", "azureOpenAI": "azure", "google": "google", "anthropic": "anthropic"}
"""Our names for LibreChat's endpoints; any other one stays as it is."""


class LibreMessage(Schema):
    """A message; `children` only where the export is recursive. Parts of newer versions are in `content`."""

    id: str = Field(alias="messageId")
    parent: str | None = Field(default=None, alias="parentMessageId")
    text: str | None = None
    content: list[Any] | None = None
    is_user: bool = Field(default=False, alias="isCreatedByUser")
    created_at: Time = Field(default=0, alias="createdAt")
    model: str | None = None
    endpoint: str | None = None
    error: bool | None = None
    unfinished: bool | None = None
    finish_reason: str | None = None

    @property
    def status(self) -> str:
        """How an answer ended."""
        if self.error:
            return "error"
        if self.unfinished:
            return "abandoned"
        return "incomplete" if self.finish_reason in ("incomplete", "length") else "ok"

    def parts_of(self, kind: str) -> str:
        """The parts of one kind: ``text``, ``think`` or ``error``."""
        texts = []
        for part in self.content or ():
            text = part.get(kind) if isinstance(part, dict) and part.get("type") == kind else None
            text = text.get("value") if isinstance(text, dict) else text
            if isinstance(text, str) and text.strip():
                texts.append(text)
        return "\n\n".join(texts)


class LibreConversation(Schema):
    """The exported file."""

    id: str | None = Field(default=None, alias="conversationId")
    title: str | None = None
    endpoint: str | None = None
    exported_at: Time = Field(default=0, alias="exportAt")
    options: dict[str, Any] | None = None


def read(entry: Mapping[str, Any]) -> ImportedConversation:
    """One of LibreChat's conversations; raises pydantic's `ValidationError` for one that is damaged."""
    chat = LibreConversation.model_validate(entry)
    listed = entry.get("messages", entry.get("messagesTree"))
    tree = {message.id: message for message in map(LibreMessage.model_validate, _flat(listed))}
    parents = {id: message.parent for id, message in tree.items()}
    used, system = ((chat.options or {}).get(name) for name in ("model", "promptPrefix"))
    messages: list[ImportedMessage] = []
    above: dict[str | None, str | None] = {}
    left_out = 0
    for id in in_order(parents):
        message = tree[id]
        above[id] = above.get(message.parent)
        text = message.parts_of("text") or (message.text or "").strip() or message.parts_of("error")
        if not text:
            left_out += 1
            continue
        model = None if message.is_user else message.model or (used if isinstance(used, str) else None)
        endpoint = message.endpoint or chat.endpoint or "librechat"
        messages.append(
            ImportedMessage(
                id, above[id], "user" if message.is_user else "assistant", text, message.parts_of("think"),
                PROVIDERS.get(endpoint, endpoint) if model else None, model,
                None if message.is_user else message.status, created_at=message.created_at,
            )
        )  # fmt: skip
        above[id] = id
    times = [message.created_at for message in messages if message.created_at] or [chat.exported_at]
    return ImportedConversation(
        f"librechat:{chat.id}" if chat.id else "", title_of(chat.title, messages), tuple(messages), min(times),
        max(times), max(messages, key=lambda message: message.created_at).key if messages else None, left_out,
        {"system": system} if isinstance(system, str) and system.strip() else {},
    )  # fmt: skip


def _flat(messages: Any) -> list[Any]:
    """All messages; recursive ones are walked without recursion, as nesting may be deep."""
    if not isinstance(messages, list):
        raise Unreadable("has messages that are no list")
    waiting, flat = list(reversed(messages)), []
    while waiting:
        message = waiting.pop()
        flat.append(message)
        below = message.get("children") if isinstance(message, dict) else None
        waiting.extend(reversed(below) if isinstance(below, list) else ())
    return flat
