"""The common form of every import: a conversation with its messages, each after its parent."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from llmtrack.chat.answers.prompt import Role

LONGEST_TITLE = 200
_EARLIEST = 1_000_000  # microseconds since 1970; zero means that nobody knows


class Unreadable(ValueError):
    """A conversation that cannot be taken over. The message is what is wrong with it, to follow its name."""

    def __init__(self, wrong: str, way_out: str = "export it again", file: str = "This export") -> None:
        super().__init__(wrong)
        self.way_out = way_out
        self.file = file
        """What the file is called if there is nothing else in it."""


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """A file that a message names, to be looked for in the zip unless its content is here."""

    id: str
    name: str | None = None
    media_type: str | None = None
    content: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ImportedMessage:
    """A message of another program."""

    key: str
    """Its id in that program, by which it is recognized in a later import."""
    parent: str | None
    """The `key` of the message before it."""
    role: Role
    text: str
    reasoning: str = ""
    provider: str | None = None
    model: str | None = None
    status: str | None = None
    error: str | None = None
    created_at: int = 0
    """Microseconds since 1970; 0 where it is not known."""
    files: tuple[ImportedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportedConversation:
    """A conversation of another program."""

    source: str
    """The program and its id there, to recognize it in a later import; empty where it has none."""
    title: str
    messages: tuple[ImportedMessage, ...]
    """Every message after its parent."""
    created_at: int = 0
    updated_at: int = 0
    head: str | None = None
    """The `key` of the last message of the branch shown."""
    left_out: int = 0
    """Messages that cannot be shown: calls of tools and what they gave back, pictures without text."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    folder: str | None = None
    """The name of the folder it lies in."""
    folder_files: tuple[ImportedFile, ...] = ()


class Schema(BaseModel):
    """Part of an export. What it has beyond the fields named is ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def micros(value: Any) -> int:
    """A time given as seconds since 1970 or ISO text, in microseconds; 0 where there is none that can be read.

    Nothing was written before 1970 or after now: such a time becomes the nearest one that every page can show. Text
    without a zone is UTC.
    """
    latest = time.time_ns() // 1000
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        elif isinstance(value, int | float) and not isinstance(value, bool):
            seconds = value
        else:
            return 0
        if seconds == 0 or (isinstance(seconds, float) and not math.isfinite(seconds)):
            return 0
        bounded = min(max(seconds, _EARLIEST / 1e6), latest / 1e6)
        return min(max(round(bounded * 1_000_000), _EARLIEST), latest)
    except (ValueError, OverflowError):
        return 0


def micros_of_any_unit(value: Any) -> int:
    """The same where a program writes seconds, milliseconds, microseconds or nanoseconds."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        for _ in range(3):
            if abs(value) < 1e11:  # as seconds the year 5138, as milliseconds 1973
                break
            value = value / 1000 if abs(value) < 1e300 else 0
    return micros(value)


Time = Annotated[int, BeforeValidator(micros)]
AnyTime = Annotated[int, BeforeValidator(micros_of_any_unit)]


def title_of(title: str | None, messages: Iterable[ImportedMessage]) -> str:
    """The title given, else one made from the first question."""
    from llmtrack.chat.conversations.history import title_of as made_from

    if line := " ".join((title or "").split())[:LONGEST_TITLE]:
        return line
    first = next((message.text for message in messages if message.role == "user"), None)
    return made_from(first) if first else "Imported conversation"


def in_order(parents: Mapping[str, str | None], siblings: Mapping[str, Iterable[str]] = {}) -> Iterator[str]:
    """Every key after its parent, depth first. `siblings` orders the children of some; what is a circle is not reached.

    Those whose parent is missing are roots.
    """
    below: dict[str | None, list[str]] = {}
    for key, parent in parents.items():
        below.setdefault(parent if parent in parents else None, []).append(key)
    for parent, order in siblings.items():
        place = {key: at for at, key in reversed(list(enumerate(order)))}
        if parent in below:
            below[parent].sort(key=lambda key: place.get(key, len(place)))
    waiting = list(reversed(below.get(None, [])))
    while waiting:
        key = waiting.pop()
        yield key
        waiting.extend(reversed(below.get(key, [])))
