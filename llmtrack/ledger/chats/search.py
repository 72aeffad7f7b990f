"""Full-text search of conversations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, MappingResult, select

from llmtrack.ledger.chats.records import MESSAGE, Heading
from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.database.terms import Excerpt, excerpt, holds, phrases_of, terms_of

if TYPE_CHECKING:
    from llmtrack.ledger.chats.records import Line

_INDEX = "message_search"


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A conversation in which a search was found."""

    heading: Heading
    message_id: int | None
    """The first message that holds all words; None where only the title does."""
    excerpt: Excerpt | None
    """Where it stands in that message; None where only the title holds it."""


def text_of(content: Sequence[Mapping[str, Any]]) -> str:
    """A message's text, without the model's reasoning."""
    return " ".join(str(part.get("content", "")) for part in content if part.get("type") == "text")


def index(connection: Connection, dialect: Dialect, lines: Sequence[Line]) -> None:
    """Adds messages to the index; each may be added only once."""
    rows = [(line.id, dialect.indexed_text(terms)) for line in lines if (terms := terms_of(text_of(line.content)))]
    if rows:
        connection.exec_driver_sql(dialect.search_insert_sql(_INDEX), rows)


def forget(connection: Connection, dialect: Dialect, lines: Sequence[Line]) -> None:
    """Removes messages from the index."""
    dialect.search_delete(
        connection, _INDEX, [(line.id, terms) for line in lines if (terms := terms_of(text_of(line.content)))]
    )


def matches(connection: Connection, dialect: Dialect, user: int, text: str) -> dict[int, int]:
    """Conversations of a user that hold all words of `text` in one message, with the first such message."""
    wanted = phrases_of(text)
    if not wanted:
        return {}
    # The plus keeps the database from going through every message of the user's conversations instead of those found.
    sql = (
        f"SELECT conversation_id, min(id) FROM message WHERE {dialect.search_sql(_INDEX)} AND +conversation_id IN "
        f"(SELECT c.id FROM conversation c WHERE c.app_user = {dialect.placeholder} AND c.deleted_at IS NULL) "
        "GROUP BY conversation_id"
    )
    terms = dialect.search_terms(wanted, prefix=True, each=True)
    return {row[0]: row[1] for row in connection.exec_driver_sql(sql, (terms, user))}


def titled(rows: MappingResult, text: str) -> list[int]:
    """The conversations among `rows` whose title holds all words of `text`."""
    wanted = phrases_of(text)
    return [row["id"] for row in rows if wanted and holds(row["title"] or "", wanted)]


def with_excerpts(
    connection: Connection, headings: Sequence[Heading], hits: Mapping[int, int], text: str
) -> list[SearchHit]:
    """Conversations found, each with the place in its message."""
    shown = [hits[heading.id] for heading in headings if heading.id in hits]
    rows = connection.execute(select(MESSAGE.c.id, MESSAGE.c.content).where(MESSAGE.c.id.in_(shown)))
    texts = {id: text_of([part for part in content or [] if isinstance(part, Mapping)]) for id, content in rows}
    return [
        SearchHit(heading, message, excerpt(texts[message], text) if message in texts else None)
        for heading in headings
        for message in (hits.get(heading.id),)
    ]
