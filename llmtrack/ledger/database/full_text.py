"""The texts of generations and the full-text index over them, the same on both databases.

Texts are divided into words here and not by the database, so that both find the same: letters and digits in a row, in
small letters, without accents. The first 16,000 words of a generation are indexed.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from llmtrack.ledger.database.dialect import Dialect

COLUMNS = ("id", "input", "output", "error")
MOST_WORDS = 16_000
"""PostgreSQL keeps the place of no more."""
_LONGEST_WORD = 200
_PHRASE = re.compile(r'"([^"]*)"|(\S+)')
_AT_ONCE = 64
"""A batch of more texts than this is indexed later, so that much writing stays fast."""


def words_of(text: str) -> list[str]:
    """The words of `text`, as they are indexed and as they must be asked for."""
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    apart = "".join(c if c.isalnum() else " " for c in text.casefold())
    return [word[:_LONGEST_WORD] for word in islice(iter(apart.split()), MOST_WORDS)]


def texts_in(input: str | None, output: str | None, error: str | None) -> Iterator[str]:
    """All texts in the columns of a row of `generation_text`."""
    for messages in (input, output):
        if messages is not None:
            yield from _texts(json.loads(messages))
    if error is not None:
        yield error


def _texts(value: Any) -> Iterator[str]:
    """The texts in messages: content, names and arguments of tool calls; not the names of roles and kinds."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in ("role", "type", "id", "sha256", "media_type", "mime_type", "finish_reason"):
                yield from _texts(item)


def store(connection: Connection, dialect: Dialect, rows: Sequence[tuple[Any, ...]]) -> None:
    """Writes rows of `generation_text`, and indexes them now if they are few or notes that they wait."""
    if not rows:
        return
    dialect.make_room(connection, [row[0] for row in rows])
    rows = _joined(rows)
    keep = ", ".join(f"{c} = coalesce(excluded.{c}, generation_text.{c})" for c in COLUMNS[1:])
    columns = {"id": "bigint", **dict.fromkeys(COLUMNS[1:], "text")}
    dialect.upsert_rows(connection, "generation_text", columns, rows, f"ON CONFLICT (id) DO UPDATE SET {keep}")
    waiting = [(row[0],) for row in rows]
    dialect.upsert_rows(connection, "unindexed", {"id": "bigint"}, waiting, "ON CONFLICT DO NOTHING")
    if len(rows) <= _AT_ONCE:
        index(connection, dialect, _AT_ONCE)


def _joined(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows, each id once: where one comes again, what it says later is added to it, or takes its place."""
    joined: dict[int, tuple[Any, ...]] = {}
    for row in rows:
        earlier = joined.get(row[0])
        joined[row[0]] = (
            row
            if earlier is None
            else tuple(before if after is None else after for before, after in zip(earlier, row, strict=True))
        )
    return list(joined.values())


def unindex(connection: Connection, dialect: Dialect, ids: Sequence[int]) -> None:
    """Takes these texts out of the full-text index, before they are changed or deleted."""
    keys = [(id,) for id in ids]
    waiting = {row[0] for row in dialect.select_by_key(connection, "unindexed", ("id",), ("id",), keys)}
    rows = dialect.select_by_key(connection, "generation_text", ("id",), COLUMNS[1:], keys)
    indexed = [(id, words_of(" ".join(texts_in(*columns)))) for id, *columns in rows if id not in waiting]
    if indexed:
        dialect.search_delete(connection, "generation_search", indexed)
    if waiting:
        connection.exec_driver_sql(f"DELETE FROM unindexed WHERE id = {dialect.placeholder}", [(id,) for id in waiting])


def move(connection: Connection, dialect: Dialect, old: int, new: int) -> None:
    """Gives a text that is not in the full-text index another id: as a row of its own, which may lie elsewhere."""
    columns = ", ".join(COLUMNS[1:])
    sql = f"DELETE FROM generation_text WHERE id = {dialect.placeholder} RETURNING {columns}"
    for row in connection.exec_driver_sql(sql, (old,)).all():
        connection.exec_driver_sql(dialect.insert_sql("generation_text", COLUMNS), (new, *row))


def index(connection: Connection, dialect: Dialect, limit: int) -> int:
    """Indexes up to `limit` texts that wait, the newest first; returns how many there were."""
    waiting = [
        row[0] for row in connection.exec_driver_sql(f"SELECT id FROM unindexed ORDER BY id DESC LIMIT {int(limit)}")
    ]
    if not waiting:
        return 0
    keys = [(id,) for id in waiting]
    rows = []
    for id, *columns in dialect.select_by_key(connection, "generation_text", ("id",), COLUMNS[1:], keys):
        words = words_of(" ".join(texts_in(*columns)))
        rows.append((id, dialect.indexed_text(words)))
    if rows:
        connection.exec_driver_sql(dialect.search_insert_sql("generation_search"), rows)
    gone = f"DELETE FROM unindexed WHERE id = {dialect.placeholder}"
    connection.exec_driver_sql(gone, keys)
    return len(waiting)


def _phrases_of(text: str) -> list[list[str]]:
    """The phrases in a search as it was typed: words, and words "in quotation marks" that have to follow each other."""
    phrases = [words_of(quoted or word) for quoted, word in _PHRASE.findall(text)]
    return [words for words in phrases if words]


def terms_of(dialect: Dialect, text: str) -> str:
    """The parameter of `Dialect.search_sql`: all words and phrases of `text`; the last word may be unfinished.

    Raises ValueError where it has no word at all.
    """
    phrases = _phrases_of(text)
    if not phrases:
        raise ValueError(f"There is no word to search for in {text!r}; type letters or digits.")
    return dialect.search_terms(phrases, prefix=not text.rstrip().endswith('"') and not text.endswith(" "))
