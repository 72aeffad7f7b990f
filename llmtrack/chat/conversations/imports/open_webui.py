"""Open WebUI's export: a tree of messages by id, in older forms a list."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from html import unescape
from typing import Any

from pydantic import Field

from llmtrack.chat.conversations.imports.conversation import (
    AnyTime,
    ImportedConversation,
    ImportedFile,
    ImportedMessage,
    Schema,
    in_order,
    title_of,
)

PROVIDER = "open-webui"
"""Stands where a provider would: the export says a model's name, and not who served it."""
_BLOCK = re.compile(r'<details type="(reasoning|tool_calls|code_interpreter|code_execution)"[^<>]*+>')
_END = "</details>"
_SUMMARY = re.compile(r"\s*+<summary>[^<]*+</summary>\s*+")
_DATA_URL = re.compile(r"data:([\w.+-]{1,60}/[\w.+-]{1,60});base64,")


class WebUIMessage(Schema):
    """A message of the tree."""

    id: str | None = None
    parent: str | None = Field(default=None, alias="parentId")
    children: list[str] | None = Field(default=None, alias="childrenIds")
    role: str
    content: str | list[dict[str, Any]] | None = None
    timestamp: AnyTime = 0
    model: str | None = None
    output: list[dict[str, Any]] | None = None
    """The parts of an answer, in newer versions; `content` has them as HTML."""
    files: list[dict[str, Any]] | None = None
    error: Any = None

    @property
    def written(self) -> tuple[str, str]:
        """Its text and what was thought, without calls of tools."""
        if self.role != "assistant":
            return self._plain(), ""
        if self.output:
            return self._of_output("message"), self._of_output("reasoning")
        return _without_blocks(self._plain())

    @property
    def problem(self) -> str | None:
        """What went wrong, in the words of whoever failed."""
        content = self.error.get("content") if isinstance(self.error, dict) else self.error
        return content if isinstance(content, str) and content.strip() else None

    @property
    def attached(self) -> tuple[ImportedFile, ...]:
        """The pictures and texts that the export has whole; others are ids of its server."""
        if self.role != "user":
            return ()
        return tuple(file for given in self.files or () if (file := _file(given)) is not None)

    def _plain(self) -> str:
        if isinstance(self.content, str):
            return self.content.strip()
        texts = [part.get("text") for part in self.content or () if part.get("type") == "text"]
        return "\n\n".join(text for text in texts if isinstance(text, str) and text.strip())

    def _of_output(self, kind: str) -> str:
        lists = [part.get("content") for part in self.output or () if part.get("type") == kind]
        parts = [part for some in lists if isinstance(some, list) for part in some if isinstance(part, dict)]
        texts = [part.get("text") for part in parts]
        return "\n\n".join(text.strip() for text in texts if isinstance(text, str) and text.strip())


def _without_blocks(text: str) -> tuple[str, str]:
    """An answer without the blocks of HTML that Open WebUI writes into it, and what was thought in them."""
    left, thoughts, at = [], [], 0
    while (block := _BLOCK.search(text, at)) and (end := text.find(_END, block.end())) >= 0:
        left.append(text[at : block.start()])
        if block[1] == "reasoning":
            inside = unescape(_SUMMARY.sub("", text[block.end() : end], count=1))
            thoughts.append("\n".join(line.removeprefix("> ") for line in inside.strip().splitlines()))
        at = end + len(_END)
    left.append(text[at:])
    return "\n\n".join(part for piece in left if (part := piece.strip())), "\n\n".join(filter(None, thoughts))


def _file(given: dict[str, Any]) -> ImportedFile | None:
    about = inner if isinstance(inner := given.get("file"), dict) else given
    name = next((name for name in (given.get("name"), about.get("filename")) if isinstance(name, str)), None)
    url = given.get("url")
    if isinstance(url, str) and (begin := _DATA_URL.match(url)):
        try:
            return ImportedFile("", name or "picture", begin[1], b64decode(url[begin.end() :], validate=True))
        except ValueError:
            return None
    data = about.get("data")
    text = data.get("content") if isinstance(data, dict) else None
    if isinstance(text, str) and text.strip():
        return ImportedFile("", name, "text/plain", text.encode("utf-8", "replace"))
    return None


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
        (text, thoughts), problem = message.written, message.problem
        if message.role not in ("user", "assistant") or not (text or message.attached or problem):
            left_out += message.role != "system"
            continue
        is_answer = message.role == "assistant"
        model = message.model if is_answer else None
        messages.append(
            ImportedMessage(
                key, above[key], "assistant" if is_answer else "user", text, thoughts, PROVIDER if model else None,
                model, ("error" if problem else "ok") if is_answer else None, problem if is_answer else None,
                message.timestamp, message.attached,
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
