"""Claude's export: a list of messages, in later forms with the message each one answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from llmtrack.chat.conversations.imports.conversation import (
    ImportedConversation,
    ImportedMessage,
    Schema,
    Time,
    in_order,
    title_of,
)


class ClaudeMessage(Schema):
    """A message; `content` has what `text` has, and what the model thought."""

    uuid: str | None = None
    parent_message_uuid: str | None = None
    sender: str
    text: str | None = None
    content: list[dict[str, Any]] | None = None
    created_at: Time = 0
    attachments: list[dict[str, Any]] | None = None
    files: list[dict[str, Any]] | None = None

    def parts_of(self, kind: str) -> str:
        """The parts of one kind: ``text`` or ``thinking``."""
        texts = [part.get(kind) for part in self.content or () if part.get("type") == kind]
        return "\n\n".join(text for text in texts if isinstance(text, str) and text.strip())

    @property
    def everything(self) -> str:
        """What was written, with the names of files and the text of pasted ones."""
        parts = []
        for file in self.attachments or ():
            name, text = file.get("file_name") or "pasted text", file.get("extracted_content")
            parts.append(f"[{name}]\n\n{text}" if isinstance(text, str) and text else f"[{name}]")
        parts += [f"[{file.get('file_name')}]" for file in self.files or () if file.get("file_name")]
        # For a message of tools alone `text` says that they cannot be shown.
        tools_alone = any(part.get("type") in ("tool_use", "tool_result") for part in self.content or ())
        text = self.parts_of("text") or ("" if tools_alone else (self.text or "").strip())
        return "\n\n".join(filter(None, [*parts, text]))


class ClaudeConversation(Schema):
    """An entry of ``conversations.json``."""

    uuid: str | None = None
    name: str | None = None
    created_at: Time = 0
    updated_at: Time = 0
    current_leaf_message_uuid: str | None = None
    model: str | None = None
    """In what the site itself is sent, which browser extensions save."""
    chat_messages: list[ClaudeMessage] = Field(default_factory=list)


def read(entry: Mapping[str, Any]) -> ImportedConversation:
    """One of Claude's conversations; raises pydantic's `ValidationError` for one that is damaged."""
    chat = ClaudeConversation.model_validate(entry)
    by_key: dict[str, ClaudeMessage] = {}
    for at, message in enumerate(chat.chat_messages):
        by_key[message.uuid if message.uuid and message.uuid not in by_key else f"#{at}"] = message
    parents: dict[str, str | None] = {}
    last: str | None = None
    for key, message in by_key.items():
        # Without a parent of its own a message follows the one before it; the first one's parent is a constant.
        parents[key] = message.parent_message_uuid if message.parent_message_uuid in by_key else None
        if message.parent_message_uuid is None:
            parents[key] = last
        last = key
    messages: list[ImportedMessage] = []
    above: dict[str | None, str | None] = {}
    left_out = 0
    for key in in_order(parents):
        message = by_key[key]
        above[key] = above.get(parents[key])
        role = {"human": "user", "assistant": "assistant"}.get(message.sender)
        text = message.everything
        if role is None or not text:
            left_out += 1
            continue
        model = chat.model if role == "assistant" else None
        messages.append(
            ImportedMessage(
                key, above[key], "user" if role == "user" else "assistant", text, message.parts_of("thinking"),
                "anthropic" if model else None, model, None if role == "user" else "ok", created_at=message.created_at,
            )
        )  # fmt: skip
        above[key] = key
    return ImportedConversation(
        f"claude:{chat.uuid}" if chat.uuid else "", title_of(chat.name, messages), tuple(messages), chat.created_at,
        chat.updated_at, above.get(chat.current_leaf_message_uuid or last), left_out,
    )  # fmt: skip
