"""Rows of conversations, messages and files as plain values, and back."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, select
from sqlmodel import SQLModel

from llmtrack.ids import new_id
from llmtrack.ledger.schema import tables
from llmtrack.ledger.write.interning import plain_json
from llmtrack.statuses import IN_FLIGHT

_FIRST_TIME = 0
_LAST_TIME = 253_402_128_000_000_000  # 9999-12-30T00:00Z: a day is left for zones ahead of UTC


def table(model: type[SQLModel]) -> Table:
    """The table behind a model."""
    return SQLModel.metadata.tables[str(model.__tablename__)]


CONVERSATION = table(tables.Conversation)
MESSAGE = table(tables.Message)
ATTACHMENT = table(tables.Attachment)
SHARE = table(tables.ChatShare)
FOLDER_FILE = table(tables.FolderFile)
USER = table(tables.AppUser)


@dataclass(frozen=True, slots=True)
class Heading:
    """A conversation without its messages. Times are microseconds since 1970."""

    id: int
    title: str | None
    pinned: bool
    archived: bool
    created_at: int
    updated_at: int
    version: int
    head: int | None
    settings: Mapping[str, Any] = field(default_factory=dict)
    folder: str | None = None
    """The folder it lies in, by name."""


@dataclass(frozen=True, slots=True)
class Filed:
    """A file of a message, without its content."""

    id: int
    message_id: int
    name: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to be kept."""

    name: str
    media_type: str
    content: bytes = field(repr=False)
    thumbnail: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Line:
    """A message as it is kept. `content` is a list of parts, as OpenTelemetry GenAI has them."""

    id: int
    parent_id: int | None
    role: str
    content: Sequence[Mapping[str, Any]]
    provider: str | None = None
    model: str | None = None
    trace_id: str | None = None
    status: str | None = None
    error: str | None = None
    created_at: int = 0
    meta: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[Filed, ...] = ()


def settled(status: str | None) -> bool:
    """Whether nobody writes this message any more."""
    return status not in IN_FLIGHT


def now() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


def clean(text: str | None) -> str | None:
    """Text that both databases can keep."""
    return None if text is None else text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def plain(value: Any) -> Any:
    """What both databases' JSON can hold."""
    return json.loads(plain_json(value))


def row_of(line: Line, conversation_id: int) -> dict[str, Any]:
    """A message as a row."""
    return {
        "id": line.id,
        "conversation_id": conversation_id,
        "parent_id": line.parent_id,
        "role": line.role,
        "content": plain(list(line.content)),
        "provider": clean(line.provider),
        "model": clean(line.model),
        "trace_id": line.trace_id,
        "status": line.status,
        "error": clean(line.error),
        "created_at": line.created_at or now(),
        "meta": plain(dict(line.meta)),
    }


def file_rows(message_id: int, files: Sequence[NewFile]) -> Iterable[dict[str, Any]]:
    """Files as rows."""
    for file in files:
        yield {
            "id": new_id(),
            "message_id": message_id,
            "media_type": clean(file.media_type),
            "name": clean(file.name),
            "size": len(file.content),
            "sha256": hashlib.sha256(file.content).hexdigest(),
            "content": file.content,
            "thumbnail": file.thumbnail,
        }


def files_of(connection: Connection, conversation_id: int) -> dict[int, tuple[Filed, ...]]:
    """The files of a conversation by message, without their contents."""
    columns = [ATTACHMENT.c[name] for name in ("id", "message_id", "name", "media_type", "size")]
    owned = select(MESSAGE.c.id).where(MESSAGE.c.conversation_id == conversation_id)
    query = select(*columns).where(ATTACHMENT.c.message_id.in_(owned)).order_by(ATTACHMENT.c.id)
    by_message: dict[int, tuple[Filed, ...]] = {}
    for id, message_id, name, media_type, size in connection.execute(query):
        by_message[message_id] = (*by_message.get(message_id, ()), Filed(id, message_id, name or "", media_type, size))
    return by_message


def heading(row: RowMapping) -> Heading:
    """A row as a heading, whatever an earlier version or another program has put into it."""
    return Heading(
        row["id"], row["title"], bool(row["pinned"]), bool(row["archived"]), showable(row["created_at"]),
        showable(row["updated_at"]), row["version"], row["head"], _object(row["settings"]), row["folder"],
    )  # fmt: skip


def line_of(row: RowMapping, files: tuple[Filed, ...]) -> Line:
    """A row as a message, whatever an earlier version or another program has put into it."""
    content = row["content"] if isinstance(row["content"], list) else []
    return Line(
        row["id"], row["parent_id"], row["role"], [part for part in content if isinstance(part, Mapping)],
        row["provider"], row["model"], row["trace_id"], row["status"], row["error"], showable(row["created_at"]),
        _object(row["meta"]), files,
    )  # fmt: skip


def showable(micros: Any) -> int:
    """A time (microseconds since 1970) moved into the years 1970 to 9999, which every page can show in every zone."""
    return min(max(micros, _FIRST_TIME), _LAST_TIME) if isinstance(micros, int) else _FIRST_TIME


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
