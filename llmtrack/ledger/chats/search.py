"""Full-text search of conversations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, MappingResult

from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.database.full_text import words_of

if TYPE_CHECKING:
    from llmtrack.ledger.chats.records import Line

_INDEX = "message_search"


def words(content: Sequence[Mapping[str, Any]]) -> list[str]:
    """The words of a message's text, without the model's reasoning."""
    texts = [str(part.get("content", "")) for part in content if part.get("type") == "text"]
    return words_of(" ".join(texts))


def index(connection: Connection, dialect: Dialect, lines: Sequence[Line]) -> None:
    """Adds messages to the index; each may be added only once."""
    rows = [(line.id, dialect.indexed_text(terms)) for line in lines if (terms := words(line.content))]
    if rows:
        connection.exec_driver_sql(dialect.search_insert_sql(_INDEX), rows)


def forget(connection: Connection, dialect: Dialect, lines: Sequence[Line]) -> None:
    """Removes messages from the index."""
    dialect.search_delete(connection, _INDEX, [(line.id, terms) for line in lines if (terms := words(line.content))])


def matches(connection: Connection, dialect: Dialect, user: int, text: str) -> dict[int, int]:
    """Conversations of a user that hold all words of `text` in one message, with the first such message."""
    wanted = words_of(text)
    if not wanted:
        return {}
    # The plus keeps the database from going through every message of the user's conversations instead of those found.
    sql = (
        f"SELECT conversation_id, min(id) FROM message WHERE {dialect.search_sql(_INDEX)} AND +conversation_id IN "
        f"(SELECT c.id FROM conversation c WHERE c.app_user = {dialect.placeholder} AND c.deleted_at IS NULL) "
        "GROUP BY conversation_id"
    )
    terms = dialect.search_terms([[word] for word in wanted], prefix=True)
    return {row[0]: row[1] for row in connection.exec_driver_sql(sql, (terms, user))}


def titled(rows: MappingResult, text: str) -> list[int]:
    """The conversations among `rows` whose title has, for each word of `text`, a word that begins with it."""
    wanted = words_of(text)
    ids = []
    for row in rows:
        title_words = words_of(row["title"] or "")
        if wanted and all(any(word.startswith(prefix) for word in title_words) for prefix in wanted):
            ids.append(row["id"])
    return ids
