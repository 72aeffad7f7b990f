"""Our own export, as `transfer.to_json` writes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from llmtrack.chat.conversations.imports.conversation import (
    ImportedConversation,
    ImportedMessage,
    Schema,
    Time,
    Unreadable,
    title_of,
)
from llmtrack.chat.conversations.tree import parameters_of, settings_of
from llmtrack.statuses import IN_FLIGHT

FORMAT = "llmtrack.conversation"
VERSION = 1


Status = Literal["waiting", "streaming", "ok", "incomplete", "empty", "cancelled", "error", "abandoned"]


class OurMessage(Schema):
    """A message of ours."""

    id: int | str | None = None
    parent: int | str | None = None
    role: Literal["user", "assistant"]
    text: str | None = None
    reasoning: str | None = None
    model: str | None = None
    """Who answered, as ``provider/name``."""
    status: Status | None = None
    error: str | None = None
    at: Time = 0


class OurConversation(Schema):
    """A conversation of ours. Exports made before `id` was written come in as they are."""

    id: int | None = None
    title: str | None = None
    created_at: Time = 0
    updated_at: Time = 0
    settings: dict[str, Any] = Field(default_factory=dict)
    head: int | str | None = None
    messages: list[OurMessage]


def read(entry: Mapping[str, Any]) -> ImportedConversation:
    """A conversation of our own; raises pydantic's `ValidationError` for one that is damaged."""
    if entry.get("version") != VERSION:
        version = repr(entry.get("version"))[:40]
        raise Unreadable(f"has version {version}, and {VERSION} can be read", "update this app")
    chat = OurConversation.model_validate(entry)
    messages: dict[str, ImportedMessage] = {}
    for at, message in enumerate(chat.messages):
        key = str(at if message.id is None else message.id)
        provider, _, model = (message.model or "").partition("/")
        messages[key] = ImportedMessage(
            key, parent if (parent := str(message.parent)) in messages and parent != key else None, message.role,
            message.text or "", message.reasoning or "", provider or None, model or None,
            "abandoned" if message.status in IN_FLIGHT else message.status, message.error, message.at,
        )  # fmt: skip
    chosen = chat.settings.get("model")
    settings = settings_of(chosen if isinstance(chosen, str) else None, parameters_of(chat.settings))
    head = str(chat.head) if str(chat.head) in messages else next(reversed(messages), None)
    return ImportedConversation(
        f"llmtrack:{chat.id}" if chat.id else "", title_of(chat.title or "Imported conversation", ()),
        tuple(messages.values()), chat.created_at, chat.updated_at or chat.created_at, head, settings=settings,
    )  # fmt: skip
