"""The tables that hold facts, one row per thing that happened or is known. What is summed up lies in `rollups`.

Times are integer microseconds since 1970, UTC; money is integer nano-dollars; NULL is unknown, never 0.
Words that repeat (providers, models, statuses, …) are kept once in `name` and referred to by number.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, LargeBinary, SmallInteger
from sqlmodel import Field, SQLModel

from llmtrack.ledger.schema.columns import Json, big, given, key, present, total, word


class Name(SQLModel, table=True):
    """A word that repeats: a model, a provider, a status, … referred to by its number."""

    __tablename__ = "name"
    __table_args__ = (Index("name_text", "kind", "text", unique=True),)
    id: int = given()
    kind: str
    """``provider``, ``model``, ``operation``, ``feature``, ``group``, ``status``, ``error_type``, ``error_code``,
    ``finish_reason``, ``service_tier``, ``region``, ``cost_status`` or ``cost_reason``."""
    text: str
    slot: int | None = None
    """Of models and features, the place among the colours of charts: from 1 in the order of being recorded, never
    changed."""


class AppUser(SQLModel, table=True):
    """Somebody who called a model, and what `identify` told about them."""

    __tablename__ = "app_user"
    id: int = given()
    user_id: str = Field(unique=True)
    attributes: dict[str, Any] | None = Field(default=None, sa_type=Json)
    role: str | None = None
    first_seen: int = big()
    identified_at: int | None = big(default=None)
    erased_at: int | None = big(default=None)


class Session(SQLModel, table=True):
    """A conversation of the caller's, with what it cost so far."""

    __tablename__ = "session"
    __table_args__ = (Index("session_started", "started_at"), present("session_user", "app_user", "started_at"))
    id: int = given()
    session_id: str = Field(unique=True)
    app_user: int | None = None
    started_at: int = big()
    ended_at: int = big()
    generations: int = total()
    errors: int = total()
    input_tokens: int = total()
    output_tokens: int = total()
    cost: int = total()
    """Real cost only; what is known of it."""
    simulated_cost: int = total()
    unpriced: int = total()


class Trace(SQLModel, table=True):
    """One interaction: all calls made to answer one message, with what they cost so far.

    Starts with its earliest generation or span and ends with the last.
    """

    __tablename__ = "trace"
    __table_args__ = (
        Index("trace_started", "started_at"),
        present("trace_session", "session", "started_at"),
        present("trace_user", "app_user", "started_at"),
    )
    id: int = given()
    trace_id: str = Field(unique=True)
    name: str | None = None
    """Its root span's name."""
    app_user: int | None = None
    session: int | None = None
    started_at: int = big()
    ended_at: int = big()
    generations: int = total()
    errors: int = total()
    input_tokens: int = total()
    output_tokens: int = total()
    cost: int = total()
    simulated_cost: int = total()
    unpriced: int = total()


class Price(SQLModel, table=True):
    """A price that was applied to at least one generation: `llmtrack.pricing.usage.Price`, kept once."""

    __tablename__ = "price"
    id: int = given()
    digest: int = big(unique=True)
    """63 bits of BLAKE2 over the other columns: its identity."""
    source: str
    version: str
    provider: str
    model: str
    tier: str
    rates: dict[str, Any] = Field(sa_type=Json)
    above: int = 0
    """The step of a context-length tier: the rates hold for calls with more input tokens."""
    adjustment: str | None = None
    """The price book's discount or markup that is already in the rates, in words."""


class PropertySet(SQLModel, table=True):
    """A set of properties, kept once however many generations carry it."""

    __tablename__ = "property_set"
    id: int = given()
    digest: int = big(unique=True)
    properties: dict[str, Any] = Field(sa_type=Json)


class Generation(SQLModel, table=True):
    """One request to a model. Narrow: words by number, texts in `generation_text`.

    `id` holds the time: ``id = (started_at - 2020-01-01) << 12 | 12 bits``, so the table itself is ordered by time,
    needs no index for it, and a time range is a range of ids (`llmtrack.ids.first_at`, `llmtrack.ids.started_at`).
    The index on the user is one on (user, time) for the same reason.
    """

    __tablename__ = "generation"
    __table_args__ = (
        # SQLite appends the row's id to every index itself; naming it would store it twice.
        Index("generation_user", "app_user").ddl_if(dialect="sqlite"),
        Index("generation_user_id", "app_user", "id").ddl_if(dialect="postgresql"),
        present("generation_trace", "trace"),
        present("generation_session", "session"),
        present("generation_properties", "property_set"),
    )
    id: int = key()
    app_user: int | None = None
    session: int | None = None
    trace: int | None = None
    span_id: int | None = big(default=None)
    feature: int | None = word("feature")
    group_name: int | None = word("group")
    property_set: int | None = None
    provider: int = word("provider", required=True)
    operation: int = word("operation", required=True)
    model: int | None = word("model")
    """The model served, or what last answered to the requested name (`write/interning.py`), or that name."""
    request_model: int | None = word("model")
    response_model: int | None = word("model")
    status: int = word("status", required=True)
    error_type: int | None = word("error_type")
    error_code: int | None = word("error_code")
    http_status: int | None = None
    finish_reason: int | None = word("finish_reason")
    service_tier: int | None = word("service_tier")
    region: int | None = word("region")
    """Where it was served, as far as address, model name and answer say: ``global``, ``us``, ``us-east5``, …"""
    streamed: int = Field(sa_type=SmallInteger)
    attempts: int
    duration: int | None = big(default=None)
    time_to_first_token: int | None = big(default=None)
    input_tokens: int | None = big(default=None)
    output_tokens: int | None = big(default=None)
    cache_read_tokens: int | None = big(default=None)
    cache_write_tokens: int | None = big(default=None)
    cache_write_1h_tokens: int | None = big(default=None)
    reasoning_tokens: int | None = big(default=None)
    input_audio_tokens: int | None = big(default=None)
    output_audio_tokens: int | None = big(default=None)
    cache_read_audio_tokens: int | None = big(default=None)
    input_image_tokens: int | None = big(default=None)
    output_image_tokens: int | None = big(default=None)
    web_searches: int | None = big(default=None)
    usage_estimated: int = Field(sa_type=SmallInteger)
    usage_details: str | None = None
    """JSON of the rare rest: ``{"tools": {name: runs}, "others": [[model, {…usage…}], …], "doubt": reason}``."""
    cost_status: int = word("cost_status", required=True)
    cost: int | None = big(default=None)
    input_cost: int | None = big(default=None)
    cache_read_cost: int | None = big(default=None)
    cache_write_cost: int | None = big(default=None)
    output_cost: int | None = big(default=None)
    reasoning_cost: int | None = big(default=None)
    audio_cost: int | None = big(default=None)
    image_cost: int | None = big(default=None)
    request_cost: int | None = big(default=None)
    tool_cost: int | None = big(default=None)
    reported_cost: int | None = big(default=None)
    price: int | None = None
    cost_reason: int | None = word("cost_reason")
    response_id: str | None = None
    request_id: str | None = None


class GenerationText(SQLModel, table=True):
    """What was said in a generation, and the provider's error message: the part that can be switched off or deleted."""

    __tablename__ = "generation_text"
    id: int = key()
    input: str | None = None
    """JSON, a list of messages as OpenTelemetry GenAI has them."""
    output: str | None = None
    error: str | None = None


class Unindexed(SQLModel, table=True):
    """Texts written and not yet in the full-text index; `store` puts them there soon after."""

    __tablename__ = "unindexed"
    id: int = key()


class Pending(SQLModel, table=True):
    """An answer whose end was not seen, be it in the background or lost: which row a later look at it completes."""

    __tablename__ = "pending"
    provider: int = given()
    response_id: str = Field(primary_key=True)
    generation: int = big()
    settled_at: int | None = big(default=None)
    """When its final answer was seen; looks after that change nothing. The row here is kept for 60 days."""


class Span(SQLModel, table=True):
    """A timed step of a trace."""

    __tablename__ = "span"
    __table_args__ = (Index("span_trace", "trace"),)
    id: int = key()
    trace: int
    parent_id: int | None = big(default=None)
    name: str
    started_at: int = big()
    duration: int = big()
    app_user: int | None = None
    session: int | None = None
    error: str | None = None


class Feedback(SQLModel, table=True):
    """The latest judgement of a user on a trace. One taken back (score 0) is no row."""

    __tablename__ = "feedback"
    __table_args__ = (Index("feedback_at", "at"),)
    trace: int = given()
    app_user: int = given()
    """0 where nobody is named."""
    score: int = Field(sa_type=SmallInteger)
    comment: str | None = None
    at: int = big()


class JournalProgress(SQLModel, table=True):
    """How far each journal segment has been written here: what makes a replay harmless."""

    __tablename__ = "journal_progress"
    segment_id: str = Field(primary_key=True)
    position: int = big()
    updated_at: int = big()


class LedgerId(SQLModel, table=True):
    """Which ledger this is, and where it has been: journals are taken in by their ledger only.

    A ledger that was moved or restored keeps its id; a copy gets its own when it is opened beside the original.
    """

    __tablename__ = "ledger_id"
    address: str = Field(primary_key=True)
    """Where the ledger was opened, without a password; the latest one is where it was last."""
    id: str
    """32 hexadecimal digits, made at random; the same in every row."""
    since: int = big()


class State(SQLModel, table=True):
    """Numbers the ledger keeps about itself: ``book`` is the version of the price book, ``names`` goes up when an
    interned row is deleted or renamed, so that every process forgets the numbers it remembers; ``aliases`` goes up when
    user ids are merged or parted, ``slots`` when a name is given a slot; ``retention`` is when things were last let go
    of (microseconds since 1970); ``limits`` is the version of the limits, 0 while there never was one."""

    __tablename__ = "state"
    key: str = Field(primary_key=True)
    value: int = big()


class PriceBook(SQLModel, table=True):
    """This installation's own prices. An entry is never changed: it is replaced by another or withdrawn."""

    __tablename__ = "price_book"
    id: int = key()
    entry: dict[str, Any] = Field(sa_type=Json)
    created_at: int = big()
    created_by: str
    withdrawn_at: int | None = big(default=None)
    withdrawn_by: str | None = None


class Repriced(SQLModel, table=True):
    """What a generation said about its cost before it was priced later on: what undoing that restores."""

    __tablename__ = "repriced"
    run: int = given()
    """Which pricing it was: the ``subject`` of its ``price.apply`` in `audit`."""
    generation: int = key()
    cost_reason: int | None = None
    usage_details: str | None = None


class Audit(SQLModel, table=True):
    """Who changed what, and when."""

    __tablename__ = "audit"
    id: int = key()
    at: int = big()
    actor: str
    action: str
    subject: str | None = None
    detail: dict[str, Any] | None = Field(default=None, sa_type=Json)


class Erasure(SQLModel, table=True):
    """A user who was erased: whatever of theirs still comes in from a journal, sent before then, is nobody's."""

    __tablename__ = "erasure"
    digest: int = key()
    """63 bits of BLAKE2 over the name that is no longer kept."""
    app_user: int
    at: int = big()


class Recorded(SQLModel, table=True):
    """A generation that came over HTTP under an id of the sender's: sent again, it is not written again.

    It stays when the generation is deleted.
    """

    __tablename__ = "recorded"
    digest: int = key()
    """63 bits of BLAKE2 over the token's owner and the id they gave."""


class SealedDay(SQLModel, table=True):
    """A UTC day whose rows retention deleted: its totals stay as they were, checked against `digest`."""

    __tablename__ = "sealed_day"
    day: int = given()
    sealed_at: int = big()
    generations: int = big()
    cost: int = big()
    digest: str
    """Over all rollup and sketch rows of the day (`digests`)."""


class Conversation(SQLModel, table=True):
    """A conversation on the chat page."""

    __tablename__ = "conversation"
    __table_args__ = (Index("conversation_list", "app_user", "updated_at"),)
    id: int = key()
    app_user: int
    title: str | None = None
    pinned: int = Field(default=0, sa_type=SmallInteger)
    archived: int = Field(default=0, sa_type=SmallInteger)
    deleted_at: int | None = big(default=None)
    created_at: int = big()
    updated_at: int = big()
    version: int = 0
    """Goes up with every change, so that two tabs cannot overwrite each other unnoticed."""
    head: int | None = big(default=None)
    """The message shown last: the branch walked."""
    settings: dict[str, Any] | None = Field(default=None, sa_type=Json)
    folder: str | None = None
    """The name of the folder it lies in."""


class Message(SQLModel, table=True):
    """A message of a conversation. Messages with the same parent are branches."""

    __tablename__ = "message"
    __table_args__ = (Index("message_conversation", "conversation_id", "id"), present("message_trace", "trace_id"))
    id: int = key()
    conversation_id: int = big(foreign_key="conversation.id", ondelete="CASCADE")
    parent_id: int | None = big(default=None)
    role: str
    content: list[Any] | None = Field(default=None, sa_type=Json)
    """A list of parts, as OpenTelemetry GenAI has them."""
    provider: str | None = None
    model: str | None = None
    trace_id: str | None = None
    status: str | None = None
    error: str | None = None
    created_at: int = big()
    meta: dict[str, Any] | None = Field(default=None, sa_type=Json)


class ChatShare(SQLModel, table=True):
    """A conversation that can be read by everyone here who has its link, up to a message."""

    __tablename__ = "chat_share"
    __table_args__ = (Index("chat_share_conversation", "conversation_id"),)
    token: str = Field(primary_key=True)
    conversation_id: int = big()
    app_user: int
    """Whose it is."""
    head: int = big()
    """The last message of what is shown: the branch at the time it was shared."""
    created_at: int = big()
    revoked_at: int | None = big(default=None)


class Attachment(SQLModel, table=True):
    """A file given to a message."""

    __tablename__ = "attachment"
    __table_args__ = (Index("attachment_message", "message_id"), Index("attachment_sha256", "sha256"))
    id: int = key()
    message_id: int = big(foreign_key="message.id", ondelete="CASCADE")
    media_type: str
    name: str | None = None
    size: int = big()
    sha256: str
    content: bytes | None = Field(default=None, sa_type=LargeBinary)
    thumbnail: bytes | None = Field(default=None, sa_type=LargeBinary)


class FolderFile(SQLModel, table=True):
    """A file of a folder of conversations: it goes with every message of those in it."""

    __tablename__ = "folder_file"
    __table_args__ = (Index("folder_file_folder", "app_user", "folder"),)
    id: int = key()
    app_user: int
    """Whose folder it is."""
    folder: str
    """The folder's name."""
    name: str
    media_type: str
    size: int = big()
    pages: int | None = None
    """Of a PDF."""
    sha256: str
    content: bytes = Field(sa_type=LargeBinary)
    created_at: int = big()


class Preference(SQLModel, table=True):
    """What a user has chosen once for good on the pages: favourite models, presets."""

    __tablename__ = "preference"
    app_user: int = given()
    name: str = Field(primary_key=True)
    value: Any = Field(sa_type=Json)
