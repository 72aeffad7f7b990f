"""Our own export, as `export.to_json` writes it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from llmtrack.chat.conversations.imports.conversation import (
    ImportedConversation,
    ImportedFile,
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


class OurFile(Schema):
    """A file of ours. What is in it stands here, or in the zip beside the JSON by its id."""

    id: str = ""
    name: str | None = None
    media_type: str | None = None
    content: str | None = None
    """In base64."""

    def file(self) -> ImportedFile:
        """The file; without content where it has none, or none that can be read."""
        try:
            content = base64.b64decode(self.content, validate=True) if self.content else None
        except ValueError:
            content = None
        return ImportedFile(self.id, self.name, self.media_type, content)


class OurFolder(Schema):
    """The folder that a conversation lies in."""

    name: str
    files: list[OurFile] = Field(default_factory=list)


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
    files: list[OurFile] = Field(default_factory=list)


class OurConversation(Schema):
    """A conversation of ours. Exports made before `id` was written come in as they are."""

    id: int | None = None
    title: str | None = None
    created_at: Time = 0
    updated_at: Time = 0
    settings: dict[str, Any] = Field(default_factory=dict)
    head: int | str | None = None
    folder: OurFolder | None = None
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
            tuple(file.file() for file in message.files if file.content or file.id),
        )  # fmt: skip
    chosen = chat.settings.get("model")
    resend, along = chat.settings.get("resend_files") is not False, chat.settings.get("folder_files")
    settings = settings_of(
        chosen if isinstance(chosen, str) else None, parameters_of(chat.settings), resend,
        along if isinstance(along, bool) else None,
    )  # fmt: skip
    head = str(chat.head) if str(chat.head) in messages else next(reversed(messages), None)
    return ImportedConversation(
        f"llmtrack:{chat.id}" if chat.id else "", title_of(chat.title or "Imported conversation", ()),
        tuple(messages.values()), chat.created_at, chat.updated_at or chat.created_at, head, settings=settings,
        folder=chat.folder.name if chat.folder else None,
        folder_files=tuple(file.file() for file in chat.folder.files) if chat.folder else (),
    )  # fmt: skip
