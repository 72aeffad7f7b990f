"""Open WebUI's export: a tree of messages by id, in older forms a list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from llmtrack.chat.conversations.imports.conversation import (
    AnyTime,
    ImportedConversation,
    ImportedMessage,
    Schema,
    in_order,
    title_of,
)

PROVIDER = "open-webui"
"""Stands where a provider would: the export says a model's name, and not who served it."""
_REASONING = re.compile(
    r'<details type="reasoning"[^>]*+>\s*+(?:<summary>[^<]*+</summary>)?(.*?)</details>\s*+', re.DOTALL
)


class WebUIMessage(Schema):
    """A message of the tree."""

    id: str | None = None
    parent: str | None = Field(default=None, alias="parentId")
    children: list[str] | None = Field(default=None, alias="childrenIds")
    role: str
    content: str | list[dict[str, Any]] | None = None
    timestamp: AnyTime = 0
    model: str | None = None

    @property
    def text(self) -> str:
        """Its text."""
        if isinstance(self.content, str):
            return self.content.strip()
        texts = [part.get("text") for part in self.content or () if part.get("type") == "text"]
        return "\n\n".join(text for text in texts if isinstance(text, str) and text.strip())


class History(Schema):
    """The tree, and the end of the branch shown."""

    messages: dict[str, WebUIMessage] = Field(default_factory=dict)
    current: str | None = Field(default=None, alias="currentId")


class Chat(Schema):
    """The content of a chat."""

    title: str | None = None
    history: History | None = None
    messages: list[WebUIMessage] | None = None
    """The branch shown; all there is in older forms."""
    system: str | None = None


class WebUIConversation(Schema):
    """An entry of the export."""

    id: str | None = None
    title: str | None = None
    created_at: AnyTime = 0
    updated_at: AnyTime = 0
    chat: Chat


def read(entry: Mapping[str, Any]) -> ImportedConversation:
    """One of Open WebUI's chats; raises pydantic's `ValidationError` for one that is damaged."""
    conversation = WebUIConversation.model_validate(entry)
    tree = conversation.chat.history.messages if conversation.chat.history else {}
    head = conversation.chat.history.current if conversation.chat.history else None
    parents = {key: message.parent for key, message in tree.items()}
    if not tree:
        tree = {message.id or str(at): message for at, message in enumerate(conversation.chat.messages or ())}
        keys = list(tree)
        parents = dict(zip(keys, [None, *keys], strict=False))
        head = keys[-1] if keys else None
    messages: list[ImportedMessage] = []
    above: dict[str | None, str | None] = {}
    left_out = 0
    for key in in_order(parents, {key: message.children or () for key, message in tree.items()}):
        message = tree[key]
        above[key] = above.get(parents[key])
        text, thoughts = message.text, ""
        if message.role == "assistant" and (reasoning := _REASONING.search(text)):
            thoughts = "\n".join(line.removeprefix("> ") for line in reasoning[1].strip().splitlines())
            text = (text[: reasoning.start()] + text[reasoning.end() :]).strip()
        if message.role not in ("user", "assistant") or not text:
            left_out += message.role != "system"
            continue
        is_answer = message.role == "assistant"
        model = message.model if is_answer else None
        messages.append(
            ImportedMessage(
                key, above[key], "assistant" if is_answer else "user", text, thoughts, PROVIDER if model else None,
                model, "ok" if is_answer else None, created_at=message.timestamp,
            )
        )  # fmt: skip
        above[key] = key
    title = title_of(conversation.title or conversation.chat.title, messages)
    system = conversation.chat.system
    return ImportedConversation(
        f"open-webui:{conversation.id}" if conversation.id else "",
        title,
        tuple(messages),
        conversation.created_at,
        conversation.updated_at,
        above.get(head),
        left_out,
        {"system": system} if system else {},
    )
