"""Conversations out of the app: Markdown to read, JSON to keep. `imports` takes them in again."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from llmtrack.chat.conversations.imports.ours import FORMAT, VERSION
from llmtrack.chat.conversations.tree import Conversation, Message, settings_of

if TYPE_CHECKING:
    from llmtrack.ledger.chats import Figures, Filed, FolderFile

MOST_INSIDE = 20_000_000
"""Bytes of files that are written into the JSON itself."""


def to_markdown(chat: Conversation, figures: Mapping[int, Figures] | None = None) -> str:
    """The branch shown, to be read; under each answer who gave it and, with `figures`, what it took."""
    lines = [f"# {chat.title or 'Conversation'}", ""]
    if chat.parameters.system:
        lines += [f"> System prompt: {chat.parameters.system}", ""]
    for message in chat.messages:
        if message.role == "user":
            lines += [f"## You, {_day(message)}", ""]
            lines += [f"*Attached: {file.name} ({file.size:,} bytes)*\n" for file in message.files]
        else:
            lines += [f"## {message.model or 'Answer'}", ""]
        lines += [message.text or f"*({message.error or 'no text'})*", ""]
        if note := _note(message, (figures or {}).get(message.id)):
            lines += [f"*{note}*", ""]
    return "\n".join(lines).rstrip() + "\n"


def is_too_large_for_json(chat: Conversation, folder_files: Sequence[FolderFile] = ()) -> bool:
    """Whether its files have more bytes than an import takes in one piece of JSON, so that they go into a zip."""
    sizes = [file.size for message in chat.everything for file in message.files]
    return sum(sizes) + sum(file.size for file in folder_files) > MOST_INSIDE


def to_archive(
    chat: Conversation, figures: Mapping[int, Figures] | None = None, contents: Mapping[int, bytes] = {},
    folder_files: Sequence[FolderFile] = (),
) -> bytes:  # fmt: skip
    """A zip of `to_json` and the files beside it, which is imported like the JSON alone."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("conversations.json", to_json(chat, figures, {}, folder_files))
        attached: list[Filed | FolderFile] = [file for message in chat.everything for file in message.files]
        for file in (*attached, *folder_files):
            if file.id in contents:
                name = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in file.name)
                archive.writestr(f"files/{_file_id(file.id)}-{name[-100:]}", contents[file.id])
    return out.getvalue()


def to_json(
    chat: Conversation, figures: Mapping[int, Figures] | None = None, contents: Mapping[int, bytes] = {},
    folder_files: Sequence[FolderFile] = (),
) -> str:  # fmt: skip
    """The whole conversation with all branches, as `read` takes it in again.

    `contents` are those of its files and of its folder's, by id; the others are named only.
    """
    figures_by_message = figures or {}
    folder = {"name": chat.folder, "files": [_file(file, contents) for file in folder_files]} if chat.folder else None
    content = {
        "format": FORMAT,
        "version": VERSION,
        "id": chat.id,
        "title": chat.title,
        "created_at": _time(chat.created_at),
        "updated_at": _time(chat.updated_at),
        "settings": settings_of(chat.model, chat.parameters, chat.resend_files, chat.folder_files),
        "head": chat.head,
        **({"folder": folder} if folder else {}),
        "messages": [_message(message, figures_by_message.get(message.id), contents) for message in chat.everything],
    }
    return json.dumps(content, ensure_ascii=False, indent=2)


def _message(message: Message, figures: Figures | None, contents: Mapping[int, bytes]) -> dict[str, Any]:
    content: dict[str, Any] = {
        "id": message.id,
        "parent": message.parent_id,
        "role": message.role,
        "text": message.text,
        "reasoning": message.reasoning or None,
        "model": message.model,
        "status": message.status,
        "error": message.error,
        "at": _time(message.created_at),
        "files": [_file(file, contents) for file in message.files],
    }
    if figures is not None:
        content["figures"] = {
            "input_tokens": figures.input_tokens,
            "output_tokens": figures.output_tokens,
            "cost": None if figures.cost is None else f"{figures.cost:f}",
            "cost_status": figures.cost_status,
            "seconds": figures.seconds,
        }
    return {name: value for name, value in content.items() if value not in (None, [])}


def _file(file: Filed | FolderFile, contents: Mapping[int, bytes]) -> dict[str, Any]:
    described = {"id": _file_id(file.id), "name": file.name, "media_type": file.media_type, "size": file.size}
    if file.id in contents:
        described["content"] = base64.standard_b64encode(contents[file.id]).decode("ascii")
    return described


def _file_id(id: int) -> str:
    """As files are called in a zip, from which an import knows them."""
    return f"file-{id}"


def _note(message: Message, figures: Figures | None) -> str:
    """The line under an answer: how it ended, tokens, cost."""
    parts = [] if message.status in (None, "ok") else [message.status]
    if figures is not None:
        tokens = [str(count) if count is not None else "?" for count in (figures.input_tokens, figures.output_tokens)]
        parts.append(f"{tokens[0]} → {tokens[1]} tokens")
        if figures.cost is not None:
            parts.append(f"${figures.cost:f}{' simulated' if figures.cost_status == 'simulated' else ''}")
    return " · ".join(part for part in parts if part)


def _time(micros: int) -> str | None:
    return datetime.fromtimestamp(micros / 1_000_000, UTC).isoformat() if micros else None


def _day(message: Message) -> str:
    return f"{datetime.fromtimestamp(message.created_at / 1_000_000, UTC):%Y-%m-%d %H:%M} UTC"
