"""A conversation as a tree of messages: which branch is shown, and where others leave it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from llmtrack.chat.answers.prompt import Parameters, Role, StandingFiles
from llmtrack.chat.answers.streaming import CacheMiss, Source
from llmtrack.ids import new_id
from llmtrack.statuses import IN_FLIGHT

if TYPE_CHECKING:
    from llmtrack.ledger.chats import Filed, Heading, Line

_MOST_TOKENS = 10**9


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the page shows it."""

    id: int
    parent_id: int | None
    role: Role
    text: str
    reasoning: str = ""
    model: str | None = None
    """Who answered, as ``provider/name``."""
    status: str | None = None
    """None for the user's; for answers ``waiting`` and ``streaming``, then ``ok``, ``incomplete`` (cut by length or
    a filter), ``empty``, ``cancelled``, ``error``, or ``abandoned``: the server went down in mid-answer."""
    error: str | None = None
    """What went wrong, in words for the user."""
    trace_id: str | None = None
    files: tuple[Filed, ...] = ()
    created_at: int = 0
    """Microseconds since 1970."""
    seconds: float | None = None
    first_token_seconds: float | None = None
    finish: str | None = None
    continues: bool = False
    """Goes on where the answer before it was cut."""
    compared: bool = False
    """One of several answers that were asked for at once, to be chosen from."""
    quoted: Decimal | None = None
    """The cost the page quoted before it was sent, in US dollars."""
    web_search: bool = False
    """An answer for which the provider could search the web."""
    sources: tuple[Source, ...] = ()
    """Pages of the web that it names."""
    response_id: str | None = None
    """The provider's id of an answer."""
    cache_miss: CacheMiss | None = None
    """Why the provider's cache was missed, where it said so."""
    folder_files: StandingFiles = field(default_factory=StandingFiles)
    """Of an answer: the files of the folder that went along, without what is in them, and those that did not."""
    versions: tuple[int, ...] = ()
    """The ids of all messages at this turn, this one included, oldest first: the branches to walk."""

    @property
    def in_flight(self) -> bool:
        """Whether it is still being written."""
        return self.status in IN_FLIGHT

    @property
    def can_go_on(self) -> bool:
        """Whether it was cut by length, so that going on makes sense."""
        return self.status == "incomplete" and self.finish in ("length", "max_tokens")


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation with the branch shown. Times are microseconds since 1970."""

    id: int
    title: str
    messages: tuple[Message, ...]
    model: str | None
    """The model last chosen here, as ``provider/name``."""
    parameters: Parameters
    resend_files: bool = True
    """Whether files of earlier messages are sent again with each new one."""
    pinned: bool = False
    archived: bool = False
    created_at: int = 0
    updated_at: int = 0
    temporary: bool = False
    """Nothing of it is kept but what it took."""
    folder: str | None = None
    """The name of the folder it lies in."""
    folder_files: bool | None = None
    """Whether the folder's files go along with its messages; None where nobody chose: not with temporary ones."""
    version: int = 0
    """Goes up with every change, so that a tab can tell that another one changed something."""
    everything: tuple[Message, ...] = field(default=(), repr=False)
    """All messages of all branches, oldest first."""

    @property
    def head(self) -> int | None:
        """The last message shown."""
        return self.messages[-1].id if self.messages else None

    @property
    def takes_folder_files(self) -> bool:
        """Whether the files of its folder go along with its messages."""
        return takes_folder_files(self.folder, self.folder_files, self.temporary)

    def message(self, message_id: int) -> Message | None:
        """One of its messages, on whatever branch."""
        return next((message for message in self.everything if message.id == message_id), None)

    def up_to(self, message_id: int | None) -> tuple[Message, ...]:
        """The branch that ends with a message, from the first one on."""
        return branch(self.everything, message_id)


def takes_folder_files(folder: str | None, chosen: bool | None, temporary: bool) -> bool:
    """Whether the files of a folder go along: unless that was chosen, with all but temporary conversations."""
    return folder is not None and (not temporary if chosen is None else chosen)


def next_id(after: int) -> int:
    """A new id that sorts after another one, even within the same microsecond."""
    return max(new_id(), after + 1)


def branch(messages: Iterable[Message], head: int | None) -> tuple[Message, ...]:
    """The messages from the first down to `head`."""
    by_id = {message.id: message for message in messages}
    path: list[Message] = []
    at = by_id.get(head) if head is not None else None
    while at is not None:
        path.append(at)
        # A parent is always older; anything else would be a circle, and is not followed.
        at = by_id.get(at.parent_id) if at.parent_id is not None and at.parent_id < at.id else None
    return tuple(reversed(path))


def latest_below(messages: Sequence[Message], message_id: int) -> int:
    """The end of the newest branch that goes through a message."""
    at = message_id
    while below := [message.id for message in messages if message.parent_id == at and message.id > at]:
        at = max(below)
    return at


def conversation_of(heading: Heading, lines: Sequence[Line], head: int | None = None) -> Conversation:
    """A conversation of the ledger's rows; `head` selects another branch than the one last shown."""
    siblings: dict[int | None, list[int]] = {}
    for line in lines:
        siblings.setdefault(line.parent_id, []).append(line.id)
    everything = tuple(_message(line, tuple(siblings[line.parent_id])) for line in lines)
    shown = head if head is not None else heading.head
    settings = heading.settings
    model = chosen if isinstance(chosen := settings.get("model"), str) else None
    return Conversation(
        heading.id, heading.title or "", branch(everything, shown), model, parameters_of(settings),
        settings.get("resend_files") is not False, heading.pinned, heading.archived, heading.created_at,
        heading.updated_at, version=heading.version, folder=heading.folder,
        folder_files=along if isinstance(along := settings.get("folder_files"), bool) else None, everything=everything,
    )  # fmt: skip


def parameters_of(settings: Mapping[str, Any]) -> Parameters:
    """The parameters in stored settings; a value of the wrong kind is left to the provider."""
    system, effort = (value if isinstance(value := settings.get(name), str) else None for name in ("system", "effort"))
    temperature, max_tokens = settings.get("temperature"), settings.get("max_tokens")
    if not isinstance(temperature, int | float) or isinstance(temperature, bool) or not 0 <= temperature <= 2:
        temperature = None
    if not isinstance(max_tokens, int) or isinstance(max_tokens, bool) or not 1 <= max_tokens <= _MOST_TOKENS:
        max_tokens = None
    return Parameters(system, temperature, max_tokens, effort)


def settings_of(
    model: str | None, parameters: Parameters, resend_files: bool = True, folder_files: bool | None = None
) -> dict[str, Any]:
    """The stored settings of a conversation; what is not set is left out."""
    settings = {
        "model": model,
        "system": parameters.system,
        "temperature": parameters.temperature,
        "max_tokens": parameters.max_tokens,
        "effort": parameters.effort,
        "resend_files": None if resend_files else False,
        "folder_files": folder_files,
    }
    return {name: value for name, value in settings.items() if value is not None}


def _message(line: Line, versions: tuple[int, ...]) -> Message:
    meta = line.meta
    return Message(
        id=line.id,
        parent_id=line.parent_id,
        role="assistant" if line.role == "assistant" else "user",
        text=_joined(line, "text"),
        reasoning=_joined(line, "reasoning"),
        model=f"{line.provider}/{line.model}" if line.provider and line.model else None,
        status=line.status,
        error=line.error,
        trace_id=line.trace_id,
        files=line.files,
        created_at=line.created_at,
        seconds=_number(meta.get("seconds")),
        first_token_seconds=_number(meta.get("first_token_seconds")),
        finish=finish if isinstance(finish := meta.get("finish"), str) else None,
        continues=bool(meta.get("continues")),
        compared=bool(meta.get("compared")),
        quoted=_dollars(meta.get("quoted")),
        web_search=bool(meta.get("web_search")),
        sources=_sources(meta.get("sources")),
        response_id=id if isinstance(id := meta.get("response_id"), str) else None,
        cache_miss=_cache_miss(meta.get("cache_miss")),
        folder_files=_folder_files(meta.get("folder_files")),
        versions=versions,
    )


def _sources(value: Any) -> tuple[Source, ...]:
    stored = [source for source in value if isinstance(source, Mapping)] if isinstance(value, list) else []
    return tuple(Source(str(source.get("url") or ""), str(source.get("title") or "")) for source in stored)


def _cache_miss(value: Any) -> CacheMiss | None:
    if not isinstance(value, Mapping) or not isinstance(reason := value.get("reason"), str):
        return None
    return CacheMiss(reason, tokens if isinstance(tokens := value.get("tokens"), int) else None)


def _folder_files(value: Any) -> StandingFiles:
    if not isinstance(value, Mapping):
        return StandingFiles()
    ids, left_out, tokens = value.get("ids"), value.get("left_out"), value.get("tokens")
    return StandingFiles(
        ids=tuple(id for id in ids if isinstance(id, int)) if isinstance(ids, list) else (),
        left_out=tuple(map(str, left_out)) if isinstance(left_out, list) else (),
        tokens=tokens if isinstance(tokens, int) else 0,
    )


def _joined(line: Line, kind: str) -> str:
    return "".join(str(part.get("content", "")) for part in line.content if part.get("type") == kind)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _dollars(value: Any) -> Decimal | None:
    try:
        amount = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        return None
    return amount if amount is not None and amount.is_finite() else None
