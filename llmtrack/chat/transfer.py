"""Conversations out of the house and in again: Markdown to read, JSON to keep, and ChatGPT's export."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

from llmtrack.chat.branches import IN_FLIGHT, Conversation, Message, next_id, parameters_of, settings_of
from llmtrack.chat.conversations import title_of
from llmtrack.chat.wording import ChatError
from llmtrack.ids import new_id

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger
    from llmtrack.ledger.chat_figures import Figures
    from llmtrack.ledger.chats import Line

FORMAT = "llmtrack.conversation"
VERSION = 1
_LARGEST = 500_000_000  # bytes of an import, unpacked
_ROLES = ("user", "assistant")


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import brought."""

    conversations: int
    messages: int
    first: int | None
    """Id of the newest conversation imported."""
    left_out: int
    """Messages that could not be taken over: tools' output, pictures without text."""


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


def to_json(chat: Conversation, figures: Mapping[int, Figures] | None = None) -> str:
    """The whole conversation with all branches, as `from_json` reads it. Files are named, not included."""
    told = figures or {}
    content = {
        "format": FORMAT,
        "version": VERSION,
        "title": chat.title,
        "created_at": _time(chat.created_at),
        "updated_at": _time(chat.updated_at),
        "settings": settings_of(chat.model, chat.parameters, chat.resend_files),
        "head": chat.head,
        "messages": [_message(message, told.get(message.id)) for message in chat.everything],
    }
    return json.dumps(content, ensure_ascii=False, indent=2)


def read(ledger: Ledger, user_id: str, data: bytes) -> Imported:
    """Takes conversations over for a user: our JSON, or ChatGPT's export (the zip, or its conversations.json).

    Their messages are history: nothing is counted or priced for them. Raises `ChatError` for anything else.
    """
    found = list(_conversations(data))
    if not found:
        raise ChatError("There is no conversation in this file: choose an export of this app or of ChatGPT.")
    from llmtrack.ledger.chats import Chats

    chats = Chats(ledger, user_id)
    newest: tuple[int, int] | None = None
    messages = left_out = 0
    for one in found:
        conversation_id = new_id()
        chats.take_over(conversation_id, one.title, one.settings, one.created_at, one.updated_at, one.lines, one.head)
        messages += len(one.lines)
        left_out += one.left_out
        newest = max(newest or (0, 0), (one.updated_at, conversation_id))
    return Imported(len(found), messages, newest[1] if newest else None, left_out)


@dataclass(frozen=True, slots=True)
class _Found:
    title: str
    settings: dict[str, Any]
    created_at: int
    updated_at: int
    lines: list[Line]
    head: int | None
    left_out: int


def _conversations(data: bytes) -> Iterator[_Found]:
    content = _parsed(_unzipped(data))
    for one in content if isinstance(content, list) else [content]:
        if isinstance(one, dict) and one.get("format") == FORMAT:
            yield _ours(one)
        elif isinstance(one, dict) and isinstance(one.get("mapping"), dict):
            found = _chatgpt(one)
            if found.lines:
                yield found
        else:
            raise ChatError("This file is no export of this app or of ChatGPT: choose conversations.json or its zip.")


def _unzipped(data: bytes) -> bytes:
    if not data.startswith(b"PK"):
        return data
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            name = next((name for name in archive.namelist() if name.endswith("conversations.json")), None)
            if name is None:
                raise ChatError("There is no conversations.json in this zip: choose ChatGPT's export as it came.")
            if archive.getinfo(name).file_size > _LARGEST:
                raise ChatError("The conversations.json in this zip is larger than 500 MB: import it in parts.")
            return archive.read(name)
    except zipfile.BadZipFile:
        raise ChatError("This zip cannot be read: download the export again.") from None


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise ChatError("This file is no JSON: choose an export of this app or of ChatGPT.") from None


def _ours(told: Mapping[str, Any]) -> _Found:
    """Our own export. Ids are made anew, so that the same file can come in twice."""
    from llmtrack.ledger.chats import Line

    if told.get("version") != VERSION:
        raise ChatError(f"This export has version {told.get('version')!r}, and {VERSION} can be read: update this app.")
    ids: dict[Any, int] = {}
    lines: list[Line] = []
    for message in told.get("messages") or []:
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            raise ChatError("This export is damaged: a message in it has no role. Export it again.")
        ids[message.get("id")] = id = next_id(lines[-1].id if lines else 0)
        provider, _, model = str(message.get("model") or "").partition("/")
        status = message.get("status")
        line = Line(
            id, ids.get(message.get("parent")), message["role"], _parts(message), provider or None, model or None,
            status="abandoned" if status in IN_FLIGHT else status, error=message.get("error"),
            created_at=_micros(message.get("at")),
        )  # fmt: skip
        lines.append(line)
    settings = settings_of((told.get("settings") or {}).get("model"), parameters_of(told.get("settings") or {}))
    head = ids.get(told.get("head"), lines[-1].id if lines else None)
    created = _micros(told.get("created_at"))
    title = str(told.get("title") or "Imported conversation")
    return _Found(title, settings, created, _micros(told.get("updated_at")) or created, lines, head, 0)


def _chatgpt(told: Mapping[str, Any]) -> _Found:
    """One of ChatGPT's conversations: a tree of nodes, some of which say nothing a person wrote or read."""
    from llmtrack.ledger.chats import Line

    mapping: dict[str, Any] = told["mapping"]
    lines: list[Line] = []
    heard: dict[str, int | None] = {}
    """For each node the id of the last message at or above it that was taken over."""
    left_out = 0
    for node_id in _in_order(mapping):
        node = mapping[node_id]
        above = heard.get(node.get("parent") or "")
        message = node.get("message") if isinstance(node.get("message"), dict) else None
        role = ((message or {}).get("author") or {}).get("role")
        text = _chatgpt_text(message) if message else ""
        if role not in _ROLES or not text:
            heard[node_id] = above
            left_out += bool(message) and role in ("tool", *_ROLES) and not _is_hidden(message or {})
            continue
        assert message is not None
        model = (message.get("metadata") or {}).get("model_slug") if role == "assistant" else None
        line = Line(
            next_id(lines[-1].id if lines else 0), above, role, [{"type": "text", "content": text}],
            "openai" if model else None, model, status="ok" if role == "assistant" else None,
            created_at=_micros(message.get("create_time")),
        )  # fmt: skip
        lines.append(line)
        heard[node_id] = line.id
    created = _micros(told.get("create_time"))
    first = next((line for line in lines if line.role == "user"), None)
    title = str(told.get("title") or (title_of(str(first.content[0]["content"])) if first else "Imported conversation"))
    head = heard.get(str(told.get("current_node"))) or (lines[-1].id if lines else None)
    return _Found(title, {}, created, _micros(told.get("update_time")) or created, lines, head, left_out)


def _in_order(mapping: Mapping[str, Any]) -> Iterator[str]:
    """Every node after its parent, siblings in their order."""
    roots = [id for id, node in mapping.items() if isinstance(node, dict) and node.get("parent") not in mapping]
    waiting, seen = list(reversed(roots)), set()
    while waiting:
        id = waiting.pop()
        if id in seen or not isinstance(mapping.get(id), dict):
            continue
        seen.add(id)
        yield id
        waiting.extend(reversed([str(child) for child in mapping[id].get("children") or []]))


def _chatgpt_text(message: Mapping[str, Any]) -> str:
    if _is_hidden(message):
        return ""
    content = message.get("content") or {}
    parts = content.get("parts") if isinstance(content, dict) else None
    return "\n\n".join(part for part in parts or [] if isinstance(part, str) and part.strip())


def _is_hidden(message: Mapping[str, Any]) -> bool:
    return bool((message.get("metadata") or {}).get("is_visually_hidden_from_conversation"))


def _parts(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    told = (("reasoning", message.get("reasoning")), ("text", message.get("text")))
    return [{"type": kind, "content": str(text)} for kind, text in told if text]


def _message(message: Message, figures: Figures | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": message.id,
        "parent": message.parent_id,
        "role": message.role,
        "text": message.text,
        "reasoning": message.reasoning or None,
        "model": message.model,
        "status": message.status,
        "error": message.error,
        "at": _time(message.created_at),
        "files": [{"name": file.name, "media_type": file.media_type, "size": file.size} for file in message.files],
    }
    if figures is not None:
        told["figures"] = {
            "input_tokens": figures.input_tokens,
            "output_tokens": figures.output_tokens,
            "cost": None if figures.cost is None else f"{figures.cost:f}",
            "cost_status": figures.cost_status,
            "seconds": figures.seconds,
        }
    return {name: value for name, value in told.items() if value not in (None, [])}


def _note(message: Message, figures: Figures | None) -> str:
    """What is said under an answer."""
    parts = [] if message.status in (None, "ok") else [message.status]
    if figures is not None:
        known = [str(count) if count is not None else "?" for count in (figures.input_tokens, figures.output_tokens)]
        parts.append(f"{known[0]} → {known[1]} tokens")
        if figures.cost is not None:
            parts.append(f"${figures.cost:f}{' simulated' if figures.cost_status == 'simulated' else ''}")
    return " · ".join(part for part in parts if part)


def _time(micros: int) -> str | None:
    return datetime.fromtimestamp(micros / 1_000_000, UTC).isoformat() if micros else None


def _day(message: Message) -> str:
    return f"{datetime.fromtimestamp(message.created_at / 1_000_000, UTC):%Y-%m-%d %H:%M} UTC"


def _micros(told: Any) -> int:
    """A time as seconds or ISO text, in microseconds; 0 where there is none."""
    try:
        if isinstance(told, int | float):
            return int(told * 1_000_000)
        return int(datetime.fromisoformat(told).timestamp() * 1_000_000) if isinstance(told, str) else 0
    except (ValueError, OverflowError, OSError):
        return 0
