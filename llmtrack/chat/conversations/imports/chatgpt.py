"""ChatGPT's export, in its forms of 2023 to 2026: a tree of nodes, some of which hold nothing a person wrote or saw."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from llmtrack.chat.conversations.imports.conversation import (
    ImportedConversation,
    ImportedFile,
    ImportedMessage,
    Schema,
    Time,
    in_order,
    title_of,
)

_SHOWN = ("user", "assistant")
_POINTER = re.compile(r"(?:file-service|sediment)://(?:[^#?]*#)?(file[-_][A-Za-z0-9]{6,})")


class Author(Schema):
    """Who wrote a message: ``user``, ``assistant``, ``tool``, ``system``, or a role to come."""

    role: str


class ChatGPTMessage(Schema):
    """What a node says. `content` differs by its ``content_type``."""

    author: Author
    create_time: Time = 0
    content: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    recipient: str | None = None
    """``all``, or the tool that is called."""

    @property
    def is_hidden(self) -> bool:
        """Whether ChatGPT does not show it either: instructions, and how long it thought."""
        hidden = bool((self.metadata or {}).get("is_visually_hidden_from_conversation"))
        context = ("user_editable_context", "model_editable_context", "reasoning_recap")
        return hidden or self.author.role == "system" or (self.content or {}).get("content_type") in context

    @property
    def text(self) -> str:
        """Its text, typed or spoken."""
        if self.author.role not in _SHOWN or self.is_hidden or self.recipient not in (None, "", "all"):
            return ""
        return "\n\n".join(text for part in _list(self.content, "parts") if (text := _text(part)).strip())

    @property
    def files(self) -> tuple[ImportedFile, ...]:
        """The pictures and files a person gave with it; the zip has those that are not too old."""
        if self.author.role != "user" or self.is_hidden:
            return ()
        files = {}
        for file in (self.metadata or {}).get("attachments") or ():
            if isinstance(file, dict) and isinstance(file.get("id"), str):
                name, kind = file.get("name"), file.get("mime_type") or file.get("mimeType")
                files[file["id"]] = ImportedFile(
                    file["id"], name if isinstance(name, str) else None, kind if isinstance(kind, str) else None
                )
        for part in _list(self.content, "parts"):
            pointer = part.get("asset_pointer") if isinstance(part, dict) else None
            if part_id := _POINTER.match(pointer) if isinstance(pointer, str) else None:
                files.setdefault(part_id[1], ImportedFile(part_id[1]))
        return tuple(files.values())

    @property
    def thoughts(self) -> str:
        """What the model thought, where the export has it."""
        if (self.content or {}).get("content_type") != "thoughts":
            return ""
        thoughts = [
            str(thought.get("content") or "")
            for thought in _list(self.content, "thoughts")
            if isinstance(thought, dict)
        ]
        return "\n\n".join(filter(None, thoughts))

    @property
    def model(self) -> str | None:
        """Who answered."""
        slug = (self.metadata or {}).get("model_slug")
        return slug if isinstance(slug, str) else None


class Node(Schema):
    """A place in the tree; some hold no message."""

    parent: str | None = None
    children: list[str] = Field(default_factory=list)
    message: ChatGPTMessage | None = None


class ChatGPTConversation(Schema):
    """An entry of ``conversations.json``."""

    id: str | None = None
    conversation_id: str | None = None
    title: str | None = None
    create_time: Time = 0
    update_time: Time = 0
    current_node: str | None = None
    default_model_slug: str | None = None
    mapping: dict[str, Node]


def read(entry: Mapping[str, Any]) -> ImportedConversation:
    """One of ChatGPT's conversations; raises pydantic's `ValidationError` for one that is damaged."""
    chat = ChatGPTConversation.model_validate(entry)
    messages: list[ImportedMessage] = []
    above: dict[str | None, str | None] = {}
    """For each node the last message at or above it that is taken over."""
    thoughts: dict[str | None, str] = {}
    """What was thought at or above a node and belongs to the next answer below it."""
    left_out = 0
    order = in_order(
        {id: node.parent for id, node in chat.mapping.items()},
        {id: node.children for id, node in chat.mapping.items()},
    )
    for id in order:
        node = chat.mapping[id]
        message = node.message
        above[id], thoughts[id] = above.get(node.parent), thoughts.get(node.parent, "")
        if message is None:
            continue
        if not message.text and not message.files:
            if message.thoughts:
                thoughts[id] = "\n\n".join(filter(None, (thoughts[id], message.thoughts)))
            else:
                left_out += not message.is_hidden
            continue
        is_answer = message.author.role == "assistant"
        model = (message.model or chat.default_model_slug) if is_answer else None
        messages.append(
            ImportedMessage(
                id, above[id], "assistant" if is_answer else "user", message.text, thoughts[id] if is_answer else "",
                "openai" if model else None, model, "ok" if is_answer else None, created_at=message.create_time,
                files=message.files,
            )
        )  # fmt: skip
        above[id], thoughts[id] = id, ""
    own_id = chat.conversation_id or chat.id
    return ImportedConversation(
        f"chatgpt:{own_id}" if own_id else "", title_of(chat.title, messages), tuple(messages), chat.create_time,
        chat.update_time, above.get(chat.current_node), left_out,
    )  # fmt: skip


def _list(content: Mapping[str, Any] | None, name: str) -> list[Any]:
    value = (content or {}).get(name)
    return value if isinstance(value, list) else []


def _text(part: Any) -> str:
    """A part of a message: text, or what was spoken."""
    if isinstance(part, str):
        return part
    text = part.get("text") if isinstance(part, dict) and part.get("content_type") == "audio_transcription" else None
    return text if isinstance(text, str) else ""
